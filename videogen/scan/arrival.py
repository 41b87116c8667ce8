"""Which files in raw/ have arrived: unchanged for a while by our own clock. Time stamps are compared, not believed."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()

IGNORED_ENDINGS = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")
IGNORED_NAMES = {"@eaDir", "Thumbs.db", "desktop.ini"}
Signature = tuple[int, int, int, int]


def is_ignored(name: str) -> bool:
    """Whether a name is one that copiers, browsers and NAS boxes use for what is not there yet, or not for us."""
    return name.startswith((".", "~$")) or name in IGNORED_NAMES or name.lower().endswith(IGNORED_ENDINGS)


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

    def look(self) -> list[Arrival]:
        """Walk raw/ once; give every file that counts, in order of path.

        A file has settled when its size, times and inode were the same for `quiet_s`; one that changes starts anew.
        """
        now, seen, found = self._clock(), {}, []
        for path, signature in sorted(_files(self._raw)):
            before, since = self._seen.get(path, (None, now))
            since = since if before == signature else now
            seen[path] = signature, since
            found.append(Arrival(path, signature, since, now - since >= self._quiet_s))
        self._seen = seen
        return found


def _files(folder: Path) -> Iterator[tuple[Path, Signature]]:
    """Give everything below a folder that is not a folder; a symbolic link is never followed."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning(f"Cannot look into {folder}", because=error.strerror, remedy="Give the videogen user access to it.")
        return
    for entry in entries:
        if is_ignored(entry.name):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
                continue
            is_at = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # it went between the listing and the look
        # A change of mode or owner is no change of content, so ctime stays out for what is not a plain file.
        ctime = is_at.st_ctime_ns if stat.S_ISREG(is_at.st_mode) else 0
        yield Path(entry.path), (is_at.st_size, is_at.st_mtime_ns, ctime, is_at.st_ino)
