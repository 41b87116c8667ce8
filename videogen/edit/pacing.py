"""When one image gives way to the next: evenly, or on the beats of a music."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import NamedTuple

LEAST_S = Fraction(1)
"""No image is seen for less: an eye wants that long to take a picture in."""
MOST_S = Fraction(6)
"""An image that is left more time than this comes again instead, unless somebody says otherwise."""


class Pace(NamedTuple):
    """How long an image shall be seen, in seconds, and whether each is seen once, with all the time there is."""

    shown_s: Fraction
    is_each_once: bool


def pace_of(lasts_s: Fraction, images: int, wished_s: Fraction | None) -> Pace:
    """Give the time for an image: what somebody wishes, else an even share of the whole, within what an eye likes."""
    if wished_s is not None:
        return Pace(wished_s, is_each_once=False)
    share = lasts_s / images
    return Pace(min(max(share, LEAST_S), MOST_S), is_each_once=share <= MOST_S)


def even_cuts(lasts_s: Fraction, pace: Pace) -> tuple[Fraction, ...]:
    """Give the seconds between equal stretches of about the time wished."""
    stretches = max(1, round(lasts_s / pace.shown_s))
    return tuple(nth * lasts_s / stretches for nth in range(1, stretches))


def cuts_on_beats(lasts_s: Fraction, pace: Pace, beats_s: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Give the seconds of cuts that lie on beats, each image for about the time wished.

    Where images come again they change every so many whole beats, counted from the first; where each is seen once,
    every cut of an even division goes to the beat next to it. Where there is no beat near, the cut stays where it was.

    Shape: rising; at least a second between them, and before the first and after the last one.
    """
    if pace.is_each_once or len(beats_s) < 2:
        wished: Sequence[Fraction] = even_cuts(lasts_s, pace)
        step = lasts_s / (len(wished) + 1)
    else:
        step = _whole_beats(beats_s, pace.shown_s)
        wished = [beats_s[0] + nth * step for nth in range(1, int(lasts_s / step) + 1)]
    return tuple(_moved(wished, beats_s, lasts_s, step))


def _whole_beats(beats_s: Sequence[Fraction], shown_s: Fraction) -> Fraction:
    """Give the time of so many beats as come nearest to the time wished, and are no less than a second."""
    beat = max(median(later - sooner for sooner, later in pairwise(beats_s)), Fraction(1, 100))
    return max(round(shown_s / beat), -(-LEAST_S // beat), 1) * beat


def _moved(
    wished: Sequence[Fraction], beats_s: Sequence[Fraction], lasts_s: Fraction, step: Fraction
) -> Iterator[Fraction]:
    last = Fraction(0)
    for at in wished:
        near = (beat for beat in beats_s if abs(beat - at) <= step / 2 and beat >= last + LEAST_S)
        cut = min(near, key=lambda beat, at=at: abs(beat - at), default=at)  # type: ignore[misc]  # a default binds `at`
        if last + LEAST_S <= cut <= lasts_s - LEAST_S:
            yield cut
            last = cut
