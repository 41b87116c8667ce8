"""What a process measures of itself, over windows and since its start, and how a scraper reads it.

Four figures, over the last hour and since the start (model/node.py has the arithmetic):
  render_utilization  seconds the renderer worked / seconds in which there was work (a task claimed, or waiting)
  avg_render_time     mean seconds from start to end of a render that came to its end
  task_throughput     videos published per hour
  io_overhead         seconds the renderer stood waiting for a download or an upload / seconds in which there was work
All else is counted since the start of the process, as Prometheus wants it: it takes the differences itself. What there
is to count, set and observe is series.py's table.

Memory is bounded: within one second of a window all of one kind is kept as one sum. Only where the window's edge falls
into such a second is the share in it taken for even; else every figure is exact.
"""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from videogen import durable
from videogen.model.node import Figures
from videogen.series import COUNTERS, GAUGES, HISTOGRAMS, PREFIX, ROWS
from videogen.verdicts import RULINGS

WINDOW_S = 3600.0
GRAIN_S = 1.0
Kind = Literal["work", "render", "download", "upload", "stalled", "space"]
KINDS: tuple[Kind, ...] = ("work", "render", "download", "upload", "stalled", "space")
BUSY = "busy_seconds"
OF_A_TASK = frozenset({"render", "download", "upload", "stalled"})
"""Whoever does this has a task: there is work meanwhile."""

FROM_THE_START: dict[str, tuple[tuple[str, ...], ...]] = {
    "failed": tuple((code,) for code, ruling in RULINGS.items() if "task" in ruling.families),
    "decided": tuple(
        (kind, "taken") for kind in ("voice", "video", "music", "link", "mix", "composition", "golden_frame")
    ),
    "pages": (("taken",),),
    "links": (("taken",), ("refused",), ("put-off",)),
    "log_lines": (("INFO",), ("WARN",), ("ERROR",)),
}
"""What labels can be known before: a scraper sees a first increase only of what was there at 0."""
FIGURES = ("render_utilization", "avg_render_time_seconds", "task_throughput_per_hour", "io_overhead")


class _Span(NamedTuple):
    start: float
    end: float
    amount: float

    def after(self, since: float) -> float:
        """Give the part of the amount that lies after a moment."""
        if self.start >= since and self.end > since:
            return self.amount
        return self.amount * (self.end - since) / (self.end - self.start) if self.end > since else 0.0


class _Tally:
    """An amount that grows: all of it, and when the newer part of it came."""

    def __init__(self) -> None:
        self.total = 0.0
        self._spans: deque[_Span] = deque()

    def add(self, start: float, end: float, amount: float, *, forget: float) -> None:
        """Add an amount that came between two moments, neither before that of the last call."""
        self.total += amount
        last = self._spans[-1] if self._spans else None
        if last is not None and last.start // GRAIN_S == start // GRAIN_S:
            self._spans[-1] = _Span(last.start, end, last.amount + amount)
        else:
            self._spans.append(_Span(start, end, amount))
        while self._spans[0].end < forget:
            self._spans.popleft()

    def after(self, since: float) -> float:
        """Give what came after a moment; after -inf, all of it, also what was forgotten."""
        return self.total if since == -inf else sum(span.after(since) for span in self._spans)


