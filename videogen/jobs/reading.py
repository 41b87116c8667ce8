"""The one place where a folder's description is read: what it names, and what it comes to."""

from collections.abc import Mapping
from pathlib import Path

from videogen.cutting import Cutting, Material
from videogen.errors import RecipeError, VideogenError
from videogen.jobs.folder import Folder
from videogen.model.stock import Mention
from videogen.model.task import Recipe
from videogen.model.value import readable

TIMELINE = "timeline"
"""A description may say that it is one: then it is a whole edit, in whatever folder it was dropped."""


def mentions_in(cutting: Cutting, folder: Folder) -> tuple[Mention, ...]:
    """Give the files that a folder's description names. Raises: InputError: it is no description."""
    try:
        return cutting.mentions(folder.path / folder.descriptions[0])
    except VideogenError as error:
        raise _told(error, folder.path) from error


def material_of(
    cutting: Cutting, folder: Path, recipe: Recipe, description: str, hashed: Mapping[str, str], seed: int
) -> Material:
    """Compile a folder that was copied; pictures lie in a folder beside it. `hashed`: contents by name.

    Raises: InputError: it cannot become a video.
    """
    pictures = pictures_of(folder)
    try:
        if not description:
            return cutting.read(folder, pictures, recipe=recipe, seed=seed, hashed=hashed)
        made = cutting.read(folder / description, pictures, seed=seed, hashed=hashed)
    except VideogenError as error:
        raise _told(error, folder) from error
    if made.recipe not in {recipe, TIMELINE}:
        raise RecipeError(
            f"{description} asks for a {made.recipe}, and lies in raw/{recipe}/",
            remedy=f"Drop the folder into raw/{made.recipe}/.",
            code="bad-description",
            pointer="/recipe",
        )
    return made


def pictures_of(folder: Path) -> Path:
    """Name the folder in which the pictures of a copied folder are drawn."""
    return folder.with_name(f"{folder.name}.pictures")


def _told(error: VideogenError, folder: Path) -> VideogenError:
    """Name files as the person who dropped them does, not by where they were copied to."""
    said = error.message.replace(f"{readable(str(folder))}/", "").replace(readable(str(folder)), "the folder")
    return type(error)(said, remedy=error.remedy, code=error.word, **error.facts)
