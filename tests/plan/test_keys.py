"""Names of segments: the same pixels have the same key wherever they appear, and other pixels another."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from tests import papers
from tests.papers import HALF_MINUTE
from tests.plan.seen import CANVAS, timelines
from tests.plan.test_pieces import RANDOM_MEDIA
from videogen.model.media import Colour, Media
from videogen.model.profile import Encoder, Profile
from videogen.model.timebase import Range
from videogen.model.timeline import (
    Canvas,
    Clip,
    Gap,
    ImageOverlay,
    SoundTrack,
    Timeline,
    Transition,
    VideoOverlay,
)
from videogen.plan import black, bridge, compile_plan, warming
from videogen.plan.graph import Segment

HD = Canvas(width=1920, height=1080, fps=Fraction(30))
STREET, SEA, LOGO, SMOKE, VOICE = (papers.digest(name) for name in ("street", "sea", "logo", "smoke", "voice"))
PROFILE = Profile(canvas=HD, toolchain="9.0")
FILMED: dict[str, Any] = {"start_s": Fraction(0), "longest_gap_s": Fraction(1, 25)}
MEDIA = {
    STREET: papers.picture(40, **FILMED),
    SEA: papers.picture(40, **FILMED),
    SMOKE: papers.picture(40, **FILMED),
    VOICE: papers.sound(44100 * 40),
}
CLIP = Clip(asset=STREET, source=Range(start=0, end=300))


def over(**more: Any) -> ImageOverlay:
    """Lay the logo over ten seconds."""
    return ImageOverlay(**{"asset": LOGO, "x": 20, "y": 20, "at": Range(start=0, end=300)} | more)


def film(**more: Any) -> VideoOverlay:
    """Let smoke pass over ten seconds."""
    return VideoOverlay(**{"asset": SMOKE, "x": 0, "y": 0, "at": Range(start=0, end=300)} | more)


def segment(
    clip: Clip = CLIP,
    *overlays: ImageOverlay | VideoOverlay,
    facts: dict[str, Any] | None = None,
    profile: Profile = PROFILE,
) -> Segment:
    """Give the one segment of a video of one clip."""
    street = MEDIA[STREET].picture
    assert street is not None
    media = MEDIA | {STREET: Media(picture=street.model_copy(update=facts or {}))}
    timeline = Timeline(canvas=profile.canvas, picture=(clip,), overlays=overlays)
    (only,) = compile_plan(timeline, media, profile, segment_s=HALF_MINUTE).segments
    return only


def with_encoder(**more: Any) -> Profile:
    """Give the profile with other settings of the encoder."""
    return PROFILE.model_copy(update={"encoder": Encoder(**more)})


def with_canvas(**more: Any) -> Profile:
    """Give the profile with another canvas."""
    return PROFILE.model_copy(update={"canvas": HD.model_copy(update=more)})


def changed(**more: Any) -> Clip:
    """Give the clip with something else about it."""
    return CLIP.model_copy(update=more)


TOUCHES: dict[str, Callable[[], Segment]] = {
    "nothing": segment,
    "another clip": lambda: segment(changed(asset=SEA)),
    "another chunk": lambda: segment(changed(source=Range(start=900, end=1200))),
    "a frame less of what is encoded by itself": lambda: segment(changed(source=Range(start=10, end=300))),
    "a colour": lambda: segment(changed(colour="warm")),
    "another colour": lambda: segment(changed(colour="cool")),
    "an overlay": lambda: segment(CLIP, over()),
    "another overlay": lambda: segment(CLIP, over(asset=SEA)),
    "an overlay further right": lambda: segment(CLIP, over(x=21)),
    "an overlay further down": lambda: segment(CLIP, over(y=21)),
    "a larger overlay": lambda: segment(CLIP, over(width=100, height=50)),
    "a fainter overlay": lambda: segment(CLIP, over(opacity=Fraction(1, 2))),
    "two overlays": lambda: segment(CLIP, over(), over(asset=SEA)),
    "two overlays the other way round": lambda: segment(CLIP, over(asset=SEA), over()),
    "a film": lambda: segment(CLIP, film()),
    "a film from later on": lambda: segment(CLIP, film(start=1)),
    "a looped film": lambda: segment(CLIP, film(is_looped=True)),
    "a film of light": lambda: segment(CLIP, film(blend="screen")),
    "another film of light": lambda: segment(CLIP, film(blend="lighten")),
    "a smaller film": lambda: segment(CLIP, film(width=64, height=36)),
    "quality": lambda: segment(profile=with_encoder(quality=24)),
    "preset": lambda: segment(profile=with_encoder(preset="fast")),
    "GOP": lambda: segment(profile=with_encoder(gop=60)),
    "threads": lambda: segment(profile=with_encoder(threads=2)),
    "another encoder": lambda: segment(profile=with_encoder(name="libx265")),
    "toolchain": lambda: segment(profile=PROFILE.model_copy(update={"toolchain": "9.1"})),
    "a wider canvas": lambda: segment(profile=with_canvas(width=1922)),
    "a higher canvas": lambda: segment(profile=with_canvas(height=1082)),
    "another rate": lambda: segment(profile=with_canvas(fps=Fraction(30000, 1001))),
    "a turned clip": lambda: segment(facts={"rotation": 90}),
    "wide pixels": lambda: segment(facts={"sar": Fraction(4, 3)}),
    "fields": lambda: segment(facts={"is_interlaced": True}),
    "another matrix": lambda: segment(facts={"colour": Colour(matrix="smpte170m")}),
    "HDR": lambda: segment(facts={"colour": Colour(transfer="smpte2084")}),
    "another size": lambda: segment(facts={"width": 640, "height": 480}),
    "a rate above the canvas's": lambda: segment(facts={"rate": Fraction(60)}),
    "a picture that begins late": lambda: segment(facts={"start_s": Fraction(1, 2)}),
}


def test_whatever_touches_a_pixel_makes_another_key() -> None:
    """No two of these have the same key: source, range, colour, overlays, canvas, encoder, facts of the clip."""
    keys = {why: make().name.key for why, make in TOUCHES.items()}

    same = [(a, b) for a in keys for b in keys if a < b and keys[a] == keys[b]]
    assert same == []


def test_a_look_is_what_is_seen_and_no_more() -> None:
    """Encoder and toolchain change the key and leave the look; what is seen changes both."""
    same = {"nothing", "quality", "preset", "GOP", "threads", "another encoder", "toolchain"}
    look = segment().name.look

    for why in ("another clip", "a colour", "an overlay", "a wider canvas", *same):
        assert (TOUCHES[why]().name.look == look) is (why in same), why


def keys_of(timeline: Timeline, media: dict[str, Media] | None = None, profile: Profile = PROFILE) -> list[str]:
    """Give the keys of a video's segments, in order of first use."""
    return [one.name.key for one in compile_plan(timeline, media or MEDIA, profile, segment_s=HALF_MINUTE).segments]


