"""The index: slim rows of the library in SQLite, made of the side files and thrown away where in doubt.

Main keeps it in a file, so that a start reads only side files that changed; everyone else has a copy for the time of a
command. Nothing is synced while it works: after a kill the system still writes what was committed, and after a power
cut, which may leave pages of two times, the file is known by its boot and made anew.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

from videogen import durable
from videogen.catalog import twins
from videogen.catalog.entry import Entry, fingerprint_of
from videogen.model.choice import lot_of
from videogen.model.media import Asset, Kind

VERSION = 1
"""Another one is not read: it is made anew."""
PATIENCE_S = 30.0
CACHE_KB = 8_000
BUILDING_KB = 48_000
"""Rows come in the order of their hashes: with a small cache, making the index of 100,000 waits for its pages."""
SCHEMA = """
CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE assets(
  id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, category TEXT NOT NULL, story TEXT NOT NULL,
  sha256 TEXT NOT NULL, source TEXT NOT NULL, length TEXT NOT NULL, task_id TEXT NOT NULL,
  is_assembled INTEGER NOT NULL, fingerprint TEXT NOT NULL, lot INTEGER NOT NULL, face INTEGER NOT NULL,
  uses INTEGER NOT NULL, weight REAL NOT NULL, stamp TEXT NOT NULL);
