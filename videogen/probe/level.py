"""How a sound was recorded: silence at its ends, and what share of it stands at full scale.

FFmpeg's own silencedetect finds the silence. For the clipped samples the sound is brought to eight bits so that full
scale falls on their last steps, and bytes are counted, which asks no sample one by one.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import cast

import av
from av.audio.frame import AudioFrame
from av.filter import Graph

from videogen.model.media import Level

SILENCE_DB = -50
SHORTEST_SILENCE_S = 0.1
FULL_SCALE = 0.999
_LAST_STEP = 126.5 / 128
"""From here on a sample is rounded to one of the outermost three of 256 steps. Source: tests/probe/test_level.py."""
_OUTERMOST = (b"\x00", b"\x01", b"\xff")
_INNERMOST = b"\x7f\x80\x81"
"""The steps of what is under 1.5 / 128 of full scale: -38 dBFS."""


def graph_of(frame: AudioFrame, *filters: tuple[str, str]) -> Graph:
    """Give a graph of filters, one after another, for frames like this one."""
    graph = Graph()
    last = graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format.name,
        layout=frame.layout.name,
        time_base=frame.time_base,
    )
    for name, words in filters:
        following = graph.add(name, words)
        last.link_to(following)
        last = following
    last.link_to(graph.add("abuffersink"))
    graph.configure()
    return graph


def pulled(graph: Graph, frame: AudioFrame | None) -> list[AudioFrame]:
    """Push one frame into a graph, None at the end; give what comes out."""
    graph.push(frame)
    out: list[AudioFrame] = []
    while True:
        try:
            # A graph of sound gives sound.
            out.append(cast("AudioFrame", graph.pull()))
        except (av.error.BlockingIOError, av.error.EOFError):
            return out


@dataclass
class LevelMeter:
    """Measures the frames pushed. Units: seconds from the first sample."""

    frame: AudioFrame
    """The first frame: all others are like it."""
    _counted: int = 0
    _clipped: int = 0
    _heard: set[int] = field(default_factory=set)
    """The channels that were not silent so far."""
    _silences: list[tuple[Fraction, Fraction | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        first = self.frame
        self._start_s = (first.pts or 0) * Fraction(first.time_base or 0)
        self._graph = graph_of(
            first,
            ("silencedetect", f"noise={SILENCE_DB}dB:duration={SHORTEST_SILENCE_S}"),
            ("volume", f"{_LAST_STEP / FULL_SCALE}:precision=float"),
            ("aformat", "sample_fmts=u8"),
        )

    def push(self, frame: AudioFrame | None) -> None:
        """Hear one frame more; None is the end."""
        for out in pulled(self._graph, frame):
            size = out.samples * out.layout.nb_channels
            # The plane may reach past its samples.
            steps = bytes(out.planes[0])[:size]
            self._counted += size
            self._clipped += sum(map(steps.count, _OUTERMOST))
            self._listen(steps, out.layout.nb_channels)
            self._note(out.metadata)

    def level(self, length_s: Fraction, speech: float | None = None) -> Level:
        """Give the level of all that was pushed, which lasted so long."""
        self.push(None)
        before = after = Fraction(0)
        if self._silences:
            start, end = self._silences[0]
            before = (end or length_s) if start < Fraction(SHORTEST_SILENCE_S) / 10 else before
            start, end = self._silences[-1]
            after = length_s - start if end is None else after
        return Level(
            silence_before_s=min(before, length_s),
            silence_after_s=max(Fraction(0), after),
            clipped=round(self._clipped / max(1, self._counted), 6),
            silent_channels=self.frame.layout.nb_channels - len(self._heard),
            speech=speech,
        )

    def _listen(self, steps: bytes, channels: int) -> None:
        for channel in range(channels):
            if channel not in self._heard and steps[channel::channels].strip(_INNERMOST):
                self._heard.add(channel)

    def _note(self, words: dict[str, str]) -> None:
        if start := words.get("lavfi.silence_start"):
            self._silences.append((Fraction(start) - self._start_s, None))
        if (end := words.get("lavfi.silence_end")) and self._silences:
            self._silences[-1] = (self._silences[-1][0], Fraction(end) - self._start_s)
        # Only the first silence and the last one are asked for.
        del self._silences[1:-1]


def silence_after(last: AudioFrame) -> AudioFrame:
    """Give a fifth of a second of silence of the same form as a frame."""
    silence = AudioFrame(format=last.format.name, layout=last.layout.name, samples=last.sample_rate // 5)
    for plane in silence.planes:
        plane.update(bytes(plane.buffer_size))
    silence.sample_rate = last.sample_rate
    silence.time_base = last.time_base
    return silence
