"""Which segment each stretch comes from: what is copied from a whole chunk, and what is encoded by itself."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests import papers
from tests.plan.seen import CANVAS, CLIP_FRAMES, CLIPS, seen, timelines
from videogen.errors import MissingInput, RecipeError
from videogen.model.media import Media
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, Item, Overlay, Timeline, Transition, VideoOverlay
from videogen.plan.pieces import Draft, clip_length, drafts, grid

HD = Canvas(width=1920, height=1080, fps=Fraction(30))
STREET, SEA, LOGO, SMOKE = (papers.digest(name) for name in ("street", "sea", "logo", "smoke"))
MINUTE = {
    STREET: papers.picture(60, rate=30),
    SMOKE: papers.picture(60, rate=30),
    SEA: papers.picture(Fraction(1000, 30), rate=30),
}
RANDOM_MEDIA = {papers.digest(name): papers.picture(CLIP_FRAMES / CANVAS.fps) for name in (*CLIPS, "smoke")}
GOP = 15


def clip(start: int, end: int) -> Clip:
    """Give a stretch of a minute of street."""
    return Clip(asset=STREET, source=Range(start=start, end=end))


def sign(start: int, end: int, **more: int) -> ImageOverlay:
    """Lay a picture over a stretch of the video."""
    return ImageOverlay(asset=LOGO, x=0, y=0, at=Range(start=start, end=end), **more)


# -- the grid ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "fps", "segment_s", "edges"),
    [
        (1800, Fraction(30), 30, [0, 900, 1800]),
        (900, Fraction(30), 30, [0, 900]),
        (901, Fraction(30), 30, [0, 901]),  # a frame more joins
        (1049, Fraction(30), 30, [0, 1049]),  # 4.97 s more: joins
        (1050, Fraction(30), 30, [0, 900, 1050]),  # 5 s more stand by themselves
        (1949, Fraction(30), 30, [0, 900, 1949]),
        (1, Fraction(30), 30, [0, 1]),
        (100, Fraction(30), 30, [0, 100]),  # shorter than a remainder, and the only chunk
        (2000, Fraction(30000, 1001), 30, [0, 899, 1798, 2000]),  # 30 s are 899.1 frames
        (2000, Fraction(2997, 100), 30, [0, 899, 1798, 2000]),
        (1947, Fraction(30000, 1001), 30, [0, 899, 1947]),  # a remainder of 149 frames is under 149.85
        (1948, Fraction(30000, 1001), 30, [0, 899, 1798, 1948]),
        (750, Fraction(25, 2), 30, [0, 375, 750]),
        (100, Fraction(30), 1, [0, 30, 60, 100]),  # chunks shorter than 5 s: whatever is no whole chunk joins
        (120, Fraction(30), 1, [0, 30, 60, 90, 120]),
        (3, Fraction(1), Fraction(1, 10), [0, 1, 2, 3]),  # never less than a frame
    ],
    ids=str,
)
def test_grid_is_multiples_and_a_remainder(frames: int, fps: Fraction, segment_s: Fraction, edges: list[int]) -> None:
    """Chunks begin at multiples of the segment's length; what is left stands alone from five seconds on."""
    found = grid(frames, fps, Fraction(segment_s))

    assert [(one.start, one.end) for one in found] == list(pairwise(edges))


@given(some.integers(1, 10**5), some.integers(1, 10**5), some.sampled_from(("25", "30", "30000/1001", "60", "25/2")))
def test_a_longer_clip_changes_only_the_last_chunk(frames: int, more: int, fps: str) -> None:
    """Chunks touch and cover the clip; those of a longer one are the same up to the last."""
    short, long = (grid(length, Fraction(fps), Fraction(30)) for length in (frames, frames + more))

    assert [0, *(one.end for one in short)] == [*(one.start for one in short), frames]
    assert long[: len(short) - 1] == short[:-1]


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(Fraction(1, 100), 1), (Fraction(2), 60), (Fraction(49, 60), 25), (Fraction(1001, 30), 1001)],
)
def test_clip_length_is_rounded_and_at_least_one(seconds: Fraction, frames: int) -> None:
    """A clip fills the frames nearest to its length, halves up, and one at least."""
    assert clip_length(papers.picture(seconds), Fraction(30)) == frames


