"""Lives killed at every fail point, by hundreds; the oracle that judges them (A1, A2, A3, A10; P1, P2, P4, P5, P13).

The long run of the same is `python -m tests.torture`.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import papers
from tests.crash.killing import killed
from tests.crash.lives import Life
from tests.crash.oracle import tokens
from tests.crash.tree import Tree
from tests.test_spool import bring_to, fill
from videogen import durable
from videogen.model.task import Task

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
KILLS = 120


def test_lives_killed_at_every_point_lose_nothing() -> None:
    """Hundreds of kills and pauses, some in recovery, at every point: no task is lost, doubled or torn (P1, P2, P4)."""
    ledger, points = killed(KILLS, seed=20)

    assert ledger.violations == []
    assert ledger.kills.total() >= KILLS
    reached, at_each = ledger.least(points)
    assert reached >= 1, ledger.table(points)
    assert at_each >= 1, ledger.table(points)
    assert ledger.pauses.total() >= 3
    assert ledger.counts["videos"] >= 40


# -- the oracle --------------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A spool of four tasks, one in each room."""
    (tmp_path / "far").mkdir()
    made = Tree(tmp_path, tmp_path / "far")
    for room in ("tasks", "processing", "output", "failed"):
        task = papers.task()
        life = made.life("n1", 1)
        life._tell("acknowledged", task.task_id)  # the word that a life gives when it has published
        assert made.spool.publish(task, fill)
        if room == "output":
            finish(made, task, life)
        else:
            bring_to(made.spool, task, room)
    return made


def finish(tree: Tree, task: Task, life: Life) -> None:
    """Publish a video whose manifest tells its bytes."""
    claim = tree.spool.claim(task.task_id, "n1", "i1")
    assert claim is not None
    life._finished(claim, claim.scratch)


def only(folder: Path) -> Path:
    """Give the one visible thing in a folder."""
    (found,) = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return found


def manifest_of(tree: Tree) -> Path:
    """Name the manifest of the one video."""
    return only(tree.spool.output) / "manifest.json"


def another_video(tree: Tree) -> None:
    """Publish the video a second time, with other bytes."""
    video = only(tree.spool.output)
    again = video.with_name("again")
    shutil.copytree(video, again)
    shutil.rmtree(video)
    again.rename(video)


SABOTAGE: dict[str, Callable[[Tree], object]] = {
    "lost": lambda tree: shutil.rmtree(only(tree.spool.tasks)),
    "there 2 times": lambda tree: (only(tree.spool.processing) / ".fenced.1").mkdir(),
    "nobody made": lambda tree: tree.spool.publish(papers.task(), fill),
    "fell back": lambda tree: (only(tree.spool.tasks) / "out.1").rename(only(tree.spool.tasks) / "out.0"),
    "not those of the manifest": lambda tree: (only(tree.spool.output) / "final.mp4").write_bytes(b"torn"),
    "is torn": lambda tree: manifest_of(tree).unlink(),
    "another task": lambda tree: manifest_of(tree).write_text(
        json.dumps(json.loads(manifest_of(tree).read_text()) | {"task": {"task_id": "other"}})
    ),
    "another video": another_video,
    "is gone": lambda tree: durable.remove_tree(only(tree.spool.output)),
    "its links": lambda tree: (only(tree.spool.tasks) / "voice.mp3").unlink(),
    "no reason": lambda tree: (only(tree.spool.failed) / "reason.json").unlink(),
}


@pytest.mark.parametrize("word", SABOTAGE)
def test_oracle_sees_each_broken_promise(tree: Tree, word: str) -> None:
    """What was sabotaged is told, by the word for it; before that there was nothing to tell."""
    assert tree.troubles() == []

    SABOTAGE[word](tree)

    assert any(word in line for line in tree.troubles())


def test_oracle_finds_each_token_once(tree: Tree) -> None:
    """Each task of the tree has one token, in its room, while it is whole."""
    found = list(tokens(tree.place.root))

    assert sorted(one.place.split("/")[0] for one in found) == ["output", "processing", "tasks", "trash"]
    assert {one.epoch for one in found} == {1}


@pytest.mark.parametrize("room", ["tasks", "processing", "output", "trash/failed", "trash/attempts"])
def test_oracle_sees_what_is_left_over(tree: Tree, room: str) -> None:
    """A thing nobody will take up again, in any room, is told."""
    assert tree.worked_off() == []

    (tree.place.root / room / ("stuck" if room == "tasks" else ".forgotten")).mkdir()

    assert len(tree.oracle.left_over()) == 1


def test_a_tree_is_worked_off(tree: Tree) -> None:
    """Recovery takes back what is held, and all that waits comes to its end."""
    assert tree.worked_off() == []

    assert list(tree.spool.tasks.iterdir()) == []
    assert len(list(tree.spool.failed.iterdir())) == 3
