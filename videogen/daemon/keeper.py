"""The chores of a role, in a thread of their own: a disk that hangs must not keep the role from hearing signals."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from videogen.errors import VideogenError

log = structlog.get_logger()

LOW_DISK_EVERY_S = 60.0
LOOK_S = 0.25


class Chore:
    """Something to be done again and again, at most every `every_s`."""

    def __init__(self, what: str, every_s: float, do: Callable[[], object]) -> None:
        self.what = what
        self._every_s = every_s
        self._do = do
        self._again = 0.0
        self._is_well = True

    def look(self) -> None:
        """Do it if it is due; trouble is said once, and it is tried again."""
        if time.monotonic() < self._again:
            return
        try:
            self._do()
            self._is_well = True
        except (VideogenError, OSError) as error:
            if self._is_well:
                log.warning(f"Cannot {self.what} now", because=str(error))
            self._is_well = False
        self._again = time.monotonic() + self._every_s


class Keeper:
    """One thread that looks after the chores until it is ended."""

    def __init__(self, *chores: Chore) -> None:
        self._chores = chores
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def __enter__(self) -> "Keeper":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=5.0)  # what hangs on a disk ends with the process

    def _keep(self) -> None:
        while not self._over.wait(LOOK_S):
            for chore in self._chores:
                chore.look()


class LowDisk:
    """The warning of a disk that runs full, at most once in a while."""

    def __init__(self, root: Path, least_gb: float) -> None:
        self._root = root
        self._least_gb = least_gb

    def chore(self) -> Chore:
        """Give it as a chore."""
        return Chore("look at the disk", LOW_DISK_EVERY_S, self.look)

    def look(self) -> None:
        """Warn when less than the least is free."""
        free_gb = shutil.disk_usage(self._root).free / 1e9
        if free_gb < self._least_gb:
            log.warning(f"Low disk space: {free_gb:.1f}GB remaining", remedy="Free space, or empty trash/.")
