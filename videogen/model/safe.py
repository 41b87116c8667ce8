"""The parts of a picture that every screen shows: words keep within the title-safe one, pictures within the other."""

from fractions import Fraction
from typing import NamedTuple

from videogen.model.timeline import Canvas

TITLE = Fraction(1, 10)
ACTION = Fraction(1, 20)
"""Of a side, at each end. Source: SMPTE RP 218, as broadcasters took it over for tubes; apps cover as much today."""


class Area(NamedTuple):
    """A part of a canvas. Units: pixels; `right` and `bottom` are outside."""

    left: int
    top: int
    right: int
    bottom: int


def title_safe(canvas: Canvas) -> Area:
    """Give the area that words keep within."""
    return _within(canvas, TITLE)


def action_safe(canvas: Canvas) -> Area:
    """Give the area that pictures keep within."""
    return _within(canvas, ACTION)


def _within(canvas: Canvas, margin: Fraction) -> Area:
    across, down = round(canvas.width * margin), round(canvas.height * margin)
    return Area(across, down, canvas.width - across, canvas.height - down)
