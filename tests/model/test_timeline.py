"""The edit as a value: what it holds together, what it refuses, and how it reads."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from videogen.model.media import Picture
from videogen.model.timebase import Range
from videogen.model.timeline import (
    Canvas,
    Clip,
    Gap,
    ImageOverlay,
    Item,
    SoundTrack,
    TextOverlay,
    Timeline,
    Transition,
    VideoOverlay,
)

CANVAS = Canvas(width=320, height=180, fps=Fraction(30000, 1001))
A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)

PARTS = st.lists(
    st.one_of(
        st.builds(Gap, length=st.integers(1, 1000)),
        st.builds(
            lambda asset, start, length: Clip(asset=asset, source=Range(start=start, end=start + length)),
            st.sampled_from([A, B, C]),
            st.integers(0, 1000),
            st.integers(1, 1000),
        ),
    ),
    min_size=1,
    max_size=12,
).map(tuple)


def whole(**changes: Any) -> Timeline:
    """Give a timeline of a clip, a gap and the clip again, with a logo and two sounds."""
    parts: dict[str, Any] = {
        "canvas": CANVAS,
        "picture": (
            Clip(asset=A, source=Range(start=0, end=20)),
            Gap(length=5),
            Clip(asset=A, source=Range(start=7, end=12)),
        ),
        "overlays": (ImageOverlay(asset=B, x=20, y=20, at=Range(start=0, end=30)),),
        "sounds": (SoundTrack(asset=C, gain=Fraction(1, 4), is_looped=True), SoundTrack(asset=D, gain=Fraction(1))),
    }
    return Timeline(**(parts | changes))


@settings(deadline=None)
@given(PARTS)
def test_the_base_track_gives_the_length(parts: tuple[Clip | Gap, ...]) -> None:
    """A timeline is as long as its clips and gaps together."""
    assert Timeline(canvas=CANVAS, picture=parts).length == sum(part.length for part in parts)


@settings(deadline=None)
@given(PARTS)
def test_a_timeline_survives_its_json(parts: tuple[Clip | Gap, ...]) -> None:
    """Written as JSON and read again a timeline is the same one, fractions and kinds of part included."""
    timeline = Timeline(canvas=CANVAS, picture=parts, sounds=(SoundTrack(asset=C, gain=Fraction(1, 3)),))

    assert Timeline.model_validate_json(timeline.to_json()) == timeline


@settings(deadline=None)
@given(PARTS)
def test_the_listing_touches_from_line_to_line(parts: tuple[Clip | Gap, ...]) -> None:
    """Each part of the listing begins where the one above it ended, the first at 0, the last at the end."""
    timeline = Timeline(canvas=CANVAS, picture=parts)

    shown = [line.split("[")[1].split(")")[0].split(", ") for line in timeline.listing().splitlines()[1:]]

    assert ["0", *(end for _, end in shown)] == [*(start for start, _ in shown), str(timeline.length)]


@pytest.mark.parametrize("sides", [{"width": 20}, {"height": 20}, {"width": 20, "height": 16385}])
@pytest.mark.parametrize("overlay", [ImageOverlay, VideoOverlay])
def test_a_size_has_two_sides(overlay: type[ImageOverlay | VideoOverlay], sides: dict[str, int]) -> None:
    """Of one side alone a picture was laid unscaled, and a film drawn out of shape, without a word (C2)."""
    with pytest.raises(ValueError, match=r"give width and height|less than or equal to 16384"):
        overlay(asset=A, x=0, y=0, at=Range(start=0, end=9), **sides)


def test_the_listing_says_everything() -> None:
    """The listing holds the canvas, each part with its place and source, the overlay, and each sound with its gain."""
    assert whole().listing() == (
        "canvas 320x180 30000/1001 fps, 48000 Hz x 2\n"
        "clip   [0, 20) aaaaaaaaaaaa [0, 20)\n"
        "gap    [20, 25)\n"
        "clip   [25, 30) aaaaaaaaaaaa [7, 12)\n"
        "image  [0, 30) bbbbbbbbbbbb at 20:20\n"
        "sound  [0, 30) cccccccccccc gain 0.25 looped\n"
        "sound  [0, 30) dddddddddddd gain 1\n"
    )


def test_assets_are_named_once_in_order_of_use() -> None:
    """An asset that is used twice is listed once, where it was used first."""
    assert whole().assets() == (A, B, C, D)


@pytest.mark.parametrize(
    "changes",
    [
        {"picture": ()},  # nothing gives a length
        {"overlays": (ImageOverlay(asset=B, x=0, y=0, at=Range(start=0, end=31)),)},  # a frame past the end
        {"picture": ({"type": "title", "length": 3},)},
        {"picture": ({"type": "gap", "length": 0},)},
        {"picture": ({"type": "clip", "asset": "cats.mp4", "source": {"start": 0, "end": 1}},)},  # a name is no content
        {"picture": ({"type": "clip", "asset": A.upper(), "source": {"start": 0, "end": 1}},)},
        {"sounds": ({"asset": C, "gain": -1},)},
        {"canvas": {"width": 0, "height": 180, "fps": 30}},
        {"version": 2},
    ],
)
def test_what_is_no_edit_is_refused(changes: dict[str, Any]) -> None:
    """A timeline that cannot be rendered cannot be made."""
    with pytest.raises(ValidationError):
        whole(**changes)


def cut(length: int) -> Clip:
    """Give a clip of so many frames."""
    return Clip(asset=A, source=Range(start=0, end=length))


def fade(length: int) -> Transition:
    """Go through black, so many frames on either side."""
    return Transition(kind="fade", length=length)


def cross(length: int) -> Transition:
    """Show two parts at once for so many frames."""
    return Transition(kind="crossfade", length=length)


@pytest.mark.parametrize(
    ("picture", "places"),
    [
        ((cut(20), cut(10)), [(0, 20), (20, 30)]),
        ((cut(20), fade(5), cut(10)), [(0, 20), (20, 30)]),  # a fade takes no time of its own
        ((fade(5), cut(20), fade(15)), [(0, 20)]),
        ((cut(20), cross(5), cut(10)), [(0, 20), (15, 25)]),
        ((cut(20), cross(5), cut(10), cross(5), Gap(length=5)), [(0, 20), (15, 25), (20, 25)]),
        ((cut(9), cross(9), cut(9)), [(0, 9), (0, 9)]),
    ],
)
def test_parts_lie_where_transitions_leave_them(picture: tuple[Item, ...], places: list[tuple[int, int]]) -> None:
    """A crossfade makes two parts overlap and the timeline that much shorter; a fade moves nothing."""
    timeline = Timeline(canvas=CANVAS, picture=picture)

    assert [(at.start, at.end) for at, _ in timeline.placed()] == places
    assert timeline.length == places[-1][1]


def test_the_listing_names_every_kind() -> None:
    """Transitions, films, words and sounds with their times and fades each have a line that says so."""
    at = Range(start=2, end=22)
    timeline = Timeline(
        canvas=CANVAS,
        picture=(fade(3), cut(20).model_copy(update={"colour": "warm"}), cross(5), Gap(length=15)),
        overlays=(
            VideoOverlay(asset=B, x=0, y=-4, at=at, start=7, width=32, height=18, blend="screen", is_looped=True),
            ImageOverlay(asset=B, x=1, y=2, at=at, opacity=Fraction(1, 2), fade_in=3, fade_out=4),
            TextOverlay(x=5, y=6, at=at, text="it's", size=20, font=C),
        ),
        sounds=(
            SoundTrack(asset=D, at=at, start=9, is_looped=True, fade_in=1, fade_out=2, ducked_by=1),
            SoundTrack(asset=C, gain=Fraction(3, 2)),
        ),
    )

    assert timeline.listing().splitlines()[1:] == [
        "fade   3 frames",
        "clip   [0, 20) aaaaaaaaaaaa [0, 20) warm",
        "crossfade 5 frames",
        "gap    [15, 30)",
        "video  [2, 22) bbbbbbbbbbbb at 0:-4 32x18 from 7 screen looped",
        "image  [2, 22) bbbbbbbbbbbb at 1:2 opacity 0.5 in 3 out 4",
        'text   [2, 22) "it\'s" at 5:6',
        "sound  [2, 22) dddddddddddd gain 1 from 9 looped ducked by 1 in 1 out 2",
        "sound  [0, 30) cccccccccccc gain 1.5",
    ]
    assert timeline.assets() == (A, B, C, D)
    assert Timeline.model_validate_json(timeline.to_json()) == timeline


@pytest.mark.parametrize(
    ("picture", "because"),
    [
        ((fade(1),), "holds no clip and no gap"),
        ((cut(9), fade(2), cross(2), cut(9)), "two transitions stand side by side"),
        ((cross(2), cut(9)), "a crossfade needs a part on both sides"),
        ((cut(9), cross(2)), "a crossfade needs a part on both sides"),
        ((cut(9), cross(10), cut(20)), "the transitions round part 0 take 10 frames, it has 9"),
        ((cut(20), cross(10), cut(9)), "the transitions round part 2 take 10 frames, it has 9"),
        ((cut(20), cross(5), cut(9), fade(5)), "the transitions round part 2 take 10 frames, it has 9"),
        ((fade(10), cut(9)), "the transitions round part 1 take 10 frames, it has 9"),
    ],
)
def test_transitions_that_do_not_fit_are_refused(picture: tuple[Item, ...], because: str) -> None:
    """Transitions need parts on their sides, and no frame of a part is in two of them."""
    with pytest.raises(ValidationError, match=because):
        Timeline(canvas=CANVAS, picture=picture)


@pytest.mark.parametrize(
    ("sounds", "because"),
    [
        ((SoundTrack(asset=C, at=Range(start=0, end=31)),), "past the timeline's 30 frames"),
        ((SoundTrack(asset=C, fade_in=16, fade_out=15),), "longer than the sound"),
        ((SoundTrack(asset=C, at=Range(start=0, end=5), fade_out=6),), "longer than the sound"),
        ((SoundTrack(asset=C, ducked_by=0),), "sound 0 is ducked by 0"),
        ((SoundTrack(asset=C, ducked_by=1),), "sound 0 is ducked by 1"),
        ((SoundTrack(asset=C, ducked_by=1), SoundTrack(asset=D, ducked_by=0)), "sound 0 is ducked by 1"),
    ],
)
def test_sounds_that_do_not_fit_are_refused(sounds: tuple[SoundTrack, ...], because: str) -> None:
    """A sound lies within the video, its fades within itself, and what presses it down is heard undisturbed."""
    with pytest.raises(ValidationError, match=because):
        whole(sounds=sounds)


def test_a_mute_video_has_no_sounds() -> None:
    """A timeline that is mute and sounds is refused."""
    with pytest.raises(ValidationError, match="a mute timeline has no sounds"):
        whole(is_mute=True)


def test_an_overlay_fades_within_itself() -> None:
    """Coming and going take no longer than an overlay is there."""
    with pytest.raises(ValidationError, match="longer than the overlay"):
        ImageOverlay(asset=B, x=0, y=0, at=Range(start=0, end=10), fade_in=6, fade_out=5)


@pytest.mark.parametrize(
    ("size", "sar", "rotation", "shown"),
    [
        ((1920, 1080), Fraction(1), 0, (1920, 1080)),
        ((1920, 1080), Fraction(1), 90, (1080, 1920)),
        ((1920, 1080), Fraction(1), 180, (1920, 1080)),
        ((1920, 1080), Fraction(1), 270, (1080, 1920)),
        ((720, 576), Fraction(64, 45), 0, (1024, 576)),  # PAL widescreen
        ((720, 576), Fraction(64, 45), 90, (576, 1024)),  # stretched first, then turned
        ((720, 480), Fraction(8, 9), 0, (640, 480)),
        ((1, 100), Fraction(1, 100), 0, (1, 100)),  # never nothing
    ],
)
def test_display_size_is_what_a_player_shows(
    size: tuple[int, int], sar: Fraction, rotation: Any, shown: tuple[int, int]
) -> None:
    """SAR widens the picture as it is stored, and rotation turns it after that (A5)."""
    picture = Picture(
        codec="h264",
        width=size[0],
        height=size[1],
        sar=sar,
        rotation=rotation,
        frames=1,
        rate=Fraction(25),
        is_cfr=True,
        duration_s=Fraction(1, 25),
        pix_fmt="yuv420p",
    )

    assert picture.display_size == shown
