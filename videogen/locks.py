"""What this machine knows of who uses a file now: its writers, who holds it as a lock, and since when it runs."""

import errno
import fcntl
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

NO_LOCKS = {errno.ENOLCK, errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""A filesystem that keeps no locks, or whose lock service does not answer."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def hear_no_leases() -> None:
    """Let the signal pass by that tells the holder of a lease of a writer: its default is to end us.

    Called once from the main thread, before any thread asks `writers`.
    """
    if hasattr(signal, "SIGIO"):
        signal.signal(signal.SIGIO, signal.SIG_IGN)


def writers(path: Path) -> Literal["none", "some", "unknown"]:
    """Say whether any process has the file open for writing; unknown where the system cannot tell.

    A read lease is granted only where nobody writes, not even through a mapping that outlived its descriptor. Not every
    filesystem gives one, and only for our own files or to root. `hear_no_leases` was called before.
    Source: fcntl(2), F_SETLEASE.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return "unknown"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "unknown"
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return "some" if error.errno == errno.EAGAIN else "unknown"
    finally:
        os.close(descriptor)
    return "none"


def locked(path: Path, opened: Callable[[Path], int], patience_s: float) -> int | None:
    """Give a descriptor that holds the lock file of that name; None where another still does after `patience_s`.

    `opened` makes the file where it is missing. A lock file that lost its name is no lock: the look is taken after.
    """
    give_up = time.monotonic() + patience_s
    while True:
        descriptor = opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_named(descriptor, path):
                return descriptor
        except BlockingIOError:
            if time.monotonic() >= give_up:
                os.close(descriptor)
                return None
            time.sleep(0.005)
        except OSError as error:
            if error.errno in NO_LOCKS:
                return descriptor
            os.close(descriptor)
            raise
        os.close(descriptor)


def unlock(descriptor: int) -> None:
    """Let a lock go."""
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a close would not do where a forked child has it open too
    os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether a process of this machine holds a lock file; True where nobody can tell, False where there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared and let go at once: whoever takes it in this moment has to try again, as everyone does who waits.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)


def boot_id() -> str:
    """Name this boot of the machine, which is another after each start; empty where the kernel does not say."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def boot_s() -> float:
    """Tell for how long this machine has run, its sleep counted, where the system counts it; nobody can set this clock.

    Units: seconds.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