@pytest.mark.parametrize(
    "timeline",
    [
        Timeline(canvas=HD, picture=(Gap(length=45), CLIP)),  # later
        Timeline(canvas=HD, picture=(CLIP, Gap(length=1))),  # in a longer video
        Timeline(canvas=HD, picture=(CLIP, CLIP)),  # twice
        Timeline(canvas=HD, picture=(changed(source=Range(start=0, end=900)),)),  # more of the same chunk
        Timeline(canvas=HD, picture=(changed(source=Range(start=0, end=1200)),)),  # all of it
        Timeline(canvas=HD, picture=(CLIP,), is_mute=True),
        Timeline(canvas=HD, picture=(CLIP,), sounds=(SoundTrack(asset=VOICE),)),
        Timeline(canvas=HD, picture=(CLIP,), sounds=(SoundTrack(asset=VOICE, gain=Fraction(1, 3), is_looped=True),)),
        Timeline(canvas=HD, picture=(CLIP, Transition(kind="crossfade", length=9), changed(asset=SEA))),
        Timeline(canvas=HD, picture=(CLIP, Gap(length=90)), overlays=(over(at=Range(start=300, end=390)),)),
    ],
)
def test_the_same_stretch_has_the_same_key_in_every_video(timeline: Timeline) -> None:
    """Where a clip stands, how much of a chunk is shown, what sounds, and what lies elsewhere are not in its key."""
    assert segment().name.key in keys_of(timeline)


