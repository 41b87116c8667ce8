"""The one place where a folder's description is read: what it names, and what it comes to."""

from collections.abc import Mapping
from pathlib import Path

from videogen.cutting import Cutting, Material
from videogen.jobs.folder import Folder
from videogen.model.stock import Mention
from videogen.model.task import Recipe


def mentions_in(cutting: Cutting, folder: Folder) -> tuple[Mention, ...]:
    """Give the files that a folder's description names. Raises: InputError: it is no description."""
    return cutting.mentions(folder.path / folder.descriptions[0], recipe=folder.recipe)


def material_of(  # noqa: PLR0913 -- what is known of a folder by now, and where its pictures go
    cutting: Cutting,
    folder: Path,
    recipe: Recipe,
    description: str,
    pictures: Path,
    seed: int,
    *,
    hashed: Mapping[str, str] | None = None,
) -> Material:
    """Compile a folder that was copied; its pictures are put into the folder `pictures`.

    `hashed`: the contents of its files by name, as they were when they were copied.
    Raises: InputError: it cannot become a video.
    """
    path = folder / description if description else folder
    return cutting.read(path, pictures, recipe=recipe, seed=seed, hashed=hashed)
