"""Words become pictures before a plan is made: FFmpeg never sees a text or a font of a user's.

What is drawn. Lines part at newlines; the first one's layout box (its ascender, and the start of its advance) begins at
the corner of the overlay, each further one a line height (the font's ascent and descent) below, all at the same left
side. The letters have the overlay's colour and a black outline of a sixteenth of their size, at least 1 pixel, so that
they can be read on any picture. A tab is four spaces, other control characters are dropped, the rest is composed (NFC).
A letter that the font lacks is the font's box; a font of colours is drawn in one.

Right-to-left and complex scripts are shaped where Pillow has Raqm, else letter by letter from left to right.

Pictures begin at even pixels: FFmpeg's overlay moves a picture only by whole samples of chroma, so it would draw one
that begins at an odd pixel a pixel too early. Source: tests/raster/test_words.py (measured).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from math import ceil, floor
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from videogen.errors import MediaError, ToolchainError
from videogen.model.timeline import Canvas, ImageOverlay, Overlay, TextOverlay, Timeline
from videogen.model.value import readable

MAX_FONT_BYTES = 64 << 20
"""Far above any font of one face; a collection of all of CJK has 20 MB."""
MAX_MASK_PX = 32_000_000
"""The most that one piece of a line may cover: three lines across an 8K canvas, as high as words may be."""

# The first four bytes. Source: OpenType 1.9, "Organization of an OpenType font"; "true" is Apple's.
_MAGICS = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"ttcf")
_ANOTHER_FONT = "Use another TrueType or OpenType font, or none."
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
_DROPPED = {"Cc", "Cs"}
_OUTLINE = (0, 0, 0)

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the last two are outside."""


@dataclass(frozen=True)
class Lettered:
    """A timeline without words, and the pictures that stand for them: SHA-256 of each PNG, and its bytes."""

    timeline: Timeline
    images: Mapping[str, bytes]


@dataclass(frozen=True)
class _Piece:
    """Words of one line, their layout box at `x`, `y` on the canvas."""

    words: str
    x: float
    y: int
    is_rightward: bool


@dataclass(frozen=True)
class _Pen:
    """A font at its size, with an outline of `stroke` pixels."""

    font: ImageFont.FreeTypeFont
    stroke: int

    def direction(self, piece: _Piece) -> str | None:
        """Give the direction of a paragraph; basic layout knows none."""
        if self.font.layout_engine != ImageFont.Layout.RAQM:
            return None
        return "ltr" if piece.is_rightward else "rtl"

    def box(self, piece: _Piece) -> Box:
        """Give what the ink and the advance of a piece may touch, outline included."""
        direction = self.direction(piece)
        left, top, right, bottom = self.font.getbbox(
            piece.words, "L", direction=direction, stroke_width=self.stroke, anchor="la"
        )
        return (floor(piece.x + left), piece.y + floor(top), ceil(piece.x + right), piece.y + ceil(bottom))

    def width(self, piece: _Piece) -> float:
        """Give how far the words after a piece are moved."""
        return self.font.getlength(piece.words, "L", direction=self.direction(piece))

    def mask(self, pieces: list[_Piece], box: Box, stroke: int) -> Image.Image:
        """Give how much of each pixel inside a box is covered by letters, grown by a stroke."""
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        draw = ImageDraw.Draw(mask)
        for piece in pieces:
            draw.text(
                (piece.x - box[0], piece.y - box[1]),
                piece.words,
                fill=255,
                font=self.font,
                anchor="la",
                direction=self.direction(piece),
                stroke_width=stroke,
            )
        return mask


def lettered(timeline: Timeline, font_of: Callable[[str], Path]) -> Lettered:
    """Give a timeline whose words are pictures, each with the place, the opacity and the fades of its words.

    What runs out of the canvas is cut off; of words that leave no mark a transparent picture is left. The same words
    on the same Pillow give the same bytes. `font_of` gives the file of a font by its hash; words without a font are in
    the one that Pillow carries, which knows Latin letters.

    Shape: overlays in the order they had; equal pictures are one. A timeline without words is given as it is.
    Raises: MediaError: a font that is too large, is no TrueType or OpenType font, or cannot be drawn with.
    """
    if not any(isinstance(overlay, TextOverlay) for overlay in timeline.overlays):
        return Lettered(timeline, {})
    images: dict[str, bytes] = {}
    overlays: list[Overlay] = []
    for overlay in timeline.overlays:
        if isinstance(overlay, TextOverlay):
            overlays.append(_pictured(overlay, timeline.canvas, font_of, images))
        else:
            overlays.append(overlay)
    return Lettered(timeline.model_copy(update={"overlays": tuple(overlays)}), images)


