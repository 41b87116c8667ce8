"""What lies where: the rooms counted, their oldest ages, and what waits with its reason. Only looks."""

import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from videogen.assemble import Waiting
from videogen.scan.arrival import DEEPEST, is_ignored
from videogen.spool import Spool, visible


@dataclass(frozen=True)
class Room:
    """One room. Units: seconds since the oldest thing in it was last changed; None where it is empty."""

    name: str
    count: int
    oldest_s: float | None


@dataclass(frozen=True)
class Census:
    """The whole spool at one moment."""

    root: str
    rooms: tuple[Room, ...]
    library: dict[str, int]
    waiting: tuple[Waiting, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        return asdict(self)


def take(spool: Spool, library: dict[str, int], waiting: Iterable[Waiting]) -> Census:
    """Count every room now."""
    rooms = {
        "raw": _files(spool.root / "raw"),
        "scanned": _files(spool.root / "scanned", endings=(".mp4", ".mp3", ".txt")),
        "tasks": visible(spool.tasks),
        "processing": visible(spool.processing),
        "output": visible(spool.output),
        "trash/invalid": [p for p in visible(spool.root / "trash" / "invalid") if not p.name.endswith(".reason.json")],
        "trash/failed": visible(spool.failed),
    }
    counted = tuple(_room(name, paths) for name, paths in rooms.items())
    return Census(str(spool.root), counted, library, tuple(waiting))


def _room(name: str, paths: list[Path]) -> Room:
    stamps = []
    for path in paths:
        try:
            stamps.append(path.lstat().st_mtime)
        except FileNotFoundError:
            continue  # it went on while we counted
    return Room(name, len(stamps), round(max(0.0, time.time() - min(stamps)), 1) if stamps else None)


def _files(folder: Path, endings: tuple[str, ...] = ()) -> list[Path]:
    found = []
    for where, folders, names in os.walk(folder):
        depth = len(Path(where).relative_to(folder).parts)
        folders[:] = [name for name in folders if depth < DEEPEST and not is_ignored(name, is_folder=True)]
        found += [
            Path(where, name) for name in names if not is_ignored(name) and (not endings or name.endswith(endings))
        ]
    return found
