"""The protocol of a task: one winner, one commit, nothing lost."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests import papers
from videogen import durable
from videogen.errors import Defect, LeaseLost, MediaError, RoomsApart, SetupError
from videogen.model.task import Task
from videogen.spool import Claim, Spool, read_task, visible


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Empty rooms."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    return made


def fill(folder: Path) -> None:
    """Put what a task holds beside its paper into its folder."""
    durable.point_at(folder / "voice.mp3", "../../scanned/story/a/s/voice/v.mp3")
    durable.write(folder / "video_list.txt", "ffconcat version 1.0\n")


def published(spool: Spool, *, priority: int = 5) -> Task:
    """Publish a task."""
    task = papers.task(priority=priority)
    assert spool.publish(task, fill)
    return task


def claimed(spool: Spool, task: Task, node: str = "n1", incarnation: str = "i1") -> Claim:
    """Claim a task that nobody else wants."""
    claim = spool.claim(task.task_id, node, incarnation)
    assert claim is not None
    return claim


def rooms_of(spool: Spool, task_id: str) -> list[str]:
    """List every room in which something visible has this id."""
    rooms = {"tasks": spool.tasks, "processing": spool.processing, "output": spool.output, "failed": spool.failed}
    return [name for name, room in rooms.items() if (room / task_id).exists()]


def test_published_task_is_whole(spool: Spool) -> None:
    """A task in tasks/ has its paper, its links and the token of epoch 1 (A1)."""
    task = published(spool)

    folder = spool.tasks / task.task_id
    assert read_task(folder) == task
    assert sorted(path.name for path in folder.iterdir()) == ["metadata.json", "out.1", "video_list.txt", "voice.mp3"]


def test_same_id_is_published_once(spool: Spool) -> None:
    """An id that is in any room is not published again."""
    task = published(spool)
    claimed(spool, task)

    assert spool.publish(task, fill) is False


def test_urgent_and_old_tasks_come_first(spool: Spool) -> None:
    """Waiting tasks are ordered by priority, then by age (A2)."""
    old, new, urgent = published(spool), published(spool), published(spool, priority=9)
    for index, task in enumerate((old, new, urgent)):
        os.utime(spool.tasks / task.task_id, (index, index))

    assert [task.task_id for task in spool.waiting()] == [urgent.task_id, old.task_id, new.task_id]


def test_claim_has_one_winner(spool: Spool) -> None:
    """Of two nodes that want the same task, the second gets nothing (A3, P3)."""
    task = published(spool)

    first, second = spool.claim(task.task_id, "n1", "i1"), spool.claim(task.task_id, "n2", "i2")

    assert first is not None
    assert second is None
    assert rooms_of(spool, task.task_id) == ["processing"]


def _claim_all(root: Path, node: str, ids: list[str], won: Path) -> None:
    spool = Spool(root)
    mine = [task_id for task_id in ids if spool.claim(task_id, node, node) is not None]
    won.write_text(json.dumps(mine))


def test_racing_processes_share_without_overlap(spool: Spool, tmp_path: Path) -> None:
    """Six processes that want the same 60 tasks get each exactly once between them (A3, P3)."""
    ids = [published(spool).task_id for _ in range(60)]
    context = multiprocessing.get_context("spawn")

    racers = [
        context.Process(target=_claim_all, args=(spool.root, f"n{index}", ids, tmp_path / f"won{index}"))
        for index in range(6)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    won = [task_id for index in range(6) for task_id in json.loads((tmp_path / f"won{index}").read_text())]
    assert sorted(won) == sorted(ids)


def test_finish_publishes_by_one_rename(spool: Spool) -> None:
    """What lay in the claim's out folder is output/<id>, with its manifest; the claim is gone (A3)."""
    claim = claimed(spool, published(spool))
    (claim.out / "final.mp4").write_bytes(b"video")

    target = spool.finish(claim, papers.manifest(claim.task))

    assert sorted(path.name for path in target.iterdir()) == ["final.mp4", "manifest.json"]
    assert rooms_of(spool, claim.task.task_id) == ["output"]


def test_late_holder_publishes_nothing(spool: Spool) -> None:
    """A node whose task was taken away and is held by another cannot publish the other's work (P4)."""
    task = published(spool)
    zombie = claimed(spool, task)
    (zombie.out / "final.mp4").write_bytes(b"late")
    spool.recover("n1", "i2")
    holder = claimed(spool, task, "n2", "i3")

    with pytest.raises((LeaseLost, OSError)):
        spool.finish(zombie, papers.manifest(task))

    assert rooms_of(spool, task.task_id) == ["processing"]
    assert holder.out.is_dir()
    assert holder.epoch == 2


