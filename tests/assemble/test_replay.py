"""`videogen replay`: the command says whether a task's choice can be made again, and why each clip came."""

import json
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from tests import papers
from tests.assemble.test_assembler import Library
from videogen.model.task import Task


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A spool with four clips and two tasks."""
    library = Library(tmp_path)
    library.stock(clips=4)
    for name in ("first", "second"):
        library.add("voice", name, seconds=Fraction(2))
        library.assembler().assemble_once()
    return library


def replay(library: Library, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    argv = [sys.executable, "-m", "videogen.cli", "--root", str(library.root), "replay", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env={"COLUMNS": "200"})


def test_a_task_and_a_video_are_replayed(library: Library) -> None:
    """A task in tasks/ and a video in output/ are found by the beginning of their ids; 0 says that all is the same."""
    first, second = library.tasks()
    task = Task.model_validate_json((second / "metadata.json").read_bytes())
    out = library.root / "output" / second.name
    out.mkdir()
    (out / "manifest.json").write_text(papers.manifest(task).to_json())
    shutil.rmtree(second)

    waits, video = replay(library, first.name[:8]), replay(library, second.name, "--json")

    assert (waits.returncode, video.returncode) == (0, 0), waits.stderr + video.stderr
    assert "the same clips as recorded" in waits.stdout
    assert "never used" in waits.stdout
    told = json.loads(video.stdout)
    assert told["is_same"]
    assert [row["path"] for row in told["rows"]] == told["recorded"]
    assert (told["pool"], told["music_pool"], told["seed"]) == (4, 1, task.seed)


def test_what_is_gone_is_told(library: Library) -> None:
    """A clip that left the library since is told as gone; the choice is the same all the same."""
    folder = library.tasks()[0]
    clip = Task.model_validate_json((folder / "metadata.json").read_bytes()).inputs.clips[0]
    (library.root / clip.path).unlink()

    told = replay(library, folder.name)

    assert told.returncode == 0
    assert "gone" in told.stdout
    assert "1 of them are not in the library as they were" in told.stdout


def test_another_choice_is_65(library: Library) -> None:
    """Where the record gives other clips than the task names, the command says so and ends with 65."""
    folder = library.tasks()[0]
    paper = json.loads((folder / "metadata.json").read_text())
    paper["inputs"]["clips"].reverse()
    (folder / "metadata.json").write_text(json.dumps(paper))

    told = replay(library, folder.name)

    assert told.returncode == 65
    assert "NOT the clips that are recorded" in told.stdout


@pytest.mark.parametrize(
    ("word", "said"),
    [("ffffffff", "no task or video begins with 'ffffffff'"), ("", "no task or video begins with ''")],
)
def test_an_unknown_id_is_65(library: Library, word: str, said: str) -> None:
    """An id that nothing has is the caller's mistake, in one sentence."""
    told = replay(library, word)

    assert told.returncode == 65
    assert told.stderr.startswith(f"videogen: {said}.")
    assert "Traceback" not in told.stderr


def test_a_task_without_a_record_is_65(library: Library) -> None:
    """A task of before the record is no defect: it says that it cannot be replayed."""
    folder = library.tasks()[0]
    paper = json.loads((folder / "metadata.json").read_text())
    del paper["choice"]
    (folder / "metadata.json").write_text(json.dumps(paper))

    told = replay(library, folder.name)

    assert told.returncode == 65
    assert "does not say what its clips were chosen from" in told.stderr
