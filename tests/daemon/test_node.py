"""A node that takes no more tasks, on a disk that does not let it say so (A10, A21; promises P9, P18)."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tests.crash.stub_node import StubHouse, StubNode, lay_out
from tests.rows import Rows
from tests.test_spool import published
from videogen import daemon, points
from videogen.daemon import node as node_module
from videogen.errors import TemporaryError
from videogen.ffmpeg import Progress
from videogen.metrics import Meter
from videogen.model.node import NodePaper
from videogen.notify import Notify
from videogen.render import Node, Outcome
from videogen.render.job import Job
from videogen.render.pipeline import BREAKER
from videogen.spool import drain_of, paper_of, read_paper, visible
from videogen.spool.queue import Queue

FULL = {"VIDEOGEN_FAILPOINTS": "durable.write.before_rename=enospc"}


class FailingNode(StubNode):
    """A node on which tasks die until it is mended; with the last one that breaks it the disk runs full."""

    FAILURES = 0
    mended = threading.Event()
    failed: ClassVar[set[str]] = set()

    def render(self, job: Job, tell: Callable[[Progress], None]) -> None:
        """Fail as a driver does that is out of order, or render."""
        if not self.mended.is_set():
            raise TemporaryError("the driver is out of order", remedy="It is tried again.")
        super().render(job, tell)

    def end(self, job: Job, error: BaseException) -> Outcome:
        """Give the task back, and have no room left after the third."""
        outcome = super().end(job, error)
        if isinstance(error, TemporaryError):  # what was only fetched is given back otherwise
            self.failed.add(job.task_id)
            if len(self.failed) == BREAKER:
                points.arm(FULL)
        return outcome


class FailingHouse(StubHouse):
    """A house whose node fails."""

    def node(self, name: str, incarnation: str, queue: Queue, meter: Meter) -> Node:
        """The real one builds what it was given."""
        real = super().node(name, incarnation, queue, meter)
        real.__class__ = FailingNode
        return real


class Running:
    """A node in a thread of this process, and what ended it."""

    def __init__(self, house: StubHouse) -> None:
        self.signals = daemon.Signals()
        self.failure: BaseException | None = None
        self._house = house
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it works on."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Have it stop, and wait for that."""
        self.signals.stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            daemon.run_node(self._house, "n1", lambda *_: None, self.signals, Notify(), once=False, drain_s=1.0)
        except BaseException as error:
            self.failure = error


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FailingHouse]:
    """A root with as many tasks as break a node."""
    lay_out(tmp_path / "spool")
    with (tmp_path / "spool" / "videogen.toml").open("a") as settings:
        settings.write("prefetch = false\n")  # a full disk is here to be met by one line alone
    made = FailingHouse(tmp_path / "spool")
    FailingNode.failed.clear()
    FailingNode.mended.clear()
    for _ in range(BREAKER):
        published(made.spool)
    yield made
    points.arm({})


@pytest.fixture
def running(house: FailingHouse) -> Iterator[Running]:
    """The node at work."""
    node = Running(house)
    yield node
    node.end()


def soon(condition: Callable[[], object], within_s: float = 15.0) -> bool:
    """Look until a condition holds or the time is over; give whether it does."""
    until = time.monotonic() + within_s
    while time.monotonic() < until and not condition():
        time.sleep(0.02)
    return bool(condition())


def paper(house: StubHouse) -> NodePaper:
    """Read how the node says it is."""
    return read_paper(paper_of(house.spool.nodes, "n1")) or NodePaper(node="n1")


def test_a_full_disk_does_not_end_a_node_that_takes_no_more(
    house: FailingHouse, running: Running, logged: Rows
) -> None:
    """A node that broke while its disk is full stays, drained; it writes its request once there is room, and goes on
    when that is taken away (P9, P18)."""
    request = drain_of(house.spool.nodes, "n1")

    assert soon(lambda: paper(house).state == "drained" or not running.is_alive)
    beat = paper(house).beat
    assert soon(lambda: paper(house).beat >= beat + 5 or not running.is_alive)

    assert (running.failure, running.is_alive) == (None, True)
    assert (paper(house).state, request.exists()) == ("drained", False), "it takes nothing though nobody was told"
    assert any("Cannot look for a request to drain now" in row["event"] for row in logged)
    points.arm({})
    assert soon(request.exists)
    assert f"{BREAKER} tasks in a row failed here" in request.read_text()
    assert len(visible(house.spool.tasks)) == BREAKER
    assert [row["log_level"] for row in logged if "takes no more tasks" in row["event"]] == ["error"]

    FailingNode.mended.set()
    request.unlink()

    assert soon(lambda: len(visible(house.spool.output)) == BREAKER)
    assert not request.exists(), "what it said once it does not say again"


def test_a_node_that_ends_at_once_says_why_it_takes_no_more(
    house: FailingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that broke and is stopped before it came to say so writes its request as the last thing (P18)."""
    monkeypatch.setattr(node_module, "DRAIN_LOOK_S", 3600.0)
    running, request = Running(house), drain_of(house.spool.nodes, "n1")
    assert soon(lambda: paper(house).state == "drained" or not running.is_alive)
    assert not request.exists()

    points.arm({})
    running.end()

    assert running.failure is None
    assert f"{BREAKER} tasks in a row failed here" in request.read_text()