# -- drafts of anything --------------------------------------------------------------------------------------------


@given(timelines(), some.sampled_from((3, 12, 30)))
def test_drafts_touch_and_are_all(timeline: Timeline, segment_s: int) -> None:
    """Drafts are in order without a hole; what each uses lies within what is encoded for it, and is as long."""
    found = drafts(timeline, RANDOM_MEDIA, Fraction(segment_s), gop=GOP)

    assert [0, *(one.at.end for one in found)] == [*(one.at.start for one in found), timeline.length]
    assert all(one.use.length == one.at.length and one.use.end <= one.look.length for one in found)


@given(timelines(), some.sampled_from((3, 12, 30)))
def test_a_draft_shows_what_the_timeline_shows(timeline: Timeline, segment_s: int) -> None:
    """Frame for frame, the used part of what is encoded is what the timeline shows there."""
    for one in drafts(timeline, RANDOM_MEDIA, Fraction(segment_s), gop=GOP):
        for frame in range(one.at.length):
            assert seen(one.look, one.use.start + frame) == seen(timeline, one.at.start + frame), one


@given(timelines())
def test_what_is_used_in_part_is_a_chunk_of_one_clip(timeline: Timeline) -> None:
    """Only a chunk of the clip's own grid, in one piece and under nothing that moves, is encoded past what is shown."""
    chunks = grid(CLIP_FRAMES, CANVAS.fps, Fraction(12))

    for one in drafts(timeline, RANDOM_MEDIA, Fraction(12), gop=GOP):
        if one.use.length < one.look.length:
            (shown,) = one.look.picture
            assert isinstance(shown, Clip)
            assert shown.source in chunks
            assert all(isinstance(over, ImageOverlay) and over.at.length == shown.length for over in one.look.overlays)
            assert one.use.start == 0 or one.use.length >= 2 * GOP


# -- which is which ------------------------------------------------------------------------------------------------

LONG = Clip(asset=SEA, source=Range(start=0, end=1000))
"""All of a clip that is one chunk of 1000 frames."""
FADE, CROSSFADE = Transition(kind="fade", length=15), Transition(kind="crossfade", length=15)
FILM = VideoOverlay(asset=SMOKE, x=0, y=0, at=Range(start=0, end=1000))
Row = tuple[tuple[int, int], str, tuple[int, int]]


def told(draft: Draft) -> Row:
    """Say of a draft where it stands, what is encoded for it, and which of those frames are used."""
    words = []
    for item in draft.look.picture:
        words.append(f"{item.source.start}-{item.source.end}" if isinstance(item, Clip) else item.type)
    return (draft.at.start, draft.at.end), " ".join(words), (draft.use.start, draft.use.end)


