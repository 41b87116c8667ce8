"""Small values that say how a thing on a timeline looks, moves and meets what is below it."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from videogen.model.value import Value

Rgb = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Share = Annotated[Fraction, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=0, le=16384)]

ColourPreset = Literal["none", "warm", "cool", "vivid", "mono", "film"]
Fit = Literal["contain", "cover"]
"""How a picture meets a frame of another shape: with bars, or filling it and cut at its edges. Nothing is stretched."""
Blend = Literal["normal", "screen", "lighten", "multiply", "darken", "overlay", "softlight", "addition"]
"""How an overlay meets what is below; black is nothing to screen, lighten, addition, white to multiply, darken."""
Family = Literal[
    "fade", "dissolve", "pixelize", "radial", "distance", "hblur", "fadegrays",
    "wipeleft", "wiperight", "wipeup", "wipedown", "wipetl", "wipetr", "wipebl", "wipebr",
    "slideleft", "slideright", "slideup", "slidedown",
    "smoothleft", "smoothright", "smoothup", "smoothdown",
    "circlecrop", "rectcrop", "circleopen", "circleclose", "vertopen", "vertclose", "horzopen", "horzclose",
    "diagtl", "diagtr", "diagbl", "diagbr", "hlslice", "hrslice", "vuslice", "vdslice", "squeezeh", "squeezev",
]  # fmt: skip
"""How a crossfade goes over. Source: xfade of FFmpeg 5.1 and later, but those that go through black or white."""
Anchor = Literal[
    "top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom", "bottom-right"
]  # fmt: skip
"""Which point of a block of words lies at its `x`, `y`."""


class Shift(Value):
    """Where a thing comes from, or goes to, as seen from its place. Units: pixels."""

    dx: Annotated[int, Field(ge=-16384, le=16384)] = 0
    dy: Annotated[int, Field(ge=-16384, le=16384)] = 0


class Zoom(Value):
    """How large a still picture is drawn on its first and on its last frame, about its middle, even in between.

    Its frame stays where it is: what grows beyond it is cut off. Shape: 1 fills the frame; never less.
    """

    start: Annotated[Fraction, Field(ge=1, le=4)]
    end: Annotated[Fraction, Field(ge=1, le=4)]


class ChromaKey(Value):
    """A colour that is seen through. `similarity`: how unlike it may be; `softness`: how wide the edge is."""

    colour: Rgb = "#00ff00"
    similarity: Annotated[Fraction, Field(gt=0, le=1)] = Fraction(1, 5)
    softness: Share = Fraction(1, 10)


class Shadow(Value):
    """A copy of words in one colour below them. Units: pixels; `blur` is the radius of the blur."""

    dx: Annotated[int, Field(ge=-200, le=200)] = 2
    dy: Annotated[int, Field(ge=-200, le=200)] = 2
    blur: Annotated[int, Field(ge=0, le=100)] = 0
    colour: Rgb = "#000000"
    opacity: Share = Fraction(3, 4)


class Backing(Value):
    """A plate behind words. Units: pixels between the words and its edge; radius of its corners."""

    colour: Rgb = "#000000"
    opacity: Share = Fraction(1, 2)
    padding: Annotated[int, Field(ge=0, le=400)] = 12
    radius: Annotated[int, Field(ge=0, le=400)] = 0


class Outline(Value):
    """A line round every letter. Units: pixels; None: a sixteenth of the letters' size, at least one."""

    colour: Rgb = "#000000"
    width: Annotated[int, Field(ge=0, le=100)] | None = None
