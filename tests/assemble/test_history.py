"""The choice knows history: what earlier videos showed comes last, whatever became of those videos."""

import json
import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests import papers
from tests.assemble.test_assembler import Library
from videogen import durable, points
from videogen.assemble import Assembler, Rule, replayed
from videogen.assemble.history import use_of
from videogen.catalog import Catalog, Use
from videogen.errors import InputError, SetupError
from videogen.model.task import Task

USES = "scanned/.uses.jsonl"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A spool whose library is empty."""
    return Library(tmp_path)


def told(library: Library, name: str, *, seconds: int = 2, hand: Assembler | None = None) -> Task:
    """Have a story told, and give its task."""
    before = set(library.tasks())
    library.add("voice", name, seconds=Fraction(seconds))
    (hand or library.assembler()).assemble_once()
    (folder,) = set(library.tasks()) - before
    return Task.model_validate_json((folder / "metadata.json").read_bytes())


def clips_of(task: Task) -> set[str]:
    """Give the clips of a task."""
    return {clip.path for clip in task.inputs.clips}


def publish(library: Library, task: Task) -> Path:
    """Let a task become a video, as a node does it."""
    out = library.root / "output" / task.task_id
    out.mkdir()
    (out / "manifest.json").write_text(papers.manifest(task).to_json())
    shutil.rmtree(library.root / "tasks" / task.task_id)
    return out


@pytest.mark.parametrize("restarts", [False, True])
def test_each_clip_comes_before_any_comes_again(library: Library, restarts: bool) -> None:
    """Four videos of two clips show all eight clips, in one life of main or in four (A18)."""
    library.stock(clips=8)
    hand = None if restarts else library.assembler()

    shown = [clips_of(told(library, f"chapter_{nth}", hand=hand)) for nth in range(4)]

    assert [len(one) for one in shown] == [2, 2, 2, 2]
    assert len(set.union(*shown)) == 8


def test_what_was_shown_counts_after_its_video_went(library: Library) -> None:
    """An operator who takes all finished videos away, and the index too, changes nothing in what comes next (A18)."""
    library.stock(clips=6)
    shown = set()
    for nth in range(2):
        task = told(library, f"chapter_{nth}")
        shown |= clips_of(task)
        shutil.rmtree(publish(library, task))
    (library.root / "scanned/.index.sqlite").unlink(missing_ok=True)

    assert not clips_of(told(library, "last")) & shown


@pytest.mark.parametrize("room", ["tasks", "processing", "output"])
def test_videos_that_are_not_on_record_are_counted_from_their_papers(library: Library, room: str) -> None:
    """Without its record the library learns from the rooms what was shown; each paper is read once (A18, P13)."""
    library.stock(clips=4)
    task = told(library, "first")
    if room == "output":
        publish(library, task)
    elif room == "processing":
        (library.root / "tasks" / task.task_id).rename(library.root / "processing" / task.task_id)
    (library.root / USES).unlink()

    second = told(library, "second")

    assert not clips_of(second) & clips_of(task)
    lines = [json.loads(line) for line in (library.root / USES).read_text().splitlines()]
    assert [line["task_id"] for line in lines] == [task.task_id, second.task_id]


def test_history_begins_anew_where_it_is_removed(library: Library) -> None:
    """With the record removed and the rooms empty, every clip counts as new (A18)."""
    library.stock(clips=4)
    task = told(library, "first")
    shutil.rmtree(publish(library, task))
    (library.root / USES).unlink()

    library.assembler()

    assert library.catalog.levels("video", "tales") == [0.0]


@pytest.mark.parametrize("where", ["durable.append.before", "durable.append.after"])
def test_a_failure_between_task_and_record_counts_it_once(library: Library, where: str) -> None:
    """However far the record got when the disk failed, the video is counted once and made once (P13)."""
    library.stock(clips=4)
    hand = library.assembler()
    voice = library.add("voice", "first", seconds=Fraction(2))
    points.arm({"VIDEOGEN_FAILPOINTS": f"{where}=eio@1"})
    try:
        hand.assemble_once()
    finally:
        points.arm({})

    again = library.assembler()
    assert again.assemble_once() == []

    assert [folder.name for folder in library.tasks()] == [voice.task_id]
    lines = (library.root / USES).read_text().splitlines()
    assert [json.loads(line)["task_id"] for line in lines if line] == [voice.task_id]
    assert library.catalog.levels("video", "tales") == [0.0, 1.0]
    assert sorted(library.catalog.count("video", "tales") for _ in range(1)) == [4]


@pytest.mark.parametrize("torn", [b'{"task_id":"x","cat', b"\xff\xfe\n", b"\n", b'{"task_id":"x"}\n'])
def test_a_torn_line_is_passed_over(library: Library, torn: bytes) -> None:
    """A write that a power cut ended, at whatever byte, harms no line before or after it (P11)."""
    library.stock(clips=6)
    first = told(library, "first")
    with (library.root / USES).open("ab") as file:
        file.write(torn)

    second = told(library, "second")
    third = told(library, "third")

    assert len(clips_of(first) | clips_of(second) | clips_of(third)) == 6


def test_cooldown_holds_back_a_heavy_clip(library: Library) -> None:
    """A clip of ten times the weight still does not come in two videos in a row, but after the cool-down (A18)."""
    library.stock(clips=8)
    heavy = "scanned/video/tales/mp4_w64_h36/clip0.mp4"
    catalog = Catalog(library.root, {"video/*/clip0.mp4": 10.0})
    catalog.load()
    hand = Assembler(library.spool, catalog, library.rule)
    seen = []
    for nth in range(8):
        library.catalog = catalog
        seen.append(heavy in clips_of(told(library, f"chapter_{nth}", hand=hand)))

    first = seen.index(True)
    assert not any(seen[first + 1 : first + 4])
    assert sum(seen) >= 2


def test_cooldown_is_by_category_or_over_all(library: Library) -> None:
    """What another category's video just showed may come at once, or rests as well where all videos count (A18)."""
    library.stock("sea", clips=2)
    first = Task.model_validate(_told_in(library, "land", "a"))
    for scope, expected in (("category", frozenset[int]()), ("all", None)):
        library.assembler(draw=Rule(5, "all" if scope == "all" else "category"))
        rests = library.catalog.resting("video", "sea" if scope == "category" else None, 5)
        assert rests == (expected if expected is not None else {_lot(clip.sha256) for clip in first.inputs.clips})


