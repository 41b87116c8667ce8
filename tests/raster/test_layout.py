"""Words in a box: where their block lies, how they are wrapped and made smaller, what lies below them (C2, D1, E2)."""

from fractions import Fraction
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageFont

from videogen.raster.lines import Box, Fitted, Measure, fitted, plain_lines
from videogen.raster.wishes import Drawn, Plate, Shade, Words
from videogen.raster.words import drawn_words

CANVAS = (320, 180)
LONG = "The quick brown fox jumps over the lazy dog and then sleeps until the morning comes"


def sheet(made: Drawn) -> Image.Image:
    """Give the canvas with a drawing on it."""
    image = Image.new("RGBA", CANVAS)
    image.paste(Image.open(BytesIO(made.png)), (made.x, made.y))
    return image


def drawn(text: str = "Words", **more: Any) -> Drawn:
    """Draw words in the font that Pillow carries, and in no other."""
    return drawn_words(Words(**{"text": text, "size": 24, "canvas": CANVAS, "x": 160, "y": 90, "stroke": 0, **more}))


def inked(image: Image.Image) -> tuple[int, int, int, int]:
    """Give the box of what is to be seen."""
    box = image.getchannel("A").getbbox()
    assert box is not None
    return box


def font(size: int = 24) -> ImageFont.FreeTypeFont:
    """Give the font that words without one are in."""
    default = ImageFont.load_default()
    assert isinstance(default, ImageFont.FreeTypeFont)
    return ImageFont.truetype(BytesIO(default.font_bytes), size)


