"""The index brought up to the side files: they are compared by stamp, and only those that changed are read."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from videogen.catalog.index import Index
from videogen.catalog.sides import read_asset, shelved
from videogen.errors import MissingInput
from videogen.model.value import readable

TOGETHER = 2000
"""Rows of one commit: a kill while 100,000 are read loses few of them."""
SEEN = """
CREATE TEMP TABLE IF NOT EXISTS seen(path TEXT PRIMARY KEY, stamp TEXT) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS files(path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS changed(number INTEGER PRIMARY KEY, path TEXT, stamp TEXT);
DELETE FROM seen; DELETE FROM files; DELETE FROM changed;
"""
GONE = """SELECT path FROM assets WHERE path NOT IN (SELECT path FROM seen) OR path NOT IN (SELECT path FROM files)"""
CHANGED = """INSERT INTO changed(path, stamp) SELECT s.path, s.stamp FROM seen AS s JOIN files USING (path)
  LEFT JOIN assets AS a USING (path) WHERE a.stamp IS NOT s.stamp ORDER BY s.path"""


class Refreshed(NamedTuple):
    """What a look came to: side files read, rows dropped, and the paths whose side file cannot be read."""

    read: int
    dropped: int
    damaged: list[str]


def refresh(index: Index, root: Path, tick: Callable[[], None] = lambda: None) -> Refreshed:
    """Make the index hold what the side files say now; `tick` is called between some of them.

    A side file without a file is nothing. No more than a few thousand names are held in memory.
    """
    damaged = _look(index, root)
    gone = [row[0] for row in index.rows(GONE)]
    with index.together():
        for path in gone:
            index.drop(path)
    index.db.execute(CHANGED)
    is_empty = not index.rows("SELECT 1 FROM assets LIMIT 1")
    with index.building() if is_empty else nullcontext():
        read = _read(index, root, damaged, tick)
    index.db.executescript("DROP TABLE seen; DROP TABLE files; DROP TABLE changed;")
    return Refreshed(read, len(gone), sorted(damaged))


def _read(index: Index, root: Path, damaged: list[str], tick: Callable[[], None]) -> int:
    """Read the side files that changed; give how many those are, and add to the damaged ones."""
    read = after = 0
    while rows := index.rows("SELECT number, path, stamp FROM changed WHERE number > ? LIMIT ?", (after, TOGETHER)):
        after = rows[-1][0]
        read += len(rows)
        with index.together():
            damaged += [path for _, path, stamp in rows if not _took(index, root, path, stamp)]
        tick()
    return read


def _look(index: Index, root: Path) -> list[str]:
    """Write down what lies on the shelves; give what no index can name."""
    index.db.executescript(SEEN)
    unnamed = []
    with index.together():
        for path, stamp in shelved(root):
            try:
                if stamp:
                    index.db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (path, stamp))
                else:
                    index.db.execute("INSERT OR REPLACE INTO files VALUES (?)", (path,))
            except UnicodeEncodeError:  # a name that is not UTF-8 has no asset: intake gives none such
                unnamed += [readable(path)] if stamp else []
    return unnamed


def _took(index: Index, root: Path, path: str, stamp: str) -> bool:
    try:
        asset = read_asset(root, path)
    except (MissingInput, OSError):
        index.drop(path)
        return False
    index.put(asset.model_copy(update={"path": path}), stamp)
    return True
