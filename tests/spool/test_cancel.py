"""An operator's hand: a task is cancelled or queued anew, whoever has it, and none is made or lost (A2, P1-P4, P13)."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests import papers
from tests.crash.test_spool_crash import every_death
from tests.spool.test_protocol_model import Child, fill, finished, given_back, given_up, held_by, house, publish, swept
from videogen import durable, fsck, points
from videogen.errors import LeaseLost, MissingInput, TemporaryError
from videogen.model.task import Reason
from videogen.render.job import Job
from videogen.render.losing import LostTasks
from videogen.spool import Spool, read_task
from videogen.spool.cancelling import Handled, Wish, cancel, is_cancelled, requeue

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@pytest.fixture
def spool() -> Iterator[Spool]:
    """A house with a library, in memory where that is possible."""
    points.names()
    with house() as made:
        yield made


def cancelled(spool: Spool, task_id: str) -> Handled:
    """Cancel a task, with no patience for what is on its way."""
    return cancel(spool, task_id, at="now", patience_s=0.05)


def place_of(spool: Spool, task_id: str) -> str:
    """Name the one place of a task's token."""
    (place,) = fsck.tokens(spool)[task_id]
    return place


# -- cancel ------------------------------------------------------------------------------------------------------------


def test_waiting_task_is_cancelled_and_comes_back(spool: Spool) -> None:
    """It lies in trash/failed with its code and the command that undoes it, and a retry is an undo (A19)."""
    task_id = publish(spool)
    before = read_task(spool.tasks / task_id)

    assert cancelled(spool, task_id) == Handled("tasks")

    reason = Reason.model_validate_json(durable.read(spool.failed / task_id / "reason.json"))
    assert (reason.code, reason.stage) == ("cancelled", "cancel")
    assert f"videogen retry {task_id}" in reason.remedy
    assert is_cancelled(spool.failed / task_id)
    assert fsck.examine(spool, quick=True) == []
    spool.retry(task_id)
    assert read_task(spool.tasks / task_id) == before


def test_held_task_is_cancelled_and_its_holder_publishes_nothing(spool: Spool) -> None:
    """Who held it learns that it lost the task, whatever it does next, and finds no room for its video (P2, P4)."""
    task_id = publish(spool)
    claim = held_by(spool, task_id, "n1")

    assert cancelled(spool, task_id) == Handled("processing", "n1")

    assert finished(spool, claim) == "lost"
    with pytest.raises(LeaseLost):
        spool.release(claim, counts=False)
    assert place_of(spool, task_id) == f"trash/failed/{task_id}/.fenced.1"
    assert fsck.examine(spool, quick=True) == []


def test_holder_sees_within_two_looks_that_its_task_is_gone(spool: Spool) -> None:
    """What is done for a cancelled task is halted at the second look; for one that is held still, never (P4)."""
    gone, kept = (held_by(spool, publish(spool), "n1") for _ in range(2))
    jobs = [Job(claim, claim.scratch) for claim in (gone, kept)]
    lost = LostTasks(lambda: jobs)
    lost.look()
    cancelled(spool, gone.task.task_id)

    lost.look()
    is_halted_at_once = jobs[0].halt.is_set()
    lost.look()

    assert not is_halted_at_once
    assert [job.halt.is_set() for job in jobs] == [True, False]


def test_own_end_is_no_loss(spool: Spool) -> None:
    """A token that the node itself is moving is not missed, however long what follows takes (A9)."""
    claim = held_by(spool, publish(spool), "n1")
    job = Job(claim, claim.scratch, is_ending=True)
    lost = LostTasks(lambda: [job])
    assert finished(spool, claim) == "done"

    for _ in range(3):
        lost.look()

    assert not job.halt.is_set()


def test_what_is_done_is_left_alone(spool: Spool) -> None:
    """A video stays, a failed task keeps its reason, and what is nowhere is said to be nowhere (P2)."""
    done, failed = publish(spool), publish(spool)
    assert finished(spool, held_by(spool, done, "n1")) == "done"
    given_up(spool, held_by(spool, failed, "n1"))
    kept = durable.read(spool.failed / failed / "reason.json")

    assert cancelled(spool, done) == Handled("output", is_done=False)
    assert cancelled(spool, failed) == Handled("trash", is_done=False)
    with pytest.raises(MissingInput, match="no task is named"):
        cancelled(spool, "0" * 36)

    assert place_of(spool, done) == f"output/{done}"
    assert durable.read(spool.failed / failed / "reason.json") == kept


