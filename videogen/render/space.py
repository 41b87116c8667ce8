"""Room on the disk: a node takes nothing that will not fit, and comes back by itself when there is room again."""

import shutil
from dataclasses import dataclass
from pathlib import Path

KEEP_SHARE = 0.05
KEEP_MOST = 10_000_000_000
"""A twentieth of a large disk is more than anything here needs to go on: 10 GB is enough."""
BITS_PER_PIXEL = 0.15
"""Of a story at CRF 23, generously: real 4K clips took 0.03 to 0.12."""
SAFETY = 2
"""The segments and the video they are joined to lie side by side."""


@dataclass(frozen=True)
class Wanted:
    """What a task will be, as its paper says. Units: frames, pixels of a frame."""

    frames: int
    pixels: int

    @property
    def size_bytes(self) -> int:
        """How large its video may become."""
        return int(self.frames * self.pixels * BITS_PER_PIXEL / 8)


class Space:
    """The disks a render writes to."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def trouble(self, wanted: Wanted | None = None) -> str:
        """Say why a task should not be taken now; empty where there is room. None: why none should."""
        for folder in self._folders:
            try:
                usage = shutil.disk_usage(_there(folder))
            except OSError as error:
                return f"{folder} cannot be looked at ({error.strerror})"
            keep = min(int(KEEP_SHARE * usage.total), KEEP_MOST)
            if usage.free < keep:
                return f"{folder} has {_gb(usage.free)} free, and {_gb(keep)} are kept"
            if wanted and usage.free < SAFETY * wanted.size_bytes:
                return f"{folder} has {_gb(usage.free)} free, and the task may take {_gb(SAFETY * wanted.size_bytes)}"
        return ""


def _there(folder: Path) -> Path:
    """Give a folder, or where it will be made."""
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"
