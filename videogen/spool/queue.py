"""The index of waiting tasks: what this node takes next, without reading all of tasks/ again for every claim.

tasks/ is the truth; the index is one node's guess at it, in memory, and every way in which it can be wrong is cheap:
  a name that has gone            seen by one look before it is offered; lost after that, it costs one failed rename
  a task that went and came back  its folder is another one (inode, mtime): its paper is read again before it is offered
  a name it has not heard of      events tell it at once; where they do not, the next listing does
A listing costs more the more tasks wait, and each claim by anyone changes the folder. So it is made only when the
folder's mtime is another than before the last one, and never takes more than a fixed share of the time. An mtime is
compared for change, never with a clock: two changes within one of its ticks look the same, so a listing counts as
complete only if it began when the mtime had been seen unchanged for longer than any tick.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count
from math import isfinite
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

from videogen import durable
from videogen.errors import RecipeError
from videogen.model.timebase import parse_resolution
from videogen.spool.papers import token

Clock = Callable[[], float]
FULL_S = 30.0
"""A listing is never older than this, whatever the mtime says: some filesystems keep none for folders."""
GRAIN_S = 2.0
"""Longer than one tick of any mtime; the coarsest is that of FAT. Source: mount(8)."""
REST = 50
"""After a listing there is none for so many times as long as it took, but for FULL_S: they take 2 % of the time."""
LATEST_S = 86400.0
"""No paper makes a task wait longer: whoever wrote that it should meant something else."""
AVOID_S = 60.0
"""How long a node leaves a task on which it failed to others."""
_UNREADABLE = (OSError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError)
"""What reading a folder and a paper of any content may raise."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A waiting task, as much of it as placing it needs; mtime and inode say from which of its folders it was read.

    Units: `resolution` in pixels, (0, 0) where it is none; `seen_s` when it was read, on the index's own clock.
    """

    task_id: str
    priority: int
    since_ns: int
    inode: int
    tags: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    attempts: int = 0
    not_before_s: float = 0.0
    frames: int = 0
    resolution: tuple[int, int] = (0, 0)
    seen_s: float = 0.0


class Counts(NamedTuple):
    """How many tasks wait, and how many of them this node leaves: for its tags, or until a delay is over."""

    waiting: int
    unfit: int
    later: int


class Queue:
    """What waits in tasks/, in the order in which one node takes it: highest priority first, then oldest.

    `tags` are what the node has; a task that asks for others is never offered. For one thread, but for `announce`.
    """

    def __init__(
        self, tasks: Path, *, node: str = "", tags: frozenset[str] = frozenset(), clock: Clock = monotonic
    ) -> None:
        self.tasks = tasks
        self.has_others: Callable[[], bool] = lambda: True
        """Whether other nodes live: alone, a node does not leave a task to others."""
        self._node, self._tags, self._clock = node, tags, clock
        self._listing = _Listing(tasks, clock)
        self._known: dict[str, Entry] = {}
        # Rows of what is no longer known stay until they come up; the serial keeps two entries from being compared.
        self._serial = count()
        self._ready: list[tuple[int, int, str, int, Entry]] = []
        self._later: list[tuple[float, int, Entry]] = []
        self._offered: list[Entry] = []
        self._broken: set[str] = set()
        self._announced: set[str] = set()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def counts(self) -> Counts:
        """Count what is known; looks at each entry once."""
        unfit = sum(not self._tags.issuperset(entry.tags) for entry in self._known.values())
        return Counts(len(self), unfit, sum(self._holds(entry) for *_, entry in self._later))

    def before(self, task_id: str) -> int | None:
        """Count what comes before a task, by priority and age, whoever may take it; None: it is not known."""
        mine = self._known.get(task_id)
        if mine is None:
            return None
        return sum(_order(one) < _order(mine) for one in self._known.values())

    def announce(self, name: str) -> None:
        """Have the next `look` look at this name, whether it came, went or changed; any thread may say so."""
        with self._lock:
            self._announced.add(name)

    def look(self) -> None:
        """Bring the index up to date: the names announced, and all names where a listing is due; raises nothing."""
        with self._lock:
            announced, self._announced = self._announced, set()
        for name in announced:
            self._read(name)
        try:
            names = self._listing.names()
        except OSError as error:
            self._listing = _Listing(self.tasks, self._clock)  # what comes back may have the mtime it had
            # Where no spool is mounted nothing waits; after any other trouble the next listing will tell.
            names = set() if isinstance(error, FileNotFoundError | NotADirectoryError) else None
        if names is not None:
            self._follow(names)

    def candidates(self) -> Iterator[Entry]:
        """Give the tasks this node may take now, best first; what is not `gone` is given again by the next call.

        Each was there when it was given, and its paper was read as it was then.
        """
        while self._offered:
            self._make_ready(self._offered.pop())
        checked: set[str] = set()
        while (entry := self._next()) is not None:
            if entry.task_id not in checked:  # once: some filesystems give a file another inode at every look
                checked.add(entry.task_id)
                self._read(entry.task_id)
            if self._holds(entry):
                self._offered.append(entry)
                yield entry

    def gone(self, task_id: str) -> None:
        """Forget a task: it is ours, or another's. Still there at the next listing, it is new."""
        self._known.pop(task_id, None)

    def broken(self) -> list[str]:
        """Give each visible name under which there is no task, once per listing that finds it so."""
        names, self._broken = sorted(self._broken), set()
        return names

    def _follow(self, names: set[str]) -> None:
        for name in self._known.keys() - names:
            del self._known[name]
        self._broken.clear()
        for name in names - self._known.keys():
            self._read(name)
        if len(self._ready) + len(self._later) > 2 * len(self._known):
            self._ready = sorted(row for row in self._ready if self._holds(row[-1]))  # a heap, too
            self._later = sorted(row for row in self._later if self._holds(row[-1]))

    def _read(self, name: str) -> None:
        """Bring one name up to date: what lies there is an entry, or broken, or nothing."""
        folder = f"{self.tasks}/{name}"
        try:
            found = os.stat(folder)
            known = self._known.get(name)
            if known is not None and (known.inode, known.since_ns) == (found.st_ino, found.st_mtime_ns):
                return
            entry = replace(_entry(folder, name, found), seen_s=self._clock())
        except _UNREADABLE:
            self.gone(name)
            if os.path.lexists(folder):  # else another node took it while we looked
                self._broken.add(name)
            return
        self._known[name] = entry
        if self._tags.issuperset(entry.tags):
            self._place(entry)

    def _place(self, entry: Entry) -> None:
        """Count its delay from now, when this node first saw it so, on its own clock: no two clocks are compared."""
        is_left = self._node in entry.avoid and self.has_others()
        delay_s = max(entry.not_before_s, AVOID_S if is_left else 0.0)
        if delay_s > 0:
            heappush(self._later, (self._clock() + delay_s, next(self._serial), entry))
        else:
            self._make_ready(entry)

    def _make_ready(self, entry: Entry) -> None:
        heappush(self._ready, (*_order(entry), next(self._serial), entry))

    def _next(self) -> Entry | None:
        while self._later and self._later[0][0] <= self._clock():
            self._make_ready(heappop(self._later)[-1])
        while self._ready:
            entry = heappop(self._ready)[-1]
            if self._holds(entry):
                return entry
        return None

    def _holds(self, entry: Entry) -> bool:
        return self._known.get(entry.task_id) is entry


