"""An eye on the nodes: each trouble is said once, and what the dead held is told and counted (A2, A11, A12)."""

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.crash.stub_node import StubHouse, lay_out
from tests.rows import Rows
from tests.test_spool import claimed, published, rooms_of
from videogen import durable
from videogen.daemon.watch import NodeWatch, SweepChore
from videogen.metrics import Meter
from videogen.model.node import NodePaper
from videogen.spool import Identity, paper_of


@pytest.fixture
def house(tmp_path: Path) -> StubHouse:
    """A root whose nodes have a lease of two seconds."""
    lay_out(tmp_path / "spool")
    return StubHouse(tmp_path / "spool")


def tell(house: StubHouse, node: str = "n1", age_s: float = 0.0, **more: object) -> None:
    """Leave a paper of so long ago."""
    path = paper_of(house.spool.nodes, node)
    paper = NodePaper.model_validate({"node": node, "host": "afar", "lease_s": 60, "heartbeat_s": 10, **more})
    durable.write(path, paper.model_dump_json())
    then = time.time() - age_s
    os.utime(path, (then, then))


def here() -> dict[str, Any]:
    """Say that a paper is of this machine, since its boot."""
    return {"host": socket.gethostname(), "boot_id": durable.boot_id(), "incarnation": "i1"}


def told(rows: Rows) -> list[tuple[str, str]]:
    """Name what was said, and how loud."""
    return [(row["log_level"], row.get("code", "")) for row in rows]


# -- the watch ---------------------------------------------------------------------------------------------------------


def test_a_silent_node_is_said_once_until_it_is_over(house: StubHouse, logged: Rows) -> None:
    """A node that fell silent is warned of once, is well again once, and is warned of when it falls silent anew."""
    watch = NodeWatch(house)
    tell(house, age_s=100)
    for _ in range(3):
        watch.look()
    tell(house)
    watch.look()
    watch.look()
    tell(house, age_s=100)
    watch.look()

    assert told(logged) == [("warning", "silent"), ("info", "silent"), ("warning", "silent")]
    assert "n1" in logged[0]["event"]
    assert logged[0]["remedy"]
    assert logged[1]["event"] == "The node n1 is well again"


@pytest.mark.parametrize(
    ("age_s", "words", "codes"),
    [
        (0, {}, []),
        (25, {}, ["slow"]),  # two beats late
        (100, {}, ["silent"]),
        (100, {"state": "stopping"}, []),  # it said that it ends
        (0, {"disk_total": 10**12, "disk_free": 1}, ["low-disk"]),
        (25, {"disk_total": 10**12, "disk_free": 1}, ["slow", "low-disk"]),
    ],
)
def test_troubles_are_told_apart(
    house: StubHouse, logged: Rows, age_s: float, words: dict[str, Any], codes: list[str]
) -> None:
    """Late, silent and short of disk are three things, each with its word; a node that is well or ended is none."""
    tell(house, age_s=age_s, **words)

    NodeWatch(house).look()

    assert told(logged) == [("warning", code) for code in codes]


def test_a_paper_that_cannot_be_read_is_told(house: StubHouse, logged: Rows) -> None:
    """A torn paper is a trouble with a remedy, and does not hide the other nodes."""
    paper_of(house.spool.nodes, "n1").write_text("torn {")
    tell(house, "n2", age_s=100)

    NodeWatch(house).look()

    assert [(row["node"], row["code"]) for row in logged] == [("n1", "unreadable"), ("n2", "silent")]


def test_one_node_going_away_is_no_trouble_of_another(house: StubHouse, logged: Rows) -> None:
    """Two nodes in trouble are two lines, and the end of one's trouble is one."""
    watch = NodeWatch(house)
    for node in ("n1", "n2"):
        tell(house, node, age_s=100)
    watch.look()
    paper_of(house.spool.nodes, "n1").unlink()
    watch.look()

    assert [(row["log_level"], row["node"]) for row in logged] == [("warning", "n1"), ("warning", "n2"), ("info", "n1")]


# -- the sweep ---------------------------------------------------------------------------------------------------------


def test_a_task_taken_back_is_told_and_counted(house: StubHouse, logged: Rows) -> None:
    """The task of a node that died is back, and who held it and why it was taken is in the log (A2, A12)."""
    task = published(house.spool)
    claimed(house.spool, task)
    tell(house, **here())
    meter = Meter()

    SweepChore(house, meter).look()

    assert rooms_of(house.spool, task.task_id) == ["tasks"]
    assert [(row["event"], row["task"], row["node"], row["because"]) for row in logged] == [
        (f"Took back tasks/{task.task_id}", task.task_id, "n1", "its process ended")
    ]
    counts = meter.readings().counts
    assert (counts["reaped"], counts["poisoned"]) == (1, 0)


def test_poison_is_counted_apart(house: StubHouse, logged: Rows) -> None:
    """A task whose third node died goes to trash/failed, says so, and is counted as poison (P18)."""
    task = published(house.spool)
    tell(house, **here())
    meter = Meter()
    chore = SweepChore(house, meter)
    for _ in range(3):
        claimed(house.spool, task)
        chore.look()

    assert logged[-1]["event"] == f"Took back trash/failed/{task.task_id}"
    counts = meter.readings().counts
    assert (counts["reaped"], counts["poisoned"]) == (2, 1)


def test_what_was_published_is_nothing_taken_back(house: StubHouse, logged: Rows) -> None:
    """What is cleared away behind a published video is neither told nor counted."""
    claim = claimed(house.spool, published(house.spool))
    durable.move(claim.out, house.spool.output / claim.task.task_id)
    tell(house, **here())
    meter = Meter()

    SweepChore(house, meter).look()

    assert logged == []
    assert meter.readings().counts["reaped"] == 0


def test_a_chore_sweeps_for_its_node(house: StubHouse) -> None:
    """What its own node holds stays, as the node tells at that moment; others are known to it after their beats."""
    task = published(house.spool)
    claimed(house.spool, task)
    hands = {task.task_id}
    chore = SweepChore(house, Meter(), Identity("n1", "i1", lambda: frozenset(hands)))

    others = []
    for beat in range(1, 4):
        chore.look()
        others.append(chore.has_others)
        tell(house, "n2", beat=beat)
    assert rooms_of(house.spool, task.task_id) == ["processing"]
    hands.clear()
    chore.look()

    assert others == [False, False, True]
    assert rooms_of(house.spool, task.task_id) == ["tasks"]


def test_chores_have_their_pace(house: StubHouse) -> None:
    """A sweep comes several times in a lease, however short that is."""
    assert 4 * SweepChore(house, Meter())._every_s <= house.settings.node.lease_s
    assert SweepChore(house, Meter()).chore().what == "take tasks back"
    assert NodeWatch(house).chore().what == "look at the nodes"
