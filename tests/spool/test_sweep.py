"""Who is dead, and what becomes of what they held (A2, A3; promises P1, P3, P4, P13, P14, P15, P18).

Nodes are papers and locks here, as others see them; claims are real, and a death is an exit at a fail point.
"""

import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests import papers
from tests.clock import HandClock
from tests.test_spool import BROKEN, ENDS, claimed, published, rooms_of
from videogen import durable, points
from videogen.errors import LeaseLost
from videogen.model.node import NodePaper
from videogen.model.task import Reason, Task
from videogen.spool import Claim, Identity, Spool, Sweeper, Swept, paper_of, read_task, visible
from videogen.spool.papers import token

LEASE_S = 60.0
HOUR_S = 3600.0
FORK = get_context("fork")


@pytest.fixture
def clock() -> HandClock:
    """The sweeper's own."""
    return HandClock()


def tell(spool: Spool, beat: int = 1, node: str = "n1", incarnation: str = "i1", **more: object) -> None:
    """Write a node's paper: of another host, unless `more` says otherwise."""
    words = {"host": "afar", "boot_id": "b", "lease_s": LEASE_S, **more}
    paper = NodePaper.model_validate({"node": node, "incarnation": incarnation, "beat": beat, **words})
    durable.write(paper_of(spool.nodes, node), paper.model_dump_json())


def here() -> dict[str, Any]:
    """Say that a paper is of this machine, since its boot."""
    return {"host": socket.gethostname(), "boot_id": durable.boot_id()}


def held(spool: Spool, node: str = "n1", incarnation: str = "i1") -> Claim:
    """Have a node hold a task."""
    return claimed(spool, published(spool), node, incarnation)


def looks(sweeper: Sweeper, clock: HandClock, count: int, each_s: float = LEASE_S / 4) -> list[Swept]:
    """Look so often, with so much time before each; give what was taken back."""
    swept = []
    for _ in range(count):
        clock.now += each_s
        swept += sweeper.look("now")
    return swept


def because(swept: list[Swept]) -> list[str]:
    """Name the reasons."""
    return [one.because for one in swept]


# -- on this very machine ----------------------------------------------------------------------------------------------


def test_free_lock_is_a_death(spool: Spool) -> None:
    """The task of a process that ended on this machine goes back at the first look, with an attempt counted (P15)."""
    claim = held(spool)
    tell(spool, **here())

    swept = Sweeper(spool, lease_s=LEASE_S).look("now")

    assert swept == [Swept(claim.task.task_id, "tasks", "n1", "its process ended")]
    again = read_task(spool.tasks / claim.task.task_id)
    assert (again.attempts, again.avoid) == (1, ("n1",))
    assert token(spool.tasks / claim.task.task_id) == 2


def test_held_lock_is_a_life(spool: Spool, clock: HandClock) -> None:
    """While a process of this machine holds its lock and beats, nothing of it is touched, however long it takes."""
    claim = held(spool)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    with spool.holding("node-n1"):
        for beat in range(1, 20):
            tell(spool, beat, **here())
            assert looks(sweeper, clock, 1, LEASE_S / 2) == []

    assert claim.out.is_dir()


def test_a_process_that_hangs_is_dead_after_its_lease(spool: Spool, clock: HandClock) -> None:
    """A process that holds its lock but gives no sign of life loses its task when its lease is over (P19)."""
    held(spool)
    tell(spool, **here())
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    with spool.holding("node-n1"):
        assert looks(sweeper, clock, 4) == []
        assert because(looks(sweeper, clock, 1)) == ["it gave no sign of life"]


def test_a_lock_of_another_boot_says_nothing(spool: Spool, clock: HandClock) -> None:
    """A paper of this host from before its boot may be that of another one of the same name: only silence tells."""
    held(spool)
    tell(spool, host=socket.gethostname(), boot_id="the boot before")
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    assert looks(sweeper, clock, 4) == []
    assert because(looks(sweeper, clock, 1)) == ["it gave no sign of life"]


# -- afar --------------------------------------------------------------------------------------------------------------


