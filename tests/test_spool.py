"""The protocol of a task: one winner, one commit, nothing lost."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from tests import papers
from videogen import durable, points
from videogen.errors import Defect, LeaseLost, MediaError, RoomsApart, SetupError
from videogen.model.manifest import Manifest
from videogen.model.task import Lease, Task
from videogen.spool import Claim, Identity, Spool, Sweeper, read_task, visible

FORK = get_context("fork")


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


BROKEN = MediaError("the clip is broken", remedy="Replace it.", code="decode-error")


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


def recovered(spool: Spool, node: str, incarnation: str, *held: str) -> list[str]:
    """Have a node look what it does not work on; give the ids that went back to tasks/."""
    swept = Sweeper(spool, Identity(node, incarnation, lambda: frozenset(held))).look("now")
    return [one.task_id for one in swept if one.room == "tasks"]


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


@pytest.mark.parametrize("room", ["tasks", "processing", "output", "failed"])
def test_same_id_is_published_once(spool: Spool, room: str) -> None:
    """An id that is in any room is not published again, and what lies there is not touched."""
    task = published(spool)
    bring_to(spool, task, room)
    before = everything(spool)

    assert spool.publish(task, fill) is False

    assert everything(spool) == before
    assert rooms_of(spool, task.task_id) == [room]


def bring_to(spool: Spool, task: Task, room: str) -> None:
    """Take a published task on to a room."""
    if room == "tasks":
        return
    claim = claimed(spool, task)
    if room == "output":
        spool.finish(claim, papers.manifest(task))
    elif room == "failed":
        spool.discard(claim, BROKEN, stage="render", at="now")


def everything(spool: Spool) -> list[Path]:
    """List every name below the root, dot names and all."""
    return sorted(spool.root.rglob("*"))


@pytest.mark.parametrize(
    ("room", "told"), [("tasks", "tasks"), ("processing", "processing"), ("output", "output"), ("failed", "trash")]
)
def test_room_is_the_status(spool: Spool, room: str, told: str) -> None:
    """A task is told to be in the room it lies in, on its way between two in processing, and before that nowhere."""
    task = papers.task()
    assert spool.room_of(task.task_id) is None
    spool.publish(task, fill)
    bring_to(spool, task, room)

    assert spool.room_of(task.task_id) == told

    if room == "tasks":
        durable.move(spool.tasks / task.task_id, spool.processing / f".{task.task_id}.n1.1")
        assert spool.room_of(task.task_id) == "processing"


def test_task_that_cannot_be_filled_is_never_seen(spool: Spool) -> None:
    """Where its links cannot be made a task does not exist, and it can be published later."""

    def full_disk(folder: Path) -> None:
        fill(folder)
        raise OSError(28, "No space left on device")

    task = papers.task()
    with pytest.raises(OSError, match="No space"):
        spool.publish(task, full_disk)
    assert visible(spool.tasks) == []

    assert spool.publish(task, fill) is True
    assert claimed(spool, task).epoch == 1


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


def test_claim_says_whose_it_is(spool: Spool) -> None:
    """A claim has a lease with node, incarnation, epoch and process, a place to work, and its papers (A3)."""
    task = published(spool)

    claim = claimed(spool, task, "n1", "i1")

    lease = Lease.model_validate_json((claim.folder / "lease.json").read_bytes())
    assert lease.model_dump() == {
        "task_id": task.task_id,
        "node": "n1",
        "incarnation": "i1",
        "epoch": 1,
        "host": socket.gethostname(),
        "pid": os.getpid(),
    }
    assert (claim.task, claim.epoch, claim.folder) == (task, 1, spool.processing / task.task_id)
    assert claim.out.is_dir()
    assert claim.scratch.is_dir()


def test_racing_processes_share_without_overlap(spool: Spool) -> None:
    """Eight processes that want the same 200 tasks get each exactly once between them (A3, P3)."""
    ids = [published(spool).task_id for _ in range(200)]

    with ProcessPoolExecutor(8, mp_context=FORK) as pool:
        won = list(pool.map(partial(claim_all, spool.root, ids), [f"n{index}" for index in range(8)]))

    assert sorted(task_id for mine in won for task_id in mine) == sorted(ids)
    assert sorted(path.name for path in visible(spool.processing)) == sorted(ids)
    assert list(spool.processing.glob(".*-*")) == []
    for node, mine in enumerate(won):
        assert {json.loads((spool.processing / one / "lease.json").read_text())["node"] for one in mine} <= {f"n{node}"}


def claim_all(root: Path, ids: list[str], node: str) -> list[str]:
    """Try to claim every task; give those that were won."""
    spool = Spool(root)
    return [task_id for task_id in ids if spool.claim(task_id, node, node) is not None]


@pytest.mark.parametrize("task_id", ["6f1c1ab0-3b52-4c0e-9d1f-5a0c5d3e7b21", "not-an-id"])
def test_what_is_not_there_cannot_be_claimed(spool: Spool, task_id: str) -> None:
    """A claim of nothing gives nothing and leaves nothing."""
    before = everything(spool)

    assert spool.claim(task_id, "n1", "i1") is None

    assert everything(spool) == before


def test_finish_publishes_by_one_rename(spool: Spool) -> None:
    """What lay in the claim's out folder is output/<id>, with its manifest; the claim is gone (A3)."""
    claim = claimed(spool, published(spool))
    (claim.out / "final.mp4").write_bytes(b"video")

    target = spool.finish(claim, papers.manifest(claim.task))

    assert sorted(path.name for path in target.iterdir()) == ["final.mp4", "manifest.json"]
    assert Manifest.model_validate_json((target / "manifest.json").read_bytes()) == papers.manifest(claim.task)
    assert rooms_of(spool, claim.task.task_id) == ["output"]
    assert list(spool.processing.glob(".*-*")) == []


