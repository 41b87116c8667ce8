"""Papers of tasks as strangers may leave them: what is none is refused with the place and the cause, and not shown."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import papers
from videogen.content import PAPER_BYTES
from videogen.errors import MissingInput
from videogen.model.choice import Candidate, Choice, Draw
from videogen.model.task import ClipUse, Task
from videogen.spool.papers import read_lease, read_task

PAPER = "metadata.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a good task."""
    made = tmp_path / "task"
    made.mkdir()
    (made / PAPER).write_text(papers.task().to_json())
    return made


def instead(path: Path, make: Callable[[Path], object]) -> None:
    """Put something else where a paper was."""
    path.unlink(missing_ok=True)
    make(path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "is not a task (metadata.json is a pipe"),
        (lambda path: path.symlink_to("/etc/passwd"), "is not a task (metadata.json is a link"),
        (Path.mkdir, "is not a task (metadata.json is a pipe, a folder"),
        (lambda path: path.write_bytes(b" " * (PAPER_BYTES + 1)), "has more than 16 MiB"),
        (lambda path: path.write_bytes(b"root:x:0:0:root"), "is not a task (Invalid JSON"),
        (lambda path: None, "has no metadata.json"),
    ],
)
def test_what_is_no_paper_is_named(folder: Path, make: Callable[[Path], object], said: str) -> None:
    """The reason says what lies there, and holds nothing of it (J15, J16, J17, P25)."""
    instead(folder / PAPER, make)

    with pytest.raises(MissingInput) as caught:
        read_task(folder)

    assert said in caught.value.message
    assert caught.value.message.startswith("task")
    assert "root" not in caught.value.message
    assert caught.value.word == "missing-input"


def test_task_that_went_is_no_broken_one(folder: Path) -> None:
    """A folder that another took away meanwhile is not taken for a task without a paper."""
    with pytest.raises(FileNotFoundError):
        read_task(folder.with_name("gone"))


def test_reason_names_the_key_in_one_printable_line(folder: Path) -> None:
    """What is wrong deep in a paper is said with its place; control characters do not reach a terminal (P25)."""
    paper = json.loads((folder / PAPER).read_text())
    paper["inputs"]["clips"][0]["path"] = "../../../etc/passwd"
    (folder / PAPER).write_text(json.dumps(paper))
    with pytest.raises(MissingInput) as above:
        read_task(folder)
    (folder / PAPER).write_text(json.dumps(papers.task().model_dump(mode="json") | {"a\x1b[2J\n" + "b" * 999: 1}))
    with pytest.raises(MissingInput) as unknown:
        read_task(folder)

    assert "(inputs.clips.0.path: '../../../etc/passwd' is not in the library)" in above.value.message
    assert unknown.value.message.isprintable()
    assert len(unknown.value.message) < 300


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/etc/passwd")])
def test_lease_that_is_no_file_is_none(folder: Path, make: Callable[[Path], object]) -> None:
    """Whoever sweeps does not wait for the writer of a pipe that is called lease.json (J17)."""
    instead(folder / "lease.json", make)

    assert read_lease(folder) is None


def ten_hours() -> Task:
    """Give a task of ten hours of three-second clips, each another, with all that is recorded of their choice."""
    base, clips, drawn = papers.task(), [], []
    for number in range(12_000):
        path = f"scanned/video/poems/mp4_w1920_h1080/12.345_a_name_of_the_usual_length_{number:05}.mp4"
        sha256 = papers.digest(path)
        clips.append(ClipUse(path=path, sha256=sha256, in_frame=0, out_frame=90))
        drawn.append(Candidate(path=path, sha256=sha256, frames=90, uses=12, twin=sha256, last=base.task_id))
    draw = Draw(pool=len(drawn), drawn=tuple(drawn))
    changed = {
        "inputs": base.inputs.model_copy(update={"clips": tuple(clips)}),
        "video_files": tuple(f"../../{clip.path}" for clip in clips),
        "choice": Choice(seed=1, cooldown=3, scope="all", clips=draw, music=Draw(pool=1, drawn=draw.drawn[:1])),
    }
    return base.model_copy(update=changed)


def test_paper_of_a_long_task_is_read(folder: Path) -> None:
    """The limit of a paper leaves room for a task of ten hours, and for the manifest around it."""
    task = ten_hours()
    (folder / PAPER).write_text(task.to_json())

    assert read_task(folder) == task
    assert 1.3 * len(task.to_json()) < PAPER_BYTES
