"""The plan: letterbox arithmetic, pure compilation, readable goldens."""

from fractions import Fraction
from graphlib import CycleError
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError

from tests import papers
from tests.papers import HALF_MINUTE
from videogen.errors import Defect, RecipeError
from videogen.model.profile import Encoder, Profile
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, SoundTrack, TextOverlay, Timeline, Transition
from videogen.plan import Plan, Step, compile_plan, full_encode, placed
from videogen.plan.footage import fit

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


HD = Canvas(width=1920, height=1080, fps=Fraction(30))
PROFILE = Profile(canvas=HD)
STREET, LOGO, VOICE = (papers.digest(name) for name in ("street", "logo", "voice"))
MEDIA = {STREET: papers.picture(60), VOICE: papers.sound(44100)}


def clip(start: int, end: int) -> Clip:
    """Give a stretch of a minute of street."""
    return Clip(asset=STREET, source=Range(start=start, end=end))


def steps_of(plan: Plan) -> dict[str, Step]:
    """Give a plan's steps by their names."""
    return {step.id: step for step in plan.steps}


def test_a_plan_is_encodes_bridges_sound_stitch_and_check() -> None:
    """Each segment is encoded once, one used in part is bridged after it; all is stitched beside the sound."""
    picture = (clip(0, 900), clip(0, 300), Gap(length=30), clip(300, 900), Gap(length=30))
    timeline = Timeline(canvas=HD, picture=picture, sounds=(SoundTrack(asset=VOICE),))

    plan = compile_plan(timeline, MEDIA, PROFILE, segment_s=HALF_MINUTE)

    steps = steps_of(plan)
    assert {name: (step.after, step.beside, step.frames) for name, step in steps.items()} == {
        "encode-1": ((), (), 900),
        "encode-2": ((), (), 30),
        "bridge-2": (("encode-1",), (), 3),
        "bridge-4": (("encode-1",), (), 125),
        "sound": ((), (), 0),
        "stitch": (("encode-1", "encode-2", "bridge-2", "bridge-4"), ("sound",), 1860),
        "check": (("stitch",), (), 1860),
    }
    assert (plan.frames, plan.samples) == (1860, 62 * 48000)
    assert [step.id for step in plan.in_order()][-1] == "check"
    assert plan.frames_to_encode == 900 + 30 + 3 + 125


def test_a_mute_video_has_no_sound_and_any_other_has_one() -> None:
    """Without sounds there is a track of silence, unless the timeline says that there is none."""
    silent = compile_plan(Timeline(canvas=HD, picture=(clip(0, 900),)), MEDIA, PROFILE, segment_s=HALF_MINUTE)
    mute = compile_plan(
        Timeline(canvas=HD, picture=(clip(0, 900),), is_mute=True), MEDIA, PROFILE, segment_s=HALF_MINUTE
    )

    assert [step.id for step in silent.steps] == ["encode-1", "sound", "stitch", "check"]
    assert [step.id for step in mute.steps] == ["encode-1", "stitch", "check"]
    assert (silent.samples, mute.samples) == (30 * 48000, 0)


def test_hundreds_of_clips_are_planned_in_a_moment() -> None:
    """A video of 400 clips, each shown in part, has a plan within two seconds, and no command holds them all."""
    timeline = Timeline(canvas=HD, picture=tuple(clip(nth, nth + 60) for nth in range(400)))
    began = process_time()

    plan = compile_plan(timeline, MEDIA, PROFILE, segment_s=HALF_MINUTE)

    assert process_time() - began < 2
    assert len(plan.pieces) == 400
    assert max(len(" ".join(segment.argv)) for segment in plan.segments) < 4000


