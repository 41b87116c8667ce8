"""One stream of sound: decoded to its end, in memory that does not grow with its length; an MP3's loudness as well.

Encoder delay and padding are removed by the decoder, so the samples are those FFmpeg writes. Files in the wild carry
junk round the sound: up to EDGE_PACKETS undecodable packets are let pass before the first sound and as many after the
last one; one between sounds is damage.

What a MOV track holds past the end of its edit list is cut off by FFmpeg's command line since version 9, but not by the
library of version 8 that decodes here: `_padding` reckons it.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, log10
from typing import Literal, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from videogen.errors import MediaError
from videogen.model.media import Level, Loudness, Sound
from videogen.probe.clearance import expect_clear
from videogen.probe.level import LevelMeter, graph_of, pulled, silence_after
from videogen.probe.magic import CONVERT, Family
from videogen.probe.promise import Promise
from videogen.probe.speech import SpeechMeter

DECODERS = "mp3,mp3float"
SOURCE_CODECS = frozenset({"aac", "mp3", "flac", "opus", "vorbis", "ac3", "eac3", "alac"}) | {
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s32le",
    "pcm_f32le",
}
SOURCE_DECODERS = ",".join(sorted(SOURCE_CODECS | {"mp3float"}))
EDGE_PACKETS = 8
SHORTEST_S = 0.5
MAX_LENGTH_S = 6 * 3600
SILENCE_LUFS = -70.0
TRIMMING_LIBRARY = (63, 0, 0)
"""From here on libavformat cuts off a MOV track's padding itself. Source: tests/probe/test_source.py counts."""


class Meter:
    """EBU R128 over the frames pushed, by FFmpeg's ebur128 filter.

    Its peak is the true one, or that of the samples as they are, which takes a third of the time.
    """

    def __init__(self, frame: AudioFrame, peak: Literal["true", "sample"] = "true") -> None:
        self._word = f"lavfi.r128.{peak}_peak"
        self._graph = graph_of(frame, ("ebur128", f"peak={peak}:metadata=1:framelog=quiet"))
        self._words: dict[str, str] = {}

    def push(self, frame: AudioFrame | None) -> None:
        """Hear one frame more; None is the end."""
        for out in pulled(self._graph, frame):
            self._words = out.metadata or self._words

    def loudness(self, last: AudioFrame) -> Loudness | None:
        """Give the loudness of all that was pushed, or None of silence. `last` is the last frame pushed.

        Where samples were asked for, the peak given is theirs.
        """
        integrated, span = (float(self._words.get(f"lavfi.r128.{word}", "nan")) for word in ("I", "LRA"))
        # The filter speaks once in 100 ms: silence pushes the rest of the sound through, for its peak alone.
        self.push(silence_after(last))
        self.push(None)
        peak = float(self._words.get(self._word, "nan"))
        if not (integrated > SILENCE_LUFS and peak > 0):
            return None
        return Loudness(
            integrated_lufs=integrated, true_peak_dbtp=round(20 * log10(peak), 3), range_lu=span if span > 0 else 0.0
        )


@dataclass
class _Heard:
    """What came out of the decoder so far."""

    family: Family = "mp3"
    is_measured: bool = True
    is_voice: bool = False
    samples: int = 0
    last: AudioFrame | None = None
    meter: Meter | None = None
    level: LevelMeter | None = None
    speech: SpeechMeter | None = None
    bad: int = 0
    """Packets in a row that could not be decoded."""
    good_packets: int = 0
    good_bytes: int = 0
    """Of the packets that could."""
    packets: int = 0
    last_span: tuple[int, int] = (0, 0)
    """PTS and duration of the last packet that an edit list leaves in, in the stream's timebase."""
    start_s: Fraction | None = None

    def keep(self, frame: AudioFrame, name: str) -> None:
        if self.last is None:
            if frame.pts is not None and frame.time_base:
                self.start_s = frame.pts * Fraction(frame.time_base)
            self._begin(frame, name)
        elif (frame.sample_rate, frame.layout.name) != (self.last.sample_rate, self.last.layout.name):
            raise MediaError(
                f"{name} changes its sample rate or channels midway",
                remedy=CONVERT[self.family],
                code="format-changes",
            )
        _expect_numbers(frame, name)
        for meter in (self.meter, self.level, self.speech):
            if meter is not None:
                meter.push(frame)
        self.samples += frame.samples
        self.last = frame

    def _begin(self, frame: AudioFrame, name: str) -> None:
        _expect_mixable(frame, name, self.family)
        self.meter = Meter(frame) if self.is_measured else None
        self.level = LevelMeter(frame)
        self.speech = SpeechMeter(frame) if self.is_voice else None

    def measured(self, last: AudioFrame, samples: int) -> Level:
        """Give how it was recorded, of so many samples; `last` is the last frame heard."""
        meter = self.level or LevelMeter(last)
        speech = self.speech.share() if self.speech is not None else None
        return meter.level(Fraction(samples, last.sample_rate), speech)


