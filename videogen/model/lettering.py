"""How words of a description look, where they lie and how they come and go, as a person writes it."""

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, WithJsonSchema

from videogen.model.value import Value
from videogen.model.written import Colour, CornerWord, Length, Move, Name, Part

_CORNERS = {
    "top-left": ("left", "top"), "top": ("center", "top"), "top-right": ("right", "top"),
    "left": ("left", "center"), "center": ("center", "center"), "right": ("right", "center"),
    "bottom-left": ("left", "bottom"), "bottom": ("center", "bottom"), "bottom-right": ("right", "bottom"),
}  # fmt: skip
_FURTHEST = 16_384


def _along(words: tuple[str, str, str]) -> BeforeValidator:
    def read(written: object) -> int | str:
        if isinstance(written, str) and written in words:
            return written
        if isinstance(written, int) and not isinstance(written, bool) and abs(written) <= _FURTHEST:
            return written
        raise ValueError(f"expected pixels, or one of {', '.join(words)}")

    return BeforeValidator(read)


def _axis_schema(words: tuple[str, str, str]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "integer"}, {"enum": list(words)}]})


_ACROSS = ("left", "center", "right")
_DOWN = ("top", "center", "bottom")
Across = Annotated[int | Literal["left", "center", "right"], _along(_ACROSS), _axis_schema(_ACROSS)]
Down = Annotated[int | Literal["top", "center", "bottom"], _along(_DOWN), _axis_schema(_DOWN)]


class Position(Value):
    """Where a thing lies: pixels from the left and from the top to its corner, or words, which keep the safe area."""

    x: Across = "center"
    y: Down = "center"


def _position(written: object) -> object:
    if isinstance(written, str):
        if written not in _CORNERS:
            raise ValueError(f"expected x and y, or one of {', '.join(_CORNERS)}")
        return dict(zip(("x", "y"), _CORNERS[written], strict=True))
    return written


Place = Annotated[Position, BeforeValidator(_position, json_schema_input_type=CornerWord | Position)]


def _switched(no: dict[str, Any] | None, word: str = "") -> Any:
    """Let true stand for a thing as it usually is, false for `no`, and a word for the thing with that `word` in it."""

    def read(written: object) -> object:
        if isinstance(written, bool):
            return {} if written else no
        return {word: written} if word and isinstance(written, str) else written

    return read


class Shadow(Value):
    """A shadow below words. Units: pixels; what is left out follows from the size of the letters."""

    dx: Annotated[int, Field(ge=-200, le=200)] | None = None
    dy: Annotated[int, Field(ge=-200, le=200)] | None = None
    blur: Annotated[int, Field(ge=0, le=100)] | None = None
    color: Colour = "#000000"
    opacity: Part = Fraction(3, 4)


class Outline(Value):
    """A line round every letter. Units: pixels. Left out: dark round bright letters, bright round dark ones."""

    color: Colour | None = None
    width: Annotated[int, Field(ge=0, le=100)] | None = None


class Box(Value):
    """A plate behind words. Units: pixels; what is left out follows from the size of the letters."""

    color: Colour = "#000000"
    opacity: Part = Fraction(1, 2)
    padding: Annotated[int, Field(ge=0, le=400)] | None = None
    radius: Annotated[int, Field(ge=0, le=400)] = 0


class Style(Value):
    """How words look. Units: pixels of the video."""

    font: Name | None = Field(default=None, description="A font's name, as Arial, or a font file of the folder.")
    size: Annotated[int, Field(ge=4, le=2000)] | None = Field(
        default=None, description="px; left out: a fifteenth of the video's shorter side. Words too many are smaller."
    )
    color: Colour = "#ffffff"
    bold: bool = False
    italic: bool = False
    align: Literal["left", "center", "right"] | None = None
    max_width: Length | None = Field(default=None, description="px; left out: as far as the safe area goes.")
    outline: Annotated[
        Outline, BeforeValidator(_switched({"width": 0}, "color"), json_schema_input_type=bool | str | Outline)
    ] = Outline()
    shadow: Annotated[Shadow | None, BeforeValidator(_switched(None), json_schema_input_type=bool | Shadow | None)] = (
        None
    )
    background: Annotated[
        Box | None, BeforeValidator(_switched(None, "color"), json_schema_input_type=bool | str | Box | None)
    ] = Field(default=None, validation_alias=AliasChoices("background", "box"))

    @property
    def face(self) -> str | None:
        """Give the name of the font, with how heavy and how slanted it is; None: the house's own."""
        slant = [word for word, is_so in (("Bold", self.bold), ("Italic", self.italic)) if is_so]
        if self.font is None:
            return " ".join(["DejaVu Sans", *slant]) if slant else None
        return self.font if "." in self.font else " ".join([self.font, *slant])


class Animation(Value):
    """How a thing comes or goes. A slide is named by the way it moves, and fades as well."""

    type: Literal["none", "fade", "slide_left", "slide_right", "slide_up", "slide_down"] = "fade"
    duration: Move = Fraction(1, 2)


def _animation(written: object) -> object:
    return {"type": written} if isinstance(written, str) else written


Animated = Annotated[
    Animation,
    BeforeValidator(
        _animation,
        json_schema_input_type=Literal["none", "fade", "slide_left", "slide_right", "slide_up", "slide_down"]
        | Animation,
    ),
]
STILL = Animation(type="none")
