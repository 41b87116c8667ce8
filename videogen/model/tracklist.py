"""The tracklist of a mix: which track begins when, for people to read and to paste."""

from fractions import Fraction

from videogen.model.chapters import stamp
from videogen.model.timebase import rounded
from videogen.model.timeline import Timeline

FILE_NAME = "tracklist.txt"


def tracklist_of(name: str, timeline: Timeline) -> str:
    """Give the text: the mix's name and length, then each track at its time; empty where no track is named.

    Shape: UTF-8, lines of equal columns, a newline at the end. Units: hours, minutes and seconds, rounded down, so that
        who goes there hears the first note.
    """
    if not timeline.chapters:
        return ""
    fps = timeline.canvas.fps
    width = len(_clock(timeline.length / fps))
    head = f"{' '.join(name.split())} ({_clock(rounded(timeline.length / fps))})".strip()
    lines = [f"{_clock(one.start / fps):>{width}}  {one.title}" for one in timeline.chapters]
    return "\n".join([head, "", *lines]) + "\n"


def _clock(seconds: Fraction | int) -> str:
    return stamp(int(seconds))
