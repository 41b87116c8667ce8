"""Labels: words that strangers wrote into a file, as one short line that says what they meant and nothing else."""

import re
from contextlib import suppress
from unicodedata import category, combining, normalize

LONGEST = 200
"""Letters; the longest title on a picture and the longest name of a chapter."""
MARKS_MOST = 8
"""Marks on one letter: no script stacks more, and a tower of hundreds would climb over the picture."""
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_KEPT = frozenset("\u200c\u200d\u200e\u200f") | frozenset(map(chr, range(0xE0020, 0xE0080)))
"""Joiners of scripts and of emoji, marks of direction, and the letters that flags are made of."""


def label_of(text: str) -> str:
    """Give words as one line: control characters and directions that turn whole lines dropped, spaces collapsed.

    Bytes that are not UTF-8 may stand in `text` as Python's surrogates; they are taken for Windows' Latin letters, as
    old tags were written with. UTF-8 that a writer took for Latin is read as what it was.

    Shape: composed (NFC), at most LONGEST letters, an ellipsis where something was cut off.
    """
    words = " ".join(_shown(_meant(text[: 20 * LONGEST])).split())
    if len(words) <= LONGEST:
        return words
    cut = words[: LONGEST - 1]
    while cut and (combining(words[len(cut)]) or cut[-1] == "\u200d" or words[len(cut)] == "\u200d"):
        cut = cut[:-1]
    return cut.rstrip() + "\u2026"


def _meant(text: str) -> str:
    text = re.sub("[\ud800-\udc7f\udd00-\udfff]", "", text)  # half a character is none, and no byte either
    if any("\udc80" <= letter <= "\udcff" for letter in text):
        octets = text.encode("utf-8", "surrogateescape")
        text = octets.decode("cp1252", "replace")
    # Twice: what went through two wrong programs is no rarer than what went through one.
    for _ in range(2):
        if text.isascii():
            break
        with suppress(UnicodeError):
            text = _narrow(text).decode("utf-8")
            continue
        break
    return text


def _narrow(text: str) -> bytes:
    """Give the bytes that a reader of Latin-1 or Windows' took for these letters. Raises: UnicodeError: none are."""
    return b"".join(letter.encode("latin-1" if ord(letter) < 256 else "cp1252") for letter in text)


def _shown(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for letter in normalize("NFC", text):
        marks = marks + 1 if category(letter) in {"Mn", "Me"} else 0
        if marks > MARKS_MOST:
            continue
        if category(letter) not in _DROPPED or letter in _KEPT:
            kept.append(letter)
        elif category(letter) != "Cf":
            kept.append(" ")
    return "".join(kept)
