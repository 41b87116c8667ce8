"""The library: what is in it, what was shown of it, and the way in. Any number of threads may use one catalogue."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import update_wrapper
from pathlib import Path
from threading import RLock
from typing import Concatenate, ParamSpec, TypeVar
from uuid import uuid4

import structlog

from videogen import durable
from videogen.catalog import lookup, uses
from videogen.catalog.entry import Entry
from videogen.catalog.index import Index
from videogen.catalog.pools import CHOSEN, Place, Pools
from videogen.catalog.refresh import refresh
from videogen.catalog.shelves import is_safe, numbered, shelf_of
from videogen.catalog.sides import read_asset, side_path, stamp_of
from videogen.errors import MissingInput
from videogen.model.media import Asset, Kind, Media
from videogen.points import point

log = structlog.get_logger()

INDEX = ".index.sqlite"
USES = ".uses.jsonl"
PAGE = 500
"""Paths that an iteration holds at a time."""
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def _alone(
    method: Callable[Concatenate["Catalog", _Given], _Found],
) -> Callable[Concatenate["Catalog", _Given], _Found]:
    """Have a method be alone with the index; where that fails under it, it is made anew and the method called again."""

    def called(self: "Catalog", /, *args: _Given.args, **words: _Given.kwargs) -> _Found:
        with self.lock:
            try:
                return method(self, *args, **words)
            except sqlite3.ProgrammingError:
                raise
            except sqlite3.DatabaseError as error:
                self.mend(error)
                return method(self, *args, **words)

    update_wrapper(called, method)
    return called


class Catalog:
    """The library of one root. Only main writes it; others may ask a catalogue of their own, or read single side files.

    `weights` are by patterns for paths below scanned/: the last that fits holds.
    """

    def __init__(self, root: Path, weights: Mapping[str, float] | None = None) -> None:
        self.lock = RLock()
        self._root = root
        self._weights = weights or {}
        self._pools = Pools()
        self._index = Index.private()
        self._ledger = uses.Ledger(root / "scanned" / USES)
        self._coming: dict[tuple[Kind, str], Asset] = {}
        """What is being added now, by kind and dropped content."""
        self._incoming = root / "scanned" / ".incoming"

    # -- opening and closing -----------------------------------------------------------------------------------------

    def load(self) -> list[str]:
        """Know the library as it is now; give the paths whose side file cannot be read. Writes nothing."""
        with self.lock:
            self._index.db.close()
            self._index = Index.private(self._kept)
            try:
                return self._fill()
            except sqlite3.DatabaseError:
                self._index.db.close()
                self._index = Index.private()
                return self._fill()

    def keep(self, tick: Callable[[], None] = lambda: None) -> list[str]:
        """Do so as the one process that writes the library, and keep the index for the next start, until `close`.

        `tick` is called now and then while side files are read.
        """
        with self.lock:
            self._index.db.close()
            try:
                self._index = Index.kept(self._kept)
                return self._fill(tick)
            except (sqlite3.DatabaseError, OSError) as error:
                log.warning("The library's index is made anew from the side files", because=str(error))
                self._index.db.close()
                self._index = self._anew()
                return self._fill(tick)

    def close(self) -> None:
        """End with it; what is asked of it afterwards is asked of a new one."""
        with self.lock:
            try:
                self._index.close()
            except (sqlite3.DatabaseError, OSError) as error:
                log.warning("The library's index may have to be made anew", because=str(error))
            self._index = Index.private()
            self._pools.clear()

    def mend(self, error: sqlite3.DatabaseError) -> None:
        """Go on without the file, from the side files; the next start makes a new one."""
        log.warning("The library's index failed; it is made anew from the side files", because=str(error))
        self._index.db.close()
        self._drop_file()
        self._index = Index.private()
        self._fill()

    @property
    def _kept(self) -> Path:
        return self._root / "scanned" / INDEX

    def _anew(self) -> Index:
        self._drop_file()
        try:
            return Index.kept(self._kept)
        except (sqlite3.DatabaseError, OSError) as error:
            log.warning("The library's index cannot be kept; every start reads all side files", because=str(error))
            return Index.private()

    def _drop_file(self) -> None:
        for path in (self._kept, self._kept.with_name(INDEX + "-journal")):
            with suppress(OSError):
                durable.remove(path)

    def _fill(self, tick: Callable[[], None] = lambda: None) -> list[str]:
        index = self._index
        index.weigh(self._weights)
        index_had = index.fact("uses")
        found = refresh(index, self._root, tick)
        point("catalog.refreshed")
        self._ledger.read(index)
        stands = index.fact("ledger")
        if found.read or found.dropped or index_had != stands:
            uses.recount(index)
            index.note_fact("uses", stands)
        self._pool_anew()
        return found.damaged

    def _pool_anew(self) -> None:
        self._pools.clear()
        self._pools.put(self._places("kind IN ('video', 'music', 'frame')"))

    def _places(self, where: str, *values: str | int) -> list[Place]:
        found = self._index.rows(
            f"SELECT kind, category, uses / weight, lot FROM assets WHERE weight > 0 AND {where}",  # noqa: S608 -- ours
            values,
        )
        return [Place(*row) for row in found]

    # -- asking ------------------------------------------------------------------------------------------------------

    def of_source(self, kind: Kind, sha256: str) -> Asset | None:
        """Find the asset that was made of a dropped content, if it is in the library."""
        found = self._of_source(kind, sha256)
        return self._asset(found.path) if found is not None else None

    def of_content(self, sha256: str) -> Asset | None:
        """Find the clip, track or voice whose bytes have this hash."""
        found = self._entry("sha256 = ? AND lot = ? AND kind <> 'link'", sha256, int(sha256[:16], 16) >> 1)
        return self._asset(found.path) if found is not None else None

    @_alone
    def of_word(self, word: str) -> list[str]:
        """Give the paths of what a person may mean by the beginning of a hash, or by a file's name."""
        return lookup.of_word(self._index, word)

    @_alone
    def long_clips(self, category: str, length_s: Fraction, most: int) -> list[str]:
        """Give the paths of some clips of a category that last so long."""
        return lookup.long_clips(self._index, category, length_s, most)

    def of_kind(self, kind: Kind, category: str | None = None) -> Iterator[Asset]:
        """Give the assets of a kind, of one category or of all, in order of path; each is read when it is come to."""
        for path in self._paths(kind, category):
            asset = self._asset(path)
            if asset is not None:
                yield asset

    @_alone
    def counts(self) -> dict[str, int]:
        """Count the assets of each kind."""
        kinds: tuple[Kind, ...] = ("video", "frame", "music", "voice", "text", "link")
        found = dict(self._index.rows("SELECT kind, COUNT(*) FROM assets GROUP BY kind"))
        return {kind: int(found.get(kind, 0)) for kind in kinds}

    @_alone
    def voices_to_assemble(self) -> list[Entry]:
        """Give the voices that have no task yet, in order of path."""
        return list(self._index.entries("kind = 'voice' AND is_assembled = 0 ORDER BY path"))

    def asset(self, path: str) -> Asset:
        """Read an asset by its path. Raises: MissingInput: it is not there any more; the index drops it."""
        try:
            asset = read_asset(self._root, path)
        except MissingInput:
            self.forget(path)
            raise
        # Where someone moved both files, the place they have now counts.
        return asset if asset.path == path else asset.model_copy(update={"path": path})

    def _asset(self, path: str) -> Asset | None:
        try:
            return self.asset(path)
        except MissingInput:
            return None

    @_alone
    def _entry(self, where: str, *values: str | int) -> Entry | None:
        return self._index.entry(where, *values)

    def _of_source(self, kind: Kind, sha256: str) -> Entry | None:
        found = self._entry("source = ? AND kind = ?", sha256, kind)
        return found if found is not None and (self._root / found.path).exists() else None

    def _paths(self, kind: Kind, category: str | None) -> Iterator[str]:
        after = ""
        while page := self._page(kind, category, after):
            yield from page
            after = page[-1]

    @_alone
    def _page(self, kind: Kind, category: str | None, after: str) -> list[str]:
        query = "SELECT path FROM assets WHERE kind = ? AND path > ?"
        values: list[str | int] = [kind, after]
        if category is not None:
            query, values = f"{query} AND category = ?", [*values, category]
        return [row[0] for row in self._index.rows(f"{query} ORDER BY path LIMIT {PAGE}", values)]

    # -- what may be drawn -------------------------------------------------------------------------------------------

    @_alone
    def levels(self, kind: Kind, category: str | None) -> list[float]:
        """Give how often for their weights things of a kind were used, each number once, rising."""
        return self._pools.levels(kind, category)

    @_alone
    def lots(self, kind: Kind, category: str | None, level: float) -> list[int]:
        """Give the lots of all that were used so often, in no order."""
        return self._pools.lots(kind, category, level)

    @_alone
    def count(self, kind: Kind, category: str | None) -> int:
        """Count what may be drawn: all of a kind that has a weight."""
        return self._pools.count(kind, category)

    @_alone
    def drawn(self, kind: Kind, category: str | None, lot: int) -> tuple[Entry, str] | None:
        """Give the first asset of a lot, and the id of the last video that showed it or one that looks like it."""
        if category is None:
            found = self._index.entry("lot = ? AND kind = ?", lot, kind)
        else:
            found = self._index.entry("lot = ? AND kind = ? AND category = ?", lot, kind, category)
        if found is None:
            self._pool_anew()
            return None
        return found, uses.last_of(self._index, kind, lot) if found.uses else ""

    @_alone
    def resting(self, kind: Kind, category: str | None, videos: int) -> frozenset[int]:
        """Give the lots of what the last videos of a category, or of all, showed, and of what looks like it."""
        return uses.resting(self._index, kind, category, videos) if videos else frozenset()

    @_alone
    def has_counted(self, task_id: str) -> bool:
        """Whether what a video shows was counted."""
        return bool(self._index.rows("SELECT 1 FROM videos WHERE task_id = ?", (task_id,)))

    # -- names -------------------------------------------------------------------------------------------------------

    def clear_entrance(self) -> None:
        """Drop what an earlier life left half copied; its sources are in raw/ still."""
        durable.remove_tree(self._incoming)
        durable.make_folder(self._incoming)

    def entrance(self) -> Path:
        """Name a new file in the entrance, where intake copies to and probes; on the library's filesystem."""
        durable.make_folder(self._incoming)
        return self._incoming / uuid4().hex

    def free_path(
        self, kind: Kind, stem: str, media: Media, *, category: str, story: str = "", ending: str = ""
    ) -> str:
        """Give the path a file will have from the root: its stem where that is safe and free, else a new uuid.

        A second, different file of a story's voice, text or link keeps its stem and gets `~2`, `~3`, ...
        """
        folder, prefix, extension = shelf_of(kind, media, category=category, story=story)
        extension = ending or extension
        if kind in {"voice", "text", "link"} and is_safe(stem):
            return next(path for path in numbered(folder, stem, extension) if self._is_free(path))
        path = f"{folder}/{prefix}{stem}{extension}"
        if is_safe(stem) and self._is_free(path):
            return path
        return f"{folder}/{prefix}{uuid4()}{extension}"

    def _is_free(self, relative: str) -> bool:
        path = self._root / relative
        with self.lock:
            is_promised = any(asset.path == relative for asset in self._coming.values())
        # macOS and some NAS mounts hold A.mp4 and a.mp4 to be one file; asking the disk answers for the disk.
        is_known = is_promised or self._entry("path = ?", relative) is not None
        return not is_known and not path.exists() and not path.is_symlink()

    # -- writing -----------------------------------------------------------------------------------------------------

    def add(self, asset: Asset, content: Path) -> Asset:
        """Put a file into the library; when this returns it survives a power cut.

        `content` lies in the entrance, synced, and is there no more afterwards. Gives what is in the library then: the
        asset, under another name where its own was taken since it was given; or, where the same dropped content came
        in a moment before, that first asset, and `content` stays where it is.
        """
        # The same words may be read out by several voices.
        key = asset.kind, asset.path if asset.kind == "text" else asset.source.sha256
        with self.lock:
            first = self._coming.get(key) or self.of_source(*key)
            if first is not None and (first.path != asset.path or key in self._coming):
                return first
            if first is None:
                asset = self._renamed(asset)
            self._coming[key] = asset
        try:
            target = self._root / asset.path
            durable.make_folder(target.parent)
            durable.write(side_path(target), asset.to_json())
            durable.move(content, target)
            point("catalog.added")
            self._put(asset)
        finally:
            with self.lock:
                del self._coming[key]
        return asset

    def _renamed(self, asset: Asset) -> Asset:
        """Give it another name where another asset has its own by now, or is about to."""
        is_free = all(other.path != asset.path for other in self._coming.values())
        if is_free and not (self._root / asset.path).exists():
            return asset
        stem = Path(asset.path).stem if asset.kind in {"voice", "text", "link"} else asset.name
        ending = Path(asset.path).suffix
        path = self.free_path(asset.kind, stem, asset.media, category=asset.category, story=asset.story, ending=ending)
        return asset.model_copy(update={"path": path})

    def mark_assembled(self, voice: Asset) -> None:
        """Note for good that a voice's task was published."""
        marked = voice.model_copy(update={"is_assembled": True})
        durable.write(side_path(self._root / voice.path), marked.to_json())
        self._put(marked)

    @_alone
    def note_use(self, use: uses.Use) -> None:
        """Note for good what a video shows; one that was counted before is not counted again. Raises: NoSpace."""
        if self.has_counted(use.task_id):
            return
        lots = [int(sha256[:16], 16) >> 1 for sha256 in use.shown]
        marks = ", ".join("?" * len(lots))
        faces = {tuple(row) for row in self._index.rows(f"SELECT kind, face FROM assets WHERE lot IN ({marks})", lots)}  # noqa: S608 -- marks
        before = self._in_faces(faces)
        self._ledger.add(self._index, use)
        uses.recount_faces(self._index, faces)
        self._index.note_fact("uses", self._index.fact("ledger"))
        self._moved(before, self._in_faces(faces))

    @_alone
    def forget(self, path: str) -> None:
        """Drop from the index what someone took away from the library."""
        before = self._places("path = ?", path)
        self._index.drop(path)
        self._moved(before, [other for place in before for other in self._places("lot = ?", place.lot)])

    @_alone
    def _put(self, asset: Asset) -> None:
        stamp = stamp_of(side_path(self._root / asset.path).stat())
        before = self._places("path = ?", asset.path)
        self._index.put(asset, stamp)
        face = self._index.rows("SELECT kind, face FROM assets WHERE path = ?", (asset.path,))
        if asset.kind in CHOSEN:
            before += self._in_faces({tuple(row) for row in face})
            uses.recount_faces(self._index, face)
            self._moved(before, self._in_faces({tuple(row) for row in face}))

    def _in_faces(self, faces: set[tuple[str, int]]) -> list[Place]:
        return [place for kind, face in faces for place in self._places("kind = ? AND face = ?", kind, face)]

    def _moved(self, before: list[Place], after: list[Place]) -> None:
        self._pools.take(place for place in before if place.kind in CHOSEN)
        self._pools.put(place for place in after if place.kind in CHOSEN)
