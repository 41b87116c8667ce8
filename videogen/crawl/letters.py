"""Where a text may be cut between two letters, as a reader sees letters: pure.

A letter may be several characters: a base with its accents, a flag, a family joined from four people, a Hangul
syllable, consonants that a virama ties together. Source: UAX #29, extended grapheme clusters. The standard's tables
are not in Python; what `unicodedata` has is a little coarser, and where the two differ nothing is cut.
"""

import unicodedata
from collections.abc import Iterator

JOINER = "\u200d"
VIRAMA = 9
"""The combining class of the marks that tie two consonants together."""
_TIED_ON = frozenset({"Mn", "Me", "Mc", "Cf"})
_TIED_ON_TOO = frozenset("\u0e33\u0eb3\uff9e\uff9f")  # sara am of Thai and Lao, the sound marks of half-width kana


def _is_flag(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def _is_tied_on(letter: str) -> bool:
    return (
        unicodedata.category(letter) in _TIED_ON
        or "\U0001f3fb" <= letter <= "\U0001f3ff"  # the colours of a skin
        or "\u1160" <= letter <= "\u11ff"  # a Hangul vowel or final consonant
        or "\ud7b0" <= letter <= "\ud7fb"
        or letter in _TIED_ON_TOO
    )


def _ties(letter: str) -> bool:
    """Say whether a character takes along whatever follows it."""
    return (
        letter == JOINER
        or unicodedata.combining(letter) == VIRAMA
        or (letter != "\u200b" and unicodedata.category(letter) == "Cf" and letter != "\u200c")
        or "\u1100" <= letter <= "\u115f"  # a Hangul initial consonant
        or "\ua960" <= letter <= "\ua97c"
    )


def borders(text: str, start: int, end: int) -> Iterator[int]:
    """Give each place in `text[start:end]` where a letter ends, `end` among them; nothing for an empty stretch."""
    flags = 0
    for at in range(start, end):
        flags = flags + 1 if _is_flag(text[at]) else 0
        if at + 1 == end or not _is_one(text[at], text[at + 1], is_half_flag=flags % 2 == 1):
            yield at + 1


def _is_one(letter: str, following: str, *, is_half_flag: bool) -> bool:
    """Say whether two characters stand in one letter."""
    if letter < "\u0300" and following < "\u0300":  # most of most texts: nothing here is tied to anything
        return "\u00ad" in (letter, following)
    return _is_tied_on(following) or _ties(letter) or (is_half_flag and _is_flag(following))