CREATE TABLE buckets(bucket INTEGER, id INTEGER, PRIMARY KEY(bucket, id)) WITHOUT ROWID;
CREATE TABLE videos(number INTEGER PRIMARY KEY, task_id TEXT UNIQUE NOT NULL, category TEXT NOT NULL);
CREATE INDEX by_category ON videos(category, number);
CREATE TABLE shown(lot INTEGER, number INTEGER, PRIMARY KEY(lot, number)) WITHOUT ROWID;
CREATE INDEX by_number ON shown(number);
"""
ORDERS = {
    "by_kind": "assets(kind, path)",
    "by_source": "assets(source, kind)",
    "by_lot": "assets(lot, kind)",
    "by_face": "assets(face, kind)",
    "waiting": "assets(kind, is_assembled, path) WHERE kind = 'voice'",
}
"""The orders in which assets are asked for; made last where all of them come at once."""
ENTRY = """SELECT path, kind, category, story, sha256, source, length, task_id, is_assembled, uses, weight,
  CASE WHEN (SELECT COUNT(*) FROM assets AS b WHERE b.face = a.face AND b.kind = a.kind) > 1
  THEN printf('%016x', face) ELSE '' END FROM assets AS a """
PUT = """INSERT INTO assets(path, kind, category, story, sha256, source, length, task_id, is_assembled, fingerprint,
  lot, face, uses, weight, stamp) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
  ON CONFLICT(path) DO UPDATE SET kind = excluded.kind, category = excluded.category, story = excluded.story,
  sha256 = excluded.sha256, source = excluded.source, length = excluded.length, task_id = excluded.task_id,
  is_assembled = excluded.is_assembled, fingerprint = excluded.fingerprint, lot = excluded.lot, face = excluded.face,
  weight = excluded.weight, stamp = excluded.stamp RETURNING id"""
MATES = 200
"""Clips compared with a new one at most: a bucket that holds more tells nothing."""


class Index:
    """One open index. It belongs to one thread at a time; whoever shares it holds a lock."""

    def __init__(self, database: sqlite3.Connection, path: Path | None = None) -> None:
        self.db = database
        self.path = path
        self.weights: Mapping[str, float] = {}

    # -- opening -----------------------------------------------------------------------------------------------------

    @classmethod
    def private(cls, source: Path | None = None) -> "Index":
        """Open one that nobody else sees: a copy of the file's where that can be trusted, else an empty one."""
        index = cls(_connected(""))
        if source is not None and source.exists():
            with suppress(sqlite3.DatabaseError):
                uri = f"file:{quote(str(source.absolute()))}?mode=ro"
                with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)) as kept:
                    if _is_sound(kept):
                        kept.backup(index.db)
                        return index
            index.db.close()
            index = cls(_connected(""))
        index._lay_out()
        return index

    @classmethod
    def kept(cls, path: Path) -> "Index":
        """Open the file, to be its only writer.

        Raises: sqlite3.DatabaseError: it is no index, or is not to be trusted. OSError.
        """
        is_new = not path.exists()
        index = cls(_connected(str(path)), path)
        try:
            if is_new:
                index._lay_out()
            elif not _is_sound(index.db):
                raise sqlite3.DatabaseError("it is from another version, or was not closed before the machine stopped")
            elif (said := index.rows("PRAGMA quick_check(1)")[0][0]) != "ok":
                raise sqlite3.DatabaseError(said)
            index.note_fact("boot", durable.boot_id() or "unknown")
            durable.sync_file(path)  # from here on a power cut leaves this mark
        except BaseException:
            index.db.close()
            raise
        return index

    def close(self) -> None:
        """End with it; a file is synced and may be trusted by the next boot."""
        try:
            if self.path is not None and self.path.exists():
                durable.sync_file(self.path)
                self.note_fact("boot", "")
                durable.sync_file(self.path)
        finally:
            self.db.close()

    def _lay_out(self) -> None:
        self.db.executescript(SCHEMA)
        self._order()
        self.db.execute(f"PRAGMA user_version = {VERSION}")

    def _order(self) -> None:
        for name, columns in ORDERS.items():
            self.db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")

    @contextmanager
    def building(self) -> Iterator[None]:
        """Let a block fill an empty index, ten times as fast as by and by, as it keeps no way back.

        Where the block does not come to its end, the file is not trusted and is made anew.
        """
        mark = self.fact("boot")
        self.note_fact("boot", "building")
        self.db.execute(f"PRAGMA cache_size = -{BUILDING_KB}")
        self.db.execute("PRAGMA journal_mode = OFF").fetchall()
        for name in ORDERS:
            self.db.execute(f"DROP INDEX {name}")
        with self.together():
            yield
            self._order()
        self.db.execute("PRAGMA journal_mode = TRUNCATE").fetchall()
        self.db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        self.db.execute("PRAGMA shrink_memory")
        self.note_fact("boot", mark)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let all that a block writes be written, or none of it; within another such block, with that."""
        if self.db.in_transaction:
            yield
            return
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):
                self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def fact(self, name: str) -> str:
        """Give what was noted under a name, or nothing."""
        found = self.db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return found[0] if found else ""

    def note_fact(self, name: str, value: str) -> None:
        """Note something under a name."""
        self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    # -- assets ------------------------------------------------------------------------------------------------------

    def put(self, asset: Asset, stamp: str) -> None:
        """Put the row of an asset, or put it anew; how often it was used is not counted here."""
        length, look = asset.media.duration_s, fingerprint_of(asset)
        lot = lot_of(asset.sha256)
        with self.together():
            self._leave_buckets(asset.path)
            found = self.db.execute(
                PUT,
                (
                    *(asset.path, asset.kind, asset.category, asset.story, asset.sha256, asset.source.sha256),
                    *(f"{length.numerator}/{length.denominator}", asset.task_id, asset.is_assembled, look, lot),
                    *(self._face(asset.kind, look, lot), self._weight(asset.path), stamp),
                ),
            ).fetchall()
            if asset.kind == "video":
                rows = [(bucket, found[0][0]) for bucket in twins.buckets(look)]
                self.db.executemany("INSERT OR IGNORE INTO buckets VALUES (?, ?)", rows)

    def drop(self, path: str) -> None:
        """Take the row of an asset away."""
        with self.together():
            self._leave_buckets(path)
            self.db.execute("DELETE FROM assets WHERE path = ?", (path,))

    def _leave_buckets(self, path: str) -> None:
        found = self.db.execute("SELECT id, fingerprint FROM assets WHERE path = ? AND fingerprint <> ''", (path,))
        for row, look in found.fetchall():
            pairs = [(bucket, row) for bucket in twins.buckets(look)]
            self.db.executemany("DELETE FROM buckets WHERE bucket = ? AND id = ?", pairs)

    def _face(self, kind: Kind, look: str, lot: int) -> int:
        """Give the face of a clip: that of one it looks like, else its own."""
        asked = twins.buckets(look) if kind == "video" else ()
        if asked:
            marks = ", ".join("?" * len(asked))
            # In two steps: asked in one, SQLite may walk through all assets for the order of a few.
            found = self.rows(f"SELECT DISTINCT id FROM buckets WHERE bucket IN ({marks}) ORDER BY id", asked)[:MATES]  # noqa: S608 -- marks
            mates = self.db.execute(
                f"SELECT face, fingerprint FROM assets WHERE id IN ({', '.join('?' * len(found))})"  # noqa: S608 -- marks
                " AND kind = ? ORDER BY id",
                (*(row[0] for row in found), kind),
            )
            for face, other in mates.fetchall():
                if twins.are_near(look, other):
                    return int(face)
        return lot

    def _weight(self, path: str) -> float:
        weight = 1.0
        for pattern, asked in self.weights.items():
            if self.db.execute("SELECT ? GLOB ?", (path, f"scanned/{pattern}")).fetchone()[0]:
                weight = asked
        return weight

    def weigh(self, weights: Mapping[str, float]) -> None:
        """Go by these weights: the last pattern that fits a path holds, and without one the weight is 1."""
        self.weights = weights
        told = repr(list(weights.items()))
        if self.fact("weights") == told:
            return
        with self.together():
            self.db.execute("UPDATE assets SET weight = 1 WHERE weight <> 1")
            for pattern, weight in weights.items():
                self.db.execute("UPDATE assets SET weight = ? WHERE path GLOB ?", (weight, f"scanned/{pattern}"))
            self.note_fact("weights", told)

    # -- asking ------------------------------------------------------------------------------------------------------

    def entry(self, where: str, *values: str | int) -> Entry | None:
        """Give the first asset, by path, of which a condition of ours is true."""
        # Ordered here: asked for the first by path, SQLite may walk through all paths for one of a few.
        return min(self.entries(where, *values), default=None)

    def entries(self, where: str, *values: str | int) -> Iterator[Entry]:
        """Give the assets of which a condition of ours is true."""
        for row in self.db.execute(f"{ENTRY} WHERE {where}", values):
            yield Entry._make((*row[:6], Fraction(row[6]), row[7], bool(row[8]), *row[9:]))

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Give what a query of ours finds."""
        return self.db.execute(query, tuple(values)).fetchall()


def _connected(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        database.execute("PRAGMA journal_mode = TRUNCATE")
    except BaseException:
        database.close()
        raise
    return database


def _is_sound(database: sqlite3.Connection) -> bool:
    """Whether an index is of this version, and no power cut came between its opening and its end."""
    if database.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        return False
    boot = database.execute("SELECT value FROM facts WHERE name = 'boot'").fetchone()
    return boot is not None and boot[0] in {"", durable.boot_id()}  # "unknown" is neither
