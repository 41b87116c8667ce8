"""The words beside a voice, as they are taken in: captions that can be read, or plain text."""

from fractions import Fraction
from pathlib import Path, PurePath

from videogen.errors import MediaError, RecipeError
from videogen.model.captions import LATEST_S, captions_of
from videogen.model.value import readable

TEXT_BYTES = 1 << 20
"""A voice of a day does not say as much."""


def expect_short(size_bytes: int) -> None:
    """Prove so before it is copied. Raises: MediaError: `too-large`."""
    if size_bytes > TEXT_BYTES:
        raise MediaError("the words of a voice are over 1 MiB", remedy="Split voice and words.", code="too-large")


def check_words(content: Path, name: str) -> None:
    """Prove that a file holds words of a voice; `name` is the one it was dropped with.

    Raises: MediaError: `too-large`, `not-text`, `empty`, `bad-captions`.
    """
    expect_short(content.stat().st_size)
    try:
        text = content.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MediaError("the words are not UTF-8 text", remedy="Save them as UTF-8.", code="not-text") from error
    if "\0" in text:
        raise MediaError("the words hold zero bytes", remedy="Save them as UTF-8 text.", code="not-text")
    if not text.strip():
        raise MediaError("there are no words in the file", remedy="Write them into it and drop it again.", code="empty")
    if PurePath(name).suffix.lower() == ".txt":
        return
    try:
        captions_of(text, readable(name), Fraction(25), LATEST_S * 25)
    except RecipeError as error:
        raise MediaError(error.message, remedy=error.remedy, code="bad-captions") from error