def _pictured(
    overlay: TextOverlay, canvas: Canvas, font_of: Callable[[str], Path], images: dict[str, bytes]
) -> ImageOverlay:
    if overlay.font is None:
        image, x, y = _drawn(overlay, canvas, _own_font())
    else:
        path = font_of(overlay.font)
        content = _font_content(path)
        try:
            image, x, y = _drawn(overlay, canvas, content)
        # What FreeType and Pillow say of a broken font: unreadable tables, a size it has not, outlines past all bounds.
        except (OSError, ValueError, OverflowError, Image.DecompressionBombError) as error:
            raise _bad_font(path, f"cannot be drawn with ({error})", "broken-font") from error
    png = BytesIO()
    image.save(png, "PNG", compress_level=6)
    digest = sha256(png.getvalue()).hexdigest()
    images[digest] = png.getvalue()
    kept = {name: getattr(overlay, name) for name in ("at", "opacity", "fade_in", "fade_out")}
    return ImageOverlay(asset=digest, x=x, y=y, **kept)


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
    if not content.startswith(_MAGICS):
        raise _bad_font(path, "is no TrueType or OpenType font", "bad-magic")
    return content


def _bad_font(path: Path, trouble: str, code: str) -> MediaError:
    return MediaError(f"the font {readable(path.name)} {trouble}", remedy=_ANOTHER_FONT, code=code)


# -- words -------------------------------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    text = _LINE_ENDS.sub("\n", text).replace("\t", "    ")
    kept = "".join(one for one in text if one == "\n" or unicodedata.category(one) not in _DROPPED)
    return unicodedata.normalize("NFC", kept).split("\n")


def _is_rightward(line: str) -> bool:
    """Whether the first letter that has a direction runs from left to right. Source: UAX #9, P2 and P3."""
    strong = (unicodedata.bidirectional(one) for one in line)
    return next((one == "L" for one in strong if one in {"L", "R", "AL"}), True)


def _pieces(piece: _Piece, pen: _Pen, canvas: Canvas) -> Iterator[_Piece]:
    """Give what of a line touches the canvas, in pieces that fit into memory.

    Two thousand letters of two thousand pixels would be a mask of gigabytes, nearly all of it outside. Only such a
    line is parted, at a space near its middle or else at its middle.
    """
    box = pen.box(piece)
    left, top, right, bottom = _inside(box, canvas)
    if left >= right or top >= bottom:
        return
    if (box[2] - box[0]) * (box[3] - box[1]) <= MAX_MASK_PX:
        yield piece
        return
    half = len(piece.words) // 2
    if not half:
        raise ValueError("a letter larger than its size allows")
    cut = piece.words.rfind(" ", half // 2, half) + 1 or half
    parts = (piece.words[:cut], piece.words[cut:])
    leftmost, other = parts if piece.is_rightward else parts[::-1]
    first = replace(piece, words=leftmost)
    yield from _pieces(first, pen, canvas)
    yield from _pieces(replace(piece, words=other, x=piece.x + pen.width(first)), pen, canvas)


# -- pictures ----------------------------------------------------------------------------------------------------------


def _drawn(overlay: TextOverlay, canvas: Canvas, font: bytes) -> tuple[Image.Image, int, int]:
    """Give the picture of an overlay's words, and where on the canvas its corner is."""
    pen = _Pen(ImageFont.truetype(BytesIO(font), overlay.size), max(1, round(overlay.size / 16)))
    height = sum(pen.font.getmetrics())
    pieces: list[_Piece] = []
    for nth, line in enumerate(_lines(overlay.text)):
        whole = _Piece(line, overlay.x, overlay.y + nth * height, _is_rightward(line))
        pieces += _pieces(whole, pen, canvas) if line else ()
    box = _around([pen.box(piece) for piece in pieces], canvas)
    outline = pen.mask(pieces, box, pen.stroke)
    ink = outline.getbbox()
    if ink is None:
        return Image.new("RGBA", (2, 2)), 0, 0
    tight = _even((box[0] + ink[0] - 1, box[1] + ink[1] - 1, box[0] + ink[2] + 1, box[1] + ink[3] + 1), canvas)
    crop = (tight[0] - box[0], tight[1] - box[1], tight[2] - box[0], tight[3] - box[1])
    image = _coloured(outline.crop(crop), _OUTLINE)
    letters = pen.mask(pieces, box, 0).crop(crop)
    image.alpha_composite(_coloured(letters, tuple(bytes.fromhex(overlay.colour[1:]))))
    return image, tight[0], tight[1]


def _coloured(mask: Image.Image, colour: tuple[int, ...]) -> Image.Image:
    image = Image.new("RGB", mask.size, colour)
    image.putalpha(mask)
    return image


def _around(boxes: list[Box], canvas: Canvas) -> Box:
    """Give the part of the canvas that holds all boxes; it is empty where there are none."""
    lefts, tops, rights, bottoms = zip(*boxes or [(0, 0, 0, 0)], strict=True)
    return _inside((min(lefts), min(tops), max(rights), max(bottoms)), canvas)


def _inside(box: Box, canvas: Canvas) -> Box:
    return (max(box[0], 0), max(box[1], 0), min(box[2], canvas.width), min(box[3], canvas.height))


def _even(box: Box, canvas: Canvas) -> Box:
    """Give a box grown to begin and to end at even pixels, as far as the canvas goes."""
    left, top, right, bottom = _inside(box, canvas)
    return _inside((left // 2 * 2, top // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2), canvas)
