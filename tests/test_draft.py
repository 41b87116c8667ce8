"""Drafts as values: a timeline made small, a timeline that ends early, a plan in a hurry."""

from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests import papers
from videogen.draft import CAREFUL, HURRY, hurried, png_size, small, started
from videogen.errors import RecipeError
from videogen.model.profile import Profile
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, ImageOverlay, SoundTrack, Timeline, Transition, VideoOverlay
from videogen.plan import compile_plan

FILM, OTHER, LOGO, VOICE, MUSIC = (papers.digest(word) for word in ("film", "other", "logo", "voice", "music"))
WIDE = Canvas(width=1920, height=1080, fps=Fraction(25))
MEDIA = {FILM: papers.picture(4), OTHER: papers.picture(4)}


def at(start: int, end: int) -> Range:
    """Write a range."""
    return Range(start=start, end=end)


def clip(asset: str, start: int, end: int) -> Clip:
    """Write a clip."""
    return Clip(asset=asset, source=at(start, end))


def story(canvas: Canvas = WIDE) -> Timeline:
    """Give 90 frames: two clips with a crossfade of 10, a logo, an inset that fades, a late voice, music under it."""
    return Timeline(
        canvas=canvas,
        picture=(clip(FILM, 0, 50), Transition(kind="crossfade", length=10), clip(OTHER, 5, 55)),
        overlays=(
            ImageOverlay(asset=LOGO, x=20, y=20, at=at(0, 90)),
            VideoOverlay(asset=OTHER, x=901, y=45, at=at(10, 90), width=450, height=270, fade_in=10),
        ),
        sounds=(
            SoundTrack(asset=FILM, at=at(60, 80)),
            SoundTrack(asset=VOICE, at=at(30, 85), fade_out=20),
            SoundTrack(asset=MUSIC, is_looped=True, fade_in=30, fade_out=50, ducked_by=1),
        ),
    )


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A badge of 90 by 45 pixels."""
    Image.new("RGBA", (90, 45)).save(tmp_path / "logo.png")
    return tmp_path / "logo.png"


def test_all_is_made_small_together(logo: Path) -> None:
    """The canvas gets 240 lines, what lies above it keeps its place and its share; cuts and sounds stay (A15)."""
    whole = story()

    draft = small(whole, MEDIA, lambda _: logo)

    assert (draft.canvas.width, draft.canvas.height, int(draft.canvas.fps)) == (426, 240, 25)
    assert [(one.x, one.y) for one in draft.overlays] == [(4, 4), (200, 10)]
    assert [(one.width, one.height) for one in draft.overlays if one.type != "text"] == [(20, 10), (100, 60)]
    assert (draft.picture, draft.sounds, draft.length) == (whole.picture, whole.sounds, 90)
    assert Timeline.model_validate(dict(draft)) == draft


@pytest.mark.parametrize(
    ("size", "becomes"), [((1080, 1920), (240, 426)), ((320, 180), (320, 180)), ((640, 480), (320, 240))]
)
def test_every_shape_is_made_small(logo: Path, size: tuple[int, int], becomes: tuple[int, int]) -> None:
    """Portrait and 4:3 get 240 on their shorter side; what is smaller stays as it is."""
    draft = small(story(Canvas(width=size[0], height=size[1], fps=Fraction(25))), MEDIA, lambda _: logo)

    assert (draft.canvas.width, draft.canvas.height) == becomes


def test_a_beginning_ends_where_a_timeline_may_be_cut() -> None:
    """One second is 25 frames; a crossfade and a fade under way at the end are let come to their end."""
    assert started(story(), 1).length == 25
    assert started(story(), 0.6).length == 20
    assert started(story(), 1.8).length == 50
    assert started(story(), 0).length == started(story(), 9).length == 90


def test_a_beginning_sounds_as_the_whole_does() -> None:
    """Sounds that begin later are left out, others go on to the end without going out; ducking stays with its voice."""
    draft = started(story(), 2.2)

    assert draft.sounds == (
        SoundTrack(asset=VOICE, at=at(30, 55)),
        SoundTrack(asset=MUSIC, is_looped=True, fade_in=30, ducked_by=0),
    )
    assert Timeline.model_validate(dict(draft)) == draft


def test_less_than_nothing_is_refused() -> None:
    """A draft of minus one second is no draft."""
    with pytest.raises(RecipeError):
        started(story(), -1)


def test_a_hurried_plan_opens_clips_alone_in_a_hurry() -> None:
    """Every moving input is decoded in a hurry, no picture and no sound is; the scaler is the quick one."""
    timeline = story().model_copy(update={"sounds": ()})
    plan = compile_plan(timeline, MEDIA, Profile(canvas=WIDE), segment_s=Fraction(10))

    for before, after in zip(plan.segments, hurried(plan).segments, strict=True):
        inputs = [after.argv[nth - 4 : nth + 2] for nth, word in enumerate(after.argv) if word == "-i"]
        moving = [one[:4] == HURRY for one in inputs]
        assert moving == [not one[-1].startswith(f"asset:{LOGO}") for one in inputs]
        assert CAREFUL in " ".join(before.argv)
        assert CAREFUL not in " ".join(after.argv)
        assert (after.frames, after.name) == (before.frames, before.name)


def test_a_png_says_its_size(logo: Path) -> None:
    """The size of a picture is read from its head."""
    assert png_size(logo) == (90, 45)
