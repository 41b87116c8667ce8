"""Which clips and which track: a shuffled bag, dealt to the end before it is filled again. Pure; chance is the seed."""

from collections.abc import Sequence
from random import Random

from videogen.errors import MissingInput


def choose_clips(pool: Sequence[tuple[str, int]], need_frames: int, seed: int) -> tuple[str, ...]:
    """Deal clips until they cover a length.

    Shape: no clip comes again before every other has come; never the same twice in a row, unless there is only one.
        The pool's order does not matter, only what is in it.
    Units: `pool` holds (name, frames), frames > 0; `need_frames` > 0.
    Raises: MissingInput: the pool is empty.
    """
    frames = dict(sorted(pool))
    if not frames:
        raise MissingInput("there is no clip to choose from", remedy="Drop clips into raw/video/<category>/.")
    chance = Random(seed)  # noqa: S311 -- a choice to be repeated from its seed, not a secret
    chosen: list[str] = []
    covered = 0
    while True:
        for name in _bag(list(frames), chance, chosen[-1] if chosen else None):
            chosen.append(name)
            covered += frames[name]
            if covered >= need_frames:
                return tuple(chosen)


def _bag(names: list[str], chance: Random, last: str | None) -> list[str]:
    chance.shuffle(names)
    if len(names) > 1 and names[0] == last:
        other = chance.randrange(1, len(names))
        names[0], names[other] = names[other], names[0]
    return names


def choose_track(pool: Sequence[str], seed: int) -> str:
    """Draw one track. Raises: MissingInput: the pool is empty."""
    if not pool:
        raise MissingInput("there is no music to choose from", remedy="Drop a track into raw/music/<category>/.")
    return Random(seed).choice(sorted(pool))  # noqa: S311 -- a choice to be repeated from its seed, not a secret
