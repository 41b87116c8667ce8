"""Titles: the name of each track in the title-safe area, a moment after it begins, for a while."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from videogen.model.mix import Titles
from videogen.model.style import Shadow
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import Canvas, TextOverlay
from videogen.model.value import Digest

SIZE_PER_HEIGHT = 20
ONE_S = Fraction(1)
LINES = 2
LINE_HEIGHTS = (13, 10)
"""Of a line as it is drawn, for its letters: 1.3."""
SAFE_PERCENT = 5
"""Of each side. Source: SMPTE ST 2046-1, the title-safe area is 90 % of width and height."""


def titles_of(
    titles: Titles, shown: Sequence[tuple[int, str]], canvas: Canvas, length: int, font: Digest | None
) -> Iterator[TextOverlay]:
    """Give the titles of tracks that begin at these frames, by their names.

    Shape: none lasts into the next track; a track heard for less than a second after its title would begin has none.
    """
    x, y, width, height = _place(titles, canvas)
    size = titles.size or max(8, min(canvas.width, canvas.height) // SIZE_PER_HEIGHT)
    delay, lasts = frames_of(titles.delay_s, canvas.fps), frames_of(titles.seconds, canvas.fps)
    word = titles.position.rpartition("-")[2]
    align: Literal["left", "center", "right"] = "left" if word == "left" else "right" if word == "right" else "center"
    ends = [begin for begin, _ in shown[1:]] + [length]
    for (begin, text), end in zip(shown, ends, strict=True):
        at = begin + delay, min(begin + delay + lasts, end, length)
        if at[1] - at[0] < min(lasts, frames_of(ONE_S, canvas.fps)) or not lasts:
            continue
        fade = min(frames_of(titles.fade_s, canvas.fps), (at[1] - at[0]) // 3)
        yield TextOverlay(
            text=text,
            x=x,
            y=y,
            at=Range(start=at[0], end=at[1]),
            fade_in=fade,
            fade_out=fade,
            size=size,
            least=min(size, max(8, size // 2)),
            colour=titles.colour,
            font=font,
            anchor=titles.position,
            align=align,
            width=width,
            height=min(height, LINES * size * LINE_HEIGHTS[0] // LINE_HEIGHTS[1]),
            shadow=Shadow(dx=size // 16, dy=size // 16, blur=size // 8),
        )


def _place(titles: Titles, canvas: Canvas) -> tuple[int, int, int, int]:
    """Give where the anchor lies, and the width and height of the safe area."""
    left, top = canvas.width * SAFE_PERCENT // 100, canvas.height * SAFE_PERCENT // 100
    words = titles.position.split("-")
    x = left if "left" in words else canvas.width - left if "right" in words else canvas.width // 2
    y = top if "top" in words else canvas.height - top if "bottom" in words else canvas.height // 2
    return x, y, canvas.width - 2 * left, canvas.height - 2 * top
