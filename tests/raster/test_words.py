"""Words as pictures, looked at pixel by pixel: drawn with the font that Pillow carries, as a file of a user's."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, features

from tests import footage
from tests.papers import digest
from videogen.model.style import Shift
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, ImageOverlay, Overlay, TextOverlay, Timeline, VideoOverlay
from videogen.raster import Rasterised, rasterised
from videogen.raster.drawing import drawn_here

CANVAS = Canvas(width=320, height=180, fps=Fraction(25))
ALL = Range(start=0, end=50)
WHOLE = (0, 0, CANVAS.width, CANVAS.height)
needs_raqm = pytest.mark.skipif(not features.check("raqm"), reason="this Pillow lays letters out one by one")


def text(words: str = "Words", x: int = 40, y: int = 30, size: int = 32, **more: object) -> TextOverlay:
    """Give words in the middle of the canvas."""
    return TextOverlay.model_validate({"text": words, "x": x, "y": y, "size": size, "at": ALL, **more})


def timeline(*overlays: Overlay) -> Timeline:
    """Give two seconds of a clip with something above it."""
    return Timeline(canvas=CANVAS, picture=(Clip(asset=digest("clip"), source=ALL),), overlays=overlays)


def nowhere(font: str) -> Path:
    """Refuse to find a font: none is asked for where none is named."""
    raise AssertionError(f"nobody asked for the font {font}")


def lettered(before: Timeline, file_of: Callable[[str], Path]) -> Rasterised:
    """Draw in this process, with Pillow's own font and no other to help out."""
    return rasterised(before, file_of, draw=drawn_here, fonts=())


def picture(of: Rasterised, nth: int = 0) -> Image.Image:
    """Give the canvas with nothing but one overlay on it, laid where it says."""
    overlay = of.timeline.overlays[nth]
    assert isinstance(overlay, ImageOverlay)
    image = Image.open(BytesIO(of.images[overlay.asset]))
    assert image.mode == "RGBA"
    sheet = Image.new("RGBA", (CANVAS.width, CANVAS.height))
    sheet.paste(image, (overlay.x, overlay.y))
    return sheet


def drawn(overlay: TextOverlay) -> Image.Image:
    """Give the canvas with the words of one overlay on it."""
    return picture(lettered(timeline(overlay), nowhere))


def font(size: int = 32) -> ImageFont.FreeTypeFont:
    """Give the font that words without one are in."""
    default = ImageFont.load_default()
    assert isinstance(default, ImageFont.FreeTypeFont)
    return ImageFont.truetype(BytesIO(default.font_bytes), size)


def covered(words: str, x: float, y: int, size: int = 32, stroke: int = 2) -> Image.Image:
    """Give how much of the canvas one line covers, as Pillow draws it without a detour."""
    mask = Image.new("L", (CANVAS.width, CANVAS.height))
    ImageDraw.Draw(mask).text((x, y), words, fill=255, font=font(size), anchor="la", stroke_width=stroke)
    return mask


