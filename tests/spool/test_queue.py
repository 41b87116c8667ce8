"""The index of waiting tasks: who takes what, in which order, and what it does where it is wrong (A2)."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests import papers
from videogen.content import PAPER_BYTES
from videogen.errors import MissingInput
from videogen.spool import Spool
from videogen.spool.announcing import announced
from videogen.spool.papers import expect_task
from videogen.spool.queue import AVOID_S, FULL_S, GRAIN_S, REST, Counts, Queue

ONE, TWO, THREE = (f"{n}0000000-0000-4000-8000-000000000000" for n in (1, 2, 3))
GPU = frozenset({"gpu"})
IN_ACCESS, IN_CLOSE_NOWRITE, IN_OPEN, IN_MOVED_TO = 0x1, 0x10, 0x20, 0x80
"""Source: linux/inotify.h."""


class HandClock:
    """A clock that goes when it is told to, and by `step_s` at every reading."""

    def __init__(self, step_s: float = 0.0) -> None:
        self.now = 1000.0
        self.step_s = step_s

    def __call__(self) -> float:
        """Tell the time."""
        self.now += self.step_s
        return self.now


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """An empty room."""
    made = tmp_path / "tasks"
    made.mkdir()
    return made


def put(tasks: Path, task_id: str = "", **words: object) -> str:
    """Give tasks/ a task whose paper says `words` beside what every paper says."""
    paper = papers.task(task_id)
    building = tasks / f".tmp-{paper.task_id}"
    (building / "out.1").mkdir(parents=True)
    (building / "metadata.json").write_text(json.dumps({**json.loads(paper.to_json()), **words}))
    building.rename(tasks / paper.task_id)
    return paper.task_id


def put_back(tasks: Path, task_id: str, **words: object) -> None:
    """Let another node take a task and give it back: the same name, another folder."""
    (tasks / task_id).rename(tasks / f".old-{task_id}")
    put(tasks, task_id, **words)
    shutil.rmtree(tasks / f".old-{task_id}")


def offered(queue: Queue) -> list[str]:
    """List what a node is offered after a look."""
    queue.look()
    return [entry.task_id for entry in queue.candidates()]


def known(queue: Queue) -> int:
    """Count what a queue knows after a look; nothing is offered, so nothing is checked."""
    queue.look()
    return len(queue)


def settled(tasks: Path, clock: HandClock) -> Queue:
    """Give a queue whose last listing needs no other until something changes."""
    queue = Queue(tasks, clock=clock)
    queue.look()
    clock.now += GRAIN_S
    queue.look()
    return queue


def with_mtime_kept(folder: Path, change: Callable[[], object]) -> None:
    """Change a folder within one tick of its mtime."""
    before = folder.stat().st_mtime_ns
    change()
    os.utime(folder, ns=(before, before))


# -- the order ---------------------------------------------------------------------------------------------------------


def test_candidates_are_the_most_urgent_first_then_the_oldest(tasks: Path) -> None:
    """Of five tasks the highest priority comes first, and of equal ones the one whose folder is oldest."""
    rows = [(5, 30), (9, 20), (5, 10), (1, 0), (9, 5)]
    ids = []
    for priority, second in rows:
        ids.append(put(tasks, priority=priority))
        os.utime(tasks / ids[-1], ns=(0, second * 10**9))

    assert offered(Queue(tasks)) == [ids[4], ids[1], ids[2], ids[0], ids[3]]


def test_entry_tells_what_placing_needs(tasks: Path) -> None:
    """An entry has the numbers of its paper and the age of its folder."""
    words = {"priority": 7, "attempts": 2, "frames": 90, "tags": ["gpu"], "avoid": ["n2"]}
    put(tasks, ONE, render={"resolution": "3840x2160"}, **words)
    queue = Queue(tasks, tags=GPU)
    queue.look()
    (entry,) = queue.candidates()

    assert (entry.task_id, entry.priority, entry.attempts, entry.frames) == (ONE, 7, 2, 90)
    assert (entry.tags, entry.avoid, entry.resolution) == (("gpu",), ("n2",), (3840, 2160))
    assert entry.since_ns == (tasks / ONE).stat().st_mtime_ns


def test_unreadable_resolution_is_no_reason_to_wait(tasks: Path) -> None:
    """A task whose size is no size is offered: whoever renders it says what is wrong."""
    put(tasks, ONE, render={"resolution": "huge"})
    queue = Queue(tasks)
    queue.look()

    assert [entry.resolution for entry in queue.candidates()] == [(0, 0)]


@pytest.mark.parametrize(
    ("has", "asks", "fits", "why"),
    [
        ((), (), True, "a task that asks for nothing fits every node"),
        (("gpu",), (), True, "a node may have more than is asked for"),
        (("gpu", "4k"), ("4k", "gpu"), True, "the order of tags says nothing"),
        ((), ("gpu",), False, "a tag that is asked for must be there"),
        (("gpu",), ("gpu", "4k"), False, "all of them must be there"),
    ],
)
def test_node_is_offered_what_fits_its_tags(
    tasks: Path, has: tuple[str, ...], asks: tuple[str, ...], fits: bool, why: str
) -> None:
    """A task is offered only to a node that has every tag it asks for; the others still count it."""
    put(tasks, ONE, tags=asks)
    queue = Queue(tasks, tags=frozenset(has))

    assert offered(queue) == ([ONE] if fits else []), why
    assert queue.counts() == Counts(waiting=1, unfit=int(not fits), later=0)


@pytest.mark.parametrize(
    ("words", "delay_s", "why"),
    [
        ({}, 0, "nothing keeps it back"),
        ({"not_before_s": 30}, 30, "whoever gave it back asked for a delay"),
        ({"avoid": ["me"]}, AVOID_S, "it failed here: others may try first"),
        ({"avoid": ["another"]}, 0, "it failed elsewhere"),
        ({"avoid": ["me"], "not_before_s": 30}, AVOID_S, "both delays run at the same time"),
        ({"avoid": ["me"], "not_before_s": 90}, 90, "the longer one counts"),
        ({"not_before_s": 1e300}, 86400, "no delay is longer than a day"),
        ({"not_before_s": float("inf")}, 0, "a delay without end is none"),
        ({"not_before_s": float("nan")}, 0, "a delay that is no number is none"),
        ({"not_before_s": -5}, 0, "what is past does not wait"),
    ],
)
def test_delay_is_counted_from_the_first_look(tasks: Path, words: dict[str, object], delay_s: float, why: str) -> None:
    """A task with a delay is offered once it has passed since this node first saw it, and not a tick earlier."""
    put(tasks, ONE, **words)
    clock = HandClock()
    queue = Queue(tasks, node="me", clock=clock)
    at_once = offered(queue)
    clock.now += delay_s - 0.001
    just_before = offered(queue)
    counts = queue.counts()
    clock.now += 0.001

    assert counts == Counts(waiting=1, unfit=0, later=int(delay_s > 0)), why
    assert offered(queue) == [ONE], why
    assert (at_once, just_before) == (([ONE], [ONE]) if delay_s == 0 else ([], [])), why


def test_node_that_is_alone_leaves_nothing_to_others(tasks: Path) -> None:
    """A task that failed here is offered here at once where no other node lives, but for the delay it asks for."""
    put(tasks, ONE, avoid=["me"])
    put(tasks, TWO, avoid=["me"], not_before_s=5)
    clock = HandClock()
    queue = Queue(tasks, node="me", clock=clock)
    queue.has_others = lambda: False
    at_once = offered(queue)
    clock.now += 5

    assert (at_once, offered(queue)) == ([ONE], [ONE, TWO])


# -- what is taken, and what stays ------------------------------------------------------------------------------------


def test_what_is_not_taken_is_offered_again(tasks: Path) -> None:
    """A task that the node passed over comes again with the next call, in its place; one that is gone does not."""
    for task_id, priority in ((ONE, 9), (TWO, 5), (THREE, 1)):
        put(tasks, task_id, priority=priority)
    queue = Queue(tasks)
    queue.look()
    walk = queue.candidates()
    passed_over, taken = next(walk), next(walk)
    queue.gone(taken.task_id)

    assert (passed_over.task_id, taken.task_id) == (ONE, TWO)
    assert [entry.task_id for entry in queue.candidates()] == [ONE, THREE]
    assert len(queue) == 2


def test_gone_task_that_is_still_there_is_found_again(tasks: Path) -> None:
    """A claim that was lost to no one costs the time to the next listing, not the task."""
    put(tasks, ONE)
    clock = HandClock()
    queue = settled(tasks, clock)
    queue.gone(ONE)
    before = offered(queue)
    clock.now += FULL_S

    assert (before, offered(queue)) == ([], [ONE])


def test_task_that_another_took_is_not_offered(tasks: Path) -> None:
    """A name that left since the listing is passed over without a claim."""
    put(tasks, ONE, priority=9)
    put(tasks, TWO)
    queue = Queue(tasks)
    queue.look()
    shutil.rmtree(tasks / ONE)

    assert [entry.task_id for entry in queue.candidates()] == [TWO]
    assert (len(queue), queue.broken()) == (1, [])


def test_task_forgotten_and_told_of_again(tasks: Path) -> None:
    """A task that is gone for this node, and is announced with another paper in the same folder, is offered once."""
    put(tasks, ONE)
    queue = settled(tasks, HandClock())
    queue.gone(ONE)
    paper = tasks / ONE / "metadata.json"
    paper.write_text(paper.read_text().replace('"attempts": 0', '"attempts": 1'))
    queue.announce(ONE)
    queue.look()

    assert [(entry.task_id, entry.attempts) for entry in queue.candidates()] == [(ONE, 1)]


def test_many_that_left_take_nothing_along(tasks: Path) -> None:
    """After most of what was known left at once, a task that waits for its delay is offered when that is over."""
    put(tasks, ONE, not_before_s=30)
    put(tasks, TWO)
    passing = [put(tasks, priority=9) for _ in range(20)]
    clock = HandClock()
    queue = Queue(tasks, clock=clock)
    queue.look()
    for task_id in passing:
        shutil.rmtree(tasks / task_id)
    queue.look()
    left = offered(queue)
    clock.now += 30

    assert (left, offered(queue)) == ([TWO], [ONE, TWO])


@pytest.mark.parametrize(
    ("words", "offers", "why"),
    [
        ({"attempts": 1}, [TWO, ONE], "its folder is younger now"),
        ({"attempts": 1, "not_before_s": 30}, [TWO], "its new delay counts, from now"),
        ({"attempts": 1, "avoid": ["me"]}, [TWO], "it failed here in the meantime"),
        ({"priority": 9}, [ONE, TWO], "its new priority counts"),
        ({"tags": ["gpu"]}, [TWO], "it asks for what this node has not"),
    ],
)
def test_task_that_came_back_is_read_again(tasks: Path, words: dict[str, object], offers: list[str], why: str) -> None:
    """A task that went and came back since the listing, unannounced, is offered by its new paper alone."""
    put(tasks, ONE)
    put(tasks, TWO)
    queue = Queue(tasks, node="me", clock=HandClock())
    queue.look()
    with_mtime_kept(tasks, lambda: put_back(tasks, ONE, **words))

    found = list(queue.candidates())
    assert [entry.task_id for entry in found] == offers, why
    assert all(entry.attempts == words.get("attempts", 0) for entry in found if entry.task_id == ONE), why


def test_released_task_waits_as_its_paper_says(tmp_path: Path) -> None:
    """A task that this node claimed and gave back for later is offered again when its delay is over, not before."""
    spool = Spool(tmp_path)
    spool.lay_out()
    spool.publish(papers.task(ONE), lambda folder: None)
    clock = HandClock()
    queue = Queue(spool.tasks, node="me", clock=clock)
    queue.look()
    (entry,) = queue.candidates()
    claim = spool.claim(entry.task_id, "me", "i1")
    assert claim is not None
    queue.gone(entry.task_id)
    while_held = offered(queue)
    spool.release(claim, counts=True, not_before_s=30)
    given_back = offered(queue)
    clock.now += 30

    assert (while_held, given_back, offered(queue)) == ([], [], [ONE])
    assert [entry.attempts for entry in queue.candidates()] == [1]


# -- when it looks -----------------------------------------------------------------------------------------------------


def test_change_is_seen_by_the_next_look(tasks: Path) -> None:
    """What comes and goes without an event is known at the next look, since the folder's mtime is another."""
    queue = settled(tasks, HandClock())
    put(tasks, ONE)
    came = offered(queue)
    shutil.rmtree(tasks / ONE)
    put(tasks, TWO)

    assert (came, offered(queue), len(queue)) == ([ONE], [TWO], 1)