ENDS: dict[str, Callable[[Spool, Claim], object]] = {
    "finish": lambda spool, claim: spool.finish(claim, papers.manifest(claim.task)),
    "release": lambda spool, claim: spool.release(claim, counts=True),
    "discard": lambda spool, claim: spool.discard(claim, BROKEN, stage="render", at="now"),
}


@pytest.mark.parametrize("is_held", [False, True], ids=["back in tasks", "held by another"])
@pytest.mark.parametrize("end", ENDS)
def test_late_holder_changes_nothing(spool: Spool, end: str, is_held: bool) -> None:
    """A node whose task was taken away learns LeaseLost from whatever it tries, and touches nothing (P2, P4)."""
    task = published(spool)
    zombie = claimed(spool, task)
    durable.write(zombie.out / "final.mp4", b"late")
    recovered(spool, "n1", "i2")
    if is_held:
        assert claimed(spool, task, "n2", "i3").epoch == 2
    before = everything(spool)

    with pytest.raises(LeaseLost):
        ENDS[end](spool, zombie)

    assert everything(spool) == before
    assert rooms_of(spool, task.task_id) == ["processing" if is_held else "tasks"]


@pytest.mark.parametrize("end", ENDS)
def test_nothing_ends_twice(spool: Spool, end: str) -> None:
    """A claim that has ended cannot end again, in any way, and the first end stands (P2)."""
    claim = claimed(spool, published(spool))
    ENDS[end](spool, claim)
    before = everything(spool)

    for again in ENDS.values():
        with pytest.raises(LeaseLost):
            again(spool, claim)

    assert everything(spool) == before


def test_of_two_ends_at_once_one_wins(spool: Spool) -> None:
    """When one process publishes what another gives back, each task is in output/ or in tasks/, never in both (P4)."""
    claims = [claimed(spool, published(spool)) for _ in range(60)]

    with ProcessPoolExecutor(2, mp_context=FORK) as pool:
        finished, back = pool.map(partial(end_all, spool.root, claims), ["finish", "release"])

    assert sorted(finished + back) == sorted(claim.task.task_id for claim in claims)
    assert sorted(path.name for path in visible(spool.output)) == sorted(finished)
    assert sorted(path.name for path in visible(spool.tasks)) == sorted(back)


def end_all(root: Path, claims: list[Claim], end: str) -> list[str]:
    """End every claim in one way, as far as another has not ended it; give the ids."""
    ended = []
    for claim in claims:
        try:
            ENDS[end](Spool(root), claim)
        except LeaseLost:
            continue
        ended.append(claim.task.task_id)
    return ended


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