def _lot(sha256: str) -> int:
    return int(sha256[:16], 16) >> 1


def _told_in(library: Library, category: str, name: str) -> dict[str, Any]:
    library.add("voice", name, category)
    library.assembler().assemble_once()
    return library.task()[1]


def test_a_weight_of_nothing_takes_a_clip_out(library: Library) -> None:
    """A clip of weight 0 is never chosen, and alone it is as if there were none."""
    library.stock(clips=2)
    library.add("voice", "chapter", seconds=Fraction(5))
    catalog = Catalog(library.root, {"video/tales/*clip0*": 0.0})
    catalog.load()

    Assembler(library.spool, catalog, library.rule).assemble_once()

    assert {path.rpartition("/")[2] for path in library.task()[1]["video_files"]} == {"clip1.mp4"}
    none = Catalog(library.root, {"video/*": 0.0})
    none.load()
    library.add("voice", "other")
    none.load()
    (waiting,) = Assembler(library.spool, none, library.rule).assemble_once()
    assert waiting.reason == "no clips in the library"


def test_what_was_taken_away_is_not_chosen(library: Library) -> None:
    """Clips removed by hand while main runs are found missing when they are drawn, and others come instead."""
    library.stock(clips=6)
    hand = library.assembler()
    gone = [clip.path for clip in library.catalog.of_kind("video")][:4]
    for path in gone:
        (library.root / path).unlink()

    task = told(library, "chapter", seconds=6, hand=hand)

    assert len(clips_of(task)) == 2
    assert not clips_of(task) & set(gone)
    assert library.catalog.count("video", "tales") == 2


def test_all_that_was_taken_away_is_said(library: Library) -> None:
    """Where the last clip was removed by hand, the voice waits and says that there are none."""
    library.stock(clips=1)
    library.add("voice", "chapter")
    hand = library.assembler()
    for clip in list(library.catalog.of_kind("video")):
        (library.root / clip.path).unlink()

    assert [one.reason for one in hand.assemble_once()] == ["there is no clip to choose from"]
    assert [one.reason for one in hand.assemble_once()] == ["no clips in the library"]