def test_change_within_a_tick_of_the_mtime_is_not_missed(tasks: Path) -> None:
    """A task that came right after a listing, in the same tick, is seen as soon as a tick must be over."""
    clock = HandClock()
    queue = Queue(tasks, clock=clock)
    queue.look()
    with_mtime_kept(tasks, lambda: put(tasks, ONE))
    clock.now += GRAIN_S

    assert offered(queue) == [ONE]


def test_unchanged_folder_is_not_listed_again(tasks: Path) -> None:
    """While the mtime stays, and is older than a tick, there is no listing: what came under a forged one is unseen."""
    clock = HandClock()
    queue = settled(tasks, clock)
    with_mtime_kept(tasks, lambda: put(tasks, ONE))
    clock.now += FULL_S - 0.001
    before = offered(queue)
    clock.now += 0.001

    assert (before, offered(queue)) == ([], [ONE])


@pytest.mark.parametrize(
    ("took_s", "rests_s", "why"),
    [
        (0.1, 0.1 * REST, "it rests so many times as long as it took"),
        (5.0, FULL_S, "nothing stays unseen for longer than this"),
    ],
)
def test_listings_take_no_more_than_their_share_of_the_time(
    tasks: Path, took_s: float, rests_s: float, why: str
) -> None:
    """After a listing, a change is seen by the next one only when that rested; an event at once."""
    clock = HandClock(step_s=took_s)
    queue = Queue(tasks, clock=clock)
    queue.look()
    clock.step_s = 0
    put(tasks, ONE)
    put(tasks, TWO)
    queue.announce(TWO)
    clock.now += rests_s - 0.001
    resting = offered(queue)
    clock.now += 0.002

    assert (resting, sorted(offered(queue))) == ([TWO], [ONE, TWO]), why


