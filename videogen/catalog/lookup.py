"""What a person asks the library for: by a hash or its beginning, by a file's name, by how long a clip is."""

import re
from fractions import Fraction
from itertools import islice

from videogen.catalog.index import Index

HASH = re.compile("[0-9a-f]{6,64}")
"""A hash, or as much of its beginning as names one."""


def of_word(index: Index, word: str) -> list[str]:
    """Give the paths of what a word may mean, in order.

    It is the beginning of a hash, that of the file or that of what was dropped; else a name, with or without the
    ending, as it was dropped or as the library writes it.
    """
    if HASH.fullmatch(word):
        hashed = "substr(sha256, 1, length(?1)) = ?1 OR substr(source, 1, length(?1)) = ?1"
        if found := index.rows(f"SELECT path FROM assets WHERE {hashed} ORDER BY path", (word,)):  # noqa: S608 -- ours
            return [row[0] for row in found]
    if not word or "/" in word:
        return []
    stem = word.rpartition(".")[0] or word
    named = index.rows("SELECT path FROM assets WHERE instr(path, ?) > 0 ORDER BY path", (stem,))
    return [path for (path,) in named if word in _names(path)]


def _names(path: str) -> set[str]:
    """Give the names by which a file of the library may be known."""
    name = path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    base, tilde, number = stem.rpartition("~")
    stems = {stem, stem.partition("_")[2], base if tilde and number.isdigit() else stem}
    return {name, *stems, *(f"{one}{dot}{ending}" for one in stems)}


def long_clips(index: Index, category: str, length_s: Fraction, most: int) -> list[str]:
    """Give the paths of clips of a category that last so long, the first `most` in order."""
    found = index.entries("kind = 'video' AND category = ? ORDER BY path", category)
    return list(islice((one.path for one in found if one.length_s >= length_s), most))