def test_silence_is_counted_by_our_own_clock(spool: Spool, clock: HandClock) -> None:
    """A node afar is dead when its counter stood still for the whole lease, and not a moment before (P14)."""
    claim = held(spool)
    tell(spool)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    assert sweeper.look("now") == []
    assert looks(sweeper, clock, 59, 1.0) == []
    assert sweeper.silent_s("n1") == 59
    assert [one.task_id for one in looks(sweeper, clock, 1, 1.0)] == [claim.task.task_id]


def test_each_beat_begins_the_lease_anew(spool: Spool, clock: HandClock) -> None:
    """A node that beats just in time keeps its task for ten leases, and loses it one lease after the last beat."""
    held(spool)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    for beat in range(10):
        tell(spool, beat)
        assert looks(sweeper, clock, 4) == []
    assert because(looks(sweeper, clock, 4)) == ["it gave no sign of life"]


@pytest.mark.parametrize("steps", [[HOUR_S] * 3, [1.0, HOUR_S, 1.0, HOUR_S], [24 * HOUR_S]])
def test_our_own_absence_is_nobody_s_death(spool: Spool, clock: HandClock, steps: list[float]) -> None:
    """An hour in which we did not look, as in a sleep of the machine, counts as a quarter of a lease at most (P14)."""
    held(spool)
    tell(spool)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)
    sweeper.look("now")

    for step_s in steps:
        assert looks(sweeper, clock, 1, step_s) == []
    tell(spool, 2)  # it slept as we did, and beats first thing

    assert looks(sweeper, clock, 4) == []


def test_the_longer_lease_counts(spool: Spool, clock: HandClock) -> None:
    """A node that was promised ten minutes has ten, though the sweeper's own setting says one."""
    held(spool)
    tell(spool, lease_s=600)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    assert looks(sweeper, clock, 40) == []
    assert because(looks(sweeper, clock, 1)) == ["it gave no sign of life"]


@pytest.mark.parametrize("paper", [None, "torn {"])
def test_a_node_without_a_paper_is_given_its_lease(spool: Spool, clock: HandClock, paper: str | None) -> None:
    """A claim whose node has no paper, or one that cannot be read, is left alone for a lease and then goes back."""
    held(spool)
    if paper:
        paper_of(spool.nodes, "n1").write_text(paper)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    assert looks(sweeper, clock, 4) == []
    assert because(looks(sweeper, clock, 1)) == ["it gave no sign of life"]


def test_a_torn_paper_in_between_is_no_beat(spool: Spool, clock: HandClock) -> None:
    """A look that falls into a paper being written over neither kills its node nor gives it time."""
    held(spool)
    tell(spool)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)
    looks(sweeper, clock, 3)
    paper_of(spool.nodes, "n1").write_text("torn {")
    assert looks(sweeper, clock, 1) == []
    tell(spool)  # the same beat as before

    assert because(looks(sweeper, clock, 1)) == ["it gave no sign of life"]


def test_a_newer_life_ends_the_older_one_at_once(spool: Spool) -> None:
    """What a node of this machine held before it started anew goes back at the first look; what it holds now stays."""
    old, new = held(spool, incarnation="i1"), held(spool, incarnation="i2")
    tell(spool, incarnation="i2", **here())

    with spool.holding("node-n1"):
        swept = Sweeper(spool, lease_s=LEASE_S).look("now")

    assert [(one.task_id, one.because) for one in swept] == [(old.task.task_id, "it has started anew")]
    assert new.out.is_dir()


def test_a_paper_from_afar_must_beat_to_be_believed(spool: Spool, clock: HandClock) -> None:
    """A paper of another life may be an old copy a file server gave us: only one that changes ends the older claim."""
    held(spool, incarnation="i2")
    tell(spool, 1, incarnation="i3")
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    assert looks(sweeper, clock, 2, 1.0) == []
    tell(spool, 2, incarnation="i3")
    assert because(looks(sweeper, clock, 1, 1.0)) == ["it has started anew"]


def test_a_changed_life_is_not_yet_a_beat(spool: Spool, clock: HandClock) -> None:
    """When a paper of one life is replaced by that of another, nothing proves which is older until one beats."""
    held(spool, incarnation="i1")
    tell(spool, 9, incarnation="i1")
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)
    sweeper.look("now")
    tell(spool, 1, incarnation="i2")

    assert looks(sweeper, clock, 1, 1.0) == []
    tell(spool, 2, incarnation="i2")
    assert because(looks(sweeper, clock, 1, 1.0)) == ["it has started anew"]