def test_hidden_names_do_not_wait(tasks: Path) -> None:
    """A task that is being built is not known, and nothing broken either."""
    put(tasks, ONE)
    (tasks / ONE).rename(tasks / f".tmp-{ONE}")
    queue = Queue(tasks)

    assert (offered(queue), queue.broken(), len(queue)) == ([], [], 0)


def test_room_that_goes_and_comes_back(tmp_path: Path, tasks: Path) -> None:
    """Without its room the index is empty and nothing is raised; the room is listed at once when it is back."""
    put(tasks, ONE)
    clock = HandClock()
    queue = settled(tasks, clock)
    tasks.rename(tmp_path / "unmounted")
    without = known(queue)
    (tmp_path / "unmounted").rename(tasks)

    assert (without, offered(queue)) == (0, [ONE])


def test_queue_of_a_room_that_never_was(tmp_path: Path) -> None:
    """A room that is not there yet offers nothing, and raises nothing."""
    assert offered(Queue(tmp_path / "none" / "tasks")) == []


# -- what is no task ---------------------------------------------------------------------------------------------------


def _paper(words: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "metadata.json").write_text(words)


def _less(key: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        paper = json.loads((folder / "metadata.json").read_text())
        del paper[key]
        (folder / "metadata.json").write_text(json.dumps(paper))

    return change


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / "metadata.json").rename(folder.parent / ".other.json")
        make(folder / "metadata.json")

    return change