def test_released_attempt_is_kept_for_people(spool: Spool) -> None:
    """What FFmpeg said in an attempt that went back lies in trash/attempts under id and epoch, without its scratch."""
    claim = claimed(spool, published(spool))
    claim.log.write_text("words of the first attempt")
    (claim.scratch / "big").write_text("gigabytes")

    spool.release(claim, counts=True)

    kept = spool.attempts / f"{claim.task.task_id}.1"
    assert (kept / "stderr.log").read_text() == "words of the first attempt"
    assert list(spool.root.rglob("big")) == []
    assert not (spool.tasks / claim.task.task_id / "stderr.log").exists()


def test_released_task_can_be_finished(spool: Spool) -> None:
    """A task given back twice is taken a third time under epoch 3 and published."""
    task = published(spool)
    for _ in range(2):
        spool.release(claimed(spool, task), counts=True)

    claim = claimed(spool, task)
    spool.finish(claim, papers.manifest(claim.task))

    assert (claim.epoch, claim.task.attempts) == (3, 2)
    assert rooms_of(spool, task.task_id) == ["output"]


@pytest.mark.parametrize("words", [None, "FFmpeg's own words"])
def test_discarded_task_has_reason_and_log(spool: Spool, words: str | None) -> None:
    """A task in trash/failed tells its code and remedy and has a stderr.log, its papers and no scratch (A10)."""
    claim = claimed(spool, published(spool))
    if words:
        claim.log.write_text(words)

    target = spool.discard(claim, BROKEN, stage="render", at="2026-01-01T00:00:00Z")

    reason = json.loads((target / "reason.json").read_text())
    assert (reason["code"], reason["remedy"], reason["stage"]) == ("decode-error", "Replace it.", "render")
    assert (words or "the clip is broken") in (target / "stderr.log").read_text()
    assert read_task(target) == claim.task
    assert (target / "voice.mp3").is_symlink()
    assert [path.name for path in target.glob(".*")] == [".fenced.1"], "the token rests there, for a retry"
    assert rooms_of(spool, claim.task.task_id) == ["failed"]


def test_recovery_leaves_living_nodes_alone(spool: Spool) -> None:
    """A node gives back only what its own earlier life held."""
    mine, other = claimed(spool, published(spool)), claimed(spool, published(spool), node="n2")

    back = recovered(spool, "n1", "i2")

    assert back == [mine.task.task_id]
    assert rooms_of(spool, other.task.task_id) == ["processing"]


def test_recovery_leaves_work_in_hand_alone(spool: Spool) -> None:
    """What a node works on in its present life stays; what it holds and nobody works on goes back (P13)."""
    claim = claimed(spool, published(spool), "n1", "i1")

    assert recovered(spool, "n1", "i1", claim.task.task_id) == []
    assert claim.out.is_dir()

    assert recovered(spool, "n1", "i1") == [claim.task.task_id]


def test_recovery_counts_a_death_as_an_attempt(spool: Spool) -> None:
    """A task whose node died comes back with one attempt more and a new epoch, so that a poison task ends (P18)."""
    task = published(spool)
    claimed(spool, task)

    assert recovered(spool, "n1", "i2") == [task.task_id]

    again = claimed(spool, task, "n1", "i2")
    assert (again.task.attempts, again.epoch) == (1, 2)


def test_half_a_claim_goes_back_uncounted(spool: Spool) -> None:
    """A task whose node died between the two renames of a claim goes back by that node alone, and costs no attempt."""
    task = published(spool)
    durable.move(spool.tasks / task.task_id, spool.processing / f".{task.task_id}.n1.1")
    assert recovered(spool, "n2", "i2") == []

    assert recovered(spool, "n1", "i2") == [task.task_id]

    again = claimed(spool, task)
    assert (again.task.attempts, again.epoch) == (0, 1)


def test_recovery_clears_what_was_published(spool: Spool) -> None:
    """A node that died right after the commit has published: the claim goes, the video stays, nothing comes back."""
    claim = claimed(spool, published(spool))
    durable.write(claim.out / "final.mp4", b"video")
    durable.move(claim.out, spool.output / claim.task.task_id)

    assert recovered(spool, "n1", "i2") == []

    assert rooms_of(spool, claim.task.task_id) == ["output"]
    assert (spool.output / claim.task.task_id / "final.mp4").read_bytes() == b"video"
    assert list(spool.attempts.iterdir()) == []