def test_one_encode_of_everything_is_the_last_resort() -> None:
    """Where pieces cannot be joined the whole picture is one segment, in one piece, with the reason."""
    timeline = Timeline(canvas=HD, picture=(clip(0, 900), Gap(length=30), clip(0, 400)))

    plan = full_encode(compile_plan(timeline, MEDIA, PROFILE, segment_s=HALF_MINUTE), timeline, MEDIA, "headers differ")

    (segment,), (piece,) = plan.segments, plan.pieces
    assert segment.frames == piece.use.length == timeline.length
    assert piece.reason == "headers differ"
    assert [step.id for step in plan.steps] == ["encode-1", "sound", "stitch", "check"]


def test_more_than_a_command_can_hold_is_refused() -> None:
    """More clips in one piece than one argument can name are refused with a remedy, not by the kernel."""
    timeline = Timeline(canvas=HD, picture=tuple(clip(0, 20) for _ in range(300)))
    coming = ImageOverlay(asset=LOGO, x=0, y=0, at=Range(start=0, end=6000), fade_in=6000)

    with pytest.raises(RecipeError, match="300 clips and transitions are more than one encode can hold"):
        compile_plan(timeline.model_copy(update={"overlays": (coming,)}), MEDIA, PROFILE, segment_s=HALF_MINUTE)


def test_words_never_reach_a_plan() -> None:
    """Text that was not drawn as a picture before is our own mistake, and told as such."""
    words = TextOverlay(x=0, y=0, at=Range(start=0, end=30), text="A", size=20)

    with pytest.raises(Defect, match="words reached the plan"):
        compile_plan(
            Timeline(canvas=HD, picture=(clip(0, 30),), overlays=(words,)), MEDIA, PROFILE, segment_s=HALF_MINUTE
        )


@pytest.mark.parametrize(
    ("encoder", "cpu", "gpu"),
    [
        (Encoder(), 1, 0),
        (Encoder(threads=4), 4, 0),
        (Encoder(threads=0), 1, 0),
        (Encoder(name="libx265", threads=2), 2, 0),
        (Encoder(name="h264_nvenc", threads=2), 1, 1),
    ],
)
def test_an_encode_takes_its_threads_or_the_device(encoder: Encoder, cpu: int, gpu: int) -> None:
    """Software takes a processor per thread, hardware the encoder and one processor."""
    profile = Profile(canvas=HD, encoder=encoder)
    plan = compile_plan(Timeline(canvas=HD, picture=(clip(0, 900),)), MEDIA, profile, segment_s=HALF_MINUTE)

    needs = steps_of(plan)["encode-1"].needs

    assert (needs.cpu, needs.gpu_encode) == (cpu, gpu)
    assert needs.memory_mb > 120
    assert needs.disk_mb >= 1


def test_same_clip_twice_is_two_inputs() -> None:
    """In one stretch a clip and a logo that appear twice are inputs of their own, and so is a voice: none is merged."""
    parts = (clip(0, 30), Transition(kind="crossfade", length=30), clip(0, 30))
    signs = tuple(ImageOverlay(asset=LOGO, x=0, y=0, at=Range(start=0, end=30)) for _ in range(2))
    sounds = (SoundTrack(asset=VOICE), SoundTrack(asset=VOICE))

    plan = compile_plan(
        Timeline(canvas=HD, picture=parts, overlays=signs, sounds=sounds), MEDIA, PROFILE, segment_s=HALF_MINUTE
    )

    (segment,) = plan.segments
    assert segment.argv.count("-i") == 4
    assert steps_of(plan)["sound"].argv.count("-i") == 2


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


def test_gaps_of_any_lengths_are_inputs_of_their_own() -> None:
    """One command that shows several gaps opens each, whatever their lengths add up to."""
    timeline = Timeline(canvas=HD, picture=tuple(Gap(length=frames) for frames in (1, 2, 1, 1, 2, 1)), is_mute=True)
    plan = compile_plan(timeline, {}, PROFILE, segment_s=HALF_MINUTE)

    argv = full_encode(plan, timeline, {}, "headers differ").segments[0].argv

    assert len({word for word in argv if word.startswith("color=")}) == 6