def is_same(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures have the same pixels."""
    return one.size == other.size and ImageChops.difference(one, other).getbbox(alpha_only=False) is None


def inked(image: Image.Image) -> tuple[int, int, int, int]:
    """Give the box of what is not transparent."""
    box = image.getchannel("A").getbbox()
    assert box is not None
    return box


# -- where and how -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corner", [(40, 30), (41, 31), (0, 0), (-9, -7), (300, 165)])
def test_words_are_where_they_are_said_to_be(corner: tuple[int, int]) -> None:
    """The canvas is covered as if the words stood on it: their layout box at the corner, nothing anywhere else."""
    sheet = drawn(text("Agj", *corner))

    assert is_same(sheet.getchannel("A"), covered("Agj", *corner))


@pytest.mark.parametrize("corner", [(40, 30), (41, 30), (40, 31), (41, 31), (-9, -7)])
def test_pictures_begin_at_even_pixels(corner: tuple[int, int]) -> None:
    """A picture of words begins on a sample of chroma, where FFmpeg leaves it, and inside the canvas."""
    overlay = lettered(timeline(text("Words", *corner)), nowhere).timeline.overlays[0]

    assert overlay.x % 2 == overlay.y % 2 == 0
    assert overlay.x >= 0
    assert overlay.y >= 0


def test_ffmpeg_moves_a_picture_from_an_odd_pixel_to_an_even_one(tmp_path: Path) -> None:
    """FFmpeg's overlay draws a picture for 41:31 at 40:30, which is why none of ours begins at an odd pixel."""
    Image.new("RGBA", (8, 8), "white").save(tmp_path / "white.png")
    black = "color=c=black:s=320x180:r=25,format=yuv420p"
    shown = ("-filter_complex", "[0][1]overlay=x=41:y=31", "-frames:v", 1, tmp_path / "shown.png")
    footage.make("-f", "lavfi", "-i", black, "-f", "png_pipe", "-i", tmp_path / "white.png", *shown)

    light = Image.open(tmp_path / "shown.png").convert("L").point(lambda level: 255 * (level > 128))
    assert light.getbbox() == (40, 30, 48, 38)


def test_pictures_are_no_larger_than_their_words() -> None:
    """Round the ink at most two clear pixels are left on each side."""
    made = lettered(timeline(text("Words")), nowhere)
    image = Image.open(BytesIO(next(iter(made.images.values()))))
    left, top, right, bottom = inked(image)

    assert max(left, top, image.width - right, image.height - bottom) <= 2


def test_letters_have_their_colour_and_a_black_outline() -> None:
    """Inside a letter is the colour as given, opaque; outside of it there is nothing but black."""
    sheet, letters = drawn(text("Hm", colour="#3af012")), covered("Hm", 40, 30, stroke=0)
    seen = [
        (sheet.getpixel((x, y)), letters.getpixel((x, y))) for x in range(CANVAS.width) for y in range(CANVAS.height)
    ]

    assert {pixel for pixel, letter in seen if letter == 255} == {(0x3A, 0xF0, 0x12, 255)}
    assert {pixel[:3] for pixel, letter in seen if isinstance(pixel, tuple) and letter == 0} == {(0, 0, 0)}


@pytest.mark.parametrize(("size", "stroke"), [(4, 1), (16, 1), (32, 2), (96, 6)])
def test_outline_is_a_sixteenth_of_the_size(size: int, stroke: int) -> None:
    """The outline grows with the letters and is never thinner than a pixel."""
    assert inked(drawn(text("o", size=size))) == covered("o", 40, 30, size, stroke).getbbox()


def test_lines_lie_below_each_other() -> None:
    """A second line begins at the same left side, one line height below the first."""
    sheet = drawn(text("Ag\nAg"))
    below = 30 + sum(font().getmetrics())

    assert is_same(sheet.getchannel("A"), ImageChops.lighter(covered("Ag", 40, 30), covered("Ag", 40, below)))


def test_colours_part_pictures_and_equal_words_share_one() -> None:
    """Equal words in two places are one picture; another colour is another."""
    made = lettered(timeline(text("a", 40, 30), text("a", 60, 50), text("a", colour="#000000")), nowhere)
    assets = [overlay.asset for overlay in made.timeline.overlays if isinstance(overlay, ImageOverlay)]

    assert assets[0] == assets[1] != assets[2]
    assert set(made.images) == set(assets)


# -- the timeline ------------------------------------------------------------------------------------------------------


def test_opacity_and_fades_are_carried_over() -> None:
    """The picture is as transparent as its words were, comes and goes when and whence they did, and is not scaled."""
    at = Range(start=5, end=30)
    enter, leave = Shift(dx=-40), Shift(dy=20)
    words = text(at=at, opacity=Fraction(1, 3), fade_in=7, fade_out=9, enter=enter, leave=leave)
    made = lettered(timeline(words), nowhere)
    overlay = made.timeline.overlays[0]

    assert isinstance(overlay, ImageOverlay)
    assert (overlay.at, overlay.opacity, overlay.fade_in, overlay.fade_out) == (at, Fraction(1, 3), 7, 9)
    assert (overlay.enter, overlay.leave) == (enter, leave)
    assert (overlay.width, overlay.height) == Image.open(BytesIO(made.images[overlay.asset])).size


def test_other_overlays_stay_in_their_order() -> None:
    """Words between other overlays leave those as they are, and lie where they lay among them."""
    films = [VideoOverlay(x=3, y=4, at=ALL, asset=digest(name)) for name in ("one", "two")]
    before = timeline(films[0], text("one"), films[1], text("two"))
    made = lettered(before, nowhere)

    assert made.timeline.overlays[::2] == tuple(films)
    assert [overlay.type for overlay in made.timeline.overlays] == ["video", "image", "video", "image"]
    assert made.timeline.model_copy(update={"overlays": before.overlays}) == before
    assert is_same(picture(made, 3), drawn(text("two")))


def test_timeline_without_words_comes_back_as_it_is() -> None:
    """Where there are no words nothing is drawn and nothing is changed."""
    before = timeline(VideoOverlay(x=1, y=2, at=ALL, asset=digest("film")))
    made = rasterised(before, nowhere)

    assert made.timeline is before
    assert not made.images


def test_pictures_are_named_by_their_bytes_and_always_the_same() -> None:
    """Another process with another hash seed draws the same bytes, and their SHA-256 is their name."""
    program = (
        "from tests.raster.test_words import lettered, nowhere, text, timeline\n"
        "print(*lettered(timeline(text('Same\\nwords')), nowhere).images)"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parent.parent.parent,
        env={"PYTHONHASHSEED": "7"},
        timeout=60,
    )
    images = lettered(timeline(text("Same\nwords")), nowhere).images

    assert list(images) == other.stdout.decode().split()
    assert [sha256(png).hexdigest() for png in images.values()] == list(images)


# -- words of all kinds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("a\tb", "a    b"),  # a tab is four spaces
        ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne"),  # the ends of lines of every system, and Unicode's own
        ("a\x00\x07b\x1b[0m\x7f\x85", "ab[0m"),  # control characters are dropped
        ("e\u0301", "\u00e9"),  # NFC
        ("e\x01\u0301", "\u00e9"),  # also where something dropped stood between
    ],
)
def test_words_are_made_plain(words: str, same: str) -> None:
    """Words that mean the same give the same picture."""
    assert is_same(drawn(text(words)), drawn(text(same)))


