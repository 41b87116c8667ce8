"""A text becomes lines: made plain, wrapped to a width, drawn smaller until it fits a box, and cut where it cannot.

Lines part at newlines, and at spaces, behind hyphens and between ideographs where a width is given. A word wider than
that is parted only where no smaller letters make it fit. Centred lines are made alike in length, so that a title does
not end in a line of one word.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from videogen.raster.letters import clusters

LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
DROPPED = {"Cc", "Cs"}
ELLIPSIS = "\u2026"
BALANCED_MOST = 6
"""Longer texts are read, not looked at: their lines are filled."""

_GAPS = re.compile("([ \u1680\u2000-\u2006\u2008-\u200b\u205f\u3000]+)")
_HYPHENS = re.compile("(?<=[^\\W\\d_][-\u2010\u2013\u2014])(?=[^\\W\\d_])")
_NOT_FIRST = frozenset(
    "\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\u30fc\u300d\u300f\uff09\u3011\u3015\u300b\u3009)]},.:;!?\u2026"
)
_NOT_LAST = frozenset("\u300c\u300e\uff08\u3010\u3014\u300a\u3008([{")


@dataclass(frozen=True)
class Box:
    """What lines are to fit. Units: pixels; None is as much as there is."""

    width: int | None
    height: int | None


@dataclass(frozen=True)
class Measure:
    """How wide a line is at a size, how high a line stands there, and how much of a box its outline takes."""

    width: Callable[[str, int], float]
    line_height: Callable[[int], int]
    edge: Callable[[int], int]


@dataclass(frozen=True)
class Fitted:
    """Lines at a size; `is_cut`: not all words are in them."""

    size: int
    lines: list[str]
    is_cut: bool = False


def plain_lines(text: str) -> list[str]:
    """Give the lines of a text: a tab is four spaces, other control characters are dropped, the rest is composed."""
    text = LINE_ENDS.sub("\n", text).replace("\t", "    ")
    kept = "".join(one for one in text if one == "\n" or unicodedata.category(one) not in DROPPED)
    return unicodedata.normalize("NFC", kept).split("\n")


def fitted(lines: list[str], sizes: range, box: Box, measure: Measure, *, is_balanced: bool = False) -> Fitted:
    """Give lines at the largest of some sizes at which they fit a box.

    Without a height they are wrapped at the largest size. Where they do not fit at the least, what is too much is cut
    and an ellipsis stands in its place; one line is always left.
    """
    if box.width is None:
        return Fitted(sizes[-1], lines)
    attempt = _Attempt(lines, box.width, box.height, measure)
    if box.height is None:
        return attempt.at(sizes[-1], is_balanced=is_balanced)
    for splits in (False, True):
        fits = bisect_right(sizes, False, key=lambda size: not attempt.fits(size, splits=splits))
        if fits:
            return attempt.at(sizes[fits - 1], splits=splits, is_balanced=is_balanced)
    return attempt.cut(sizes[0], box.height)


@dataclass(frozen=True)
class _Attempt:
    lines: list[str]
    width: int
    height: int | None
    measure: Measure

    def fits(self, size: int, *, splits: bool) -> bool:
        wrapped = self._wrapped(size, self.room(size), splits=splits)
        needed = len(wrapped or ()) * self.measure.line_height(size)
        return wrapped is not None and needed + 2 * self.measure.edge(size) <= (self.height or needed)

    def room(self, size: int) -> int:
        return max(1, self.width - 2 * self.measure.edge(size))

    def at(self, size: int, *, splits: bool = True, is_balanced: bool = False) -> Fitted:
        room = self.room(size)
        lines = self._wrapped(size, room, splits=splits) or []
        if is_balanced and 1 < len(lines) <= BALANCED_MOST:
            narrower = range(max(1, room // len(lines)), room)
            nth = bisect_right(narrower, False, key=lambda width: self._is_as_short(size, width, len(lines)))
            lines = self._wrapped(size, narrower[nth], splits=False) or lines if nth < len(narrower) else lines
        return Fitted(size, lines)

    def _is_as_short(self, size: int, width: int, count: int) -> bool:
        wrapped = self._wrapped(size, width, splits=False)
        return wrapped is not None and len(wrapped) <= count

    def cut(self, size: int, height: int) -> Fitted:
        lines = self._wrapped(size, self.room(size), splits=True) or [""]
        count = max(1, (height - 2 * self.measure.edge(size)) // self.measure.line_height(size))
        if count >= len(lines):
            return Fitted(size, lines)
        last = list(clusters(lines[count - 1].rstrip()))
        while last and self.measure.width("".join(last).rstrip() + ELLIPSIS, size) > self.room(size):
            last.pop()
        return Fitted(size, [*lines[: count - 1], "".join(last).rstrip() + ELLIPSIS], is_cut=True)

    def _wrapped(self, size: int, room: int, *, splits: bool) -> list[str] | None:
        """Give the lines of all paragraphs; None where a word is wider than the room and may not be parted."""
        found: list[str] = []
        for line in self.lines:
            wrapped = _wrap(line, room, lambda words: self.measure.width(words, size), splits=splits)
            if wrapped is None:
                return None
            found += wrapped
        return found


def _wrap(line: str, room: int, width: Callable[[str], float], *, splits: bool) -> list[str] | None:
    lines: list[str] = []
    current = ""
    for gap, word in _words(line):
        wider = current + gap + word
        if width(wider) <= room:
            current = wider
            continue
        if current:
            lines.append(current)
        current = word
        if width(word) > room:
            if not splits:
                return None
            *full, current = _parted(word, room, width)
            lines += full
    return [*lines, current]


def _words(line: str) -> Iterator[tuple[str, str]]:
    """Give each word that may begin a line, with the gap before it."""
    gap = ""
    for nth, piece in enumerate(_GAPS.split(line)):
        if nth % 2:
            gap = piece
            continue
        for word in _HYPHENS.split(piece):
            for part in _ideographs(word):
                yield gap, part
                gap = ""


def _ideographs(word: str) -> Iterator[str]:
    """Part a word before and behind each ideograph, but for marks that end or begin nothing."""
    start = 0
    for nth in range(1, len(word)):
        before, letter = word[nth - 1], word[nth]
        if (_is_wide(before) or _is_wide(letter)) and letter not in _NOT_FIRST and before not in _NOT_LAST:
            yield word[start:nth]
            start = nth
    if word[start:]:
        yield word[start:]


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) == "W" and unicodedata.category(letter) in {
        "Lo",
        "Lm",
        "Po",
        "Ps",
        "Pe",
    }


def _parted(word: str, room: int, width: Callable[[str], float]) -> list[str]:
    """Part a word into pieces that fit, each of at least one letter."""
    letters = list(clusters(word))
    pieces: list[str] = []
    while letters:
        counts = range(1, len(letters) + 1)
        fits = bisect_right(counts, False, key=lambda count: width("".join(letters[:count])) > room)
        pieces.append("".join(letters[: max(1, fits)]))
        del letters[: max(1, fits)]
    return pieces