# -- anchors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("across", ["left", "", "right"])
@pytest.mark.parametrize("down", ["top", "", "bottom"])
def test_anchor_of_the_block_is_where_the_words_are_put(across: str, down: str) -> None:
    """Words are as far left and up of their place as their anchor lies within their block."""
    anchor = "-".join(filter(None, (down, across))) or "center"
    width, height = round(font().getlength("Words")), sum(font().getmetrics())
    x = {"left": 160, "": 160 - width // 2, "right": 160 - width}[across]
    y = {"top": 90, "": 90 - height // 2, "bottom": 90 - height}[down]

    assert sheet(drawn(anchor=anchor)).tobytes() == sheet(drawn(x=x, y=y)).tobytes()


@pytest.mark.parametrize(("align", "share"), [("left", 0), ("center", Fraction(1, 2)), ("right", 1)])
def test_lines_are_aligned_within_their_block(align: str, share: Fraction) -> None:
    """A short line stands at the left, in the middle or at the right of the long one below it."""
    made = sheet(drawn("i\nWide words", x=20, y=20, align=align))
    height, width = sum(font().getmetrics()), round(font().getlength("Wide words"))
    left, _, right, _ = inked(made.crop((0, 0, 320, 20 + height)))
    room = width - font().getlength("i")

    assert abs(left - (20 + room * share) - font().getbbox("i")[0]) <= 2
    assert right - left < 12


def test_width_alone_does_not_change_the_size() -> None:
    """Words with a width are wrapped to it and stay as large as they are."""
    box = inked(sheet(drawn(LONG, x=10, y=4, size=20, width=200)))
    lines = fitted([LONG], range(20, 21), Box(200, None), _real()).lines

    assert box[2] - box[0] <= 200
    assert len(lines) > 3
    assert (
        sheet(drawn(LONG, x=10, y=4, size=20, width=200)).tobytes()
        == sheet(drawn("\n".join(lines), x=10, y=4, size=20)).tobytes()
    )


@pytest.mark.parametrize(("width", "height"), [(300, 60), (150, 100), (120, 170), (300, 30)])
def test_words_are_made_smaller_until_they_fit(width: int, height: int) -> None:
    """Title and outline stay inside their box, and another size up would not."""
    made = drawn(LONG, x=8, y=4, size=60, least=6, width=width, height=height, stroke=None)
    left, top, right, bottom = inked(sheet(made))
    measure = _real(edge=True)
    found = fitted([LONG], range(6, 61), Box(width, height), measure)

    assert not made.warnings
    assert left >= 8 - 4
    assert top >= 4 - 4
    assert right - left <= width
    assert bottom - top <= height
    larger = fitted([LONG], range(found.size + 1, found.size + 2), Box(width, None), measure)
    words = [len(line.split()) for line in larger.lines]
    assert measure.line_height(larger.size) * len(larger.lines) + 2 * measure.edge(larger.size) > height or 0 in words


def test_what_does_not_fit_at_its_least_is_cut_and_told() -> None:
    """At the least size the words end in an ellipsis, inside their box, and a warning names them."""
    made = drawn("word " * 100, x=8, y=4, size=30, least=14, width=200, height=50)
    left, top, right, bottom = inked(sheet(made))

    assert right - left <= 200
    assert bottom - top <= 50
    assert made.warnings == (
        "text-cut: the words 'word word word word word word word word ' do not fit their box at their least size, "
        "so their end is left out",
    )


# -- lines -------------------------------------------------------------------------------------------------------------


def _real(*, edge: bool = False) -> Measure:
    return Measure(
        width=lambda line, size: font(size).getlength(line, "L"),
        line_height=lambda size: sum(font(size).getmetrics()),
        edge=lambda size: max(1, round(size / 16)) if edge else 0,
    )


def wrapped(text: str, width: int, height: int | None = None, *, least: int = 1, is_balanced: bool = False) -> Fitted:
    """Wrap words of which each letter is one wide and high, at sizes from `least` to 1 and above."""
    measure = Measure(lambda line, size: len(line) * size, lambda size: size, lambda _: 0)
    return fitted(
        plain_lines(text), range(least, 11), Box(width * 10, height and height * 10), measure, is_balanced=is_balanced
    )


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one  two", 5, ["one", "two"]),  # a gap at the end of a line is gone
        ("one\u00a0two three", 7, ["one\u00a0two", "three"]),  # no break where none is wanted
        ("one\ntwo", 20, ["one", "two"]),
        ("one\n\ntwo", 20, ["one", "", "two"]),
        ("well-known fact", 6, ["well-", "known", "fact"]),
        ("10-20 abc-def", 8, ["10-20", "abc-def"]),  # numbers are not parted
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),  # a word wider than its line
        (
            "\u65e5\u672c\u8a9e\u306e\u672c\u3002",
            5,
            ["\u65e5\u672c\u8a9e\u306e", "\u672c\u3002"],
        ),  # not before a full stop
        ("\u300c\u65e5\u672c\u300d\u65e5", 3, ["\u300c\u65e5", "\u672c\u300d\u65e5"]),
        ("ae\u0301e\u0301b", 1, ["a", "\u00e9", "\u00e9", "b"]),
        ("", 5, [""]),
        ("   indented", 20, ["   indented"]),
    ],
)
def test_lines_part_where_people_part_them(text: str, width: int, lines: list[str]) -> None:
    """Lines end at spaces, behind hyphens, between ideographs, and inside a word only if it is too wide."""
    assert wrapped(text, width).lines == lines


@pytest.mark.parametrize(
    ("text", "width", "height", "least", "size", "lines"),
    [
        ("one two", 7, 1, 1, 10, ["one two"]),  # fits
        ("one two", 6, 2, 1, 10, ["one", "two"]),  # fits wrapped
        ("one two", 6, 1, 1, 8, ["one two"]),  # smaller, on one line
        ("abcdefghij", 5, 9, 1, 5, ["abcdefghij"]),  # smaller rather than parted
        ("abcdefghij", 5, 9, 8, 10, ["abcde", "fghij"]),  # parted where its least is too wide
        ("a b c d", 1, 2, 10, 10, ["a", "\u2026"]),  # cut
    ],
)
def test_fit_takes_the_largest_size(
    text: str, width: int, height: int, least: int, size: int, lines: list[str]
) -> None:
    """Of all sizes that fit the largest is taken; whole words go before large letters."""
    found = wrapped(text, width, height, least=least)

    assert (found.size, found.lines) == (size, lines)


