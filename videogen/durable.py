"""The promises of the disk: the only hands that write, rename, link and sync inside a spool.

A name that starts with a dot is invisible; anything visible is whole. So every write goes to a dot name in the same
folder, is synced, and then renamed; the folder is synced last, and only then may anyone be told. A failed fsync is
never tried again: the kernel may have dropped the pages, so the temporary file goes and the attempt has failed.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO
from uuid import uuid4

from videogen.errors import MissingInput, NoSpace, RoomsApart

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV}
"""A filesystem without hard links, or a file of another user's under protected_hardlinks."""
NO_LOCKS = {errno.ENOLCK, errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""A filesystem that keeps no locks, or whose lock service does not answer."""
COPY_BYTES = 1 << 20


@contextmanager
def _full_disk_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace(
                f"no space is left to write {path}",
                remedy="Free space on this filesystem; the work is taken up again by itself.",
            ) from error
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_in(folder: Path) -> Path:
    """Name a file or folder nobody sees, on the same filesystem as what it will become."""
    return folder / f".tmp-{uuid4().hex}"


def write(path: Path, content: bytes | str) -> None:
    """Make `path` hold exactly `content`, or leave it as it was."""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    temporary = temporary_in(path.parent)
    with _full_disk_named(path):
        try:
            with temporary.open("xb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and its parents; a folder that is there is left as it is."""
    with _full_disk_named(path):
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)


def move(source: Path, target: Path) -> None:
    """Rename within the spool, for good. A folder is never put over one that holds something.

    Raises: FileNotFoundError: someone else moved it first. RoomsApart: the two are not on one filesystem.
    """
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise RoomsApart(
                f"{source.parent} and {target.parent} are not on one filesystem",
                remedy="Mount the whole spool as one filesystem; two bind mounts count as two.",
            ) from error
        raise
    sync_folder(target.parent)
    with suppress(FileNotFoundError):  # the source's folder may have gone with it
        sync_folder(source.parent)


def move_new(source: Path, target: Path) -> bool:
    """Give a file a name that nobody has, without ever replacing one; False where the name is taken.

    A hard link and an unlink, since rename() replaces silently and RENAME_NOREPLACE does not work on NFS.
    What cannot be linked (a folder, a symbolic link, a device) is renamed after a look: only main moves those.
    """
    if source.is_symlink() or not source.is_file():
        if os.path.lexists(target):
            return False
        move(source, target)
        return True
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(target):
            return False
        move(source, target)
        return True
    sync_folder(target.parent)
    try:
        source.unlink()
    except OSError:
        target.unlink()  # we may not write there: it stays where it is, and is in one place
        raise
    sync_folder(source.parent)
    return True


def remove(path: Path) -> None:
    """Take a file away; a file that is gone already is fine."""
    path.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        sync_folder(path.parent)


def remove_tree(path: Path) -> None:
    """Take a folder away with all it holds, seen by nobody half done: it gets a dot name first."""
    if not path.name.startswith("."):
        hidden = temporary_in(path.parent)
        try:
            os.rename(path, hidden)
        except FileNotFoundError:
            return
        path = hidden
    shutil.rmtree(path, ignore_errors=True)


