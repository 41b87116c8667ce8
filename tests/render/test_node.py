"""What a node does with one task, over a real spool: takes what it may, and brings each end about (A3, A10, A21).

Nothing is encoded here: what a render would have left is laid where it would lie.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests import papers
from tests.crash.stub_node import lay_out
from tests.test_spool import fill, rooms_of
from videogen import durable, points
from videogen.errors import (
    Defect,
    LeaseLost,
    MediaError,
    MissingInput,
    NoSpace,
    SetupError,
    Stalled,
    Stopped,
    TemporaryError,
)
from videogen.metrics import Meter
from videogen.model.manifest import Manifest
from videogen.model.profile import Encoder
from videogen.model.task import ATTEMPTS, Reason, Task
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Caption, Chapter, Gap, Timeline
from videogen.render import Bench, Done, Node, Outcome, Proof, Setup
from videogen.render import node as node_module
from videogen.render.job import Held, Job
from videogen.segments import Segments
from videogen.spool import Identity, Spool, Sweeper, read_task, visible
from videogen.spool.papers import token
from videogen.spool.queue import Queue

BENCH = Bench(program=Path("/nonexistent"), toolchain="t", encoder=Encoder())
SENTENCE = {"remedy": "A test made it."}
VIDEO = b"a video's bytes " * 1000


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MutableMapping[str, Any]]]:
    """Keep the log, leave no rule behind, and wait for nobody."""
    monkeypatch.setattr(node_module, "UPLOAD_WAIT_S", 0.001)
    with capture_logs() as rows:
        yield rows
    points.arm({})


@dataclass
class House:
    """A spool with a library, and nodes in it."""

    root: Path
    spool: Spool = field(init=False)

    def __post_init__(self) -> None:
        lay_out(self.root)
        self.spool = Spool(self.root)

    def publish(self, **changed: object) -> Task:
        """Make a task."""
        task = Task.model_validate({**papers.task().model_dump(), **changed})
        assert self.spool.publish(task, fill)
        return task

    def node(self, name: str = "n1", meter: Meter | None = None, **setup: object) -> Node:
        """Give a node that looks into the spool for the first time."""
        words: dict[str, Any] = {"incarnation": "i1", "bench": BENCH, "retry_s": 30.0, **setup}
        queue = Queue(self.spool.tasks, node=name, tags=frozenset())
        store = Segments(self.root / "scanned" / ".segments")
        return Node(self.spool, store, queue, Setup(name=name, **words), meter or Meter())

    def rooms(self, task: Task) -> list[str]:
        """List every room in which a task lies."""
        return rooms_of(self.spool, task.task_id)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A spool without tasks; its reserve goes at the end, since what tests leave is kept for a while."""
    made = House(tmp_path / "spool")
    yield made
    (made.root / "processing" / ".reserve").unlink(missing_ok=True)


def took(node: Node) -> Job:
    """Take a task that is there."""
    job = node.take()
    assert job is not None
    return job


def rendered(node: Node, job: Job) -> Done:
    """Fetch a task, and lay a video where its render would leave one."""
    node.fetch(job)
    video = job.scratch / "final.mp4"
    video.write_bytes(VIDEO)
    job.done = Done(video, hashlib.sha256(VIDEO).hexdigest(), Proof(30, 48000), frames_encoded=12)
    job.done.segments = {"k1": "encoded", "k2": "reused", "k3": "reused"}
    return job.done


# -- taking ------------------------------------------------------------------------------------------------------------


def test_the_most_urgent_task_is_taken(house: House) -> None:
    """A node takes the task of the highest priority, holds it under its name, and has a place to work in (A2)."""
    house.publish()
    urgent = house.publish(priority=9)
    node = house.node()

    job = took(node)

    assert job.claim.task == urgent
    assert json.loads((job.claim.folder / "lease.json").read_text())["node"] == "n1"
    assert (job.scratch, job.stage, job.halt.is_set()) == (job.claim.scratch, "download", False)
    assert node.held.ids() == {urgent.task_id}


