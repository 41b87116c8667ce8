"""The sound of a timeline: mixed from its sources in one pass, as long as the picture to the sample."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from math import log10, sqrt

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.model.media import Media
from videogen.model.timebase import samples_of
from videogen.model.timeline import Canvas, SoundTrack, Timeline
from videogen.plan.inputs import Stream, sound_input
from videogen.plan.lanes import MediaOf, Place, at_once, covered, lanes, places

CEILING_DBTP = -2.5
"""Where the limiter holds the true peak at first. Source: AAC at 192 kbit/s overshoots by up to 0.9 dB on speech and
music as they come (measured); what goes over is made again, lower."""
_OVERSAMPLED = 2
"""What the limiter sees between two samples. Four times as many show more and cost a fifth of the encode; what slips
through is seen when the encoded sound is measured."""

# How music steps back under speech. Source: tried on an interview over music; 12 dB down within a syllable, back
# within half a second.
_DUCK = {"threshold": 0.03, "ratio": 8, "attack": 20, "release": 400}


GAIN_DB = 40.0
_UNMEASURED_LUFS = -23.0
"""What a sound is taken for that nobody measured. Source: EBU R128, target level."""


def sound_stream(
    timeline: Timeline, media_of: MediaOf, ceiling_dbtp: float = CEILING_DBTP, gain_db: float | None = None
) -> Stream:
    """Sum the sounds by their gains: exactly as many samples as the picture lasts.

    `gain_db` makes the whole of it louder, where the timeline asks for a loudness; None: as the sources let expect.

    Source: amix divides by the number of inputs unless normalize=0; then a volume of 0.25 means 0.25.
    """
    canvas = timeline.canvas
    samples = samples_of(timeline.length, canvas.fps, canvas.sample_rate)
    if not timeline.sounds:
        silence = ffmpeg.input(f"anullsrc=r={canvas.sample_rate}:cl={_layout(canvas)}", f="lavfi").audio
        return silence.filter("atrim", end_sample=samples)
    tracks = _ducked(timeline, [(lane, _lane(timeline, lane, media_of)) for lane in lanes(timeline, media_of)])
    mixed = tracks[0]
    if len(tracks) > 1:
        mixed = ffmpeg.filter(tracks, "amix", inputs=len(tracks), duration="longest", normalize=0, dropout_transition=0)
    gain_db = reckoned_gain_db(timeline, media_of) if gain_db is None else gain_db
    if timeline.loudness_lufs is not None:
        mixed = mixed.filter("volume", f"{10 ** (gain_db / 20):.6g}")
    if _sum_dbtp(timeline, media_of) + gain_db > ceiling_dbtp:
        mixed = _limited(mixed, canvas, ceiling_dbtp)
    return mixed.filter("apad").filter("atrim", end_sample=samples).filter("asetpts", "N/SR/TB")


def peak_dbtp(timeline: Timeline, media_of: MediaOf) -> float:
    """Give what the true peak of the mix cannot exceed: all that sounds at one time at its loudest at once.

    Shape: a sound that nobody measured is taken for +3.
    """
    return _sum_dbtp(timeline, media_of) + reckoned_gain_db(timeline, media_of)


def reckoned_gain_db(timeline: Timeline, media_of: MediaOf) -> float:
    """Give how much louder the mix must be to have its loudness, by that of its sources; 0 where none is asked for.

    It is a first guess, in hundredths of a dB: speech over music is not as loud as their sum says, and gates differ.
    """
    if timeline.loudness_lufs is None:
        return 0.0
    placed, energy = places(timeline, media_of), 0.0
    for place, sound in zip(placed, timeline.sounds, strict=True):
        measured = media_of(sound.asset).sound
        lufs = measured.loudness.integrated_lufs if measured and measured.loudness else _UNMEASURED_LUFS
        energy += max(0, place.end - place.begin) * float(sound.gain) ** 2 * 10 ** (lufs / 10)
    if not energy:
        return 0.0
    return bounded_db(float(timeline.loudness_lufs) - 10 * log10(energy / covered(placed)))


def bounded_db(gain_db: float) -> float:
    """Give a gain for a whole mix: what needs more than this is noise, or next to nothing."""
    return max(-GAIN_DB, min(GAIN_DB, round(gain_db, 2)))


def _sum_dbtp(timeline: Timeline, media_of: MediaOf) -> float:
    peaks = [float(sound.gain) * 10 ** (_peak(media_of(sound.asset)) / 20) for sound in timeline.sounds]
    peak = at_once(places(timeline, media_of), peaks)
    return 20 * log10(peak) if peak > 0 else -200.0


def _peak(media: Media) -> float:
    measured = media.sound.loudness if media.sound else None
    return measured.true_peak_dbtp if measured else 3.0


def _layout(canvas: Canvas) -> str:
    return "stereo" if canvas.channels == 2 else "mono"


def _lane(timeline: Timeline, lane: Sequence[Place], media_of: MediaOf) -> Stream:
    """Give sounds in turn on the sample clock of the timeline: silence before and between them, nothing after."""
    begin = lane[0].begin
    tracks = [_track(timeline, one, following, media_of) for one, following in zip_longest(lane, lane[1:])]
    stream = tracks[0] if len(tracks) == 1 else ffmpeg.filter(tracks, "concat", n=len(tracks), v=0, a=1)
    return stream.filter("adelay", f"{begin}S", all=1) if begin else stream


def _track(timeline: Timeline, place: Place, following: Place | None, media_of: MediaOf) -> Stream:
    """Give one sound for exactly its place, or until the following one begins."""
    sound, canvas = timeline.sounds[place.nth], timeline.canvas
    media = media_of(sound.asset)
    stream = sound_input(sound.asset, media, place.nth, **({"stream_loop": -1} if sound.is_looped else {}))
    stream = stream.filter("aresample", canvas.sample_rate)
    stream = stream.filter("aformat", sample_fmts="fltp", channel_layouts=_layout(canvas))
    if sound.start:
        stream = stream.filter("atrim", start_sample=_samples(sound.start, canvas)).filter("asetpts", "N/SR/TB")
    stream = stream.filter("volume", f"{_gain(sound, media, canvas):.6g}")
    length, after = place.until - place.begin, following.begin - place.begin if following else 0
    stream = stream.filter("apad").filter("atrim", end_sample=min(length, after or length)).filter("asetpts", "N/SR/TB")
    stream = _faded(stream, sound, length, canvas)
    return stream.filter("apad", whole_len=after) if after > length else stream


def _gain(sound: SoundTrack, media: Media, canvas: Canvas) -> float:
    if media.sound is not None and media.sound.channels == 1 and canvas.channels == 2:
        # FFmpeg's own way from one channel to two takes 3 dB off each: a gain of 1.0 would not leave it as it is.
        return float(sound.gain) * sqrt(2)
    return float(sound.gain)


def _faded(stream: Stream, sound: SoundTrack, samples: int, canvas: Canvas) -> Stream:
    """Let a sound come and go within its place. Source: sine squared and cosine squared add up to one."""
    curve = {"curve": "qsin"} if sound.curve == "power" else {}
    if sound.fade_in:
        stream = stream.filter("afade", t="in", ss=0, ns=_samples(sound.fade_in, canvas), **curve)
    if sound.fade_out:
        # A place that begins within a frame, or at a sample that was rounded up, may have fewer samples than its fade.
        fading = min(samples, _samples(sound.fade_out, canvas))
        stream = stream.filter("afade", t="out", ss=samples - fading, ns=fading, **curve)
    return stream


def _ducked(timeline: Timeline, streams: Sequence[tuple[Sequence[Place], Stream]]) -> list[Stream]:
    """Press down the tracks that give way to another while it speaks; both have lanes of their own."""
    sounds = timeline.sounds
    whose = {sounds[lane[0].nth].ducked_by for lane, _ in streams}
    keys: dict[int | None, list[Stream]] = {}
    tracks = []
    for lane, stream in streams:
        nth = lane[0].nth
        if nth in whose:
            copies = 1 + sum(sound.ducked_by == nth for sound in sounds)
            # A key that ends must not end the music: it goes on in silence.
            split = stream.filter("apad").filter_multi_output("asplit", copies)
            keys[nth] = [split[one] for one in range(copies)]
        tracks.append((sounds[nth].ducked_by, keys[nth].pop() if nth in whose else stream))
    return [
        track if by is None else ffmpeg.filter([track, keys[by].pop()], "sidechaincompress", **_DUCK)
        for by, track in tracks
    ]


def _limited(stream: Stream, canvas: Canvas, ceiling_dbtp: float) -> Stream:
    """Hold the true peak: between two samples it shows only when there are more of them.

    Source: alimiter raises everything to its limit unless level=0, and delays by its attack unless latency=1.
    """
    limit = 10 ** (ceiling_dbtp / 20)
    return (
        stream.filter("aresample", _OVERSAMPLED * canvas.sample_rate)
        .filter("alimiter", limit=f"{limit:.6g}", level=0, attack=5, release=50, latency=1)
        .filter("aresample", canvas.sample_rate)
    )


def _samples(frames: int, canvas: Canvas) -> int:
    return samples_of(frames, canvas.fps, canvas.sample_rate)


def assets_of(timeline: Timeline) -> Iterable[str]:
    """Give the contents that sound, each once."""
    return dict.fromkeys(sound.asset for sound in timeline.sounds)
