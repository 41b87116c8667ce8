"""The check of a spool finds what is wrong, is silent while work goes on, and repairs what it can (A3, A10, A19)."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import papers
from tests.test_spool import BROKEN, claimed
from tests.verbs import Said, said_by
from videogen import durable, fsck
from videogen.catalog import side_path
from videogen.cli import app, run
from videogen.model.node import NodePaper, State
from videogen.model.task import Task
from videogen.spool import Spool, drain_of, paper_of, read_task, visible

VOICE = "scanned/story/a/s/voice/v.mp3"
HERE = (socket.gethostname(), durable.boot_id())


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Empty rooms, and one voice in the library."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    shelve(made, VOICE, b"voice")
    return made


def shelve(spool: Spool, relative: str, content: bytes) -> Path:
    """Put a file and its side file into the library."""
    path = spool.root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    asset = papers.asset("voice", relative, papers.sound(44100), content=content.decode())
    side_path(path).write_text(asset.to_json())
    return path


def published(spool: Spool) -> Task:
    """Publish a task whose links lead somewhere."""
    task = papers.task()
    assert spool.publish(task, lambda folder: durable.point_at(folder / "voice.mp3", f"../../{VOICE}"))
    return task


def finished(spool: Spool) -> Path:
    """Bring a video to output/."""
    claim = claimed(spool, published(spool))
    (claim.out / "final.mp4").write_bytes(b"final")
    return spool.finish(claim, papers.manifest(claim.task))


def failed(spool: Spool) -> Path:
    """Bring a task to trash/failed."""
    return spool.discard(claimed(spool, published(spool)), BROKEN, stage="render", at="now")


def says(
    spool: Spool, node: str, *, host: str = HERE[0], incarnation: str = "i1", state: State = "working", beat: int = 1
) -> NodePaper:
    """Write a node's paper."""
    paper = NodePaper(node=node, incarnation=incarnation, beat=beat, host=host, boot_id=HERE[1], state=state)
    durable.write(paper_of(spool.nodes, node), paper.model_dump_json())
    return paper


def found_in(spool: Spool, *, quick: bool = True) -> list[tuple[str, str, str, bool]]:
    """Give what the check finds."""
    return [(one.code, one.severity, one.path, one.is_repairable) for one in fsck.examine(spool, quick=quick)]


# -- what is sound -----------------------------------------------------------------------------------------------------


def test_sound_spool_gives_nothing(spool: Spool) -> None:
    """A spool with something in every room, a claim of a living node and a refused file has no finding."""
    published(spool)
    finished(spool)
    failed(spool)
    (spool.root / "trash/invalid/x.mp4").write_bytes(b"x")
    (spool.root / "trash/invalid/x.mp4.reason.json").write_text("{}")
    says(spool, "n1")
    claimed(spool, published(spool))
    (spool.tasks / ".tmp-being-built").mkdir()
    (spool.root / "scanned/story/a/s/chunk").mkdir()
    (spool.root / "scanned/story/a/s/chunk/chunk_0001.txt").write_text("words")

    with spool.holding("node-n1"):
        assert fsck.examine(spool, quick=False) == []


def test_empty_spool_gives_nothing(tmp_path: Path) -> None:
    """Rooms that were just laid out have no finding."""
    empty = Spool(tmp_path)
    empty.lay_out()

    assert fsck.examine(empty, quick=False) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_work_that_goes_on_is_no_error(spool: Spool) -> None:
    """Looked at over and over while two nodes claim, give back, give up and publish as fast as they can: no finding."""
    for _ in range(6):
        published(spool)
    nodes = [working(spool, name) for name in ("n1", "n2")]
    try:
        while not all((spool.nodes / f"{name}.json").exists() for name in ("n1", "n2")):
            time.sleep(0.01)
        end, looks = time.monotonic() + 60, 0
        seen: set[str] = set()
        while (looks < 10 or len(seen) <= 100) and time.monotonic() < end:
            assert fsck.examine(spool, quick=True) == []
            seen |= {path for paths in fsck.tokens(spool).values() for path in paths}
            looks += 1
    finally:
        for pid in nodes:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    assert looks >= 10
    assert len(seen) > 100, "nothing moved"


def working(spool: Spool, name: str) -> int:
    """Fork a node that keeps its tasks moving until it is killed."""
    pid = os.fork()
    if pid:
        return pid
    try:
        with spool.holding(f"node-{name}"):
            says(spool, name)
            for number in range(10**9):
                work(spool, name, number)
    finally:
        os._exit(1)


