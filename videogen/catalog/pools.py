"""The lots that may be drawn, by how often they were used: all that a choice among 100,000 has to have at hand."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from videogen.model.media import Kind

CHOSEN: tuple[Kind, ...] = ("video", "music", "frame")


class Place(NamedTuple):
    """Where a lot lies."""

    kind: str
    category: str
    level: float
    lot: int


class Pools:
    """Lots of clips and tracks by kind, category and level. One set for each level of a category, nothing else."""

    def __init__(self) -> None:
        self._shelves: dict[tuple[str, str], dict[float, set[int]]] = defaultdict(dict)

    def clear(self) -> None:
        """Forget all."""
        self._shelves.clear()

    def put(self, places: Iterable[Place]) -> None:
        """Add lots."""
        for kind, category, level, lot in places:
            self._shelves[kind, category].setdefault(level, set()).add(lot)

    def take(self, places: Iterable[Place]) -> None:
        """Take lots away."""
        for kind, category, level, lot in places:
            lots = self._shelves.get((kind, category), {}).get(level, set())
            lots.discard(lot)
            if not lots:
                self._shelves[kind, category].pop(level, None)

    def levels(self, kind: Kind, category: str | None) -> list[float]:
        """Give the levels at which there are lots, rising."""
        return sorted({level for shelf in self._of(kind, category) for level in shelf})

    def lots(self, kind: Kind, category: str | None, level: float) -> list[int]:
        """Give the lots of a level, in no order."""
        return [lot for shelf in self._of(kind, category) for lot in shelf.get(level, ())]

    def count(self, kind: Kind, category: str | None) -> int:
        """Count the lots of a category, or of all."""
        return sum(len(lots) for shelf in self._of(kind, category) for lots in shelf.values())

    def _of(self, kind: Kind, category: str | None) -> Iterator[dict[float, set[int]]]:
        if category is not None:
            yield self._shelves.get((kind, category), {})
            return
        yield from (shelf for (of, _), shelf in self._shelves.items() if of == kind)
