"""A timeline becomes one in which all that stands still is a PNG; pictures are measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from videogen.model.timeline import Canvas, Clip, ImageOverlay, Overlay, TextOverlay, Timeline, VideoOverlay
from videogen.raster.apart import drawn_apart
from videogen.raster.fonts import machine_fonts
from videogen.raster.wishes import Drawn, Look, Photo, Plate, Shade, Table, Wish, Words

FileOf = Callable[[str], Path]


class Draw(Protocol):
    """A way to draw: `apart.drawn_apart` behind walls, `drawing.drawn_here` without."""

    def __call__(self, wishes: Sequence[Wish], fonts: Sequence[Path] = (), /) -> list[Drawn]:
        """Draw everything. Shape: in the order of the wishes. Raises: MediaError."""


@dataclass(frozen=True)
class Rasterised:
    """A timeline whose stills are all PNG, the bytes of each by SHA-256, and what a person should know."""

    timeline: Timeline
    images: Mapping[str, bytes]
    warnings: tuple[str, ...] = ()


class _Kept(NamedTuple):
    """A drawing that was made, by the hash of its PNG."""

    digest: str
    drawn: Drawn


def rasterised(
    timeline: Timeline, file_of: FileOf, *, draw: Draw = drawn_apart, fonts: Sequence[Path] | None = None
) -> Rasterised:
    """Draw everything that stands still.

    What comes back has no words and no tables, and its images are PNGs of exactly their `width` x `height`, where they
    are to be laid. `file_of` gives the file of a content. `fonts` are those of the machine unless given: the first is
    that of words that name none (Pillow's own where there is none), all stand in for letters a font lacks.

    Shape: overlays and parts in the order they had; what is drawn alike is drawn once. A timeline in which nothing
    stands still comes back as it is, and starts no child.
    Raises: MediaError: a font, an image or a table that cannot be drawn with.
    """
    fonts = machine_fonts() if fonts is None else fonts
    luts = [(nth, one.lut) for nth, one in enumerate(timeline.picture) if isinstance(one, Clip) and one.lut]
    parts = {nth: _table(lut, file_of) for nth, lut in luts}
    still = [(nth, one) for nth, one in enumerate(timeline.overlays) if not isinstance(one, VideoOverlay)]
    above = {nth: _wish(one, timeline.canvas, file_of, fonts) for nth, one in still}
    wanted = list(dict.fromkeys([*parts.values(), *above.values()]))
    if not wanted:
        return Rasterised(timeline, {})
    drawings = draw(wanted, fonts)
    made = {wish: _Kept(sha256(one.png).hexdigest(), one) for wish, one in zip(wanted, drawings, strict=True)}
    picture, overlays = list(timeline.picture), list(timeline.overlays)
    for nth, table in parts.items():
        picture[nth] = picture[nth].model_copy(update={"lut": made[table].digest})
    for nth, wish in above.items():
        overlays[nth] = _laid(overlays[nth], made[wish])
    warnings = dict.fromkeys(warning for one in drawings for warning in one.warnings)
    return Rasterised(
        timeline.model_copy(update={"picture": tuple(picture), "overlays": tuple(overlays)}),
        {one.digest: one.drawn.png for one in made.values()},
        tuple(warnings),
    )


def sizes_of(paths: Sequence[Path], *, draw: Draw = drawn_apart) -> list[tuple[int, int]]:
    """Give width and height of pictures as a person sees them, all looked at by one child.

    Raises: MediaError: the first that is no picture, or cannot be read here.
    """
    wishes = [Look(str(path.absolute())) for path in paths]
    return [(one.width, one.height) for one in draw(wishes)]


def size_of(path: Path, *, draw: Draw = drawn_apart) -> tuple[int, int]:
    """Give width and height of a picture as a person sees it. Raises: MediaError."""
    return sizes_of([path], draw=draw)[0]


# -- wishes ------------------------------------------------------------------------------------------------------------


def _table(content: str, file_of: FileOf) -> Table:
    return Table(str(file_of(content).absolute()))


def _wish(overlay: TextOverlay | ImageOverlay, canvas: Canvas, file_of: FileOf, fonts: Sequence[Path]) -> Wish:
    if isinstance(overlay, TextOverlay):
        return _words(overlay, canvas, file_of, fonts)
    is_still = not (overlay.enter or overlay.leave or overlay.zoom or overlay.key) and overlay.blend == "normal"
    size = (overlay.width, overlay.height) if overlay.width and overlay.height else (None, None)
    return Photo(
        file=str(file_of(overlay.asset).absolute()),
        canvas=(canvas.width, canvas.height),
        x=overlay.x,
        y=overlay.y,
        width=size[0],
        height=size[1],
        fit=overlay.fit,
        is_still=is_still,
    )


def _words(overlay: TextOverlay, canvas: Canvas, file_of: FileOf, fonts: Sequence[Path]) -> Words:
    font = file_of(overlay.font) if overlay.font else next(iter(fonts), None)
    shadow, backing = overlay.shadow, overlay.backing
    return Words(
        text=overlay.text,
        size=overlay.size,
        canvas=(canvas.width, canvas.height),
        x=overlay.x,
        y=overlay.y,
        colour=overlay.colour,
        font=str(font.absolute()) if font else None,
        anchor=overlay.anchor,
        align=overlay.align,
        width=overlay.width,
        height=overlay.height,
        least=overlay.least,
        outline=overlay.outline.colour,
        stroke=overlay.outline.width,
        shadow=None
        if shadow is None
        else Shade(shadow.dx, shadow.dy, shadow.blur, shadow.colour, float(shadow.opacity)),
        backing=None
        if backing is None
        else Plate(backing.colour, float(backing.opacity), backing.padding, backing.radius),
    )


def _laid(overlay: Overlay, kept: _Kept) -> Overlay:
    """Give an overlay as the picture that was drawn of it."""
    drawn = kept.drawn
    size = {"x": drawn.x, "y": drawn.y, "width": drawn.width, "height": drawn.height, "asset": kept.digest}
    if isinstance(overlay, ImageOverlay):
        return overlay.model_copy(update={**size, "fit": "stretch"})
    kept_so = {name: getattr(overlay, name) for name in ("at", "opacity", "fade_in", "fade_out", "enter", "leave")}
    return ImageOverlay.model_validate({**size, **kept_so})
