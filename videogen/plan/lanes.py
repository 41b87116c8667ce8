"""Where each sound of a timeline begins and ends, to the sample, and which of them one lane can hold in turn.

Sounds that follow one another are joined end to end in one lane; only lanes are added up. So an hour of thirty tracks
costs one track of an hour, and a mix of crossfades two.
"""

from collections.abc import Callable, Sequence
from math import floor
from typing import NamedTuple

from videogen.model.media import Media
from videogen.model.timebase import Range, samples_of
from videogen.model.timeline import Canvas, Timeline

MediaOf = Callable[[str], Media]


class Place(NamedTuple):
    """When a sound is heard. Units: samples of the canvas, from the first of the timeline; half-open.

    It lasts `until` the end of its place, in silence once it has ended by itself, at `end`.
    """

    nth: int
    begin: int
    end: int
    until: int


def places(timeline: Timeline, media_of: MediaOf) -> tuple[Place, ...]:
    """Give the place of each sound, in the order of the timeline. Raises: MissingInput: what `media_of` raises."""
    return tuple(_place(timeline, nth, media_of) for nth in range(len(timeline.sounds)))


def _place(timeline: Timeline, nth: int, media_of: MediaOf) -> Place:
    sound, canvas = timeline.sounds[nth], timeline.canvas
    at = sound.at or Range(start=0, end=timeline.length)
    begin, until = _samples(at.start, canvas) + sound.lead, _samples(at.end, canvas)
    media = media_of(sound.asset).sound
    if media is None or sound.is_looped:
        return Place(nth, begin, until, until)
    # Rounded down: a sound that ends within a sample leaves that sample to whoever begins at it.
    own = floor(media.duration_s * canvas.sample_rate) - _samples(sound.start, canvas)
    return Place(nth, begin, min(until, begin + max(0, own)), until)


def lanes(timeline: Timeline, media_of: MediaOf) -> tuple[tuple[Place, ...], ...]:
    """Give the sounds in as few lanes as they need, each lane in order of time.

    Shape: what gives way to another, and whom it gives way to, has a lane of its own: they are heard beside the mix.
    """
    beside = {sound.ducked_by for sound in timeline.sounds}
    found: list[list[Place]] = []
    open_lanes: list[list[Place]] = []
    for place in sorted(places(timeline, media_of), key=lambda one: (one.begin, one.nth)):
        # A sound that is entered after its end takes no time: another that follows it would begin where it does.
        is_empty = place.end == place.begin
        is_alone = timeline.sounds[place.nth].ducked_by is not None or place.nth in beside or is_empty
        lane = None if is_alone else next((one for one in open_lanes if one[-1].end <= place.begin), None)
        if lane is None:
            lane = []
            found.append(lane)
            if not is_alone:
                open_lanes.append(lane)
        lane.append(place)
    return tuple(tuple(lane) for lane in sorted(found, key=lambda lane: min(one.nth for one in lane)))


def at_once(placed: Sequence[Place], strengths: Sequence[float]) -> float:
    """Give the most that strengths add up to at any one time."""
    edges = [(one.begin, 1, strengths[one.nth]) for one in placed if one.begin < one.end]
    edges += [(one.end, 0, -strengths[one.nth]) for one in placed if one.begin < one.end]
    here = most = 0.0
    for _, _, strength in sorted(edges):
        here += strength
        most = max(most, here)
    return most


def covered(placed: Sequence[Place]) -> int:
    """Give for how many samples anything sounds."""
    total = reached = 0
    for place in sorted(placed, key=lambda one: one.begin):
        total += max(0, place.end - max(reached, place.begin))
        reached = max(reached, place.end)
    return total


def _samples(frames: int, canvas: Canvas) -> int:
    return samples_of(frames, canvas.fps, canvas.sample_rate)
