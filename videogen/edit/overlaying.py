"""Words, pictures and films above the picture, from the places and times a person wrote."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple, cast

from videogen.edit.contradiction import contradiction, seconds
from videogen.edit.story import length_frames
from videogen.model.composition import ImageEntry, OverlayEntry, TextEntry, VideoEntry
from videogen.model.lettering import Animation, Position, Style
from videogen.model.media import Media
from videogen.model.safe import action_safe, title_safe
from videogen.model.stock import Stock
from videogen.model.style import Anchor, Backing, ChromaKey, Outline, Shadow, Shift
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import Canvas, ImageOverlay, Overlay, TextOverlay, VideoOverlay

LETTERS = 15
"""The shorter side by the size of letters that nobody chose: 48 pixels in 720p, as in seed 003."""
LEAST = 60
"""The shorter side by the smallest letters that are still read on a phone: 12 pixels in 720p."""
TRAVEL = 4
"""What slides comes from this part of a side away: it fades meanwhile, and a longer way is a hasty one."""
DARK = 110
"""Letters with less light than this, of 255, have a bright line round them instead of a dark one."""


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int


class Above(NamedTuple):
    """What lies above the base track, and what a person should know of it."""

    overlays: tuple[Overlay, ...]
    warnings: tuple[str, ...]


def overlaid(entries: Sequence[OverlayEntry], stock: Stock, canvas: Canvas, length: int) -> Above:
    """Place every overlay; one that would last longer than the video ends with it, with a warning.

    Raises: RecipeError: one begins after the end, lies outside of the picture, or moves for longer than it is there.
    """
    overlays: list[Overlay] = []
    warnings: list[str] = []
    for nth, entry in enumerate(entries):
        pointer = f"/overlays/{nth}"
        match entry:
            case TextEntry():
                at = _at(entry, pointer, canvas, length, warnings)
                overlays.append(_words(entry, pointer, stock, canvas, at))
            case ImageEntry():
                at = _at(entry, pointer, canvas, length, warnings)
                overlays.append(_image(entry, pointer, stock, canvas, at))
            case VideoEntry():
                overlays.append(_film(entry, pointer, stock, canvas, (length, warnings)))
    return Above(tuple(overlays), tuple(warnings))


def lettering(style: Style, canvas: Canvas, stock: Stock) -> dict[str, Any]:
    """Give what a style says of words, as a TextOverlay has it; what it leaves open is legible on any picture."""
    side = min(canvas.width, canvas.height)
    size = style.size or max(4, round(side / LETTERS))
    red, green, blue = bytes.fromhex(style.color[1:])
    is_dark = (299 * red + 587 * green + 114 * blue) // 1000 < DARK
    line = Outline(colour=style.outline.color or ("#ffffff" if is_dark else "#000000"), width=style.outline.width)
    made: dict[str, Any] = {
        "size": size,
        "colour": style.color,
        "font": stock.contents.get(style.face) if style.face else None,
        "least": min(size, max(4, side // LEAST)),
        "outline": line,
    }
    if shadow := style.shadow:
        step = max(1, round(size / 24))
        made["shadow"] = Shadow(
            dx=step if shadow.dx is None else shadow.dx,
            dy=step if shadow.dy is None else shadow.dy,
            blur=step if shadow.blur is None else shadow.blur,
            colour=shadow.color,
            opacity=shadow.opacity,
        )
    if plate := style.background:
        padding = round(size / 3) if plate.padding is None else plate.padding
        made["backing"] = Backing(
            colour=plate.color, opacity=plate.opacity, padding=min(400, padding), radius=plate.radius
        )
    return made


# -- when --------------------------------------------------------------------------------------------------------------


def _at(
    entry: TextEntry | ImageEntry | VideoEntry,
    pointer: str,
    canvas: Canvas,
    length: int,
    warnings: list[str],
    lasts: int | None = None,
) -> Range:
    """Give the frames in which an overlay is seen; `lasts` is how long it would be where nobody said."""
    start = frames_of(entry.start_time, canvas.fps)
    end = length if lasts is None else min(length, start + lasts)
    if entry.duration is not None:
        end = frames_of(entry.start_time + entry.duration, canvas.fps)
    if entry.end_time is not None:
        end = frames_of(entry.end_time, canvas.fps)
    ends_s = seconds(length / canvas.fps)
    if start >= length:
        raise contradiction(
            f"{pointer}/start_time",
            f"is {seconds(entry.start_time)}, the video ends at {ends_s}",
            remedy="Let it begin before the end.",
        )
    if end <= start:
        key = "duration" if entry.end_time is None else "end_time"
        raise contradiction(
            f"{pointer}/{key}",
            f"leaves no frame: it begins at {seconds(entry.start_time)}",
            remedy="Let it end after it begins.",
        )
    if end > length:
        warnings.append(
            f"overlay-cut: {pointer} would be seen until {seconds(end / canvas.fps)}, the video ends at {ends_s}"
        )
    return Range(start=start, end=min(end, length))


def _moved(entry: TextEntry | ImageEntry | VideoEntry, pointer: str, canvas: Canvas, at: Range) -> dict[str, Any]:
    """Give how an overlay comes and goes, as an overlay of a timeline has it."""
    come, go = (_animated(one, canvas) for one in (entry.animation_in, entry.animation_out))
    if come + go > at.length:
        raise contradiction(
            f"{pointer}/animation_{'in' if come else 'out'}",
            f"and the other one take {seconds((come + go) / canvas.fps)}, it is seen for "
            f"{seconds(at.length / canvas.fps)}",
            remedy="Make them shorter.",
        )
    return {
        "at": at,
        "opacity": entry.opacity,
        "fade_in": come,
        "fade_out": go,
        "enter": _shift(entry.animation_in, canvas, 1),
        "leave": _shift(entry.animation_out, canvas, -1),
    }


def _animated(animation: Animation, canvas: Canvas) -> int:
    return 0 if animation.type == "none" else max(1, frames_of(animation.duration, canvas.fps))


def _shift(animation: Animation, canvas: Canvas, sign: int) -> Shift | None:
    """Give where a slide comes from (1) or goes to (-1): one to the left comes from the right and goes to the left."""
    across, down = sign * canvas.width // TRAVEL, sign * canvas.height // TRAVEL
    ways = {
        "slide_left": Shift(dx=across),
        "slide_right": Shift(dx=-across),
        "slide_up": Shift(dy=down),
        "slide_down": Shift(dy=-down),
    }
    return ways.get(animation.type)


# -- words -------------------------------------------------------------------------------------------------------------


def _words(entry: TextEntry, pointer: str, stock: Stock, canvas: Canvas, at: Range) -> TextOverlay:
    area, place = title_safe(canvas), entry.position
    x, across, width = _along(place.x, (area.x, area.x + area.width), canvas.width, f"{pointer}/position/x")
    y, down, height = _along(place.y, (area.y, area.y + area.height), canvas.height, f"{pointer}/position/y")
    names = {("center", "center"): "center", ("center", across): across, (down, "center"): down}
    anchor = names.get((down, across), f"{down}-{across}")
    return TextOverlay(
        text=entry.content,
        x=x,
        y=y,
        anchor=cast("Anchor", anchor),
        align=entry.style.align or across,
        width=min(entry.style.max_width or width, canvas.width),
        height=height,
        **lettering(entry.style, canvas, stock),
        **_moved(entry, pointer, canvas, at),
    )


def _along(written: int | str, safe: tuple[int, int], side: int, pointer: str) -> tuple[int, Any, int]:
    """Give the pixel that words hang on along one side, by which point of theirs, and how far they may go."""
    first, last = ("left", "right") if pointer.endswith("x") else ("top", "bottom")
    if isinstance(written, int):
        if not 0 <= written < side:
            raise _outside(pointer, written, side)
        return written, first, (safe[1] if written < safe[1] else side) - written
    hang = {first: safe[0], "center": side // 2, last: safe[1]}
    return hang[written], written, safe[1] - safe[0]


def _outside(pointer: str, pixel: int, side: int) -> Exception:
    return contradiction(
        pointer,
        f"is {pixel}, which is outside of a picture of {side} pixels",
        remedy=f"Take 0 to {side - 1}, or a word.",
    )


# -- pictures and films ------------------------------------------------------------------------------------------------


def _image(entry: ImageEntry, pointer: str, stock: Stock, canvas: Canvas, at: Range) -> ImageOverlay:
    mention = entry.mention(pointer, "image")
    asset = stock.content(mention)
    if asset not in stock.pictures:
        raise contradiction(mention.pointer, f"names {mention.name!r}, which is no image", remedy="Name an image.")
    box = _box(entry, stock.pictures[asset], canvas, pointer)
    return ImageOverlay(
        asset=asset,
        x=box.left,
        y=box.top,
        width=box.right - box.left,
        height=box.bottom - box.top,
        fit="cover" if _is_cover(entry) else "stretch",
        blend=entry.blend,
        key=_key(entry),
        **_moved(entry, pointer, canvas, at),
    )


def _film(entry: VideoEntry, pointer: str, stock: Stock, canvas: Canvas, within: tuple[int, list[str]]) -> VideoOverlay:
    mention = entry.mention(pointer, "clip")
    asset = stock.content(mention)
    picture = stock.media.get(asset, Media()).picture
    if picture is None:
        raise contradiction(mention.pointer, f"names {mention.name!r}, which has no picture", remedy="Name a film.")
    start, there = frames_of(entry.trim_start, canvas.fps), length_frames(picture.duration_s, canvas)
    if start >= there:
        raise contradiction(
            f"{pointer}/trim_start",
            f"is {seconds(entry.trim_start)}, the file lasts {seconds(picture.duration_s)}",
            remedy="Begin before its end.",
        )
    at = _at(entry, pointer, canvas, *within, lasts=None if entry.loop else there - start)
    kept = {
        "asset": asset,
        "start": start,
        "blend": entry.blend,
        "is_looped": entry.loop,
        "has_alpha": picture.has_alpha,
        "key": _key(entry),
        **_moved(entry, pointer, canvas, at),
    }
    if entry.blend != "normal":
        _expect_whole(entry, pointer)
        return VideoOverlay(x=0, y=0, is_covering=entry.fit == "cover", **kept)
    box = _even(_box(entry, picture.display_size, canvas, pointer))
    sized = {"width": box.right - box.left, "height": box.bottom - box.top}
    return VideoOverlay(x=box.left, y=box.top, is_covering=_is_cover(entry), **sized, **kept)


def _expect_whole(entry: VideoEntry, pointer: str) -> None:
    """A film with a blend covers the whole picture. Raises: RecipeError: it has a place or a size of its own."""
    slides = [name for name in ("animation_in", "animation_out") if getattr(entry, name).type.startswith("slide")]
    sizes = [name for name in ("width", "height", "scale") if getattr(entry, name) is not None]
    moved = ["position"] if entry.position != Position() else []
    if wrong := [*moved, *sizes, *slides]:
        raise contradiction(
            f"{pointer}/{wrong[0]}",
            f"cannot be: with the blend {entry.blend} a film covers the whole picture",
            remedy="Leave it out, or take the blend normal.",
        )


def _is_cover(entry: ImageEntry | VideoEntry) -> bool:
    return bool(entry.fit == "cover" and entry.width and entry.height)


def _key(entry: ImageEntry | VideoEntry) -> ChromaKey | None:
    key = entry.chroma_key
    return ChromaKey(colour=key.color, similarity=key.similarity, softness=key.smoothness) if key else None


def _box(entry: ImageEntry | VideoEntry, own: tuple[int, int], canvas: Canvas, pointer: str) -> _Box:
    """Give where a picture lies. What has no size keeps its own, as far as the canvas goes."""
    across, down = _size(entry, own, canvas)
    area = action_safe(canvas)
    left = _corner(entry.position.x, across, (area.x, area.x + area.width), canvas.width)
    top = _corner(entry.position.y, down, (area.y, area.y + area.height), canvas.height)
    for name, at, size, side in (("x", left, across, canvas.width), ("y", top, down, canvas.height)):
        if at >= side or at + size <= 0:
            raise _outside(f"{pointer}/position/{name}", at, side)
    if entry.width and entry.height and entry.fit == "contain":
        width, height = _contained(own, (across, down))
        left, top, across, down = left + (across - width) // 2, top + (down - height) // 2, width, height
    return _Box(left, top, left + across, top + down)


def _size(entry: ImageEntry | VideoEntry, own: tuple[int, int], canvas: Canvas) -> tuple[int, int]:
    width, height = entry.width, entry.height
    if width and height:
        return width, height
    if width:
        return width, _whole(Fraction(own[1] * width, own[0]))
    if height:
        return _whole(Fraction(own[0] * height, own[1])), height
    if entry.scale is not None:
        return _whole(own[0] * entry.scale), _whole(own[1] * entry.scale)
    if own[0] <= canvas.width and own[1] <= canvas.height:
        return own
    return _contained(own, (canvas.width, canvas.height))


def _contained(own: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    scale = min(Fraction(box[0], own[0]), Fraction(box[1], own[1]))
    return min(box[0], _whole(own[0] * scale)), min(box[1], _whole(own[1] * scale))


def _whole(side: Fraction) -> int:
    return min(16_384, max(1, round(side)))


def _corner(written: int | str, size: int, safe: tuple[int, int], side: int) -> int:
    if isinstance(written, int):
        return written
    if written == "center" or size > safe[1] - safe[0]:
        return (side - size) // 2
    return safe[0] if written in {"left", "top"} else safe[1] - size


def _even(box: _Box) -> _Box:
    """Give a box at even pixels and of even sides, as 4:2:0 pictures need."""
    left, top = box.left // 2 * 2, box.top // 2 * 2
    return _Box(
        left, top, left + max(2, (box.right - box.left) // 2 * 2), top + max(2, (box.bottom - box.top) // 2 * 2)
    )
