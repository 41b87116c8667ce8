"""The tracklist of a mix, to the letter (E2)."""

from fractions import Fraction

from videogen.model.timeline import Canvas, Chapter, Gap, Timeline
from videogen.model.tracklist import tracklist_of

CANVAS = Canvas(width=64, height=64, fps=Fraction(25))


def timeline(frames: int, *chapters: tuple[int, str]) -> Timeline:
    """Give a black video with chapters."""
    named = tuple(Chapter(start=start, title=title) for start, title in chapters)
    return Timeline(canvas=CANVAS, picture=(Gap(length=frames),), chapters=named)


def test_a_tracklist_has_a_head_and_a_line_for_each_track() -> None:
    """Name and length, then time, artist and title in columns; a time is never later than the first note."""
    long = timeline(
        25 * 3725, (0, "Ann - One"), (25 * 222 + 24, "\u05e9\u05dc\u05d5\u05dd"), (25 * 3661, "\U0001f3b5 Three")
    )

    assert tracklist_of("Night\nmix", long) == (
        "Night mix (1:02:05)\n\n   0:00  Ann - One\n   3:42  \u05e9\u05dc\u05d5\u05dd\n1:01:01  \U0001f3b5 Three\n"
    )


def test_a_video_that_names_no_track_has_none() -> None:
    """No chapters, no list."""
    assert tracklist_of("x", timeline(25)) == ""
