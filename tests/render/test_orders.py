"""From a task's paper to its plan, with what the store knows of it; nothing is started (A6, A13, A15)."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tests import papers
from tests.crash.stub_node import lay_out
from tests.test_segments import encoded, note_of
from videogen.catalog import side_path
from videogen.errors import Defect, InputError, MissingInput
from videogen.model.media import Asset
from videogen.model.profile import Encoder
from videogen.model.segment import Name, Note, Structure
from videogen.model.task import Task
from videogen.plan import Segment
from videogen.render import Bench, compile_task, known_of
from videogen.render.orders import Order, order_of
from videogen.segments import Segments

SEGMENTS = Path("scanned", ".segments")
BENCH = Bench(program=Path("/nonexistent"), toolchain="t", encoder=Encoder())
CLIP, VOICE, MUSIC = papers.digest("clip"), papers.digest("voice"), papers.digest("music")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A spool whose library holds a clip of two seconds, a voice of one, and a track."""
    made = tmp_path / "spool"
    lay_out(made)
    yield made
    assert list((made / "processing").iterdir()) == [made / "processing" / ".nodes"], "compiling starts nothing"


@pytest.fixture
def store(root: Path) -> Segments:
    """An empty store."""
    return Segments(root / SEGMENTS)


def order(root: Path, store: Segments, task: Task | None = None) -> Order:
    """Give a task as it would be made now."""
    return order_of(root, task or papers.task(), BENCH, store)


def keep(root: Path, segment: Segment) -> Note:
    """Put a segment of the plan's length into the store: every frame a keyframe, but for its bytes."""
    count = segment.frames
    note = note_of(b"x" * count, segment.name)
    structure = Structure(order=tuple(range(count)), keys=tuple(range(count)))
    made = note.model_copy(update={"frames": count, "structure": structure, "sizes": (1,) * count})
    folder = root / SEGMENTS
    return Segments(folder).publish(encoded(folder, b"x" * count), made)


def altered(root: Path, path: str, **changed: object) -> None:
    """Write another side file for an asset."""
    side = side_path(root / path)
    asset = Asset.model_validate_json(side.read_bytes())
    side.write_text(Asset.model_validate({**asset.model_dump(), **changed}).to_json())


# -- the timeline and the plan -----------------------------------------------------------------------------------------


def test_a_task_is_compiled_as_its_paper_says(root: Path) -> None:
    """The plan has the paper's size, rate and length, shows its clip and sounds its voice over its music (A6, A7)."""
    made = compile_task(root, papers.task(), BENCH)

    canvas = made.plan.profile.canvas
    assert (canvas.width, canvas.height, canvas.fps, made.plan.frames) == (64, 64, Fraction(30), 30)
    assert made.timeline.length == 30
    assert [getattr(item, "asset", "") for item in made.timeline.picture] == [CLIP]
    assert [sound.asset for sound in made.timeline.sounds] == [MUSIC, VOICE]
    assert set(made.media) == {CLIP, VOICE, MUSIC}
    assert made.plan.profile.toolchain == "t"


def test_the_bench_cuts_the_clips(root: Path) -> None:
    """How long a piece is, is the machine's word: the same clip in pieces of half a second is more segments."""
    short = Bench(program=BENCH.program, toolchain="t", encoder=Encoder(gop=5), segment_s=Fraction(1, 2))

    whole, cut = (compile_task(root, papers.task(), bench).plan for bench in (BENCH, short))

    assert len(cut.segments) > len(whole.segments) == 1
    assert cut.frames == whole.frames


def gone(root: Path) -> None:
    """Take the clip away."""
    (root / papers.task().inputs.clips[0].path).unlink()


def unmeasured(root: Path) -> None:
    """Take its measurements away."""
    side_path(root / papers.task().inputs.clips[0].path).unlink()


def torn(root: Path) -> None:
    """Spoil its measurements."""
    side_path(root / papers.task().inputs.clips[0].path).write_text("torn {")


