"""A task in every room: what it waits for, who holds it, what came of it (B5, P25)."""

import time
from typing import Any

import pytest

from tests import papers
from tests.why.conftest import Place
from videogen.errors import Defect
from videogen.model.node import NodePaper
from videogen.model.task import Task
from videogen.spool import paper_of
from videogen.spool.rooms import Claim
from videogen.why import Answer

FAILURE = Defect("FFmpeg ended badly", remedy="Report it.", code="internal-error", status=1)


def publish(place: Place, **changes: object) -> Task:
    """Put a task into tasks/."""
    task = papers.task().model_copy(update=changes)
    assert place.spool.publish(task, lambda _: None)
    return task


def claim(place: Place, node: str = "n1") -> Claim:
    """Have a node hold a task."""
    claimed = place.spool.claim(publish(place).task_id, node, "life-1")
    assert claimed is not None
    return claimed


def node(place: Place, name: str = "n1", **more: object) -> None:
    """Write the paper of a node that lives."""
    paper = NodePaper.model_validate({"node": name, "incarnation": "life-1", "state": "idle", **more})
    paper_of(place.spool.processing / ".nodes", name).write_text(paper.to_json())


def reason_of(place: Place, task: Task) -> Answer:
    """Ask for the one answer about a task."""
    return place.only(task.task_id)


def test_a_task_without_a_node_says_so(place: Place) -> None:
    """A task that waits though no node runs names the command that starts one."""
    found = reason_of(place, publish(place))

    assert (found.state, found.because) == ("waiting", "no node is running")
    assert "videogen node" in found.remedy


@pytest.mark.parametrize(
    ("task", "paper", "said"),
    [
        ({}, {}, "it waits for a node to be free; running: n1"),
        ({"not_before_s": 500.0, "attempts": 1}, {}, "it failed, and is tried again in"),
        ({"tags": ("gpu", "4k")}, {"tags": ("gpu",)}, "no running node offers gpu, 4k"),
        ({}, {"state": "draining"}, "every node that could take it is draining"),
        ({"avoid": ("n1",)}, {}, "it failed on every node that is running"),
        ({}, {"state": "waiting-for-space"}, "every node that could take it waits for space"),
        ({}, {"state": "stopping"}, "no node is running"),
        ({}, {"lease_s": -1.0}, "no node is running"),
    ],
)
def test_a_waiting_task_says_what_for(place: Place, task: dict[str, Any], paper: dict[str, Any], said: str) -> None:
    """Each thing that keeps a task in tasks/ has its own sentence (B5)."""
    node(place, **paper)

    assert said in reason_of(place, publish(place, **task)).because


def test_a_held_task_names_its_node_and_how_far_it_is(place: Place) -> None:
    """A claim names the node, host and process that hold it, and the percent where it is being rendered."""
    claimed = claim(place)
    node(place, state="working", task=claimed.task.task_id, frame=30, frames=60)

    found = reason_of(place, claimed.task)

    assert (found.state, found.because) == ("held", "the node n1 renders it (50 %)")
    assert (found.facts["node"], found.facts["epoch"]) == ("n1", 1)


def test_a_dead_holder_is_told(place: Place) -> None:
    """A claim of an earlier life of its node, and of a node that has gone silent, says what will happen."""
    claimed = claim(place)
    node(place, incarnation="life-2")
    dead = reason_of(place, claimed.task)
    node(place, state="working", lease_s=0.05)
    time.sleep(0.2)

    assert dead.state == "dead-claim"
    assert reason_of(place, claimed.task).state == "silent"


def test_a_claim_on_its_way_is_found(place: Place) -> None:
    """A claim that died between its two renames is found by its id and by its name."""
    task = papers.task()
    half = f"processing/.{task.task_id}.n1.1"
    place.put(f"{half}/metadata.json", task.to_json())

    assert place.only(half).state == place.only(task.task_id).state == "moving"


def test_a_published_task_names_its_video(place: Place) -> None:
    """A video names its file, its node and its encoder; without its file it is torn."""
    task = papers.task()
    place.put(f"output/{task.task_id}/manifest.json", papers.manifest(task).to_json())
    torn = reason_of(place, task)
    place.put(f"output/{task.task_id}/final.mp4")

    found = reason_of(place, task)

    assert (torn.state, found.state) == ("torn", "published")
    assert found.facts["video"] == f"output/{task.task_id}/final.mp4"
    assert (found.facts["node"], found.facts["encoder"]) == ("n", "libx264")


def test_a_failed_task_tells_why_and_how_again(place: Place) -> None:
    """A failed task tells its code, remedy, attempts and node, FFmpeg's last words, and the command that works."""
    claimed = claim(place)
    claimed.log.write_text("".join(f"line {number}\n" for number in range(100)))
    place.spool.discard(claimed, FAILURE, stage="render", at="now")

    found = reason_of(place, claimed.task)

    assert (found.state, found.code, found.remedy) == ("failed", "internal-error", "Report it.")
    assert (found.facts["node"], found.facts["stage"], found.facts["status"]) == ("n1", "render", 1)
    assert found.rows[-1] == {"stderr": "line 99"}
    assert found.notes[-1] == f"To try it again: videogen retry {claimed.task.task_id}"
    place.spool.retry(claimed.task.task_id)
    assert reason_of(place, claimed.task).room == "tasks"


def test_what_is_no_task_is_told_where_it_lies(place: Place) -> None:
    """Things that nobody published are told as what they are, in whichever room they lie."""
    rooms = ("tasks", "processing", "output", "trash/failed")
    for room in rooms:
        place.put(f"{room}/mine/file.txt")
        place.put(f"{room}/file.txt")

    found = {name: {one.path: one.state for one in place.ask(f"tasks/{name}")} for name in ("mine", "file.txt")}

    states = ("broken", "foreign", "torn", "no-reason")
    assert found == {
        name: {f"{room}/{name}": state for room, state in zip(rooms, states, strict=True)} for name in found
    }


@pytest.mark.parametrize("room", ["tasks", "processing", "output", "trash/failed", "trash/attempts"])
def test_a_path_in_any_room_leads_to_where_the_task_is_now(place: Place, room: str) -> None:
    """The path a task lay at an hour ago, and a file in it, lead to where it is now."""
    task = publish(place)
    end = ".1" if room == "trash/attempts" else ""

    found = [place.only(f"{room}/{task.task_id}{end}{inner}") for inner in ("", "/metadata.json")]

    assert [one.path for one in found] == [f"tasks/{task.task_id}"] * 2


def test_the_beginning_of_an_id_is_enough(place: Place) -> None:
    """Eight characters of an id name its task, as they do for plan; fewer than four name nothing."""
    task = publish(place)

    assert place.only(task.task_id[:8]).path == f"tasks/{task.task_id}"
    assert place.ask(task.task_id[:3]) == []
