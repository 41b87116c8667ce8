"""What is to be drawn, and what was drawn: plain values that pass between us and the child that draws."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Shade(NamedTuple):
    """A shadow. Units: pixels; `opacity` of 0 to 1."""

    dx: int
    dy: int
    blur: int
    colour: str
    opacity: float


class Plate(NamedTuple):
    """A plate behind words. Units: pixels; `opacity` of 0 to 1."""

    colour: str
    opacity: float
    padding: int
    radius: int


@dataclass(frozen=True)
class Words:
    """Words to draw; the fields are those of TextOverlay. `font` is a file, None: the one that Pillow carries."""

    text: str
    size: int
    canvas: tuple[int, int]
    x: int = 0
    y: int = 0
    colour: str = "#ffffff"
    font: str | None = None
    anchor: str = "top-left"
    align: str = "left"
    width: int | None = None
    height: int | None = None
    least: int = 12
    outline: str = "#000000"
    stroke: int | None = None
    shadow: Shade | None = None
    backing: Plate | None = None


@dataclass(frozen=True)
class Photo:
    """A picture to bring to a size; the fields are those of ImageOverlay.

    `is_still`: it neither moves nor grows nor is blended, so that what lies outside the canvas is never seen.
    """

    file: str
    canvas: tuple[int, int]
    x: int = 0
    y: int = 0
    width: int | None = None
    height: int | None = None
    fit: str = "stretch"
    is_still: bool = True


@dataclass(frozen=True)
class Table:
    """A table of colours to make a picture of."""

    file: str


@dataclass(frozen=True)
class Look:
    """A picture whose width and height are asked for; nothing is drawn."""

    file: str


Wish = Words | Photo | Table | Look


@dataclass(frozen=True)
class Drawn:
    """A PNG, where its corner is on the canvas, its size, and what a person should know of it."""

    png: bytes
    x: int
    y: int
    width: int
    height: int
    warnings: tuple[str, ...] = field(default=())


_KINDS: dict[str, type[Words] | type[Photo] | type[Table] | type[Look]] = {
    kind.__name__: kind for kind in (Words, Photo, Table, Look)
}


def to_json(wish: Wish) -> dict[str, Any]:
    """Give a wish as JSON can hold it."""
    return {"kind": type(wish).__name__, **vars(wish)}


def from_json(told: dict[str, Any]) -> Wish:
    """Give the wish that `to_json` wrote."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    kind: Callable[..., Wish] = _KINDS[fields.pop("kind")]
    if kind is Words:
        shadow, backing = fields["shadow"], fields["backing"]
        fields |= {"shadow": Shade(*shadow) if shadow else None, "backing": Plate(*backing) if backing else None}
    return kind(**fields)
