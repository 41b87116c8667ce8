"""A content, from what a person called it: a path in scanned/ or raw/, a hash or its beginning, a file's name."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videogen import durable
from videogen.catalog import SIDE, Catalog, read_asset
from videogen.errors import MissingInput
from videogen.model.media import Asset
from videogen.model.value import readable

LEAST = 6
"""Digits of a hash that name one."""


@dataclass(frozen=True)
class Content:
    """What was meant. `sha256` may be the beginning of one, or empty where only a path is known.

    `kind` is the library's word; empty for what is not in the library, as a logo.
    """

    sha256: str = ""
    path: str = ""
    kind: str = ""
    dropped_as: str = ""

    @classmethod
    def of(cls, asset: Asset) -> "Content":
        """Give that of an asset."""
        return cls(asset.sha256, asset.path, asset.kind, asset.source.path)

    @property
    def is_chosen(self) -> bool:
        """Whether it is a clip or a track."""
        return self.kind in {"video", "music"}


def contents_of(root: Path, asked: str, library: Callable[[], Catalog]) -> list[Content]:
    """Give all that a word may mean; empty: nothing is known of it. `library` gives the catalogue, loaded.

    Shape: a path gives one content, or each that was dropped there; a name gives each file that has it.
    """
    inside = _inside(root, asked)
    if inside is not None:
        return _at(root, inside)
    if Path(asked).is_file():
        return [Content(durable.digest(Path(asked)), asked)]
    paths = library().of_word(asked.lower() if _is_hash(asked.lower()) else asked)
    found = [Content.of(asset) for asset in _read(root, paths)]
    if found:
        return found
    if _is_hash(asked.lower()):
        return [Content(asked.lower())]
    return [Content.of(one) for one in _sides(root, "scanned", asked) if one.original_name == readable(asked)]


def _is_hash(word: str) -> bool:
    return LEAST <= len(word) <= 64 and all(letter in "0123456789abcdef" for letter in word)


def _inside(root: Path, asked: str) -> str | None:
    """Give the path from the root, of what is there or was; None: it is no path of this root."""
    real = Path(os.path.realpath(root))
    for path in (Path(os.path.abspath(asked)), Path(os.path.normpath(root / asked))):
        for base in (root, real):
            if path.is_relative_to(base) and path != base:
                relative = path.relative_to(base)
                if os.path.lexists(path) or relative.parts[0] in {"raw", "scanned"}:
                    return relative.as_posix()
    return None


def _at(root: Path, path: str) -> list[Content]:
    """Say what lies at a path of this root, or once lay there."""
    if path.startswith("scanned/"):
        path = path.removesuffix(SIDE)
        with suppress(MissingInput):
            return [Content.of(read_asset(root, path))]
    if path.startswith("raw/"):
        folder = path.replace("raw/", "scanned/", 1).rpartition("/")[0]
        found = [Content.of(asset) for asset in _sides(root, folder, path) if asset.source.path == readable(path)]
        if found:
            return found
    file = root / path
    if file.is_file():
        return [Content(durable.digest(file), path)]
    return [Content(path="" if path.startswith("raw/") else path, dropped_as=path if path.startswith("raw/") else "")]


def _sides(root: Path, folder: str, word: str) -> Iterator[Asset]:
    """Read the side files below a folder in which a word stands."""
    needle = json.dumps(readable(word), ensure_ascii=False).encode()
    for side in sorted((root / folder).rglob("*" + SIDE)):
        with suppress(OSError, ValueError):
            raw = durable.read(side)
            if needle in raw:
                yield Asset.model_validate_json(raw)


def _read(root: Path, paths: list[str]) -> Iterator[Asset]:
    for path in paths:
        with suppress(MissingInput):
            yield read_asset(root, path)
