"""The kernel's calls that change or ask a tree, as they are, and as a server far away may answer them.

NFS repeats a call whose answer was lost. The server did it the first time and then finds nothing to rename, or a name
that is taken: the error is false. It also forgets handles (ESTALE), shows old listings, and tells of a failed write
only at the close. `Liar` does all that on a local disk, by dice, when VIDEOGEN_LIAR says how often:
  rename link symlink mkdir unlink   done, and answered with the error of a repeated call
  estale                             a look or an open refused by ESTALE
  stale_listing                      what the folder held at an earlier look
  close                              a file written and closed, and answered with EIO
"""

import errno
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import IO

from videogen.errors import ConfigError

REPEATING = {"nfs", "nfs4"}
"""Filesystems whose client repeats calls. Source: Postfix, NFS_README."""
REMOTE = REPEATING | {"cifs", "smb3", "ceph", "9p", "afs", "lustre", "beegfs", "fuse.sshfs", "fuse.glusterfs"}
"""Filesystems whose bytes come over a wire."""
MOUNTS = Path("/proc/self/mountinfo")


class Kernel:
    """The calls, answered truly."""

    def may_repeat(self, device: int) -> bool:
        """Whether an error from this filesystem may be that of a call repeated after it was done."""
        return type_of(device) in REPEATING

    def rename(self, source: Path, target: Path) -> None:
        """Call rename(2)."""
        os.rename(source, target)  # noqa: TID251  # the bare call that durable.py makes through disk.py

    def link(self, source: Path, target: Path) -> None:
        """Call link(2)."""
        os.link(source, target)  # noqa: TID251  # the bare call that durable.py makes through disk.py

    def symlink(self, target: str, link: Path) -> None:
        """Call symlink(2)."""
        os.symlink(target, link)  # noqa: TID251  # the bare call that durable.py makes through disk.py

    def mkdir(self, folder: Path) -> None:
        """Call mkdir(2)."""
        os.mkdir(folder)

    def unlink(self, path: Path) -> None:
        """Call unlink(2)."""
        os.unlink(path)

    def rmdir(self, folder: Path) -> None:
        """Call rmdir(2)."""
        os.rmdir(folder)

    def fsync(self, descriptor: int) -> None:
        """Call fsync(2)."""
        os.fsync(descriptor)  # noqa: TID251  # the bare call that durable.py makes through disk.py

    def open(self, path: Path, flags: int) -> int:
        """Call open(2)."""
        return os.open(path, flags, 0o666)

    def create(self, path: Path) -> IO[bytes]:
        """Open a file that is not there yet."""
        return path.open("xb")

    def close(self, file: IO[bytes]) -> None:
        """Write what is left and close; the file is closed even when this fails."""
        file.close()

    def lstat(self, path: Path) -> os.stat_result:
        """Call lstat(2)."""
        return os.lstat(path)

    def names(self, folder: Path) -> list[str]:
        """List a folder."""
        return os.listdir(folder)


class Liar(Kernel):
    """The calls, done each time, and answered falsely now and then."""

    def __init__(self, rates: Mapping[str, float], seed: int = 0) -> None:
        self._rates = rates
        self._dice = Random(seed)  # noqa: S311  # a run must be repeatable, not unpredictable
        self._seen: dict[Path, list[str]] = {}
        self.lies: dict[str, int] = dict.fromkeys(LIES, 0)

    def _is_due(self, lie: str) -> bool:
        is_due = self._dice.random() < self._rates.get(lie, 0)
        self.lies[lie] += is_due
        return is_due

    def _lie(self, lie: str, path: object) -> None:
        if self._is_due(lie):
            raise OSError(LIES[lie], os.strerror(LIES[lie]), str(path))

    def may_repeat(self, device: int) -> bool:
        """Whether the device is far away: to a liar all are."""
        return True

    def rename(self, source: Path, target: Path) -> None:
        """Do it, and perhaps say that there was nothing to rename."""
        super().rename(source, target)
        self._lie("rename", source)

    def link(self, source: Path, target: Path) -> None:
        """Do it, and perhaps say that the name was taken."""
        super().link(source, target)
        self._lie("link", target)

    def symlink(self, target: str, link: Path) -> None:
        """Do it, and perhaps say that the name was taken."""
        super().symlink(target, link)
        self._lie("symlink", link)

    def mkdir(self, folder: Path) -> None:
        """Do it, and perhaps say that the name was taken."""
        super().mkdir(folder)
        self._lie("mkdir", folder)

    def unlink(self, path: Path) -> None:
        """Do it, and perhaps say that there was nothing."""
        super().unlink(path)
        self._lie("unlink", path)

    def open(self, path: Path, flags: int) -> int:
        """Refuse by ESTALE perhaps."""
        self._lie("estale", path)
        return super().open(path, flags)

    def close(self, file: IO[bytes]) -> None:
        """Close, and perhaps tell only now that a write had failed."""
        super().close(file)
        self._lie("close", file.name)

    def lstat(self, path: Path) -> os.stat_result:
        """Refuse by ESTALE perhaps."""
        self._lie("estale", path)
        return super().lstat(path)

    def names(self, folder: Path) -> list[str]:
        """Refuse by ESTALE perhaps, or give what was there at the look before."""
        self._lie("estale", folder)
        before, now = self._seen.get(folder), super().names(folder)
        self._seen[folder] = now
        return before if before is not None and self._is_due("stale_listing") else now


LIES = {
    "rename": errno.ENOENT,
    "link": errno.EEXIST,
    "symlink": errno.EEXIST,
    "mkdir": errno.EEXIST,
    "unlink": errno.ENOENT,
    "estale": errno.ESTALE,
    "stale_listing": 0,
    "close": errno.EIO,
}


def kernel_of(environ: Mapping[str, str]) -> Kernel:
    """Give the true one, or the liar that VIDEOGEN_LIAR describes. Raises: ConfigError: it cannot be read."""
    spec = environ.get("VIDEOGEN_LIAR", "")
    if not spec:
        return Kernel()
    try:
        rates = {name.strip(): float(rate) for name, _, rate in (word.partition("=") for word in spec.split(","))}
        seed = int(rates.pop("seed", 0))
    except ValueError:
        rates, seed = {"": 0}, 0
    if not rates.keys() <= LIES.keys():
        raise ConfigError(
            f"VIDEOGEN_LIAR has {spec!r}", remedy=f"Write lie=rate, with commas between them: {', '.join(LIES)}, seed."
        )
    return Liar(rates, seed)


@lru_cache(maxsize=64)
def type_of(device: int, mounts: Path = MOUNTS) -> str:
    """Name the type of a mounted filesystem; empty where the system does not tell."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        mount, _, filesystem = line.partition(" - ")
        if mount.split()[2] == wanted:
            return filesystem.split()[0]
    return ""
