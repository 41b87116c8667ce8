"""Letters of all scripts: shaped, ordered, in another font where their own lacks them, and told where none has them.

D7, E2. What needs a font of the system asks for it by name; DejaVu is what CI and most machines have.
"""

import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageChops, ImageFont, features

from tests.raster.test_layout import CANVAS, colours, inked, sheet
from videogen.raster.bidi import in_sight, is_rightward, levels
from videogen.raster.face import letters, letters_of, names_of
from videogen.raster.fonts import find_font
from videogen.raster.letters import clusters
from videogen.raster.wishes import Drawn, Words
from videogen.raster.words import drawn_words

DEJAVU = find_font("DejaVu Sans")
EMOJI = find_font("Noto Color Emoji")
needs_raqm = pytest.mark.skipif(not features.check("raqm"), reason="this Pillow lays letters out one by one")
needs_dejavu = pytest.mark.skipif(DEJAVU is None, reason="DejaVu Sans is not installed: apt install fonts-dejavu-core")
needs_emoji = pytest.mark.skipif(EMOJI is None, reason="no emoji: apt install fonts-noto-color-emoji")


def drawn(text: str, *fonts: Path | None, own: Path | None = None, **more: Any) -> Drawn:
    """Draw words in a font, others standing in for what it lacks; Pillow's own where none is given."""
    wish = {"text": text, "size": 32, "canvas": CANVAS, "x": 20, "y": 20, "stroke": 0, **more}
    return drawn_words(Words(**wish, font=str(own) if own else None), [one for one in fonts if one])


def pillows(size: int = 32) -> ImageFont.FreeTypeFont:
    """Give the font that Pillow carries."""
    default = ImageFont.load_default()
    assert isinstance(default, ImageFont.FreeTypeFont)
    return ImageFont.truetype(BytesIO(default.font_bytes), size)


# -- shaping -----------------------------------------------------------------------------------------------------------


@needs_raqm
@needs_dejavu
def test_arabic_is_joined_and_runs_from_the_right() -> None:
    """Three letters joined are narrower than apart, and what comes first stands at the right."""
    joined, apart = (inked(sheet(drawn(one, own=DEJAVU))) for one in ("\u0628\u0628\u0628", "\u0628 \u0628 \u0628"))
    first = sheet(drawn("\u0627\u0628\u0628\u0628", own=DEJAVU)).getchannel("A")  # alef, the one tall letter
    left, _, right, _ = inked(sheet(drawn("\u0627\u0628\u0628\u0628", own=DEJAVU)))
    top = first.crop((0, 0, 320, 36)).getbbox()

    assert joined[2] - joined[0] < 0.8 * (apart[2] - apart[0])
    assert top is not None
    assert top[0] > (left + right) // 2


@needs_raqm
@needs_dejavu
def test_hebrew_is_ordered_from_the_right_and_latin_within_it_from_the_left() -> None:
    """In a Hebrew line Latin and numbers keep their own order, and stand where a reader comes to them."""
    whole = sheet(drawn("\u05d0 ab 12", own=DEJAVU))
    latin = sheet(drawn("ab 12", own=DEJAVU))
    width = inked(latin)[2]

    assert whole.crop((0, 0, width, 180)).tobytes() == latin.crop((0, 0, width, 180)).tobytes()
    assert inked(whole)[2] > width


@pytest.mark.parametrize(
    ("line", "depth"),
    [
        ("ab \u05d0\u05d1", [0, 0, 0, 1, 1]),
        ("\u05d0 ab", [1, 1, 2, 2]),
        ("\u05d0 12 \u05d1", [1, 1, 2, 2, 1, 1]),  # a number keeps its order
        ("a \u05d0 \u05d1 b", [0, 0, 1, 1, 1, 0, 0]),  # what has no direction takes its neighbours'
        ("a 12", [0, 0, 0, 0]),
        ("\u0645 \U0001f600 \u0645", [1, 1, 1, 1, 1]),
        ("...", [0, 0, 0]),
        ("", []),
    ],
)
def test_letters_are_embedded_as_unicode_says(line: str, depth: list[int]) -> None:
    """The levels of letters are those of Unicode's algorithm on lines as people write them."""
    assert levels(line) == depth
    assert is_rightward(line) == (not depth or depth[0] % 2 == 0)


def test_stretches_stand_as_they_are_read() -> None:
    """Stretches of odd level are turned round, numbers within them back again."""
    assert in_sight([(0, "a"), (1, "B"), (2, "1"), (1, "C"), (0, "d")]) == ["a", "C", "1", "B", "d"]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("ab", ["a", "b"]),
        ("e\u0301x", ["e\u0301", "x"]),
        ("\U0001f469\u200d\U0001f680!", ["\U0001f469\u200d\U0001f680", "!"]),  # a woman astronaut
        ("\U0001f44d\U0001f3fd", ["\U0001f44d\U0001f3fd"]),  # with a skin
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", ["\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"]),  # two flags
        ("1\ufe0f\u20e3", ["1\ufe0f\u20e3"]),  # a keycap
        ("\u0915\u094d\u0937", ["\u0915\u094d", "\u0937"]),
    ],
)
def test_letters_that_belong_together_stay_together(line: str, parts: list[str]) -> None:
    """What is drawn as one is never parted by a line's end or by another font."""
    assert list(clusters(line)) == parts


