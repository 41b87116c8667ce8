"""Nodes as they go on: speed and time left, from their papers alone; and what waits for what (A2, A12, A19)."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from videogen import durable
from videogen.model.intake import INTAKE, WAITS, Intake
from videogen.model.node import Figures, NodePaper
from videogen.spool import Spool, drain_of, paper_of
from videogen.watching import NodeSight, Watcher
from videogen.watching.nodes import Nodes
from videogen.watching.papers import hits_and_misses


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Empty rooms."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    return made


def tell(spool: Spool, ago_s: float = 0.0, node: str = "n1", **more: Any) -> None:
    """Write a node's paper, as if so long ago."""
    paper = NodePaper.model_validate({"node": node, "incarnation": "i", "state": "working", "lease_s": 60.0, **more})
    path = paper_of(spool.nodes, node)
    durable.write(path, paper.to_json())
    at = time.time() - ago_s
    os.utime(path, (at, at))


def rendering(frame: int, **more: Any) -> dict[str, Any]:
    """Give what a paper says of a render of 100 frames."""
    return {"task": "t1", "frame": frame, "frames": 100, **more}


def only(nodes: Nodes) -> NodeSight:
    """Look, and give the one node."""
    (sight,) = nodes.look()
    return sight


def test_speed_is_that_between_two_beats(spool: Spool) -> None:
    """Frames between two papers over the time between them; the rest at that speed is what is left, but for its age."""
    nodes = Nodes(spool.nodes)
    tell(spool, 14, **rendering(20))
    first = only(nodes)
    tell(spool, 4, **rendering(40))
    then = only(nodes)

    assert (first.frames_per_s, first.left_s) == (None, None)
    assert then.frames_per_s == pytest.approx(2.0, rel=0.01)
    assert then.left_s == pytest.approx(60 / 2 - 4, abs=1)


def test_one_look_is_enough_where_the_paper_tells(spool: Spool) -> None:
    """A paper says how long its render has run, so a single look has a speed."""
    tell(spool, **rendering(30, render_s=10.0))

    assert only(Nodes(spool.nodes)).frames_per_s == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"task": "t2", "frame": 50}, "another render"),
        ({"incarnation": "j", "frame": 50}, "another life"),
        ({"task": "", "frame": 0, "frames": 0}, "no render"),
        ({"frame": 20}, "it stands"),
    ],
)
def test_a_speed_is_of_one_render(spool: Spool, change: dict[str, object], why: str) -> None:
    """What another task or another life did says nothing of this one."""
    nodes = Nodes(spool.nodes)
    tell(spool, 10, **rendering(20))
    nodes.look()
    tell(spool, 0, **rendering(20) | change)

    assert only(nodes).frames_per_s is None, why


def test_papers_are_read_when_they_changed(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A paper that lies as it lay is not read again; its age goes on all the same."""
    tell(spool)
    nodes, read, reads = Nodes(spool.nodes), durable.read, list[str]()

    def reading(path: Path) -> bytes:
        reads.append(path.name)
        return read(path)

    monkeypatch.setattr(durable, "read", reading)
    for _ in range(3):
        nodes.look()
    tell(spool, frame=1)
    nodes.look()

    assert reads == ["n1.json", "n1.json"]


def test_a_paper_that_is_none_is_told(spool: Spool) -> None:
    """A node whose paper cannot be read is there with the trouble, and one that went is not."""
    tell(spool)
    paper_of(spool.nodes, "n2").write_text("{")
    nodes = Nodes(spool.nodes)
    states = [one.seen.state for one in nodes.look()]
    paper_of(spool.nodes, "n1").unlink()

    assert states == ["working", "unreadable"]
    assert len(nodes.look()) == 1


# -- what waits --------------------------------------------------------------------------------------------------------


def waits(spool: Spool) -> str:
    """Look, and give what is said to wait."""
    return "\n".join(Watcher(spool, spool.root / "logs", low_disk_bytes=1e9).look(None).waits)


def test_tasks_without_a_node_are_told(spool: Spool) -> None:
    """Tasks that nobody will take, and raw/ that nobody takes in, are said with the remedy (A19)."""
    (spool.tasks / "t").mkdir()
    text = waits(spool)

    assert "1 tasks wait for a node, and none lives. Start one: `videogen node`." in text
    assert "raw/ is not taken in: main does not run. Start it: `videogen main`." in text


def test_troubles_of_nodes_are_told(spool: Spool) -> None:
    """Silent, short of disk, without space, asked to drain: each is a sentence."""
    tell(spool, 100, node="gone")
    tell(spool, node="small", disk_free=5 * 10**8, disk_total=10**12)
    tell(spool, node="full", state="waiting-for-space")
    tell(spool, node="tired")
    drain_of(spool.nodes, "tired").touch()
    text = waits(spool)

    assert "the node gone on  has been silent for 100 s" in text
    assert "the node small on  has 0.5 GB of disk left" in text
    assert "the node full waits for disk space" in text
    assert "the node tired takes nothing new: it was asked to drain" in text


def test_voices_that_wait_are_told_as_main_told(spool: Spool) -> None:
    """While main runs, raw/ and the voices without a task are told, the first by name, the others by number (A19)."""
    named = {f"voice{nth:02}": "no music" for nth in range(WAITS)}
    told = Intake(arriving=3, waiting=50, waits=named, deaf={"raw": "it is NFS"})
    durable.write(spool.nodes / INTAKE, told.to_json())
    with spool.holding("main"):
        text = waits(spool)

    assert "raw/: 3 arriving" in text
    assert "no events from raw: it is NFS" in text
    assert "voice07: no music\nand 42 more voices wait" in text


def test_figures_and_hits_are_those_of_the_living(spool: Spool) -> None:
    """A node that went tells nothing of now: neither of the last hour nor of what the store had."""
    logs = spool.root / "logs"
    logs.mkdir()
    for node, ago_s, hits in (("n1", 0, 9), ("n2", 1000, 0)):
        tell(spool, ago_s, node=node, figures=Figures(span_s=3600, published=6))
        text = f'# HELP\nvideogen_cache_hit_total{{node="{node}"}} {hits}\nvideogen_cache_miss_total{{}} 1.0\n'
        (logs / f"metrics-node-{node}.prom").write_text(text)
    (spool.tasks / "t").mkdir()
    sight = Watcher(spool, logs, low_disk_bytes=0).look(None)

    assert (sight.cache_hits, sight.figures.published, sight.left_s) == (0.9, 6, 600)
    assert json.loads(json.dumps(sight.to_dict()))["tasks_left_s"] == 600


def test_a_text_without_counters_tells_of_none() -> None:
    """Half a text, or that of another program, is no hit and no miss."""
    assert hits_and_misses(b"") == hits_and_misses(b"\nvideogen_cache_hit_total{} what\n") == (0.0, 0.0)
