"""What the kernel said of raw/ since it was last asked: which files were closed, and which were renamed into place."""

from pathlib import Path
from threading import Event, Lock
from typing import Literal

MOST = 20_000
"""So many names are kept; beyond that only the fact that there were more, and the walk finds them."""

Hint = Literal["closed", "moved"]


class Hints:
    """Names that events brought, until somebody takes them. Safe to use from several threads.

    `wake` is set whenever something came.
    """

    def __init__(self, wake: Event) -> None:
        self.wake = wake
        self._lock = Lock()
        self._named: dict[Path, Hint] = {}

    def tell(self, path: Path | None, hint: Hint = "closed") -> None:
        """Note that a file was closed or renamed into place; without a path, that something happened."""
        with self._lock:
            if path is not None and len(self._named) < MOST:
                self._named[path] = hint
        self.wake.set()

    def take(self) -> dict[Path, Hint]:
        """Give what was noted since the last time."""
        with self._lock:
            named, self._named = self._named, {}
        return named
