"""A node as it tells of itself: processing/.nodes/<node>.json, written over at every beat."""

from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict, computed_field

from videogen.model.value import Value

State = Literal["starting", "idle", "working", "draining", "drained", "waiting-for-space", "stopping"]
ENDED = frozenset({"drained", "stopping"})
"""A node that said so and then fell silent holds nothing: it ended as it should."""


class Figures(Value):
    """What was done in a stretch of time: sums, and the four figures that are made of them.

    A paper of another version still reads: what is missing has its default, what is unknown is left out.

    Shape: of kinds of time that overlap, each second counts once in its kind; all kinds are part of `work_s`.
    Units: `window_s` the stretch asked for, None since the start; `span_s` the part of it in which there was a process.
    """

    model_config = ConfigDict(extra="ignore")

    window_s: float | None = None
    span_s: float = 0.0
    work_s: float = 0.0
    """There was work: a task was claimed, or waited."""
    render_s: float = 0.0
    download_s: float = 0.0
    upload_s: float = 0.0
    stalled_s: float = 0.0
    """The renderer stood and waited for a download or an upload."""
    renders: int = 0
    rendered_s: float = 0.0
    """From start to end of each render that came to its end, added up."""
    published: int = 0
    failed: int = 0
    released: int = 0

    @computed_field  # type: ignore[prop-decorator]  # python/mypy#1362: none above a property
    @property
    def render_utilization(self) -> float | None:
        """Give the share of the time with work in which the renderer worked; None: there was no work."""
        return min(1.0, self.render_s / self.work_s) if self.work_s > 0 else None

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def avg_render_time(self) -> float | None:
        """Give the mean seconds from start to end of a render; None: none came to its end."""
        return self.rendered_s / self.renders if self.renders else None

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def task_throughput(self) -> float | None:
        """Give the videos published per hour; None: no time has passed."""
        return self.published * 3600 / self.span_s if self.span_s > 0 else None

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def io_overhead(self) -> float | None:
        """Give the share of the time with work in which the renderer waited for files; None: there was no work."""
        return min(1.0, self.stalled_s / self.work_s) if self.work_s > 0 else None

    def four(self) -> dict[str, float | None]:
        """Give the four figures by name."""
        return {
            "render_utilization": self.render_utilization,
            "avg_render_time": self.avg_render_time,
            "task_throughput": self.task_throughput,
            "io_overhead": self.io_overhead,
        }

    def line(self) -> dict[str, float | int]:
        """Give the fields of a log line, rounded for people; a figure that is not known is left out."""
        known = {name: round(value, 3) for name, value in self.four().items() if value is not None}
        counts = {"published": self.published, "failed": self.failed, "released": self.released}
        return known | counts | {"over_s": round(self.span_s, 1)}

    @classmethod
    def together(cls, parts: "tuple[Figures, ...]") -> "Figures":
        """Add up what several nodes did at the same time; the span is that of the longest."""
        if not parts:
            return cls()
        names = [name for name in cls.model_fields if name not in {"window_s", "span_s"}]
        sums = {name: sum(getattr(part, name) for part in parts) for name in names}
        return cls(window_s=parts[0].window_s, span_s=max(part.span_s for part in parts), **sums)


class NodePaper(Value):
    """A node's paper. A paper of another version still reads.

    Shape: `beat` counts up at every writing, from 0 in each life; `incarnation` is random per life; `held`: task ids.
    Units: `frame` of `frames` of the running render, which began `render_s` ago; `disk_free` and `disk_total` bytes;
        `load1` as uptime tells it; `published`, `failed` and `released` since the start.
    """

    model_config = ConfigDict(extra="ignore")

    node: str = ""
    incarnation: str = ""
    beat: int = 0
    host: str = ""
    boot_id: str = ""
    pid: int = 0
    version: str = ""
    encoder: str = ""
    tags: tuple[str, ...] = ()
    state: State = "starting"
    task: str = ""
    frame: int = 0
    frames: int = 0
    render_s: float = 0.0
    held: tuple[str, ...] = ()
    heartbeat_s: float = 10.0
    lease_s: float = 60.0
    figures: Figures = Figures()
    disk_free: int = 0
    disk_total: int = 0
    load1: float = 0.0
    cpus: int = 0
    memory_mb: int = 0
    published: int = 0
    failed: int = 0
    released: int = 0


@dataclass(frozen=True)
class Seen:
    """A node as another process sees it. Units: `age_s` since its last beat, as well as the looker can tell."""

    paper: NodePaper
    age_s: float
    trouble: str = ""
    """Why the paper could not be read; empty where it could."""
    is_asked_to_drain: bool = False
    """Whether someone wants it to take no more tasks, which it may not have heard yet."""

    @property
    def is_silent(self) -> bool:
        """Whether its lease is over though it never said that it ends."""
        return self.age_s > self.paper.lease_s and self.paper.state not in ENDED

    @property
    def is_late(self) -> bool:
        """Whether two beats are missing while its lease still runs: the machine or its disk is slow."""
        return self._misses_beats and self.age_s <= self.paper.lease_s and self.paper.state not in ENDED

    @property
    def _misses_beats(self) -> bool:
        return self.age_s > 2 * self.paper.heartbeat_s

    @property
    def is_live(self) -> bool:
        """Whether what it tells of itself is of now."""
        return not self.trouble and self.age_s <= self.paper.lease_s

    @property
    def state(self) -> str:
        """Give one word for its state as seen from here."""
        if self.trouble:
            return "unreadable"
        if self.paper.state == "stopping" and self._misses_beats:
            return "ended"
        return "silent" if self.is_silent else self.paper.state

    @property
    def percent(self) -> int | None:
        """Give how far the running render is; None: none is running."""
        if not self.paper.task or self.paper.frames <= 0:
            return None
        return min(100, 100 * self.paper.frame // self.paper.frames)