def work(spool: Spool, name: str, number: int) -> None:
    """Take every task that waits to one of its ends."""
    for path in visible(spool.tasks):
        claim = spool.claim(path.name, name, "i1")
        if claim is None:
            continue
        if number % 5 == 0:
            spool.discard(claim, BROKEN, stage="render", at="now")
            spool.retry(path.name)
        elif number % 5 == 1:
            (claim.out / "final.mp4").write_bytes(b"final")
            spool.finish(claim, papers.manifest(claim.task))
            published(spool)
        else:
            spool.release(claim, counts=False)


# -- what is wrong -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wrong:
    """A way to spoil a spool, what is to be found, and whether a repair does away with it."""

    spoil: Callable[[Spool], Path]
    code: str
    severity: str = "error"
    is_repaired: bool = False
    is_quick: bool = True


def task_twice(spool: Spool) -> Path:
    """Leave a task that waits, and is claimed."""
    claim = claimed(spool, published(spool))
    says(spool, "n1", host="elsewhere")
    shutil.copytree(claim.folder, spool.tasks / claim.folder.name, symlinks=True)
    (spool.tasks / claim.folder.name / "lease.json").unlink()
    return claim.folder / "out.1"


def video_and_task(spool: Spool) -> Path:
    """Leave a task that waits, and was published."""
    kept = spool.root / "kept"
    task = published(spool)
    shutil.copytree(spool.tasks / task.task_id, kept, symlinks=True)
    claim = claimed(spool, task)
    (claim.out / "final.mp4").write_bytes(b"final")
    spool.finish(claim, papers.manifest(task))
    kept.rename(spool.tasks / task.task_id)
    return spool.output / task.task_id


def claim_without_token(spool: Spool) -> Path:
    """Leave a claim of a living node that can never be published."""
    claim = claimed(spool, published(spool))
    says(spool, "n1", host="elsewhere")
    claim.out.rmdir()
    return claim.folder


def task_without_token(spool: Spool) -> Path:
    """Leave a task that can never be claimed."""
    folder = spool.tasks / published(spool).task_id
    (folder / "out.1").rmdir()
    return folder


def task_without_paper(spool: Spool) -> Path:
    """Leave a task whose paper is torn."""
    folder = spool.tasks / published(spool).task_id
    (folder / "metadata.json").write_text("{")
    return folder


def task_of_another_name(spool: Spool) -> Path:
    """Leave a task under a name that is not its paper's."""
    folder = spool.tasks / published(spool).task_id
    return folder.rename(spool.tasks / "mine")


def task_with_dead_link(spool: Spool) -> Path:
    """Leave a task whose track is not in the library any more."""
    folder = spool.tasks / published(spool).task_id
    (folder / "music.mp3").symlink_to("../../scanned/music/a/mp3/gone.mp3")
    return folder


def task_with_lease(spool: Spool) -> Path:
    """Leave what a sweeper leaves that dies right after it brought half a claim back."""
    folder = spool.tasks / published(spool).task_id
    (folder / "lease.json").write_text("{}")
    return folder


def video_missing(spool: Spool) -> Path:
    """Leave a folder in output/ without its video."""
    folder = finished(spool)
    (folder / "final.mp4").unlink()
    return folder


def video_cut(spool: Spool) -> Path:
    """Leave a video that is shorter than its manifest says."""
    folder = finished(spool)
    (folder / "final.mp4").write_bytes(b"fin")
    return folder


def video_changed(spool: Spool) -> Path:
    """Leave a video of the right size with a byte flipped."""
    folder = finished(spool)
    (folder / "final.mp4").write_bytes(b"fInal")
    return folder


def manifest_torn(spool: Spool) -> Path:
    """Leave a video whose manifest cannot be read."""
    folder = finished(spool)
    (folder / "manifest.json").write_text("{")
    return folder


def failed_without_reason(spool: Spool) -> Path:
    """Leave a failed task that does not say why."""
    folder = failed(spool)
    (folder / "reason.json").unlink()
    return folder


def refused_without_reason(spool: Spool) -> Path:
    """Leave a refused file that does not say why."""
    path = spool.root / "trash/invalid/clip.mp4"
    path.write_bytes(b"x")
    return path


def foreign(spool: Spool) -> Path:
    """Leave a folder that no node put into processing/."""
    path = spool.processing / "mine"
    path.mkdir()
    return path


