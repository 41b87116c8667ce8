"""Side files: `<file>.json` beside each asset is what was measured of it. They are the truth about the library.

An asset exists when its side file and its file are there. The side file is written first, so a visible file is never
without its measurements, and a side file without a file (a crash between the two) is nothing and is written again.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from videogen import durable
from videogen.errors import MissingInput
from videogen.model.media import TEXTS, Asset
from videogen.model.value import library_path

SIDE = ".json"
SHELVES = ("video", "frame", "music", "story")


def side_path(path: Path) -> Path:
    """Name the side file of a file."""
    return path.with_name(path.name + SIDE)


def read_asset(root: Path, relative: str) -> Asset:
    """Read the side file of one asset, by its path from the root.

    Raises: MissingInput: the path leads out of the library, or the file or its side file is not there, or is not one.
    """
    try:
        path = root / library_path(relative)
    except ValueError as error:
        raise MissingInput(str(error), remedy="Drop the voice of this task into raw/ again.") from error
    try:
        if not path.is_file():
            raise FileNotFoundError(relative)
        return Asset.model_validate_json(durable.read(side_path(path)))
    except FileNotFoundError as error:
        raise MissingInput(
            f"{relative} is not in the library", remedy="Drop the file into raw/ again, then retry the task."
        ) from error
    except ValueError as error:
        raise MissingInput(
            f"the side file of {relative} cannot be read", remedy="Drop the file into raw/ again, then retry the task."
        ) from error


def stamp_of(found: os.stat_result) -> str:
    """Tell one state of a side file from another without reading it."""
    return f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}"


def shelved(root: Path) -> Iterator[tuple[str, str]]:
    """Walk the shelves as they are now.

    Shape: (path from the root, stamp of its side file) for each side file, (path, "") for each file that may have one;
        in no order. One folder at a time is open, and none is held in memory.
    """
    for shelf in SHELVES:
        yield from _walked(root / "scanned" / shelf, f"scanned/{shelf}")


def _walked(folder: Path, relative: str) -> Iterator[tuple[str, str]]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:  # taken away while we looked
        return
    inner = []
    with entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                inner.append(entry.name)
            elif entry.name.endswith(SIDE):
                if _is_asset(folder.name, entry.name.removesuffix(SIDE)):
                    yield from _stamped(entry, f"{relative}/{entry.name.removesuffix(SIDE)}")
            elif _is_asset(folder.name, entry.name) and entry.is_file():
                yield f"{relative}/{entry.name}", ""
    for name in inner:
        yield from _walked(folder / name, f"{relative}/{name}")


def _stamped(entry: os.DirEntry[str], relative: str) -> Iterator[tuple[str, str]]:
    try:
        yield relative, stamp_of(entry.stat())
    except OSError:
        yield relative, "unreadable"


def _is_asset(folder: str, name: str) -> bool:
    # Chunks of crawled text have side files of their own, which are the crawler's.
    return name.endswith((".mp4", ".mp3")) or folder == "link" or (folder == "voice" and name.endswith(TEXTS))
