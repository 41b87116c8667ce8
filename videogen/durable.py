"""The promises of the disk: the only hands that write, rename, link and sync inside a spool.

A name that starts with a dot is invisible; anything visible is whole. So every write goes to a dot name in the same
folder, is synced, and then renamed; the folder is synced last, and only then may anyone be told. A failed fsync is
never tried again: the kernel may have dropped the pages, so the temporary file goes and the attempt has failed.
The bytes are content.py's; the calls are made by disk.py, which sees through false errors of a file server.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from videogen.content import (
    COPY_BYTES,
    FULL,
    Copied,
    allocate,
    append,
    copy,
    digest,
    full_disk_named,
    new_file,
    read,
    sync_file,
    sync_folder,
    sync_tree,
    write_nothing,
)
from videogen.disk import DISK
from videogen.errors import RoomsApart
from videogen.kernel import REMOTE, type_of
from videogen.locks import boot_id, boot_s, hear_no_leases, is_locked, locked, unlock, writers
from videogen.points import point

__all__ = [
    "COPY_BYTES",
    "DISK",
    "FULL",
    "Copied",
    "allocate",
    "alone",
    "append",
    "boot_id",
    "boot_s",
    "copy",
    "create",
    "digest",
    "empty",
    "hear_no_leases",
    "is_locked",
    "is_one_filesystem",
    "is_remote",
    "link",
    "listing",
    "make_folder",
    "make_inner",
    "move",
    "move_new",
    "observer",
    "overwrite",
    "point_at",
    "read",
    "remove",
    "remove_empty",
    "remove_tree",
    "stamp",
    "sync_file",
    "sync_folder",
    "sync_tree",
    "temporary_in",
    "write",
    "write_nothing",
    "writers",
]
NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV}
"""A filesystem without hard links, or a file of another user's under protected_hardlinks."""


def _unheard(_figure: str, _amount: float) -> None:
    """Tell nobody."""


observer: Callable[[str, float], None] = _unheard
"""Called with fsync_s and seconds, or with another figure of the disk's and 1, from any thread."""


def _observed(figure: str, amount: float) -> None:
    observer(figure, amount)


DISK.observe = _observed


# -- bytes -----------------------------------------------------------------------------------------------------------


def temporary_in(folder: Path) -> Path:
    """Name a file or folder nobody sees, on the same filesystem as what it will become."""
    return folder / f".tmp-{uuid4().hex}"


def write(path: Path, content: bytes | str) -> None:
    """Make `path` hold exactly `content`, or leave it as it was."""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    temporary = temporary_in(path.parent)
    with new_file(temporary) as file:
        file.write(raw)
    with full_disk_named(path):
        try:
            point("durable.write.before_rename")
            DISK.rename(temporary, path)
        except BaseException:
            DISK.unlink(temporary)
            raise
    point("durable.write.after_rename")
    sync_folder(path.parent)


def overwrite(path: Path, content: bytes) -> None:
    """Put new bytes over the old ones of a file, which needs no new room; a reader may see half of each.

    Raises: FileNotFoundError: there is no such file.
    """
    with full_disk_named(path), open(DISK.open(path, os.O_RDWR), "r+b", buffering=0) as file:
        point("durable.overwrite.before")
        file.write(content)
        file.truncate(len(content))
        DISK.sync(file.fileno())
    point("durable.overwrite.after")


def create(path: Path, content: str) -> bool:
    """Make a file that is not there yet, whole; False where the name is taken, by however many at once."""
    temporary = temporary_in(path.parent)
    write(temporary, content)
    try:
        point("durable.create.before_link")
        DISK.link(temporary, path)
        point("durable.create.after_link")
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if DISK.is_there(path):
            return False
        DISK.rename(temporary, path)
    finally:
        DISK.unlink(temporary)
    sync_folder(path.parent)
    return True


# -- folders ---------------------------------------------------------------------------------------------------------


def listing(folder: Path) -> list[str]:
    """Give every name in a folder, dot names too, in order; a handle that went stale is renewed.

    Raises: FileNotFoundError: there is no such folder.
    """
    return sorted(DISK.names(folder))


def make_folder(path: Path) -> None:
    """Make a folder and its parents; a folder that is there is left as it is."""
    missing = [folder for folder in (path, *path.parents) if not DISK.is_there(folder)]
    with full_disk_named(path):
        point("durable.make_folder.before")
        for folder in reversed(missing or [path]):
            _make(folder)
    for folder in missing:
        sync_folder(folder.parent)
    point("durable.make_folder.after")


def _make(folder: Path) -> None:
    try:
        DISK.mkdir(folder)
    except FileNotFoundError:  # a parent was taken away since the look
        folder.parent.mkdir(parents=True, exist_ok=True)
        DISK.mkdir(folder)
    point("durable.make_folder.made")


def make_inner(folder: Path) -> None:
    """Make a folder in one that is there; nothing is synced, since it is for processes that live now.

    Raises: FileNotFoundError: the one it should lie in is not there, and is not made.
    """
    with full_disk_named(folder):
        point("durable.make_inner.before")
        DISK.mkdir(folder)
    point("durable.make_inner.after")


def empty(folder: Path) -> None:
    """Take everything out of a folder that stays."""
    for path in [folder / name for name in listing(folder)]:
        point("durable.empty.before_each")
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            DISK.unlink(path)
    point("durable.empty.after")


