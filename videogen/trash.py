"""trash/invalid: files from raw/ that cannot become anything, each with its reason beside it."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path, PurePosixPath
from uuid import uuid4

from videogen import durable
from videogen.errors import MissingInput, RoomsApart, VideogenError
from videogen.model.task import Reason, reason_for
from videogen.model.value import readable

NAME_BYTES = 200
"""Longest name kept: with `~12` and `.reason.json` it still fits the 255 bytes a name may have."""
NOTE = ".reason.json"
HASH_BYTES = 256 << 20
"""Up to here a refused file is read for its hash: seconds on a slow disk. Who read a larger one may tell its hash."""


def utc_now() -> str:
    """Give the time for people to read, as in 2025-11-10T18:03:44Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Trash:
    """The hand that refuses files. Nothing is ever overwritten, and nothing lies here without a reason."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / "trash" / "invalid"

    def refuse(
        self, path: Path, error: VideogenError, *, stage: str = "scan", sha256: str = "", name: str = ""
    ) -> Path:
        """Move a file, or a whole folder, to trash/invalid with its reason; give the name it has there.

        `sha256` is of its bytes where the caller read them; else those of a file up to HASH_BYTES are read here.
        `name` is what it is to be called there, where that is not its own name.

        Shape: the dropped name, `<stem>~2.<ext>` and so on where it is taken; `<name>.reason.json` beside it.
        """
        reason = self._reason(path, error, stage=stage, sha256=sha256)
        for free in numbered(name or path.name):
            target = self._folder / free
            note = self._folder / f"{free}{NOTE}"
            if os.path.lexists(target):
                continue
            # The reason first: a crash between the two leaves a note without a file, never a file without a note.
            if not durable.create(note, reason.to_json()):
                continue
            try:
                if self._moved(path, target):
                    return target
            except BaseException:
                if not os.path.lexists(target):  # it may have got there, and only its sync failed
                    durable.remove(note)
                raise
            durable.remove(note)
        raise AssertionError("unreachable: count() does not end")

    def home_of(self, name: str) -> Path:
        """Say where a refused file goes to be judged again: where it was dropped, under the name it had.

        Raises: MissingInput: there is no such file, nothing says where it was dropped, or its name is taken there.
        """
        path, note = self._folder / name, self._folder / f"{name}{NOTE}"
        if Path(name).name != name or name.startswith(".") or not os.path.lexists(path):
            raise MissingInput(f"no refused file is named {readable(name)}", remedy="`videogen trash ls` names them.")
        try:
            reason = Reason.model_validate_json(durable.read(note))
        except (OSError, ValueError) as error:
            raise MissingInput(
                f"nothing says where trash/invalid/{readable(name)} was dropped", remedy="Move it into raw/ by hand."
            ) from error
        target = self._dropped_in(reason) / _name_before(name, reason.original_name)
        if os.path.lexists(target):
            taken = readable(str(target.relative_to(self._root)))
            raise MissingInput(
                f"{taken} is taken: another lies there", remedy="Wait until that is judged, or rename it."
            )
        return target

    def restore(self, name: str) -> Path:
        """Bring a refused file back to raw/, to be judged again; give where it lies. Its reason goes after it.

        Raises: MissingInput: as `home_of`. OSError.
        """
        target = self.home_of(name)
        durable.make_folder(target.parent)
        if not self._moved(self._folder / name, target):
            return self.restore(name)  # someone took the name since the look, and is told of
        durable.remove(self._folder / f"{name}{NOTE}")
        return target

    def _dropped_in(self, reason: Reason) -> Path:
        """Give the folder of raw/ in which a file was dropped. Raises: MissingInput: it was in none, or in a link."""
        room, *inside = PurePosixPath(reason.path).parts[:-1] or ("",)
        if room == "scanned" and reason.stage == "crawl":
            room = "raw"  # the crawler refuses what main had taken in already
        folder = self._root.joinpath("raw", *inside)
        ways = [self._root.joinpath("raw", *inside[:length]) for length in range(1, len(inside) + 1)]
        is_strange = any(part.startswith(".") or "\\x" in part for part in inside)
        if room != "raw" or is_strange or any(way.is_symlink() for way in ways):
            raise MissingInput(
                f"it was dropped as {reason.path[:200]!r}, which is no place to bring it back to",
                remedy="Move it into raw/ by hand.",
            )
        return folder

    def _moved(self, path: Path, target: Path) -> bool:
        """Move a file, also to or from a filesystem that is mounted below raw/; False where the name is taken.

        Raises: OSError: it is neither a file nor a link, and lies on another filesystem.
        """
        try:
            return durable.move_new(path, target)
        except RoomsApart as error:
            if path.is_symlink():
                durable.point_at(target, os.readlink(path))
            elif path.is_file():
                copy = durable.temporary_in(target.parent)
                durable.copy(path, copy)
                if not durable.move_new(copy, target):
                    durable.remove(copy)
                    return False
            elif path.is_dir():
                return _folder_moved(path, target)
            else:
                raise OSError(errno.EXDEV, "it lies on another filesystem and is no file") from error
        durable.remove(path)
        return True

    def _reason(self, path: Path, error: VideogenError, *, stage: str, sha256: str) -> Reason:
        reason = reason_for(
            error,
            stage=stage,
            path=readable(str(path.relative_to(self._root))),
            original_name=readable(path.name),
            at=utc_now(),
        )
        size_bytes, read = content_of(path, 0 if sha256 else HASH_BYTES)
        return reason.model_copy(update={"sha256": sha256 or read, "size_bytes": size_bytes})


def _folder_moved(path: Path, target: Path) -> bool:
    """Move a folder to another filesystem: copied whole, then named, then removed; False where the name is taken.

    Raises: OSError: something in it is no file, no link and no folder, so it cannot be copied.
    """
    copy = durable.temporary_in(target.parent)
    try:
        _copy_folder(path, copy)
        is_moved = durable.move_new(copy, target)
    except BaseException:
        durable.remove_tree(copy)
        raise
    durable.remove_tree(path if is_moved else copy)
    return is_moved


def _copy_folder(path: Path, target: Path) -> None:
    durable.make_folder(target)
    for name in durable.listing(path):
        one = path / name
        if one.is_symlink():
            durable.point_at(target / name, os.readlink(one))
        elif one.is_dir():
            _copy_folder(one, target / name)
        elif one.is_file():
            durable.copy(one, target / name)
        else:
            raise OSError(errno.EXDEV, "it lies on another filesystem and is no file", str(one))
    durable.sync_folder(target)


def _name_before(name: str, original: str) -> str:
    """Give the name a file had before it was numbered, byte for byte where that can be told."""
    stem, dot, extension = name.rpartition(".")
    base, _, number = (stem if stem else name).rpartition("~")
    unnumbered = (base + dot + extension if stem else base) if base and number.isdigit() else name
    return next((one for one in (name, unnumbered) if readable(one) == original), original or name)


def content_of(path: Path, limit_bytes: int) -> tuple[int | None, str]:
    """Give the size of a regular file and the hash of its bytes, which is empty where it is larger than the limit.

    What cannot be read, or is no regular file, has neither; a link is not followed and no pipe is waited for.
    """
    try:
        descriptor = durable.DISK.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            is_at = os.fstat(descriptor)
            if not stat.S_ISREG(is_at.st_mode):
                return None, ""
            if is_at.st_size > limit_bytes:
                return is_at.st_size, ""
            return is_at.st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return _size_of(path), ""


def _size_of(path: Path) -> int | None:
    try:
        is_at = path.lstat()
    except OSError:
        return None
    return is_at.st_size if stat.S_ISREG(is_at.st_mode) else None


def numbered(name: str) -> Iterator[str]:
    """Give `name`, then `stem~2.ext`, `stem~3.ext`, ... without end; a name too long to add to gets a new stem."""
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    if len(name.encode("utf-8", "surrogateescape")) > NAME_BYTES:
        stem, extension = uuid4().hex, extension[:20]
    yield stem + dot + extension
    for number in count(2):
        yield f"{stem}~{number}{dot}{extension}"
