"""What may lie about, for how long and how much of it: trash, logs, scratch of the dead, papers of nodes long gone.

What goes for its age goes by the time that was lived since its stamp, whatever the clock did meanwhile (calm.py). What
goes because there is too much of it needs no clock, only the order of the stamps: the oldest first. The only copy of
what was dropped needs both: a week on that clock, however full the room is. A stamp in trash/ that is of no time we
know of is set to now, and ages from there.

Everything goes by a rename to a dot name that tells which inode was meant: nobody sees a folder half gone, the next
look takes away what a death left there, and what another put under the old name meanwhile is put back. A refused file
goes before its reason, as it came after it: what a death leaves is a reason too many, never one too few.
"""

import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from math import inf
from pathlib import Path
from uuid import uuid4

from videogen import durable
from videogen.calm import DAY_S, Calm, Moment
from videogen.fsck import TEMPORARY_ROOMS, TOKEN, TRASH
from videogen.logs import LOG_FILE
from videogen.spool import Spool, drain_of, papers_in

ONLY_COPY_S = 7 * DAY_S
"""The only copy of what was dropped lies at least so long, whatever it takes."""
LEFT_S = 2 * DAY_S
"""Nobody works on one thing so long: what was not touched since is left over."""
GONE_S = 90 * DAY_S
"""A node that gave no sign of life for so long does not come back; if it does, it writes another paper."""
NOTE = ".reason.json"
_GOING = re.compile(r"\.going-(?P<inode>\d+)-[0-9a-f]+")
_FIGURES = re.compile(r"metrics-(?P<role>main|crawl|node-[A-Za-z0-9_-]+)\.prom")


@dataclass(frozen=True)
class Caps:
    """How old things may become, and how much may lie in one room. Units: seconds, bytes."""

    trash_s: float = 30 * DAY_S
    trash_bytes: float = 50e9
    attempts_s: float = 7 * DAY_S
    attempts_bytes: float = 10e9
    logs_s: float = 14 * DAY_S
    logs_bytes: float = 1e9


@dataclass(frozen=True)
class Thing:
    """Something that may go. `note` is the reason beside it, which goes after it; `stamped` is what its stamp is of.

    Units: `least_s` is the age before which it does not go, however much there is.
    """

    room: str
    path: Path
    stamped: Path
    stamp_s: float
    size_bytes: int
    inode: int
    note: Path | None = None
    least_s: float = 0.0
    age_s: float = 0.0
    because: str = ""


@dataclass(frozen=True)
class Heap:
    """Things of one kind, and what bounds them: by default nothing but age. `setting` is what a person may raise."""

    room: str
    things: tuple[Thing, ...]
    most_s: float
    most_bytes: float = inf
    setting: str = ""


@dataclass(frozen=True)
class Over:
    """A room that holds more than its cap though all that may go has gone."""

    room: str
    size_bytes: int
    most_bytes: int
    setting: str


@dataclass(frozen=True)
class Tidied:
    """What went, or is to go; which rooms are too full all the same; how many things are left for the next look."""

    things: tuple[Thing, ...]
    over: tuple[Over, ...] = ()
    left: int = 0

    @property
    def size_bytes(self) -> int:
        """Give the room that makes."""
        return sum(thing.size_bytes for thing in self.things)


