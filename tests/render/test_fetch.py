"""Files come near, linked or copied, and nothing is read whose bytes were not proven (A3, A9; promises P7, P21)."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from tests import papers
from tests.crash.stub_node import lay_out
from videogen import content, durable, points
from videogen.errors import MissingInput, NoSpace, Stopped
from videogen.model.task import Task
from videogen.render.fetch import NearFiles, Way, read_ahead, way_of
from videogen.render.inputs import TaskFiles

CLIP, VOICE, LOGO = papers.digest("clip"), papers.digest("voice"), papers.digest("logo")
WAYS: tuple[Way, ...] = ("link", "copy")


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave no rule behind for another test."""
    yield
    points.arm({})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A spool whose library holds a clip, a voice and a track."""
    made = tmp_path / "spool"
    lay_out(made)
    return made


@pytest.fixture
def task() -> Task:
    """A task that asks for them, and for a logo of its own."""
    made = papers.task()
    logo = {"path": "logo.png", "sha256": LOGO}
    return made.model_copy(update={"inputs": made.inputs.model_validate({**made.inputs.model_dump(), "logo": logo})})


def near(root: Path, task: Task, way: Way, folder: Path | None = None, halt: Event | None = None) -> NearFiles:
    """Give a task's files, none near yet; its own folder has the logo."""
    own = root / "processing" / task.task_id
    (own / ".scratch.1").mkdir(parents=True, exist_ok=True)
    (own / "logo.png").write_text("logo")
    return NearFiles(TaskFiles(root, own, task), folder or own / ".scratch.1" / "in", way, halt or Event())


def soon(condition: Callable[[], bool]) -> bool:
    """Look until a condition holds, for some seconds at most; give whether it does."""
    until = time.monotonic() + 5
    while time.monotonic() < until and not condition():
        time.sleep(0.001)
    return condition()


def clip_of(root: Path, task: Task) -> Path:
    """Name the clip in the library."""
    return root / task.inputs.clips[0].path


def in_folder(root: Path, task: Task) -> list[str]:
    """Name what came near, whole or not."""
    return sorted(path.name for path in (root / "processing" / task.task_id / ".scratch.1" / "in").iterdir())


# -- the way -----------------------------------------------------------------------------------------------------------


def test_near_is_linked_and_afar_is_copied(tmp_path: Path, elsewhere: Path) -> None:
    """Left to itself a node links where scratch is on the tree's disk and copies where it is not; told, it obeys."""
    assert way_of("auto", tmp_path, tmp_path) == "link"
    assert way_of("auto", tmp_path, elsewhere) == "copy"
    assert way_of("copy", tmp_path, tmp_path) == "copy"
    assert way_of("link", tmp_path, elsewhere) == "link"


def test_a_link_is_the_same_file(root: Path, task: Task) -> None:
    """Linked, a file costs nothing, has its ending, and is still there when the library lets it go."""
    files = near(root, task, "link")

    assert files.bring([CLIP, VOICE, LOGO]) == 0

    path = files.path(CLIP)
    assert path.name == f"{CLIP[:32]}.mp4"
    assert path.samefile(clip_of(root, task))
    clip_of(root, task).unlink()
    assert files.path(CLIP).read_text() == "clip"
    assert files.path(LOGO).read_text() == "logo"


def test_a_copy_is_another_file(root: Path, task: Task) -> None:
    """Copied, a file is ours alone: what is written to the library's later does not reach it (P7)."""
    files = near(root, task, "copy")

    assert files.bring([CLIP, VOICE]) == len("clip") + len("voice")

    path = files.path(CLIP)
    assert not path.samefile(clip_of(root, task))
    clip_of(root, task).write_text("overwritten in place")
    assert files.path(CLIP).read_text() == "clip"


@pytest.mark.parametrize("way", WAYS)
def test_bringing_again_changes_nothing(root: Path, task: Task, way: Way) -> None:
    """Files that are near already, of this try or of one before, are brought again without trouble."""
    files = near(root, task, way)
    files.bring([CLIP])

    files.bring([CLIP, VOICE])
    near(root, task, way).bring([CLIP])

    assert files.path(CLIP).read_text() == "clip"
    assert len(in_folder(root, task)) == 2


def test_without_links_it_is_read_in_place(root: Path, task: Task, elsewhere: Path) -> None:
    """Where the disk gives no hard link a file is proven and read where it lies."""
    files = near(root, task, "link", elsewhere / "in")

    assert files.bring([CLIP]) == 0

    assert list((elsewhere / "in").iterdir()) == []
    assert files.path(CLIP) == clip_of(root, task)


def test_without_links_it_is_proven_before_the_render(root: Path, task: Task, elsewhere: Path) -> None:
    """A changed file that can only be read where it lies is refused by the download already, not by the render (P7)."""
    clip_of(root, task).write_text("kilp")

    with pytest.raises(MissingInput):
        near(root, task, "link", elsewhere / "in").bring([CLIP])


