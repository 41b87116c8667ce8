"""What a process measures of itself, over windows and since its start, and how a scraper reads it.

Four figures, over the last hour and since the start (model/node.py has the arithmetic):
  render_utilization  seconds the renderer worked / seconds in which there was work (a task claimed, or waiting)
  avg_render_time     mean seconds from start to end of a render that came to its end
  task_throughput     videos published per hour
  io_overhead         seconds the renderer stood waiting for a download or an upload / seconds in which there was work
All else is counted since the start of the process, as Prometheus wants it: it takes the differences itself.

Memory is bounded: within one second of a window all of one kind is kept as one sum. Only where the window's edge falls
into such a second is the share in it taken for even; else every figure is exact.
"""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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

WINDOW_S = 3600.0
GRAIN_S = 1.0
Kind = Literal["work", "render", "download", "upload", "stalled", "space"]
KINDS: tuple[Kind, ...] = ("work", "render", "download", "upload", "stalled", "space")
OF_A_TASK = frozenset({"render", "download", "upload", "stalled"})
"""Whoever does this has a task: there is work meanwhile."""

COUNTERS = {
    "published": "Videos put into output/.",
    "failed": "Tasks moved to trash/failed.",
    "released": "Tasks given back to tasks/ by their holder.",
    "poisoned": "Tasks moved to trash/failed after the last attempt.",
    "frames": "Frames of the videos put into output/.",
    "claimed": "Tasks claimed.",
    "claimed_again": "Tasks claimed that had been given out before (epoch above 1).",
    "claim_lost": "Claims that another node won.",
    "fenced": "Publishes refused since the task had been taken away.",
    "double_publish": "Publishes refused since the video was there already.",
    "reaped": "Claims of silent nodes given back.",
    "self_fenced": "Tasks given up since the node could not renew its leases in time.",
    "rename_repaired": "Renames that answered an error though they were done.",
    "stale": "Answers of a network filesystem that a handle is stale.",
    "fsync_error": "Syncs that failed.",
    "upload_resent_bytes": "Bytes uploaded again.",
    "upload_corrupt": "Uploaded copies that did not read back as they were written.",
    "encode_failed": "Runs of FFmpeg that ended with an error.",
    "encode_stalled": "Runs of FFmpeg ended since they made no progress.",
    "output_rejected": "Videos refused by the check though FFmpeg told of no error.",
    "fallback": "Videos encoded in one piece or in software, against the plan.",
    "cache_hit": "Segments found in the store.",
    "cache_miss": "Segments encoded since the store had none.",
    "cache_corrupt": "Segments of the store found damaged and dropped.",
    "prefetch_used": "Tasks fetched ahead and rendered.",
    "prefetch_wasted": "Tasks fetched ahead and given back.",
    "clock_step": "Times the wall clock was set by more than 2 s.",
}
"""What can be counted; each is there from the start, at 0, so that its first increase is seen as one."""

GAUGES = {
    "disk_free": ("disk_free_bytes", "Free on the spool's filesystem."),
    "disk_total": ("disk_size_bytes", "Size of the spool's filesystem."),
    "inodes_free": ("inodes_free", "Free inodes of the spool's filesystem."),
    "inodes_total": ("inodes", "Inodes of the spool's filesystem."),
    "not_due": ("tasks_not_due", "Tasks in tasks/ that wait for their time, of the newest 1,000."),
    "unaccounted": ("tasks_unaccounted", "Tasks that were seen and are in no room any more."),
    "poison": ("trash_poison_tasks", "Tasks in trash/failed after their last attempt."),
    "trash_bytes": ("trash_bytes", "All that lies in trash/."),
    "trash_oldest_s": ("trash_oldest_seconds", "Age of the oldest thing in trash/."),
    "cache_bytes": ("cache_bytes", "Bytes of the segments in the store."),
    "cache_entries": ("cache_segments", "Segments in the store."),
    "clock_drift_s": ("clock_drift_seconds", "Wall clock against boot clock since the start of this process."),
    "clock_skew_s": ("clock_skew_seconds", "Clock of the spool's filesystem, ahead of this machine's."),
}
"""What can be set: its name there, and what it says."""

