"""What a role tells of itself: a text for a scraper, a line in the log, and from main the rooms and all nodes (A12)."""

from pathlib import Path

import pytest

from tests.crash.stub_node import StubHouse, lay_out
from tests.rows import Rows
from tests.test_spool import claimed, published
from videogen import durable
from videogen.daemon.reporting import Reporting
from videogen.metrics import Meter
from videogen.model.node import NodePaper
from videogen.spool import paper_of


@pytest.fixture
def house(tmp_path: Path) -> StubHouse:
    """A root with one task waiting and one in work."""
    lay_out(tmp_path / "spool")
    made = StubHouse(tmp_path / "spool")
    published(made.spool)
    claimed(made.spool, published(made.spool))
    return made


def series(house: StubHouse, role: str) -> dict[str, float]:
    """Read what a role wrote for a scraper."""
    text = (house.log_file(role).parent / f"metrics-{role}.prom").read_text()
    rows = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def test_a_node_writes_its_figures(house: StubHouse) -> None:
    """A node's text has its counts under its name, and nothing of the rooms: that is main's to tell."""
    meter = Meter()
    meter.count("published", 3)

    Reporting(house, "node-n1", meter).write()

    told = series(house, "node-n1")
    assert told['videogen_published_total{node="n1",role="node"}'] == 3
    assert told['videogen_disk_free_bytes{node="n1",role="node"}'] > 0
    assert not any("room" in name for name in told)


def test_a_role_tells_time_memory_file_operations_and_rates(
    house: StubHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an operator reckons rates of: time, memory, operations, what was made and what failed (E5)."""
    meter = Meter()
    monkeypatch.setattr(durable, "observer", meter.note)
    meter.count("failed", 2, code="media")
    meter.observe("render_s", 4.0)
    durable.write(tmp_path / "a", "one")
    durable.move(tmp_path / "a", tmp_path / "b")
    durable.remove(tmp_path / "b")

    Reporting(house, "node-n1", meter).write()

    told, mine = series(house, "node-n1"), '{node="n1",role="node"}'
    assert told[f"videogen_file_operations_total{mine}"] >= 4
    assert 10e6 < told[f"videogen_memory_bytes{mine}"] < 10e9
    assert told[f"videogen_render_seconds_sum{mine}"] == 4
    assert sum(count for name, count in told.items() if name.startswith("videogen_failed_total")) == 2
    assert f"videogen_published_total{mine}" in told


def test_main_writes_the_rooms_and_the_nodes(house: StubHouse) -> None:
    """Main's very first text counts what lies in each room, every node, and no task that is nowhere."""
    paper = NodePaper(node="n7", encoder="libx264", state="working")
    durable.write(paper_of(house.spool.nodes, "n7"), paper.model_dump_json())

    for chore in Reporting(house, "main", Meter()).chores():
        chore.look()

    told = series(house, "main")
    rooms: dict[str, float] = {}
    for name, value in told.items():
        if name.startswith("videogen_room_things{"):
            room = name.partition('room="')[2].partition('"')[0]
            rooms[room] = rooms.get(room, 0) + value
    assert (rooms["tasks"], rooms["processing"], rooms["output"]) == (1, 1, 0)
    assert any(name.startswith("videogen_node_info{") and 'name="n7"' in name for name in told)
    assert told['videogen_tasks_unaccounted{node="",role="main"}'] == 0


def test_the_figures_are_logged_when_there_are_new_ones(house: StubHouse, logged: Rows) -> None:
    """A node's line comes when something was done since the last one, and not for an hour in which nothing was."""
    meter = Meter()
    reporting = Reporting(house, "node-n1", meter)

    reporting.say()
    assert logged == []
    meter.count("published")
    reporting.say()
    reporting.say()
    meter.count("failed")
    reporting.say()

    assert [row["event"] for row in logged] == ["Figures of the last hour"] * 2
    assert (logged[1]["published"], logged[1]["failed"], logged[1]["released"]) == (1, 1, 0)


def test_each_role_has_its_chores(house: StubHouse) -> None:
    """Both write; only a node logs its figures; only main notes what was made and counts the rooms, and that first."""
    node = [chore.what for chore in Reporting(house, "node-n1", Meter()).chores()]
    main = [chore.what for chore in Reporting(house, "main", Meter()).chores()]

    assert node == ["write the figures", "log the figures"]
    assert main == ["count the rooms", "write the figures", "note what was made"]


def test_main_s_walk_is_in_its_text(house: StubHouse) -> None:
    """What main measured of trash and store stands in the text that it writes next."""
    (house.root / "trash" / "invalid" / "big").write_bytes(b"x" * 1234)

    for chore in Reporting(house, "main", Meter()).chores():
        chore.look()

    assert series(house, "main")['videogen_trash_bytes{node="",role="main"}'] == 1234


def test_a_text_is_whole_or_the_one_before(house: StubHouse) -> None:
    """Where the new text cannot be written the last one stays, and the chore says so instead of ending the role."""
    reporting = Reporting(house, "node-n1", Meter())
    reporting.write()
    before = series(house, "node-n1")
    folder = house.log_file("node-n1").parent
    folder.rename(folder.with_name("kept"))
    folder.write_text("a file where the folder was")

    reporting.chores()[0].look()

    folder.unlink()
    folder.with_name("kept").rename(folder)
    assert series(house, "node-n1").keys() == before.keys()