def claim_of_the_dead(spool: Spool) -> Path:
    """Leave a claim of a node of this machine whose process ended."""
    says(spool, "n1")
    return claimed(spool, published(spool)).folder


def half_claim_of_the_dead(spool: Spool) -> Path:
    """Leave a claim between its two renames, of a node of this machine whose process ended."""
    says(spool, "n1")
    task_id = published(spool).task_id
    half = spool.processing / f".{task_id}.n1.1"
    durable.move(spool.tasks / task_id, half)
    return half


def claim_of_the_silent(spool: Spool) -> Path:
    """Leave a claim of a node of another machine whose paper is old."""
    says(spool, "n1", host="elsewhere")
    os.utime(paper_of(spool.nodes, "n1"), (1, 1))
    return claimed(spool, published(spool)).folder


def side_without_file(spool: Spool) -> Path:
    """Leave what an intake leaves that dies between a side file and its file."""
    path = shelve(spool, "scanned/story/a/s/voice/w.mp3", b"other")
    path.unlink()
    return side_path(path)


def file_without_side(spool: Spool) -> Path:
    """Leave a file in the library that was never measured."""
    path = shelve(spool, "scanned/story/a/s/voice/w.mp3", b"other")
    side_path(path).unlink()
    return path


def side_torn(spool: Spool) -> Path:
    """Leave a side file that cannot be read."""
    path = shelve(spool, "scanned/story/a/s/voice/w.mp3", b"other")
    side_path(path).write_text("{")
    return path


def file_cut(spool: Spool) -> Path:
    """Leave a file in the library that is shorter than it was."""
    path = shelve(spool, "scanned/story/a/s/voice/w.mp3", b"other")
    path.write_bytes(b"oth")
    return path


def file_changed(spool: Spool) -> Path:
    """Leave a file in the library with a byte flipped."""
    path = shelve(spool, "scanned/story/a/s/voice/w.mp3", b"other")
    path.write_bytes(b"oTher")
    return path


def stray(spool: Spool) -> Path:
    """Leave what a process left half done before this machine started."""
    path = spool.output / ".tmp-0123"
    path.mkdir()
    (path / "half").write_text("x")
    os.utime(path, (1, 1))
    return path


def stray_file(spool: Spool) -> Path:
    """Leave a file that was being written when the power went."""
    path = spool.processing / ".nodes/.tmp-0123"
    path.touch()
    os.utime(path, (1, 1))
    return path


def stray_with_token(spool: Spool) -> Path:
    """Leave a task that was being built when the power went."""
    path = spool.tasks / ".tmp-0123"
    (path / "out.1").mkdir(parents=True)
    os.utime(path, (1, 1))
    return path


WRONG = (
    Wrong(task_twice, "two-tokens"),
    Wrong(video_and_task, "two-tokens"),
    Wrong(claim_without_token, "no-token"),
    Wrong(task_without_token, "no-token", is_repaired=True),
    Wrong(task_without_paper, "broken-task", is_repaired=True),
    Wrong(task_of_another_name, "broken-task", is_repaired=True),
    Wrong(task_with_dead_link, "broken-task"),
    Wrong(task_with_lease, "leftover-lease", "note", is_repaired=True),
    Wrong(video_missing, "torn-output"),
    Wrong(video_cut, "torn-output"),
    Wrong(video_changed, "torn-output", is_quick=False),
    Wrong(manifest_torn, "torn-output"),
    Wrong(failed_without_reason, "no-reason"),
    Wrong(refused_without_reason, "no-reason"),
    Wrong(foreign, "foreign"),
    Wrong(claim_of_the_dead, "dead-claim", "note", is_repaired=True),
    Wrong(half_claim_of_the_dead, "dead-claim", "note", is_repaired=True),
    Wrong(claim_of_the_silent, "dead-claim", "note"),
    Wrong(side_without_file, "library", "note"),
    Wrong(file_without_side, "library"),
    Wrong(side_torn, "library"),
    Wrong(file_cut, "library"),
    Wrong(file_changed, "library", is_quick=False),
    Wrong(stray, "stray", "note", is_repaired=True),
    Wrong(stray_file, "stray", "note", is_repaired=True),
    Wrong(stray_with_token, "stray", "note"),
)
each_wrong = pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: str(wrong.spoil.__name__))