@pytest.mark.parametrize(
    "profile",
    [
        PROFILE.model_copy(update={"audio_kbps": 96}),
        with_canvas(sample_rate=44100),
        with_canvas(channels=1),
    ],
)
def test_how_it_sounds_is_not_in_a_pictures_key(profile: Profile) -> None:
    """Bit rate, sample rate and channels of the sound leave every argument of the picture's command as it is."""
    assert segment(profile=profile).argv == segment().argv
    assert segment(profile=profile).name.key == segment().name.key


@given(timelines())
def test_a_plan_knows_no_order_but_the_timelines(timeline: Timeline) -> None:
    """In whatever order media are given the plan is the same, argument for argument."""
    profile = Profile(canvas=CANVAS)
    backwards = dict(reversed(RANDOM_MEDIA.items()))

    assert compile_plan(timeline, RANDOM_MEDIA, profile, segment_s=HALF_MINUTE) == compile_plan(
        timeline, backwards, profile, segment_s=HALF_MINUTE
    )


@given(timelines())
def test_a_segment_is_named_once_and_used(timeline: Timeline) -> None:
    """Every piece has its segment in the plan, no segment is there twice, and none that no piece uses."""
    plan = compile_plan(timeline, RANDOM_MEDIA, Profile(canvas=CANVAS), segment_s=HALF_MINUTE)

    keys = [one.name.key for one in plan.segments]
    assert len(set(keys)) == len(keys)
    assert set(keys) == {piece.segment for piece in plan.pieces}


@pytest.mark.parametrize("overlays", [(), (over(at=Range(start=0, end=1200)),)])
def test_what_was_made_ahead_is_what_a_video_asks_for(overlays: tuple[ImageOverlay, ...]) -> None:
    """Segments of a clip made before any video asked are the very ones that a video of all of it consists of."""
    video = Timeline(canvas=HD, picture=(changed(source=Range(start=0, end=1200)),), overlays=overlays)

    ahead = warming(STREET, MEDIA, video, PROFILE, segment_s=HALF_MINUTE)

    assert [one.name.key for one in ahead] == keys_of(video)
    assert [one.argv for one in ahead] == [
        one.argv for one in compile_plan(video, MEDIA, PROFILE, segment_s=HALF_MINUTE).segments
    ]


def test_what_only_passes_is_not_made_ahead() -> None:
    """An overlay that does not lie there from beginning to end is no part of what is made ahead."""
    passing = Timeline(canvas=HD, picture=(CLIP,), overlays=(over(at=Range(start=1, end=300)),))

    assert [one.timeline.overlays for one in warming(STREET, MEDIA, passing, PROFILE, segment_s=HALF_MINUTE)] == [
        (),
        (),
    ]


def test_a_bridge_is_the_segment_of_its_frames() -> None:
    """What is encoded in place of packets is named as if a video showed just these frames."""
    chunk = segment(changed(source=Range(start=0, end=900)), over(at=Range(start=0, end=900)))

    ends = bridge(chunk, Range(start=897, end=900), MEDIA, PROFILE)

    alone = segment(changed(source=Range(start=897, end=900)), over(at=Range(start=0, end=3)))
    assert ends == alone


def test_black_in_place_of_a_segment_is_as_long() -> None:
    """What stands where something cannot be encoded needs no file and has its frames."""
    instead = black(segment(), PROFILE)

    assert (instead.frames, instead.timeline.assets()) == (900, ())
    assert not any(word.startswith("asset:") for word in instead.argv)