def sound_of(container: InputContainer, name: str, promise: Promise) -> Sound:
    """Decode an MP3 to its end and measure it. Cover art is left alone.

    Raises: MediaError: another codec, damage between sounds, less of it than promised, under half a second, over 6
        hours, or silent.
    """
    return _mp3_sound(container, name, promise, heard=_Heard())


def voice_of(container: InputContainer, name: str, promise: Promise) -> Sound:
    """Decode an MP3 like `sound_of`, and say as well how much of it sounds like speech."""
    return _mp3_sound(container, name, promise, heard=_Heard(is_voice=True))


def _mp3_sound(container: InputContainer, name: str, promise: Promise, *, heard: _Heard) -> Sound:
    stream = _mp3_stream(container, name)
    _decode(container, stream, name, heard)
    if heard.meter is None or heard.last is None:
        raise _damaged(name, 0.0)
    _expect_kept(promise, heard, name)
    sample_rate = heard.last.sample_rate
    if heard.samples < SHORTEST_S * sample_rate:
        raise MediaError(
            f"{name} lasts {heard.samples / sample_rate:.2f} s, under {SHORTEST_S} s",
            remedy="Drop a longer recording.",
            code="too-short",
        )
    loudness = heard.meter.loudness(heard.last)
    if loudness is None:
        raise MediaError(f"{name} is silent", remedy="Check the recording and drop it again.", code="silent")
    return Sound(
        codec=stream.codec.canonical_name,
        sample_rate=sample_rate,
        channels=heard.last.layout.nb_channels,
        samples=heard.samples,
        loudness=loudness,
        layout=_layout(heard.last),
        level=heard.measured(heard.last, heard.samples),
    )


def is_in(container: InputContainer) -> bool:
    """Whether a file holds sound."""
    return bool(container.streams.audio)


def source_sound_of(container: InputContainer, name: str, family: Family, *, promise: Promise) -> Sound:
    """Decode the first sound of a source to its end; it may be short or silent, and its loudness is not measured.

    Raises: MediaError: a codec that is not taken, damage between sounds, nothing to decode, fewer samples than a FLAC
        or an MP3 promises, over MAX_CHANNELS channels, or over 6 hours.
    """
    return _source_sound(container, name, _Heard(family=family, is_measured=False), promise)


def track_of(container: InputContainer, name: str, family: Family, *, promise: Promise) -> Sound:
    """Decode a source that is all sound like `source_sound_of`, and measure how loud it is; None where it is silent."""
    return _source_sound(container, name, _Heard(family=family), promise)


def _source_sound(container: InputContainer, name: str, heard: _Heard, promise: Promise) -> Sound:
    family = heard.family
    stream = _source_stream(container, name, family)
    _decode(container, stream, name, heard)
    if heard.last is None:
        raise _damaged(name, 0.0)
    _expect_kept(promise, heard, name)
    samples, promised = heard.samples, stream.duration or 0
    if family == "flac" and samples < promised:
        raise MediaError(
            f"{name} holds {samples} of the {promised} samples its header names",
            remedy="Copy it again, whole.",
            code="truncated",
        )
    if family == "mov" and av.library_versions["libavformat"] < TRIMMING_LIBRARY:
        samples -= min(samples - 1, _padding(container, stream, heard))
    return Sound(
        codec=stream.codec.canonical_name,
        sample_rate=heard.last.sample_rate,
        channels=heard.last.layout.nb_channels,
        samples=samples,
        loudness=heard.meter.loudness(heard.last) if heard.meter else None,
        start_s=heard.start_s,
        layout=_layout(heard.last),
        level=heard.measured(heard.last, samples),
    )


def _source_stream(container: InputContainer, name: str, family: Family) -> AudioStream:
    """Give the first sound; the demuxer is told to skip all other streams."""
    stream = container.streams.audio[0]
    context = cast("av.audio.codeccontext.AudioCodecContext | None", stream.codec_context)
    codec = stream.codec.canonical_name if context else "unknown"
    if context is None or codec not in SOURCE_CODECS:
        raise MediaError(f"the sound of {name} is coded as {codec}", remedy=CONVERT[family], code="codec-not-allowed")
    for other in container.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all
    context.options = {"codec_whitelist": SOURCE_DECODERS}
    return stream


def _padding(container: InputContainer, stream: AudioStream, heard: _Heard) -> int:
    """Give how many of the samples heard lie past the end of a MOV track: its edit list's, less what iTunes noted.

    A track in fragments, or one whose last packet begins past its end, has no end to believe in and is heard whole.
    """
    pts, duration = heard.last_span
    is_whole = heard.packets <= stream.frames
    if heard.last is None or stream.time_base is None or not is_whole or pts >= (stream.duration or 0):
        return 0
    rate = heard.last.sample_rate * stream.time_base
    # A last packet may be said to last shorter than it is; of codecs without a frame size that is believed.
    length = max(round(duration * rate), stream.codec_context.frame_size)
    end = round((stream.duration or 0) * rate)
    end -= _itunes_remainder(container.metadata.get("iTunSMPB", ""), end)
    return max(0, round(pts * rate) + length - end)