@each_wrong
def test_what_is_wrong_is_found_once(spool: Spool, wrong: Wrong) -> None:
    """Each kind of trouble is one finding with its code, its weight and its place; hashes are read only when asked."""
    where = wrong.spoil(spool).relative_to(spool.root).as_posix()

    expected = [(wrong.code, wrong.severity, where, wrong.is_repaired)]
    assert found_in(spool, quick=False) == expected
    assert found_in(spool) == (expected if wrong.is_quick else [])


@each_wrong
def test_repair_touches_only_what_it_may(spool: Spool, wrong: Wrong) -> None:
    """What can be repaired is, and then nothing is found; all else is left exactly as it was, and stays an error."""
    wrong.spoil(spool)
    before = sorted(spool.root.rglob("*"))
    found = fsck.examine(spool, quick=False)

    done = fsck.repair(spool, found)

    assert [one.code for one in done] == ([wrong.code] if wrong.is_repaired else [])
    if wrong.is_repaired:
        assert fsck.examine(spool, quick=False) == []
    else:
        assert sorted(spool.root.rglob("*")) == before
        assert fsck.examine(spool, quick=False) == found


def test_every_finding_says_what_to_do(spool: Spool) -> None:
    """Of each finding the message names the thing and the remedy is a sentence."""
    for wrong in (claim_of_the_dead, failed_without_reason, foreign, stray, task_with_dead_link, video_cut):
        wrong(spool)

    found = fsck.examine(spool, quick=True)

    assert len(found) == 6
    for one in found:
        assert Path(one.path).name in one.message
        assert one.remedy[0].isupper()
        assert one.remedy.endswith(".")


def test_dead_claim_goes_back_with_an_attempt_counted(spool: Spool) -> None:
    """A repair brings a dead node's task to tasks/ by the way every sweep goes (A3, P18)."""
    folder = claim_of_the_dead(spool)

    (done,) = fsck.repair(spool, fsck.examine(spool, quick=True))

    assert done.message == f"processing/{folder.name} went to tasks/"
    assert read_task(spool.tasks / folder.name).attempts == 1


def test_repair_leaves_what_came_to_life(spool: Spool) -> None:
    """A claim whose node started between the look and the repair stays with it (P4)."""
    folder = claim_of_the_dead(spool)
    found = fsck.examine(spool, quick=True)

    with spool.holding("node-n1"):
        assert fsck.repair(spool, found) == []

    assert (folder / "out.1").is_dir()


# -- the verbs ---------------------------------------------------------------------------------------------------------


Videogen = Callable[..., Said]


@pytest.fixture
def videogen(spool: Spool, capsys: pytest.CaptureFixture[str]) -> Videogen:
    """The command line on this spool."""

    def call(*words: str) -> Said:
        return said_by(spool.root, capsys, *words)

    return call


def test_fsck_verb_ends_by_what_is_left(spool: Spool, videogen: Videogen) -> None:
    """`fsck` ends with 0 on a sound spool and on notes, with 65 on errors, and names each finding."""
    assert videogen("fsck") == Said(0, "everything is in its place\n", "")
    claim_of_the_dead(spool)
    assert videogen("fsck", "--quick").status == 0
    where = video_changed(spool)

    said = videogen("fsck", "--json")

    assert said.status == 65
    told = json.loads(said.out)
    assert [one["code"] for one in told["findings"]] == ["dead-claim", "torn-output"]
    assert told["findings"][1]["path"] == f"output/{where.name}"
    assert videogen("fsck", "--quick").status == 0


def test_fsck_verb_repairs(spool: Spool, videogen: Videogen) -> None:
    """`fsck --repair` says what it did, and ends with 0 where nothing is left."""
    folder = task_without_paper(spool)

    said = videogen("fsck", "--repair")

    assert said.status == 0
    assert f"repaired: tasks/{folder.name} went to trash/failed" in said.out
    assert "everything is in its place" in said.out


def test_drain_is_asked_for_until_resume(spool: Spool, videogen: Videogen) -> None:
    """`drain` leaves a request that a node finds, `resume` takes it away, and both say what will happen."""
    says(spool, "n1")
    request = drain_of(spool.nodes, "n1")

    said = videogen("drain", "n1")

    assert (said.status, request.exists()) == (0, True)
    assert "does not run" in said.out
    with spool.holding("node-n1"):
        assert "takes no more until" in videogen("drain", "n1").out
        assert videogen("resume", "n1").out == "the node n1 takes tasks again now\n"
    assert not request.exists()
    assert videogen("resume", "n1").out == "the node n1 was not asked to drain\n"


