"""A node's pulse: it is seen, it survives a full disk, and it notices by itself when it is not heard (A2, A3, P4, P14).

Promises P9 and P18 lean on it: who cannot say that it lives stops before others may take over.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clock import HandClock
from videogen import durable, points
from videogen.errors import NoSpace
from videogen.model.node import NodePaper
from videogen.spool import Heart, drain_of, paper_of, read_paper
from videogen.spool.heart import FENCE_SHARE, PAPER_BYTES

LEASE_S = 60.0


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """The folder of the papers."""
    made = tmp_path / ".nodes"
    made.mkdir()
    return made


def heart(nodes: Path, *, lease_s: float = LEASE_S, heartbeat_s: float = 10.0, **more: object) -> Heart:
    """Give a node's heart that does not beat yet."""
    words = {"describe": lambda: NodePaper(node="n1", incarnation="i1", lease_s=lease_s), **more}
    return Heart(nodes, heartbeat_s=heartbeat_s, lease_s=lease_s, **words)  # type: ignore[arg-type]  # a test's words


def beat_of(nodes: Path) -> int:
    """Read the counter, or give -1 where there is no paper."""
    paper = read_paper(paper_of(nodes, "n1"))
    return paper.beat if paper else -1


def soon(condition: Callable[[], object], within_s: float = 5.0) -> bool:
    """Look until a condition holds or the time is over; give whether it does."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.005)
    return bool(condition())


# -- the paper ---------------------------------------------------------------------------------------------------------


def test_every_beat_is_one_higher(nodes: Path) -> None:
    """The counter goes up by one with each beat, and the rest of the paper is what the node tells of itself then."""
    states = iter(["starting", "idle", "working"])
    one = heart(nodes, describe=lambda: NodePaper.model_validate({"node": "n1", "state": next(states)}))
    seen = []

    for _ in range(3):
        one.beat()
        paper = read_paper(paper_of(nodes, "n1"))
        assert paper is not None
        seen.append((paper.beat, paper.state))

    assert seen == [(1, "starting"), (2, "idle"), (3, "working")]


def test_a_paper_fills_its_room(nodes: Path) -> None:
    """A paper is padded to whole blocks and still reads, so that the next one, longer by some digits, needs no more."""
    heart(nodes).beat()

    assert paper_of(nodes, "n1").stat().st_size == PAPER_BYTES
    assert beat_of(nodes) == 1
    assert [path.name for path in nodes.iterdir()] == ["n1.json"]


def test_what_is_no_paper_is_none(nodes: Path) -> None:
    """A paper that is missing, torn or no JSON reads as none; one of another version reads."""
    path = paper_of(nodes, "n1")
    assert read_paper(path) is None

    for torn in ("", '{"node": "n1", "be', "[]", "\0" * PAPER_BYTES):
        path.write_text(torn)
        assert read_paper(path) is None
    path.write_text('{"node": "n1", "beat": 7, "colour": "red"}')
    assert beat_of(nodes) == 7


def test_paper_and_request_are_beside_each_other(nodes: Path) -> None:
    """A node's paper and the request to drain it are named by the node alone."""
    assert (paper_of(nodes, "a-b").name, drain_of(nodes, "a-b").name) == ("a-b.json", "a-b.drain")


FULL = """\
import os, sys
from pathlib import Path
from videogen.model.node import NodePaper
from videogen.spool import Heart, paper_of, read_paper

nodes = Path(sys.argv[1])
task = [""]
heart = Heart(
    nodes, lambda: NodePaper(node="n1", task=task[0]), heartbeat_s=10, lease_s=60, clock=iter(range(100)).__next__
)
heart.beat()
try:
    with (nodes / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)
except OSError:
    pass
task[0] = "a task's id, which makes the paper longer"
heart.beat()
paper = read_paper(paper_of(nodes, "n1"))
print(paper.beat, paper.task, sorted(path.name for path in nodes.iterdir()))
"""


