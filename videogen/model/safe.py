"""Where words may stand on a canvas, so that no frame of a television set and no edge of a phone cuts them."""

from fractions import Fraction
from typing import NamedTuple

from videogen.model.timeline import Canvas

ACTION, TITLE = Fraction(1, 20), Fraction(1, 10)
"""What is left free at each side. Source: SMPTE RP 218: 90 % for action, 80 % for titles."""


class Area(NamedTuple):
    """A stretch of a canvas. Units: pixels, all even, as chroma has it."""

    x: int
    y: int
    width: int
    height: int


def title_safe(canvas: Canvas) -> Area:
    """Give the area in which all words can be read on any screen."""
    return _within(canvas, TITLE)


def action_safe(canvas: Canvas) -> Area:
    """Give the area in which whatever matters is seen on any screen."""
    return _within(canvas, ACTION)


def _within(canvas: Canvas, share: Fraction) -> Area:
    x, y = (_even_up(side * share) for side in (canvas.width, canvas.height))
    # A canvas of two pixels has no edge to spare.
    x, y = min(x, (canvas.width - 2) // 4 * 2), min(y, (canvas.height - 2) // 4 * 2)
    return Area(x, y, canvas.width - 2 * x, canvas.height - 2 * y)


def _even_up(pixels: Fraction) -> int:
    return -(-pixels // 2) * 2
