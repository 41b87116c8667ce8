"""From names to files: what a description names is found beside it, in the library, or among what videogen brings.

A name is a path from the description's folder, the SHA-256 of something in the library, `library:` with a path below
scanned/, or `shipped:` with the name of a film or picture that comes with videogen. A dropped description reaches
nothing outside of its folder: no `..`, no absolute path, no link. A person who renders a file by hand may name what
they can read.

A file is opened once to be hashed, and its stamp is kept: who uses it later asks whether it is still that file.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple
from unicodedata import category, normalize

from videogen import durable
from videogen.assets import shipped
from videogen.catalog import Catalog, read_asset
from videogen.cutting.pointing import nearest, shown
from videogen.errors import MissingInput, RecipeError, TemporaryError
from videogen.model.golden_frame import SHIPPED
from videogen.model.media import Media
from videogen.model.stock import Mention
from videogen.model.value import library_path

Stamp = tuple[int, int, int, int]
"""Device, inode, size, time of change: of one state of a file."""
Library = Callable[[], tuple[Path, Catalog]]

LIBRARY = "library:"
ELSEWHERE = (LIBRARY, SHIPPED)
"""What names begin with that mean no file of the folder."""
NAME_LETTERS_MOST = 1000
LISTED_MOST = 2000
"""Names of a folder among which the one that was meant is looked for."""
_DIGITS = frozenset("0123456789abcdef")
_ADDRESS = re.compile("[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_BESIDE = "Put it beside the description, or correct its name."


class Held(NamedTuple):
    """A file that a name stands for. `media`: what the library knows of it."""

    content: str
    path: Path
    stamp: Stamp
    where: Literal["folder", "library", "shipped", "machine"] = "folder"
    media: Media | None = None


def is_content(name: str) -> bool:
    """Whether a name is the SHA-256 of a content, and not of a file's own."""
    return len(name) == 64 and set(name) <= _DIGITS


