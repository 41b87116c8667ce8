"""The check of the library: each file with its side file, each with the bytes that were taken in."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from videogen import durable
from videogen.catalog import SIDE, read_asset, side_path
from videogen.errors import MissingInput
from videogen.fsck.finding import Finding, relative
from videogen.model.media import TEXTS, Asset
from videogen.spool import Spool, visible

DROP_AGAIN = "Take it out of scanned/ and drop the original again."
SHELVES = ("video", "frame", "music", "story")


def library(spool: Spool) -> Iterator[Finding]:
    """Find what has no side file, or no file beside its side file, or another size than was taken in."""
    for where, names in _shelved(spool):
        path = spool.root / where
        if path.name not in names:
            said = f"{where}{SIDE} has no file beside it: it was being taken in, or was taken away"
            yield Finding("library", "note", where + SIDE, said, "Drop the file again, or remove the side file.")
        elif side_path(path).name not in names:
            said = f"{where} has no side file: nothing can use it"
            yield Finding("library", "error", where, said, "Move it into raw/.")
        else:
            yield from _shelf_trouble(spool, where)


def _shelved(spool: Spool) -> Iterator[tuple[str, set[str]]]:
    """Give each asset's path from the root, once, whichever of its two files is there, with all names beside it."""
    for shelf in SHELVES:
        folders = sorted((spool.root / "scanned" / shelf).glob("**/"))
        for folder in folders:
            names = {path.name for path in visible(folder)}
            assets = {name.removesuffix(SIDE) for name in names if _is_asset(folder, name.removesuffix(SIDE))}
            yield from ((relative(spool, folder / name), names) for name in sorted(assets))


def _is_asset(folder: Path, name: str) -> bool:
    # Chunks of crawled text are the crawler's, with side files of another kind.
    has_words = name.endswith(".txt") if folder.name == "link" else folder.name == "voice" and name.endswith(TEXTS)
    return name.endswith((".mp4", ".mp3")) or has_words


def _asset(spool: Spool, relative: str) -> tuple[Asset | None, str]:
    """Give an asset, and why it is none; empty where it is gone."""
    try:
        asset = read_asset(spool.root, relative)
        size = (spool.root / relative).stat().st_size
    except MissingInput as error:
        return None, error.message if side_path(spool.root / relative).exists() else ""
    except OSError:
        return None, ""
    return asset, "" if size == asset.size_bytes else f"{relative} has {size} bytes of {asset.size_bytes}"


def _shelf_trouble(spool: Spool, relative: str) -> Iterator[Finding]:
    _, said = _asset(spool, relative)
    if said:
        yield Finding("library", "error", relative, said, DROP_AGAIN)


def wrong_assets(spool: Spool) -> Iterator[Finding]:
    """Find what has other bytes than were taken in; every file is read."""
    for where, _ in _shelved(spool):
        asset, said = _asset(spool, where)
        with suppress(FileNotFoundError):
            if asset is not None and not said and durable.digest(spool.root / where) != asset.sha256:
                said = f"{where} has other bytes than were taken in"
                yield Finding("library", "error", where, said, DROP_AGAIN)
