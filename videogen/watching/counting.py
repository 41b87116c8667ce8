"""How much lies in a room, found out a few milliseconds at a time."""

import os
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from videogen.scan.arrival import is_ignored

REST = 50
"""After a walk there is none for so many times as long as it took: walks take 2 % of the time."""
GRAIN_S = 2.0
"""Longer than one tick of any mtime; the coarsest is that of FAT. Source: mount(8)."""
FULL_S = 30.0
"""A count is never older than this, whatever the mtime says: some filesystems keep none for folders."""
SIZE_EVERY_S = 10.0
SLICE = 256
"""So many names are taken before a walk looks at the clock: a fraction of a millisecond."""
LIBRARY = (".mp4", ".mp3", ".txt")
NOTE = ".reason.json"

Steps = Generator[None, None, int]
Clock = Callable[[], float]


class Paced:
    """A number that is found out in steps, again and again, in a fixed share of the time.

    `value` is the last one that was found out to its end, and `is_whole`; before that, what the steps told so far.
    """

    def __init__(self, steps: Callable[[], Steps], *, every_s: float = 0.0, clock: Clock = time.monotonic) -> None:
        self._make, self._every_s, self._clock = steps, every_s, clock
        self._steps: Steps | None = None
        self._took_s = 0.0
        self._due = clock()
        self.value = 0
        self.is_whole = False

    def work(self, until: float | None) -> None:
        """Go on until a moment, or to the end; at least one step is made where one is due."""
        began = self._clock()
        if self._steps is None and began < self._due:
            return
        steps = self._steps = self._steps or self._make()
        try:
            while True:
                next(steps)
                if until is not None and self._clock() >= until:
                    break
        except StopIteration as end:
            self.value, self.is_whole, self._steps = end.value, True, None
        now = self._clock()
        self._took_s += now - began
        if self._steps is None:
            self._due, self._took_s = now + max(self._every_s, REST * self._took_s), 0.0


@dataclass
class _Folder:
    """A folder as it was listed: its things, the folders in it, and when its mtime was first seen as it is."""

    mtime_ns: int
    seen_s: float
    listed_s: float = -1.0
    count: int = 0
    inner: tuple[str, ...] = ()

    def is_current(self, now: float) -> bool:
        """Whether it need not be listed again."""
        return self.listed_s > self.seen_s + GRAIN_S and now - self.listed_s < FULL_S


class Counted:
    """How many things lie in a folder, or with `depth` in those below it too."""

    def __init__(
        self, root: Path, counts: Callable[[str], bool], depth: int = 0, clock: Clock = time.monotonic
    ) -> None:
        self._root, self._counts, self._depth, self._clock = str(root), counts, depth, clock
        self._folders: dict[str, _Folder] = {}
        self._so_far = 0
        self.paced = Paced(self._steps, clock=clock)

    def work(self, until: float | None) -> None:
        """Go on counting until a moment, or to the end."""
        self.paced.work(until)

    @property
    def told(self) -> "Count":
        """Give the count as it is known now."""
        return Count(self.paced.value if self.paced.is_whole else self._so_far, is_whole=self.paced.is_whole)

    def _steps(self) -> Steps:
        kept: dict[str, _Folder] = {}
        self._so_far, waiting = 0, [(self._root, 0)]
        while waiting:
            path, depth = waiting.pop()
            try:
                yield from self._list(path, depth, kept)
            except OSError:
                continue  # it went, or may not be looked into
            waiting += [(inner, depth + 1) for inner in kept[path].inner]
        self._folders = kept
        return sum(folder.count for folder in kept.values())

    def _list(self, path: str, depth: int, kept: dict[str, _Folder]) -> Generator[None]:
        now, mtime_ns, known = self._clock(), os.stat(path).st_mtime_ns, self._folders.get(path)
        if known is None or known.mtime_ns != mtime_ns:
            known = _Folder(mtime_ns, now)
        if known.is_current(now):
            kept[path], self._so_far = known, self._so_far + known.count
            yield
            return
        count, folders = 0, []
        with os.scandir(path) as entries:
            for nth, entry in enumerate(entries):
                if self._depth and entry.is_dir(follow_symlinks=False):
                    if depth < self._depth and not is_ignored(entry.name, is_folder=True):
                        folders.append(entry.path)
                elif self._counts(entry.name):
                    count += 1
                    self._so_far += 1
                if nth % SLICE == 0:
                    yield
        known.count, known.inner, known.listed_s = count, tuple(folders), now
        kept[path] = known


class Count(NamedTuple):
    """A room's count; where it is not whole, there are at least so many."""

    number: int
    is_whole: bool


def is_visible(name: str) -> bool:
    """Whether a name counts where folders are things: tasks/, processing/, output/, trash/failed."""
    return not name.startswith(".")


def is_refused(name: str) -> bool:
    """Whether a name counts in trash/invalid: a reason is no thing of its own."""
    return is_visible(name) and not name.endswith(NOTE)


def is_in_library(name: str) -> bool:
    """Whether a name counts in scanned/."""
    return name.endswith(LIBRARY) and not is_ignored(name)


def has_come(name: str) -> bool:
    """Whether a name counts in raw/."""
    return not is_ignored(name)


class Trash:
    """The size of trash/ and the oldest thing in it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.oldest: float | None = None
        self.paced = Paced(self._steps, every_s=SIZE_EVERY_S)

    def _steps(self) -> Steps:
        size, oldest, nth = 0, None, 0
        for room in ("invalid", "failed", "attempts"):
            top = str(self._root / room)
            for where, folders, names in os.walk(top):
                is_top = where == top
                for is_file, name in (
                    *((True, name) for name in names),
                    *((False, name) for name in folders if is_top),
                ):
                    if (nth := nth + 1) % SLICE == 0:
                        yield
                    with suppress(OSError):
                        found = os.lstat(f"{where}/{name}")
                        size += found.st_size if is_file else 0
                        # Of a refused file its note tells the time: a file keeps the one its owner gave it.
                        if is_top and is_visible(name) and (room != "invalid" or name.endswith(NOTE)):
                            oldest = min(found.st_mtime, oldest or found.st_mtime)
        self.oldest = oldest
        yield
        return size