class Names:
    """The names of one description. `is_free`: they may lead out of its folder. `hashed`: contents that are known."""

    def __init__(self, folder: Path, library: Library, *, is_free: bool, hashed: Mapping[str, str]) -> None:
        self._folder = folder
        self._library = library
        self._is_free = is_free
        self._hashed = hashed
        self._held: dict[str, Held] = {}

    def held(self, mention: Mention) -> Held:
        """Give the file that a name stands for, hashed once.

        Raises: MissingInput: `missing-file`: there is none. RecipeError: `bad-description`: it is no name, or leads out
            of the folder. TemporaryError: `still-changing`.
        """
        if mention.name not in self._held:
            self._held[mention.name] = self._found(mention)
        return self._held[mention.name]

    def is_beside(self, mention: Mention) -> bool:
        """Whether a file of that name lies in the folder, where it might be something else: a family of fonts.

        Raises: RecipeError: `bad-description`: it is no name, or leads out of the folder.
        """
        self._expect_name(mention)
        try:
            with self._opened(mention.name):
                return True
        except (OSError, ValueError):
            return False

    def _found(self, mention: Mention) -> Held:
        name = mention.name
        if is_content(name):
            return self._of_content(mention)
        if name.startswith(LIBRARY):
            return self._of_library(mention)
        if name.startswith(SHIPPED) and (path := shipped(name.removeprefix(SHIPPED))):
            return Held(durable.digest(path), path, stamp_of(path), "shipped")
        self._expect_name(mention)
        for form in dict.fromkeys((name, normalize("NFC", name), normalize("NFD", name))):
            try:
                with self._opened(form) as descriptor:
                    return self._hashed_of(mention, form, descriptor)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                raise _no_file(mention, _because(error), "Give the file itself, and the right to read it.") from error
        raise _no_file(mention, "which is not there", self._hint(name))

    # -- the library -----------------------------------------------------------------------------------------------

    def _of_content(self, mention: Mention) -> Held:
        root, catalog = self._library()
        asset = catalog.of_content(mention.name)
        if asset is None:
            raise MissingInput(
                f"{_said(mention)}, and the library holds nothing with the hash {mention.name[:12]}",
                remedy="Name the file by its path.",
                code="missing-file",
                pointer=mention.pointer,
            )
        path = root / asset.path
        return Held(asset.sha256, path, stamp_of(path), "library", asset.media)

    def _of_library(self, mention: Mention) -> Held:
        try:
            relative = library_path("scanned/" + mention.name.removeprefix(LIBRARY))
        except ValueError as error:
            raise _bad_name(mention, "which is no path of the library") from error
        root, _ = self._library()
        try:
            asset = read_asset(root, relative)
        except MissingInput as error:
            raise _no_file(mention, f"and {error.message}", "Correct its path below scanned/.") from error
        path = root / asset.path
        return Held(asset.sha256, path, stamp_of(path), "library", asset.media)

    # -- the folder --------------------------------------------------------------------------------------------------

    def _expect_name(self, mention: Mention) -> None:
        name = mention.name
        if not name or len(name) > NAME_LETTERS_MOST:
            raise _bad_name(mention, "which is no name of a file")
        if _ADDRESS.match(name):
            remedy = "Download it into the folder, and name the file."
            raise _bad_name(mention, "which is an address and no file", remedy)
        if any(category(letter) == "Cc" for letter in name):
            raise _bad_name(mention, "which has control characters in it")
        if self._is_free:
            return
        parts = name.split("/")
        if name.startswith("/") or ".." in parts:
            raise _bad_name(mention, "which leads out of the folder", "Put the file beside the description.")
        if any(not part or part.startswith(".") for part in parts):
            raise _bad_name(mention, "which is a hidden file, or no path from the folder", "Write it as clips/a.mp4.")

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """Give a descriptor of a regular file. Raises: OSError: there is none, or it lies behind a link."""
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        if self._is_free:
            descriptor = os.open(self._folder / name, flags)
        else:
            descriptor = _opened_below(self._folder, name.split("/"), flags | os.O_NOFOLLOW)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError("which is no regular file")
            yield descriptor
        finally:
            os.close(descriptor)

    def _hashed_of(self, mention: Mention, name: str, descriptor: int) -> Held:
        before = os.fstat(descriptor)
        content = self._hashed.get(name)
        if content is None:
            with open(descriptor, "rb", closefd=False) as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        if _stamp(os.fstat(descriptor)) != _stamp(before):
            raise changed(shown(mention.name))
        return Held(content, (self._folder / name).absolute(), _stamp(before))

    def _hint(self, name: str) -> str:
        """Give a remedy for a name that is not there: the one that was most likely meant."""
        folder = self._folder / name.rpartition("/")[0]
        try:
            with os.scandir(folder) as entries:
                known = [one.name for one, _ in zip(entries, range(LISTED_MOST), strict=False) if one.is_file()]
        except (OSError, ValueError):
            return _BESIDE
        meant = nearest(name.rpartition("/")[2], sorted(known))
        return f"Did you mean {shown(meant)}?" if meant else _BESIDE


def _opened_below(folder: Path, parts: list[str], flags: int) -> int:
    """Open a file below a folder, one step after the other: no step is a link, whoever changes them meanwhile."""
    if {"", ".", ".."} & set(parts):
        raise ValueError("which leads out of the folder")
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            os.close(at)
            at = below
        return os.open(parts[-1], flags, dir_fd=at)
    finally:
        os.close(at)


# -- stamps ------------------------------------------------------------------------------------------------------------


def stamp_of(path: Path) -> Stamp:
    """Give the stamp of a file as it is now; that of no file at all is all noughts."""
    try:
        return _stamp(os.stat(path))
    except OSError:
        return (0, 0, 0, 0)


def _stamp(found: os.stat_result) -> Stamp:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


# -- errors ------------------------------------------------------------------------------------------------------------


def changed(name: str) -> TemporaryError:
    """Give the error for a file that is not what it was when it was hashed."""
    return TemporaryError(f"{name} changed while it was read", remedy="Wait until it is whole.", code="still-changing")


def _said(mention: Mention) -> str:
    return f"{mention.pointer} names {shown(mention.name)}"


def _bad_name(mention: Mention, said: str, remedy: str = "Correct it there.") -> RecipeError:
    message = f"{_said(mention)}, {said}"
    return RecipeError(message, remedy=remedy, code="bad-description", pointer=mention.pointer)


def _no_file(mention: Mention, said: str, remedy: str) -> MissingInput:
    message = f"{_said(mention)}, {said}"
    return MissingInput(message, remedy=remedy, code="missing-file", pointer=mention.pointer)


def _because(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"which cannot be read ({error.strerror})"
    return str(error) if str(error).startswith("which") else "which is no name of a file"