def without_paper(spool: Spool) -> str:
    """Leave a folder without metadata.json."""
    (spool.tasks / "junk").mkdir()
    return "junk"


def torn(spool: Spool) -> str:
    """Leave a task whose paper is torn."""
    name = published(spool).task_id
    (spool.tasks / name / "metadata.json").write_text('{"task_id": ')
    return name


def of_another_version(spool: Spool) -> str:
    """Leave a task of a format to come."""
    task = published(spool)
    changed = task.model_dump(mode="json") | {"version": 2}
    (spool.tasks / task.task_id / "metadata.json").write_text(json.dumps(changed))
    return task.task_id


def stray_file(spool: Spool) -> str:
    """Leave a file among the tasks."""
    (spool.tasks / "README").write_text("what was this for?")
    return "README"


def copied_by_hand(spool: Spool) -> str:
    """Leave a copy of a task under another name: its paper names the other."""
    task = papers.task()
    spool.publish(task, fill)
    durable.move(spool.tasks / task.task_id, spool.tasks / "copy-of-a-task")
    return "copy-of-a-task"


def without_token(spool: Spool) -> str:
    """Leave a task that can never be claimed, as it has no commit token."""
    name = published(spool).task_id
    (spool.tasks / name / "out.1").rmdir()
    return name


def broken_again(spool: Spool) -> str:
    """Leave a broken task whose name lies in trash/failed already."""
    name = torn(spool)
    (spool.failed / name).mkdir()
    (spool.failed / name / "kept").touch()
    return name


@pytest.mark.parametrize(
    "leave", [without_paper, torn, of_another_version, stray_file, copied_by_hand, without_token, broken_again]
)
def test_what_is_no_task_is_cleared(spool: Spool, leave: Callable[[Spool], str]) -> None:
    """What lies in tasks/ and can never be claimed goes to trash/failed, is named, and stops no task (A10, A19)."""
    name = leave(spool)
    good = published(spool)

    broken = spool.clear_broken("2026-01-01T00:00:00Z")

    assert [found for found, _ in broken] == [name]
    assert [path.name for path in visible(spool.tasks)] == [good.task_id]
    assert [task.task_id for task in spool.waiting()] == [good.task_id]
    assert [path for path in spool.failed.rglob("*") if path.name.endswith("reason.json")] != []
    assert spool.clear_broken("2026-01-01T00:00:00Z") == []


def test_what_cannot_be_cleared_is_told_once(spool: Spool) -> None:
    """What lies in tasks/ and may not be looked into, or cannot be moved, is told once, not at each look."""
    torn(spool)
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.write.before_rename=eio"})
    try:
        with capture_logs() as said:
            found = [spool.clear_broken("now") for _ in range(3)]
    finally:
        points.arm({})

    assert found == [[], [], []]
    assert [line["event"].startswith("Cannot set tasks/") for line in said] == [True]


def test_waiting_passes_over_what_is_no_task(spool: Spool) -> None:
    """A broken neighbour or a stray file does not hide the tasks that are whole."""
    for leave in (without_paper, torn, of_another_version, stray_file):
        leave(spool)
    good = published(spool)

    assert [task.task_id for task in spool.waiting()] == [good.task_id]


def test_laying_out_twice_changes_nothing(spool: Spool) -> None:
    """Rooms that are there stay as they are, with what they hold (A1)."""
    published(spool)
    before = everything(spool)

    spool.lay_out()

    assert everything(spool) == before
    rooms = ["output", "processing", "raw", "scanned", "tasks", "trash"]
    assert [path.name for path in visible(spool.root)] == rooms


@pytest.mark.parametrize("room", ["raw", "scanned", "tasks", "processing", "output", "trash"])
def test_missing_room_is_named(spool: Spool, room: str) -> None:
    """A root without one of its rooms is no spool; the error names the room and says what to run."""
    (spool.root / room).rename(spool.root / "elsewhere")
    before = everything(spool)

    with pytest.raises(SetupError, match=rf"no {room}/.*init"):
        spool.prove()

    assert everything(spool) == before


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

    with spool.holding("main"), spool.holding("node-n1"):
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
