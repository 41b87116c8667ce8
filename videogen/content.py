"""The bytes of a file: read, hashed, copied, written anew. A file that is made is whole and synced, or is not there."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from videogen.disk import DISK
from videogen.errors import MissingInput, NoSpace
from videogen.points import point

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
COPY_BYTES = 1 << 20
PAPER_BYTES = 16 << 20
"""No paper is larger. Source: tests/spool/test_papers.py, where a task of ten hours has 9 MiB."""
_NO_FILE = {errno.ELOOP: "a link", errno.ENXIO: "a socket", errno.EINVAL: "a pipe, a folder or a device"}
"""What lies there, by what the system says of it."""


@contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Run a block that writes. Raises: NoSpace: it met a full disk, full inodes, a full quota or a limit."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace(
                f"no space is left to write {path}",
                remedy="Free space on this filesystem; the work is taken up again by itself.",
            ) from error
        raise


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Make a file that is written, synced and closed without an error when the block ends; else there is none."""
    with full_disk_named(path):
        point("durable.new_file.before")
        file = DISK.create(path)
        try:
            try:
                point("durable.new_file.created")
                yield file
                point("durable.new_file.written")
                file.flush()
                DISK.sync(file.fileno())
            finally:
                DISK.close(file)
            point("durable.new_file.after")
        except BaseException:
            DISK.unlink(path)
            raise


def read(path: Path) -> bytes:
    """Give the bytes of a paper, whoever has just replaced it, on whatever host.

    Papers lie in rooms that others can write to: a link is not followed, no pipe is waited for, and no more is read
    than a paper may have.

    Raises: ValueError: what has this name is no paper, and what it is. OSError: it cannot be read.
    """
    try:
        descriptor = _opened(path, os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise ValueError(f"{path.name} is {_NO_FILE[error.errno]}, not a file") from error
        raise
    with open(descriptor, "rb") as file:
        raw = file.read(PAPER_BYTES + 1)
    if len(raw) > PAPER_BYTES:
        raise ValueError(f"{path.name} has more than {PAPER_BYTES >> 20} MiB, as no paper has")
    return raw


def digest(path: Path) -> str:
    """Give the SHA-256 of a file's bytes; a link is followed. Raises: OSError: it cannot be read, or is no file."""
    with open(_opened(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path, flags: int = 0) -> int:
    """Give a descriptor of a regular file, which is asked what it is: a name can be swapped between a look and an open.

    Raises: OSError: it cannot be opened; EINVAL: it is a pipe, a folder or a device.
    """
    descriptor = DISK.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"it is {_NO_FILE[errno.EINVAL]}, not a file", str(path))
    return descriptor


def allocate(path: Path, size_bytes: int) -> None:
    """Make a file that takes up room and holds nothing; left as it is where it is there already. Raises: NoSpace."""
    descriptor = DISK.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
    try:
        with full_disk_named(path):
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, size_bytes)
            else:
                os.write(descriptor, bytes(size_bytes))
    finally:
        os.close(descriptor)


def write_nothing(path: Path) -> None:
    """Open an empty file for writing and close it, which is an event for whoever watches; it need not survive."""
    os.close(DISK.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC))


def append(path: Path, raw: bytes) -> None:
    """Add bytes to the end of a file, made where it is not there; what a write cut short left before them is a line.

    When this returns they survive a power cut.
    """
    is_new = not DISK.is_there(path)
    with (
        full_disk_named(path),
        open(DISK.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW), "r+b", buffering=0) as file,
    ):
        if file.seek(0, os.SEEK_END) and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
            raw = b"\n" + raw
        point("durable.append.before")
        if file.write(raw) != len(raw):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        DISK.sync(file.fileno())
    if is_new:
        sync_folder(path.parent)
    point("durable.append.after")


def make_place(path: Path) -> bool:
    """Make an empty file for another process to fill; give whether it was made now, which it was not if it is there."""
    with suppress(OSError):  # who writes to it says better what is wrong with the place
        DISK.close(DISK.create(path))
        return True
    return False


@dataclass(frozen=True)
class Copied:
    """What a copy read: the hash and size of its bytes, and the stamps of the very file they came from."""

    sha256: str
    size_bytes: int
    mtime_ns: int
    inode: int


def copy(source: Path, target: Path, beat: Callable[[], object] = lambda: None) -> Copied:
    """Copy a regular file's bytes into one that is ours alone, hashing on the way; synced before this returns.

    `beat` is called between blocks; what it raises ends the copy, and nothing is left of it.

    The source is opened once, never through a symbolic link and never waiting for a pipe's writer, and asked what
    it is through that descriptor: a name can be swapped between a look and an open.

    Raises: MissingInput: it is not a regular file, or it changed while we read.
    """
    descriptor = DISK.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        os.close(descriptor)
        raise MissingInput(f"{source} is not a regular file", remedy="Copy the file itself.", code="not-a-file")
    with open(descriptor, "rb") as reader, new_file(target) as writer:
        sha256, size = _copied(reader, writer, beat)
        after = os.fstat(descriptor)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
            raise MissingInput(f"{source} changed while it was read", remedy="Wait.", code="still-changing")
    return Copied(sha256, size, after.st_mtime_ns, after.st_ino)


def _copied(reader: IO[bytes], writer: IO[bytes], beat: Callable[[], object]) -> tuple[str, int]:
    hashed, size = hashlib.sha256(), 0
    while block := reader.read(COPY_BYTES):
        hashed.update(block)
        size += len(block)
        writer.write(block)
        point("durable.copy.block")
        beat()
    return hashed.hexdigest(), size


# -- syncs -----------------------------------------------------------------------------------------------------------


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    point("durable.sync_folder.before")
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)
    point("durable.sync_folder.after")


def sync_file(path: Path) -> None:
    """Make the bytes of a file that someone else wrote survive a power cut."""
    point("durable.sync_file.before")
    _sync(path, os.O_RDONLY)
    point("durable.sync_file.after")


def _sync(path: Path, flags: int) -> None:
    descriptor = DISK.open(path, flags)
    try:
        DISK.sync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Make a folder and everything in it survive a power cut, innermost first."""
    for where, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(where, name)
            if not path.is_symlink():
                sync_file(path)
        sync_folder(Path(where))
