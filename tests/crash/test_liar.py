"""Lives of tasks on a disk that lies as a file server does: nothing is lost, nothing is there twice (A2, A3, A10).

Without `close` all that is asked for is done, only the answers are false: then every life must go as on an honest disk,
without one error. With `close` writes really fail, so a node dies of it, and its next life goes on.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pytest

from tests import papers
from tests.test_spool import fill
from videogen import durable
from videogen.errors import LeaseLost, MediaError, TemporaryError
from videogen.kernel import Liar
from videogen.model.task import Task
from videogen.spool import Claim, Identity, Spool, Sweeper, read_task

LIVES = 60
"""Lives in one test; the longer run of the same is for the night."""
VIDEO = b"video"
# What a task's life asks of the disk; hard links and listings it asks for elsewhere, or by itself.
FALSE_ANSWERS = {"rename": 0.05, "symlink": 0.05, "mkdir": 0.05, "unlink": 0.05, "estale": 0.02}
FORK = get_context("fork")
BROKEN = MediaError("broken", remedy="Replace it.")
ENDS = ("finish", "release", "drain", "discard", "die")
Sight = tuple[int, bytes]


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder in memory where there is one: what is asked here is not whether a disk is slow."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder)


class House:
    """A spool, one node after another in it, and what was promised to those outside."""

    def __init__(self, root: Path, dice: Random) -> None:
        self.spool = Spool(root)
        self.spool.lay_out()
        self.dice = dice
        self.life = 0
        self.deaths: list[str] = []
        self.acknowledged: list[str] = []
        self.seen: dict[str, Sight] = {}

    def publish(self) -> Task:
        """Bring one more task into being, as often as it takes."""
        task = papers.task()
        while True:
            try:
                self.spool.publish(task, fill)
                break
            except OSError as error:
                self.deaths.append(f"publish: {error}")
        self.acknowledged.append(task.task_id)
        return task

    def live(self, task_id: str) -> None:
        """Claim a task and bring it to an end, or die of an error on the way; the next life goes on."""
        try:
            claim = self.spool.claim(task_id, "n1", f"i{self.life}")
            if claim is not None:
                self.end(claim, self.dice.choice(ENDS))
        except (OSError, TemporaryError) as error:
            self.deaths.append(f"live: {error}")
        self.come_back()

    def end(self, claim: Claim, end: str) -> None:
        """End a claim in one way."""
        if end == "finish":
            durable.write(claim.out / "final.mp4", VIDEO)
            self.spool.finish(claim, papers.manifest(claim.task))
        elif end == "discard":
            self.spool.discard(claim, BROKEN, stage="render", at="now")
        elif end != "die":
            self.spool.release(claim, counts=end == "release")

    def come_back(self) -> None:
        """Start the node anew until it could clear up behind its former lives."""
        for _ in range(100):
            self.life += 1
            try:
                Sweeper(self.spool, Identity("n1", f"i{self.life}")).look("now")
            except OSError as error:
                self.deaths.append(f"sweep: {error}")
            left = [path for path in self.spool.processing.iterdir() if path.name != ".nodes"]
            if not left:
                self.look()
                return
        raise AssertionError(f"never cleared up: {left}, {self.deaths[-3:]}")

    def look(self) -> None:
        """See what is published: it is whole, and what was seen before is still the very same."""
        for task_id in os.listdir(self.spool.output):
            final = self.spool.output / task_id / "final.mp4"
            sight = final.stat().st_ino, final.read_bytes()
            assert self.seen.setdefault(task_id, sight) == sight
            assert sight[1] == VIDEO

    def rooms_of(self, task_id: str) -> list[str]:
        """Name every room that holds a task."""
        rooms = {"tasks": self.spool.tasks, "output": self.spool.output, "failed": self.spool.failed}
        return [name for name, room in rooms.items() if (room / task_id).is_dir()]


@contextmanager
def lying(rates: dict[str, float], seed: int) -> Iterator[Liar]:
    """Have this process's disk lie until the block ends."""
    honest, liar = durable.DISK.kernel, Liar(rates, seed)
    durable.DISK.kernel = liar
    try:
        yield liar
    finally:
        durable.DISK.kernel = honest


def lives(root: Path, rates: dict[str, float], seeds: range) -> tuple[list[str], Counter[str]]:
    """Live once for each seed on a disk that lies so often; give what went wrong, and the lies that were told."""
    wrong: list[str] = []
    told: Counter[str] = Counter()
    for seed in seeds:
        house = House(root / str(seed), Random(seed))  # noqa: S311  # a life must be repeatable
        with lying(rates, seed) as liar:
            task = house.publish()
            while house.rooms_of(task.task_id) == ["tasks"] and house.life < 200:
                house.live(task.task_id)
        if house.deaths and not rates.get("close"):
            wrong.append(f"seed {seed}: {house.deaths}")
        for task_id in house.acknowledged:
            if house.rooms_of(task_id) not in (["output"], ["failed"]):
                wrong.append(f"seed {seed}: {house.rooms_of(task_id)} after {house.deaths}")
        told.update(liar.lies)
        shutil.rmtree(house.spool.root)
    return wrong, told


