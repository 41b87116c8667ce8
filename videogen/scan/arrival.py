"""Which files in raw/ have arrived: unchanged for a while by our own clock. Time stamps are compared, not believed."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()

DEEPEST = 6
"""Folders below raw/ that are looked into; the deepest place has four. A deeper folder is one thing, and misplaced."""
IGNORED_ENDINGS = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")
IGNORED_NAMES = {"@eaDir", "Thumbs.db", "desktop.ini"}
Signature = tuple[int, int, int, int]


def is_ignored(name: str, *, is_folder: bool = False) -> bool:
    """Whether a name is one that copiers, browsers and NAS boxes use for what is not there yet, or not for us."""
    if name.startswith((".", "~$")) or name in IGNORED_NAMES:
        return True
    return not is_folder and name.lower().endswith(IGNORED_ENDINGS)


@dataclass(frozen=True)
class Arrival:
    """One file in raw/. `path` is whole; `since` is when it was first seen as it is, by the monotonic clock."""

    path: Path
    signature: Signature
    since: float
    has_settled: bool


class Arrivals:
    """What lies in raw/, and since when each file is as it is."""

    def __init__(self, raw: Path, quiet_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._raw = raw
        self._quiet_s = quiet_s
        self._clock = clock
        self._seen: dict[Path, tuple[Signature, float]] = {}
        self.unreadable: dict[Path, str] = {}

    def look(self) -> list[Arrival]:
        """Walk raw/ once; give every file that counts, in order of path.

        A file has settled when its size, times and inode were the same for `quiet_s`; one that changes starts anew.
        """
        now, seen, found = self._clock(), {}, []
        for path, signature in sorted(self._files()):
            before, since = self._seen.get(path, (None, now))
            since = since if before == signature else now
            seen[path] = signature, since
            found.append(Arrival(path, signature, since, now - since >= self._quiet_s))
        self._seen = seen
        return found

    def _files(self) -> Iterator[tuple[Path, Signature]]:
        """Give everything below raw/ that is not a folder; a symbolic link is never followed."""
        unreadable: dict[Path, str] = {}
        folders = [(self._raw, 0)]
        while folders:
            folder, depth = folders.pop()
            try:
                entries = list(os.scandir(folder))
            except FileNotFoundError:
                continue
            except OSError as error:
                unreadable[folder] = f"the folder cannot be read ({error.strerror})"
                if folder not in self.unreadable:
                    log.warning(
                        f"Cannot look into {folder}", because=error.strerror, remedy="Give videogen access to it."
                    )
                continue
            for entry in entries:
                path, is_folder = Path(entry.path), entry.is_dir(follow_symlinks=False)
                if is_ignored(entry.name, is_folder=is_folder):
                    continue
                if is_folder and depth < DEEPEST:
                    folders.append((path, depth + 1))
                elif signature := _signature(path):
                    yield path, signature
        self.unreadable = unreadable


def _signature(path: Path) -> Signature | None:
    try:
        is_at = path.lstat()
    except FileNotFoundError:
        return None  # it went between the listing and the look
    # A change of mode or owner is no change of content, so ctime stays out for what is not a plain file.
    ctime = is_at.st_ctime_ns if stat.S_ISREG(is_at.st_mode) else 0
    return is_at.st_size, is_at.st_mtime_ns, ctime, is_at.st_ino
