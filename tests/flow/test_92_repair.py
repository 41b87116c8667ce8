"""Trouble is repaired by one command: real nodes, a real FFmpeg, tasks taken from under them (A2, A10, A16, A19)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flow.house import Farm, House, soon, tasked

LONG = {"NODE__LEASE_S": "600"}
"""No test waits so long: what a node notices here it does not notice by its lease."""


@pytest.fixture
def farm(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A spool with one task; what runs on it ends with the test."""
    with Farm(tasked(tmp_path_factory, tmp_path / "spool")) as farm:
        yield farm


def told(house: House, *words: str, status: int = 0) -> dict[str, Any]:
    """Run a verb for what it says as JSON."""
    done = house.run(*words, "--json")
    assert done.returncode == status, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_cancelled_render_stops_and_is_undone(farm: Farm) -> None:
    """A cancelled task is gone from its node within seconds, FFmpeg too, and main makes no new one of its voice; the
    node goes on with the next task; the command that was named brings the task back, and it is published (A2, A19)."""
    task_id, house = farm.first, farm.house
    farm.sign("slow", "n1").touch()
    farm.node("n1", **LONG)
    assert soon(lambda: bool(house.rendering()))
    encodes = set(house.rendering())

    planned = told(house, "cancel", task_id[:8], "--dry-run")
    assert house.visible("processing") == [task_id]
    done = told(house, "cancel", task_id[:8])

    assert soon(lambda: not encodes & set(house.rendering()), within_s=8)
    assert soon(lambda: farm.said("n1", "Lost the task") == 1, within_s=8)
    (would,), (row,) = planned["cancelled"], done["cancelled"]
    assert would | {"did": ""} == row | {"did": ""} == {
        "task": task_id, "was": "processing", "node": "n1", "did": "", "refused": ""
    }  # fmt: skip
    assert would["did"].replace("would go", "went") == row["did"]
    assert done["undo"] == f"videogen retry {task_id}"
    reason = json.loads((house.root / "trash/failed" / task_id / "reason.json").read_text())
    assert reason["code"] == "cancelled"

    assert house.run("main", "--once").returncode == 0
    assert (house.visible("tasks"), house.visible("processing")) == ([], [])
    farm.sign("slow", "n1").unlink()
    following = farm.task()
    assert soon(lambda: farm.is_published(following))
    assert house.run(*done["undo"].split()[1:]).returncode == 0
    assert soon(lambda: farm.is_published(task_id, following))
    assert farm.manifest(task_id)["task"]["attempts"] == 0
    assert farm.paper("n1")["failed"] == 0


def test_queued_anew_while_it_renders_and_made_again_when_done(farm: Farm) -> None:
    """A running task goes back uncounted to another priority and is taken up again; once published it is refused, but
    made once more under a new id, to the same bytes (A2, A16)."""
    task_id, house = farm.first, farm.house
    farm.sign("slow", "n1").touch()
    farm.node("n1", **LONG)
    assert soon(lambda: bool(house.rendering()))

    (row,) = told(house, "requeue", task_id, "--priority", "9")["requeued"]
    farm.sign("slow", "n1").unlink()

    assert (row["was"], row["node"], row["refused"]) == ("processing", "n1", "")
    assert soon(lambda: farm.is_published(task_id))
    first = farm.manifest(task_id)
    assert (first["task"]["attempts"], first["task"]["priority"], first["epoch"]) == (0, 9, 2)

    (row,) = told(house, "requeue", task_id, status=75)["requeued"]
    assert "--again" in row["refused"]
    (row,) = told(house, "requeue", task_id, "--again", "--front")["requeued"]
    made = row["made"]
    assert soon(lambda: farm.is_published(*{task_id, made}))
    again = farm.manifest(made)
    assert made != task_id
    assert (again["sha256"], again["task"]["seed"]) == (first["sha256"], first["task"]["seed"])