@pytest.mark.parametrize("lie", FALSE_ANSWERS)
def test_one_false_answer_changes_nothing(root: Path, lie: str) -> None:
    """With one kind of call answered falsely one time in five, no step fails and each task ends in one room (P3)."""
    wrong, told = lives(root, {lie: 0.2 if lie != "estale" else 0.1}, range(16))

    assert wrong == []
    assert told[lie] > 5


def test_false_answers_change_nothing(root: Path) -> None:
    """With all of them answered falsely now and then, no step fails and each task ends in one room (P3)."""
    wrong, told = lives(root, FALSE_ANSWERS, range(LIVES))

    assert wrong == []
    assert told.total() > LIVES


def test_writes_that_fail_at_the_close_lose_nothing(root: Path) -> None:
    """Where writes fail at the close and answers are false besides, every task still ends in one room (P1, P2, P10)."""
    wrong, told = lives(root, FALSE_ANSWERS | {"close": 0.05}, range(1000, 1000 + LIVES))

    assert wrong == []
    assert told["close"] > LIVES / 10


def test_a_task_that_comes_back_is_whole(root: Path) -> None:
    """What went back to tasks/ on a lying disk has its papers, its links and its next token (P1)."""
    spool = Spool(root)
    spool.lay_out()
    task = papers.task()

    with lying(FALSE_ANSWERS | {"rename": 0.5}, 1):
        spool.publish(task, fill)
        for epoch in range(1, 4):
            claim = spool.claim(task.task_id, "n1", "i1")
            assert claim is not None
            assert claim.epoch == epoch
            spool.release(claim, counts=False)

    again = spool.tasks / task.task_id
    assert read_task(again) == task
    assert sorted(os.listdir(again)) == ["metadata.json", "out.4", "video_list.txt", "voice.mp3"]


# -- several at once ---------------------------------------------------------------------------------------------------


def tasks_in(root: Path, number: int) -> list[str]:
    """Publish tasks into a new spool; give their ids."""
    spool, tasks = Spool(root), [papers.task() for _ in range(number)]
    spool.lay_out()
    assert all(spool.publish(task, fill) for task in tasks)
    return [task.task_id for task in tasks]


def claim_all(root: Path, ids: list[str], node: int) -> list[str]:
    """Try to claim every task while the answers are false; give those that were won."""
    with lying({"rename": 0.3}, node):
        return [task_id for task_id in ids if Spool(root).claim(task_id, f"n{node}", "i1") is not None]


def test_racing_nodes_share_without_overlap_whatever_is_answered(root: Path) -> None:
    """Of four processes that claim the same tasks, one rename in three answered falsely, each gets its own (P3)."""
    ids = tasks_in(root, 60)

    with ProcessPoolExecutor(4, mp_context=FORK) as pool:
        won = list(pool.map(partial(claim_all, root, ids), range(4)))

    assert sorted(task_id for mine in won for task_id in mine) == sorted(ids)
    assert sorted(path.name for path in Spool(root).processing.iterdir()) == [".nodes", *sorted(ids)]


def end_all(root: Path, claims: list[Claim], end: str) -> list[str]:
    """End every claim in one way, as far as another has not ended it, while the answers are false; give the ids."""
    ended, spool = [], Spool(root)
    with lying({"rename": 0.3}, len(end)):
        for claim in claims:
            try:
                if end == "finish":
                    spool.finish(claim, papers.manifest(claim.task))
                else:
                    spool.release(claim, counts=True)
            except LeaseLost:
                continue
            ended.append(claim.task.task_id)
    return ended


def test_of_two_ends_one_wins_whatever_is_answered(root: Path) -> None:
    """What one process publishes and another gives back is in output/ or in tasks/, never in both (P4)."""
    spool = Spool(root)
    claims = [spool.claim(task_id, "n1", "i1") for task_id in tasks_in(root, 60)]

    with ProcessPoolExecutor(2, mp_context=FORK) as pool:
        finished, back = pool.map(partial(end_all, root, [one for one in claims if one]), ["finish", "release"])

    assert len(finished + back) == 60
    assert sorted(os.listdir(spool.output)) == sorted(finished)
    assert sorted(os.listdir(spool.tasks)) == sorted(back)