def test_a_node_that_starts_during_a_look_is_not_taken_for_dead(spool: Spool) -> None:
    """A claim that a new life makes while a sweeper is between its looks at papers and at claims is left alone."""
    tell(spool, incarnation="i1", **here())
    swept: list[Swept] = []
    lock = spool.nodes / "sweep.lock"
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.alone.locked=sleep:0.5@1"})
    looking = Thread(target=lambda: swept.extend(Sweeper(spool, lease_s=LEASE_S).look("now")))

    with spool.holding("node-n1"):
        looking.start()
        while not lock.exists():
            time.sleep(0.001)
        tell(spool, incarnation="i2", **here())
        claim = held(spool, incarnation="i2")
        looking.join()

    assert swept == []
    assert claim.out.is_dir()


# -- our own -----------------------------------------------------------------------------------------------------------


def test_a_node_s_own_claims(spool: Spool) -> None:
    """Of its own claims a node keeps those in its hands; an earlier life's and a forgotten one go back (P13)."""
    mine, forgotten = held(spool), held(spool)
    earlier = held(spool, incarnation="i0")
    identity = Identity("n1", "i1", lambda: frozenset({mine.task.task_id}))

    swept = Sweeper(spool, identity, lease_s=LEASE_S).look("now")

    assert {one.task_id: one.because for one in swept} == {
        forgotten.task.task_id: "nobody works on it",
        earlier.task.task_id: "an earlier life held it",
    }
    assert rooms_of(spool, mine.task.task_id) == ["processing"]


def test_a_node_takes_back_what_others_held(spool: Spool) -> None:
    """A node sweeps for all: the task of another that died on this machine goes back by its look, too (A2)."""
    claim = held(spool, node="n2")
    tell(spool, node="n2", **here())

    swept = Sweeper(spool, Identity("n1", "i1"), lease_s=LEASE_S).look("now")

    assert [(one.task_id, one.node) for one in swept] == [(claim.task.task_id, "n2")]


OTHERS = [
    ("nobody", {}, 0, False),
    ("itself", {"node": "n1"}, 2, False),
    ("afar, seen once", {"node": "n2"}, 0, False),
    ("afar, beating", {"node": "n2"}, 1, True),
    ("afar, ended", {"node": "n2", "state": "stopping"}, 2, False),
    ("afar, drained", {"node": "n2", "state": "drained"}, 2, False),
    ("here, without a lock", {"node": "n2", "here": True}, 2, False),
]


@pytest.mark.parametrize(("who", "words", "beats", "told"), OTHERS, ids=[row[0] for row in OTHERS])
def test_others_are_those_that_live(
    spool: Spool, clock: HandClock, who: str, words: dict[str, Any], beats: int, told: bool
) -> None:
    """A node counts others only when it heard them beat, or sees their lock; alone it waits for nobody."""
    sweeper = Sweeper(spool, Identity("n1", "i1"), lease_s=LEASE_S, clock=clock)
    more = {**words, **(here() if words.get("here") else {})}
    for beat in range(beats + 1):
        if more:
            tell(spool, beat, **more)
        sweeper.look("now")

    assert sweeper.has_others is told, who


def test_a_locked_neighbour_is_another_until_it_ends(spool: Spool, clock: HandClock) -> None:
    """A node of this machine counts as living while its lock is held, and one afar until it is silent for its lease."""
    tell(spool, 1, node="n2", **here())
    tell(spool, 1, node="n3")
    sweeper = Sweeper(spool, Identity("n1", "i1"), lease_s=LEASE_S, clock=clock)
    said = []

    with spool.holding("node-n2"):
        sweeper.look("now")
        said.append(sweeper.has_others)
    sweeper.look("now")
    said.append(sweeper.has_others)
    tell(spool, 2, node="n3")
    sweeper.look("now")
    said.append(sweeper.has_others)
    looks(sweeper, clock, 4)
    said.append(sweeper.has_others)

    assert said == [True, False, True, False]


# -- what they left ----------------------------------------------------------------------------------------------------


def finish(spool: Spool, task: Task) -> None:
    """Claim and publish."""
    spool.finish(claimed(spool, task), papers.manifest(task))


def fail(spool: Spool, task: Task) -> None:
    """Claim and give back after a failure."""
    spool.release(claimed(spool, task), counts=True, not_before_s=3, avoid="n1")


