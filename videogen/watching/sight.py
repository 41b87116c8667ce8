"""All that `top` shows, at one moment; and who looks."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from videogen import census, durable
from videogen.model.intake import INTAKE, Intake
from videogen.model.node import Figures
from videogen.scan.arrival import DEEPEST
from videogen.spool import Spool
from videogen.watching.counting import Count, Counted, Trash, has_come, is_in_library, is_refused, is_visible
from videogen.watching.nodes import Nodes, NodeSight
from videogen.watching.papers import Latest, hits_and_misses
from videogen.watching.tail import Event, Tail

SLICE_S = 0.02
"""So long a look may count; what is not counted then is counted by the next ones."""
MAIN_EVERY_S = 5.0
"""Asking whether main runs takes its lock for a moment."""
NAMED = 8
"""So many voices that wait are named."""


@dataclass(frozen=True)
class Sight:
    """A spool at one moment. Units: bytes; `trash_oldest_s` and `at` in seconds; `cache_hits` a share.

    `cache_hits` is that of the live nodes since they started; None: no segment was wanted. `waits` are sentences.
    """

    at: float
    root: str
    rooms: dict[str, Count]
    nodes: tuple[NodeSight, ...]
    disk: dict[str, float]
    trash_bytes: Count
    trash_oldest_s: float | None
    cache_hits: float | None
    waits: tuple[str, ...]
    events: tuple[Event, ...]

    @property
    def figures(self) -> Figures:
        """Give what the live nodes did in the last hour, added up."""
        return Figures.together(tuple(one.seen.paper.figures for one in self.nodes if one.seen.is_live))

    @property
    def left_s(self) -> float | None:
        """Give how long what waits in tasks/ will take at the pace of the last hour; None: nothing tells."""
        pace = self.figures.task_throughput
        return self.rooms["tasks"].number * 3600 / pace if pace else None

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        return {
            "at": self.at,
            "root": self.root,
            "rooms": {name: {"count": count.number, "is_whole": count.is_whole} for name, count in self.rooms.items()},
            "nodes": [
                census.node_as_dict(one.seen) | {"frames_per_s": one.frames_per_s, "left_s": one.left_s}
                for one in self.nodes
            ],
            "disk": self.disk,
            "trash": {"bytes": self.trash_bytes.number, "oldest_s": self.trash_oldest_s},
            "cache_hits": self.cache_hits,
            "figures": self.figures.model_dump(),
            "tasks_left_s": self.left_s,
            "waits": list(self.waits),
            "events": [asdict(event) for event in self.events],
        }


class Watcher:
    """Looks at one spool again and again. For one thread. Units: `low_disk_bytes` below which a disk is short."""

    def __init__(self, spool: Spool, logs: Path, *, low_disk_bytes: float) -> None:
        self._spool, self._logs, self._low_disk_bytes = spool, logs, low_disk_bytes
        root, trash = spool.root, spool.root / "trash"
        self._rooms = {
            "raw": Counted(root / "raw", has_come, DEEPEST),
            "scanned": Counted(root / "scanned", is_in_library, DEEPEST),
            "tasks": Counted(spool.tasks, is_visible),
            "processing": Counted(spool.processing, is_visible),
            "output": Counted(spool.output, is_visible),
            "trash/invalid": Counted(trash / "invalid", is_refused),
            "trash/failed": Counted(trash / "failed", is_visible),
        }
        self._trash = Trash(trash)
        self._nodes = Nodes(spool.nodes)
        self._tail = Tail(logs)
        self._intake = Latest(Intake.model_validate_json)
        self._figures: dict[str, Latest[tuple[float, float]]] = {}
        self._is_main_there = False
        self._main_asked = -MAIN_EVERY_S

    def look(self, slice_s: float | None = SLICE_S) -> Sight:
        """See all of it now; None: count to the end, however long it takes."""
        until = None if slice_s is None else time.monotonic() + slice_s
        for walk in (*(room.paced for room in self._rooms.values()), self._trash.paced):
            walk.work(until)
        now, nodes = time.time(), self._nodes.look()
        rooms = {name: room.told for name, room in self._rooms.items()}
        oldest = self._trash.oldest
        return Sight(
            at=now,
            root=str(self._spool.root),
            rooms=rooms,
            nodes=nodes,
            disk=census.disk(self._spool.root),
            trash_bytes=Count(self._trash.paced.value, self._trash.paced.is_whole),
            trash_oldest_s=None if oldest is None else max(0.0, now - oldest),
            cache_hits=self._cache_hits(nodes),
            waits=tuple(self._waits(rooms, nodes)),
            events=self._tail.look(),
        )

    def _cache_hits(self, nodes: tuple[NodeSight, ...]) -> float | None:
        live = [one.seen.paper.node for one in nodes if one.seen.is_live]
        self._figures = {name: self._figures.get(name) or Latest(hits_and_misses) for name in live}
        told = [one.read(self._logs / f"metrics-node-{name}.prom") or (0.0, 0.0) for name, one in self._figures.items()]
        hits, misses = sum(one[0] for one in told), sum(one[1] for one in told)
        return hits / (hits + misses) if hits + misses else None

    # -- what waits for what -----------------------------------------------------------------------------------------

    def _waits(self, rooms: dict[str, Count], nodes: tuple[NodeSight, ...]) -> Iterator[str]:
        seen = [one.seen for one in nodes]
        waiting = rooms["tasks"].number
        if waiting and not any(one.is_live for one in seen):
            yield f"{waiting:,} tasks wait for a node, and none lives. Start one: `videogen node`."
        yield from (f"{one.message}. {one.remedy}" for one in census.troubles(seen, self._low_disk_bytes))
        for one in seen:
            if one.is_live and one.paper.state == "waiting-for-space":
                yield f"the node {one.paper.node} waits for disk space. Free space, or empty trash/."
            elif one.is_live and one.is_asked_to_drain:
                yield f"the node {one.paper.node} takes nothing new: it was asked to drain."
        yield from self._intake_waits()

    def _intake_waits(self) -> Iterator[str]:
        if time.monotonic() - self._main_asked >= MAIN_EVERY_S:
            self._main_asked = time.monotonic()
            self._is_main_there = durable.is_locked(self._spool.lock_of("main"))
        if not self._is_main_there:
            yield "raw/ is not taken in: main does not run. Start it: `videogen main`."
            return
        intake = self._intake.read(self._spool.nodes / INTAKE) or Intake()
        counts = {"arriving": intake.arriving, "in work": intake.in_work, "put off": intake.put_off}
        told = [f"{count:,} {what}" for what, count in counts.items() if count]
        if told:
            yield f"raw/: {', '.join(told)}"
        yield from (f"no events from {folder}: {why}" for folder, why in intake.deaf.items())
        yield from (f"{voice}: {why}" for voice, why in islice(intake.waits.items(), NAMED))
        if intake.waiting > min(NAMED, len(intake.waits)):
            yield f"and {intake.waiting - min(NAMED, len(intake.waits)):,} more voices wait"