@pytest.mark.parametrize("verb", ["drain", "resume"])
@pytest.mark.parametrize("name", ["n2", "../n1", ""])
def test_unknown_node_is_named_with_those_there_are(spool: Spool, videogen: Videogen, verb: str, name: str) -> None:
    """A node that never ran is refused with the names of those that did, and nothing is written."""
    says(spool, "n1")
    paper = NodePaper(node="n1.tune", incarnation="i1")  # not even one that reads like a node's is one
    durable.write(spool.nodes / "n1.tune.json", paper.model_dump_json())
    before = sorted(spool.root.rglob("*"))

    said = videogen(verb, name)

    assert said == Said(65, "", f"videogen: no node is named {name}. These are: n1.\n")
    assert sorted(spool.root.rglob("*")) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_drain_waits_until_the_node_is_drained(spool: Spool, videogen: Videogen) -> None:
    """`drain --wait` returns when the node's paper says drained, not before."""
    says(spool, "n1", host="elsewhere")
    pid = os.fork()
    if pid == 0:
        while not drain_of(spool.nodes, "n1").exists():
            time.sleep(0.01)
        says(spool, "n1", host="elsewhere", state="draining", beat=2)
        time.sleep(0.4)
        says(spool, "n1", host="elsewhere", state="drained", beat=3)
        os._exit(0)

    began = time.monotonic()
    said = videogen("drain", "n1", "--wait", "--json")
    os.waitpid(pid, 0)

    assert json.loads(said.out) == {"node": "n1", "asked": "drain", "state": "drained", "held": [], "dry_run": False}
    assert time.monotonic() - began >= 0.4


def test_drain_does_not_wait_for_the_dead(spool: Spool, videogen: Videogen) -> None:
    """`drain --wait` on a node whose process ended leaves the request and ends with 75."""
    says(spool, "n1")

    said = videogen("drain", "n1", "--wait")

    assert said.status == 75
    assert "gives no sign of life" in said.err
    assert drain_of(spool.nodes, "n1").exists()


def test_retry_brings_failed_tasks_back(spool: Spool, videogen: Videogen) -> None:
    """`retry` takes ids, their beginnings, or all that failed; each comes back with no attempts counted."""
    first, second, third = sorted(failed(spool).name for _ in range(3))

    assert videogen("retry", first, second[:13]).out == f"{first} went to tasks/\n{second} went to tasks/\n"
    assert [path.name for path in visible(spool.tasks)] == [first, second]
    assert json.loads(videogen("retry", "--failed", "--json").out) == {
        "retried": [{"task": third, "did": "went to tasks/", "refused": ""}],
        "dry_run": False,
    }
    assert videogen("retry", "--failed") == Said(0, "nothing has failed\n", "")


def test_dry_retry_changes_nothing(spool: Spool, videogen: Videogen) -> None:
    """`retry --dry-run` says what would be done, and what would be refused, and leaves all as it is."""
    good, bad = failed(spool), failed(spool)
    (bad / ".fenced.1").rmdir()
    before = sorted(spool.root.rglob("*"))

    said = videogen("retry", "--failed", "--dry-run")

    assert said.status == 75
    assert f"{good.name} would go to tasks/" in said.out
    assert f"refused  {bad.name}: trash/failed/{bad.name} has no token" in said.out
    assert sorted(spool.root.rglob("*")) == before


def test_retry_goes_on_after_one_that_cannot(spool: Spool, videogen: Videogen) -> None:
    """Of several tasks those that can be retried are, though an id is unknown: 75."""
    good = failed(spool).name

    said = videogen("retry", "no-such-task", good)

    assert said.status == 75
    assert "refused  no-such-task: no failed task begins with 'no-such-task'" in said.out
    assert [path.name for path in visible(spool.tasks)] == [good]


@pytest.mark.parametrize("words", [("retry",), ("retry", "--failed", "x")])
def test_retry_must_be_told_what(videogen: Videogen, words: tuple[str, ...]) -> None:
    """`retry` with neither ids nor --failed, or with both, is wrong usage: 2."""
    assert videogen(*words).status == 2


def test_no_spool_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verbs on a folder that is no spool end with 78 and make nothing there."""
    for words in (("fsck",), ("drain", "n1"), ("resume", "n1"), ("retry", "--failed")):
        with pytest.raises(SystemExit) as end:
            run(lambda words=words: app(["--root", str(tmp_path), *words]))  # type: ignore[misc]
        assert end.value.code == 78
    assert list(tmp_path.iterdir()) == []
