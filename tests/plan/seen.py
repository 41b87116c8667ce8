"""What is seen: each frame of a timeline in words, by a walk that knows nothing of cutting; and timelines at random.

Two timelines that say the same of a frame show the same pixels there, so a cut is right when what it gives says of each
frame what the whole said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import strategies as some

from tests import papers
from videogen.model.style import Shift, Zoom
from videogen.model.timebase import Range
from videogen.model.timeline import (
    Canvas,
    Clip,
    Gap,
    ImageOverlay,
    Item,
    Overlay,
    Timeline,
    Transition,
    VideoOverlay,
)

CLIPS = ("street", "sea", "wood")
CLIP_FRAMES = 150
"""How long each of them is on the canvas of `timelines`."""
CANVAS = Canvas(width=64, height=36, fps=Fraction(5))
"""So few frames a second that the lengths in seconds which pieces know are short in frames."""

Change = tuple[str, int, int]
"""What comes or goes, how many frames ago it began, and how many it takes."""


@dataclass(frozen=True)
class Seen:
    """One thing that a frame shows, and how far it has come or gone."""

    what: tuple[object, ...]
    changes: tuple[Change, ...]


def seen(timeline: Timeline, frame: int) -> list[Seen]:
    """Say which frame of what is seen, from the base track up."""
    return [*_base(timeline.picture, frame), *_above(timeline.overlays, frame)]


def is_midway(timeline: Timeline, frame: int) -> bool:
    """Whether a transition or an overlay's fade is under way at a frame and began before it."""
    return any(begun for one in seen(timeline, frame) for _, begun, _ in one.changes)


def is_calm(timeline: Timeline, span: Range) -> bool:
    """Whether nothing comes or goes in a stretch."""
    return not any(one.changes for frame in range(span.start, span.end) for one in seen(timeline, frame))


def _base(items: Sequence[Item], frame: int) -> Iterator[Seen]:
    begin = 0
    for nth, item in enumerate(items):
        if isinstance(item, Transition):
            begin -= item.length if item.kind == "crossfade" else 0
            continue
        local = frame - begin
        if 0 <= local < item.length:
            yield Seen(_shown(item, local), tuple(_mixed(items, nth, local)))
        begin += item.length


def _shown(part: Clip | Gap, local: int) -> tuple[object, ...]:
    if isinstance(part, Gap):
        return ("gap", part.colour)
    return part.asset, part.colour, part.fit, part.lut, part.source.start + local


def _mixed(items: Sequence[Item], nth: int, local: int) -> Iterator[Change]:
    """Give how far the transitions before and after a part have come at its frame `local`."""
    before = items[nth - 1] if nth else None
    after = items[nth + 1] if nth + 1 < len(items) else None
    if isinstance(before, Transition) and local < before.length:
        yield f"{before.kind} {before.family} in", local, before.length
    if isinstance(after, Transition) and local >= items[nth].length - after.length:
        yield f"{after.kind} {after.family} out", local - items[nth].length + after.length, after.length


def _above(overlays: Sequence[Overlay], frame: int) -> Iterator[Seen]:
    for one in overlays:
        local = frame - one.at.start
        if 0 <= local < one.at.length:
            moving = (one.start + local, one.blend, one.is_looped) if isinstance(one, VideoOverlay) else ()
            still = one.model_dump(exclude={"at", "start", "fade_in", "fade_out", "enter", "leave", "zoom"})
            yield Seen((*still.items(), *moving, _size(one, local)), tuple(_faded(one, local)))


def _size(overlay: Overlay, local: int) -> Fraction:
    """Give how large an overlay is drawn at its frame `local`."""
    zoom = overlay.zoom if isinstance(overlay, ImageOverlay) else None
    if zoom is None:
        return Fraction(1)
    return zoom.start + (zoom.end - zoom.start) * Fraction(local, max(1, overlay.at.length - 1))


