"""Exact time: frame rates are fractions, frames are integers, ranges are half-open."""

import re
from fractions import Fraction
from math import floor

from pydantic import model_validator

from videogen.errors import RecipeError
from videogen.model.value import Value

_RATE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,3})?|[0-9]{1,7}/[0-9]{1,7}")
"""A container keeps a rate in whole ticks: one with more digits than these could not come out as it went in."""


class Range(Value):
    """Frames `start` (in) to `end` (out), on the grid its owner names."""

    start: int
    end: int

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if not 0 <= self.start < self.end:
            raise ValueError(f"a range starts at 0 or later and before its end, not [{self.start}, {self.end})")
        return self

    @property
    def length(self) -> int:
        """How many frames lie in the range."""
        return self.end - self.start

    def __str__(self) -> str:
        return f"[{self.start}, {self.end})"


def rounded(value: Fraction) -> int:
    """Round to the nearest integer, halves up: the same on every machine, unlike float rounding."""
    return floor(value + Fraction(1, 2))


def frames_of(duration_s: Fraction, fps: Fraction) -> int:
    """Give the number of frames nearest to a duration.

    Units: seconds as an exact fraction, frames per second.
    """
    return rounded(duration_s * fps)


def samples_of(frames: int, fps: Fraction, sample_rate: int) -> int:
    """Give the number of audio samples nearest to the end of frame `frames - 1`."""
    return rounded(Fraction(frames) * sample_rate / fps)


def track_timescale(fps: Fraction) -> int:
    """Give the picture track's ticks per second: a multiple of the rate's numerator, so that a frame is whole ticks.

    Source: FFmpeg's MP4 muxer doubles a stream's timescale until it reaches 10000, unless it is told one.
    """
    scale = fps.numerator if fps.numerator >= 10000 else fps.numerator * 512
    while scale < 10000:
        scale *= 2
    return scale


def parse_rate(text: str) -> Fraction:
    """Read a frame rate such as 30, 29.97 or 30000/1001.

    Raises: RecipeError: not a number, or outside 1 to 240 frames per second.
    """
    try:
        rate = Fraction(text.strip() if _RATE.fullmatch(text.strip()) else "")
    except (ValueError, ZeroDivisionError) as error:
        raise RecipeError(f"the frame rate {text!r} is not a number", remedy="Write it as 30 or 30000/1001.") from error
    if not 1 <= rate <= 240:
        raise RecipeError(f"the frame rate {text} is out of range", remedy="Use 1 to 240 frames per second.")
    return rate


def parse_resolution(text: str) -> tuple[int, int]:
    """Read a picture size such as 3840x2160.

    Units: pixels, width first; both even, as 4:2:0 pictures need.
    Raises: RecipeError: not two even numbers from 16 to 8192.
    """
    width, cross, height = text.strip().partition("x")
    if cross and width.isascii() and width.isdigit() and height.isascii() and height.isdigit():
        size = int(width), int(height)
        if all(16 <= side <= 8192 and side % 2 == 0 for side in size):
            return size
    raise RecipeError(
        f"the resolution {text!r} is not a picture size",
        remedy="Write WIDTHxHEIGHT with even numbers from 16 to 8192, as in 3840x2160.",
    )
