"""A stretch of disk kept back, so that on a full disk a task can still be given back and a reason be written."""

import shutil
from contextlib import suppress
from pathlib import Path

from videogen import durable
from videogen.errors import NoSpace

NAME = ".reserve"
SIZE_BYTES = 64 << 20
ROOM = 16
"""Nothing is kept back where so many times its size is not free."""


class Reserve:
    """One file for the whole spool; whoever needs it takes it away, and whoever sees room again makes it anew."""

    def __init__(self, processing: Path, size_bytes: int = SIZE_BYTES) -> None:
        self.path = processing / NAME
        self._size_bytes = size_bytes

    def hold(self) -> None:
        """Keep the space back, where there is plenty; a disk that cannot is left as it is."""
        try:
            if not self.path.exists() and shutil.disk_usage(self.path.parent).free >= ROOM * self._size_bytes:
                durable.allocate(self.path, self._size_bytes)
        except (NoSpace, OSError):
            with suppress(OSError):
                durable.remove(self.path)

    def let_go(self) -> bool:
        """Make the space free; False: there was none to free."""
        is_there = self.path.exists()
        durable.remove(self.path)
        return is_there
