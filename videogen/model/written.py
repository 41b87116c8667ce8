"""What a person writes into a description: seconds, colours, sizes, names of files; each as one exact value."""

import re
from fractions import Fraction
from math import isfinite
from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from videogen.errors import RecipeError
from videogen.model.stock import Mention, Use
from videogen.model.timebase import parse_rate, parse_resolution
from videogen.model.value import Value

DAY_S = 86_400
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_SHORT_HEX = re.compile(r"#[0-9a-fA-F]{3}")
_COLOURS = {
    "black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "white": "#ffffff", "maroon": "#800000",
    "red": "#ff0000", "purple": "#800080", "fuchsia": "#ff00ff", "green": "#008000", "lime": "#00ff00",
    "olive": "#808000", "yellow": "#ffff00", "navy": "#000080", "blue": "#0000ff", "teal": "#008080",
    "aqua": "#00ffff", "grey": "#808080", "orange": "#ffa500", "gold": "#ffd700", "pink": "#ffc0cb",
}  # fmt: skip
"""Source: CSS Color Module Level 4, the sixteen basic names and the four of the others that people write most."""
SIZES = {
    "480p": (854, 480),
    "720p": (1280, 720),
    "1080p": (1920, 1080),
    "1440p": (2560, 1440),
    "4k": (3840, 2160),
    "square": (1080, 1080),
    "vertical": (1080, 1920),
}


def _number(written: object) -> Fraction:
    """Give a number as it is written: 0.35 is 7/20, not the binary number next to it."""
    if isinstance(written, bool) or not isinstance(written, int | float | Fraction):
        raise ValueError("expected a number")
    if isinstance(written, float):
        if not isfinite(written):
            raise ValueError("expected a number")
        return Fraction(repr(written))
    return Fraction(written)


def _colour(written: object) -> str:
    if isinstance(written, str):
        word = written.strip().lower()
        if _SHORT_HEX.fullmatch(word):
            return "#" + "".join(2 * digit for digit in word[1:])
        if _HEX.fullmatch(word) or word in _COLOURS:
            return _COLOURS.get(word, word)
    raise ValueError("expected a colour as #ff8800, #f80 or white")


def _size(written: object) -> tuple[int, int]:
    if isinstance(written, str):
        word = written.strip().lower()
        try:
            return SIZES.get(word) or parse_resolution(word)
        except RecipeError as error:
            raise ValueError(f"expected one of {', '.join(SIZES)}, or even numbers as 1280x720") from error
    if isinstance(written, tuple):
        return cast("tuple[int, int]", written)
    raise ValueError(f"expected one of {', '.join(SIZES)}, or even numbers as 1280x720")


def _rate(written: object) -> Fraction:
    if isinstance(written, bool) or not isinstance(written, int | float | str | Fraction):
        raise ValueError("expected frames per second, as 30, 29.97 or 30000/1001")
    try:
        return parse_rate(str(written))
    except RecipeError as error:
        raise ValueError("expected 1 to 240 frames per second, as 30, 29.97 or 30000/1001") from error


def _schema(least: float, most: float) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", "minimum": least, "maximum": most}, mode="validation")


Seconds = Annotated[Fraction, BeforeValidator(_number), Field(ge=0, le=DAY_S), _schema(0, DAY_S)]
"""Exactly as written; a day at most."""
Move = Annotated[Fraction, BeforeValidator(_number), Field(gt=0, le=10), _schema(0.001, 10)]
"""Seconds that a transition or an animation takes."""
Moment = Annotated[Fraction, BeforeValidator(_number), Field(ge=0, le=60), _schema(0, 60)]
"""Seconds for which something comes, goes or stays; 0 is not at all."""
Lasting = Annotated[Fraction, BeforeValidator(_number), Field(gt=0, le=DAY_S), _schema(0.001, DAY_S)]
"""Seconds that a whole thing lasts."""
Volume = Annotated[Fraction, BeforeValidator(_number), Field(ge=0, le=4), _schema(0, 4)]
"""Linear: 1 leaves a sound as it is."""
Part = Annotated[Fraction, BeforeValidator(_number), Field(ge=0, le=1), _schema(0, 1)]
"""A share of the whole."""
Some = Annotated[Fraction, BeforeValidator(_number), Field(gt=0, le=1), _schema(0.001, 1)]
"""A share that is not nothing."""
Scale = Annotated[Fraction, BeforeValidator(_number), Field(gt=0, le=20), _schema(0.001, 20)]
Lufs = Annotated[Fraction, BeforeValidator(_number), Field(ge=-40, le=-5), _schema(-40, -5)]
Colour = Annotated[str, BeforeValidator(_colour), WithJsonSchema({"type": "string", "examples": ["#ffffff", "white"]})]
Size = Annotated[
    tuple[int, int],
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "examples": ["720p", "1280x720"], "pattern": "^[0-9a-zA-Z]+$"}),
]
"""Width and height of a video, in pixels."""
Rate = Annotated[
    Fraction,
    BeforeValidator(_rate),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 1, "maximum": 240}, {"type": "string"}]}),
]
"""Frames per second."""
Length = Annotated[int, Field(ge=2, le=16384)]
"""Pixels."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""A file, as a path from the description's folder."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
CornerWord = Literal[
    "top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom", "bottom-right"
]  # fmt: skip


class Filed(Value):
    """A thing that is a file: its name stands under `file`, or under `url`."""

    file: Name | None = Field(default=None, description="Path from the description's folder.")
    url: Name | None = Field(default=None, description="The same as `file`.")

    @model_validator(mode="after")
    def _is_named_once(self) -> "Filed":
        if (self.file is None) == (self.url is None):
            raise ValueError("expected the name of its file under `file` or `url`, and not under both")
        return self

    def mention(self, pointer: str, use: Use) -> Mention:
        """Give the place where its file is named; `pointer` is the thing's own."""
        key = "url" if self.file is None else "file"
        return Mention(f"{pointer}/{key}", self.file or self.url or "", use)
