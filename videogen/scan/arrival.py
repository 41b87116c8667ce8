"""Which files in raw/ have arrived: proven whole, or unchanged for a while by our own clock.

Time stamps are compared, not believed. However many names lie in raw/, so many are followed at a time, some of each
folder; the others come when those are decided.
"""

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import structlog

from videogen import durable
from videogen.scan.hints import Hint, Hints
from videogen.scan.whole import is_whole_film

log = structlog.get_logger()

DEEPEST = 6
"""Folders below raw/ that are looked into; the deepest place has four. A deeper folder is one thing, and misplaced."""
IGNORED_ENDINGS = (
    ".part",
    ".partial",
    ".tmp",
    ".crdownload",
    ".filepart",
    ".download",
    ".!ut",
    ".aria2",
    ".opdownload",
)
IGNORED_NAMES = {"@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found", "Thumbs.db"}
IGNORED_NAMES |= {"ehthumbs.db", "desktop.ini"}
FOLLOWED = 20_000
"""So many files are followed at a time: some 10 MB of memory, and hours of work."""
FOLLOWED_OF_A_FOLDER = 2_000
"""Of one folder no more, so that one that was flooded holds up no other."""
WALK_SHARE = 5
"""Walks of raw/ take one part in so many of the time; between two, what is followed or was told of is looked at."""
QUICK_S = 0.05
"""A walk this quick costs nothing, and is made each time."""
DEAF_FACTOR = 3
"""Where no events come the writer sits behind a network, which pauses for longer and shows sizes late."""
Signature = tuple[int, int, int, int]
DOUBTED: Signature = (0, 0, 0, 0)
"""No file's: what stands for one that proved nothing."""


def is_ignored(name: str, *, is_folder: bool = False) -> bool:
    """Whether a name is one that copiers, browsers and NAS boxes use for what is not there yet, or not for us."""
    if name.startswith((".", "~$")) or name in IGNORED_NAMES:
        return True
    return not is_folder and name.lower().endswith(IGNORED_ENDINGS)


@dataclass(frozen=True)
class Arrival:
    """One file in raw/. `path` is whole; `since` is when it was first seen as it is, by the monotonic clock.

    `is_early`: it has settled by what it proves, not by time; bad news about it is not final before it was quiet.
    """

    path: Path
    signature: Signature
    since: float
    has_settled: bool
    is_early: bool = False