FIGURES = (
    ("render_utilization", "Share of the time with work in which the renderer worked."),
    ("avg_render_time_seconds", "Mean time of a render from its start to its end."),
    ("task_throughput_per_hour", "Videos put into output/ in an hour."),
    ("io_overhead", "Share of the time with work in which the renderer waited for files."),
)
LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 40.0)
HISTOGRAMS: dict[str, tuple[str, str, tuple[float, ...]]] = {
    "claim_s": ("claim_seconds", "From the wish for a task to its claim.", LATENCY),
    "fsync_s": ("fsync_seconds", "One sync of a file or folder.", LATENCY),
    "renew_s": ("renew_seconds", "One renewal of a lease.", LATENCY),
    "upload_tries": ("upload_tries", "Tries it took to upload a video.", (1.0, 2.0, 3.0)),
}
"""What can be observed: its name there, what it says, and the upper bounds of its buckets."""


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
    """All that a meter holds since its start. Units: `busy_s` seconds by kind."""

    counts: Mapping[str, int]
    gauges: Mapping[str, float]
    histograms: Mapping[str, Histogram]
    busy_s: Mapping[str, float]


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
        self._counts = {name: _Tally() for name in COUNTERS}
        self._renders, self._rendered = _Tally(), _Tally()
        self._gauges: dict[str, float] = {}
        self._histograms = {name: Histogram(row[2], (0,) * (len(row[2]) + 1)) for name, row in HISTOGRAMS.items()}

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

    def count(self, name: str, n: int = 1) -> None:
        """Count `n` more of what COUNTERS names."""
        with self._lock:
            self._add(self._counts[name], n, self._clock())

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
        name = f"videogen_{row.name}"
        family = self._families.setdefault(name, Metric(name, row.about, kind))
        family.add_sample(name + suffix, {**self._of, **row.labels}, row.value)

    def add_histogram(self, name: str, about: str, observed: Histogram) -> None:
        buckets = observed.buckets()
        for bound, count in buckets:
            self.add("histogram", Row(name, about, {"le": bound}, count), "_bucket")
        self.add("histogram", Row(name, about, {}, buckets[-1][1]), "_count")
        self.add("histogram", Row(name, about, {}, observed.total), "_sum")


def textfile(role: str, node: str, figures: Iterable[Figures], readings: Readings, rows: Iterable[Row] = ()) -> bytes:
    """Give it all in Prometheus' text format, without a time stamp: the same readings give the same bytes."""
    text = _Text(role, node)
    for name, count in readings.counts.items():
        text.add("counter", Row(name, COUNTERS[name], {}, count), "_total")
    for kind, busy_s in readings.busy_s.items():
        text.add("counter", Row("busy_seconds", "Time in which this went on.", {"kind": kind}, busy_s), "_total")
    for name, observed in readings.histograms.items():
        text.add_histogram(*HISTOGRAMS[name][:2], observed)
    measured = (Row(*GAUGES[name], {}, value) for name, value in readings.gauges.items())
    for row in (*(row for one in figures for row in _figure_rows(one)), *measured, *rows):
        text.add("gauge", row)
    registry = CollectorRegistry()
    registry.register(text)
    return generate_latest(registry)


def _figure_rows(figures: Figures) -> Iterator[Row]:
    window = {"window": "start" if figures.window_s is None else f"{figures.window_s:g}s"}
    for (name, about), value in zip(FIGURES, figures.four().values(), strict=True):
        if value is not None:
            yield Row(name, about, window, value)


def keep(folder: Path, role: str, text: bytes) -> float:
    """Put the text where a scraper finds it, at once as a whole; give how far the filesystem's clock is ahead of ours.

    Raises: NoSpace: the disk is full; the last text stays.
    """
    path, before = folder / f"metrics-{role}.prom", time.time()
    durable.write(path, text)
    written = path.stat().st_mtime
    return written - min(max(written, before), time.time())
