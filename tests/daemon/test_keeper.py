"""Chores beside a role: each at its time, in a thread that a hung disk may keep and no role waits for (A11)."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rows import Rows
from videogen.daemon.keeper import LOOK_S, LOW_DISK_EVERY_S, Chore, Keeper, LowDisk
from videogen.errors import NoSpace


def failing(*errors: BaseException | None) -> Callable[[], None]:
    """Give something that fails so, one time after another."""
    left = iter(errors)

    def do() -> None:
        if (error := next(left)) is not None:
            raise error

    return do


def test_a_chore_is_done_when_it_is_due() -> None:
    """It is done at the first look, then not before its time has passed, and then once more."""
    done: list[float] = []
    chore = Chore("count", 0.2, lambda: done.append(time.monotonic()))

    for _ in range(5):
        chore.look()
    assert len(done) == 1
    time.sleep(0.21)
    chore.look()
    chore.look()

    assert len(done) == 2


def test_trouble_is_said_once_and_tried_again(logged: Rows) -> None:
    """A chore that fails is done again at its next time; its trouble is said once, and again only after a good time."""
    full, broken = NoSpace("full", remedy="Free some."), OSError(5, "Input/output error")
    chore = Chore("write the figures", 0.0, failing(full, broken, full, None, broken))

    for _ in range(5):
        chore.look()

    assert [(row["log_level"], row["event"]) for row in logged] == [("warning", "Cannot write the figures now")] * 2
    assert "full" in logged[0]["because"]
    assert "Input/output" in logged[1]["because"]


def test_a_chore_that_fails_waits_for_its_time() -> None:
    """Trouble is no reason to do it over and over."""
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise OSError(5, "Input/output error")

    chore = Chore("write", 60.0, fail)
    chore.look()
    chore.look()

    assert len(tries) == 1


def test_all_chores_are_kept_until_the_end() -> None:
    """While the block lasts every chore is done at its pace, also beside one that fails; after it none is."""
    done: list[str] = []
    chores = (
        Chore("a", 0.0, lambda: done.append("a")),
        Chore("b", 0.0, failing(*[OSError(5, "x")] * 1000)),
        Chore("c", 60.0, lambda: done.append("c")),
    )

    with Keeper(*chores):
        time.sleep(3.5 * LOOK_S)
    after = len(done)
    time.sleep(1.5 * LOOK_S)

    assert len(done) == after
    assert done.count("a") >= 2
    assert done.count("c") == 1
    assert "keeper" not in {thread.name for thread in threading.enumerate()}


def test_a_chore_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role ends within seconds though a chore stands still on a disk that is gone."""
    hangs, lets_go = threading.Event(), threading.Event()
    join = threading.Thread.join
    waited: list[float | None] = []

    def joined(thread: threading.Thread, timeout: float | None = None) -> None:
        waited.append(timeout)
        join(thread, 0.05)  # we do not wait that long in a test

    def hang() -> None:
        hangs.set()
        lets_go.wait(30)

    with Keeper(Chore("look at the disk", 0.0, hang)):
        assert hangs.wait(5)
        monkeypatch.setattr(threading.Thread, "join", joined)
    monkeypatch.undo()
    lets_go.set()

    assert waited == [5.0]


def test_low_disk_is_warned_of(tmp_path: Path, logged: Rows) -> None:
    """A disk with less free than wanted is warned of with the space that is left; one with enough is not (A11)."""
    free_gb = shutil.disk_usage(tmp_path).free / 1e9

    LowDisk(tmp_path, free_gb / 2).look()
    assert logged == []
    LowDisk(tmp_path, free_gb * 2).look()

    assert [row["log_level"] for row in logged] == ["warning"]
    assert logged[0]["event"].startswith("Low disk space: ")
    assert logged[0]["event"].endswith("GB remaining")
    assert "trash/" in logged[0]["remedy"]


def test_low_disk_is_looked_at_now_and_then(tmp_path: Path, logged: Rows) -> None:
    """Of many looks one a minute says it."""
    chore = LowDisk(tmp_path, 1e9).chore()

    for _ in range(10):
        chore.look()

    assert len(logged) == 1
    assert LOW_DISK_EVERY_S == 60.0


def test_a_disk_that_cannot_be_asked_is_a_trouble_as_any(tmp_path: Path, logged: Rows) -> None:
    """When the root is gone the chore says so, and ends nothing."""
    LowDisk(tmp_path / "gone", 1.0).chore().look()

    assert [row["event"] for row in logged] == ["Cannot look at the disk now"]