def test_a_task_that_does_not_fit_is_passed_over(house: House) -> None:
    """A task that this disk could not hold stays for others, and a smaller one behind it is taken (A21)."""
    huge = house.publish(priority=9, frames=10**9)
    small = house.publish()
    node = house.node()

    assert took(node).claim.task == small
    assert node.take() is None
    assert house.rooms(huge) == ["tasks"]
    assert node.left() == 1, "it waits, and may fit later"


def test_nothing_is_taken_of_nothing(house: House) -> None:
    """In an empty room there is nothing to take, and nothing is left for later."""
    node = house.node()

    assert node.take() is None
    assert node.left() == 0


def test_what_asks_for_more_is_not_ours(house: House) -> None:
    """A task with a tag that this node has not is neither taken nor counted as left for it."""
    task = house.publish(tags=("gpu",))
    node = house.node()

    assert node.take() is None
    assert node.left() == 0
    assert house.rooms(task) == ["tasks"]


def test_what_waits_for_its_time_is_left(house: House) -> None:
    """A task that was put off is not taken yet, and is counted as left."""
    house.publish(not_before_s=60)
    node = house.node()

    assert node.take() is None
    assert node.left() == 1


def test_patience_leaves_new_tasks_to_idle_nodes(house: House) -> None:
    """A node that is busy leaves what it first saw just now, and takes it without patience."""
    house.publish()
    node = house.node()

    assert node.take(60.0) is None
    assert node.take(0.0) is not None


def test_what_is_no_task_is_set_aside(house: House) -> None:
    """A broken folder in tasks/ goes to trash/failed with its reason, and the task behind it is taken (A10)."""
    broken, good = house.publish(priority=9), house.publish()
    (house.spool.tasks / broken.task_id / "metadata.json").write_text("torn {")
    node = house.node()

    assert took(node).claim.task == good
    assert house.rooms(broken) == ["failed"]
    assert (house.spool.failed / broken.task_id / "reason.json").is_file()


