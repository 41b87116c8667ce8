"""Nodes that die, sleep and are told to end: real processes and signals (A2, A3, A9, A11; P2, P4, P5, P15, P16)."""

import hashlib
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.flow.house import Farm, frames_in, soon, tasked

LONG_S = 600
"""No test waits so long: what happens sooner does not happen by the clock."""


@pytest.fixture
def farm(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A spool with one task and short leases; what runs on it ends with the test."""
    with Farm(tasked(tmp_path_factory, tmp_path / "spool")) as farm:
        yield farm


def stamp(video: Path) -> tuple[int, int, str]:
    """Tell one file from any other: its inode, when it was changed, its bytes."""
    found = video.stat()
    return found.st_ino, found.st_mtime_ns, hashlib.sha256(video.read_bytes()).hexdigest()


def is_asleep(node: subprocess.Popen[bytes]) -> bool:
    """Whether a process was stopped by a signal."""
    return bool(psutil.Process(node.pid).status() == psutil.STATUS_STOPPED)


# -- killed and put to sleep -------------------------------------------------------------------------------------------


def test_killed_node_s_task_goes_to_another_at_once(farm: Farm) -> None:
    """After SIGKILL no FFmpeg lives on, and another node of the host has the task within 5 s, long before the lease
    is over; it is published once, and eight lines tell all of it (P2, P15)."""
    task_id, long = farm.first, {"NODE__LEASE_S": str(LONG_S)}
    farm.sign("slow", "n1").touch()
    node = farm.node("n1", **long)
    assert soon(lambda: bool(farm.house.rendering()))
    farm.sign("hold", "n2").touch()
    farm.node("n2", **long)
    encodes = set(farm.house.rendering())

    node.kill()
    node.wait()

    assert soon(lambda: farm.said("n2", "Claimed") == 1, within_s=5)
    assert soon(lambda: not encodes & set(farm.house.rendering()), within_s=5)
    farm.sign("hold", "n2").unlink()
    assert soon(lambda: farm.said("n2", "Published") == 1)
    manifest = farm.manifest(task_id)
    assert (manifest["node"], manifest["epoch"], manifest["task"]["attempts"]) == ("n2", 2, 1)
    assert 'because="its process ended"' in farm.house.log("node-n2")
    assert farm.is_published(task_id)
    assert (farm.house.visible("tasks"), farm.house.visible("processing")) == ([], [])
    assert len(farm.lines_of(task_id)) <= 8


def fall_asleep_mixing(farm: Farm) -> tuple[subprocess.Popen[bytes], str]:
    """Have n1 stopped while its FFmpeg mixes the sound; a video before has filled the store with the picture."""
    before, zombie = farm.first, farm.node("n1")
    assert soon(lambda: farm.is_published(before))
    farm.sign("slow", "n1").touch()
    task_id = farm.task()
    assert soon(lambda: bool(farm.house.rendering()))
    zombie.send_signal(signal.SIGSTOP)
    return zombie, task_id


def fall_asleep_publishing(farm: Farm) -> tuple[subprocess.Popen[bytes], str]:
    """Have n1 stopped with nothing left to do but the rename into output/."""
    task_id, where, ledger = farm.first, "publish.before_rename", farm.beside / "ledger"
    zombie = farm.node("n1", FAILPOINTS=f"{where}=sleep:4@1", FAILPOINTS_LEDGER=str(ledger))
    assert soon(lambda: f"{where} sleep" in ledger.read_text())
    zombie.send_signal(signal.SIGSTOP)
    return zombie, task_id


@pytest.mark.parametrize("fall_asleep", [fall_asleep_mixing, fall_asleep_publishing])
def test_node_that_slept_publishes_nothing(
    farm: Farm, fall_asleep: Callable[[Farm], tuple[subprocess.Popen[bytes], str]]
) -> None:
    """A node that sleeps past its lease finds its task published by another: it touches nothing of it, says that it
    lost it, and goes on with the next one (P2, P4, P5)."""
    zombie, task_id = fall_asleep(farm)
    final = farm.house.root / "output" / task_id / "final.mp4"
    assert soon(lambda: is_asleep(zombie))
    assert not final.parent.exists()
    other = farm.node("n2")
    assert soon(final.exists)
    published = stamp(final)

    zombie.send_signal(signal.SIGCONT)

    assert soon(lambda: farm.said("n1", "Lost") == 1, within_s=10)
    assert soon(lambda: not farm.house.rendering(), within_s=5)
    other.terminate()
    assert other.wait(20) == 0
    farm.sign("slow", "n1").unlink(missing_ok=True)
    following = farm.task()
    assert soon(lambda: following in farm.house.visible("output"))
    assert (farm.manifest(task_id)["node"], farm.manifest(following)["node"]) == ("n2", "n1")
    assert stamp(final) == published
    assert frames_in(final) == 60
    assert farm.said("n1", f"Published output/{task_id}") == 0
    assert len(farm.lines_of(task_id)) <= 8


# -- told to end -------------------------------------------------------------------------------------------------------


def test_drain_ends_the_running_video_and_gives_back_the_next(farm: Farm) -> None:
    """After SIGTERM a task that was only fetched goes back uncounted at once, the one that renders becomes a video,
    and the node exits with 0 (P16)."""
    running, fetched = farm.first, farm.task()
    farm.sign("hold", "n1").touch()
    node = farm.node("n1")
    assert soon(lambda: farm.said("n1", "Claimed") == 2 and bool(farm.house.rendering()))

    node.terminate()

    assert soon(lambda: farm.house.visible("tasks") == [fetched])
    assert farm.attempts(fetched) == [0]
    assert node.poll() is None
    farm.sign("hold", "n1").unlink()
    assert node.wait(30) == 0
    assert farm.is_published(running)
    assert farm.house.visible("tasks") == [fetched]
    assert farm.lines_of(running) == ["Claimed node-n1", "Made main", "Moved main", "Published node-n1"]


@pytest.mark.parametrize(("drain_s", "signals"), [("0.5", 1), (str(LONG_S), 2)], ids=["time over", "second signal"])
def test_drain_that_is_over_gives_all_back(farm: Farm, drain_s: str, signals: int) -> None:
    """A drain that took its time, or met a second SIGTERM, ends at once: every task is back uncounted, exit 0 (P16)."""
    tasks = sorted([farm.first, farm.task()])
    farm.sign("slow", "n1").touch()
    node = farm.node("n1", "--drain-s", drain_s)
    assert soon(lambda: farm.said("n1", "Claimed") == 2 and bool(farm.house.rendering()))

    for number in range(signals):
        assert soon(lambda: farm.said("n1", "Draining") == number)  # noqa: B023 -- it is asked within this turn
        node.terminate()

    assert node.wait(20) == 0
    assert not farm.house.rendering()
    assert farm.house.visible("tasks") == tasks
    assert farm.attempts(*tasks) == [0, 0]
    assert (farm.house.visible("processing"), farm.house.visible("output")) == ([], [])


def test_request_to_drain_outlives_a_restart(farm: Farm) -> None:
    """A node that `drain` asked finishes and takes nothing more, also in its next life, until `resume` (A2)."""
    running = farm.first
    farm.sign("hold", "n1").touch()
    node = farm.node("n1")
    assert soon(lambda: bool(farm.house.rendering()))

    assert farm.house.run("drain", "n1").returncode == 0
    assert soon(lambda: farm.said("n1", "Draining") == 1)
    farm.sign("hold", "n1").unlink()
    assert soon(lambda: farm.paper("n1")["state"] == "drained")
    assert farm.is_published(running)
    node.terminate()
    assert node.wait(20) == 0
    left = farm.task()
    farm.node("n1")
    assert soon(lambda: farm.paper("n1")["state"] == "drained" and farm.paper("n1")["beat"] >= 4)
    assert (farm.house.visible("tasks"), farm.said("n1", "Claimed")) == ([left], 1)

    assert farm.house.run("resume", "n1").returncode == 0
    assert soon(lambda: farm.is_published(*sorted([running, left])))


def test_second_of_a_kind_is_refused(farm: Farm) -> None:
    """A second main on one root, and a second node of one name, end with 78 and one sentence; the first goes on."""
    roles = (["main"], ["node", "--name", "n1"])
    first = [farm.start(*role) for role in roles]
    assert soon(lambda: all('"Started"' in farm.house.log(name) for name in ("main", "node-n1")))

    with ThreadPoolExecutor() as pool:
        second = list(pool.map(lambda role: farm.house.run(*role, timeout=30), roles))

    assert [done.returncode for done in second] == [78, 78]
    for name, done in zip(("main", "node-n1"), second, strict=True):
        assert done.stderr.startswith(f"videogen: another {name} is already running on {farm.house.root}. ")
        assert len(done.stderr.splitlines()) == 1
    assert [process.poll() for process in first] == [None, None]
