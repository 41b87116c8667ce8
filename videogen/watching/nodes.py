"""The nodes as they go on: their papers, read when they changed, and how quickly their renders come forward."""

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from videogen import durable
from videogen.model.node import NodePaper, Seen
from videogen.spool import drain_of, papers_in

PACE_S = 60.0
"""A node's speed is that of its last minute."""


@dataclass
class _Known:
    """A node's paper, as it was read, and how far its render was at each beat."""

    stamp: tuple[int, int]
    seen: Seen
    beats: deque[tuple[float, int]] = field(default_factory=deque)

    def went_on(self, before: "_Known | None", beat_s: float) -> None:
        """Take over the beats of the same render, and add this one."""
        paper = self.seen.paper
        if before is not None:
            was = before.seen.paper
            if (was.incarnation, was.task) == (paper.incarnation, paper.task):
                self.beats = before.beats
        self.beats.append((beat_s, paper.frame))
        while len(self.beats) > 2 and beat_s - self.beats[0][0] > PACE_S:
            self.beats.popleft()

    @property
    def frames_per_s(self) -> float | None:
        """Give the speed of the running render; None: none is running, or it is not known yet."""
        paper, (began, first), (ended, last) = self.seen.paper, self.beats[0], self.beats[-1]
        if not paper.task or paper.frames <= 0:
            return None
        if ended > began and last > first:
            return (last - first) / (ended - began)
        return paper.frame / paper.render_s if paper.render_s > 0 and paper.frame else None


@dataclass(frozen=True)
class NodeSight:
    """A node, and how its render goes. Units: frames per second; seconds until the last frame; None: not known."""

    seen: Seen
    frames_per_s: float | None = None
    left_s: float | None = None


class Nodes:
    """The papers in processing/.nodes/."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, _Known] = {}

    def look(self) -> tuple[NodeSight, ...]:
        """Give every node, in order of name; only papers that changed are read."""
        known: dict[str, _Known] = {}
        sights = []
        now = time.time()
        for path in papers_in(self._folder):
            with suppress(OSError):
                found = path.lstat()
                stamp, age_s = (found.st_mtime_ns, found.st_ino), max(0.0, now - found.st_mtime)
                before = self._known.get(path.name)
                if before is not None and before.stamp == stamp:
                    one = before
                else:
                    one = _Known(stamp, _read(path))
                    one.went_on(before, found.st_mtime)
                known[path.name] = one
                sights.append(self._sight(one, path, age_s))
        self._known = known
        return tuple(sights)

    def _sight(self, one: _Known, path: Path, age_s: float) -> NodeSight:
        is_asked = drain_of(self._folder, path.stem).exists()
        seen = Seen(one.seen.paper, age_s, one.seen.trouble, is_asked_to_drain=is_asked)
        speed = one.frames_per_s if seen.is_live else None
        if speed is None:
            return NodeSight(seen)
        left_s = max(0.0, (seen.paper.frames - seen.paper.frame) / speed - age_s)
        return NodeSight(seen, speed, left_s)


def _read(path: Path) -> Seen:
    try:
        return Seen(NodePaper.model_validate_json(durable.read(path)), 0.0)
    except ValueError as error:
        return Seen(NodePaper(node=path.stem), 0.0, trouble=" ".join(str(error).split())[:200])
