"""A dropped folder as it lies in raw/ at one look."""

import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unicodedata import normalize

from videogen.model.job import DESCRIPTIONS
from videogen.model.task import Recipe
from videogen.scan.arrival import IGNORED_ENDINGS, Arrival, Signature, is_ignored, signature_of

RECIPES: dict[str, Recipe] = {"mix": "mix", "composition": "composition", "golden_frame": "golden_frame"}


@dataclass(frozen=True)
class Folder:
    """raw/<recipe>/<name> and the files in it that are followed, by their names in the folder."""

    path: Path
    recipe: Recipe
    files: dict[str, Arrival]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    @property
    def descriptions(self) -> list[str]:
        """The names of the files in it that ask for a video; one, if all is well."""
        return [name for name in DESCRIPTIONS[self.recipe] if name in self.files]

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders in it in which a file lies, by their names in the folder."""
        return frozenset(above for name in self.files for above in above_of(name))

    def holds(self, name: str) -> bool:
        """Whether a name is that of a file that is followed, or of a folder with one in it."""
        return name in self.files or name in self.folders

    def spelled(self, name: str) -> str:
        """Give a name as a file or a folder of these has it: letters may be put together in two ways."""
        for form in (name, normalize("NFC", name), normalize("NFD", name)):
            if self.holds(form):
                return form
        return name

    def is_behind_a_link(self, name: str) -> bool:
        """Whether a folder on the way to a name is a link, which is never followed; no name at all is behind one."""
        return any(os.path.islink(self.path / above) for above in above_of(name))

    @property
    def since(self) -> float:
        """When one of its files was last seen to change, by the clock of the arrivals."""
        return max(arrival.since for arrival in self.files.values())

    @property
    def mark(self) -> tuple[Path, Signature | None]:
        """What stands for the folder in the journal of beginnings: its description, or the folder itself."""
        path = self.path / self.descriptions[0] if self.descriptions else self.path
        return path, signature_of(path)


def above_of(name: str) -> Iterator[str]:
    """Give the folders on the way to a name, the outermost first."""
    parts = name.split("/")
    yield from ("/".join(parts[:count]) for count in range(1, len(parts)))


def is_meant(name: str, names: Container[str]) -> bool:
    """Whether a file is one of these names, or lies in a folder that is."""
    return name in names or any(above in names for above in above_of(name))


def folders_of(raw: Path, arrivals: Iterable[Arrival]) -> list[Folder]:
    """Sort arrivals into their folders, in order of path."""
    found: dict[tuple[str, str], dict[str, Arrival]] = {}
    for arrival in arrivals:
        recipe, name, *inside = arrival.path.relative_to(raw).parts
        found.setdefault((recipe, name), {})["/".join(inside)] = arrival
    return [Folder(raw / recipe / name, RECIPES[recipe], files) for (recipe, name), files in sorted(found.items())]


def copies_under_way(folder: Path) -> frozenset[tuple[str, Signature]]:
    """Give what copiers are still writing below a folder under a name of their own, as it is now."""
    return frozenset(_partials(folder))


def _partials(folder: Path) -> Iterator[tuple[str, Signature]]:
    for where, _, names in os.walk(folder):
        for name in names:
            if name.lower().endswith(IGNORED_ENDINGS) and (signature := signature_of(Path(where, name))):
                yield str(Path(where, name)), signature


def counted(folder: Path, most: int) -> int:
    """Count the files below a folder that may be followed, up to a few more than `most`."""
    count = 0
    for _, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not is_ignored(one, is_folder=True)]
        count += sum(not is_ignored(name) for name in names)
        if count > most:
            break
    return count
