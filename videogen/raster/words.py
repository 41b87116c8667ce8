"""Words become pictures: FFmpeg never sees a text or a font of a user's.

What is drawn. Lines lie a line height (the font's ascent and descent) below each other; the block of them, as wide as
its widest line, lies with its anchor at the overlay's corner. The letters have the overlay's colour and an outline,
of a sixteenth of their size where none is given and at least 1 pixel, so that they can be read on any picture. Below
them lie a shadow and a plate, where asked for.

Right-to-left and complex scripts are shaped where Pillow has Raqm, else letter by letter from left to right.

Pictures begin at even pixels: FFmpeg's overlay moves a picture only by whole samples of chroma, so it would draw one
that begins at an odd pixel a pixel too early. Source: tests/raster/test_words.py (measured).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, features

from videogen.errors import MediaError, ToolchainError
from videogen.model.readable import readable
from videogen.raster.bidi import has_leftward
from videogen.raster.face import MAGICS, has_strikes
from videogen.raster.letters import Box, Face, Pen, Stretch, Typeface
from videogen.raster.lines import Box as Room
from videogen.raster.lines import Measure, fitted, plain_lines
from videogen.raster.wishes import Drawn, Plate, Shade, Words

MAX_FONT_BYTES = 64 << 20
"""Far above any font of one face; a collection of all of CJK has 20 MB."""
MAX_MASK_PX = 32_000_000
"""The most that one piece of a line may cover: three lines across an 8K canvas, as high as words may be."""
MISSING_TOLD = 5
FINE = 4
"""How many times larger the corners of a plate are drawn before they are brought down."""

_ANOTHER_FONT = "Use another TrueType or OpenType font, or none."


@dataclass(frozen=True)
class _Piece:
    """A stretch of one line, its baseline beginning at `x`, `baseline` on the canvas."""

    stretch: Stretch
    pen: Pen
    x: float
    baseline: int

    @property
    def box(self) -> Box:
        return self.pen.box(self.stretch, self.x, self.baseline)


@dataclass(frozen=True)
class _Layout:
    """Where all words of an overlay stand; `block` is what their lines take, without outline. Units: pixels."""

    pieces: list[_Piece]
    block: Box
    stroke: int


def drawn_words(wish: Words, fonts: Sequence[Path] = ()) -> Drawn:
    """Give the picture of an overlay's words, and where on the canvas its corner is.

    What runs out of the canvas is cut off; of words that leave no mark a transparent picture is left. The same words
    in the same fonts on the same Pillow give the same bytes. `fonts` stand in, in their order, for letters the words'
    own has not got.

    Raises: MediaError: a font that is too large, is no TrueType or OpenType font, or cannot be drawn with.
    """
    path = Path(wish.font) if wish.font else None
    content = _font_content(path) if path else _own_font()
    own = Face(content, path.name if path else "of Pillow", has_colours=has_strikes(content))
    typeface = Typeface(own, fonts)
    try:
        layout, warnings = _laid(wish, typeface)
        image, x, y = _painted(wish, layout)
    # What FreeType and Pillow say of a broken font: unreadable tables, a size it has not, outlines past all bounds.
    except (OSError, ValueError, OverflowError, Image.DecompressionBombError) as error:
        if path is None:
            raise
        raise _bad_font(path, f"cannot be drawn with ({error})", "broken-font") from error
    png = BytesIO()
    image.save(png, "PNG", compress_level=6)
    told = [*warnings, *_missing(wish.text, typeface)]
    return Drawn(png.getvalue(), x, y, image.width, image.height, tuple(told))


def _missing(text: str, typeface: Typeface) -> Iterator[str]:
    if typeface.missing:
        first = list(typeface.missing)[:MISSING_TOLD]
        shown = ", ".join(f"U+{ord(one):04X}" + (f" ({one})" if one.isprintable() else "") for one in first)
        more = f" and {len(typeface.missing) - len(first)} more" if len(typeface.missing) > len(first) else ""
        yield f"missing-glyphs: no font here has {shown}{more}, nor has {readable(typeface.own.name)}: boxes are drawn"
    if has_leftward(text) and not features.check("raqm"):
        yield "unshaped: this Pillow has no Raqm, so right-to-left words are drawn letter by letter from the left"


# -- fonts -------------------------------------------------------------------------------------------------------------


def _own_font() -> bytes:
    font = ImageFont.load_default()
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise ToolchainError("this Pillow cannot draw words", remedy="Install a Pillow that was built with FreeType.")
    return font.font_bytes


def _font_content(path: Path) -> bytes:
    """Give the bytes of a font, read once: what is checked is what is drawn with."""
    # Opening a FIFO would wait for a writer that never comes.
    if not path.is_file():
        raise _bad_font(path, "is not there, or is not a regular file", "not-regular")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FONT_BYTES + 1)
    except OSError as error:
        raise _bad_font(path, f"cannot be read ({error.strerror})", "unreadable") from error
    if len(content) > MAX_FONT_BYTES:
        raise _bad_font(path, f"is larger than {MAX_FONT_BYTES >> 20} MiB", "too-large")
    if not content.startswith(MAGICS):
        raise _bad_font(path, "is no TrueType or OpenType font", "bad-magic")
    return content


def _bad_font(path: Path, trouble: str, code: str) -> MediaError:
    return MediaError(f"the font {readable(path.name)} {trouble}", remedy=_ANOTHER_FONT, code=code)


# -- where words stand -------------------------------------------------------------------------------------------------


def _stroke(wish: Words, size: int) -> int:
    return max(1, round(size / 16)) if wish.stroke is None else wish.stroke


def _laid(wish: Words, typeface: Typeface) -> tuple[_Layout, list[str]]:
    own = typeface.own
    measure = Measure(
        width=lambda line, size: typeface.width(line, size, 0),
        line_height=lambda size: sum(own.pen(size, 0).font.getmetrics()),
        edge=lambda size: _stroke(wish, size),
    )
    sizes = range(min(wish.least, wish.size), wish.size + 1)
    room = Room(wish.width, wish.height)
    found = fitted(plain_lines(wish.text), sizes, room, measure, is_balanced=wish.align == "center")
    size, stroke, height = found.size, _stroke(wish, found.size), measure.line_height(found.size)
    is_placed = wish.anchor != "top-left" or wish.align != "left" or wish.backing is not None
    widths = [measure.width(line, size) if is_placed else 0.0 for line in found.lines]
    block = _block(wish, round(max(widths)), height * len(found.lines))
    ascent = round(own.pen(size, 0).font.getmetrics()[0] * own.pen(size, 0).scale)
    pieces: list[_Piece] = []
    for nth, (line, width) in enumerate(zip(found.lines, widths, strict=True)):
        x: float = block[0] + {"left": 0, "center": (block[2] - block[0] - width) // 2}.get(
            wish.align, block[2] - block[0] - round(width)
        )
        for stretch in typeface.stretches(line):
            pen = stretch.face.pen(size, stroke)
            pieces += _pieces(_Piece(stretch, pen, x, block[1] + nth * height + ascent), wish.canvas)
            x += pen.width(stretch)
    return _Layout(pieces, block, stroke), [_cut_warning(wish.text)] if found.is_cut else []


def _cut_warning(text: str) -> str:
    begins = readable(" ".join(text.split())[:40])
    return f"text-cut: the words {begins!r} do not fit their box at their least size, so their end is left out"


def _block(wish: Words, width: int, height: int) -> Box:
    """Give where the block of lines lies, by its anchor."""
    words = wish.anchor.split("-")
    x = wish.x if "left" in words else wish.x - width if "right" in words else wish.x - width // 2
    y = wish.y if "top" in words else wish.y - height if "bottom" in words else wish.y - height // 2
    return (x, y, x + width, y + height)


def _pieces(piece: _Piece, canvas: tuple[int, int]) -> Iterator[_Piece]:
    """Give what of a stretch touches the canvas, in pieces that fit into memory.

    Two thousand letters of two thousand pixels would be a mask of gigabytes, nearly all of it outside. Only such a
    stretch is parted, at a space near its middle or else at its middle.
    """
    box = piece.box
    left, top, right, bottom = _inside(box, canvas)
    if left >= right or top >= bottom:
        return
    if (box[2] - box[0]) * (box[3] - box[1]) <= MAX_MASK_PX * min(1.0, piece.pen.scale) ** 2:
        yield piece
        return
    words = piece.stretch.words
    half = len(words) // 2
    if not half:
        raise ValueError("a letter larger than its size allows")
    cut = words.rfind(" ", half // 2, half) + 1 or half
    parts = (words[:cut], words[cut:])
    leftmost, other = parts if piece.stretch.is_rightward else parts[::-1]
    first = replace(piece, stretch=replace(piece.stretch, words=leftmost))
    yield from _pieces(first, canvas)
    x = piece.x + piece.pen.width(first.stretch)
    yield from _pieces(replace(piece, stretch=replace(piece.stretch, words=other), x=x), canvas)


# -- pictures ----------------------------------------------------------------------------------------------------------


def _painted(wish: Words, layout: _Layout) -> tuple[Image.Image, int, int]:
    """Give the picture of words that are laid, and where its corner is."""
    box = _around([*(piece.box for piece in layout.pieces), *_below(wish, layout)], wish.canvas)
    letters, outline, pictures = _inked(layout, box)
    whole = ImageChops.lighter(outline, letters) if pictures is None else _joined(outline, letters, pictures)
    layers: list[Image.Image] = []
    if wish.backing and layout.pieces:
        layers.append(_coloured(_plate(layout.block, wish.backing, box), wish.backing.colour))
    if wish.shadow:
        layers.append(_coloured(_shadow(whole, wish.shadow), wish.shadow.colour))
    if layout.stroke:
        layers.append(_coloured(outline, wish.outline))
    layers.append(_coloured(letters, wish.colour))
    layers += [pictures] if pictures else []
    ink = _around([found for layer in layers if (found := layer.getchannel("A").getbbox())], whole.size)
    if ink[0] >= ink[2] or ink[1] >= ink[3]:
        return Image.new("RGBA", (2, 2)), 0, 0
    tight = _even((box[0] + ink[0] - 1, box[1] + ink[1] - 1, box[0] + ink[2] + 1, box[1] + ink[3] + 1), wish.canvas)
    crop = (tight[0] - box[0], tight[1] - box[1], tight[2] - box[0], tight[3] - box[1])
    image = layers[0].crop(crop)
    for layer in layers[1:]:
        image.alpha_composite(layer.crop(crop))
    return image, tight[0], tight[1]


def _below(wish: Words, layout: _Layout) -> Iterator[Box]:
    """Give what lies below the letters: their shadow, and the plate."""
    if shade := wish.shadow:
        reach = 3 * shade.blur + 1  # a blur of three boxes reaches no further
        for left, top, right, bottom in (piece.box for piece in layout.pieces):
            dx, dy = shade.dx, shade.dy
            yield (left + dx - reach, top + dy - reach, right + dx + reach, bottom + dy + reach)
    if wish.backing and layout.pieces:
        pad, (left, top, right, bottom) = wish.backing.padding, layout.block
        yield (left - pad, top - pad, right + pad, bottom + pad)


def _inked(layout: _Layout, box: Box) -> tuple[Image.Image, Image.Image, Image.Image | None]:
    """Give how much of each pixel in a box letters cover, how much with their outline, and what has its own colours."""
    size = (box[2] - box[0], box[3] - box[1])
    letters, outline = Image.new("L", size), Image.new("L", size)
    pictures: Image.Image | None = None
    inside, around = ImageDraw.Draw(letters), ImageDraw.Draw(outline)
    for piece in layout.pieces:
        corner = (piece.x - box[0], piece.baseline - box[1])
        if piece.pen.has_colours:
            pictures = pictures or Image.new("RGBA", size)
            image, left, top = piece.pen.picture(piece.stretch)
            layer = Image.new("RGBA", size)
            layer.paste(image, (round(corner[0] + left), round(corner[1] + top)))
            pictures.alpha_composite(layer)
            continue
        piece.pen.ink(inside, piece.stretch, corner, 0)
        piece.pen.ink(around, piece.stretch, corner, layout.stroke)
    return letters, outline, pictures


def _joined(outline: Image.Image, letters: Image.Image, pictures: Image.Image) -> Image.Image:
    return ImageChops.lighter(ImageChops.lighter(outline, letters), pictures.getchannel("A"))


def _shadow(mask: Image.Image, shade: Shade) -> Image.Image:
    moved = Image.new("L", mask.size)
    moved.paste(mask, (shade.dx, shade.dy))
    if shade.blur:
        moved = moved.filter(ImageFilter.GaussianBlur(shade.blur))
    return moved.point(lambda level: round(level * shade.opacity))


def _plate(block: Box, plate: Plate, box: Box) -> Image.Image:
    """Give how much of each pixel in a box a plate covers."""
    left, top = block[0] - plate.padding - box[0], block[1] - plate.padding - box[1]
    right, bottom = block[2] + plate.padding - box[0], block[3] + plate.padding - box[1]
    mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
    level = round(255 * plate.opacity)
    mask.paste(level, (left, top, right, bottom))
    radius = min(plate.radius, (right - left) // 2, (bottom - top) // 2)
    if radius:
        disc = Image.new("L", (2 * radius * FINE, 2 * radius * FINE))
        ImageDraw.Draw(disc).ellipse((0, 0, disc.width - 1, disc.height - 1), fill=level)
        disc = disc.resize((2 * radius, 2 * radius), Image.Resampling.BOX)
        for x, from_x in ((left, 0), (right - radius, radius)):
            for y, from_y in ((top, 0), (bottom - radius, radius)):
                mask.paste(disc.crop((from_x, from_y, from_x + radius, from_y + radius)), (x, y))
    return mask


def _coloured(mask: Image.Image, colour: str) -> Image.Image:
    image = Image.new("RGB", mask.size, tuple(bytes.fromhex(colour[1:])))
    image.putalpha(mask)
    return image


def _around(boxes: list[Box], canvas: tuple[int, int]) -> Box:
    """Give the part of the canvas that holds all boxes; it is empty where there are none."""
    lefts, tops, rights, bottoms = zip(*boxes or [(0, 0, 0, 0)], strict=True)
    return _inside((min(lefts), min(tops), max(rights), max(bottoms)), canvas)


def _inside(box: Box, canvas: tuple[int, int]) -> Box:
    return (max(box[0], 0), max(box[1], 0), min(box[2], canvas[0]), min(box[3], canvas[1]))


def _even(box: Box, canvas: tuple[int, int]) -> Box:
    """Give a box grown to begin and to end at even pixels, as far as the canvas goes."""
    left, top, right, bottom = _inside(box, canvas)
    return _inside((left // 2 * 2, top // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2), canvas)
