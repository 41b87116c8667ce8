"""The plan: letterbox arithmetic, pure compilation, readable goldens."""

import os
import tomllib
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from tests import papers
from videogen.edit import story_timeline
from videogen.model.media import Media
from videogen.model.profile import Encoder, Profile
from videogen.model.recipe import Story
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, SoundTrack, Timeline
from videogen.plan import Plan, Step, compile_plan, listing, placed
from videogen.plan.filters import fit

GOLDEN = Path(__file__).parent.parent / "golden"
SIDES = some.integers(8, 4096).map(lambda half: 2 * half)


@given(some.tuples(some.integers(1, 8192), some.integers(1, 8192)), SIDES, SIDES)
def test_letterbox_fits_and_touches(size: tuple[int, int], width: int, height: int) -> None:
    """The picture is even, inside, in the middle, fills one side, and keeps its shape within two pixels (A7)."""
    canvas = Canvas(width=width, height=height, fps=Fraction(30))

    shown_w, shown_h, left, top = fit(size, canvas)

    assert all(number % 2 == 0 for number in (shown_w, shown_h, left, top))
    assert 0 <= left <= left + shown_w <= width
    assert 0 <= top <= top + shown_h <= height
    assert shown_w == width or shown_h == height
    assert abs(2 * left + shown_w - width) <= 2
    assert abs(2 * top + shown_h - height) <= 2
    scale = min(Fraction(width, size[0]), Fraction(height, size[1]))
    assert abs(shown_w - size[0] * scale) <= 2
    assert abs(shown_h - size[1] * scale) <= 2


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((1920, 1080), (1280, 720, 0, 0)),
        ((640, 480), (960, 720, 160, 0)),
        ((720, 1280), (404, 720, 438, 0)),
        ((2390, 1000), (1280, 536, 0, 92)),
    ],
)
def test_letterbox_of_known_shapes(size: tuple[int, int], wanted: tuple[int, int, int, int]) -> None:
    """Wide, 4:3, portrait and scope clips lie where a person would put them."""
    assert fit(size, Canvas(width=1280, height=720, fps=Fraction(30))) == wanted


def described(name: str) -> tuple[Timeline, dict[str, Media], Profile]:
    """Read a story from a few lines of TOML."""
    words = tomllib.loads((GOLDEN / f"{name}.toml").read_text())
    media = {papers.digest("voice"): papers.sound(words["voice_samples"]), papers.digest("music"): papers.sound(44100)}
    for clip in words["clips"]:
        more = {key: value for key, value in clip.items() if key not in {"name", "seconds", "size", "rate"}}
        media[papers.digest(clip["name"])] = papers.picture(
            Fraction(str(clip["seconds"])), size=tuple(clip["size"]), rate=Fraction(str(clip["rate"])), **more
        )
    story = Story(
        voice=papers.digest("voice"),
        music=papers.digest("music"),
        clips=tuple(papers.digest(clip) for clip in words["order"]),
        logo=papers.digest("logo") if words["logo"] else None,
    )
    width, height = words["size"]
    canvas = Canvas(width=width, height=height, fps=Fraction(str(words["rate"])))
    timeline = story_timeline(story, media, canvas)
    return timeline, media, Profile(canvas=canvas, encoder=Encoder(), toolchain="9.0")


@pytest.mark.parametrize("name", ["one_clip", "every_kind"])
def test_story_becomes_this_timeline_and_this_plan(name: str) -> None:
    """The edit and the plan of a described story are the text that lies beside it; a change is a diff to read."""
    timeline, media, profile = described(name)
    text = timeline.listing() + "\n" + listing(compile_plan(timeline, media, profile), with_commands=True)
    golden = GOLDEN / f"{name}.txt"

    if os.environ.get("VIDEOGEN_UPDATE_GOLDEN"):
        golden.write_text(text)

    assert text == golden.read_text()


def test_plan_is_a_function() -> None:
    """Compiled twice, a plan is the same, argument for argument (A16)."""
    assert compile_plan(*described("every_kind")) == compile_plan(*described("every_kind"))


def test_same_clip_twice_is_two_inputs() -> None:
    """A clip, a gap and a logo that appear twice are four inputs of their own and nothing is merged."""
    canvas = Canvas(width=64, height=64, fps=Fraction(30))
    clip, logo, voice = papers.digest("clip"), papers.digest("logo"), papers.digest("voice")
    part = Clip(asset=clip, source=Range(start=0, end=30))
    timeline = Timeline(
        canvas=canvas,
        picture=(part, Gap(length=5), part, Gap(length=5)),
        overlays=tuple(ImageOverlay(asset=logo, x=0, y=0, at=Range(start=0, end=9)) for _ in range(2)),
        sounds=(SoundTrack(asset=voice, gain=Fraction(1)), SoundTrack(asset=voice, gain=Fraction(1))),
    )
    media = {clip: papers.picture(2), voice: papers.sound(44100)}

    (encode, _) = compile_plan(timeline, media, Profile(canvas=canvas)).steps

    assert sum(argument == "-i" for argument in encode.argv) == 8


def test_paths_enter_only_when_it_runs() -> None:
    """A plan names contents and steps; a path is put in their place, and everything else stays as it is."""
    assets, steps = {"ab": "file:/x/y.mp4"}, {"final": "file:/x/out.mp4"}

    words = [placed(word, assets, steps) for word in ("-i", "asset:ab#clip0", "step:final", "scale=2:2")]

    assert words == ["-i", "file:/x/y.mp4", "file:/x/out.mp4", "scale=2:2"]


@pytest.mark.parametrize(
    "steps",
    [
        (Step(id="a", kind="check", reason="r"), Step(id="a", kind="check", reason="r")),
        (Step(id="a", kind="check", after=("b",), reason="r"),),
    ],
)
def test_plan_of_loose_ends_is_refused(steps: tuple[Step, ...]) -> None:
    """Two steps of one name, or one that waits for a step that is not there, are no plan."""
    with pytest.raises(ValidationError):
        Plan(profile=Profile(canvas=Canvas(width=2, height=2, fps=Fraction(1))), frames=1, samples=1, steps=steps)


def test_overlay_past_the_end_is_refused() -> None:
    """An overlay cannot outlast the picture it lies on."""
    with pytest.raises(ValidationError, match="past the timeline"):
        Timeline(
            canvas=Canvas(width=2, height=2, fps=Fraction(1)),
            picture=(Gap(length=3),),
            overlays=(ImageOverlay(asset=papers.digest("l"), x=0, y=0, at=Range(start=0, end=4)),),
        )
