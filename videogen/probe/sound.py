"""One MP3's sound: decoded to its end and measured on the way, in memory that does not grow with its length.

Encoder delay and padding are removed by the decoder, so the samples are those FFmpeg writes. MP3s in the wild carry
junk round the sound: up to EDGE_PACKETS undecodable packets are let pass before the first sound and as many after the
last one; one between sounds is damage.
"""

from dataclasses import dataclass
from math import log10

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph

from videogen.errors import MediaError
from videogen.model.media import Loudness, Sound
from videogen.probe.magic import CONVERT

DECODERS = "mp3,mp3float"
EDGE_PACKETS = 8
SHORTEST_S = 0.5
MAX_LENGTH_S = 6 * 3600
SILENCE_LUFS = -70.0


class _Meter:
    """EBU R128 over the frames pushed, by FFmpeg's ebur128 filter."""

    def __init__(self, frame: AudioFrame) -> None:
        self._graph = Graph()
        source = self._graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        )
        meter = self._graph.add("ebur128", "peak=true:metadata=1:framelog=quiet")
        self._graph.link_nodes(source, meter, self._graph.add("abuffersink")).configure()
        self._words: dict[str, str] = {}

    def push(self, frame: AudioFrame | None) -> None:
        self._graph.push(frame)
        while True:
            try:
                self._words = self._graph.pull().metadata or self._words
            except (av.error.BlockingIOError, av.error.EOFError):
                return

    def loudness(self, last: AudioFrame) -> Loudness | None:
        """Give the loudness of all that was pushed, or None of silence. `last` is the last frame pushed."""
        integrated, span = (float(self._words.get(f"lavfi.r128.{word}", "nan")) for word in ("I", "LRA"))
        # The filter speaks once in 100 ms: silence pushes the rest of the sound through, for its peak alone.
        self.push(_silence_after(last))
        self.push(None)
        peak = float(self._words.get("lavfi.r128.true_peak", "nan"))
        if not (integrated > SILENCE_LUFS and peak > 0):
            return None
        return Loudness(
            integrated_lufs=integrated, true_peak_dbtp=round(20 * log10(peak), 3), range_lu=span if span > 0 else 0.0
        )


@dataclass
class _Heard:
    """What came out of the decoder so far."""

    samples: int = 0
    last: AudioFrame | None = None
    meter: _Meter | None = None
    bad: int = 0
    """Packets in a row that could not be decoded."""

    def keep(self, frame: AudioFrame, name: str) -> None:
        if self.meter is None or self.last is None:
            self.meter = _Meter(frame)
        elif (frame.sample_rate, frame.layout.name) != (self.last.sample_rate, self.last.layout.name):
            raise MediaError(
                f"{name} changes its sample rate or channels midway", remedy=CONVERT["mp3"], code="format-changes"
            )
        self.meter.push(frame)
        self.samples += frame.samples
        self.last = frame


def sound_of(container: InputContainer, name: str) -> Sound:
    """Decode an MP3 to its end and measure it. Cover art is left alone.

    Raises: MediaError: another codec, damage between sounds, cut short, under half a second, over 6 hours, or silent.
    """
    stream = _sound_stream(container, name)
    heard = _decode(container, stream, name)
    if heard.meter is None or heard.last is None:
        raise _damaged(name, 0.0)
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
    )


def _sound_stream(container: InputContainer, name: str) -> AudioStream:
    if not container.streams.audio:
        raise MediaError(f"{name} has no sound", remedy=CONVERT["mp3"], code="kind-mismatch")
    stream = container.streams.audio[0]
    codec = stream.codec.canonical_name
    if codec != "mp3":
        raise MediaError(f"{name} is coded as {codec}, not MP3", remedy=CONVERT["mp3"], code="codec-not-allowed")
    stream.codec_context.options = {"codec_whitelist": DECODERS}
    return stream


def _decode(container: InputContainer, stream: AudioStream, name: str) -> _Heard:
    heard = _Heard()
    for packet in container.demux(stream):
        try:
            frames = stream.codec_context.decode(packet)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            heard.bad += 1
            continue
        if frames and heard.bad and (heard.last is not None or heard.bad > EDGE_PACKETS):
            raise _damaged(name, heard.samples / frames[0].sample_rate)
        for frame in frames:
            heard.keep(frame, name)
            heard.bad = 0
        if heard.last is not None and heard.samples > MAX_LENGTH_S * heard.last.sample_rate:
            raise MediaError(f"{name} is longer than 6 hours", remedy="Cut it into shorter parts.", code="too-long")
    if heard.bad > EDGE_PACKETS and heard.last is not None:
        raise _damaged(name, heard.samples / heard.last.sample_rate)
    return heard


def _damaged(name: str, at_s: float) -> MediaError:
    return MediaError(
        f"{name} cannot be decoded near {at_s:.1f} s",
        remedy="Copy it again, or export it anew from the original.",
        code="decode-error",
    )


def _silence_after(last: AudioFrame) -> AudioFrame:
    silence = AudioFrame(format=last.format.name, layout=last.layout.name, samples=last.sample_rate // 5)
    for plane in silence.planes:
        plane.update(bytes(plane.buffer_size))
    silence.sample_rate = last.sample_rate
    silence.time_base = last.time_base
    return silence
