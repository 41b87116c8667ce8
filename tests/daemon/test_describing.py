"""A node's paper: who it is for its whole life, and what it does at this moment (A2, A12)."""

import os
import socket
import time
from pathlib import Path
from threading import Event

import pytest

from tests.crash.stub_node import LEASE_S, StubHouse, lay_out
from tests.render.test_pipeline import Double, done, running, soon
from videogen import __version__, durable
from videogen.daemon.describing import Describing
from videogen.metrics import Meter
from videogen.model.node import NodePaper


@pytest.fixture
def house(tmp_path: Path) -> StubHouse:
    """A root with settings."""
    lay_out(tmp_path / "spool")
    return StubHouse(tmp_path / "spool")


def test_a_paper_says_who_a_node_is(house: StubHouse) -> None:
    """Name, life, machine, boot, process, version and times are in it, and are what others go by (A2)."""
    with running(Double()) as line:
        paper = Describing(house, "n1", "i1", line.pipeline, line.meter).paper()

    assert (paper.node, paper.incarnation, paper.pid, paper.version) == ("n1", "i1", os.getpid(), __version__)
    assert (paper.host, paper.boot_id) == (socket.gethostname(), durable.boot_id())
    assert (paper.encoder, paper.lease_s, paper.heartbeat_s) == ("libx264", LEASE_S, 0.3)
    assert paper.disk_total >= paper.disk_free > 0
    assert paper.cpus > 0


def test_a_paper_says_what_a_node_does(house: StubHouse) -> None:
    """While it renders, the task, its frames and all that is held are in it; after that the counts are (A12)."""
    node = Double("a", "b", "c")
    gate, meter = node.gate("render", "a"), Meter()
    node.fails("render", "b", ZeroDivisionError("oh"))

    with running(node, meter) as line:
        describing = Describing(house, "n1", "i1", line.pipeline, meter)
        assert soon(lambda: gate.entered.is_set() and line.pipeline.held == {"a", "b"})
        assert soon(lambda: describing.paper().render_s >= 0.2)
        during = describing.paper()
        gate.open.set()
        assert done(line, 3)
        after = describing.paper()

    assert (during.state, during.task, during.frame, during.frames) == ("working", "a", 3, 30)
    assert during.held == ("a", "b")
    assert (after.state, after.task, after.held, after.render_s) == ("idle", "", (), 0)
    assert (after.published, after.failed, after.released) == (2, 1, 0)
    assert (after.figures.published, after.figures.failed) == (2, 1)


def test_a_paper_survives_its_way(house: StubHouse) -> None:
    """What is written is what is read, with every figure."""
    with running(Double("a")) as line:
        assert done(line, 1)
        paper = Describing(house, "n1", "i1", line.pipeline, line.meter).paper()

    assert NodePaper.model_validate_json(paper.model_dump_json()) == paper


def test_a_paper_can_be_written_at_any_moment(house: StubHouse) -> None:
    """A heart that asks all the time, while tasks come and go, gets a paper each time: none fails, none is torn."""
    node, over = Double(*(f"t{nth}" for nth in range(60))), Event()
    node.always = lambda _: time.sleep(0.001)
    seen = 0

    with running(node) as line:
        describing = Describing(house, "n1", "i1", line.pipeline, line.meter)
        while not over.is_set():
            paper = describing.paper()
            assert len(paper.held) <= 5
            assert bool(paper.task) <= bool(paper.frames)
            seen += 1
            if sum(line.pipeline.counts.values()) == 60:
                over.set()

    assert seen > 5