@dataclass(frozen=True)
class Histogram:
    """What was observed. Shape: `counts` has one more than `bounds`: what was above the last; none adds up."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float = 0.0

    def plus(self, value: float) -> "Histogram":
        """Give it with one more value."""
        place = bisect_left(self.bounds, value)
        counts = tuple(count + (index == place) for index, count in enumerate(self.counts))
        return Histogram(self.bounds, counts, self.total + value)

    def buckets(self) -> list[tuple[str, float]]:
        """Give it as Prometheus writes it: up to each bound, all that is not above it."""
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        return list(zip(names, map(float, accumulate(self.counts)), strict=True))


@dataclass(frozen=True)
class Readings:
    """All that a meter holds since its start. Units: `busy_s` seconds by kind.

    Shape: `counts` has every counter; one with labels is in `labelled` too, once for each set of values that it had.
    """

    counts: Mapping[str, int]
    gauges: Mapping[str, float]
    histograms: Mapping[str, Histogram]
    busy_s: Mapping[str, float]
    labelled: Mapping[tuple[str, tuple[str, ...]], int] = field(default_factory=dict)


class Meter:
    """The instruments of one process; any thread may use them. A name that is in no table is a KeyError."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, keep_s: float = WINDOW_S) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._lock = Lock()
        self._began = clock()
        self._busy = {kind: _Tally() for kind in KINDS}
        self._depth = dict.fromkeys(KINDS, 0)
        self._since = dict.fromkeys(KINDS, 0.0)
        self._counts = {name: _Tally() for name in COUNTERS if name != BUSY}
        self._labelled: dict[tuple[str, tuple[str, ...]], int] = {}
        self._renders, self._rendered = _Tally(), _Tally()
        self._gauges: dict[str, float] = {}
        self._histograms = {key: Histogram(row.bounds, (0,) * (len(row.bounds) + 1)) for key, row in HISTOGRAMS.items()}

    @contextmanager
    def busy(self, kind: Kind) -> Iterator[None]:
        """Count the time of the block as spent on `kind`; side by side or one in another it counts once.

        A render that ends by an error has no length, but its time counts.
        """
        kinds: tuple[Kind, ...] = (kind, "work") if kind in OF_A_TASK else (kind,)
        began, is_whole = self._begin(kinds), False
        try:
            yield
            is_whole = True
        finally:
            self._end(kinds, began, is_render=is_whole and kind == "render")

    def _begin(self, kinds: Iterable[Kind]) -> float:
        with self._lock:
            now = self._clock()
            for kind in kinds:
                if not self._depth[kind]:
                    self._since[kind] = now
                self._depth[kind] += 1
            return now

    def _end(self, kinds: Iterable[Kind], began: float, *, is_render: bool) -> None:
        with self._lock:
            now = self._clock()
            for kind in kinds:
                self._depth[kind] -= 1
                if not self._depth[kind]:
                    self._add(self._busy[kind], now - self._since[kind], now, start=self._since[kind])
            if is_render:
                self._add(self._renders, 1, now)
                self._add(self._rendered, now - began, now)

    def _add(self, tally: _Tally, amount: float, now: float, *, start: float | None = None) -> None:
        tally.add(now if start is None else start, now, amount, forget=now - self._keep_s)

    def count(self, name: str, n: int = 1, **labels: str) -> None:
        """Count `n` more of what COUNTERS names, with the labels that it names; one that is not given is empty."""
        if unknown := labels.keys() - set(COUNTERS[name].labels):
            raise KeyError(*sorted(unknown))
        values = tuple(labels.get(label, "") for label in COUNTERS[name].labels)
        with self._lock:
            self._add(self._counts[name], n, self._clock())
            if values:
                self._labelled[name, values] = self._labelled.get((name, values), 0) + n

    def observe(self, name: str, value: float) -> None:
        """Add a value to what HISTOGRAMS names."""
        with self._lock:
            self._histograms[name] = self._histograms[name].plus(value)

    def note(self, name: str, value: float) -> None:
        """Observe or count, whichever the name is made for: one hand for parts that know nothing of meters."""
        if name in HISTOGRAMS:
            self.observe(name, value)
        else:
            self.count(name, int(value))

    def gauge(self, values: Mapping[str, float]) -> None:
        """Set what GAUGES names to what it is now."""
        if unknown := values.keys() - GAUGES.keys():
            raise KeyError(*sorted(unknown))
        with self._lock:
            self._gauges |= {name: float(value) for name, value in values.items()}

    def figures(self, window_s: float | None = WINDOW_S) -> Figures:
        """Give the figures of the last `window_s`, what happened just then left out; None: since the start.

        What is going on now counts up to now. Raises: ValueError: the window is longer than what is kept.
        """
        if window_s is not None and not 0 < window_s <= self._keep_s:
            raise ValueError(f"a window is longer than 0 s and at most {self._keep_s:g} s")
        with self._lock:
            now = self._clock()
            since = -inf if window_s is None else now - window_s
            busy = {f"{kind}_s": self._busy_after(kind, since, now) for kind in KINDS if kind != "space"}
            counts = {name: round(self._counts[name].after(since)) for name in ("published", "failed", "released")}
            return Figures(
                window_s=window_s,
                span_s=now - max(since, self._began),
                renders=round(self._renders.after(since)),
                rendered_s=self._rendered.after(since),
                **busy,
                **counts,
            )

    def _busy_after(self, kind: Kind, since: float, now: float) -> float:
        going_on = now - max(since, self._since[kind]) if self._depth[kind] else 0.0
        return self._busy[kind].after(since) + going_on

    def readings(self) -> Readings:
        """Give all that was counted, observed and set since the start."""
        with self._lock:
            now = self._clock()
            return Readings(
                counts={name: int(tally.total) for name, tally in self._counts.items()},
                gauges=dict(self._gauges),
                histograms=dict(self._histograms),
                labelled=dict(self._labelled),
                busy_s={kind: self._busy_after(kind, -inf, now) for kind in KINDS},
            )