def test_what_did_not_come_near_is_read_in_place(root: Path, task: Task) -> None:
    """A file that was not brought, or whose near name is gone, is proven and read where it lies."""
    files = near(root, task, "copy")
    files.bring([CLIP])
    files.path(CLIP).unlink()

    assert files.path(CLIP) == clip_of(root, task)
    assert files.path(VOICE) == root / task.inputs.spoken.path


# -- proof -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_changed_file_is_refused_before_it_is_read(root: Path, task: Task, way: Way) -> None:
    """A file of the library with other bytes than the task was made of does not come near, and cannot be had (P7)."""
    files = near(root, task, way)
    clip_of(root, task).write_text("kilp")

    with pytest.raises(MissingInput) as caught:
        files.bring([CLIP])
    with pytest.raises(MissingInput):
        files.path(CLIP)

    assert caught.value.word == "input-changed"


def test_a_file_changed_in_place_is_refused_where_it_lies(root: Path, task: Task) -> None:
    """A file that is read where it lies is proven before the first read, too."""
    files = near(root, task, "copy")
    clip_of(root, task).write_text("kilp")

    with pytest.raises(MissingInput) as caught:
        files.path(CLIP)

    assert caught.value.word == "input-changed"


@pytest.mark.parametrize("way", WAYS)
def test_a_missing_file_is_named(root: Path, task: Task, way: Way) -> None:
    """A file that is gone from the library is the task's trouble, not this node's, and is named with a remedy (A10)."""
    clip_of(root, task).unlink()

    with pytest.raises(MissingInput, match=task.inputs.clips[0].path.replace(".", r"\.")) as caught:
        near(root, task, way).bring([VOICE, CLIP])

    assert "raw/" in caught.value.remedy


@pytest.mark.parametrize("way", WAYS)
def test_a_scratch_that_is_gone_is_no_missing_file(root: Path, task: Task, way: Way) -> None:
    """When the claim's own folder was taken away meanwhile, nobody is told that the library lacks a file."""
    files = near(root, task, way)
    points.arm({"VIDEOGEN_FAILPOINTS": "download.before_file=sleep:0.3@1"})
    raised: list[BaseException] = []

    def bring() -> None:
        try:
            files.bring([CLIP])
        except OSError as error:
            raised.append(error)

    bringing = Thread(target=bring)
    bringing.start()
    own = root / "processing" / task.task_id
    assert soon((own / ".scratch.1" / "in").is_dir)
    own.rename(root / "taken-away")
    bringing.join()

    assert [type(error) for error in raised] == [FileNotFoundError]


def test_a_symbolic_link_is_followed_to_its_file(root: Path, task: Task) -> None:
    """A library whose files are symbolic links to another place is linked and copied all the same."""
    path = clip_of(root, task)
    path.rename(root / "real.mp4")
    path.symlink_to(root / "real.mp4")

    for way in WAYS:
        files = near(root, task, way)
        files.bring([CLIP])
        assert files.path(CLIP).read_text() == "clip"
        assert not files.path(CLIP).is_symlink()


# -- halted, full ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_halted_node_brings_nothing_more(root: Path, task: Task, way: Way) -> None:
    """After a halt not one more file is begun."""
    halt = Event()
    halt.set()

    with pytest.raises(Stopped):
        near(root, task, way, halt=halt).bring([CLIP])

    assert in_folder(root, task) == []


def test_a_copy_halted_in_the_middle_leaves_nothing(root: Path, task: Task) -> None:
    """A copy of many blocks ends within a block of a halt, and no part of it is left (P16)."""
    whole = os.urandom(8 * content.COPY_BYTES)
    clip_of(root, task).write_bytes(whole)
    halt, folder = Event(), root / "processing" / task.task_id / ".scratch.1" / "in"
    seen: list[int] = []
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.copy.block=sleep:0.02"})

    def halt_soon() -> None:
        soon(lambda: folder.is_dir() and any(path.stat().st_size for path in folder.iterdir()))
        seen.extend(path.stat().st_size for path in folder.iterdir())
        halt.set()

    halting = Thread(target=halt_soon)
    halting.start()
    with pytest.raises(Stopped):
        near(root, task, "copy", halt=halt).bring([CLIP])
    halting.join()

    assert 0 < seen[0] < len(whole)
    assert in_folder(root, task) == []


def test_a_full_disk_is_told_as_such(root: Path, task: Task) -> None:
    """A copy that meets a full disk is NoSpace, and leaves nothing."""
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.new_file.written=enospc"})

    with pytest.raises(NoSpace):
        near(root, task, "copy").bring([CLIP])

    assert in_folder(root, task) == []


# -- ahead -------------------------------------------------------------------------------------------------------------


def test_reading_ahead_never_fails(tmp_path: Path) -> None:
    """Files that will be wanted are asked for; one that is missing, or is none, is no trouble, and none stays open."""
    durable.write(tmp_path / "file", b"x")
    before = os.listdir("/proc/self/fd")

    read_ahead([tmp_path / "missing", tmp_path / "file", tmp_path])

    assert os.listdir("/proc/self/fd") == before