def _faded(overlay: Overlay, local: int) -> Iterator[Change]:
    left = overlay.at.length - local
    if local < overlay.fade_in:
        yield f"fade in from {overlay.enter}", local, overlay.fade_in
    if left <= overlay.fade_out:
        yield f"fade out to {overlay.leave}", overlay.fade_out - left, overlay.fade_out


# -- at random -----------------------------------------------------------------------------------------------------


@some.composite
def timelines(draw: some.DrawFn) -> Timeline:
    """Give a timeline of clips, gaps, transitions of either kind, and overlays that lie, pass, come and go."""
    parts = draw(some.lists(_parts(), min_size=1, max_size=6))
    room = [part.length for part in parts]
    items: list[Item] = []
    for nth, part in enumerate(parts):
        between = _transition(draw, room, nth)
        items += [between, part] if between else [part]
    last = draw(some.integers(0, min(room[-1], 12)))
    items += [Transition(kind="fade", length=last)] if last else []
    bare = Timeline(canvas=CANVAS, picture=tuple(items))
    overlays = draw(some.lists(_overlays(bare.length), max_size=3))
    return Timeline(canvas=CANVAS, picture=bare.picture, overlays=tuple(overlays))


@some.composite
def _parts(draw: some.DrawFn) -> Clip | Gap:
    length = draw(some.integers(1, 20) | some.integers(20, CLIP_FRAMES))
    if draw(some.integers(0, 4)) == 0:
        return Gap(length=length, colour=draw(some.sampled_from(("#000000", "#20c040"))))
    start = draw(some.just(0) | some.integers(0, CLIP_FRAMES - length))
    asset = papers.digest(draw(some.sampled_from(CLIPS)))
    look = {"colour": draw(some.sampled_from(COLOURS)), "fit": draw(some.sampled_from(("contain", "cover")))}
    return Clip.model_validate({"asset": asset, "source": Range(start=start, end=start + length), **look})


COLOURS = ("none", "none", "warm")


def _transition(draw: some.DrawFn, room: list[int], nth: int) -> Transition | None:
    """Give what comes before a part, if anything does, and take it out of the room of both sides."""
    most = min(room[nth], room[nth - 1] if nth else room[nth], 12)
    length = draw(some.integers(0, most)) if draw(some.booleans()) else 0
    if not length:
        return None
    kind = draw(some.sampled_from(("fade", "crossfade"))) if nth else "fade"
    room[nth] -= length
    if nth:
        room[nth - 1] -= length
    family = draw(some.sampled_from(("fade", "wipeleft"))) if kind == "crossfade" else "fade"
    return Transition(kind=kind, length=length, family=family)


@some.composite
def _overlays(draw: some.DrawFn, length: int) -> Overlay:
    start = draw(some.just(0) | some.integers(0, length - 1))
    end = draw(some.just(length) | some.integers(start + 1, length))
    fade_in = draw(some.just(0) | some.integers(0, end - start))
    fade_out = draw(some.just(0) | some.integers(0, end - start - fade_in))
    place: dict[str, Any] = {
        "x": 2,
        "y": 2,
        "at": Range(start=start, end=end),
        "fade_in": fade_in,
        "fade_out": fade_out,
    }
    way = Shift(dx=draw(some.integers(-9, 9)), dy=4)
    place |= {"enter": way if fade_in else None, "leave": way if fade_out and draw(some.booleans()) else None}
    if draw(some.booleans()):
        zoom = Zoom(start=Fraction(1), end=Fraction(draw(some.integers(20, 23)), 20)) if draw(some.booleans()) else None
        return ImageOverlay(asset=papers.digest(draw(some.sampled_from(("logo", "sign")))), zoom=zoom, **place)
    film = {"asset": papers.digest("smoke"), "start": draw(some.integers(0, 9)), "is_looped": draw(some.booleans())}
    return VideoOverlay.model_validate(place | film)