def drain(spool: Spool, task: Task) -> None:
    """Claim and give back unharmed."""
    spool.release(claimed(spool, task), counts=False)


def discard(spool: Spool, task: Task) -> None:
    """Claim and give up."""
    spool.discard(claimed(spool, task), BROKEN, stage="render", at="now")


def retry(spool: Spool, task: Task) -> None:
    """Give up, and try again."""
    discard(spool, task)
    spool.retry(task.task_id)


def retry_set_aside(spool: Spool, task: Task) -> None:
    """Have a task set aside that nobody held, mend it, and try again."""
    paper = spool.tasks / task.task_id / "metadata.json"
    whole = paper.read_text()
    paper.write_text("torn {")
    spool.clear_broken("now")
    (spool.failed / task.task_id / "metadata.json").write_text(whole)
    spool.retry(task.task_id)


@dataclass(frozen=True)
class End:
    """Where a node dies in which life, and where its task must be after a sweep, with how many attempts."""

    point: str
    life: Callable[[Spool, Task], None]
    room: str
    attempts: int = 0
    turn: int = 1

    def __str__(self) -> str:
        return f"{self.life.__name__}-{self.point}" + (f"-{self.turn}" if self.turn > 1 else "")


DEATHS = [
    End("claim.after_first", drain, "tasks"),
    End("claim.after_lease", drain, "tasks"),
    End("claim.after_second", drain, "tasks", 1),
    End("publish.before_rename", finish, "tasks", 1),
    End("publish.after_rename", finish, "output"),
    End("fence.after_rename", fail, "tasks", 1),
    End("fence.after_rename", drain, "tasks", 1),  # no verdict is in it yet: a death, as any other
    End("back.after_verdict", fail, "tasks", 1),
    End("back.after_verdict", drain, "tasks"),
    End("aside.after_rename", fail, "tasks", 1),
    End("aside.after_rename", drain, "tasks"),
    End("aside.after_rename", discard, "failed"),
    End("reaped.after_verdict", drain, "tasks"),
    End("reaped.after_verdict", discard, "failed"),
    End("back.before_token", fail, "tasks", 1),
    End("back.after_token", fail, "tasks", 1),
    End("back.after_rename", fail, "tasks", 1),
    End("bury.after_verdict", discard, "failed"),
    End("bury.after_rename", discard, "failed"),
    End("retry.after_rename", retry, "tasks"),
    End("back.after_token", retry, "tasks"),
    End("retry.after_rename", retry_set_aside, "tasks"),
    End("reaped.after_verdict", retry_set_aside, "tasks"),
    End("back.before_token", retry_set_aside, "tasks"),
]


def die_in(spool: Spool, task: Task, end: End) -> None:
    """Live until the fail point, and no further."""
    points.arm({"VIDEOGEN_FAILPOINTS": f"{end.point}=exit@{end.turn}"})
    with pytest.raises(SystemExit):
        end.life(spool, task)
    points.arm({})


@pytest.mark.parametrize("end", DEATHS, ids=str)
def test_a_death_at_any_step_is_made_good(spool: Spool, end: End) -> None:
    """Wherever its holder dies, one look brings a task to one room with one token, and the next finds nothing (P1)."""
    task = published(spool)
    tell(spool, **here())
    die_in(spool, task, end)

    sweeper = Sweeper(spool, lease_s=LEASE_S)
    sweeper.look("now")

    assert rooms_of(spool, task.task_id) == [end.room]
    assert [path.name for path in spool.processing.iterdir()] == [".nodes"]
    if end.room == "tasks":
        assert read_task(spool.tasks / task.task_id).attempts == end.attempts
        assert not (spool.tasks / task.task_id / "lease.json").exists()
        assert claimed(spool, task, "n2", "i2").out.is_dir()
    before = sorted(spool.root.rglob("*"))
    assert sweeper.look("now") == []
    assert sorted(spool.root.rglob("*")) == before