def empty(folder: Path) -> None:
    """Take everything out of a folder that stays."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def create(path: Path, content: str) -> bool:
    """Make a file that is not there yet, whole; False where the name is taken, by however many at once."""
    temporary = temporary_in(path.parent)
    write(temporary, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(path):
            return False
        os.rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def point_at(link: Path, target: str) -> None:
    """Make a relative symbolic link."""
    os.symlink(target, link)


def sync_tree(folder: Path) -> None:
    """Make a folder and everything in it survive a power cut, innermost first."""
    for where, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(where, name)
            if not path.is_symlink():
                sync_file(path)
        sync_folder(Path(where))


def sync_file(path: Path) -> None:
    """Make the bytes of a file that someone else wrote survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path) -> str:
    """Give the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


@dataclass(frozen=True)
class Copied:
    """What a copy read: the hash and size of its bytes, and the stamps of the very file they came from."""

    sha256: str
    size_bytes: int
    mtime_ns: int
    inode: int


def copy(source: Path, target: Path) -> Copied:
    """Copy a regular file's bytes into one that is ours alone, hashing on the way; synced before this returns.

    The source is opened once, never through a symbolic link and never waiting for a pipe's writer, and asked what
    it is through that descriptor: a name can be swapped between a look and an open.

    Raises: MissingInput: it is not a regular file, or it changed while we read.
    """
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        os.close(descriptor)
        raise MissingInput(f"{source} is not a regular file", remedy="Copy the file itself.", code="not-a-file")
    with open(descriptor, "rb") as reader, _full_disk_named(target), target.open("xb") as writer:
        try:
            sha256, size = _copied(reader, writer)
            after = os.fstat(descriptor)
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
                raise MissingInput(f"{source} changed while it was read", remedy="Wait.", code="still-changing")
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return Copied(sha256, size, after.st_mtime_ns, after.st_ino)


def _copied(reader: IO[bytes], writer: IO[bytes]) -> tuple[str, int]:
    hashed, size = hashlib.sha256(), 0
    while block := reader.read(COPY_BYTES):
        hashed.update(block)
        size += len(block)
        writer.write(block)
    writer.flush()
    os.fsync(writer.fileno())
    return hashed.hexdigest(), size


# -- what many share -------------------------------------------------------------------------------------------------


def stamp(path: Path) -> None:
    """Set the time a file or folder was last changed to now, by the filesystem's own clock."""
    os.utime(path)


def make_inner(folder: Path) -> None:
    """Make a folder in one that is there; nothing is synced, since it is for processes that live now.

    Raises: FileNotFoundError: the one it should lie in is not there, and is not made.
    """
    with _full_disk_named(folder):
        folder.mkdir(exist_ok=True)


def remove_empty(folder: Path) -> None:
    """Take a folder away where nothing lies in it; else it stays."""
    with suppress(OSError):
        folder.rmdir()


def link(source: Path, target: Path) -> bool:
    """Hold a file's bytes under a second name, whatever becomes of the first; False where hard links do not work.

    Other bytes under that name are let go. Nothing is synced: the name is for processes that live now.

    Raises: FileNotFoundError: the source is gone, or the target's folder.
    """
    while True:
        try:
            os.link(source, target)
            return True
        except FileExistsError:
            if _is_named(os.stat(source), target):
                return True
            target.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in NO_LINKS:
                return False
            raise


@contextmanager
def alone(path: Path, *, patience_s: float = 0) -> Iterator[bool]:
    """Be the only one, among processes and threads, who holds a lock file, until the block ends or the process dies.

    False: another holds it, and still did after `patience_s`. True also where the filesystem keeps no locks.
    The lock file is made, its folder too, and taken away by whoever held it last.

    Raises: NoSpace: there is no room for a lock file.
    """
    descriptor = _locked(path, patience_s)
    if descriptor is None:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)  # while it is ours: whoever waits for it sees that it has no name any more
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a close would not do where a forked child has it open too
        os.close(descriptor)


def _locked(path: Path, patience_s: float) -> int | None:
    give_up = monotonic() + patience_s
    while True:
        descriptor = _lock_file(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_named(os.fstat(descriptor), path):
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


def _lock_file(path: Path) -> int:
    # Open for writing: over NFS a lock is a write lock, which a descriptor for reading does not get.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with _full_disk_named(path):
        for _ in range(100):  # an empty folder may be taken away again between its making and our file
            try:
                return os.open(path, flags, 0o666)
            except FileNotFoundError:
                with suppress(FileExistsError):  # there when it was to be made, and gone at the look
                    make_folder(path.parent)
        return os.open(path, flags, 0o666)


def _is_named(file: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(file, os.lstat(path))
    except FileNotFoundError:
        return False