class Arrivals:
    """What lies in raw/, and since when each file is as it is. `is_deaf` says where events do not come."""

    def __init__(
        self,
        raw: Path,
        quiet_s: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        hints: Hints | None = None,
        is_deaf: Callable[[Path], bool] = lambda _: False,
    ) -> None:
        self._raw = raw
        self._quiet_s = quiet_s
        self._clock = clock
        self._hints = hints or Hints(Event())
        self._is_deaf = is_deaf
        self._seen: dict[Path, tuple[Signature, float]] = {}
        self._early: dict[Path, Signature] = {}
        self._stuck: dict[Path, Signature] = {}
        self._walk_at = -1.0
        self.unreadable: dict[Path, str] = {}
        self._troubled: dict[Path, str] = {}
        self.beyond = 0
        """Files that are there and not followed yet."""

    def look(self) -> list[Arrival]:
        """Look at raw/ once; give every file that is followed, in order of path.

        A file has settled when its size, times and inode were the same for `quiet_s`; one that changes starts anew.
        Before that it has settled early when nobody can be writing it and it is a film that reaches to its last byte;
        or when it was renamed into place, which copiers do when they are done.
        """
        hints, now, found = self._hints.take(), self._clock(), []
        files = sorted(self._walked() if now >= self._walk_at else self._followed(hints))
        before, self._seen = self._seen, {}
        for path, signature in files:
            known, since = before.get(path, (None, now))
            since = since if known == signature else now
            self._seen[path] = signature, since
            is_quiet = now - since >= self._quiet_s * (DEAF_FACTOR if self._is_deaf(path) else 1)
            # A folder may be filled before its events come: what is new to us is looked at as if it were named.
            hint = hints.get(path, None if known == signature else "closed")
            is_early = not is_quiet and self._is_early(path, signature, hint)
            found.append(Arrival(path, signature, since, is_quiet or is_early, is_early))
        self._early = {path: proven for path, proven in self._early.items() if path in self._seen}
        return found

    def doubt(self, arrival: Arrival) -> None:
        """Take an early arrival back: it waits until it was quiet."""
        self._early[arrival.path] = DOUBTED

    def pass_over(self, arrival: Arrival) -> None:
        """Follow a file no more while it is as it is: it can be neither taken nor moved."""
        self._stuck[arrival.path] = arrival.signature

    def _is_early(self, path: Path, signature: Signature, hint: Hint | None) -> bool:
        """Whether a file proves by itself that it has arrived; it is asked when an event names it, or it changed."""
        if hint is not None and self._early.get(path) != signature:
            is_proven = durable.writers(path) == "none" if hint == "moved" else _is_film(path) and is_whole_film(path)
            self._early[path] = signature if is_proven else DOUBTED
        return self._early.get(path) == signature

    def _walked(self) -> Iterator[tuple[Path, Signature]]:
        """Walk all of raw/; when the next walk is due follows from how long this one took."""
        began = self._clock()
        yield from self._files()
        took_s = self._clock() - began
        self._walk_at = self._clock() + took_s * (WALK_SHARE - 1) if took_s > QUICK_S else began

    def _followed(self, hints: Mapping[Path, Hint]) -> Iterator[tuple[Path, Signature]]:
        """Look at what is followed already and at what events named."""
        for path in self._seen.keys() | {path for path in hints if self._is_ours(path)}:
            if (signature := signature_of(path)) and self._stuck.get(path) != signature:
                yield path, signature

    def _is_ours(self, path: Path) -> bool:
        *folders, name = path.relative_to(self._raw).parts
        is_hidden = is_ignored(name) or any(is_ignored(folder, is_folder=True) for folder in folders)
        return not is_hidden and len(folders) <= DEEPEST and len(self._seen) < FOLLOWED

    def _files(self) -> Iterator[tuple[Path, Signature]]:
        """Give what is followed of everything below raw/ that is not a folder; a symbolic link is never followed."""
        self._troubled, stuck, self.beyond = {}, {}, 0
        folders, taken = [(self._raw, 0)], 0
        while folders:
            folder, depth = folders.pop()
            of_folder = 0
            for name, is_folder in self._entries(folder):
                if is_folder and depth < DEEPEST:
                    folders.append((folder / name, depth + 1))
                elif of_folder >= FOLLOWED_OF_A_FOLDER or taken >= FOLLOWED:
                    self.beyond += 1
                elif signature := signature_of(path := folder / name):
                    if self._stuck.get(path) == signature:
                        stuck[path] = signature
                        continue
                    of_folder, taken = of_folder + 1, taken + 1
                    yield path, signature
        self.unreadable, self._stuck = self._troubled, stuck

    def _entries(self, folder: Path) -> Iterator[tuple[str, bool]]:
        """Give the names in a folder that count, and whether each is a folder itself; trouble is said once."""
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if not is_ignored(entry.name, is_folder=is_folder):
                        yield entry.name, is_folder
        except FileNotFoundError as error:
            if folder == self._raw:
                self._complain(folder, error, "Mount it, or make it with `videogen init`.")
        except OSError as error:
            self._complain(folder, error, "Give videogen access to it.")

    def _complain(self, folder: Path, error: OSError, remedy: str) -> None:
        if folder not in self.unreadable:
            log.warning(f"Cannot look into {folder}", because=error.strerror, remedy=remedy)
        self._troubled[folder] = f"the folder cannot be read ({error.strerror})"


def _is_film(path: Path) -> bool:
    return path.name.lower().endswith(".mp4")


def signature_of(path: Path) -> Signature | None:
    """Give what tells a file from what it was and will be; None where it is not there."""
    try:
        is_at = path.lstat()
    except OSError:
        return None  # it went between the listing and the look, or its filesystem did
    # A change of mode or owner is no change of content, so ctime stays out for what is not a plain file.
    ctime = is_at.st_ctime_ns if stat.S_ISREG(is_at.st_mode) else 0
    return is_at.st_size, is_at.st_mtime_ns, ctime, is_at.st_ino