@pytest.mark.parametrize("end", [one for one in DEATHS if not one.point.startswith(("claim", "publish"))], ids=str)
def test_a_sweeper_that_dies_is_followed_by_another(spool: Spool, end: End) -> None:
    """A sweeper that dies at the very step the node died at, or at a later one, costs nothing (P13)."""
    task = published(spool)
    tell(spool, **here())
    die_in(spool, task, end)

    for point in ("sweep.before_take", "reaped.after_verdict", "back.before_token", "back.after_token"):
        points.arm({"VIDEOGEN_FAILPOINTS": f"{point}=exit@1"})
        with suppress(SystemExit):
            Sweeper(spool, lease_s=LEASE_S).look("now")
    points.arm({})
    Sweeper(spool, lease_s=LEASE_S).look("now")

    assert rooms_of(spool, task.task_id) == [end.room]
    assert [path.name for path in spool.processing.iterdir()] == [".nodes"]
    if end.room == "tasks":
        assert read_task(spool.tasks / task.task_id).attempts == end.attempts


def test_a_half_claim_waits_for_its_node_s_death(spool: Spool, clock: HandClock) -> None:
    """A claim between its two renames is left to a node that may live, and goes back uncounted when it is dead."""
    task = published(spool)
    die_in(spool, task, End("claim.after_lease", drain, "tasks"))
    tell(spool)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)

    assert looks(sweeper, clock, 4) == []
    swept = looks(sweeper, clock, 1)

    assert [(one.task_id, one.room) for one in swept] == [(task.task_id, "tasks")]
    again = claimed(spool, task, "n2", "i2")
    assert (again.task.attempts, again.epoch) == (0, 1)


def test_the_third_death_is_the_last(spool: Spool) -> None:
    """A task that took three nodes down is in trash/failed as poison, with a reason and a log (P18)."""
    task, swept = published(spool), list[Swept]()
    tell(spool, **here())
    for _ in range(3):
        claimed(spool, task)
        swept += Sweeper(spool, lease_s=LEASE_S).look("2026-01-01T00:00:00Z")

    assert [one.room for one in swept] == ["tasks", "tasks", "trash"]
    reason = Reason.model_validate_json((spool.failed / task.task_id / "reason.json").read_bytes())
    assert (reason.code, reason.stage, reason.at) == ("poison", "recover", "2026-01-01T00:00:00Z")
    assert (spool.failed / task.task_id / "stderr.log").is_file()


def test_a_dead_claim_without_its_paper_goes_to_trash(spool: Spool) -> None:
    """A claim whose metadata.json cannot be read goes to trash/failed with that reason, once, and stops no other."""
    spoilt, good = held(spool), held(spool)
    (spoilt.folder / "metadata.json").write_text("torn {")
    tell(spool, **here())
    sweeper = Sweeper(spool, lease_s=LEASE_S)

    rooms = {one.task_id: one.room for one in sweeper.look("now")}

    assert rooms == {spoilt.task.task_id: "trash", good.task.task_id: "tasks"}
    reason = Reason.model_validate_json((spool.failed / spoilt.task.task_id / "reason.json").read_bytes())
    assert (reason.code, reason.stage) == ("missing-input", "recover")
    assert sweeper.look("now") == []


def test_what_was_published_is_only_cleared(spool: Spool) -> None:
    """A node that died after the commit has published: its claim goes, and output/ keeps what it has (P2)."""
    claim = held(spool)
    durable.write(claim.out / "final.mp4", b"video")
    durable.move(claim.out, spool.output / claim.task.task_id)
    tell(spool, **here())

    swept = Sweeper(spool, lease_s=LEASE_S).look("now")

    assert [one.room for one in swept] == ["output"]
    assert rooms_of(spool, claim.task.task_id) == ["output"]
    assert (spool.output / claim.task.task_id / "final.mp4").read_bytes() == b"video"


def test_what_was_being_cleared_away_is_cleared(spool: Spool) -> None:
    """Folders that a dead process had renamed to be removed are removed; what belongs to nobody's protocol stays."""
    (spool.processing / ".tmp-1" / "inner").mkdir(parents=True)
    (spool.processing / "notes.txt").write_text("an operator's")
    (spool.processing / ".warm.node-n1").mkdir()

    assert Sweeper(spool, lease_s=LEASE_S).look("now") == []

    assert sorted(path.name for path in spool.processing.iterdir()) == [".nodes", ".warm.node-n1", "notes.txt"]


