"""The sound of a timeline: mixed from its sources in one pass, as long as the picture to the sample."""

from collections.abc import Callable, Iterable
from math import log10, sqrt

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.model.media import Media
from videogen.model.timebase import Range, samples_of
from videogen.model.timeline import Canvas, SoundTrack, Timeline
from videogen.plan.inputs import Stream, sound_input

MediaOf = Callable[[str], Media]

CEILING_DBTP = -2.5
"""Where the limiter holds the true peak at first. Source: AAC at 192 kbit/s overshoots by up to 0.9 dB on speech and
music as they come (measured); what goes over is made again, lower."""
_OVERSAMPLED = 2
"""What the limiter sees between two samples. Four times as many show more and cost a fifth of the encode; what slips
through is seen when the encoded sound is measured."""

# How music steps back under speech. Source: tried on an interview over music; 12 dB down within a syllable, back
# within half a second.
_DUCK = {"threshold": 0.03, "ratio": 8, "attack": 20, "release": 400}


def sound_stream(timeline: Timeline, media_of: MediaOf, ceiling_dbtp: float = CEILING_DBTP) -> Stream:
    """Sum the sounds by their gains: exactly as many samples as the picture lasts.

    Source: amix divides by the number of inputs unless normalize=0; then a volume of 0.25 means 0.25.
    """
    canvas = timeline.canvas
    samples = samples_of(timeline.length, canvas.fps, canvas.sample_rate)
    if not timeline.sounds:
        silence = ffmpeg.input(f"anullsrc=r={canvas.sample_rate}:cl={_layout(canvas)}", f="lavfi").audio
        return silence.filter("atrim", end_sample=samples)
    tracks = _ducked(timeline, [_track(timeline, nth, media_of) for nth in range(len(timeline.sounds))])
    mixed = tracks[0]
    if len(tracks) > 1:
        mixed = ffmpeg.filter(tracks, "amix", inputs=len(tracks), duration="longest", normalize=0, dropout_transition=0)
    if peak_dbtp(timeline, media_of) > ceiling_dbtp:
        mixed = _limited(mixed, canvas, ceiling_dbtp)
    return mixed.filter("apad").filter("atrim", end_sample=samples).filter("asetpts", "N/SR/TB")


def peak_dbtp(timeline: Timeline, media_of: MediaOf) -> float:
    """Give what the true peak of the mix cannot exceed: all tracks at their loudest at once, unmeasured ones at +3."""
    peak = sum(float(sound.gain) * 10 ** (_peak(media_of(sound.asset)) / 20) for sound in timeline.sounds)
    return 20 * log10(peak) if peak > 0 else -200.0


def _peak(media: Media) -> float:
    measured = media.sound.loudness if media.sound else None
    return measured.true_peak_dbtp if measured else 3.0


def _layout(canvas: Canvas) -> str:
    return "stereo" if canvas.channels == 2 else "mono"


def _track(timeline: Timeline, nth: int, media_of: MediaOf) -> Stream:
    """Give one track on the sample clock of the timeline: silence before it, nothing after it."""
    sound, canvas = timeline.sounds[nth], timeline.canvas
    media = media_of(sound.asset)
    stream = sound_input(sound.asset, media, nth, **({"stream_loop": -1} if sound.is_looped else {}))
    stream = stream.filter("aresample", canvas.sample_rate)
    stream = stream.filter("aformat", sample_fmts="fltp", channel_layouts=_layout(canvas))
    if sound.start:
        stream = stream.filter("atrim", start_sample=_samples(sound.start, canvas)).filter("asetpts", "N/SR/TB")
    stream = stream.filter("volume", f"{_gain(sound, media, canvas):.6g}")
    at = sound.at or Range(start=0, end=timeline.length)
    begin, end = _samples(at.start, canvas), _samples(at.end, canvas)
    stream = stream.filter("apad").filter("atrim", end_sample=end - begin).filter("asetpts", "N/SR/TB")
    stream = _faded(stream, sound, end - begin, canvas)
    return stream.filter("adelay", f"{begin}S", all=1) if begin else stream


def _gain(sound: SoundTrack, media: Media, canvas: Canvas) -> float:
    if media.sound is not None and media.sound.channels == 1 and canvas.channels == 2:
        # FFmpeg's own way from one channel to two takes 3 dB off each: a gain of 1.0 would not leave it as it is.
        return float(sound.gain) * sqrt(2)
    return float(sound.gain)


def _faded(stream: Stream, sound: SoundTrack, samples: int, canvas: Canvas) -> Stream:
    if sound.fade_in:
        stream = stream.filter("afade", t="in", ss=0, ns=_samples(sound.fade_in, canvas))
    if sound.fade_out:
        fading = _samples(sound.fade_out, canvas)
        stream = stream.filter("afade", t="out", ss=samples - fading, ns=fading)
    return stream


def _ducked(timeline: Timeline, tracks: list[Stream]) -> list[Stream]:
    """Press down the tracks that give way to another while it speaks."""
    keys: dict[int, list[Stream]] = {}
    for nth in {sound.ducked_by for sound in timeline.sounds if sound.ducked_by is not None}:
        copies = 1 + sum(sound.ducked_by == nth for sound in timeline.sounds)
        # A key that ends must not end the music: it goes on in silence.
        split = tracks[nth].filter("apad").filter_multi_output("asplit", copies)
        keys[nth] = [split[one] for one in range(copies)]
        tracks[nth] = keys[nth].pop()
    return [_under(track, sound, keys) for track, sound in zip(tracks, timeline.sounds, strict=True)]


def _under(track: Stream, sound: SoundTrack, keys: dict[int, list[Stream]]) -> Stream:
    if sound.ducked_by is None:
        return track
    return ffmpeg.filter([track, keys[sound.ducked_by].pop()], "sidechaincompress", **_DUCK)


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
