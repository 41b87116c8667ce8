"""Which way words run, and the order in which stretches of several fonts stand on a line.

A line in one font is ordered by Raqm. Only one that is drawn in several has to be parted before, so that its stretches
are laid beside each other as they are seen. Source: Unicode's Bidirectional Algorithm (UAX #9) without its explicit
controls, which are taken as letters without a direction.
"""

from collections.abc import Sequence
from typing import TypeVar
from unicodedata import bidirectional

T = TypeVar("T")


def is_rightward(line: str) -> bool:
    """Whether the first letter that has a direction runs from left to right. Source: UAX #9, P2 and P3."""
    strong = (bidirectional(one) for one in line)
    return next((one == "L" for one in strong if one in {"L", "R", "AL"}), True)


def has_leftward(line: str) -> bool:
    """Whether any letter runs from right to left."""
    return any(bidirectional(one) in {"R", "AL"} for one in line)


def levels(line: str) -> list[int]:
    """Give how deep each letter is embedded; odd ones run from right to left. Source: UAX #9, W, N and I, shortened."""
    base = 0 if is_rightward(line) else 1
    kinds = _neutral_filled([_kind(one) for one in line], base)
    found: list[int] = []
    for kind, is_number in kinds:
        if kind == "R" and not is_number:
            found.append(1)
        elif is_number:
            found.append(2 if kind == "R" or base else 0)
        else:
            found.append(2 * base)
    return found


def _kind(letter: str) -> str:
    match bidirectional(letter):
        case "L":
            return "L"
        case "R" | "AL":
            return "R"
        case "EN" | "AN":
            return "N"
        case _:
            return ""


def _neutral_filled(kinds: list[str], base: int) -> list[tuple[str, bool]]:
    """Give each letter a direction, and whether it is of a number; what has none takes that of both its neighbours."""
    whole = "R" if base else "L"
    strong, last = [], whole
    for kind in kinds:  # a number runs with the last letter before it
        last = kind if kind in {"L", "R"} else last
        strong.append(last if kind == "N" else kind)
    filled: list[tuple[str, bool]] = []
    for nth, kind in enumerate(strong):
        if kind:
            filled.append((kind, kinds[nth] == "N"))
            continue
        before = filled[-1][0] if filled else whole
        after = next((one for one in strong[nth + 1 :] if one), whole)
        filled.append((before if before == after else whole, False))
    return filled


def in_sight(stretches: Sequence[tuple[int, T]]) -> list[T]:
    """Give stretches, each with its level, in the order in which they stand from left to right. Source: UAX #9, L2."""
    order = list(stretches)
    for level in range(max((one for one, _ in order), default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and order[end][0] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = max(end, start + 1)
    return [one for _, one in order]