@pytest.mark.parametrize(
    "words",
    [
        "%{pts}",  # FFmpeg's drawtext would expand it
        "':[]\\;,=",  # what parts a filter graph
        "a" * 2000,
        "\n" * 1000 + "below the canvas",
        "line\n" * 400,
        "\U0001f600 \U0001f469\u200d\U0001f680 \U0001f1e9\U0001f1ea",  # emoji, joined ones and a flag
        "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",  # Arabic
        "\u05e9\u05dc\u05d5\u05dd abc 123",  # Hebrew with Latin in it
        "a" + "\u0301\u0327" * 999,  # combining marks, heaped up
        "\u0301",  # a mark on nothing
        "\u202e\u2066\u202aabc",  # directions that are never closed
        "\u0e01\u0e33 \u0915\u094d\u0937",  # Thai, and a Devanagari conjunct
        "\ufeff\ufffe\uffff\U0010ffff\ue000",  # no characters, and private ones
        "a\x00b",
    ],
)
@pytest.mark.parametrize("size", [20, 2000])
def test_any_words_become_a_picture(words: str, size: int) -> None:
    """No words are an error; their picture is whole, has pixels, and none outside the canvas."""
    made = lettered(timeline(text(words, size=size)), nowhere)
    overlay, image = made.timeline.overlays[0], Image.open(BytesIO(next(iter(made.images.values()))))
    image.load()

    assert 0 < image.width <= CANVAS.width - overlay.x
    assert 0 < image.height <= CANVAS.height - overlay.y


@pytest.mark.parametrize("words", ["\x00", "\x01\x02\r", " ", "\t\n\u00a0\n", "\n"])
def test_words_without_ink_are_a_transparent_picture(words: str) -> None:
    """Words that leave no mark are a picture all the same, with nothing to see."""
    made = lettered(timeline(text(words)), nowhere)

    assert picture(made).getbbox() is None
    assert Image.open(BytesIO(next(iter(made.images.values())))).size == (2, 2)


@needs_raqm
def test_right_to_left_words_end_at_the_left() -> None:
    """In a line that begins with a Hebrew letter, Latin that comes after it stands left of it."""
    words = "\u05d0 ab"
    sheet = drawn(text(words)).getchannel("A")
    width = int(font().getlength("a"))

    assert is_same(sheet.crop((0, 0, 40 + width, 180)), covered("ab", 40, 30).crop((0, 0, 40 + width, 180)))


# -- the edges of the canvas -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corner", [(-(10**12), 0), (10**30, 0), (0, 180 + 9), (0, -2000), (330, 30)])
def test_words_outside_the_canvas_are_nothing(corner: tuple[int, int]) -> None:
    """Words that lie wholly outside are no error and leave nothing to see, however far away they are."""
    assert drawn(text("far", *corner)).getbbox() is None


def test_huge_words_are_cut_at_the_canvas() -> None:
    """Of a letter larger than the canvas the picture is what the canvas shows of it."""
    sheet = drawn(text("W", -600, -900, 2000))

    assert inked(sheet) == WHOLE
    assert is_same(sheet.getchannel("A"), covered("W", -600, -900, 2000, 125))


def test_line_too_long_for_memory_is_drawn_where_it_is_seen() -> None:
    """A line of gigabytes shows the words that stand on the canvas, at its beginning and far behind it."""
    words = "ab cd " * 330
    behind = font(400).getlength(words[:1200])
    size, stroke = 400, 25

    beginning = drawn(text(words, 10, -80, size)).getchannel("A")
    middle = drawn(text(words, round(20 - behind), -80, size)).getchannel("A")

    assert beginning.getbbox() is not None
    assert is_same(beginning, covered("ab cd", 10, -80, size, stroke))
    assert is_near(middle, covered(words[1194:1206], 20 - font(size).getlength(words[1194:1200]), -80, size, stroke))


@needs_raqm
def test_long_line_from_right_to_left_shows_its_end() -> None:
    """Of a long Hebrew line the canvas shows the last words, since they stand at the left."""
    long, short = ("\u05d0 " * count + "ab" for count in (990, 2))

    sheet = drawn(text(long, 10, -80, 400)).getchannel("A")

    assert is_near(sheet, drawn(text(short, 10, -80, 400)).getchannel("A"))


def is_near(one: Image.Image, other: Image.Image) -> bool:
    """Whether two masks show the same letters, at most a pixel apart."""
    differing = ImageChops.difference(one, other).point(lambda level: 255 * (level > 0))
    return other.getbbox() is not None and differing.histogram()[255] < 0.02 * CANVAS.width * CANVAS.height