# -- other fonts -------------------------------------------------------------------------------------------------------


@needs_dejavu
def test_letters_that_a_font_lacks_are_drawn_in_another() -> None:
    """Hebrew between Latin is drawn in a font that has it, on the same baseline, and nothing is told."""
    mixed = drawn("ab \u05d0\u05d1 cd", DEJAVU)
    start = round(pillows().getlength("ab "))
    baseline = pillows().getmetrics()[0] - ImageFont.truetype(str(DEJAVU), 32).getmetrics()[0]
    hebrew = drawn("\u05d0\u05d1", own=DEJAVU, x=20 + start, y=20 + baseline)
    width = round(ImageFont.truetype(str(DEJAVU), 32).getlength("\u05d0\u05d1"))
    area = (20 + start, 0, 20 + start + width, 180)

    assert not mixed.warnings
    differing = ImageChops.difference(sheet(mixed).getchannel("A").crop(area), sheet(hebrew).getchannel("A").crop(area))
    assert differing.point(lambda level: 255 * (level > 128)).histogram()[255] <= 20  # fractions of a pixel


def test_missing_letters_are_told() -> None:
    """Letters that no font has are named by their numbers, five at most, with the font."""
    told = drawn("a\u4e2d\u6587\U00010380\u65e5\u672c\u8a9e\u4e2d").warnings

    assert told == (
        "missing-glyphs: no font here has U+4E2D (\u4e2d), U+6587 (\u6587), U+10380 (\U00010380), U+65E5 (\u65e5), "
        "U+672C (\u672c) and 1 more, nor has of Pillow: boxes are drawn",
    )


@pytest.mark.parametrize("words", ["plain", "tab\there", "a\u200db\u2066c\u2069\u00ad", "a\u00a0b", ""])
def test_letters_without_a_mark_are_not_missed(words: str) -> None:
    """Joiners, directions and spaces are nothing that a font must have."""
    assert not drawn(words).warnings


@needs_emoji
@pytest.mark.parametrize("words", ["\U0001f600", "\U0001f469\u200d\U0001f680", "\u2764\ufe0f", "\U0001f1e9\U0001f1ea"])
def test_emoji_are_drawn_in_colour_as_large_as_their_words(words: str) -> None:
    """An emoji, joined or not, is one picture with colours of its own, about as high as the letters beside it."""
    made = drawn(words, EMOJI, size=48)
    left, top, right, bottom = inked(sheet(made))

    assert not made.warnings
    assert len(colours(sheet(made))) > 50
    assert 40 <= bottom - top <= 64
    assert 40 <= right - left <= 72


def test_smile_without_any_font_of_emoji_is_told() -> None:
    """Where no font has an emoji, it is a box, and told."""
    assert "U+1F600" in drawn("ok \U0001f600").warnings[0]


# -- what fonts say ----------------------------------------------------------------------------------------------------


def test_letters_of_a_font_are_those_that_it_draws() -> None:
    """A font has the letters that differ from its box, and no others."""
    content = ImageFont.load_default()
    assert isinstance(content, ImageFont.FreeTypeFont)
    known = letters(content.font_bytes)
    box = bytes(pillows().getmask("\U0010ffff"))

    for letter in [*map(chr, range(0x21, 0x7F)), "\u00e9", "\u4e2d", "\u05d0"]:
        assert (letter in known) == (bytes(pillows().getmask(letter)) != box)


@pytest.mark.parametrize(
    "content", [b"", b"ttcf", b"\0\1\0\0", b"\0\1\0\0\xff\xff" + bytes(40), b"OTTO" + b"\xff" * 4000]
)
def test_noise_has_no_letters_and_no_name(tmp_path: Path, content: bytes) -> None:
    """What is no font has no letters and no names, whatever its tables say."""
    (tmp_path / "noise.ttf").write_bytes(content)

    assert len(letters(content)) == len(letters_of(tmp_path / "noise.ttf")) == 0
    assert names_of(tmp_path / "noise.ttf") is None


@needs_dejavu
def test_knocked_over_fonts_are_read_or_not(tmp_path: Path) -> None:
    """Bytes knocked over in the tables that are read never do more than hide letters or names."""
    assert DEJAVU is not None
    content = bytearray(DEJAVU.read_bytes())
    shutil.copy(DEJAVU, tmp_path / "font.ttf")
    for at in [*range(0, 400, 7), *(content.index(tag) + 8 for tag in (b"cmap", b"name"))]:
        knocked = bytearray(content)
        knocked[at] ^= 0xFF
        (tmp_path / "font.ttf").write_bytes(knocked[:200_000])
        names_of(tmp_path / "font.ttf")
        assert 0 <= len(letters_of(tmp_path / "font.ttf")) < 1 << 21
