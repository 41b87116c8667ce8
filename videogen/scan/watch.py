"""Events of raw/: hints that wake the scan. The scan itself is the truth, so a lost event costs only time.

Whether events come is not believed but tried, mount by mount: a file is written and its event waited for. Network
filesystems are deaf whatever the trial says, since what another machine writes there is never told.
"""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from videogen import durable
from videogen.scan.hints import Hints

log = structlog.get_logger()

# Opening and reading are what we do ourselves; waking for them would never let the scan sleep.
KINDS: list[type[FileSystemEvent]] = [FileClosedEvent, FileMovedEvent, FileCreatedEvent, FileDeletedEvent]
KINDS += [DirMovedEvent, DirCreatedEvent]
SENTINEL = ".videogen-hears"
HEARD_S = 2.0
"""An event comes within a millisecond; on a machine that is overrun, within this."""
MOUNTS = Path("/proc/self/mountinfo")
REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "glusterfs", "gpfs", "virtiofs"}
REMOTE |= {"vboxsf", "prl_fs", "vmhgfs", "drvfs", "fuse"}
"""Filesystems that another machine writes to, which the kernel here tells nobody of."""
LOCAL_FUSE = {"fuseblk", "fuse.bindfs", "fuse.mergerfs", "fuse.ntfs-3g"}
_LIMITS = {
    errno.ENOSPC: "all watches may be taken; raise their number with: sysctl fs.inotify.max_user_watches=524288",
    errno.EMFILE: "all watchers may be taken; raise their number with: sysctl fs.inotify.max_user_instances=1024",
}
"""The kernel says "no space left on device" and "too many open files", and means neither."""


class _Listener(FileSystemEventHandler):
    """Turns events into hints."""

    def __init__(self, hints: Hints) -> None:
        self._hints = hints
        self.heard: dict[Path, threading.Event] = {}

    def on_any_event(self, event: FileSystemEvent) -> None:
        came = Path(os.fsdecode(event.dest_path or event.src_path))
        if came.name == SENTINEL:
            if (waits := self.heard.get(came)) and event.event_type == "closed":
                waits.set()
            return
        is_moved = event.event_type == "moved" and not event.is_directory and bool(event.dest_path)
        is_closed = event.event_type == "closed"
        self._hints.tell(came if is_moved or is_closed else None, "moved" if is_moved else "closed")


class Watch:
    """The events of raw/, and where they do not come. Made in a thread that lives as long as it does."""

    def __init__(self, raw: Path, hints: Hints) -> None:
        self._raw = raw
        self.hints = hints
        self._listener = _Listener(hints)
        self._observer: BaseObserver | None = None
        self._is_of: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self.deaf: dict[Path, str] = {}
        """Folders below which no events come (raw/ itself, or a mount in it), each with the reason."""

    def __enter__(self) -> Self:
        self.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def is_deaf(self, path: Path) -> bool:
        """Whether events of this file may not come."""
        return any(path.is_relative_to(folder) for folder in self.deaf)

    def refresh(self) -> None:
        """Watch raw/ as it is now, which may be another one than before, and try again whether events come."""
        with self._lock:
            is_now = _identity(self._raw)
            if is_now != self._is_of or self._observer is None or not self._observer.is_alive():
                self._stop()
                self._is_of = is_now
                trouble = self._start() if is_now else "it is not there"
            else:
                trouble = ""
            self._say({self._raw: trouble} if trouble else self._tried())

    def is_current(self) -> bool:
        """Whether the folder that is watched is still the one that stands under the name."""
        return self._is_of is not None and _identity(self._raw) == self._is_of

    def _start(self) -> str:
        """Begin to watch; give what stood in the way."""
        try:
            self._observer = _observer()
            self._observer.start()
            self._observer.schedule(self._listener, str(self._raw), recursive=True, event_filter=KINDS)
        except (OSError, RuntimeError) as error:  # no watches left, no thread left, folders without end
            self._stop()
            number = error.errno if isinstance(error, OSError) else None
            return _LIMITS.get(number or 0, str(error))
        return ""

    def _stop(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None and observer.is_alive():
            observer.stop()
            observer.join(5)

    def _tried(self) -> dict[Path, str]:
        """Give the folders whose events do not come: raw/, and every mount in it."""
        deaf = {}
        for folder, kind in _mounts(self._raw):
            if kind in REMOTE or (kind.startswith("fuse") and kind not in LOCAL_FUSE):
                deaf[folder] = f"{kind} tells nobody here what other machines write"
            elif trouble := self._try(folder):
                deaf[folder] = trouble
            elif (last := _last_folder(folder)) != folder and self._try(last):
                # Watches are taken folder by folder, and those that did not get one are not told of.
                deaf[folder] = f"folders in it are not heard; {_LIMITS[errno.ENOSPC]}"
        return deaf

    def _try(self, folder: Path) -> str:
        path = folder / SENTINEL
        waits = self._listener.heard[path] = threading.Event()
        try:
            durable.write_nothing(path)
            return "" if waits.wait(HEARD_S) else f"an event was waited for in vain for {HEARD_S:g} s"
        except OSError as error:
            return f"it cannot be tried: {error.strerror}"
        finally:
            del self._listener.heard[path]
            with suppress(OSError):
                durable.remove(path)

    def _say(self, deaf: dict[Path, str]) -> None:
        for folder, why in deaf.items():
            if self.deaf.get(folder) != why:
                log.warning(
                    f"Events of {folder} do not arrive; it is looked at by the clock alone",
                    because=why,
                    remedy="Files there take longer to be seen; `videogen doctor` tells the limits of this machine.",
                )
        for folder in self.deaf.keys() - deaf.keys():
            log.info(f"Events of {folder} arrive again")
        self.deaf = deaf


def _last_folder(folder: Path) -> Path:
    """Give the folder that a walk of the tree comes to last."""
    last = str(folder)
    for last, _, _ in os.walk(folder):  # noqa: B007 -- the last one is what is asked for
        pass
    return Path(last)


def _observer() -> BaseObserver:
    full: dict[str, Any] = {"generate_full_events": True}
    try:
        # Only these tell a file that was renamed in from outside from one that was just made.
        return Observer(**full)
    except TypeError:
        return Observer()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _mounts(raw: Path) -> Iterator[tuple[Path, str]]:
    """Give raw/ and each mount in it, with the kind of its filesystem, empty where it is not known."""
    place = Path(os.path.realpath(raw))
    above, kind, inside = Path("/"), "", []
    with suppress(OSError):
        for line in MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
            before, _, after = line.partition(" - ")
            where = Path(_unescaped(before.split()[4]))
            if place.is_relative_to(where) and where.is_relative_to(above):
                above, kind = where, after.split()[0]  # the deepest, and of those the last mounted
            elif where.is_relative_to(place):
                inside.append((raw / where.relative_to(place), after.split()[0]))
    yield raw, kind
    yield from inside


def _unescaped(word: str) -> str:
    """Undo the octal escapes of a mount's name. Source: proc_pid_mountinfo(5)."""
    for escape, sign in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        word = word.replace(escape, sign)
    return word
