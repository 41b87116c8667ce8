"""The one place where a folder's description is read: what it names, and what it comes to."""

from pathlib import Path

from videogen.cutting import Cutting, Material, _json, _named
from videogen.jobs.folder import Folder
from videogen.model.stock import Mention
from videogen.model.task import Recipe


def mentions_in(cutting: Cutting, folder: Folder) -> tuple[Mention, ...]:
    """Give the files that a folder's description names. Raises: InputError: it is no description."""
    path = folder.path / folder.descriptions[0]
    return tuple(Mention(f"/{key}", holder[key], "clip") for holder, key in _named(_json(path)))


def material_of(
    cutting: Cutting, folder: Path, recipe: Recipe, description: str, pictures: Path, seed: int
) -> Material:
    """Compile a folder that was copied; its pictures are put into the folder `pictures`.

    Raises: InputError: it cannot become a video.
    """
    return cutting.read(folder / description, pictures)