@pytest.mark.parametrize("options", ["size=64k", "size=1m,nr_inodes=3"], ids=["bytes", "inodes"])
def test_a_full_disk_does_not_kill_a_node(nodes: Path, options: str) -> None:
    """On a disk without a byte or an inode left a node's next beat is still read by others (A21, P9)."""
    around = ["unshare", "-rm", "sh", "-c", f'mount -t tmpfs -o {options} full "$4" && exec "$@"', "sh"]
    if subprocess.run([*around, sys.executable, "-c", "", str(nodes)], capture_output=True, check=False).returncode:
        pytest.skip("a filesystem cannot be mounted here")

    argv = [*around, sys.executable, "-c", FULL, str(nodes)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)

    assert done.stdout.splitlines() == ["2 a task's id, which makes the paper longer ['filler', 'n1.json']"], (
        done.stderr
    )


def test_a_full_disk_without_a_paper_is_told(nodes: Path) -> None:
    """A node whose very first beat finds no room says so when it starts: it could not be heard."""
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.write.before_rename=enospc@1"})

    with pytest.raises(NoSpace):
        heart(nodes).start()


# -- the fence ---------------------------------------------------------------------------------------------------------


def test_a_node_is_fenced_after_two_thirds_of_its_lease(nodes: Path) -> None:
    """Without a beat a node counts itself out before the lease is over, and with the next beat in again (P4)."""
    clock = HandClock()
    one = heart(nodes, clock=clock)
    one.beat()

    clock.now += FENCE_SHARE * LEASE_S - 0.01
    said = [one.is_fenced]
    clock.now += 0.02
    said.append(one.is_fenced)
    one.beat()
    said.append(one.is_fenced)

    assert said == [False, True, False]


def test_a_failed_beat_is_no_beat(nodes: Path) -> None:
    """A beat that could not be written renews nothing: the time counts from the last one that was read."""
    clock = HandClock()
    one = heart(nodes, clock=clock)
    one.beat()
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.write.before_rename=eio"})

    clock.now += FENCE_SHARE * LEASE_S + 1
    with pytest.raises(OSError, match="Input/output"):
        one.beat()

    assert one.is_fenced


def test_a_slow_beat_counts_from_its_start(nodes: Path) -> None:
    """A write that took half a minute is no sign of life of now: it counts from before it (P4)."""
    clock, told = HandClock(), list[float]()

    def describe() -> NodePaper:
        clock.now += 35  # a disk that takes its time
        return NodePaper(node="n1")

    one = heart(nodes, clock=clock, describe=describe, tell=told.append)
    one.beat()

    assert told == [35.0]
    clock.now += FENCE_SHARE * LEASE_S - 35 + 1
    assert one.is_fenced


def quick(nodes: Path, fenced: list[float], **more: object) -> Heart:
    """Give a heart that fences after 0.4 s of silence."""
    return heart(nodes, lease_s=0.6, heartbeat_s=0.02, on_fence=lambda: fenced.append(time.monotonic()), **more)


@pytest.mark.parametrize(
    "trouble", ["durable.write.before_rename=eio", "heart.before_beat=eio", "a folder that is gone"]
)
def test_who_cannot_beat_gives_up_once(nodes: Path, trouble: str) -> None:
    """While no beat can be written a node gives up its tasks, once; when it can again, it is in, and may be again."""
    fenced: list[float] = []
    one, elsewhere = quick(nodes, fenced), nodes.with_name("elsewhere")
    one.start()
    try:
        for nth in (1, 2):
            if "=" in trouble:
                points.arm({"VIDEOGEN_FAILPOINTS": trouble})
            else:
                nodes.rename(elsewhere)
            assert soon(lambda nth=nth: len(fenced) == nth)  # type: ignore[misc]
            time.sleep(0.15)
            assert len(fenced) == nth
            assert one.is_fenced
            points.arm({})
            if elsewhere.exists():
                elsewhere.rename(nodes)
            assert soon(lambda: not one.is_fenced)
            time.sleep(0.1)  # for the eye to see it
    finally:
        one.stop()


