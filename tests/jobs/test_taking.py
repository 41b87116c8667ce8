"""What is taken of a folder, what is refused, what stays: nothing is lost, nothing leads out (A1, A6, A10, C11)."""

import json
import os
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from tests.crash.tree import memory
from tests.jobs.yard import Yard, described, still
from videogen import points
from videogen.catalog import read_asset
from videogen.errors import NoSpace, RecipeError
from videogen.fsck import examine
from videogen.model.job import Job
from videogen.model.task import Task
from videogen.trash import Trash

FIRST = "scanned/composition/first"
ERROR = RecipeError("it is none", remedy="Correct it.", code="bad-description")


def codes(yard: Yard) -> list[str]:
    """Give the codes of all that is in trash/invalid."""
    return sorted(json.loads(path.read_text())["code"] for path in yard.root.glob("trash/invalid/*.reason.json"))


def test_a_job_lies_in_the_library_with_its_papers(yard: Yard) -> None:
    """Every file is there with its side file, the paper tells what was taken, and fsck finds nothing to say (A6)."""
    yard.composition()
    yard.settled()

    job = Job.model_validate_json((yard.root / FIRST / ".job.json").read_text())
    task = Task.model_validate_json(next(yard.root.glob("tasks/*/metadata.json")).read_text())

    assert yard.files(FIRST) == ["a.png", "a.png.json", "composition.json", "composition.json.json"]
    assert (job.task_id, job.path, job.dropped_as) == (task.task_id, FIRST, "raw/composition/first")
    assert job.is_published
    assert read_asset(yard.root, f"{FIRST}/a.png").source.path == "raw/composition/first/a.png"
    assert task.inputs.description is not None
    assert (task.inputs.description.path, task.recipe) == (f"{FIRST}/composition.json", "composition")
    assert examine(yard.spool, quick=False) == []


def test_the_old_keys_are_there(yard: Yard) -> None:
    """metadata.json has every key of the hierarchy's users, empty where a recipe has no such thing (A6)."""
    yard.composition()
    yard.settled()

    (task,) = yard.tasks()

    assert (task["voice_file"], task["music_file"], task["voice_duration"]) == ("", "", 0.0)
    assert (task["category"], task["story_name"], task["video_files"]) == ("composition", "first", [])
    assert task["render"] == {"resolution": "64x36", "frame_rate": 25, "logo": None, "output_format": "mp4"}


def test_the_same_folder_is_a_duplicate(yard: Yard) -> None:
    """Equal bytes under any name are refused while the video is there, and taken again when it failed."""
    again = yard.copy_of(yard.composition(), "again")
    yard.settled()
    shutil.copytree(again, yard.root / "raw/composition/second")
    yard.settled()

    (task,) = yard.tasks()
    assert codes(yard) == ["duplicate"]
    (yard.root / "tasks" / task["task_id"]).rename(yard.spool.failed / task["task_id"])
    shutil.copytree(again, yard.root / "raw/composition/first")
    yard.settled()

    (anew,) = yard.tasks()
    assert anew["task_id"] != task["task_id"]
    assert (yard.root / f"{FIRST}~2").is_dir()


def test_another_folder_of_the_same_name_is_numbered(yard: Yard) -> None:
    """A second folder of one name lies beside the first, and both become tasks."""
    yard.composition()
    yard.settled()
    yard.composition(frames=20)
    yard.settled()

    assert [task["frames"] for task in yard.tasks()].count(20) == 1
    assert len(yard.tasks()) == 2
    assert (yard.root / f"{FIRST}~2").is_dir()


def test_small_things_go_along_and_large_ones_stay(yard: Yard) -> None:
    """Notes that nothing names are kept with the job; what is large stays in raw/, and the folder only waits then."""
    folder = yard.composition()
    (folder / "notes.txt").write_text("remember")
    (folder / "raw-footage.mov").write_bytes(bytes((1 << 20) + 1))
    found = yard.settled()

    assert (yard.root / FIRST / "notes.txt").read_text() == "remember"
    assert yard.files("raw") == ["composition/first/raw-footage.mov"]
    assert (found.is_moving, list(found.waits)) == (False, ["raw/composition/first"])
    assert len(yard.tasks()) == 1