@pytest.mark.parametrize(
    ("items", "overlays", "rows"),
    [
        # all of a clip is its chunks
        ([clip(0, 1800)], [], [((0, 900), "0-900", (0, 900)), ((900, 1800), "900-1800", (0, 900))]),
        # from its beginning: the whole chunk is encoded, the rest is for other videos
        ([clip(0, 400)], [], [((0, 400), "0-900", (0, 400))]),
        ([clip(0, 30)], [], [((0, 30), "0-900", (0, 30))]),
        # less than a second is not worth it
        ([clip(0, 29)], [], [((0, 29), "0-29", (0, 29))]),
        # from its middle: half of the chunk, and two GOPs, or nothing
        ([clip(300, 900)], [], [((0, 600), "0-900", (300, 900))]),
        ([clip(400, 899)], [], [((0, 499), "400-899", (0, 499))]),
        ([clip(400, 900)], [], [((0, 500), "0-900", (400, 900))]),
        ([clip(500, 900)], [], [((0, 400), "500-900", (0, 400))]),
        # exactly half is half
        ([LONG.model_copy(update={"source": Range(start=500, end=1000)})], [], [((0, 500), "0-1000", (500, 1000))]),
        ([LONG.model_copy(update={"source": Range(start=499, end=998)})], [], [((0, 499), "499-998", (0, 499))]),
        # the beginning of one chunk is not that of the clip
        ([clip(600, 1000)], [], [((0, 300), "600-900", (0, 300)), ((300, 400), "900-1800", (0, 100))]),
        # what is shown elsewhere in the video counts
        ([clip(0, 60), clip(390, 900)], [], [((0, 60), "0-900", (0, 60)), ((60, 570), "0-900", (390, 900))]),
        ([clip(0, 10), clip(0, 40)], [], [((0, 10), "0-900", (0, 10)), ((10, 50), "0-900", (0, 40))]),
        # a picture from end to end is part of every segment, one that passes is encoded where it is
        ([clip(0, 400)], [sign(0, 400)], [((0, 400), "0-900", (0, 400))]),
        (
            [clip(0, 900)],
            [sign(0, 300)],
            [((0, 300), "0-300", (0, 300)), ((300, 900), "0-900", (300, 900))],
        ),
        (
            [clip(0, 300)],
            [sign(0, 300, fade_out=60)],
            [((0, 240), "0-900", (0, 240)), ((240, 300), "240-300", (0, 60))],
        ),
        # what moves above a clip is encoded with it, in pieces where it is long
        ([clip(0, 1000)], [FILM], [((0, 900), "0-900", (0, 900)), ((900, 1000), "900-1000", (0, 100))]),
        # a transition is its own length; on both sides chunks are whole
        (
            [clip(0, 900), CROSSFADE, clip(0, 900)],
            [],
            [
                ((0, 885), "0-900", (0, 885)),
                ((885, 900), "885-900 transition 0-15", (0, 15)),
                ((900, 1785), "0-900", (15, 900)),
            ],
        ),
        (
            [FADE, clip(0, 900), FADE],
            [],
            [
                ((0, 15), "transition 0-15", (0, 15)),
                ((15, 885), "0-900", (15, 885)),
                ((885, 900), "885-900 transition", (0, 15)),
            ],
        ),
        # black is cut like anything that is long
        ([Gap(length=1000)], [], [((0, 900), "gap", (0, 900)), ((900, 1000), "gap", (0, 100))]),
    ],
)
def test_a_stretch_comes_from_this(items: list[Item], overlays: list[Overlay], rows: list[Row]) -> None:
    """Chunks are copied where shown whole, from their beginning, or for the most part; the rest is encoded exactly."""
    timeline = Timeline(canvas=HD, picture=tuple(items), overlays=tuple(overlays))

    assert [told(one) for one in drafts(timeline, MINUTE, Fraction(30))] == rows


def test_chunks_may_be_given() -> None:
    """An asset with chunks of its own is cut at those, and any other at multiples of the segment's length."""
    timeline = Timeline(canvas=HD, picture=(clip(0, 1800),))
    own = (Range(start=0, end=100), Range(start=100, end=1800))

    found = drafts(timeline, MINUTE, Fraction(30), {STREET: own})

    assert [told(one)[1] for one in found] == ["0-100", "100-1800"]


@pytest.mark.parametrize(
    "items",
    [
        (clip(1790, 1801),),
        (clip(1700, 1801), CROSSFADE, clip(0, 100)),
        (clip(0, 100), CROSSFADE, clip(1786, 1801)),
        (FADE, clip(1786, 1801)),
    ],
)
@pytest.mark.parametrize("overlays", [(), (FILM.model_copy(update={"at": Range(start=0, end=5)}),)])
def test_a_clip_past_its_end_is_refused(items: tuple[Item, ...], overlays: tuple[Overlay, ...]) -> None:
    """A clip that is to show more frames than it has is refused, alone, in a transition, or under what moves."""
    with pytest.raises(RecipeError, match="is shown to its frame 1801, and has 1800"):
        drafts(Timeline(canvas=HD, picture=items, overlays=overlays), MINUTE, Fraction(30))


@pytest.mark.parametrize("items", [(clip(0, 10),), (clip(0, 20), CROSSFADE, clip(0, 20))])
def test_a_clip_of_which_nothing_is_known_is_named(items: tuple[Item, ...]) -> None:
    """A clip without media is a missing input, with the beginning of its hash."""
    nothing: dict[str, Media] = {}

    with pytest.raises(MissingInput, match=STREET[:12]):
        drafts(Timeline(canvas=HD, picture=items), nothing, Fraction(30))