def _file_instead(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


def _link_to_nothing(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("nothing")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_file_instead, "a file"),
        (_link_to_nothing, "a link to nothing"),
        (lambda folder: (folder / "metadata.json").unlink(), "no paper"),
        (lambda folder: (folder / "out.1").rmdir(), "no token"),
        (_instead(os.mkfifo), "a pipe, whose writer never comes"),
        (_instead(Path.mkdir), "a folder for a paper"),
        (_instead(lambda path: path.symlink_to("../.other.json")), "a link to a good paper"),
        (_paper(" " * (PAPER_BYTES + 1)), "a paper without end"),
        (_paper(""), "an empty paper"),
        (_paper("[]"), "a paper that is a list"),
        (_paper('"words"'), "a paper that is a text"),
        (_paper("\0" * 4096), "a paper of zeros, as a power cut leaves them"),
        (_paper("[" * 100_000), "a paper too deep to read"),
        (_paper(papers.task(TWO).to_json()), "the paper of another task"),
        (_less("frames"), "a paper without its length"),
        (_less("render"), "a paper without its size"),
        (_paper(papers.task(ONE).to_json().replace('"priority": 5', '"priority": "high"')), "a priority in words"),
        (_paper(papers.task(ONE).to_json().replace('"priority": 5', '"priority": 1e999')), "a priority without end"),
        (_paper(papers.task(ONE).to_json().replace('"tags": []', '"tags": "gpu"')), "tags that are no list"),
    ],
)
def test_what_is_no_task_is_broken(tasks: Path, spoil: Callable[[Path], object], why: str) -> None:
    """What can never be claimed is not offered, but named, once; whoever judges it finds it broken, too."""
    put(tasks, ONE)
    spoil(tasks / ONE)
    queue = Queue(tasks)

    assert offered(queue) == [], why
    assert (queue.broken(), queue.broken(), len(queue)) == ([ONE], [], 0), why
    with pytest.raises(MissingInput):
        expect_task(tasks / ONE)


