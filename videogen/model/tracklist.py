"""The tracklist of a mix: which track begins when, for people to read and to paste."""

from fractions import Fraction

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
    width = len(clock(timeline.length / fps))
    head = f"{' '.join(name.split())} ({clock(rounded(timeline.length / fps))})".strip()
    lines = [f"{clock(one.start / fps):>{width}}  {one.title}" for one in timeline.chapters]
    return "\n".join([head, "", *lines]) + "\n"


def clock(seconds: Fraction | int) -> str:
    """Give a time as a person reads it: 0:07, 3:45, 1:02:03."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
