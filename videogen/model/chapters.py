"""Chapters as text: one line each, as people paste them under a video. Pure."""

import unicodedata
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from videogen.model.timeline import Chapter

SHORTEST_S = 10
FEWEST = 3
OPENING = "Start"
"""What the stretch before the first chapter is called: a list must begin at 0:00."""


def chapters_text(chapters: Sequence[Chapter], fps: Fraction) -> str:
    """Give chapters as lines of `0:00 Title`: rising, the first at 0:00, each title on one line.

    Source: YouTube Help, "Add chapters to videos using timestamps"; `untaken` says what it would not take.
    """
    rows = [(int(chapter.start / fps), one_line(chapter.title)) for chapter in chapters]
    if rows and rows[0][0] > 0:
        rows.insert(0, (0, OPENING))
    return "".join(f"{stamp(second)} {title}\n" for second, title in rows)


def untaken(chapters: Sequence[Chapter], fps: Fraction, frames: int) -> str:
    """Say why YouTube would make no chapters of these lines; empty where it would, or where there are none.

    Source: as above: three at least, each of ten seconds or more.
    """
    if not chapters:
        return ""
    starts = [chapter.start for chapter in chapters]
    starts = starts if int(starts[0] / fps) == 0 else [0, *starts]
    if len(starts) < FEWEST:
        return f"YouTube makes chapters of {FEWEST} lines or more, and there are {len(starts)}"
    seconds = [int(start / fps) for start in starts] + [int(frames / fps)]
    short = next((one for one, other in pairwise(seconds) if other - one < SHORTEST_S), None)
    return "" if short is None else f"YouTube wants {SHORTEST_S} s for each, and the one at {stamp(short)} is shorter"


def stamp(second: int) -> str:
    """Give a time as people write it: 0:07, 12:34, 1:02:03."""
    hours, minutes = divmod(second // 60, 60)
    return f"{hours}:{minutes:02}:{second % 60:02}" if hours else f"{minutes}:{second % 60:02}"


def one_line(title: str) -> str:
    """Give a title without line breaks and control characters; a dash where nothing is left."""
    shown = "".join(" " if unicodedata.category(one) in {"Cc", "Zl", "Zp"} else one for one in title)
    return " ".join(shown.split()) or "-"