def test_centred_lines_are_of_a_length() -> None:
    """A centred title does not end in a line of one word, and takes no more lines for it."""
    text = "a long title that has to be wrapped to its box and looks good"

    plain, even = wrapped(text, 30).lines, wrapped(text, 30, is_balanced=True).lines

    assert len(plain) == len(even)
    assert " ".join(even) == text
    assert max(map(len, even)) - min(map(len, even)) < max(map(len, plain)) - min(map(len, plain))


# -- below the words ---------------------------------------------------------------------------------------------------


def test_outline_has_its_colour_and_width() -> None:
    """An outline of three pixels in red reaches three pixels further than the letters; none leaves none."""
    bare, lined = drawn(), drawn(stroke=3, outline="#ff0000")
    outer, inner = inked(sheet(lined)), inked(sheet(bare))

    assert [abs(one - other) for one, other in zip(outer, inner, strict=True)] == [3, 3, 3, 3]
    assert {pixel[:3] for pixel in colours(sheet(bare)) if pixel[3]} == {(255, 255, 255)}
    assert (255, 0, 0, 255) in colours(sheet(lined))


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    """Give all colours of a picture."""
    found = image.getcolors(1 << 20)
    assert found is not None
    return {colour for _, colour in found if isinstance(colour, tuple)}


def test_shadow_is_a_copy_of_the_letters() -> None:
    """A sharp shadow is the letters again, moved, in its colour and as opaque as it says, below them."""
    made = sheet(drawn("o", colour="#00ff00", shadow=Shade(30, 20, 0, "#ff0000", 0.5)))
    letters = sheet(drawn("o", colour="#00ff00")).getchannel("A")

    moved = ImageChops.offset(letters, 30, 20).point(lambda level: round(level * 0.5))
    assert made.getchannel("A").tobytes() == ImageChops.lighter(letters, moved).tobytes()
    box = inked(made)
    red = made.crop((box[0] + 25, box[1] + 20, box[2], box[3]))
    assert {pixel[:3] for pixel in colours(red) if pixel[3]} == {(255, 0, 0)}


def test_blurred_shadow_is_not_cut() -> None:
    """A blur fades to nothing inside its picture: its edge is clear all round."""
    made = drawn("o", size=40, shadow=Shade(0, 0, 12, "#000000", 1.0))
    alpha = Image.open(BytesIO(made.png)).getchannel("A")
    frame = alpha.copy()
    frame.paste(0, (1, 1, alpha.width - 1, alpha.height - 1))

    assert frame.getextrema() == (0, 0)
    assert inked(sheet(made))[2] - inked(sheet(made))[0] > 40


@pytest.mark.parametrize("radius", [0, 10, 400])
def test_plate_lies_behind_the_block(radius: int) -> None:
    """A plate is its padding larger than the block on every side; its corners are round where asked for."""
    made = sheet(drawn("Words", anchor="center", backing=Plate("#112233", 0.5, 10, radius)))
    width, height = round(font().getlength("Words")), sum(font().getmetrics())
    left, top = 160 - width // 2 - 10, 90 - height // 2 - 10

    assert inked(made) == (left, top, left + width + 20, top + height + 20)
    corner = made.getpixel((left, top))
    assert isinstance(corner, tuple)
    assert corner == ((0x11, 0x22, 0x33, 128) if not radius else (*corner[:3], 0))
    assert made.getpixel((160, top + 1)) == (0x11, 0x22, 0x33, 128)


def test_plate_may_run_out_of_the_canvas() -> None:
    """Of a plate at the edge the canvas shows what lies on it."""
    made = drawn("Words", x=0, y=180, anchor="bottom-left", backing=Plate("#112233", 0.5, 20, 12))

    assert (made.x, made.y + made.height) == (0, 180)