def test_task_on_its_way_back_is_waited_for_and_then_told(spool: Spool) -> None:
    """Between two rooms there is nothing to take hold of: after its patience the hand says so, and changes nothing."""
    task_id = publish(spool)
    claim = held_by(spool, task_id, "n1")
    late = Child(lambda: given_back(spool, claim), "back.after_verdict=stop@1")
    try:
        with pytest.raises(TemporaryError, match="between two rooms"):
            cancelled(spool, task_id)
    finally:
        late.wake()

    assert place_of(spool, task_id) == f"tasks/{task_id}/out.2"
    assert cancelled(spool, task_id) == Handled("tasks")


@pytest.mark.parametrize("is_held", [False, True], ids=["waits", "held"])
def test_cancel_killed_anywhere_leaves_one_token(tmp_path: Path, is_held: bool) -> None:
    """Wherever a cancel is killed, the task waits again or is cancelled after a sweep, once, and cancel finishes it."""
    task = papers.task()

    def prepare(root: Path) -> None:
        spool = Spool(root)
        spool.publish(task, fill)
        if is_held:
            assert spool.claim(task.task_id, "n1", "i1")

    deaths = 0
    for death, root in every_death(tmp_path, lambda root: cancelled(Spool(root), task.task_id), prepare):
        spool = Spool(root)
        swept(spool)
        place = place_of(spool, task.task_id)
        assert place.startswith((f"tasks/{task.task_id}/out.", f"trash/failed/{task.task_id}/.fenced.")), death
        cancelled(spool, task.task_id)
        assert is_cancelled(spool.failed / task.task_id), death
        assert [one for one in fsck.examine(spool, quick=True) if one.severity == "error"] == [], death
        deaths += death.is_death
    assert deaths > 8


def quietly(step: Callable[[], object]) -> None:
    """Do something that another may be quicker with."""
    with suppress(LeaseLost, TemporaryError):
        step()


@pytest.mark.parametrize("other", ["claim", "finish", "release", "cancel", "sweep"])
def test_of_two_at_once_one_wins(spool: Spool, other: str) -> None:
    """Whoever claims, publishes, gives back, sweeps or cancels at the same moment: one token, in one room (P1-P4)."""
    for _ in range(12):
        task_id = publish(spool)
        racers: dict[str, Callable[[], object]] = {
            "claim": partial(spool.claim, task_id, "n2", "i2"),
            "cancel": partial(cancelled, spool, task_id),
            "sweep": partial(swept, spool),
        }
        if other in {"finish", "release", "sweep"}:
            claim = held_by(spool, task_id, "n1")
            racers |= {"finish": partial(finished, spool, claim), "release": partial(given_back, spool, claim)}

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(quietly, (partial(cancelled, spool, task_id), racers[other])))

        place = place_of(spool, task_id)
        assert place == f"output/{task_id}" or is_cancelled(spool.failed / task_id), place
    assert [one for one in fsck.examine(spool, quick=True) if one.severity == "error"] == []


# -- requeue -----------------------------------------------------------------------------------------------------------


def test_waiting_task_gets_what_is_wished(spool: Spool) -> None:
    """Its priority and tags are others, its delay is over, its attempts and everything else are as they were (A2)."""
    task_id = publish(spool)
    spool.release(held_by(spool, task_id, "n1"), counts=True, not_before_s=900, avoid="n1")
    before = read_task(spool.tasks / task_id)

    assert requeue(spool, task_id, Wish(priority=9, tags=("gpu",))) == Handled("tasks")

    update = {"priority": 9, "tags": ("gpu",), "not_before_s": 0.0}
    assert read_task(spool.tasks / task_id) == before.model_copy(update=update)
    assert before.attempts == 1
    requeue(spool, task_id, Wish(tags=()))
    assert read_task(spool.tasks / task_id) == before.model_copy(update=update | {"tags": ()})


def test_held_task_goes_back_uncounted(spool: Spool) -> None:
    """A task taken from a node waits again with no attempt more, and the node publishes nothing of it (P4)."""
    task_id = publish(spool)
    claim = held_by(spool, task_id, "n1")

    assert requeue(spool, task_id, Wish(priority=8)) == Handled("processing", "n1")

    task = read_task(spool.tasks / task_id)
    assert (task.attempts, task.avoid, task.priority) == (0, (), 8)
    assert finished(spool, claim) == "lost"
    assert finished(spool, held_by(spool, task_id, "n2")) == "done"
    assert fsck.examine(spool, quick=True) == []


def test_failed_task_is_retried_with_what_is_wished(spool: Spool) -> None:
    """One in trash/failed waits with a clean sheet and its new priority; a video is left alone (P2)."""
    failed, done = publish(spool), publish(spool)
    given_up(spool, held_by(spool, failed, "n1"))
    assert finished(spool, held_by(spool, done, "n1")) == "done"

    assert requeue(spool, failed, Wish(priority=3)) == Handled("trash")
    assert requeue(spool, done, Wish(priority=3)) == Handled("output", is_done=False)

    assert read_task(spool.tasks / failed).priority == 3
    assert place_of(spool, done) == f"output/{done}"