class Bounds:
    """The hand that takes away. Only one works at a time on a root: whoever holds `lock`."""

    def __init__(self, spool: Spool, logs: Path, caps: Caps, calm: Calm | None = None) -> None:
        self._spool = spool
        self._logs = logs
        self._caps = caps
        self._calm = calm or Calm(spool.root / "trash" / ".clock.json")
        self.lock = spool.nodes / "tidy.lock"

    def plan(self) -> Tidied:
        """Find what is to go, room by room, the oldest first; nothing is touched."""
        return self._planned(self._calm.look(keep=False), list(self._heaps()))

    def tidy(self, most: int = 500, within_s: float = 2.0) -> Tidied:
        """Take away what is to go, so many things and for so long at most; the rest is left for the next look.

        Raises: OSError, NoSpace: the clock of the disk cannot be noted.
        """
        for room in (*TEMPORARY_ROOMS, "scanned/.incoming"):
            _finish(self._entries(self._spool.root / room))
        moment, heaps, until = self._calm.look(keep=True), list(self._heaps()), time.monotonic() + within_s
        if _restamped(moment, (thing for heap in heaps for thing in heap.things)):
            heaps = list(self._heaps())
        plan, went = self._planned(moment, heaps), list[Thing]()
        for nth, thing in enumerate(plan.things):
            if nth >= most or time.monotonic() >= until:
                return Tidied(tuple(went), left=len(plan.things) - nth)
            with suppress(OSError):
                if take_away(thing):
                    went.append(thing)
        return Tidied(tuple(went), plan.over)

    def lying(self, rooms: Iterable[str] = TRASH) -> list[Thing]:
        """Give all that has its reason in these rooms of trash/, with its age, the oldest first, whatever the caps say.

        Of a file that was refused `least_s` tells for how long it is taken for the only copy.
        """
        moment, wanted = self._calm.look(keep=False), set(rooms)
        heaps = takewhile(lambda heap: heap.room in TRASH, self._heaps())
        things = (thing for heap in heaps if heap.room in wanted for thing in heap.things)
        aged = [replace(thing, age_s=_age_s(moment, thing), because="asked") for thing in things]
        return sorted(aged, key=lambda thing: (thing.stamp_s, thing.path))

    @staticmethod
    def _planned(moment: Moment, heaps: Iterable[Heap]) -> Tidied:
        going, over = list[Thing](), list[Over]()
        for heap in heaps:
            aged = [replace(thing, age_s=_age_s(moment, thing)) for thing in heap.things]
            some, size = chosen(heap, aged)
            going += some
            if size > heap.most_bytes:
                over.append(Over(heap.room, size, int(heap.most_bytes), heap.setting))
        return Tidied(tuple(going), tuple(over))

    # -- what there is -------------------------------------------------------------------------------------------------

    def _heaps(self) -> Iterator[Heap]:
        root, caps = self._spool.root, self._caps
        refused, notes = _refused("trash/invalid", self._entries(root / "trash" / "invalid"))
        most_s = max(caps.trash_s, ONLY_COPY_S)
        yield Heap("trash/invalid", refused, most_s, caps.trash_bytes, "trash.max_gb")
        # What is no folder was put into tasks/ by someone, and may be a copy that is the only one, too.
        beside, more_notes = _refused("trash/failed", self._entries(self._spool.failed))
        failed = (*_folders("trash/failed", self._entries(self._spool.failed)), *beside)
        yield Heap("trash/failed", failed, caps.trash_s, caps.trash_bytes, "trash.max_gb")
        attempts = _folders("trash/attempts", self._entries(self._spool.attempts))
        yield Heap("trash/attempts", attempts, caps.attempts_s, caps.attempts_bytes, "trash.attempts_gb")
        yield Heap("logs", tuple(self._old_logs()), caps.logs_s, caps.logs_bytes, "log.max_gb")
        yield Heap("left over", (*notes, *more_notes, *self._leftovers()), LEFT_S)
        yield Heap("processing/.nodes", tuple(self._papers()), GONE_S)

    def _entries(self, folder: Path) -> list[Path]:
        """List a folder that is what its name says: neither it nor what it lies in is a link to somewhere else."""
        root = self._spool.root
        inside = folder.is_relative_to(root)
        way = [folder, *(folder.parents if inside else ())]
        if any(one.is_symlink() for one in way if one != root and (not inside or one.is_relative_to(root))):
            return []
        try:
            return [folder / name for name in durable.listing(folder)]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _old_logs(self) -> Iterator[Thing]:
        for path in self._entries(self._logs):
            match = LOG_FILE.fullmatch(path.name) or _FIGURES.fullmatch(path.name)
            if match and not path.is_symlink():
                # A process holds its log open: what it writes into one that was taken away is read by nobody. One on
                # another machine is not seen here, but none is silent for so long.
                may_be_open = not match.groupdict().get("day")
                is_open = may_be_open and self._is_running(match["role"])
                yield from _thing("logs", path, least_s=inf if is_open else GONE_S if may_be_open else 0.0)

    def _is_running(self, role: str) -> bool:
        return durable.is_locked(self._spool.lock_of(role))

    def _leftovers(self) -> Iterator[Thing]:
        """Give what processes left that died, or cannot be alive any more where it is as old as that."""
        for path in self._entries(self._spool.processing):
            role = path.name.removeprefix(".warm.")
            if role != path.name and not self._is_running("warm" if role == "by-hand" else role):
                yield from _thing("processing", path)
        for path in self._entries(self._spool.root / "scanned" / ".incoming"):
            yield from _thing("scanned/.incoming", path)
        for room in TEMPORARY_ROOMS:
            for path in self._entries(self._spool.root / room):
                if path.name.startswith(".tmp-") and not any(TOKEN.fullmatch(one.name) for one in self._entries(path)):
                    yield from _thing(room, path)

    def _papers(self) -> Iterator[Thing]:
        nodes = self._spool.nodes
        for path in papers_in(nodes) if self._entries(nodes) else ():
            # One that was asked to drain is so until someone says otherwise, and takes no task when it comes back.
            if not (drain_of(nodes, path.stem).exists() or self._is_running(f"node-{path.stem}")):
                yield from _thing("processing/.nodes", path)
        for path in self._entries(nodes):
            if path.name.startswith(".proofs."):
                yield from _thing("processing/.nodes", path)