def test_broken_name_that_was_mended_is_offered(tasks: Path) -> None:
    """What was broken is read again with the next listing, and named again only while it stays broken."""
    put(tasks, ONE)
    (tasks / ONE / "out.1").rmdir()
    clock = HandClock()
    queue = settled(tasks, clock)
    first = queue.broken()
    clock.now += FULL_S
    queue.look()
    second = queue.broken()
    (tasks / ONE / "out.1").mkdir()
    clock.now += FULL_S

    assert (first, second) == ([ONE], [ONE])
    assert (offered(queue), queue.broken()) == ([ONE], [])


def test_broken_name_that_left_is_not_named(tasks: Path) -> None:
    """What was broken and has gone since is nobody's trouble."""
    (tasks / "stray").write_text("no task")
    queue = Queue(tasks, clock=HandClock())
    queue.look()
    (tasks / "stray").unlink()
    queue.look()

    assert queue.broken() == []


# -- events ------------------------------------------------------------------------------------------------------------


def deaf(tasks: Path) -> Queue:
    """Give a queue that lists no more: what it learns from now on, it was told."""
    clock = HandClock(step_s=1.0)
    queue = Queue(tasks, clock=clock)
    queue.look()
    clock.step_s = 0
    return queue


def in_time(claim: Callable[[], bool], within_s: float = 5.0) -> bool:
    """Whether something comes true."""
    rounds = Event()
    return any(claim() or rounds.wait(0.02) for _ in range(int(within_s / 0.02)))


def test_event_tells_of_a_new_task_and_wakes(tasks: Path) -> None:
    """A published task is known without a listing, and whoever sleeps is woken; what is hidden stays unknown."""
    queue, wake = deaf(tasks), Event()
    with announced(queue, wake) as hears:
        (tasks / ".tmp-other").mkdir()
        put(tasks, ONE)
        woken = wake.wait(5)

        assert hears
        assert woken
        assert in_time(lambda: offered(queue) == [ONE])
        assert queue.broken() == []


def test_event_tells_of_a_task_that_was_taken(tmp_path: Path, tasks: Path) -> None:
    """A task that another claims leaves the index without a listing, and wakes no one."""
    put(tasks, ONE)
    queue, wake = deaf(tasks), Event()
    with announced(queue, wake):
        (tasks / ONE).rename(tmp_path / "processing")

        assert in_time(lambda: known(queue) == 0)
        assert not wake.is_set()


def test_watch_hears_nothing_of_reading(tasks: Path) -> None:
    """The kernel is not asked for looks into a task's folder: every node's index makes them, and all would hear."""
    with announced(Queue(tasks), Event()):
        watches = [
            line
            for path in Path("/proc/self/fdinfo").iterdir()
            if path.exists()
            for line in path.read_text().splitlines()
            if line.startswith("inotify") and f"ino:{tasks.stat().st_ino:x} " in line
        ]

    assert len(watches) == 1
    mask = int(watches[0].partition("mask:")[2].split()[0], 16)
    assert mask & IN_MOVED_TO
    assert not mask & (IN_ACCESS | IN_OPEN | IN_CLOSE_NOWRITE)


def test_room_without_events_is_listed(tmp_path: Path) -> None:
    """Where events cannot be had the block runs all the same, and listings find what comes."""
    queue = Queue(tmp_path / "tasks", clock=HandClock())
    with announced(queue, Event()) as hears:
        queue.look()
        (tmp_path / "tasks").mkdir()
        put(tmp_path / "tasks", ONE)

        assert not hears
        assert offered(queue) == [ONE]