def test_a_write_that_hangs_fences_too(nodes: Path) -> None:
    """Where a beat neither fails nor comes back, as on a file server that is gone, the node gives up all the same."""
    fenced: list[float] = []
    one = quick(nodes, fenced)
    one.start()
    began = time.monotonic()
    points.arm({"VIDEOGEN_FAILPOINTS": "heart.before_beat=sleep:1.5@1"})
    try:
        assert soon(lambda: fenced, within_s=1.0), "it noticed only when the write came back"
        assert one.is_fenced
        assert soon(lambda: not one.is_fenced), "and in again when it does"
        assert time.monotonic() - began > 1.3
    finally:
        one.stop()

    assert len(fenced) == 1


def test_a_living_node_is_never_fenced(nodes: Path) -> None:
    """A node that beats in time gives nothing up in longer than its lease, and its counter rises by itself."""
    fenced: list[float] = []
    one = heart(nodes, lease_s=1.2, heartbeat_s=0.02, on_fence=lambda: fenced.append(time.monotonic()))
    one.start()

    time.sleep(1.3)
    one.stop()

    assert fenced == []
    assert beat_of(nodes) > 10


# -- start, stop, clock ------------------------------------------------------------------------------------------------


def test_start_beats_before_it_returns(nodes: Path) -> None:
    """Who started is seen by others at once, and not only after a heartbeat."""
    one = heart(nodes)
    one.start()
    try:
        assert beat_of(nodes) == 1
    finally:
        one.stop()


def test_a_node_that_cannot_beat_does_not_start(nodes: Path) -> None:
    """Where the paper cannot be written, the start says so, and no thread is left."""
    nodes.rmdir()
    one = heart(nodes)

    with pytest.raises(FileNotFoundError):
        one.start()
    one.stop()

    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("heart")] == []


def test_stop_tells_a_last_time(nodes: Path) -> None:
    """The last paper says how the node ended; after it nothing beats, and no thread is left."""
    states = ["idle"]
    one = heart(nodes, describe=lambda: NodePaper.model_validate({"node": "n1", "state": states[0]}), heartbeat_s=0.05)
    one.start()
    states[0] = "stopping"

    one.stop()

    paper = read_paper(paper_of(nodes, "n1"))
    assert paper is not None
    assert paper.state == "stopping"
    time.sleep(0.12)
    assert beat_of(nodes) == paper.beat
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("heart")] == []


def test_stop_does_not_fail_where_nothing_can_be_written(nodes: Path) -> None:
    """A node that ends on a disk that is gone ends."""
    one = heart(nodes)
    one.start()
    paper_of(nodes, "n1").unlink()
    nodes.rmdir()

    one.stop()

    assert not nodes.exists()


def test_the_clock_goes_on_in_sleep_and_is_never_set() -> None:
    """Time is taken from the clock of the boot where there is one, which no one sets and which sleep does not stop."""
    before = durable.boot_s()
    time.sleep(0.02)

    assert 0.02 <= durable.boot_s() - before < 5
    if hasattr(time, "CLOCK_BOOTTIME"):
        assert abs(durable.boot_s() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 5
        assert abs(durable.boot_s() - time.time()) > 1e6


def test_a_full_disk_error_is_what_it_is_called(nodes: Path) -> None:
    """What a beat raises where even writing over needs room is NoSpace, and the thread lives on with it."""
    one = quick(nodes, [])
    one.start()
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.write.before_rename=enospc,durable.overwrite.before=enospc"})

    with pytest.raises(NoSpace):
        one.beat()
    assert soon(lambda: one.is_fenced)
    points.arm({})
    assert soon(lambda: not one.is_fenced)
    one.stop()
    assert os.listdir(nodes) == ["n1.json"]