def remove_tree(path: Path) -> None:
    """Take a folder away with all it holds, seen by nobody half done: it gets a dot name first."""
    point("durable.remove_tree.before")
    if not path.name.startswith("."):
        hidden = temporary_in(path.parent)
        try:
            DISK.rename(path, hidden)
        except FileNotFoundError:
            return
        path = hidden
        point("durable.remove_tree.after_rename")
    shutil.rmtree(path, ignore_errors=True)
    point("durable.remove_tree.after")


def remove_empty(folder: Path) -> None:
    """Take a folder away where nothing lies in it; else it stays."""
    point("durable.remove_empty.before")
    with suppress(OSError):
        DISK.kernel.rmdir(folder)


def is_one_filesystem(path: Path, other: Path) -> bool:
    """Whether a rename from one to the other is a rename: one filesystem through one mount, since two count as two."""
    return _mount_of(path) == _mount_of(other)


def _mount_of(path: Path) -> tuple[int, str]:
    descriptor = DISK.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        told = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
    except FileNotFoundError:  # no Linux: then the device has to do
        told = ""
    finally:
        device = os.fstat(descriptor).st_dev
        os.close(descriptor)
    return device, next((line for line in told.splitlines() if line.startswith("mnt_id:")), "")


def is_remote(path: Path) -> bool:
    """Whether what lies there comes over a network; False where the system does not tell."""
    return type_of(os.stat(path).st_dev) in REMOTE


# -- names -----------------------------------------------------------------------------------------------------------


def move(source: Path, target: Path) -> None:
    """Rename within the spool, for good. A folder is never put over one that holds something.

    On a file server two that move one thing to one name may both be told that it is there: where the answer decides
    whose it is, the target must be a name that only the mover uses.

    Raises: FileNotFoundError: someone else moved it first. RoomsApart: the two are not on one filesystem.
    """
    point("durable.move.before")
    try:
        DISK.rename(source, target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise RoomsApart(
                f"{source.parent} and {target.parent} are not on one filesystem",
                remedy="Mount the whole spool as one filesystem; two bind mounts count as two.",
            ) from error
        raise
    point("durable.move.after_rename")
    sync_folder(target.parent)
    with suppress(FileNotFoundError):  # the source's folder may have gone with it
        sync_folder(source.parent)
    point("durable.move.after")


def move_new(source: Path, target: Path) -> bool:
    """Give a file a name that nobody has, without ever replacing one; False where the name is taken.

    A hard link and an unlink, since rename() replaces silently and RENAME_NOREPLACE does not work on NFS.
    What cannot be linked (a folder, a symbolic link, a device) is renamed after a look: only main moves those.
    Done again after a death between the two, it goes on with the second.
    """
    if not DISK.is_file(source):
        return _moved_after_look(source, target)
    point("durable.move_new.before_link")
    try:
        DISK.link(source, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return _moved_after_look(source, target)
    point("durable.move_new.after_link")
    sync_folder(target.parent)
    try:
        DISK.unlink(source)
    except OSError:
        DISK.unlink(target)  # we may not write there: it stays where it is, and is in one place
        raise
    point("durable.move_new.after_unlink")
    sync_folder(source.parent)
    return True


def _moved_after_look(source: Path, target: Path) -> bool:
    if DISK.is_there(target):
        return False
    move(source, target)
    return True


def remove(path: Path) -> None:
    """Take a file away; a file that is gone already is fine."""
    point("durable.remove.before")
    DISK.unlink(path)
    point("durable.remove.after_unlink")
    with suppress(FileNotFoundError):
        sync_folder(path.parent)


def point_at(link: Path, target: str) -> None:
    """Make a relative symbolic link."""
    point("durable.point_at.before")
    DISK.symlink(target, link)
    point("durable.point_at.after")


# -- what many share -------------------------------------------------------------------------------------------------


def stamp(path: Path) -> None:
    """Set the time a file or folder was last changed to now, by the filesystem's own clock."""
    DISK.fresh(path, lambda: os.utime(path))


def link(source: Path, target: Path) -> bool:
    """Hold a file's bytes under a second name, whatever becomes of the first; False where hard links do not work.

    Other bytes under that name are let go. Nothing is synced: the name is for processes that live now.

    Raises: FileNotFoundError: the source is gone, or the target's folder.
    """
    while True:
        point("durable.link.before")
        try:
            DISK.link(source, target)
            point("durable.link.after")
            return True
        except FileExistsError:
            DISK.unlink(target)
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
    descriptor = locked(path, _lock_file, patience_s)
    if descriptor is None:
        yield False
        return
    try:
        point("durable.alone.locked")
        yield True
    finally:
        DISK.unlink(path)  # while it is ours: whoever waits for it sees that it has no name any more
        unlock(descriptor)


def _lock_file(path: Path) -> int:
    # Open for writing: over NFS a lock is a write lock, which a descriptor for reading does not get.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with full_disk_named(path):
        for _ in range(100):  # an empty folder may be taken away again between its making and our file
            try:
                return DISK.open(path, flags)
            except FileNotFoundError:
                with suppress(FileExistsError):  # there when it was to be made, and gone at the look
                    make_folder(path.parent)
        return DISK.open(path, flags)
