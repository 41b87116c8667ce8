"""Titles: the name of each track in the title-safe area, a moment after it begins, for a while."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from videogen.model.mix import Titles
from videogen.model.safe import Area, title_safe
from videogen.model.style import Shadow
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import Canvas, TextOverlay
from videogen.model.value import Digest

SIZE_PER_HEIGHT = 20
ONE_S = Fraction(1)
LINES = 2
LINE_HEIGHTS = (13, 10)
"""Of a line as it is drawn, for its letters: 1.3."""


def titles_of(
    titles: Titles, shown: Sequence[tuple[int, str]], canvas: Canvas, length: int, font: Digest | None
) -> Iterator[TextOverlay]:
    """Give the titles of tracks that begin at these frames, by their names.

    Shape: none lasts into the next track; a track heard for less than a second after its title would begin has none.
    """
    area = title_safe(canvas)
    x, y = _place(titles, area)
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
            width=area.width,
            height=min(area.height, LINES * size * LINE_HEIGHTS[0] // LINE_HEIGHTS[1]),
            shadow=Shadow(dx=size // 16, dy=size // 16, blur=size // 8),
        )


def _place(titles: Titles, area: Area) -> tuple[int, int]:
    """Give where the anchor lies."""
    words = titles.position.split("-")
    x = 0 if "left" in words else area.width if "right" in words else area.width // 2
    y = 0 if "top" in words else area.height if "bottom" in words else area.height // 2
    return area.x + x, area.y + y