def test_a_claim_that_is_lost_is_counted_and_not_held(house: House) -> None:
    """A task that another wins between the look and the claim costs a count, and is in nobody's hands here (A3)."""
    task, meter = house.publish(), Meter()
    folder = house.spool.tasks / task.task_id
    node = house.node(meter=meter)
    node._queue.look()
    stamp = folder.stat()
    (folder / "out.1").rmdir()  # as the winner's rename leaves it, in the moment before the folder goes
    os.utime(folder, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    assert node.take() is None
    assert node.held.ids() == frozenset()
    assert meter.readings().counts["claim_lost"] == 1


@pytest.mark.parametrize("action", ["eio", "enospc"])
def test_trouble_with_a_claim_is_no_end(house: House, action: str) -> None:
    """A claim that the disk does not let through goes back, and the next look takes it."""
    task = house.publish()
    node = house.node()
    points.arm({"VIDEOGEN_FAILPOINTS": f"claim.after_lease={action}@1"})

    first = node.take()
    points.arm({})

    assert (first, node.held.ids(), house.rooms(task)) == (None, frozenset(), ["tasks"])
    assert took(node).claim.task == task


def test_racing_nodes_share_without_overlap(house: House) -> None:
    """Four nodes that take 40 tasks side by side get each once between them (A3, P3)."""
    ids = [house.publish().task_id for _ in range(40)]
    nodes = [house.node(f"n{nth}") for nth in range(4)]

    def take_all(node: Node) -> list[str]:
        taken = []
        while job := node.take():
            taken.append(job.task_id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [task for mine in pool.map(take_all, nodes) for task in mine]

    assert sorted(taken) == sorted(ids)
    assert sorted(path.name for path in visible(house.spool.processing)) == sorted(ids)


def test_a_second_life_of_a_task_is_counted(house: House) -> None:
    """Claims are counted, and those of tasks that were given out before apart (A12)."""
    house.publish()
    meter = Meter()
    node = house.node(meter=meter)
    job = took(node)
    node.give_back(job, "a test")
    node.held.drop(job.task_id)

    assert took(node).claim.epoch == 2
    counts = meter.readings().counts
    assert (counts["claimed"], counts["claimed_again"]) == (2, 1)


def test_a_hand_that_lets_go_leaves_the_other_s() -> None:
    """A task that one hand just gave back and another took already is still held."""
    held = Held()
    held.take("a")
    held.take("a")
    held.take("b")

    held.drop("a")
    assert held.ids() == {"a", "b"}
    held.drop("a")
    assert held.ids() == {"b"}


# -- fetch and publish -------------------------------------------------------------------------------------------------


def test_fetched_files_are_near(house: House) -> None:
    """After the download the plan is made and every file it asks for lies in the scratch folder (A9)."""
    house.publish()
    node = house.node()
    job = took(node)

    node.fetch(job)

    assert job.order is not None
    assert job.files is not None
    for content in job.order.wanted:
        assert job.files.path(content).parent == job.scratch / "in"


def test_a_halted_fetch_stops(house: House) -> None:
    """A task that is halted before its files came is Stopped, and goes back uncounted."""
    task = house.publish()
    node = house.node()
    job = took(node)
    job.halt.set()

    with pytest.raises(Stopped) as caught:
        node.fetch(job)

    assert node.end(job, caught.value) == "released"
    assert read_task(house.spool.tasks / task.task_id).attempts == 0


def test_what_is_not_made_is_not_published(house: House) -> None:
    """Out of order nothing is rendered or published: a defect, and the task stays where it is."""
    task = house.publish()
    node = house.node()
    job = took(node)

    with pytest.raises(Defect, match="not fetched"):
        node.render(job, lambda _: None)
    with pytest.raises(Defect, match="not rendered"):
        node.publish(job)

    assert house.rooms(task) == ["processing"]


@pytest.mark.parametrize("where", ["in the claim", "on this disk", "elsewhere"])
def test_a_published_video_is_whole(house: House, elsewhere: Path, where: str) -> None:
    """The video is in output/ byte for byte with its manifest, from whichever scratch, which is gone (A16)."""
    scratch = {"in the claim": None, "on this disk": house.root / ".fast", "elsewhere": elsewhere / "fast"}[where]
    task, meter = house.publish(), Meter()
    node = house.node(meter=meter, scratch=scratch)
    job = took(node)
    rendered(node, job)
    job.fallback = "the device broke"

    node.publish(job)

    target = house.spool.output / task.task_id
    assert (target / "final.mp4").read_bytes() == VIDEO
    manifest = Manifest.model_validate_json((target / "manifest.json").read_bytes())
    assert (manifest.node, manifest.epoch, manifest.task) == ("n1", 1, task)
    assert (manifest.frames, manifest.samples, manifest.frames_encoded) == (30, 48000, 12)
    assert (manifest.size_bytes, manifest.fallback) == (len(VIDEO), "the device broke")
    assert manifest.sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert house.rooms(task) == ["output"]
    assert not job.scratch.exists()
    counts = meter.readings().counts
    assert (counts["frames"], counts["cache_hit"], counts["cache_miss"], counts["fallback"]) == (30, 2, 1, 1)
    assert meter.readings().histograms["upload_tries"].counts == (1, 0, 0, 0)


def test_a_video_without_pictures_is_published(house: House, logged: list[MutableMapping[str, Any]]) -> None:
    """Where no picture can be made of a video, the log and the manifest say why, and the video is published (A16)."""
    task = house.publish()
    node = house.node(pictures=True)
    job = took(node)
    rendered(node, job)

    node.publish(job)

    target = house.spool.output / task.task_id
    manifest = Manifest.model_validate_json((target / "manifest.json").read_bytes())
    (told,) = (row for row in logged if row["event"] == "Published without all pictures")
    assert sorted(path.name for path in target.iterdir()) == ["final.mp4", "manifest.json"]
    assert manifest.pictures == {}
    assert manifest.pictures_trouble == told["because"] != ""


def test_texts_lie_beside_a_video(house: House) -> None:
    """Captions, chapters and a tracklist are published with their video, with hashes in the manifest (D9, E1)."""
    told = Timeline(
        canvas=Canvas(width=64, height=36, fps=Fraction(30)),
        picture=(Gap(length=30),),
        captions=(Caption(at=Range(start=3, end=20), text="Hello"),),
        chapters=(Chapter(start=0, title="One"), Chapter(start=15, title="Two")),
    )
    task = house.publish(timeline=told.model_dump(), recipe="mix", story_name="My mix")
    node = house.node()
    job = took(node)
    rendered(node, job)

    node.publish(job)

    target = house.spool.output / task.task_id
    manifest = Manifest.model_validate_json((target / "manifest.json").read_bytes())
    there = {path.name: path.read_bytes() for path in target.iterdir() if path.suffix not in {".mp4", ".json"}}
    assert set(there) == {"captions.srt", "captions.vtt", "chapters.txt", "tracklist.txt"}
    assert manifest.papers == {name: hashlib.sha256(raw).hexdigest() for name, raw in there.items()}
    assert there["captions.srt"] == b"1\n00:00:00,100 --> 00:00:00,667\nHello\n\n"
    assert there["tracklist.txt"].startswith(b"My mix")
    assert manifest.warnings == ("chapters: YouTube makes chapters of 3 lines or more, and there are 2.",)


@pytest.mark.parametrize("failures", [1, 2])
def test_an_upload_is_tried_three_times(house: House, failures: int) -> None:
    """An upload that fails once or twice is made anew, and the tries are counted (A10)."""
    task, meter = house.publish(), Meter()
    node = house.node(meter=meter)
    job = took(node)
    rendered(node, job)
    turns = iter([errno.EIO] * failures)
    upload = Spool.upload

    def uploaded(*arguments: Any) -> None:
        for number in turns:
            raise OSError(number, "Input/output error")
        upload(house.spool, *arguments)

    house.spool.upload = uploaded  # type: ignore[method-assign,assignment]  # the disk's error, here

    node.publish(job)

    assert house.rooms(task) == ["output"]
    assert meter.readings().histograms["upload_tries"].total == failures + 1


def test_a_third_failed_upload_is_the_last(house: House) -> None:
    """A task whose upload failed three times is in trash/failed with that code, at that stage (A10)."""
    task = house.publish()
    node = house.node()
    job = took(node)
    rendered(node, job)
    points.arm({"VIDEOGEN_FAILPOINTS": "upload.before=eio"})

    with pytest.raises(Defect) as caught:
        node.publish(job)
    assert node.end(job, caught.value) == "failed"

    reason = Reason.model_validate_json((house.spool.failed / task.task_id / "reason.json").read_bytes())
    assert (reason.code, reason.stage, job.upload_tries) == ("upload-failed", "upload", 3)


def test_an_upload_stops_between_two_tries(house: House) -> None:
    """A node that is stopped while an upload waits for its next try stops, and the task goes back uncounted (P16)."""
    task = house.publish()
    node = house.node()
    job = took(node)
    rendered(node, job)
    job.halt.set()
    points.arm({"VIDEOGEN_FAILPOINTS": "upload.before=eio"})

    with pytest.raises(Stopped) as caught:
        node.publish(job)
    node.end(job, caught.value)

    assert (job.upload_tries, read_task(house.spool.tasks / task.task_id).attempts) == (1, 0)


def test_a_copy_that_arrives_damaged_is_sent_again(house: House, elsewhere: Path) -> None:
    """Bytes that changed on the way to another disk are found by reading them back, and are never published (P20)."""
    task, meter = house.publish(), Meter()
    node = house.node(meter=meter, scratch=elsewhere / "fast")
    job = took(node)
    rendered(node, job)
    assert job.done is not None
    job.done.sha256 = papers.digest("what was rendered, before the memory flipped a bit")

    with pytest.raises(Defect, match="did not arrive whole"):
        node.publish(job)

    assert meter.readings().counts["upload_corrupt"] == 3
    assert house.rooms(task) == ["processing"]


@pytest.mark.parametrize("how", ["the job", "the node"])
def test_a_fenced_node_publishes_nothing(house: House, how: str) -> None:
    """A video whose node may be taken for dead by now is not published, and the task goes back uncounted (P4)."""
    task = house.publish()
    node = house.node()
    job = took(node)
    rendered(node, job)
    if how == "the job":
        job.is_fenced = True
    else:
        node.is_fenced = lambda: True

    with pytest.raises(LeaseLost) as caught:
        node.publish(job)

    assert node.end(job, caught.value) == "released"
    assert house.rooms(task) == ["tasks"]
    assert read_task(house.spool.tasks / task.task_id).attempts == 0


@pytest.mark.parametrize("where", ["in the claim", "elsewhere"])
def test_a_task_that_was_taken_away_is_lost(house: House, elsewhere: Path, where: str) -> None:
    """Who was taken for dead publishes nothing, ends its work without touching the other's, and counts it (P4)."""
    task, meter = house.publish(), Meter()
    node = house.node(meter=meter, scratch=elsewhere / "fast" if where == "elsewhere" else None)
    job = took(node)
    rendered(node, job)
    Sweeper(house.spool, Identity("n1", "i2")).look("now")
    other = house.spool.claim(task.task_id, "n2", "i3")
    assert other is not None
    before = sorted(house.root.rglob("*"))

    with pytest.raises((LeaseLost, FileNotFoundError)) as caught:  # its scratch may have gone with the claim
        node.publish(job)
    assert node.end(job, caught.value) == "lost"

    assert sorted(house.root.rglob("*")) == before
    assert meter.readings().counts["fenced"] == 1


@pytest.mark.parametrize("stage", ["fetch", "render"])
def test_a_late_hand_makes_no_folder_anew(house: House, stage: str) -> None:
    """Who wakes after its claim went back leaves nothing under its name, which would bar the next holder (P4)."""
    task = house.publish()
    node = house.node()
    job = took(node)
    if stage == "render":
        node.fetch(job)
    Sweeper(house.spool, Identity("n1", "i2")).look("now")
    before = sorted(house.root.rglob("*"))

    with pytest.raises(FileNotFoundError) as caught:
        node.fetch(job) if stage == "fetch" else node.render(job, lambda _: None)
    assert node.end(job, caught.value) == "lost"

    assert sorted(house.root.rglob("*")) == before
    assert house.spool.claim(task.task_id, "n2", "i3") is not None


# -- the ends ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class End:
    """What an error comes to: the outcome, the room, and what is written down."""

    error: BaseException
    outcome: Outcome
    room: str
    attempts: int = 0
    not_before_s: float = 0.0
    code: str = ""
    is_ours: bool = False

    def __str__(self) -> str:
        return f"{type(self.error).__name__}-{getattr(self.error, 'errno', '')}".rstrip("-")


ENDS = [
    End(MediaError("broken", **SENTENCE), "failed", "failed", code="media"),
    End(MissingInput("gone", **SENTENCE), "failed", "failed", code="missing-input"),
    End(TemporaryError("not now", **SENTENCE), "released", "tasks", 1, 30.0, is_ours=True),
    End(Stalled("stood", **SENTENCE), "released", "tasks", 1, 30.0, is_ours=True),
    End(NoSpace("full", **SENTENCE), "parked", "tasks", 0, 30.0),
    End(OSError(errno.ENOSPC, "No space left"), "parked", "tasks", 0, 30.0),
    End(OSError(errno.EDQUOT, "Quota exceeded"), "parked", "tasks", 0, 30.0),
    End(Stopped("told to", **SENTENCE), "released", "tasks"),
    End(SetupError("no encoder", **SENTENCE), "released", "tasks"),
    End(LeaseLost("silent", **SENTENCE), "released", "tasks"),  # by our own word alone: it is still ours
    End(Defect("ours", **SENTENCE), "failed", "failed", code="defect", is_ours=True),
    End(OSError(errno.EIO, "Input/output error"), "failed", "failed", code="internal-error", is_ours=True),
    End(ZeroDivisionError("oh"), "failed", "failed", code="internal-error", is_ours=True),
]


@pytest.mark.parametrize("end", ENDS, ids=str)
def test_each_family_has_its_end(house: House, end: End) -> None:
    """An error's family alone decides the room, the count of attempts, the delay, and whose fault it is (A10)."""
    task = house.publish()
    node = house.node()
    job = took(node)
    job.stage = "render"

    assert node.end(job, end.error) == end.outcome

    assert house.rooms(task) == [end.room]
    assert Node.is_our_fault(end.error) is end.is_ours
    if end.room == "tasks":
        again = read_task(house.spool.tasks / task.task_id)
        assert (again.attempts, again.not_before_s) == (end.attempts, end.not_before_s)
        assert again.avoid == (("n1",) if end.attempts else ())
    else:
        reason = Reason.model_validate_json((house.spool.failed / task.task_id / "reason.json").read_bytes())
        assert (reason.code, reason.stage) == (end.code, "render")
        assert reason.remedy
    assert visible(house.spool.processing) == []


def test_a_given_back_task_is_nobody_s_fault(house: House) -> None:
    """A task that was only fetched goes back without an attempt, and no error is no fault."""
    task = house.publish()
    node = house.node()

    assert node.give_back(took(node), "the node drains") == "released"

    assert read_task(house.spool.tasks / task.task_id) == task
    assert Node.is_our_fault(None) is False


def test_passing_trouble_has_an_end(house: House) -> None:
    """A task that fails for passing causes waits longer each time, and after three attempts is in trash/ (P18)."""
    task, waits = house.publish(), list[float]()
    node = house.node()
    for nth in range(1, ATTEMPTS + 1):
        claim = house.spool.claim(task.task_id, "n1", "i1")
        assert claim is not None
        outcome = node.end(Job(claim, claim.scratch), Stalled("stood", **SENTENCE))
        assert outcome == ("released" if nth < ATTEMPTS else "failed")
        if nth < ATTEMPTS:
            waits.append(read_task(house.spool.tasks / task.task_id).not_before_s)

    assert waits == [30.0, 60.0]
    assert house.rooms(task) == ["failed"]


def test_a_fenced_job_goes_back_whatever_it_failed_of(house: House) -> None:
    """What a node gave up goes back uncounted, though its work ended with another error (P4)."""
    task = house.publish()
    node = house.node()
    job = took(node)
    job.is_fenced = True

    assert node.end(job, Defect("ours", **SENTENCE)) == "released"

    assert house.rooms(task) == ["tasks"]
    assert read_task(house.spool.tasks / task.task_id).attempts == 0


def test_a_spool_that_is_gone_ends_nothing(house: House) -> None:
    """Where the tree is gone, as with a mount, a task cannot be ended; a sweep does it when it is back (P15)."""
    task = house.publish()
    node = house.node()
    job = took(node)
    house.spool.processing.rename(house.root / "unmounted")

    assert node.end(job, Defect("ours", **SENTENCE)) == "lost"

    (house.root / "unmounted").rename(house.spool.processing)
    Sweeper(house.spool, Identity("n1", "i1")).look("now")
    assert house.rooms(task) == ["tasks"]
    assert token(house.spool.tasks / task.task_id) == 2


ENDINGS: list[Callable[[Node, Job], object]] = [
    lambda node, job: node.end(job, Stopped("told to", **SENTENCE)),
    lambda node, job: node.end(job, Defect("ours", **SENTENCE)),
    lambda node, job: node.give_back(job, "drain"),
]


@pytest.mark.parametrize("nth", range(len(ENDINGS)))
def test_scratch_of_its_own_is_cleared_at_every_end(house: House, elsewhere: Path, nth: int) -> None:
    """A scratch folder outside the claim is gone after each end, and the neighbour's stays (P21, P26)."""
    house.publish()
    node = house.node(scratch=elsewhere / "fast")
    job = took(node)
    rendered(node, job)
    (elsewhere / "fast" / "neighbour").mkdir()

    ENDINGS[nth](node, job)

    assert [path.name for path in (elsewhere / "fast").iterdir()] == ["neighbour"]


def test_a_halt_is_heard_by_the_job_alone() -> None:
    """Each job has a halt of its own."""
    claims = [Job(claim=None, scratch=Path("x")) for _ in range(2)]  # type: ignore[arg-type]  # none is needed
    claims[0].halt.set()

    assert isinstance(claims[1].halt, Event)
    assert not claims[1].halt.is_set()


def test_a_disk_that_is_full_at_the_end_costs_no_attempt(house: House) -> None:
    """A task that goes back for a full disk, and meets it again while it is given back, goes back uncounted (P9)."""
    task = house.publish()
    node = house.node()
    job = took(node)
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.write.before_rename=enospc@1"})

    node.end(job, NoSpace("full", **SENTENCE))
    points.arm({})
    Sweeper(house.spool, Identity("n1", "i1")).look("now")

    assert house.rooms(task) == ["tasks"]
    assert read_task(house.spool.tasks / task.task_id).attempts == 0
    assert durable.listing(house.spool.tasks / task.task_id)
