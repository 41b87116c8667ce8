"""Shell: words as one line that bash reads back as the same words."""

import os
import shlex
from collections.abc import Iterable


def line(words: Iterable[str]) -> str:
    """Give the words as one line of printable text; pasted into bash it is these words and nothing else."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    # An interactive bash takes "!" for its history, in some quotes too; a pasted tab or newline is a key pressed.
    if word.isprintable() and "!" not in word:
        return shlex.quote(word)
    return "$'" + "".join(_escaped(letter) for letter in word) + "'"


def _escaped(letter: str) -> str:
    if letter in "\\'!" or not letter.isprintable():
        return "".join(f"\\x{byte:02x}" for byte in os.fsencode(letter))
    return letter
