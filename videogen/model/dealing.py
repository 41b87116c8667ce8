"""Dealing: things in an order that a seed decides, all of them before any comes again, never one twice in a row."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import count
from typing import TypeVar

Thing = TypeVar("Thing")


def dealt(
    things: Sequence[Thing], name_of: Callable[[Thing], str], seed: int, what: str, *, last: str = ""
) -> Iterator[Thing]:
    """Give things without end: each once in an order that the seed decides, then each again in another order.

    `what` is a word that keeps two deals of one seed apart; `last` is the name of what came before all of them.

    Shape: of things with one name only the first comes; none comes twice in a row, not even where one deal ends and the
        next begins, unless there is no other. Nothing comes of nothing.
    Source: SHA-256 of seed, word, round and name: the same on every machine, in whatever order things are given.
    """
    by_name = {name_of(one): one for one in reversed(things)}
    for nth in count() if by_name else ():
        names = sorted(by_name, key=lambda name: sha256(f"{seed}/{what}/{nth}/{name}".encode()).digest())
        if names[0] == last and len(names) > 1:
            names[0], names[1] = names[1], names[0]
        yield from (by_name[name] for name in names)
        last = names[-1]
