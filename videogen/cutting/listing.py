"""What lies in a folder that is dropped or rendered as a whole: its description, its films and sounds."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from videogen.cutting.recipes import Recipe
from videogen.cutting.stocking import Store
from videogen.errors import MediaError, RecipeError
from videogen.model.stock import Mention
from videogen.model.value import readable
from videogen.probe.magic import is_media

FILES_MOST = 2000
LEVELS_MOST = 2
"""A folder, and folders in it: clips/a.mp4."""


def described_in(folder: Path, recipes: Mapping[str, Recipe], asked: str | None) -> Path | None:
    """Give the description of a folder; None: there is none. Raises: RecipeError: there are several."""
    names = [name for one in recipes.values() for name in one.files if asked in {None, one.name}]
    found = [name for name in names if os.path.lexists(folder / name)]
    if len(found) > 1:
        raise RecipeError(
            f"{readable(str(folder))} holds {' and '.join(found)}",
            remedy="Leave one of them there, or name it.",
            code="bad-description",
        )
    return folder / found[0] if found else None


def films_and_sounds(folder: Path, description: Path | None, store: Store) -> tuple[list[str], list[str]]:
    """Give the names of the films and of the sounds of a folder, rising; what cannot be used is a warning."""
    films: list[str] = []
    sounds: list[str] = []
    mentions = [
        Mention("", name, "overlay")
        for name in sorted(_files(folder))
        if folder / name != description and is_media(folder / name)
    ]
    store.look_ahead(mentions)
    for mention in mentions:
        try:
            held = store.names.held(mention)
            media = store.media_of(held)
        except MediaError as error:
            store.warn("unusable", error.message)
            continue
        store.held[held.content] = held
        (films if media.picture else sounds).append(mention.name)
    return films, sounds


def media_in(folder: Path) -> list[str]:
    """Give the absolute names of the films and sounds in a folder, rising. Raises: OSError: it cannot be listed."""
    return [str(path) for path in (folder.absolute() / name for name in sorted(_files(folder))) if is_media(path)]


def _files(folder: Path, before: str = "", level: int = 1) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for count, one in enumerate(sorted(entries, key=lambda entry: entry.name)):
            if count >= FILES_MOST:
                return
            if one.name.startswith("."):
                continue
            if one.is_file(follow_symlinks=False):
                yield before + one.name
            elif level < LEVELS_MOST and one.is_dir(follow_symlinks=False):
                yield from _files(folder / one.name, f"{before}{one.name}/", level + 1)