def test_room_that_is_removed_under_the_watch(tasks: Path) -> None:
    """A watched room may be taken away and made again: events stay away, listings go on."""
    queue = Queue(tasks, clock=HandClock())
    with announced(queue, Event()):
        queue.look()
        tasks.rmdir()
        queue.look()
        tasks.mkdir()
        put(tasks, ONE)

        assert offered(queue) == [ONE]


LISTENER = """
import sys
from pathlib import Path
from threading import Event
from videogen.spool.announcing import announced
from videogen.spool.queue import Queue

queue, wake = Queue(Path(sys.argv[1])), Event()
with announced(queue, wake) as hears:
    queue.look()
    print(hears, flush=True)
    for line in sys.stdin:
        queue.look()
        print([entry.task_id for entry in queue.candidates()], flush=True)
"""


def test_overflow_of_events_costs_no_task(tasks: Path) -> None:
    """A process that was stopped while more events came than the kernel keeps goes on and knows what waits."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 20_000:
        pytest.skip(f"{limit} events would have to be lost")
    child = subprocess.Popen(
        [sys.executable, "-c", LISTENER, str(tasks)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == "True\n"
        child.send_signal(signal.SIGSTOP)
        (tasks / "here").mkdir()
        for _ in range(limit // 4 + 10):  # four events each
            (tasks / "here").rename(tasks / "there")
            (tasks / "there").rename(tasks / "here")
        (tasks / "here").rmdir()
        put(tasks, ONE)
        child.send_signal(signal.SIGCONT)
        child.stdin.write("\n")
        child.stdin.flush()

        assert child.stdout.readline() == f"['{ONE}']\n"
        child.stdin.close()
        assert child.wait(10) == 0


# -- many nodes, and any order of things -------------------------------------------------------------------------------


def _work(root: Path, node: str) -> list[str]:
    spool, queue = Spool(root), Queue(root / "tasks", node=node)
    won: list[str] = []
    while True:
        queue.look()
        entry = next(queue.candidates(), None)
        if entry is None:
            return won
        if spool.claim(entry.task_id, node, "i1") is not None:
            won.append(entry.task_id)
        queue.gone(entry.task_id)


def test_every_task_is_claimed_exactly_once(tmp_path: Path) -> None:
    """Four processes that see the same order empty tasks/ between them, and no task is had twice."""
    spool = Spool(tmp_path)
    spool.lay_out()
    ids = [put(spool.tasks) for _ in range(60)]
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        won = list(pool.map(partial(_work, tmp_path), ["n1", "n2", "n3", "n4"]))

    assert sorted(task_id for ids in won for task_id in ids) == sorted(ids)
    assert not [path for path in spool.tasks.iterdir() if not path.name.startswith(".")]


@dataclass(frozen=True)
class Waiting:
    """What the model knows of a task: its paper, and the time of the clock at which it was put there."""

    task_id: str
    priority: int
    tags: tuple[str, ...]
    avoid: tuple[str, ...]
    delay_s: float
    attempts: int
    put_at: float
    was_delayed: bool = False

    @property
    def words(self) -> dict[str, object]:
        """What its paper says of it."""
        return {
            "priority": self.priority,
            "tags": self.tags,
            "avoid": self.avoid,
            "not_before_s": self.delay_s,
            "attempts": self.attempts,
        }

    @property
    def wait_s(self) -> float:
        """How long the node must leave it."""
        return max(self.delay_s, AVOID_S if "me" in self.avoid else 0)


class QueueMachine(RuleBasedStateMachine):
    """Tasks are put, taken and given back in any order, on a disk whose mtimes have ticks of a second.

    The model lists the room and sorts it. Where a task waits for a delay, it says only when it may not be offered.
    """

    @initialize()
    def begin(self) -> None:
        """Begin with an empty room."""
        self.folder = TemporaryDirectory()
        self.tasks = Path(self.folder.name) / "tasks"
        self.away = Path(self.folder.name) / "away"
        self.tasks.mkdir()
        self.away.mkdir()
        self.clock = HandClock()
        self.queue = Queue(self.tasks, node="me", tags=GPU, clock=self.clock)
        self.waiting: dict[str, Waiting] = {}
        self.taken: dict[str, Waiting] = {}
        self._tick()

    def teardown(self) -> None:
        """However it went, after all delays the index is the sorted room."""
        if not hasattr(self, "queue"):
            return
        for _ in range(2):  # a task that came back while the index waited for its old delay is first read, then due
            self.clock.now += 1000
            self.queue.look()
            found = [entry.task_id for entry in self.queue.candidates()]
        assert found == self._sorted(list(self.waiting.values()))
        self.folder.cleanup()

    def _tick(self) -> None:
        tick = int(self.clock.now) * 10**9
        os.utime(self.tasks, ns=(tick, tick))

    def _sorted(self, tasks: list[Waiting]) -> list[str]:
        fitting = [task for task in tasks if GPU.issuperset(task.tags)]
        return [task.task_id for task in sorted(fitting, key=self._order)]

    def _order(self, task: Waiting) -> tuple[int, int, str]:
        return -task.priority, (self.tasks / task.task_id).stat().st_mtime_ns, task.task_id

    def _put(self, task: Waiting) -> None:
        put(self.tasks, task.task_id, **task.words)
        self.waiting[task.task_id] = replace(task, put_at=self.clock.now)
        self._tick()

    def _take(self, task_id: str) -> None:
        shutil.rmtree(self.away / task_id, ignore_errors=True)
        (self.tasks / task_id).rename(self.away / task_id)
        self.taken[task_id] = self.waiting.pop(task_id)
        self._tick()

    @rule(
        priority=st.integers(1, 3),
        tags=st.sampled_from([(), ("gpu",), ("4k",), ("gpu", "4k")]),
        avoid=st.sampled_from([(), ("me",), ("other",)]),
        delay_s=st.sampled_from([0, 0, 0, 10]),
    )
    def publish(self, priority: int, tags: tuple[str, ...], avoid: tuple[str, ...], delay_s: float) -> None:
        """A task comes."""
        self._put(Waiting(str(uuid4()), priority, tags, avoid, delay_s, 0, 0))

    @rule()
    def claim(self) -> None:
        """This node takes the first it is offered."""
        self.queue.look()
        for entry in self.queue.candidates():
            self._take(entry.task_id)
            self.queue.gone(entry.task_id)
            return

    @rule(draw=st.data(), is_told=st.booleans())
    def claim_elsewhere(self, draw: st.DataObject, is_told: bool) -> None:
        """Another node takes any task."""
        if self.waiting:
            task_id = draw.draw(st.sampled_from(sorted(self.waiting)))
            self._take(task_id)
            if is_told:
                self.queue.announce(task_id)

    @rule(draw=st.data(), is_told=st.booleans(), delay_s=st.sampled_from([0, 0, 10]), fails_here=st.booleans())
    def give_back(self, draw: st.DataObject, is_told: bool, delay_s: float, fails_here: bool) -> None:
        """A task comes back, by whoever had it."""
        if not self.taken:
            return
        task = self.taken.pop(draw.draw(st.sampled_from(sorted(self.taken))))
        was_delayed = task.was_delayed or task.wait_s > 0
        avoid = ("me",) if fails_here else ()
        self._put(replace(task, attempts=task.attempts + 1, delay_s=delay_s, avoid=avoid, was_delayed=was_delayed))
        if is_told:
            self.queue.announce(task.task_id)

    @rule(seconds=st.sampled_from([0.1, 0.9, 5, 40]))
    def wait(self, seconds: float) -> None:
        """Time goes by, and nobody looks."""
        self.clock.now += seconds

    @rule()
    def look(self) -> None:
        """The node looks, in the same tick as whatever happens next."""
        self.queue.look()

    @rule()
    def compare(self) -> None:
        """After a tick, what is offered is the sorted room, but for what waits."""
        self.clock.now += GRAIN_S
        self.queue.look()
        entries = list(self.queue.candidates())
        found = [entry.task_id for entry in entries]

        assert found == self._sorted([self.waiting[task_id] for task_id in found])
        assert len(found) == len(set(found))
        for entry in entries:
            task = self.waiting[entry.task_id]
            assert (entry.attempts, entry.avoid) == (task.attempts, task.avoid)
            assert self.clock.now - task.put_at >= task.wait_s
        at_once = [task for task in self.waiting.values() if task.wait_s == 0 and not task.was_delayed]
        assert set(self._sorted(at_once)) <= set(found)


QueueMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
test_queue_agrees_with_the_sorted_room = QueueMachine.TestCase