def test_output_is_never_overwritten(spool: Spool) -> None:
    """An id that was published keeps what it has, and the second one is a defect (P2)."""
    claim = claimed(spool, published(spool))
    (claim.out / "final.mp4").write_bytes(b"second")
    first = spool.output / claim.task.task_id
    first.mkdir()
    (first / "final.mp4").write_bytes(b"first")

    with pytest.raises(Defect):
        spool.finish(claim, papers.manifest(claim.task))

    assert (first / "final.mp4").read_bytes() == b"first"


@pytest.mark.parametrize(("counts", "attempts"), [(False, 0), (True, 1)])
def test_released_task_is_whole_again(spool: Spool, counts: bool, attempts: int) -> None:
    """A task given back has its links, a new epoch, and an attempt more only when it counts."""
    claim = claimed(spool, published(spool))

    spool.release(claim, counts=counts, not_before_s=3)

    again = spool.tasks / claim.task.task_id
    assert (read_task(again).attempts, read_task(again).not_before_s) == (attempts, 3)
    assert sorted(path.name for path in again.iterdir()) == ["metadata.json", "out.2", "video_list.txt", "voice.mp3"]
    assert (again / "voice.mp3").readlink() == Path("../../scanned/story/a/s/voice/v.mp3")
    assert rooms_of(spool, claim.task.task_id) == ["tasks"]


def test_discarded_task_has_reason_and_log(spool: Spool) -> None:
    """A task in trash/failed tells its code and remedy and has a stderr.log (A10)."""
    claim = claimed(spool, published(spool))
    error = MediaError("the clip is broken", remedy="Replace it.", code="decode-error")

    target = spool.discard(claim, error, stage="render", at="2026-01-01T00:00:00Z")

    reason = json.loads((target / "reason.json").read_text())
    assert (reason["code"], reason["remedy"], reason["stage"]) == ("decode-error", "Replace it.", "render")
    assert (target / "stderr.log").is_file()
    assert rooms_of(spool, claim.task.task_id) == ["failed"]


def test_recovery_leaves_living_nodes_alone(spool: Spool) -> None:
    """A node gives back only what its own earlier life held."""
    mine, other = claimed(spool, published(spool)), claimed(spool, published(spool), node="n2")

    back = spool.recover("n1", "i2")

    assert back == [mine.task.task_id]
    assert rooms_of(spool, other.task.task_id) == ["processing"]


def test_what_is_no_task_is_cleared(spool: Spool) -> None:
    """A folder in tasks/ without a task's paper goes to trash/failed with its reason and stops no other."""
    good = published(spool)
    (spool.tasks / "junk").mkdir()
    (spool.tasks / "torn").mkdir()
    (spool.tasks / "torn" / "metadata.json").write_text('{"task_id": ')

    broken = spool.clear_broken("2026-01-01T00:00:00Z")

    assert [name for name, _ in broken] == ["junk", "torn"]
    assert (spool.failed / "torn" / "reason.json").is_file()
    assert [task.task_id for task in spool.waiting()] == [good.task_id]


def test_role_is_held_by_one_process(spool: Spool) -> None:
    """A second holder is refused while the first lives, and welcome after it was killed."""
    script = "from pathlib import Path; import sys, time; from videogen.spool import Spool\n"
    script += "with Spool(Path(sys.argv[1])).holding('main'): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", script, str(spool.root)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"

    with pytest.raises(SetupError, match="another main"), spool.holding("main"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()

    with spool.holding("main"):
        pass


def test_rooms_apart_are_found(spool: Spool) -> None:
    """A room on another filesystem is found at start by a trial rename, and nothing is left of the trial (A1)."""
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == spool.root.stat().st_dev:
        pytest.skip("no second filesystem: /dev/shm is missing or the same")
    apart = elsewhere / f"videogen-test-{uuid4().hex}"
    apart.mkdir()
    (spool.root / "output").rmdir()
    (spool.root / "output").symlink_to(apart)

    try:
        with pytest.raises(RoomsApart):
            spool.prove()
        assert list(apart.iterdir()) == []
    finally:
        apart.rmdir()
    left = [path for room in ("raw", "scanned", "tasks", "processing") for path in (spool.root / room).glob(".tmp*")]
    assert left == []


def test_proof_leaves_nothing(spool: Spool) -> None:
    """A spool that is one filesystem passes and looks as before."""
    before = sorted(spool.root.rglob("*"))

    spool.prove()

    assert sorted(spool.root.rglob("*")) == before
    assert visible(spool.tasks) == []