def chosen(heap: Heap, things: Iterable[Thing]) -> tuple[list[Thing], int]:
    """Choose what goes: all that is too old, then the oldest while there is too much; give what size stays.

    Shape: in order of age, the oldest first. Units: bytes.
    """
    ordered = sorted(things, key=lambda thing: (thing.stamp_s, thing.path))
    size, going = sum(thing.size_bytes for thing in ordered), list[Thing]()
    old = {thing.path for thing in ordered if thing.age_s >= max(heap.most_s, thing.least_s)}
    size -= sum(thing.size_bytes for thing in ordered if thing.path in old)
    for thing in ordered:
        if thing.path in old:
            going.append(replace(thing, because="age"))
        elif size > heap.most_bytes and thing.age_s >= thing.least_s:
            size -= thing.size_bytes
            going.append(replace(thing, because="size"))
    return going, size


def _age_s(moment: Moment, thing: Thing) -> float:
    """Give a thing's age; of no known time, it is as old as the first look, but in trash/ that is no proof."""
    age_s = moment.age_s(thing.stamp_s)
    if age_s is None:
        return 0.0 if thing.room.startswith("trash/") else moment.watched_s
    return max(0.0, age_s)


def _restamped(moment: Moment, things: Iterable[Thing]) -> bool:
    """Set stamps in trash/ of no known time to now; False: there were none."""
    is_any = False
    for thing in things:
        if thing.room.startswith("trash/") and moment.age_s(thing.stamp_s) is None and not thing.stamped.is_symlink():
            with suppress(OSError):
                durable.stamp(thing.stamped)
                is_any = True
    return is_any


def _thing(room: str, path: Path, stamped: Path | None = None, *, least_s: float = 0.0) -> Iterator[Thing]:
    """Give a thing as it lies there, links not followed; nothing where it has gone."""
    with suppress(FileNotFoundError, NotADirectoryError):
        stamped = stamped if stamped and stamped.exists() else path
        stamp_s, found = stamped.lstat().st_mtime, path.lstat()
        size = _tree_bytes(path) if stat.S_ISDIR(found.st_mode) else found.st_size
        yield Thing(room, path, stamped, stamp_s, size, found.st_ino, least_s=least_s)


def _tree_bytes(folder: Path) -> int:
    size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += Path(where, name).lstat().st_size
    return size


def _folders(room: str, entries: Iterable[Path]) -> tuple[Thing, ...]:
    """Give the folders of tasks; a task has been there since its reason was written."""
    real = (path for path in entries if not path.name.startswith(".") and path.is_dir() and not path.is_symlink())
    return tuple(
        thing
        for path in real
        if not path.with_name(path.name + NOTE).exists()
        for thing in _thing(room, path, path / "reason.json")
    )


def _refused(room: str, entries: Iterable[Path]) -> tuple[tuple[Thing, ...], tuple[Thing, ...]]:
    """Give what has its reason beside it, and the reasons with nothing beside them; what has none is a person's.

    A thing has been there since its reason was written: its own stamp is the one it had when it was dropped.
    """
    names = {path.name: path for path in entries if not path.name.startswith(".")}
    refused, alone = list[Thing](), list[Thing]()
    for name, note in names.items():
        if not name.endswith(NOTE) or name + NOTE in names:
            continue
        path = names.get(name.removesuffix(NOTE))
        if path is None:
            alone += _thing(room, note)
            continue
        for thing in _thing(room, path, note, least_s=ONLY_COPY_S):
            beside = sum(one.size_bytes for one in _thing(room, note))
            refused.append(replace(thing, note=note, size_bytes=thing.size_bytes + beside))
    return tuple(refused), tuple(alone)


# -- away with it ------------------------------------------------------------------------------------------------------


def take_away(thing: Thing) -> bool:
    """Take a thing away, and then its reason; False: it is gone, or another lies there by now, which stays.

    Raises: OSError: it cannot be taken away.
    """
    going = thing.path.with_name(f".going-{thing.inode}-{uuid4().hex[:8]}")
    try:
        if thing.path.lstat().st_ino != thing.inode or thing.stamped.lstat().st_mtime != thing.stamp_s:
            return False
        durable.move(thing.path, going)
    except FileNotFoundError:
        return False
    if going.lstat().st_ino != thing.inode:
        durable.move_new(going, thing.path)
        return False
    _remove(going)
    if thing.note is not None:
        durable.remove(thing.note)
    return True


def _finish(entries: Iterable[Path]) -> None:
    """Take away what a death left on its way."""
    for path in entries:
        with suppress(FileNotFoundError):
            if (match := _GOING.fullmatch(path.name)) and path.lstat().st_ino == int(match["inode"]):
                _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        durable.remove_tree(path)
    else:
        durable.remove(path)
