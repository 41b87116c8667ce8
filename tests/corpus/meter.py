"""What a running main and its children use, by the kernel's own figures, looked at a hundred times a second."""

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LOOK_S = 0.01
KB = 1024


@dataclass
class Measures:
    """Peaks of one run. Units: bytes; seconds, by the name a file has in the entrance."""

    main_bytes: int = 0
    child_bytes: int = 0
    children: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


class Meter:
    """A look at a process, its descendants and the entrance, in a thread, from `with` to its end."""

    def __init__(self, pid: int, root: Path) -> None:
        self.measures = Measures()
        self._pid = pid
        self._entrance = root / "scanned" / ".incoming"
        self._known: set[int] = set()
        self._since: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Measures:
        self._thread.start()
        return self.measures

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self._look_at_files()
            self.measures.main_bytes = max(self.measures.main_bytes, peak_bytes(self._pid))
            for child in descendants(self._pid):
                self._known.add(child)
                self.measures.child_bytes = max(self.measures.child_bytes, peak_bytes(child))
            self.measures.children = len(self._known)

    def _look_at_files(self) -> None:
        now = time.monotonic()
        with suppress(FileNotFoundError):
            for name in os.listdir(self._entrance):
                key = name.partition(".")[0] or name
                self.measures.seconds[key] = now - self._since.setdefault(key, now)


def descendants(pid: int) -> list[int]:
    """List the children of a process and theirs, as far as they live."""
    found = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def peak_bytes(pid: int) -> int:
    """Give the most memory a living process ever had; 0 where it lives no more."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * KB
    return 0
