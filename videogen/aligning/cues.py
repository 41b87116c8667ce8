"""Words, and when they are spoken, become captions: two lines at most, cut where a reader takes breath. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

LINE = 42
"""Letters in a line. Source: EBU and BBC subtitle guidelines, 37 to 42."""
LINES = 2
LEAST_S, MOST_S = 1.0, 7.0
LETTERS_A_SECOND = 17
"""Source: the reading speed that broadcasters and streaming services ask for, for adults."""
PAUSE_S = 0.7
TAIL_S = 0.3
"""A caption stays this long after its last word, where nothing follows."""
_CLAUSE = re.compile(r"[.!?;:\u2026][\"'\u2019\u201d)]*$")
_BREATH = re.compile(r"[,\u2013\u2014][\"'\u2019\u201d)]*$")


class Word(NamedTuple):
    """A word as it is written, when it is spoken in seconds, and whether a line of the text ends with it."""

    text: str
    start_s: float
    end_s: float
    ends_line: bool = False


class Cue(NamedTuple):
    """Words to be read, and when. Units: seconds; lines parted by newlines."""

    start_s: float
    end_s: float
    text: str


def cues_of(words: Sequence[Word]) -> list[Cue]:
    """Lay words out as captions.

    Shape: they rise and never overlap; each has two lines of 42 letters at most, unless one word is longer, and lasts
        1 to 7 s where the voice leaves the time.
    """
    groups: list[list[Word]] = []
    group: list[Word] = []
    for nth, word in enumerate(words):
        if group and not _fits([*group, word]):
            kept = _breath(group)
            groups.append(group[:kept])
            group = group[kept:]
        group.append(word)
        pause_s = words[nth + 1].start_s - word.end_s if nth + 1 < len(words) else 0.0
        if _is_end(group, pause_s):
            groups.append(group)
            group = []
    return _timed([one for one in (*groups, group) if one])


def lines_of(text: str) -> list[str]:
    """Part words into lines of at most 42 letters, two of them about equally long."""
    if len(text) <= LINE:
        return [text]
    spaces = [at for at, letter in enumerate(text) if letter == " "]
    halves = [at for at in spaces if at <= LINE and len(text) - at - 1 <= LINE]
    if halves:
        at = min(halves, key=lambda at: abs(len(text) - 2 * at))
        return [text[:at], text[at + 1 :]]
    cut = max((at for at in spaces if at <= LINE), default=spaces[0] if spaces else len(text))
    return [text[:cut], *(lines_of(text[cut + 1 :]) if cut < len(text) else [])]


def _text(group: Sequence[Word]) -> str:
    return " ".join(word.text for word in group)


def _fits(group: Sequence[Word]) -> bool:
    return len(lines_of(_text(group))) <= LINES and group[-1].end_s - group[0].start_s <= MOST_S


def _is_end(group: Sequence[Word], pause_s: float) -> bool:
    lasts_s, last = group[-1].end_s - group[0].start_s, group[-1]
    if lasts_s + max(0.0, pause_s) < LEAST_S:
        return False
    return bool(_CLAUSE.search(last.text)) or last.ends_line or pause_s >= PAUSE_S


def _breath(group: Sequence[Word]) -> int:
    """Give how many words of a group that is full are one caption: up to its last comma, in its second half."""
    for nth in range(len(group) - 1, len(group) // 2, -1):
        if _BREATH.search(group[nth - 1].text):
            return nth
    return len(group)


def _timed(groups: Sequence[Sequence[Word]]) -> list[Cue]:
    cues = []
    for nth, group in enumerate(groups):
        start_s, text = group[0].start_s, _text(group)
        wanted_s = max(group[-1].end_s + TAIL_S, start_s + LEAST_S, start_s + len(text) / LETTERS_A_SECOND)
        until_s = groups[nth + 1][0].start_s if nth + 1 < len(groups) else wanted_s
        end_s = min(wanted_s, until_s, max(start_s + MOST_S, group[-1].end_s))
        cues.append(Cue(start_s, end_s, "\n".join(lines_of(text))))
    return cues
