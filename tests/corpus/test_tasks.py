"""Tasks that are none end in trash/failed with a reason, and no node takes one up twice (P18, P25)."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests.corpus.tasks import PAPER, PIPE, ROWS, BadTask
from tests.flow.house import House, shared, tasked

BY_ID = {row.id: row for row in ROWS}


def id_of(row: BadTask) -> str:
    """Give the id of a row's task."""
    return str(uuid5(NAMESPACE_URL, row.id))


def spoil(house: House, rows: Iterable[BadTask]) -> None:
    """Make a task of every row beside the good one, and spoil it."""
    (good,) = house.visible("tasks")
    for row in rows:
        folder = house.root / "tasks" / id_of(row)
        shutil.copytree(house.root / "tasks" / good, folder, symlinks=True)
        paper = json.loads((folder / PAPER).read_text())
        (folder / PAPER).write_text(json.dumps(paper | {"task_id": id_of(row)}))
        row.spoil(folder)


@pytest.fixture(scope="module")
def farmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Any]:
    """A spool of bad tasks and one good one, as a node left it; only to be looked at."""

    def prepare(house: House) -> dict[str, Any]:
        shutil.rmtree(house.root)
        spoil(tasked(tmp_path_factory, house.root), ROWS)
        return {"status": house.run("node", "--once", timeout=200).returncode}

    return shared(tmp_path_factory, "bad-tasks", prepare)


@pytest.mark.parametrize("row_id", BY_ID)
def test_bad_task_fails_with_its_reason(farmed: tuple[House, Any], row_id: str) -> None:
    """A task that cannot be one lies in trash/failed with its code, a sentence and a remedy (A10, P25)."""
    house, row = farmed[0], BY_ID[row_id]
    folder = house.root / "trash" / "failed" / id_of(row)
    if not row.code and id_of(row) in house.visible("output"):
        return

    reason = json.loads((folder / "reason.json").read_text())

    assert reason["code"] == (row.code or reason["code"]) != "internal-error", reason["message"]
    assert reason["message"].isprintable()
    assert len(reason["message"]) < 1000
    assert "root:" not in reason["message"]  # what a link points at is nobody's business
    assert reason["remedy"].endswith(".")


@pytest.mark.parametrize("row_id", BY_ID)
def test_bad_task_is_taken_up_once(farmed: tuple[House, Any], row_id: str) -> None:
    """What can never be rendered is tried once: no second claim, and it is in no other room (P18)."""
    house, row = farmed[0], BY_ID[row_id]

    claims = [line for line in house.log("node").splitlines() if id_of(row) in line and '"Claimed' in line]

    assert len(claims) <= 1
    rooms = [room for room in ("tasks", "processing", "output", "trash/failed") if id_of(row) in house.visible(room)]
    assert len(rooms) == 1
    assert rooms[0] in {"output", "trash/failed"}


def test_good_task_among_them_is_rendered(farmed: tuple[House, Any]) -> None:
    """The one good task is published, whatever lies beside it (P18)."""
    house, told = farmed
    ids = {id_of(row) for row in ROWS}

    assert [name for name in house.visible("output") if name not in ids]
    assert house.visible("tasks") == house.visible("processing") == []
    assert told["status"] in {0, 65}


def test_pipe_for_a_paper_holds_nobody_up(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """A node that finds a pipe where a paper should be does not wait for its writer (J17, T6)."""
    house = tasked(tmp_path_factory, tmp_path / "spool")
    spoil(house, [PIPE])

    done = house.run("node", "--once", timeout=40)

    assert done.returncode in {0, 65}
    assert len(house.visible("output")) == 1
    assert house.visible("trash/failed") == [id_of(PIPE)]