def test_a_voice_that_was_taken_away_waits_for_nothing(library: Library) -> None:
    """A voice removed by hand stops nobody, and is gone at the next look."""
    library.stock()
    gone = library.add("voice", "a")
    there = library.add("voice", "b")
    hand = library.assembler()
    (library.root / gone.path).unlink()

    hand.assemble_once()

    assert hand.assemble_once() == []
    assert [folder.name for folder in library.tasks()] == [there.task_id]


def test_what_stops_all_is_tried_once_a_look(library: Library) -> None:
    """A thousand voices that wait for one and the same cause meet it once in a look, not a thousand times."""
    library.stock()
    for nth in range(20):
        library.add("voice", f"chapter_{nth}")
    hand = library.assembler()
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.make_folder.before=enospc@1"})
    try:
        waiting = hand.assemble_once()
    finally:
        points.arm({})

    assert len(waiting) == 20
    assert len({one.reason for one in waiting}) == 1
    assert hand.assemble_once() == []


# -- replay ------------------------------------------------------------------------------------------------------------


def test_a_choice_is_made_again_with_its_reasons(library: Library) -> None:
    """A task's record gives its clips again, each with its uses then, and what is gone or changed since (A18)."""
    library.stock(clips=4)
    told(library, "first", seconds=2)
    task = told(library, "second", seconds=6)
    paths = [clip.path for clip in task.inputs.clips]
    (library.root / paths[0]).unlink()
    side = library.root / f"{paths[1]}.json"
    durable.write(side, side.read_text().replace(task.inputs.clips[1].sha256, papers.digest("other")))

    again = replayed(library.root, task)

    assert again.is_same
    assert [row.path for row in again.rows[:-1]] == paths
    assert [row.uses for row in again.rows[:4]] == [0, 0, 1, 1]
    assert [row.why for row in again.rows[:4]] == ["never used"] * 2 + ["all that had rested longer were taken"] * 2
    assert again.rows[4].why == "shown again: all others had been"
    assert [row.library for row in again.rows[:3]] == ["gone", "changed", "there"]
    assert again.rows[2].last != ""


def test_another_record_gives_another_choice(library: Library) -> None:
    """A record that someone changed is told from what it belongs to; a task without one says so."""
    library.stock(clips=8)
    task = told(library, "first", seconds=8)
    assert task.choice is not None
    changed = task.choice.model_copy(update={"seed": task.seed ^ 1})

    assert not replayed(library.root, task.model_copy(update={"choice": changed})).is_same
    with pytest.raises(InputError, match="does not say what its clips were chosen from"):
        replayed(library.root, task.model_copy(update={"choice": None}))


def test_use_names_each_content_once(library: Library) -> None:
    """A clip that comes twice in a video was used once in it."""
    library.stock(clips=2)
    task = told(library, "long", seconds=9)

    assert len(use_of(task).shown) == 3


def test_task_that_another_made_is_counted_while_main_runs(library: Library) -> None:
    """A task that a person's command puts into tasks/ is counted at the next look of the same main, and once (A18)."""
    library.stock(clips=4)
    hand = library.assembler()
    first = told(library, "chapter_0", hand=hand)
    other = first.model_copy(update={"task_id": papers.task().task_id})

    assert library.spool.publish(other, lambda folder: None)
    for _ in range(3):
        hand.assemble_once()

    counted = [json.loads(line)["task_id"] for line in (library.root / USES).read_text().splitlines()]
    assert counted == [first.task_id, other.task_id]


@pytest.mark.parametrize("put", [lambda path, other: path.symlink_to(other), lambda path, _: os.mkfifo(path)])
def test_the_record_is_a_file_and_no_link_to_one(library: Library, put: Callable[[Path, Path], None]) -> None:
    """A link or a pipe under its name is neither read nor written, nor waited for; what it points to stays as it is."""
    root = library.root
    elsewhere = root / "elsewhere"
    elsewhere.write_bytes(Use(task_id="foreign", category="sea", shown=("ab" * 32,)).to_line())
    put(root / USES, elsewhere)
    before, catalog = elsewhere.read_bytes(), Catalog(root)
    catalog.load()

    with pytest.raises(SetupError, match="is no file"):
        catalog.note_use(Use(task_id="own", category="sea", shown=("cd" * 32,)))

    assert not catalog.has_counted("foreign")
    assert elsewhere.read_bytes() == before
