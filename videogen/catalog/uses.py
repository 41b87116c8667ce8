"""What was shown in which video: `scanned/.uses.jsonl`, a line for each, added when its task is made.

The line stays when an operator takes the video out of output/: what was shown was shown. To begin anew, stop main and
remove the file; what lies in tasks/, processing/ and output/ then is counted again at the next start.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videogen import durable
from videogen.catalog.index import Index
from videogen.errors import SetupError
from videogen.model.choice import lot_of
from videogen.model.value import Value

FIRST = b'{"task_id":"'
"""How a line begins: a reader that wants no more than the id need not read the rest."""


class Use(Value):
    """One video: its id, its category, and the hashes of all that was chosen for it.

    `besides` are those of its voice and its logo, which are not chosen and not counted; older lines do not tell them.
    """

    task_id: str
    category: str
    shown: tuple[str, ...]
    besides: tuple[str, ...] = ()

    def to_line(self) -> bytes:
        """Give it as its line."""
        return (json.dumps(self.model_dump(), ensure_ascii=False, separators=(",", ":")) + "\n").encode()


@dataclass(frozen=True)
class Mentions:
    """What the file knows of some contents. `known`: ids of which it tells all, `uses`: those that name a content."""

    known: frozenset[str]
    uses: tuple[Use, ...]


def mentions(path: Path, words: Iterable[str], *, is_chosen: bool) -> Mentions:
    """Look for contents by their hashes in the whole file, at the speed of reading it.

    `is_chosen`: they are clips or tracks, which every line tells; of anything else older lines know nothing.
    """
    # The beginning of a hash is looked for as it is; a whole one with its quote, for no longer word is meant.
    needles = [f'"{word}"'.encode() if len(word) == 64 else f'"{word}'.encode() for word in words]
    known, uses = set[str](), []
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return Mentions(frozenset(), ())
    with file:
        for line in file:
            is_whole = line.startswith(FIRST) and line.endswith(b"}\n")
            if is_whole and (is_chosen or b'"besides":["' in line):
                known.add(line[len(FIRST) : line.find(b'"', len(FIRST))].decode())
            if any(needle in line for needle in needles):
                with suppress(ValueError):
                    uses.append(Use.model_validate_json(line))
    return Mentions(frozenset(known), tuple(uses))


class Ledger:
    """The file, and what the index has of it already."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, index: Index) -> None:
        """Bring the index up to the file; where that is another file than before, from its beginning.

        A line that is no use (a write that was cut short) is passed over.
        """
        stand, (name, _, known) = self._stand(), index.fact("ledger").rpartition(":")
        with index.together():
            offset = int(known or 0)
            if name != stand[0] or offset > stand[1]:
                index.db.execute("DELETE FROM videos")
                index.db.execute("DELETE FROM shown")
                offset = 0
            for use in self._uses(offset, stand[1]):
                count(index, use)
            index.note_fact("ledger", f"{stand[0]}:{stand[1]}")

    def add(self, index: Index, use: Use) -> None:
        """Note a video for good; when this returns the line survives a power cut, and is counted.

        Raises: NoSpace. SetupError: under its name is a link, or no file.
        """
        if not self._is_ours():
            raise SetupError(
                f"{self._path.name} is no file", remedy="Put the file itself there; links are not followed."
            )
        durable.append(self._path, use.to_line())
        self.read(index)

    def _stand(self) -> tuple[str, int]:
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return "", 0
        return (str(found.st_ino), found.st_size) if stat.S_ISREG(found.st_mode) else ("", 0)

    def _is_ours(self) -> bool:
        """Whether what has the name is a file, or nothing: others may put a link there, or a pipe."""
        return self._stand() != ("", 0) or not os.path.lexists(self._path)

    def _uses(self, offset: int, end: int) -> Iterator[Use]:
        if end <= offset:
            return
        with open(
            durable.DISK.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb"
        ) as file:
            file.seek(offset)
            for line in file:
                try:
                    yield Use.model_validate_json(line)
                except ValueError:
                    continue


def count(index: Index, use: Use) -> None:
    """Count a video that was not counted yet."""
    number = index.db.execute(
        "INSERT OR IGNORE INTO videos(task_id, category) VALUES (?, ?)", (use.task_id, use.category)
    )
    if number.rowcount:
        rows = [(lot_of(sha256), number.lastrowid) for sha256 in use.shown]
        index.db.executemany("INSERT OR IGNORE INTO shown VALUES (?, ?)", rows)


def recount(index: Index) -> None:
    """Write into every asset how often it and its near twins were used."""
    with index.together():
        index.db.execute("UPDATE assets SET uses = 0 WHERE uses <> 0")
        found = index.rows(
            "SELECT COUNT(*), kind, face FROM (SELECT DISTINCT a.kind, a.face, a.lot, s.number FROM shown AS s"
            " JOIN assets AS a USING (lot)) GROUP BY kind, face"
        )
        index.db.executemany("UPDATE assets SET uses = ? WHERE kind = ? AND face = ?", found)


def recount_faces(index: Index, faces: Iterable[tuple[str, int]]) -> None:
    """Do so for some faces."""
    with index.together():
        for kind, face in faces:
            index.db.execute(
                "UPDATE assets SET uses = (SELECT COUNT(*) FROM (SELECT DISTINCT s.lot, s.number FROM shown AS s"
                " WHERE s.lot IN (SELECT lot FROM assets WHERE kind = ?1 AND face = ?2)))"
                " WHERE kind = ?1 AND face = ?2",
                (kind, face),
            )


def shown_in(path: Path, sha256: str) -> list[str] | None:
    """Name the tasks that show or play a content, the last first, by the index kept at `path`, which is left as it is.

    None: there is none that can be trusted now.
    """
    if not path.is_file():
        return None
    index = Index.private(path)
    try:
        if not index.fact("ledger"):
            return None
        rows = index.rows(
            "SELECT task_id FROM shown JOIN videos USING (number) WHERE lot = ? ORDER BY number DESC", (lot_of(sha256),)
        )
    finally:
        index.db.close()
    return [row[0] for row in rows]


def last_of(index: Index, kind: str, lot: int) -> str:
    """Give the id of the last video that showed this content or a near twin of it; empty where there was none."""
    found = index.rows(
        "SELECT task_id FROM videos WHERE number = (SELECT MAX(number) FROM shown WHERE lot IN (SELECT b.lot"
        " FROM assets AS a JOIN assets AS b ON b.face = a.face AND b.kind = a.kind WHERE a.lot = ? AND a.kind = ?))",
        (lot, kind),
    )
    return str(found[0][0]) if found else ""


def resting(index: Index, kind: str, category: str | None, videos: int) -> frozenset[int]:
    """Give the lots of what was shown in the last videos of a category, or of all, and of their near twins."""
    where, values = ("WHERE category = ?", [category]) if category is not None else ("", [])
    # CROSS JOIN has SQLite begin with the few that were shown, where it may begin with all that there are.
    found = index.rows(
        "SELECT DISTINCT b.lot FROM (SELECT DISTINCT lot FROM shown WHERE number IN"  # noqa: S608 -- ours
        f" (SELECT number FROM videos {where} ORDER BY number DESC LIMIT ?)) AS s"
        " CROSS JOIN assets AS a ON a.lot = s.lot AND a.kind = ?"
        " CROSS JOIN assets AS b ON b.face = a.face AND b.kind = a.kind",
        [*values, videos, kind],
    )
    return frozenset(row[0] for row in found)
