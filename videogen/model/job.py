"""A job: a folder that was dropped to become one video, and the paper that tells what was taken of it."""

import hashlib
from typing import Literal

from videogen.model.task import Recipe
from videogen.model.value import Digest, LibraryPath, Value

DESCRIPTIONS: dict[str, tuple[str, ...]] = {
    "mix": ("mix.toml", "mix.json"),
    "composition": ("composition.json",),
    "golden_frame": ("job.json",),
}
"""The recipes that are dropped as folders, and how the file is called that asks for the video."""
PAPER = ".job.json"
"""In the job's folder in scanned/: what was taken."""
WAITING_TASK = ".task.json"
"""Beside it until the task is published: the task as it will be."""


class JobFile(Value):
    """One file that was taken: its name in the folder, its bytes, and enough to tell it from another of that name.

    Units: nanoseconds of the file's modification time.
    """

    name: str
    sha256: Digest
    size_bytes: int
    mtime_ns: int
    inode: int


class Job(Value):
    """What was taken of a dropped folder, and the id of its video, given once and for good."""

    version: Literal[1] = 1
    recipe: Recipe
    name: str
    """As it was dropped; `path` may be numbered."""
    path: LibraryPath
    dropped_as: str
    task_id: str
    description: str = ""
    """The name of the file that asks for the video; empty where the folder alone did."""
    fingerprint: Digest
    """Of the names and bytes of all files: two folders of one fingerprint ask for one video."""
    files: tuple[JobFile, ...]
    brought: tuple[JobFile, ...] = ()
    """What else it shows or plays, which videogen or the machine brought: kept with the job, as that may change."""
    is_published: bool = False
    """Its task was published; from then on the rooms know where it is."""


def fingerprint_of(recipe: str, files: tuple[JobFile, ...]) -> str:
    """Give the word for what a folder asks for: its recipe, and its files by name and bytes."""
    told = hashlib.sha256(recipe.encode())
    for file in sorted(files, key=lambda one: one.name):
        told.update(f"\0{file.name}\0{file.sha256}".encode())
    return told.hexdigest()
