"""Fonts of a user's, drawn with or refused: the font that Pillow carries, as a file (C11, D7)."""

import os
from pathlib import Path
from struct import unpack_from

import pytest

from tests.papers import digest
from tests.raster.test_words import drawn, font, is_same, lettered, picture, text, timeline
from videogen.errors import MediaError
from videogen.raster.words import MAX_FONT_BYTES


def test_font_of_the_words_is_drawn_with(tmp_path: Path) -> None:
    """Words in a font are drawn with the file that its hash stands for, also when Pillow's own is that font."""
    file = tmp_path / "house.ttf"
    file.write_bytes(font().font_bytes)
    asked: list[str] = []

    def font_of(content: str) -> Path:
        asked.append(content)
        return file

    made = lettered(timeline(text(font=digest("house"))), font_of)

    assert asked == [digest("house")]
    assert is_same(picture(made), drawn(text()))


def without_outlines() -> bytes:
    """Give a font whose tables are there, and whose glyphs are noise."""
    content = bytearray(font().font_bytes)
    # An entry of the table directory: tag, checksum, offset, length. Source: OpenType 1.9, "Table Directory".
    offset, length = unpack_from(">II", content, content.index(b"glyf") + 8)
    content[offset : offset + length] = b"\xff" * length
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bad-magic"),
        (b"this is a font", "bad-magic"),
        (b"STARTFONT 2.1\nFONT x\n", "bad-magic"),  # FreeType reads it, but it is neither TrueType nor OpenType
        (b"wOFF" + bytes(100), "bad-magic"),  # packed for the web
        (font().font_bytes[:300], "broken-font"),  # cut
        (without_outlines(), "broken-font"),
    ],
    ids=["empty", "text", "bitmap", "web", "cut", "no-outlines"],
)
def test_font_that_is_none_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    """A file that is no font to draw with is the user's error: it is named, and another font is the remedy."""
    file = tmp_path / "house.ttf"
    file.write_bytes(content)

    with pytest.raises(MediaError, match=r"^the font house\.ttf .*\. Use another .*font.*\.$") as caught:
        lettered(timeline(text(font=digest("house"))), lambda _: file)
    assert caught.value.word == code


@pytest.mark.parametrize("name", ["folder", "absent"])
def test_font_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    """A folder, or nothing at all, in a font's place is the user's error too."""
    (tmp_path / "folder").mkdir()

    with pytest.raises(MediaError, match=f"^the font {name} is not there, or is not a regular file"):
        lettered(timeline(text(font=digest("house"))), lambda _: tmp_path / name)


def test_font_is_drawn_with_up_to_its_largest_size(tmp_path: Path) -> None:
    """A font of exactly the size that is allowed is taken, and one that is a byte larger is refused."""
    file = tmp_path / "house.ttf"
    file.write_bytes(font().font_bytes)
    words = timeline(text(font=digest("house")))

    os.truncate(file, MAX_FONT_BYTES)
    assert lettered(words, lambda _: file).images

    os.truncate(file, MAX_FONT_BYTES + 1)
    with pytest.raises(MediaError, match=r"^the font house\.ttf is larger than 64 MiB\."):
        lettered(words, lambda _: file)
