"""A clip's own sound beside its picture: to the sample, also where a file begins with one of them alone."""

from math import ceil
from typing import NamedTuple

from videogen.model.media import Media
from videogen.model.timebase import rounded, samples_of
from videogen.model.timeline import Canvas


class Entry(NamedTuple):
    """Where a sound is entered: frames of the canvas into it, and samples by which it is heard later."""

    start: int
    lead: int


def entry_of(media: Media, first: int, canvas: Canvas) -> Entry:
    """Give how a clip's sound is entered where its picture is entered at frame `first`.

    Shape: heard with its picture to half a sample. Where the two begin apart, what is sounding in less than a frame
        may be left out after the cut, since a sound is entered at frames.
    """
    fps, rate = canvas.fps, canvas.sample_rate
    picture, sound = media.picture, media.sound
    if picture is None or sound is None or picture.start_s is None or sound.start_s is None:
        return Entry(first, 0)
    late = rounded((sound.start_s - picture.start_s) * rate)
    wanted = samples_of(first, fps, rate) - late
    start = max(0, ceil(wanted * fps / rate))
    while samples_of(start, fps, rate) < wanted:
        start += 1
    return Entry(start, samples_of(start, fps, rate) - wanted)
