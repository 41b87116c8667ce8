"""Which files of a folder are taken, and whether all names are such that a path may be made of them."""

from collections.abc import Container, Iterator
from itertools import count

from videogen.errors import MediaError
from videogen.jobs.folder import Folder, counted, is_meant
from videogen.jobs.waiting import SMALL_BYTES, meant_in
from videogen.model.stock import Mention
from videogen.model.value import library_path
from videogen.scan.admit import StillChanging
from videogen.scan.place import shown

SIDE = ".json"
BROUGHT = "brought by videogen"
"""Of a job's folder: what its video is made of and nobody dropped."""
NAME_BYTES = 255 - len(SIDE)
"""A side file stands beside each, and no name has more than 255 bytes."""
MOST_FILES = 2000
SMALL_MOST = 100
"""So many notes, lists and the like that nothing names go along; what is more, or larger, stays in raw/."""


def names_to_take(folder: Folder, wants: tuple[Mention, ...]) -> list[str]:
    """Give what is taken of a complete folder, in order of name: all of a mix, else what is named, and small things.

    Raises: MediaError: of a mix there is more than is followed of a folder.
    """
    if folder.recipe == "mix":
        count = counted(folder.path, MOST_FILES)
        if count > MOST_FILES:
            raise too_many()
        if count > len(folder.files):
            raise StillChanging  # raw/ holds more than is followed at a time, and some of these are not yet
        return sorted(folder.files)
    meant = frozenset(name for _, name in meant_in(folder, wants))
    for name in meant:
        _expect_no_link(folder, name)
    named = {one for one in folder.files if is_meant(one, meant)}
    named |= set(folder.descriptions)
    if len(named) > MOST_FILES:
        raise too_many()
    return sorted(named | set(_small(folder, named)))


def too_many() -> MediaError:
    """Give the error of a folder that holds more than one job may."""
    return MediaError(
        f"it holds more than {MOST_FILES} files", remedy="Make several folders of it.", code="too-many-files"
    )


def _expect_no_link(folder: Folder, name: str) -> None:
    """Prove that no folder on the way to a name leads elsewhere. Raises: MediaError: `not-a-file`."""
    if folder.is_behind_a_link(name):
        raise MediaError(f"{shown(name)} lies behind a link", remedy="Put the folder itself there.", code="not-a-file")


def _small(folder: Folder, named: set[str]) -> Iterator[str]:
    others = [one for one in sorted(folder.files) if one not in named and folder.files[one].has_settled]
    fits = [one for one in others if folder.files[one].signature[0] <= SMALL_BYTES and _is_regular(folder, one)]
    for name in fits[:SMALL_MOST]:
        if not _trouble(name) and not _is_called_as_side(name, folder.files):
            yield name


def _is_regular(folder: Folder, name: str) -> bool:
    path = folder.path / name
    return path.is_file() and not path.is_symlink()


def check_names(names: list[str]) -> None:
    """Prove that all names can stand in the library beside each other. Raises: MediaError: `bad-file-name`."""
    there = set(names)
    for name in names:
        trouble = _trouble(name)
        if not trouble and _is_called_as_side(name, there):
            trouble = f"is called as what is measured of {shown(name.removesuffix(SIDE))} will be"
        if trouble:
            raise MediaError(f"{shown(name)} {trouble}", remedy="Rename it, and its mention.", code="bad-file-name")


def _is_called_as_side(name: str, names: Container[str]) -> bool:
    return name.endswith(SIDE) and name.removesuffix(SIDE) in names


def _trouble(name: str) -> str:
    if name.split("/", maxsplit=1)[0] == BROUGHT:
        return "is called as what videogen brings will be"
    try:
        is_long = any(len(part.encode("utf-8")) > NAME_BYTES for part in name.split("/"))
        library_path(f"scanned/{name}")
    except (UnicodeEncodeError, ValueError):
        return "has control characters, is not UTF-8, or begins with a dot"
    return f"is longer than {NAME_BYTES} bytes" if is_long else ""


def free_paths(folder: Folder) -> Iterator[str]:
    """Give the paths that a folder may have in scanned/, in order: its name, then `~2`, `~3`, ..."""
    yield f"scanned/{folder.recipe}/{folder.name}"
    for number in count(2):
        yield f"scanned/{folder.recipe}/{folder.name}~{number}"
