"""Which clips and which track: the least used first, chance among equals, near twins as one. Pure; chance is the seed.

Who comes before whom is settled by three things in turn: whether the cool-down holds it back, how often it was used for
its weight, and its lot mixed with the seed. So a choice is the head of a sorted list, and what was not drawn has no say
in it: the same rule over nothing but those that were drawn gives the same choice. That is what `replay` does.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import chain
from random import Random
from typing import Protocol

from videogen.errors import MissingInput
from videogen.model.choice import Candidate

BITS = 64
FEW = 256
"""Of 100,000 equals this many are sorted first: more are seldom needed, and sorting all takes ten times as long."""


class NoClips(MissingInput):
    """The library has no clip: who asks for one may wait until one is dropped."""


class Pool(Protocol):
    """All that may be drawn, however many that are."""

    def levels(self) -> Iterable[float]:
        """Give how often things were used for their weights, each number once, rising."""

    def lots(self, level: float) -> Collection[int]:
        """Give the lots at a level, in any order."""

    def resting(self) -> Collection[int]:
        """Give the lots that the cool-down holds back."""

    def candidate(self, lot: int) -> Candidate:
        """Give what is known of one."""


class Hand:
    """A pool of a few candidates, each with its own facts: what a task recorded."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._by_lot = {one.lot: one for one in sorted(candidates, key=lambda one: one.path, reverse=True)}

    def levels(self) -> list[float]:
        """Give the levels, rising."""
        return sorted({one.level for one in self._by_lot.values()})

    def lots(self, level: float) -> list[int]:
        """Give the lots at a level."""
        return [lot for lot, one in self._by_lot.items() if one.level == level]

    def resting(self) -> frozenset[int]:
        """Give the lots that the cool-down held back."""
        return frozenset(lot for lot, one in self._by_lot.items() if one.is_resting)

    def candidate(self, lot: int) -> Candidate:
        """Give one."""
        return self._by_lot[lot]


def choose_clips(pool: Pool, need_frames: int, seed: int) -> tuple[Candidate, ...]:
    """Deal clips until they cover a length.

    Shape: those not resting before those resting, each in order of level. No clip, and no near twin of one, comes again
        before all others have come; never the same or its near twin twice in a row, unless there is no other.
    Units: `need_frames` > 0.
    Raises: NoClips: the pool is empty.
    """
    chosen: list[Candidate] = []
    covered = bag = 0
    while covered < need_frames:
        before = len(chosen)
        for clip in _bag(pool, seed, bag, chosen):
            chosen.append(clip)
            covered += clip.frames
            if covered >= need_frames:
                break
        if len(chosen) == before:
            raise NoClips("there is no clip to choose from", remedy="Drop clips into raw/video/<category>/.")
        bag += 1
    return tuple(chosen)


def choose_track(pool: Pool, seed: int) -> Candidate:
    """Draw one track. Raises: MissingInput: the pool is empty."""
    for track in _bag(pool, seed, 0, ()):
        return track
    raise MissingInput("there is no music to choose from", remedy="Drop a track into raw/music/<category>/.")


def _bag(pool: Pool, seed: int, bag: int, chosen: Sequence[Candidate]) -> Iterator[Candidate]:
    """Give every face once, by a clip not chosen yet where it has one; what was seen last is not the first."""
    last, shown = chosen[-1].face if chosen else "", {one.lot for one in chosen}
    seen: set[str] = set()
    held: Candidate | None = None
    for lot in chain(
        (lot for lot in _in_order(pool, seed, bag) if lot not in shown),
        (lot for lot in _in_order(pool, seed, bag) if lot in shown) if shown else (),
    ):
        one = pool.candidate(lot)
        if one.face in seen:
            continue
        seen.add(one.face)
        if one.face == last:
            held = one
            continue
        yield one
        if held is not None:
            yield held
            held = None
    if held is not None:
        yield held


def _in_order(pool: Pool, seed: int, bag: int) -> Iterator[int]:
    resting = pool.resting()
    for level in pool.levels():
        # Few rest: they are left out of the order rather than looked for among 100,000 before it.
        yield from (lot for lot in _shuffled(pool.lots(level), seed, bag) if lot not in resting)
    for level in pool.levels() if resting else ():
        yield from _shuffled([lot for lot in pool.lots(level) if lot in resting], seed, bag)


def _shuffled(lots: Collection[int], seed: int, bag: int) -> Iterator[int]:
    """Give lots in an order that the seed decides, whatever order they come in.

    Multiplied by an odd number and shifted, modulo 2^64, each lot has a place of its own, and the place gives the lot
    back. Lots are bits of hashes, so the places are as good as random. Source: Dietzfelbinger, multiplicative hashing.
    """
    chance = Random(seed << 32 | bag)  # noqa: S311 -- a choice to be repeated from its seed, not a secret
    factor, shift, mask = chance.getrandbits(BITS) | 1, chance.getrandbits(BITS), (1 << BITS) - 1
    places = [lot * factor + shift & mask for lot in lots]
    back = pow(factor, -1, 1 << BITS)
    first = nsmallest(FEW, places)
    yield from ((place - shift) * back & mask for place in first)
    if len(places) > FEW:
        yield from ((place - shift) * back & mask for place in sorted(places)[FEW:])
