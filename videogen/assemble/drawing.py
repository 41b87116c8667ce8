"""One task's draw from the library: the pure choice over what the catalogue knows, and the record of it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import structlog

from videogen.assemble.choose import choose_clips, choose_track
from videogen.catalog import Catalog, Entry
from videogen.edit.story import length_frames
from videogen.model.choice import Candidate, Choice, Draw, Scope
from videogen.model.media import Kind
from videogen.model.timeline import Canvas

log = structlog.get_logger()


@dataclass(frozen=True)
class Rule:
    """What holds a clip back. Units: `cooldown` in videos, those of the same category or all of them."""

    cooldown: int = 3
    scope: Scope = "category"


@dataclass(frozen=True)
class Extra:
    """What a dressed story asks of its draw. Units: `overlap` in frames that a clip shares with the one before."""

    overlap: int = 0
    has_frame: bool = False


@dataclass(frozen=True)
class Chosen:
    """Clips in playing order, a track, and how they came."""

    clips: tuple[Candidate, ...]
    track: Candidate
    record: Choice
    frame: Candidate | None = None


class LibraryPool:
    """All of a kind that may be drawn for a video of a category. Each answer is of its own moment."""

    def __init__(
        self, catalog: Catalog, kind: Kind, of: str | None, canvas: Canvas, resting: frozenset[int], overlap: int = 0
    ) -> None:
        self._catalog = catalog
        self._overlap = overlap
        self._kind = kind
        self._of = of
        self._canvas = canvas
        self._resting = resting

    def levels(self) -> list[float]:
        """Give the levels, rising."""
        return self._catalog.levels(self._kind, self._of)

    def lots(self, level: float) -> list[int]:
        """Give the lots at a level."""
        return self._catalog.lots(self._kind, self._of, level)

    def resting(self) -> Collection[int]:
        """Give the lots that the cool-down holds back."""
        return self._resting

    def candidate(self, lot: int) -> Candidate:
        """Give what is known of one. Raises: GoneError: it was dropped from the index meanwhile."""
        found = self._catalog.drawn(self._kind, self._of, lot)
        if found is None:
            raise GoneError
        return self._as_candidate(*found, is_resting=lot in self._resting)

    def _as_candidate(self, entry: Entry, last: str, *, is_resting: bool) -> Candidate:
        there = length_frames(entry.length_s, self._canvas) if self._kind == "video" else 1
        return Candidate(
            path=entry.path,
            sha256=entry.sha256,
            frames=max(1, there - self._overlap),
            uses=entry.uses,
            weight=entry.weight,
            twin=entry.twin,
            last=last,
            is_resting=is_resting,
        )


class GoneError(Exception):
    """What was drawn is not in the library any more: another draw may be made."""


class Drawing:
    """The draw for one video of a category."""

    def __init__(self, root: Path, catalog: Catalog, rule: Rule, category: str, *, is_own_only: bool) -> None:
        self._root = root
        self._catalog = catalog
        self._rule = rule
        self._category = category
        self._is_own_only = is_own_only

    def has(self, kind: Kind) -> bool:
        """Whether there is anything of a kind to draw from."""
        return self._catalog.count(kind, self._of(kind)) > 0

    def choose(self, canvas: Canvas, frames: int, seed: int, extra: Extra | None = None) -> Chosen:
        """Draw a track, and clips for so many frames; all of them are there now. `extra`: the story is dressed.

        Raises: MissingInput: nothing is left to draw from.
        """
        while True:
            try:
                return self._chosen(canvas, frames, seed, extra)
            except GoneError:
                continue  # each time the library has one less: it comes to an end

    def _chosen(self, canvas: Canvas, frames: int, seed: int, extra: Extra | None) -> Chosen:
        clips = choose_clips(self._pool("video", canvas, extra.overlap if extra else 0), frames, seed)
        track = choose_track(self._pool("music", canvas), seed)
        has_frame = extra is not None and extra.has_frame and self._catalog.count("frame", self._category) > 0
        frame = choose_track(self._pool("frame", canvas), seed) if has_frame else None
        drawn = {one.path: one for one in sorted(clips, key=lambda one: one.path)}
        paths = (*drawn, track.path, *((frame.path,) if frame else ()))
        if gone := [path for path in paths if not (self._root / path).is_file()]:
            self._forget(gone)
            raise GoneError
        record = Choice(
            seed=seed,
            cooldown=self._rule.cooldown,
            scope=self._rule.scope,
            clips=Draw(pool=self._count("video"), drawn=tuple(drawn.values())),
            music=Draw(pool=self._count("music"), drawn=(track,)),
            frame=Draw(pool=self._count("frame"), drawn=(frame,)) if frame else None,
            need=frames if extra else None,
        )
        return Chosen(clips, track, record, frame)

    def _pool(self, kind: Kind, canvas: Canvas, overlap: int = 0) -> LibraryPool:
        whose = self._category if self._rule.scope == "category" else None
        resting = self._catalog.resting(kind, whose, self._rule.cooldown)
        return LibraryPool(self._catalog, kind, self._of(kind), canvas, resting, overlap)

    def _of(self, kind: Kind) -> str | None:
        """Give the category to draw from: the video's own; where that has none, and others are allowed, all of them."""
        is_own = self._is_own_only or kind == "frame"  # a layer is made for what it lies over
        return self._category if is_own or self._catalog.count(kind, self._category) else None

    def _count(self, kind: Kind) -> int:
        return max(1, self._catalog.count(kind, self._of(kind)))

    def _forget(self, gone: list[str]) -> None:
        for path in gone:
            log.warning(f"{path} is not there any more", remedy="Drop it into raw/ again, if it is still wanted.")
            self._catalog.forget(path)
