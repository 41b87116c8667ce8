"""The kernel's answers, judged: what a call says is held against what the disk shows.

On a local filesystem an error is an error. From a server it may be that of a call repeated after it was done, so the
thing itself is asked: it was looked at before, and if the new name is that very inode, it has its new name.
That proves who moved it only where the source or the target is a name that nobody else uses. Two processes that move
one thing to one name both find it there; a name that says who moved it tells them apart, and is their business.
"""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO, TypeVar

from videogen.kernel import Kernel, kernel_of

REPEATED = {errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.ESTALE}
"""What a server may answer to a rename it has done already."""
PAUSES_S = (0.0, 0.01, 0.05, 0.2)
"""Waited before each new look at what was stale."""
Answer = TypeVar("Answer")


class Disk:
    """The calls that durable.py makes promises of."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.observe: Callable[[str, float], None] = lambda figure, amount: None

    def _count(self) -> None:
        self.observe("file_operations", 1)

    def fresh(self, path: Path, ask: Callable[[], Answer]) -> Answer:
        """Give the answer of a call about a name; while the handle is stale, ask again with a new look-up."""
        for pause_s in PAUSES_S:
            try:
                return ask()
            except OSError as error:
                if error.errno != errno.ESTALE:
                    raise
            self.observe("stale", 1)
            sleep(pause_s)
            _look_up(path.parent)
        return ask()

    # -- names ---------------------------------------------------------------------------------------------------------

    def rename(self, source: Path, target: Path) -> None:
        """Give a thing a new name. Raises: OSError: it does not have it."""
        self._count()
        before = self.lstat(source)
        self.fresh(source, lambda: self._renamed(source, target, before))

    def _renamed(self, source: Path, target: Path, before: os.stat_result) -> None:
        try:
            self.kernel.rename(source, target)
        except OSError as error:
            if error.errno not in REPEATED or not self._is_repaired(before, target):
                raise

    def link(self, source: Path, target: Path) -> None:
        """Give a file one more name. Raises: FileExistsError: another file has that name."""
        self._count()
        before = self.lstat(source)
        try:
            self.fresh(source, lambda: self.kernel.link(source, target))
        except FileExistsError:
            # Also on a local disk: whoever died between a link and an unlink has done this part of it.
            if not self._is_repaired(before, target) and not self.is_named(before, target):
                raise

    def _is_repaired(self, before: os.stat_result, target: Path) -> bool:
        if not self.kernel.may_repeat(before.st_dev):
            return False
        _look_up(target.parent)
        is_done = self.is_named(before, target)
        if is_done:
            self.observe("rename_repaired", 1)
        return is_done

    def symlink(self, target: str, link: Path) -> None:
        """Make a symbolic link; the same link that is there already is fine."""
        try:
            self.kernel.symlink(target, link)
        except FileExistsError:
            if not link.is_symlink() or str(link.readlink()) != target:
                raise

    def mkdir(self, folder: Path) -> None:
        """Make a folder in one that is there; a folder that is there already is fine."""
        try:
            self.fresh(folder, lambda: self.kernel.mkdir(folder))
        except OSError:
            if not folder.is_dir():
                raise

    def unlink(self, path: Path) -> None:
        """Take a name away; one that is gone already is fine."""
        self._count()
        with suppress(FileNotFoundError):
            self.fresh(path, lambda: self.kernel.unlink(path))

    # -- looks ---------------------------------------------------------------------------------------------------------

    def lstat(self, path: Path) -> os.stat_result:
        """Tell what has a name, without following a link."""
        return self.fresh(path, lambda: self.kernel.lstat(path))

    def is_there(self, path: Path) -> bool:
        """Whether anything has a name, be it a link to nothing."""
        with suppress(FileNotFoundError, NotADirectoryError):
            self.lstat(path)
            return True
        return False

    def is_file(self, path: Path) -> bool:
        """Whether a regular file, and no link to one, has a name."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return stat.S_ISREG(self.lstat(path).st_mode)
        return False

    def is_named(self, thing: os.stat_result, path: Path) -> bool:
        """Whether a name is that of the very inode."""
        with suppress(FileNotFoundError):
            return os.path.samestat(thing, self.lstat(path))
        return False

    def names(self, folder: Path) -> list[str]:
        """List a folder."""
        return self.fresh(folder, lambda: self.kernel.names(folder))

    # -- bytes ---------------------------------------------------------------------------------------------------------

    def open(self, path: Path, flags: int = os.O_RDONLY) -> int:
        """Give a descriptor."""
        return self.fresh(path, lambda: self.kernel.open(path, flags))

    def create(self, path: Path) -> IO[bytes]:
        """Open a file that is not there yet."""
        self._count()
        return self.fresh(path, lambda: self.kernel.create(path))

    def close(self, file: IO[bytes]) -> None:
        """Close what was written. Raises: OSError: what was written may not be there."""
        self.kernel.close(file)

    def sync(self, descriptor: int) -> None:
        """Sync, and tell how long it took. Raises: OSError: never try again, the pages may be gone."""
        began = monotonic()
        try:
            self.kernel.fsync(descriptor)
        except OSError:
            self.observe("fsync_error", 1)
            raise
        self.observe("fsync_s", monotonic() - began)


def _look_up(folder: Path) -> None:
    """Have the client of a server forget what it remembers of a folder: an open asks the server again."""
    with suppress(OSError):
        os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))


DISK = Disk(kernel_of(os.environ))