class _Listing:
    """When tasks/ was last listed, and whether it can hold other names since."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._stamp: tuple[int, int] | None = None
        self._listed: tuple[int, int] | None = None
        self._stamp_seen = self._began = self._rest_until = float("-inf")

    def names(self) -> set[str] | None:
        """Give the visible names, or None where a listing is not due. Raises: OSError."""
        now, found = self._clock(), os.stat(self._folder)
        if self._stamp != (found.st_ino, found.st_mtime_ns):
            self._stamp, self._stamp_seen = (found.st_ino, found.st_mtime_ns), now
        if not self._is_due(now):
            return None
        names = {name for name in os.listdir(self._folder) if not name.startswith(".")}
        self._listed, self._began = self._stamp, now
        ended = self._clock()
        self._rest_until = ended + min(REST * (ended - now), FULL_S)
        return names

    def _is_due(self, now: float) -> bool:
        if self._listed is None or now < self._rest_until:
            return self._listed is None
        settles = self._stamp_seen + GRAIN_S
        return self._listed != self._stamp or self._began < settles <= now or now - self._began >= FULL_S


def _entry(folder: str, name: str, found: os.stat_result) -> Entry:
    """Read a waiting task. Raises: one of _UNREADABLE: it is none, or lacks its paper or its token."""
    where = Path(folder)
    paper: dict[str, Any] = json.loads(durable.read(where / "metadata.json"))
    if paper["task_id"] != name or token(where) is None:
        raise ValueError(name)
    delay_s = float(paper.get("not_before_s", 0))  # what is no number at all is no delay
    return Entry(
        task_id=name,
        priority=int(paper.get("priority", 5)),
        since_ns=found.st_mtime_ns,
        inode=found.st_ino,
        tags=_words(paper.get("tags", [])),
        avoid=_words(paper.get("avoid", [])),
        attempts=int(paper.get("attempts", 0)),
        not_before_s=min(delay_s, LATEST_S) if isfinite(delay_s) else 0.0,
        frames=int(paper["frames"]),
        resolution=_resolution(str(paper["render"]["resolution"])),
    )


def _order(entry: Entry) -> tuple[int, int, str]:
    """Give by what tasks are put in their order: the most urgent first, then the oldest."""
    return -entry.priority, entry.since_ns, entry.task_id


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(str, value))
    raise TypeError(value)


@lru_cache(maxsize=64)
def _resolution(text: str) -> tuple[int, int]:
    with suppress(RecipeError):
        return parse_resolution(text)
    return 0, 0
