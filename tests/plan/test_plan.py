"""The plan: letterbox arithmetic, pure compilation, readable goldens."""

import os
import tomllib
from fractions import Fraction
from graphlib import CycleError
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError

from tests import papers
from videogen.edit import story_timeline
from videogen.errors import MissingInput, RecipeError
from videogen.model.media import Media
from videogen.model.profile import Encoder, Profile
from videogen.model.recipe import Story
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, SoundTrack, Timeline
from videogen.plan import Plan, Step, compile_plan, listing, placed
from videogen.plan.filters import fit

GOLDEN = Path(__file__).parent.parent / "golden"
SIDES = some.integers(8, 4096).map(lambda half: 2 * half)


@settings(deadline=None)
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


def test_steps_come_after_what_they_wait_for() -> None:
    """In whatever order a plan lists its steps, each is given after those it waits for."""
    steps = (
        Step(id="check", kind="check", after=("join",), reason="r"),
        Step(id="join", kind="encode", after=("a", "b"), reason="r"),
        Step(id="b", kind="encode", reason="r"),
        Step(id="a", kind="encode", after=("b",), reason="r"),
    )
    plan = Plan(profile=Profile(canvas=Canvas(width=2, height=2, fps=Fraction(1))), frames=1, samples=1, steps=steps)

    assert [step.id for step in plan.in_order()] == ["b", "a", "join", "check"]


def test_steps_that_wait_for_each_other_are_no_order() -> None:
    """A plan whose steps wait in a circle is found out before the first of them runs."""
    steps = (Step(id="a", kind="check", after=("b",), reason="r"), Step(id="b", kind="check", after=("a",), reason="r"))
    plan = Plan(profile=Profile(canvas=Canvas(width=2, height=2, fps=Fraction(1))), frames=1, samples=1, steps=steps)

    with pytest.raises(CycleError):
        list(plan.in_order())


@pytest.mark.parametrize("word", ["asset:cd#clip0", "step:other"])
def test_a_placeholder_without_a_path_is_no_argument(word: str) -> None:
    """A content or a step that has no path never reaches FFmpeg as a word."""
    with pytest.raises(KeyError):
        placed(word, {"ab": "file:/x"}, {"final": "file:/y"})


@pytest.mark.parametrize("name", ["one_clip", "every_kind"])
def test_nothing_but_placeholders_stands_where_a_path_will(name: str) -> None:
    """Every input is a placeholder and so is the output: no file is named, and every one of them can be put in."""
    timeline, media, profile = described(name)
    encode, check = compile_plan(timeline, media, profile).steps

    inputs = [encode.argv[at + 1] for at, word in enumerate(encode.argv) if word == "-i"]
    files = {digest: f"file:/somewhere/{digest}" for digest in encode.inputs}
    ready = [placed(word, files, {encode.id: "file:/somewhere/final.mp4"}) for word in encode.argv]
    assert all(word.startswith("asset:") for word in inputs)
    assert len(set(inputs)) == len(inputs)
    assert {word[6:70] for word in inputs} == set(encode.inputs) == set(timeline.assets())
    assert encode.argv[-1] == "step:final"
    assert sum("/somewhere/" in word for word in ready) == len(inputs) + 1
    assert check.argv == ()


@pytest.mark.parametrize("name", ["one_clip", "every_kind"])
def test_the_graph_holds_numbers_and_our_words_only(name: str) -> None:
    """No sign that could begin text, a file, an expression of a user's or another filter stands in a graph (C11)."""
    timeline, media, profile = described(name)
    (graph,) = (word for word in compile_plan(timeline, media, profile).steps[0].argv if "setpts" in word)

    filters = {chain.split("]")[-1 - chain.endswith("]")].split("=")[0].split("[")[0] for chain in graph.split(";")}
    assert filters <= {
        *("setpts", "bwdif", "fps", "scale", "setsar", "format", "pad", "setparams", "tpad", "trim", "concat"),
        *("overlay", "zscale", "tonemap", "aresample", "aformat", "volume", "apad", "atrim", "asetpts", "amix"),
    }
    assert not set(graph) & set("'\"\\{}%$`<>|")


def test_too_many_clips_are_refused_before_anything_runs() -> None:
    """A video of more clips than one argument can name is refused with a remedy, not by the kernel."""
    clip = papers.digest("clip")
    canvas = Canvas(width=1920, height=1080, fps=Fraction(30))
    parts = tuple(Clip(asset=clip, source=Range(start=0, end=1)) for _ in range(300))

    with pytest.raises(RecipeError, match="300 clips are more than one encode can hold"):
        compile_plan(Timeline(canvas=canvas, picture=parts), {clip: papers.picture(2)}, Profile(canvas=canvas))


def test_a_clip_of_which_nothing_is_known_is_named() -> None:
    """A clip without media is a missing input, with the beginning of its hash."""
    clip = papers.digest("clip")
    canvas = Canvas(width=64, height=64, fps=Fraction(30))
    timeline = Timeline(canvas=canvas, picture=(Clip(asset=clip, source=Range(start=0, end=1)),))

    with pytest.raises(MissingInput, match=clip[:12]):
        compile_plan(timeline, {}, Profile(canvas=canvas))