def another(root: Path) -> None:
    """Have another clip lie under its name."""
    altered(root, papers.task().inputs.clips[0].path, sha256=papers.digest("another"))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(gone, "missing-input"), (unmeasured, "missing-input"), (torn, "missing-input"), (another, "input-changed")],
)
def test_a_library_that_changed_is_named(root: Path, store: Segments, spoil: Callable[[Path], None], code: str) -> None:
    """A clip that is gone, not measured or another one fails the task by its own code, before anything runs (A10)."""
    spoil(root)

    with pytest.raises(MissingInput) as caught:
        order(root, store)

    assert caught.value.word == code


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside.mp4", "scanned/../../outside.mp4", "raw/video/a/c.mp4"])
def test_a_paper_names_nothing_outside_the_library(root: Path, store: Segments, path: str) -> None:
    """A task that names a file outside scanned/ is refused, whatever lies there, also where nobody read its paper."""
    task = papers.task()
    clip = task.inputs.clips[0].model_copy(update={"path": path})
    spoilt = task.model_copy(update={"inputs": task.inputs.model_copy(update={"clips": (clip,)})})

    with pytest.raises(MissingInput, match="not in the library"):
        order(root, store, spoilt)


def test_clips_that_are_too_short_are_the_paper_s_fault(root: Path, store: Segments) -> None:
    """Where the clips end before the voice does the task is refused as a wrong recipe."""
    altered(root, papers.task().inputs.spoken.path, media=papers.sound(44100 * 5))

    with pytest.raises(InputError, match="before the voice"):
        order(root, store)


def test_a_video_of_another_length_is_a_defect(root: Path, store: Segments) -> None:
    """A plan that is longer than the paper promised is not made: the count is checked before anything runs (A7)."""
    with pytest.raises(Defect) as caught:
        order(root, store, papers.task().model_copy(update={"frames": 31}))

    assert caught.value.word == "frames-differ"
    assert "30" in caught.value.message
    assert "31" in caught.value.message


# -- what the store knows ----------------------------------------------------------------------------------------------


def test_with_an_empty_store_everything_is_wanted(root: Path, store: Segments) -> None:
    """Where nothing is known every content is read, each named once, and every encode says why it runs (A15)."""
    made = order(root, store)

    assert set(made.wanted) == {CLIP, VOICE, MUSIC}
    assert len(made.wanted) == 3
    assert {step.reason for step in made.plan.steps if step.kind == "encode"} == {"not in the store"}
    assert not any(step.is_known for step in made.plan.steps)


def test_what_the_store_has_is_not_wanted(root: Path, store: Segments) -> None:
    """With its segment in the store a clip is not fetched at all: only the sound's files are (A13)."""
    for segment in order(root, store).plan.segments:
        keep(root, segment)

    made = order(root, store)

    assert set(made.wanted) == {VOICE, MUSIC}
    assert [step.is_known for step in made.plan.steps if step.kind == "encode"] == [True]
    assert all(step.cost_s == 0 for step in made.plan.steps if step.is_known)


def test_what_was_evicted_is_wanted_again(root: Path, store: Segments) -> None:
    """What the store had and let go is encoded again, and its clip is fetched."""
    (segment,) = order(root, store).plan.segments
    keep(root, segment)
    store.drop(segment.name, "a test")

    assert CLIP in order(root, store).wanted


def test_another_profile_s_segment_is_told_apart(root: Path, store: Segments) -> None:
    """A clip that was encoded for another profile is no hit, and the reason says so (A13, A15)."""
    (segment,) = order(root, store).plan.segments
    other = Name(look=segment.name.look, key=papers.digest("another profile"))
    store.publish(encoded(root / SEGMENTS), note_of(b"a segment's bytes " * 100, other))

    made = order(root, store)

    (reason,) = {step.reason for step in made.plan.steps if step.kind == "encode"}
    assert reason == "in the store for another profile only"
    assert CLIP in made.wanted
    assert known_of(made, store).other_profiles == frozenset({segment.name.look})


def test_looking_pins_nothing(root: Path, store: Segments) -> None:
    """What is known is looked up without holding it: no pin is made, and the store is as before."""
    (segment,) = order(root, store).plan.segments
    keep(root, segment)
    before = sorted(str(path) for path in root.rglob("*"))

    known = known_of(order(root, store), store)

    assert list(known.structures) == [segment.name.key]
    assert sorted(str(path) for path in root.rglob("*")) == before