def test_what_a_late_holder_left_bars_nobody(spool: Spool) -> None:
    """Folders made by one that woke after its claim had gone are cleared, and the task can be claimed again (P4)."""
    task = published(spool)
    for left in (f"{task.task_id}/.scratch.1/in", f"{task.task_id}/.pins.12", "empty"):
        (spool.processing / left).mkdir(parents=True)
    (spool.processing / "mine" / ".scratch.1").mkdir(parents=True)
    (spool.processing / "mine" / "film.mp4").write_text("an operator's")
    with pytest.raises(OSError, match="not empty"):
        spool.claim(task.task_id, "n1", "i1")

    assert Sweeper(spool, lease_s=LEASE_S).look("now") == []

    assert spool.claim(task.task_id, "n1", "i1") is not None
    assert sorted(path.name for path in spool.processing.iterdir()) == sorted([".nodes", task.task_id, "mine"])
    assert (spool.processing / "mine" / ".scratch.1").is_dir()


def test_trouble_with_one_is_not_trouble_with_all(spool: Spool) -> None:
    """A claim that cannot be moved now, for an error of the disk, stays for the next look; the others go back."""
    first, second = sorted((held(spool), held(spool)), key=lambda claim: claim.task.task_id)
    tell(spool, **here())
    points.arm({"VIDEOGEN_FAILPOINTS": "sweep.before_take=eio@1"})
    sweeper = Sweeper(spool, lease_s=LEASE_S)

    assert [one.task_id for one in sweeper.look("now")] == [second.task.task_id]
    assert [one.task_id for one in sweeper.look("now")] == [first.task.task_id]


# -- two at once -------------------------------------------------------------------------------------------------------


def test_one_sweeps_at_a_time(spool: Spool) -> None:
    """While another holds the sweepers' lock a look gives nothing; when it is free, the same look does."""
    held(spool)
    tell(spool, **here())
    sweeper = Sweeper(spool, lease_s=LEASE_S)

    with durable.alone(spool.nodes / "sweep.lock"):
        assert sweeper.look("now") == []
    assert len(sweeper.look("now")) == 1


def sweep_all(root: Path, nth: int) -> list[tuple[str, str]]:
    """Look until nothing is left; give each task taken back, with its room. One that nobody locks out looks alone."""
    sweeper, taken = Sweeper(Spool(root), lease_s=LEASE_S), list[tuple[str, str]]()
    spool = Spool(root)
    until = time.monotonic() + 60
    while visible(spool.processing) and time.monotonic() < until:
        if nth:  # as on a filesystem that keeps no locks
            for found in list(sweeper._found()):
                room = sweeper._take(found, "now")
                taken += [(found.task_id, room)] if room else []
        else:
            taken += [(one.task_id, one.room) for one in sweeper.look("now")]
    return taken


@pytest.mark.parametrize("locks", [(0, 0), (1, 1)], ids=["with locks", "without locks"])
def test_two_sweepers_bring_each_task_back_once(spool: Spool, locks: tuple[int, int]) -> None:
    """Of 200 dead claims two processes bring each back exactly once, even where no lock keeps them apart (P1, P3)."""
    ids = [held(spool).task.task_id for _ in range(200)]
    tell(spool, **here())

    with ProcessPoolExecutor(2, mp_context=FORK) as pool:
        taken = [row for mine in pool.map(partial(sweep_all, spool.root), locks) for row in mine]

    assert sorted(path.name for path in visible(spool.tasks)) == sorted(ids)
    assert {token(spool.tasks / one) for one in ids} == {2}
    assert {read_task(spool.tasks / one).attempts for one in ids} == {1}
    if locks == (0, 0):
        assert Counter(taken) == Counter((one, "tasks") for one in ids)
    Sweeper(spool, lease_s=LEASE_S).look("now")
    assert [path.name for path in spool.processing.iterdir()] == [".nodes"]


def test_a_holder_that_comes_back_to_life_changes_nothing(spool: Spool, clock: HandClock) -> None:
    """Who was taken for dead can neither publish, nor give back, nor give up what another has by now (P4)."""
    zombie = held(spool)
    tell(spool)
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=clock)
    looks(sweeper, clock, 5)
    other = claimed(spool, zombie.task, "n2", "i2")
    before = sorted(spool.root.rglob("*"))

    for end in ENDS.values():
        with pytest.raises(LeaseLost):
            end(spool, zombie)

    assert sorted(spool.root.rglob("*")) == before
    assert other.out.is_dir()
