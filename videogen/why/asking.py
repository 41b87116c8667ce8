"""From what a person typed to what is known of it: a path first, then an id, a key, and a name anywhere."""

import json
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Literal

from videogen import durable
from videogen.catalog import SIDE
from videogen.model.job import DESCRIPTIONS
from videogen.model.value import readable
from videogen.scan.journal import FOLDER
from videogen.spool import Spool
from videogen.spool.papers import HALF, REAPED
from videogen.spool.rooms import ROOMS
from videogen.why import arriving, dropped, library, refused, store, tasks
from videogen.why.answer import Answer, paper_at, relative

SHELVES = ("video", "frame", "music", "story", *DESCRIPTIONS)


class Explainer:
    """One spool, and what of its settings decides how long a thing waits. Units: `quiet_s` as in scan.quiet_s."""

    def __init__(self, spool: Spool, *, quiet_s: float, category_rule: Literal["prefer", "only"]) -> None:
        self._spool = spool
        self._root = spool.root
        self._store = spool.root / "scanned" / ".segments"
        self._quiet_s = quiet_s
        self._category_rule = category_rule

    def explain(self, asked: str) -> list[Answer]:
        """Give all that is known of what was asked for; empty: there is no such thing.

        A path is answered without a look at anything else. What is not at its path any more, an id, a key and a bare
        name are looked for in every room.
        """
        path = self._path(asked)
        if path is not None and (found := self._at(path)):
            return found
        found = self._anywhere(Path(asked).name)
        # What was dropped there has gone on: others of its name are of interest only where it is nowhere.
        its_own = [one for one in found if path and one.facts.get("dropped_as") == relative(self._root, path)]
        return its_own or found

    def _anywhere(self, name: str) -> list[Answer]:
        found = [one for task_id in tasks.ids(self._spool, name) for one in tasks.explain(self._spool, task_id)]
        found += [one for at in store.by_key(self._store, name) for one in self._at(at)]
        if found:
            return found
        for at in self._named(name):
            found += [one for one in self._at(at) if one.path not in {known.path for known in found}]
        return found

    # -- paths -------------------------------------------------------------------------------------------------------

    def _path(self, asked: str) -> Path | None:
        """Give the path that was meant, from here or from the root; None where it is none of this spool's."""
        given = Path(asked)
        from_root, from_here = self._root / given, Path(os.path.abspath(given))
        candidates = [from_here, Path(os.path.realpath(from_here.parent)) / from_here.name, from_root]
        real = Path(os.path.realpath(self._root))
        for path in candidates:
            for root in (self._root, real):
                if path != root and path.is_relative_to(root) and os.path.lexists(path):
                    return self._root / path.relative_to(root)
        if given.parts[:1] and given.parts[0] in ROOMS and len(given.parts) > 1:
            return Path(os.path.normpath(from_root))
        return from_here if from_here.is_relative_to(self._root) and len(given.parts) > 1 else None

    def _at(self, path: Path) -> list[Answer]:
        """Explain what lies at a path of this root; empty: nothing does."""
        room, *inside = path.relative_to(self._root).parts
        if not inside:
            return []
        try:
            match room:
                case "raw":
                    return [self._in_raw(path)]
                case "scanned":
                    return self._in_library(path, inside)
                case "trash":
                    return self._in_trash(inside)
                case "tasks" | "processing" | "output":
                    return tasks.explain(self._spool, _id_in(inside[0]))
        except (FileNotFoundError, NotADirectoryError):
            pass  # it went on while we looked
        return []

    def _in_raw(self, path: Path) -> Answer:
        if dropped.is_dropped(self._spool, path):
            return dropped.explain_dropped(self._spool, path)
        return arriving.explain(self._spool, path, self._quiet_s)

    def _in_library(self, path: Path, inside: list[str]) -> list[Answer]:
        if inside[0] == self._store.name:
            return _one(store.explain(self._root, path))
        if inside[0] == FOLDER.name:
            return self._at(Path(os.path.normpath(path.parent / path.readlink())))
        if dropped.is_taken(self._spool, path):
            return dropped.explain_taken(self._spool, path)
        return library.explain(self._spool, path, self._category_rule)

    def _in_trash(self, inside: list[str]) -> list[Answer]:
        match inside:
            case ("invalid", name, *_):
                return _one(refused.explain(self._root, self._root / "trash" / "invalid" / name))
            case ("failed", name, *_):
                return tasks.explain(self._spool, name.removesuffix(refused.NOTE))
            case ("attempts", name, *_):
                return tasks.explain(self._spool, name.partition(".")[0])
        return []

    # -- names -------------------------------------------------------------------------------------------------------

    def _named(self, name: str) -> Iterator[Path]:
        """Give every place of a name: in raw/, in the library, in trash/invalid; numbered and renamed ones too."""
        if not name:
            return
        yield from dropped.named(self._spool, name)
        stem, dot, extension = name.rpartition(".")
        ends = {name, *([f"_{name}"] if dot else [])}
        for room in ("raw", "scanned"):
            for where, folders, names in os.walk(self._root / room):
                folders[:] = sorted(one for one in folders if room == "raw" or not one.startswith("."))
                yield from (Path(where, one) for one in sorted(names) if _is_called(one, name, stem, extension, ends))
        yield from self._renamed(name)
        for path in sorted((self._root / "trash" / "invalid").glob("*")):
            if _is_called(path.name, name, stem, extension, {name}):
                yield path

    def _renamed(self, name: str) -> Iterator[Path]:
        """Give what was dropped under this name and has a new one in the library; reads every side file."""
        word = json.dumps(readable(name), ensure_ascii=False).encode()
        sides = (sorted((self._root / "scanned" / shelf).rglob("*" + SIDE)) for shelf in SHELVES)
        for side in chain.from_iterable(sides):
            if side.name.startswith(".") or not _holds(side, word):
                continue
            if (paper_at(side) or {}).get("original_name") == readable(name):
                yield side.with_name(side.name[: -len(SIDE)])


def _holds(path: Path, word: bytes) -> bool:
    """Whether a paper has a word in it at all, which costs less to see than what the paper says."""
    try:
        return word in durable.read(path)
    except (OSError, ValueError):
        return False


def _one(answer: Answer | None) -> list[Answer]:
    return [answer] if answer else []


def _is_called(found: str, name: str, stem: str, extension: str, ends: set[str]) -> bool:
    """Whether a file has the name that was asked for, as it is, numbered, or behind its length in the library."""
    if found == name or any(found.endswith(end) and end != name for end in ends):
        return True
    base, _, number = (found.rpartition(".")[0] if extension else found).rpartition("~")
    return base == (stem if extension else name) and number.isdigit() and found.endswith(extension)


def _id_in(name: str) -> str:
    """Give the id in the name of a task's folder, or of a claim on its way."""
    match = HALF.fullmatch(name) or REAPED.fullmatch(name)
    return match["id"] if match else name