# -- as a scraper reads it -------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One value that no meter holds: a measure of a room, or of a node. Rows of one name have the same labels."""

    name: str
    about: str
    labels: Mapping[str, str]
    value: float


class _Text(Collector):
    """Families of samples, each sample with the role and the node it comes from."""

    def __init__(self, role: str, node: str) -> None:
        self._of = {"role": role, "node": node}
        self._families: dict[str, Metric] = {}

    def collect(self) -> Iterable[Metric]:
        return self._families.values()

    def add(self, kind: str, row: Row, suffix: str = "") -> None:
        name = PREFIX + row.name
        family = self._families.setdefault(name, Metric(name, row.about, kind))
        family.add_sample(name + suffix, {**self._of, **row.labels}, row.value)

    def add_histogram(self, name: str, about: str, observed: Histogram) -> None:
        buckets = observed.buckets()
        for bound, count in buckets:
            self.add("histogram", Row(name, about, {"le": bound}, count), "_bucket")
        self.add("histogram", Row(name, about, {}, buckets[-1][1]), "_count")
        self.add("histogram", Row(name, about, {}, observed.total), "_sum")


def textfile(role: str, node: str, figures: Iterable[Figures], readings: Readings, rows: Iterable[Row] = ()) -> bytes:
    """Give it all in Prometheus' text format, without a time stamp: the same readings give the same bytes.

    Shape: of each counter and histogram of the role's, at 0 what has not happened; and whatever else was measured.
    """
    text = _Text(role, node)
    for row in _counter_rows(role, readings):
        text.add("counter", row, "_total")
    for key, observed in readings.histograms.items():
        if role in HISTOGRAMS[key].roles or any(observed.counts):
            text.add_histogram(HISTOGRAMS[key].name, HISTOGRAMS[key].about, observed)
    gauges = (Row(GAUGES[key].name, GAUGES[key].about, {}, value) for key, value in readings.gauges.items())
    for row in (*(row for one in figures for row in _figure_rows(one)), *gauges, *rows):
        text.add("gauge", row)
    registry = CollectorRegistry()
    registry.register(text)
    return generate_latest(registry)


def _counter_rows(role: str, readings: Readings) -> Iterator[Row]:
    for name, series in COUNTERS.items():
        if name == BUSY:
            for kind, busy_s in readings.busy_s.items():
                yield Row(name, series.about, {"kind": kind}, busy_s)
            continue
        if role not in series.roles and not readings.counts[name]:
            continue
        if not series.labels:
            yield Row(name, series.about, {}, readings.counts[name])
            continue
        counted = {of: n for (counter, of), n in readings.labelled.items() if counter == name}
        for of, n in sorted({**dict.fromkeys(FROM_THE_START.get(name, ()), 0), **counted}.items()):
            yield Row(name, series.about, dict(zip(series.labels, of, strict=True)), n)


def _figure_rows(figures: Figures) -> Iterator[Row]:
    window = {"window": "start" if figures.window_s is None else f"{figures.window_s:g}s"}
    for name, value in zip(FIGURES, figures.four().values(), strict=True):
        if value is not None:
            yield Row(name, ROWS[name].about, window, value)


def keep(folder: Path, role: str, text: bytes) -> float:
    """Put the text where a scraper finds it, at once as a whole; give how far the filesystem's clock is ahead of ours.

    Raises: NoSpace: the disk is full; the last text stays.
    """
    path, before = folder / f"metrics-{role}.prom", time.time()
    durable.write(path, text)
    written = path.stat().st_mtime
    return written - min(max(written, before), time.time())
