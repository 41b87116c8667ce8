"""Which segments could be made by one FFmpeg: those that show one clip, side by side, at GOPs as short as a cut's."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests import papers
from tests.plan.test_reencoded import HD, PROFILE, SEGMENT_S, composition, planned
from videogen.model.media import Colour, Media
from videogen.model.profile import Encoder, Profile
from videogen.model.timebase import Range
from videogen.model.timeline import Clip, Gap, ImageOverlay, Item, Timeline
from videogen.plan import compile_plan
from videogen.plan.graph import Segment
from videogen.plan.keys import segment_of
from videogen.plan.together import command, decoded, end_of, runs, start_of

CLIP, OTHER, TITLE = papers.digest("clip"), papers.digest("other"), papers.digest("title")
MEDIA = {CLIP: papers.picture(60, rate=30), OTHER: papers.picture(60, rate=30)}


def of(*items: Item, media: dict[str, Media] = MEDIA, title: ImageOverlay | None = None) -> Segment:
    """Name a segment."""
    timeline = Timeline(canvas=HD, picture=items, overlays=(title,) if title else (), is_mute=True)
    return segment_of(timeline, media, PROFILE)


def clip(start: int, end: int, asset: str = CLIP, **more: object) -> Clip:
    """Give a stretch of a clip."""
    return Clip.model_validate({"asset": asset, "source": Range(start=start, end=end), **more})


def together(*segments: Segment, profile: Profile = PROFILE) -> list[list[tuple[int, int]]]:
    """Give the runs as stretches of their clips."""
    return [[(start_of(one), end_of(one)) for one in run] for run in runs(segments, MEDIA, profile)]


def test_neighbours_in_one_clip_are_a_run_whatever_their_order() -> None:
    """Stretches that touch or overlap are made together, and a hole between two keeps them apart."""
    later, first, overlapping = of(clip(48, 96)), of(clip(24, 48)), of(clip(90, 120))
    alone, far, farther = of(clip(0, 23)), of(clip(400, 420)), of(clip(420, 424))

    found = together(later, alone, far, first, farther, overlapping)

    assert found == [[(24, 48), (48, 96), (90, 120)], [(400, 420), (420, 424)]]


def test_what_a_picture_lies_over_is_in_the_run() -> None:
    """A title that comes and goes needs the same frames below it as its neighbours (D1)."""
    at = Range(start=0, end=48)
    title = ImageOverlay(asset=TITLE, x=10, y=10, width=64, height=20, at=at, fade_in=10, fade_out=10)

    assert together(of(clip(0, 48)), of(clip(48, 96), title=title)) == [[(0, 48), (48, 96)]]


@pytest.mark.parametrize(
    "other",
    [
        of(clip(48, 96, OTHER)),
        of(clip(48, 96, fit="cover")),
        of(clip(48, 72), clip(90, 100)),
        of(Gap(length=48)),
    ],
    ids=["another clip", "another fit", "two clips", "no clip"],
)
def test_what_needs_other_frames_is_in_no_run(other: Segment) -> None:
    """One run decodes one clip and brings it to one size."""
    assert together(of(clip(0, 48)), other) == []


def test_long_segments_devices_and_high_range_are_left_alone() -> None:
    """A story's segments of ten seconds gain nothing; a device has few sessions; HDR says things but once."""
    pair = (of(clip(0, 48)), of(clip(48, 96)))
    bright = MEDIA[CLIP].picture
    assert bright is not None
    bright = bright.model_copy(update={"colour": Colour(transfer="smpte2084")})

    assert together(*pair)
    assert not together(*pair, profile=Profile(canvas=HD, encoder=Encoder(gop=250)))
    assert not together(*pair, profile=Profile(canvas=HD, encoder=Encoder(name="h264_nvenc", gop=24)))
    assert not runs(pair, {CLIP: MEDIA[CLIP].model_copy(update={"picture": bright})}, PROFILE)


def test_a_minute_of_cuts_has_half_the_starts() -> None:
    """From an empty store the segments of a composition ask for half as many runs of FFmpeg, or fewer (D1)."""
    for seed in range(3):
        timeline, media = composition(seed)
        plan = planned((timeline, media))
        found = runs(plan.segments, media, PROFILE)
        in_runs = [one.name.key for run in found for one in run]

        assert len(set(in_runs)) == len(in_runs)
        assert all(start_of(after) <= max(map(end_of, run)) for run in found for _, after in pairwise(run))
        assert len(found) + len(plan.segments) - len(in_runs) <= len(plan.segments) / 2


def test_a_clip_is_opened_once() -> None:
    """The command of a run has one input for the clip, and an output for each segment, after the one that counts."""
    segments = compile_plan(
        Timeline(canvas=HD, picture=(clip(30, 150),), is_mute=True), MEDIA, PROFILE, segment_s=SEGMENT_S
    ).segments
    (run,) = runs(segments, MEDIA, PROFILE)

    argv = command(run, MEDIA, PROFILE)

    assert [word for word in argv if word.startswith("asset:")] == [f"asset:{CLIP}#clip0x0"]
    assert outputs(argv) == ["-", *(f"step:{one.name.key}" for one in run)]
    assert decoded(run) == 120


def outputs(argv: Sequence[str]) -> list[str]:
    """Give the outputs of a command, in order."""
    return [word for word in argv if word == "-" or word.startswith("step:")]