def test_a_file_that_was_replaced_meanwhile_stays(yard: Yard) -> None:
    """What came into raw/ after the copy is no copy's original: it is not removed (A1)."""
    yard.composition()
    folder, wants = yard.folder("composition/first")
    copied = yard.taker._copied

    def slow(*args: object) -> object:
        yield from copied(*args)  # type: ignore[arg-type]
        still(folder.path / "a.png", "gold")

    yard.taker._copied = slow  # type: ignore[method-assign,assignment]
    yard.taker.take(folder, wants)

    assert yard.files("raw") == ["composition/first/a.png"]
    assert (yard.root / "raw/composition/first/a.png").read_bytes() != (yard.root / FIRST / "a.png").read_bytes()


# -- what leads elsewhere ----------------------------------------------------------------------------------------------


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A picture outside of the spool that nobody may have."""
    return still(tmp_path / "outside" / "secret.png", "red")


def test_a_link_is_never_followed(yard: Yard, secret: Path) -> None:
    """A name that is a link, or lies in one, refuses the folder; what it names is not copied (C11)."""
    for name, (where, to) in {"file": ("a.png", secret), "folder": ("clips", secret.parent)}.items():
        named = "a.png" if name == "file" else "clips/secret.png"
        yard.drop(f"composition/{name}", {"composition.json": described(named)})
        (yard.root / "raw/composition" / name / where).symlink_to(to)
    yard.settled()
    yard.settled()

    assert codes(yard) == ["not-a-file", "not-a-file"]
    assert yard.files("scanned") == []
    assert secret.exists()


@pytest.mark.parametrize("name", ["../a.png", "/etc/passwd", "x/../../../a.png", "..", ".", "a\x00b"])
def test_no_name_leads_out_of_the_folder(yard: Yard, secret: Path, name: str) -> None:
    """A name that goes up, or begins at the root, refuses the folder, though there is such a file (C11)."""
    still(yard.root / "raw" / "composition" / "a.png")
    still(secret.with_name("a.png"))
    yard.drop("composition/first", {"composition.json": described(name)})
    yard.settled()

    assert len(codes(yard)) == 1
    assert yard.tasks() == []
    assert yard.files("scanned") == []


def test_a_pipe_and_a_socket_are_not_waited_for(yard: Yard) -> None:
    """What is no file refuses the folder where it is named, and is left where it is not (A10)."""
    folder = yard.drop("composition/pipe", {"composition.json": described("a.png")})
    os.mkfifo(folder / "a.png")
    beside = yard.composition("beside")
    with socket.socket(socket.AF_UNIX) as door:
        os.chdir(beside)
        door.bind("door")
        yard.settled()
        os.chdir("/")

    assert codes(yard) == ["not-a-file"]
    assert (yard.root / "trash/invalid/composition-pipe/a.png").is_fifo()
    assert [task["story_name"] for task in yard.tasks()] == ["beside"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("two\nlines", "bad-folder-name"), ("f" * 255, "bad-folder-name"), ("نوروز 🌞", ""), ('it\'s "fun"', "")],
)
def test_names_of_folders(yard: Yard, name: str, code: str) -> None:
    """Any printable name will do; another refuses the folder, which lies in trash/ under a name that is free."""
    yard.composition(name)
    yard.settled()

    assert codes(yard) == [code] * bool(code)
    assert [task["story_name"] for task in yard.tasks()] == [name] * (not code)


@pytest.mark.parametrize("name", ["two\nlines.png", "f" * 248 + ".png", "brought by videogen/a.png"])
def test_names_of_files(yard: Yard, name: str) -> None:
    """A file whose name cannot stand in a path of the library refuses its folder."""
    yard.drop("composition/first", {"composition.json": described(name), name: ""})
    yard.settled()

    assert codes(yard) == ["bad-file-name"]


def test_a_name_that_its_side_file_would_have(yard: Yard) -> None:
    """A file that is called as what is measured of another cannot be taken beside it."""
    yard.drop("mix/tape", {"one.mp3": "x", "one.mp3.json": "{}"})
    yard.settled(after_s=100.0)

    assert codes(yard) == ["bad-file-name"]


# -- back and forth ----------------------------------------------------------------------------------------------------


def test_a_refused_folder_can_be_brought_back(yard: Yard) -> None:
    """`trash restore` puts the folder back where it was dropped, and mended it becomes a task."""
    yard.drop("composition/first", {"composition.json": "{", "a.png": ""})
    yard.settled()

    back = Trash(yard.root).restore("composition-first")
    (back / "composition.json").write_text(described("a.png"))
    yard.settled()

    assert back == yard.root / "raw/composition/first"
    assert len(yard.tasks()) == 1
    assert yard.files("trash") == []


def test_a_folder_that_kills_main_is_given_up(yard: Yard) -> None:
    """A folder over which main died three times is refused as poison; before that it waits until no file is in work."""
    folder = yard.composition()
    mark = (folder / "composition.json", yard.folder("composition/first")[0].mark[1])
    for _ in range(2):
        yard.jobs._journal.begin(*mark)  # type: ignore[arg-type]
    yard.clock.now += 100.0
    yard.jobs.look(yard.arrivals.look(), is_scan_idle=False)
    yard.jobs._hand.submit(lambda: None).result()
    alone = yard.jobs.look(yard.arrivals.look(), is_scan_idle=False).waits

    yard.jobs._journal.begin(*mark)  # type: ignore[arg-type]
    yard.settled()

    assert "alone" in alone["raw/composition/first"]
    assert codes(yard) == ["poison"]
    assert os.listdir(yard.root / "scanned" / ".judging") == []


def test_a_refused_folder_may_come_from_another_filesystem(tmp_path: Path) -> None:
    """Where raw/ is a mount of its own, a bad folder is copied whole into trash/, links as links, and then goes."""
    yard = Yard(tmp_path / "spool")
    with tempfile.TemporaryDirectory(dir=memory()) as elsewhere:
        shutil.rmtree(yard.root / "raw" / "composition")
        (yard.root / "raw" / "composition").symlink_to(elsewhere)
        folder = yard.root / "raw" / "composition" / "first"
        (folder / "clips").mkdir(parents=True)
        (folder / "clips" / "a.mp4").write_bytes(b"film")
        (folder / "link").symlink_to("/etc/passwd")

        there = Trash(yard.root).refuse(folder, ERROR, name="composition-first")

        assert os.listdir(elsewhere) == []
    assert (there / "clips" / "a.mp4").read_bytes() == b"film"
    assert os.readlink(there / "link") == "/etc/passwd"
    assert codes(yard) == ["bad-description"]
    yard.jobs.close()


@pytest.mark.parametrize("how", ["enospc", "eio"])
@pytest.mark.parametrize("where", ["durable.move.after_rename", "jobs.promoted", "jobs.published", "jobs.marked"])
def test_what_fails_after_the_promotion_is_finished_later(yard: Yard, where: str, how: str) -> None:
    """A disk that is full or fails for a moment makes no second job of a folder, and no second video (A1, P2)."""
    yard.composition()
    folder, wants = yard.folder("composition/first")
    turn = "@2" if where.startswith("durable") else "@1"
    points.arm({"VIDEOGEN_FAILPOINTS": f"{where}={how}{turn}"})
    try:
        with suppress(OSError, NoSpace):
            yard.taker.take(folder, wants)
    finally:
        points.arm({})
    for _ in range(3):
        yard.settled(after_s=100.0)

    assert os.listdir(yard.root / "scanned/composition") == ["first"]
    assert len(yard.tasks()) == 1
    yard.taker.finish(lambda: None)
    assert len(yard.tasks()) == 1
    assert (yard.files("raw"), codes(yard)) == ([], [])
