"""Kill a process before every single filesystem call of a task's life, recover, and look what is left."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import papers
from tests.test_spool import fill
from videogen import durable
from videogen.errors import MediaError
from videogen.model.task import Task
from videogen.spool import Spool

CALLS = ("rename", "mkdir", "fsync", "link", "unlink", "symlink", "rmdir")
MOST = 400


def live(spool: Spool, task: Task, ending: str) -> None:
    """Take a task through one life: publish, claim, and one of the three ends."""
    spool.publish(task, fill)
    claim = spool.claim(task.task_id, "n1", "i1")
    assert claim is not None
    durable.write(claim.out / "final.mp4", b"video")
    match ending:
        case "finish":
            spool.finish(claim, papers.manifest(task))
        case "release":
            spool.release(claim, counts=True)
        case "discard":
            spool.discard(claim, MediaError("broken", remedy="Replace it."), stage="render", at="now")


def killed_at(number: int, life: Callable[[], None]) -> bool:
    """Fork, kill the child right before its filesystem call `number`; False when it had ended before."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            return True
        assert os.waitstatus_to_exitcode(status) == 0
        return False
    try:
        left = number
        for name in CALLS:
            real = getattr(os, name)

            def counted(*args: object, real: Callable[..., object] = real, **kwargs: object) -> object:
                nonlocal left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                return real(*args, **kwargs)

            setattr(os, name, counted)
        life()
    except BaseException:  # the child must never run the parent's test session on
        os._exit(1)
    os._exit(0)


def homes(spool: Spool, task_id: str) -> list[str]:
    """List the rooms that hold the task under its own name, whole."""
    found = []
    for name, room in (("tasks", spool.tasks), ("output", spool.output), ("failed", spool.failed)):
        folder = room / task_id
        if folder.is_dir():
            wanted = {"tasks": "metadata.json", "output": "manifest.json", "failed": "reason.json"}[name]
            assert (folder / wanted).is_file(), f"{folder} is not whole"
            found.append(name)
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("ending", ["finish", "release", "discard"])
def test_task_survives_a_kill_at_every_call(tmp_path: Path, ending: str) -> None:
    """Wherever the kill falls, recovery leaves the task in exactly one room, and a second one changes nothing (P1)."""
    kills = 0
    for number in range(MOST):
        spool = Spool(tmp_path / str(number))
        spool.lay_out()
        task = papers.task()

        died = killed_at(number, lambda spool=spool, task=task: live(spool, task, ending))  # type: ignore[misc]
        acknowledged = spool.room_of(task.task_id) is not None
        spool.recover("n1", "i2")

        rooms = homes(spool, task.task_id)
        assert len(rooms) == (1 if acknowledged else 0), f"killed before call {number}: in {rooms}"
        assert not (spool.processing / task.task_id).exists()
        if (spool.output / task.task_id).exists():
            assert (spool.output / task.task_id / "final.mp4").read_bytes() == b"video"
        before = sorted(path for path in spool.root.rglob("*"))
        assert spool.recover("n1", "i3") == []
        assert sorted(path for path in spool.root.rglob("*")) == before
        if not died:
            break
        kills += 1
    sys.stdout.write(f"{ending}: {kills} kills\n")
    assert 20 < kills < MOST
