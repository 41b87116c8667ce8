"""A sound, heard once: how loud it is, where it is silent, how high it goes, and whether it jumps at a join.

FFmpeg's ebur128 and silencedetect stand in one graph, so that nothing is decoded twice. Samples over full scale are
counted in a second pass, and only where the highest sample says that there are some. Round every join a twentieth of
a second is kept and its jumps are compared with those around: a splice shows as one step among smooth samples.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from math import isfinite, log10
from operator import sub
from pathlib import Path
from typing import Literal

import av
from av.audio.frame import AudioFrame

from videogen.model.quality import Heard
from videogen.probe.level import graph_of, pulled, silence_after

SILENCE_DB = -60
SHORTEST_SILENCE_S = 0.25
SILENT_LUFS = -70.0
FLOOR_DB = -200.0
FULL_DBFS = -0.05
"""Under this no sample is at full scale, and none is counted."""
BETWEEN_DB = 1.45
"""How much higher a sound may be between two samples than at any of them. Source: white noise, the worst heard, 1.2."""
WINDOW_S = 0.025
"""Of the sound on either side of a join."""
STEP = 24
"""Samples round a join in which a splice shows, also after AAC has smeared it."""
LEAST_JUMP = 0.05
"""Of full scale: less is not heard as a click."""
Peak = Literal["true", "sample"]
_OPTIONS = {"protocol_whitelist": "file"}


class Ear:
    """Measures the frames pushed, all like the first.

    Units: `joins` are samples at which a piece begins, rising; `lead` samples stand before the first one meant.
    """

    def __init__(self, first: AudioFrame, peak: Peak, joins: Sequence[int] = (), lead: int = 0) -> None:
        self._peak: Peak = peak
        self._rate = first.sample_rate
        self._words: dict[str, str] = {}
        self._samples = 0
        self._silences: list[list[float]] = []
        self._graph = graph_of(
            first,
            # In this order: ebur128 makes frames of its own, without the words of the filter before it.
            ("ebur128", f"peak={peak}:metadata=1:framelog=quiet"),
            ("silencedetect", f"noise={SILENCE_DB}dB:duration={SHORTEST_SILENCE_S}"),
        )
        self._start_s = float((first.pts or 0) * (first.time_base or 0)) + lead / self._rate
        self._lead = lead
        is_plain = first.format.name == "fltp"
        self._windows = _Windows(joins, round(WINDOW_S * self._rate), lead) if is_plain else None

    def push(self, frame: AudioFrame) -> None:
        """Hear one frame more."""
        self._samples += frame.samples
        if self._windows is not None:
            self._windows.push(frame)
        self._take(pulled(self._graph, frame))

    def heard(self, last: AudioFrame) -> Heard:
        """Give all that was measured; `last` is the last frame pushed."""
        loudness = self._number("I")
        # The filter speaks once in 100 ms: silence pushes the rest of the sound through, for its peak alone.
        self._take(pulled(self._graph, silence_after(last)))
        self._take(pulled(self._graph, None))
        peak_db = _decibels(self._number(f"{self._peak}_peak"))
        end_s = (self._samples - self._lead) / self._rate
        silences = [(max(0.0, start), min(end, end_s)) for start, end in self._silences if start < end_s]
        return Heard(
            samples=max(0, self._samples - self._lead),
            sample_rate=self._rate,
            loudness_lufs=loudness if loudness is not None and loudness > SILENT_LUFS else None,
            peak_dbfs=peak_db if self._peak == "sample" else None,
            true_peak_dbtp=peak_db if self._peak == "true" else round(peak_db + BETWEEN_DB, 3),
            is_peak_true=self._peak == "true",
            silences=tuple((round(start, 3), round(end, 3)) for start, end in silences),
            clicks=tuple(self._windows.clicks(self._rate)) if self._windows is not None else (),
        )

    def _take(self, frames: list[AudioFrame]) -> None:
        for frame in frames:
            words = frame.metadata
            if "lavfi.r128.M" in words:
                self._words = words
            if start := words.get("lavfi.silence_start"):
                self._silences.append([float(start) - self._start_s, float("inf")])
            if (end := words.get("lavfi.silence_end")) and self._silences:
                self._silences[-1][1] = float(end) - self._start_s

    def _number(self, word: str) -> float | None:
        number = float(self._words.get(f"lavfi.r128.{word}", "nan"))
        return number if isfinite(number) else None


class _Windows:
    """The samples round every join, of each channel."""

    def __init__(self, joins: Sequence[int], half: int, lead: int) -> None:
        self._half = half
        self._waiting = [join for join in sorted(set(joins)) if join >= half]
        self._open: list[tuple[int, list[array[float]]]] = []
        self._whole: list[tuple[int, list[array[float]]]] = []
        self._at = -lead

    def push(self, frame: AudioFrame) -> None:
        end = self._at + frame.samples
        while self._waiting and self._waiting[0] - self._half < end:
            self._open.append((self._waiting.pop(0), [array("f") for _ in frame.planes]))
        for join, channels in self._open:
            begin, stop = join - self._half, join + self._half
            for plane, channel in zip(frame.planes, channels, strict=True):
                samples = memoryview(plane).cast("f")
                channel.extend(samples[max(0, begin - self._at) : max(0, min(frame.samples, stop - self._at))])
        self._whole += [one for one in self._open if one[0] + self._half <= end]
        self._open = [one for one in self._open if one[0] + self._half > end]
        self._at = end

    def clicks(self, rate: int) -> Iterator[tuple[float, float]]:
        for join, channels in self._whole:
            yield round(join / rate, 6), round(max(map(standing_out_db, channels)), 1)


def standing_out_db(samples: "array[float]") -> float:
    """Give by how many dB the highest jump in the middle of some samples is over the highest one around it.

    A jump is the second difference: smooth sound has little of it, and a step has all of its height.
    """
    bends = [abs(bend) for bend in _bends(samples)]
    middle = len(bends) // 2
    inner = max(bends[middle - STEP : middle + STEP], default=0.0)
    outer = max((*bends[: middle - 2 * STEP], *bends[middle + 2 * STEP :]), default=0.0)
    if inner < LEAST_JUMP:
        return 0.0
    return max(0.0, _decibels(inner) - _decibels(max(outer, 1e-6)))


def _bends(samples: "array[float]") -> Iterator[float]:
    steps = list(map(sub, islice(samples, 1, None), samples))
    return map(sub, islice(steps, 1, None), steps)


def hear(path: Path, container: str | None, peak: Peak, joins: Sequence[int] = (), lead: int = 0) -> Heard:
    """Decode a sound as a player would and measure it; of no sound at all there is only its length, 0.

    Units: as an Ear's.
    Raises: av.FFmpegError: it cannot be decoded.
    """
    ear: Ear | None = None
    last: AudioFrame | None = None
    with av.open(str(path), format=container, options=_OPTIONS) as opened:
        for frame in opened.decode(audio=0):
            ear = ear or Ear(frame, peak, joins, lead)
            ear.push(frame)
            last = frame
    if ear is None or last is None:
        return Heard(samples=0, sample_rate=48000)
    heard = ear.heard(last)
    if (heard.peak_dbfs or heard.true_peak_dbtp or FLOOR_DB) < FULL_DBFS:
        return heard
    return heard.model_copy(update={"clipped": clipped(path, container)})


def clipped(path: Path, container: str | None) -> float:
    """Give the share of samples, of all channels, at full scale or over it."""
    counted = over = 0
    full = 10 ** (FULL_DBFS / 20)
    with av.open(str(path), format=container, options=_OPTIONS) as opened:
        for frame in opened.decode(audio=0):
            for channel in _channels(frame):
                counted += len(channel)
                if max(map(abs, channel), default=0.0) >= full:
                    over += sum(abs(sample) >= full for sample in channel)
    return round(over / max(1, counted), 6)


def _channels(frame: AudioFrame) -> Iterator["array[float]"]:
    graph = graph_of(frame, ("aformat", "sample_fmts=fltp"))
    for out in (*pulled(graph, frame), *pulled(graph, None)):
        for plane in out.planes:
            yield array("f", bytes(plane)[: 4 * out.samples])


def _decibels(value: float | None) -> float:
    return round(20 * log10(value), 3) if value and value > 0 else FLOOR_DB
