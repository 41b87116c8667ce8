"""What this machine knows of who uses a file now: its writers, who holds it as a lock, and since which boot."""

import errno
import fcntl
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

NO_LOCKS = {errno.ENOLCK, errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""A filesystem that keeps no locks, or whose lock service does not answer."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def has_writer(path: Path) -> bool:
    """Whether any process still has the file open for writing; False where the system cannot tell.

    A read lease is granted only where nobody writes: not on every filesystem, and only for our own files or to root.
    Source: fcntl(2), F_SETLEASE.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    with suppress(ValueError):  # not the main thread; then nobody else set it either
        # While we hold a lease, a writer that comes is told us by SIGIO, whose default is to end us.
        signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)


def locked(path: Path, opened: Callable[[Path], int], patience_s: float) -> int | None:
    """Give a descriptor that holds the lock file of that name; None where another still does after `patience_s`.

    `opened` makes the file where it is missing. A lock file that lost its name is no lock: the look is taken after.
    """
    give_up = monotonic() + patience_s
    while True:
        descriptor = opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_named(descriptor, path):
                return descriptor
        except BlockingIOError:
            if monotonic() >= give_up:
                os.close(descriptor)
                return None
            sleep(0.005)
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


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
