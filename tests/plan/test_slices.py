"""Cutting a timeline: nothing is lost, nothing is cut through, and a slice shows what the whole showed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests import papers
from tests.plan.seen import CANVAS, is_calm, is_midway, seen, timelines
from videogen.model.timebase import Range
from videogen.model.timeline import Clip, Gap, ImageOverlay, Item, Timeline, Transition
from videogen.plan.slices import slice_of, slices, stretches


@given(timelines())
def test_stretches_touch_and_are_all(timeline: Timeline) -> None:
    """The stretches are in order, each begins where the one before it ends, the first at 0, the last at the end."""
    found = stretches(timeline)

    edges = [0, *(one.end for one in found)]
    assert [one.start for one in found] == edges[:-1]
    assert edges[-1] == timeline.length


@given(timelines())
def test_no_transition_and_no_fade_is_cut_through(timeline: Timeline) -> None:
    """Where a stretch begins, no transition and no fade of an overlay is under way that began before."""
    assert [one.start for one in stretches(timeline) if is_midway(timeline, one.start)] == []


@given(timelines())
def test_a_slice_shows_what_the_whole_shows(timeline: Timeline) -> None:
    """Each slice is mute, as long as its stretch, and each of its frames is the whole's there: asset, frame, fade."""
    for span in stretches(timeline):
        look = slice_of(timeline, span)

        assert look.length == span.length
        assert look.is_mute
        for frame in range(span.length):
            assert seen(look, frame) == seen(timeline, span.start + frame), (span, frame)


@given(timelines())
def test_one_pass_gives_the_same_slices(timeline: Timeline) -> None:
    """All slices made in one pass are those made one by one."""
    assert list(slices(timeline)) == [(span, slice_of(timeline, span)) for span in stretches(timeline)]


@given(timelines())
def test_a_slice_of_a_slice_is_itself(timeline: Timeline) -> None:
    """What is cut once is cut for good: a slice of a slice at its own length is itself."""
    for span in stretches(timeline):
        look = slice_of(timeline, span)

        assert slice_of(look, Range(start=0, end=look.length)) == look


@given(timelines(), some.data())
def test_where_nothing_changes_any_cut_will_do(timeline: Timeline, data: some.DataObject) -> None:
    """A stretch in which nothing comes or goes may be cut anywhere, and still shows the same frames."""
    for span in stretches(timeline):
        if not is_calm(timeline, span):
            continue
        start = data.draw(some.integers(span.start, span.end - 1))
        end = data.draw(some.integers(start + 1, span.end))
        look = slice_of(timeline, Range(start=start, end=end))

        assert [seen(look, frame) for frame in range(look.length)] == [seen(timeline, n) for n in range(start, end)]


def clip(start: int, end: int) -> Clip:
    """Give a stretch of the street."""
    return Clip(asset=papers.digest("street"), source=Range(start=start, end=end))


def over(start: int, end: int, **more: int) -> ImageOverlay:
    """Lay a sign over a stretch of the video."""
    return ImageOverlay(asset=papers.digest("sign"), x=0, y=0, at=Range(start=start, end=end), **more)


FADE, CROSSFADE = Transition(kind="fade", length=4), Transition(kind="crossfade", length=4)


@pytest.mark.parametrize(
    ("items", "overlays", "edges"),
    [
        ([clip(0, 20)], [], [0, 20]),
        ([clip(0, 20), clip(0, 10)], [], [0, 20, 30]),
        ([clip(0, 20), CROSSFADE, clip(0, 10)], [], [0, 16, 20, 26]),  # the shared frames are one stretch
        ([clip(0, 20), FADE, clip(0, 10)], [], [0, 16, 20, 24, 30]),  # each side of the cut by itself
        ([FADE, clip(0, 20), FADE], [], [0, 4, 16, 20]),
        ([clip(0, 8), CROSSFADE, clip(0, 8), CROSSFADE, clip(0, 8)], [], [0, 4, 8, 12, 16]),  # they touch: two
        ([Gap(length=20)], [over(0, 20)], [0, 20]),
        ([Gap(length=20)], [over(5, 15)], [0, 5, 15, 20]),
        ([Gap(length=20)], [over(5, 15, fade_in=3)], [0, 5, 8, 15, 20]),
        ([Gap(length=20)], [over(5, 15, fade_in=3, fade_out=7)], [0, 5, 8, 15, 20]),
        ([clip(0, 20), CROSSFADE, clip(0, 10)], [over(18, 26)], [0, 16, 20, 26]),  # begins in a crossfade: no cut there
        ([clip(0, 20), CROSSFADE, clip(0, 10)], [over(14, 26, fade_in=4)], [0, 14, 20, 26]),  # overlap: one stretch
        ([clip(0, 20), CROSSFADE, clip(0, 10)], [over(12, 26, fade_in=4)], [0, 12, 16, 20, 26]),  # touch: two
    ],
)
def test_cuts_are_where_something_begins_or_ends(
    items: list[Item], overlays: list[ImageOverlay], edges: list[int]
) -> None:
    """There is a cut at each beginning and end of a part, a transition, an overlay and its fades, and nowhere else."""
    timeline = Timeline(canvas=CANVAS, picture=tuple(items), overlays=tuple(overlays))

    found = stretches(timeline)

    assert [(one.start, one.end) for one in found] == list(pairwise(edges))


@given(timelines(), some.integers(2, 9))
def test_a_slice_does_not_depend_on_when_it_is_seen(timeline: Timeline, frames: int) -> None:
    """With black before it, a timeline has the same slices, later: time in the video is not part of what is seen."""
    if isinstance(timeline.picture[0], Gap | Transition) or any(one.at.start == 0 for one in timeline.overlays):
        return  # what begins with the video would begin in its middle
    moved = [one.model_copy(update={"at": _later(one.at, frames)}) for one in timeline.overlays]
    later = Timeline(canvas=CANVAS, picture=(Gap(length=frames), *timeline.picture), overlays=tuple(moved))

    first, *others = [slice_of(later, span) for span in stretches(later)]

    assert first.picture == (Gap(length=frames),)
    assert others == [slice_of(timeline, span) for span in stretches(timeline)]


def _later(at: Range, frames: int) -> Range:
    return Range(start=at.start + frames, end=at.end + frames)


def test_a_slice_keeps_nothing_that_does_not_show() -> None:
    """An overlay that lies elsewhere is not part of a slice, nor is a clip of which no frame shows."""
    picture = (clip(0, 20), CROSSFADE, clip(30, 50), FADE)
    timeline = Timeline(canvas=CANVAS, picture=picture, overlays=(over(25, 30, fade_out=2),))

    looks = [slice_of(timeline, span).listing().splitlines()[1:] for span in stretches(timeline)]

    street, sign = (papers.digest(name)[:12] for name in ("street", "sign"))
    assert looks == [
        [f"clip   [0, 16) {street} [0, 16)"],
        [f"clip   [0, 4) {street} [16, 20)", "crossfade 4 frames", f"clip   [0, 4) {street} [30, 34)"],
        [f"clip   [0, 5) {street} [34, 39)"],
        [f"clip   [0, 3) {street} [39, 42)", f"image  [0, 3) {sign} at 0:0"],
        [f"clip   [0, 2) {street} [42, 44)", f"image  [0, 2) {sign} at 0:0 out 2"],
        [f"clip   [0, 2) {street} [44, 46)"],
        [f"clip   [0, 4) {street} [46, 50)", "fade   4 frames"],
    ]