def _layout(frame: AudioFrame) -> str:
    """Give the channels by their name; one or two whose places are not told are what FFmpeg takes them for."""
    name: str = frame.layout.name
    return {"1 channels": "mono", "2 channels": "stereo"}.get(name, name)


def _itunes_remainder(words: str, end: int) -> int:
    """Give the samples of padding that iTunes noted, 0 where its numbers do not fit a track of `end` samples.

    Source: the hexadecimal words are a zero, priming, remainder and samples; tests/probe/test_source.py counts.
    """
    try:
        remainder, samples = (int(word, 16) for word in words.split()[2:4])
    except ValueError:
        return 0
    return remainder if samples < end and 0 < remainder < end else 0


def _mp3_stream(container: InputContainer, name: str) -> AudioStream:
    if not container.streams.audio:
        raise MediaError(f"{name} has no sound", remedy=CONVERT["mp3"], code="kind-mismatch")
    stream = container.streams.audio[0]
    codec = stream.codec.canonical_name
    if codec != "mp3":
        raise MediaError(f"{name} is coded as {codec}, not MP3", remedy=CONVERT["mp3"], code="codec-not-allowed")
    stream.codec_context.options = {"codec_whitelist": DECODERS}
    return stream


def _decode(container: InputContainer, stream: AudioStream, name: str, heard: _Heard) -> _Heard:
    for packet in container.demux(stream):
        expect_clear(packet, name)
        heard.packets += bool(packet.size)
        if packet.size and packet.pts is not None and not packet.is_discard:
            heard.last_span = packet.pts, packet.duration or 0
        try:
            frames = stream.codec_context.decode(packet)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            heard.bad += 1
            continue
        if frames and heard.bad and (heard.last is not None or heard.bad > EDGE_PACKETS):
            raise _damaged(name, heard.samples / frames[0].sample_rate)
        heard.good_packets += bool(frames)
        heard.good_bytes += packet.size if frames else 0
        for frame in frames:
            heard.keep(frame, name)
            heard.bad = 0
        if heard.last is not None and heard.samples > MAX_LENGTH_S * heard.last.sample_rate:
            raise MediaError(f"{name} is longer than 6 hours", remedy="Cut it into shorter parts.", code="too-long")
    if heard.bad > EDGE_PACKETS and heard.last is not None:
        raise _damaged(name, heard.samples / heard.last.sample_rate)
    return heard


def _expect_kept(promise: Promise, heard: _Heard, name: str) -> None:
    """Prove that an MP3 holds the sound that its first frame promises.

    Where both are named, samples are missed only if bytes are missing too: one of two numbers may lie.
    Source: tests/probe/test_promise.py, and tests/corpus/sounds.py for the lies.
    """
    frame_bytes = heard.good_bytes // max(1, heard.good_packets)
    lacks_samples = _lacks(heard.samples, promise.samples, EDGE_PACKETS * promise.frame_samples)
    lacks_bytes = not promise.bytes or _lacks(heard.good_bytes, promise.bytes, EDGE_PACKETS * frame_bytes)
    if lacks_samples and lacks_bytes:
        raise MediaError(
            f"{name} holds {heard.samples} of the {promise.samples} samples its header names",
            remedy="Copy it again, whole.",
            code="truncated",
        )


def _lacks(held: int, promised: int, edge: int) -> bool:
    """Whether more is missing than what editors and bad edges take away: `edge`, or one in a hundred."""
    return promised - held > max(edge, promised // 100)


def _expect_mixable(frame: AudioFrame, name: str, family: Family) -> None:
    """Prove that a render can bring the channels to two: FFmpeg mixes those down whose places it knows."""
    try:
        graph_of(frame, ("aformat", "channel_layouts=stereo"))
    except av.error.ArgumentError as error:
        raise MediaError(
            f"{name} has {frame.layout.nb_channels} channels that cannot be mixed down to stereo",
            remedy=f"Export it in stereo. {CONVERT[family]}",
            code="channels-not-allowed",
        ) from error


def _expect_numbers(frame: AudioFrame, name: str) -> None:
    """Prove that a file's own floats are numbers: encoders refuse those that are none, midway."""
    if frame.format.name != "flt":
        return
    size = 4 * frame.samples * frame.layout.nb_channels
    if not isfinite(sum(memoryview(frame.planes[0])[:size].cast("f"))):
        raise MediaError(
            f"{name} holds samples that are no numbers", remedy="Export it anew, as 24 bit PCM.", code="not-a-number"
        )


def _damaged(name: str, at_s: float) -> MediaError:
    return MediaError(
        f"{name} cannot be decoded near {at_s:.1f} s",
        remedy="Copy it again, or export it anew from the original.",
        code="decode-error",
    )
