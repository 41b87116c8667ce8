"""Three hands at once, proven with a node whose stages wait until a test lets them go on (A3, A9, A10, A12, A21).

The node is a small real thing: it holds ids as the real one does and judges errors by the same rule; only its stages do
what a test says, and its tasks lie in a list. What the real node does with a real spool is in test_node.py.
"""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from threading import enumerate as threads_alive
from types import FrameType
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests import papers
from videogen.errors import (
    Defect,
    LeaseLost,
    MediaError,
    NoSpace,
    RoomsApart,
    SetupError,
    Stalled,
    Stopped,
    TemporaryError,
)
from videogen.ffmpeg import Progress
from videogen.metrics import Meter
from videogen.render import Node, Outcome, Pipeline
from videogen.render.job import Held, Job
from videogen.render.pipeline import BREAKER, LOOK_S
from videogen.render.space import Space, Wanted
from videogen.spool import Claim

STAGES = ("fetch", "render", "publish")
HANDS = ("downloader", "renderer", "uploader")
QUIET_S = 1.5 * LOOK_S
"""What did not happen within this would not have happened: every hand has looked again."""
Do = Callable[[Job], None]


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Keep the log: printing a traceback takes longer than most of these tests."""
    with capture_logs() as rows:
        yield rows


def soon(condition: Callable[[], object], within_s: float = 5.0) -> bool:
    """Look until a condition holds or the time is over; give whether it does."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.002)
    return bool(condition())


class Gate:
    """A stage that goes on when it is let, or when its job is halted."""

    def __init__(self, *, hears: bool = True) -> None:
        self._hears = hears
        self.entered = Event()
        self.open = Event()

    def __call__(self, job: Job) -> None:
        """Wait. Raises: Stopped: the job was halted."""
        self.entered.set()
        while not self.open.wait(0.002):
            if self._hears and job.halt.is_set():
                raise Stopped("the work was halted", remedy="It is taken up again.")


def failing(error: BaseException) -> Do:
    """Give a stage that fails."""

    def fail(_: Job) -> None:
        raise error

    return fail


def nothing(_: Job) -> None:
    """Be a stage that takes no time."""


class Room(Space):
    """A disk that is as full as a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.said = ""

    def trouble(self, wanted: Wanted | None = None) -> str:
        """Say it."""
        return self.said


class Double(Node):
    """A node whose tasks are in a list, and whose stages do what `does` says of stage and task, else nothing."""

    def __init__(self, *tasks: str) -> None:
        self.waiting = deque(tasks)
        self.unfit = 0
        self.held = Held()
        self.space = Room()
        self.is_fenced = lambda: False
        self.does: dict[tuple[str, str], Do] = {}
        self.always: Do | None = None
        self.end_fails: BaseException | None = None
        self.taken: list[str] = []
        self.began: list[tuple[str, str]] = []
        self.together: list[frozenset[tuple[str, str]]] = []
        self.ends: list[tuple[str, BaseException]] = []
        self.published: list[str] = []
        self.fenced: list[str] = []
        self._now: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def gate(self, stage: str, task: str, *, hears: bool = True) -> Gate:
        """Have one stage of one task wait."""
        gate = Gate(hears=hears)
        self.does[stage, task] = gate
        return gate

    def fails(self, stage: str, task: str, error: BaseException) -> None:
        """Have one stage of one task fail."""
        self.does[stage, task] = failing(error)

    # -- what a pipeline asks of a node --------------------------------------------------------------------------------

    def take(self, patience_s: float = 0.0) -> Job | None:
        """Give the next of the list."""
        with self._lock:
            if not self.waiting:
                return None
            name = self.waiting.popleft()
            self.taken.append(name)
        self.held.take(name)
        return Job(Claim(papers.task(name), 1, Path(name)), Path(name))

    def left(self) -> int:
        """Count what waits for its time."""
        return self.unfit + len(self.waiting)

    @contextmanager
    def _doing(self, stage: str, job: Job) -> Iterator[None]:
        row = stage, job.task_id
        with self._lock:
            self.began.append(row)
            self._now[row] += 1
            self.together.append(frozenset(self._now))
        try:
            if self.always is not None:
                self.always(job)
            self.does.get(row, nothing)(job)
            yield
        finally:
            with self._lock:
                self._now[row] -= 1
                self._now += Counter()

    def fetch(self, job: Job) -> None:
        """Do what the test says."""
        with self._doing("fetch", job):
            pass

    def render(self, job: Job, tell: Callable[[Progress], None]) -> None:
        """Tell of a frame, and do what the test says."""
        tell(Progress(3, 30, 0.0))
        with self._doing("render", job):
            pass

    def publish(self, job: Job) -> None:
        """Do what the test says, then publish, unless others may have the task."""
        with self._doing("publish", job):
            if job.is_fenced:
                raise LeaseLost("the node was silent too long", remedy="Nothing was published.")
            self.published.append(job.task_id)

    def end(self, job: Job, error: BaseException) -> Outcome:
        """Note it; Stopped and what the operator must mend go back, a full disk parks, the rest fails."""
        with self._lock:
            self.ends.append((job.task_id, error))
            self.fenced += [job.task_id] if job.is_fenced else []
        if self.end_fails is not None:
            raise self.end_fails
        match error:
            case LeaseLost():
                return "lost"
            case NoSpace():
                return "parked"
            case TemporaryError() | SetupError():
                return "released"
        return "failed"

    @property
    def now(self) -> set[tuple[str, str]]:
        """What runs at this moment."""
        with self._lock:
            return set(self._now)

    def ended(self, task: str) -> list[str]:
        """Name the errors with which a task was ended."""
        return [type(error).__name__ for name, error in self.ends if name == task]


@dataclass
class Line:
    """A pipeline, its node and what it told."""

    node: Double
    meter: Meter
    pipeline: Pipeline
    told: list[tuple[str, int]] = field(default_factory=list)


@contextmanager
def running(node: Double, meter: Meter | None = None, **options: object) -> Iterator[Line]:
    """Run a pipeline over a node; at the end of the block it is stopped, and no hand is left."""
    meter = meter or Meter()
    told: list[tuple[str, int]] = []

    def tell(task: str, progress: Progress) -> None:
        told.append((task, progress.frame))

    words = {"poll_s": 0.01, **options}
    pipeline = Pipeline(node, meter, tell, **words)  # type: ignore[arg-type]  # a test's options
    pipeline.start()
    try:
        yield Line(node, meter, pipeline, told)
    finally:
        pipeline.stop()
        within(5.0, pipeline.join)


def within(seconds: float, do: Callable[[], object]) -> float:
    """Do something in a thread of its own and give how long it took; it must end in time."""
    began = time.monotonic()
    doing = Thread(target=do, daemon=True)
    doing.start()
    doing.join(seconds)
    assert not doing.is_alive(), f"it did not end within {seconds} s"
    return time.monotonic() - began


def state(line: Line) -> str:
    """Tell the word for what a node does now."""
    return line.pipeline.state


def done(line: Line, count: int) -> bool:
    """Wait until so many tasks came to an end, of whatever kind."""
    return soon(lambda: sum(line.pipeline.counts.values()) == count and line.pipeline.is_idle)


# -- side by side ------------------------------------------------------------------------------------------------------


def test_three_tasks_are_worked_on_at_once() -> None:
    """While the second renders, the first is published and the third is fetched (A9)."""
    node = Double("a", "b", "c")
    gates = [node.gate("publish", "a"), node.gate("render", "b"), node.gate("fetch", "c")]

    with running(node) as line:
        assert soon(lambda: all(gate.entered.is_set() for gate in gates))
        assert node.now == {("publish", "a"), ("render", "b"), ("fetch", "c")}
        for gate in gates:
            gate.open.set()
        assert done(line, 3)

    assert node.published == ["a", "b", "c"]


def test_each_hand_does_one_thing_at_a_time_and_in_order() -> None:
    """Over thirty tasks of uneven length no stage ever runs twice at once, and every stage keeps the order (A9)."""
    tasks = [f"t{n}" for n in range(30)]
    node, dice = Double(*tasks), random.Random(3)  # noqa: S311 -- naps
    node.always = lambda _: time.sleep(dice.uniform(0, 0.004))

    with running(node) as line:
        assert done(line, 30)

    assert max(Counter(stage for stage, _ in rows).most_common(1)[0][1] for rows in node.together) == 1
    assert max(len(rows) for rows in node.together) > 1, "nothing overlapped: this proves nothing"
    for stage in STAGES:
        assert [task for one, task in node.began if one == stage] == tasks
    assert node.published == tasks


def test_one_task_is_ready_at_most() -> None:
    """While one renders, one more is fetched and no third is claimed; it is when the second is taken up (A3)."""
    node = Double("a", "b", "c", "d")
    gate, next_gate = node.gate("render", "a"), node.gate("render", "b")

    with running(node) as line:
        assert soon(lambda: ("fetch", "b") in node.began and not node.now - {("render", "a")})
        time.sleep(QUIET_S)
        assert node.taken == ["a", "b"]
        assert line.pipeline.held == {"a", "b"}
        gate.open.set()
        assert soon(lambda: node.taken == ["a", "b", "c"])
        next_gate.open.set()
        assert done(line, 4)


@contextmanager
def slow_upload(node: Double) -> Iterator[tuple[Line, Gate]]:
    """Run until the first task's upload stands, the second waits for it and the third renders; give its gate."""
    upload, render = node.gate("publish", "a"), node.gate("render", "b")
    with running(node) as line:
        assert soon(lambda: upload.entered.is_set() and render.entered.is_set())
        assert soon(lambda: ("fetch", "c") in node.began and ("fetch", "c") not in node.now)
        render.open.set()
        assert soon(lambda: ("render", "c") in node.began)
        yield line, upload


def test_slow_upload_holds_up_the_line() -> None:
    """A node whose uploads stand still holds three tasks and claims no fourth: it does not pile up what it rendered."""
    node = Double(*"abcde")

    with slow_upload(node) as (line, upload):
        time.sleep(QUIET_S)
        assert node.taken == ["a", "b", "c"]
        upload.open.set()
        assert done(line, 5)

    assert node.published == ["a", "b", "c", "d", "e"]


def test_without_prefetch_one_task_is_held() -> None:
    """A node that is not to fetch ahead claims the next task only when the one before is published."""
    node = Double("a", "b")
    gate = node.gate("publish", "a")

    with running(node, prefetch=False) as line:
        assert gate.entered.wait(5)
        time.sleep(QUIET_S)
        assert node.taken == ["a"]
        gate.open.set()
        assert done(line, 2)

    assert node.began.index(("publish", "a")) < node.began.index(("fetch", "b"))


def test_what_renders_is_told() -> None:
    """While a task renders its id and frames are told, and after it nothing is (A12)."""
    node = Double("a")
    gate = node.gate("render", "a")

    with running(node) as line:
        assert gate.entered.wait(5)
        assert line.pipeline.progress == ("a", 3, 30)
        assert state(line) == "working"
        gate.open.set()
        assert done(line, 1)
        assert line.pipeline.progress == ("", 0, 0)
        assert state(line) == "idle"

    assert line.told == [("a", 3)]


def test_a_waking_is_a_look_at_once() -> None:
    """A node that would look only in a minute takes a task within a second when it is woken (A2)."""
    node = Double()

    with running(node, poll_s=60) as line:
        assert soon(lambda: line.pipeline.nothing_waits)
        node.waiting.append("a")
        time.sleep(0.1)
        assert node.taken == []
        line.pipeline.wake.set()
        assert soon(lambda: node.taken == ["a"], within_s=1)
        assert done(line, 1)


# -- drained, stopped, given up ----------------------------------------------------------------------------------------


def test_drain_ends_the_rendering_one_and_gives_back_the_rest() -> None:
    """A drained node publishes what renders, gives back what is ready, and takes nothing more (A3, P16)."""
    node = Double("a", "b", "c")
    gate = node.gate("render", "a")

    with running(node) as line:
        assert soon(lambda: ("fetch", "b") in node.began and ("fetch", "b") not in node.now)
        line.pipeline.drain()
        assert soon(lambda: node.ended("b") == ["Stopped"])
        assert state(line) == "draining"
        gate.open.set()
        assert done(line, 2)
        time.sleep(QUIET_S)
        assert state(line) == "drained"

    assert (node.published, node.taken, list(node.waiting)) == (["a"], ["a", "b"], ["c"])
    assert line.pipeline.counts["released"] == 1
    assert line.meter.readings().counts["prefetch_wasted"] == 1


def test_drain_ends_a_download() -> None:
    """What is only being fetched is halted by a drain and goes back; the render beside it is not halted (A3)."""
    node = Double("a", "b")
    render, fetch = node.gate("render", "a"), node.gate("fetch", "b")

    with running(node) as line:
        assert soon(lambda: render.entered.is_set() and fetch.entered.is_set())
        line.pipeline.drain()
        assert soon(lambda: node.ended("b") == ["Stopped"], within_s=1)
        assert node.now == {("render", "a")}
        render.open.set()
        assert done(line, 2)

    assert node.published == ["a"]


def test_nothing_begins_to_render_after_a_drain() -> None:
    """A task whose download ends just after the drain goes back, though the renderer stands and waits for it."""
    node = Double("a")
    gate = node.gate("fetch", "a", hears=False)
    threading.settrace(slow_to_give_back)  # for the hands that start now
    try:
        with running(node) as line:
            assert gate.entered.wait(5)
            line.pipeline.drain()
            gate.open.set()
            assert done(line, 1)
    finally:
        threading.settrace(None)

    assert ("render", "a") not in node.began
    assert line.pipeline.counts["released"] == 1


def slow_to_give_back(frame: FrameType, _event: str, _argument: object) -> None:
    """Hold a hand up on its way to give a task back, as a busy machine may."""
    if frame.f_code.co_name == "_give_back_ready":
        time.sleep(0.05)


def test_resumed_node_takes_tasks_again() -> None:
    """After a drain and a resume, what waited is taken and published."""
    node = Double()

    with running(node) as line:
        line.pipeline.drain()
        assert soon(lambda: state(line) == "drained")
        node.waiting.append("a")
        time.sleep(0.1)
        assert node.taken == []
        line.pipeline.resume()
        assert done(line, 1)

    assert node.published == ["a"]


def test_stop_halts_everything_within_a_second() -> None:
    """A stopped node ends its three stages at once, gives everything back, and leaves no thread (A3, P16)."""
    node = Double("a", "b", "c", "d")
    gates = [node.gate("publish", "a"), node.gate("render", "b"), node.gate("fetch", "c")]

    with running(node) as line:
        assert soon(lambda: all(gate.entered.is_set() for gate in gates))
        began = time.monotonic()
        line.pipeline.stop()
        within(5.0, line.pipeline.join)
        took_s = time.monotonic() - began

    assert took_s < 1
    assert {task: node.ended(task) for task in "abc"} == {task: ["Stopped"] for task in "abc"}
    assert (node.published, node.taken, line.pipeline.held) == ([], ["a", "b", "c"], frozenset())
    assert state(line) == "stopping"


def test_what_waits_for_the_uploader_goes_back_at_a_stop() -> None:
    """A task that is rendered and not yet being published is given back by a stop, and not published."""
    node = Double("a", "b", "c")

    with slow_upload(node) as (line, _):
        line.pipeline.stop()
        assert done(line, 3)

    assert node.published == []
    assert {task: node.ended(task) for task in "abc"} == {task: ["Stopped"] for task in "abc"}


def test_what_is_ready_goes_back_at_a_stop() -> None:
    """A task that waits for the renderer is given back by a stop, and never rendered."""
    node = Double("a", "b")
    node.gate("render", "a")

    with running(node) as line:
        assert soon(lambda: ("fetch", "b") in node.began and ("fetch", "b") not in node.now)
        line.pipeline.stop()
        assert done(line, 2)

    assert ("render", "b") not in node.began
    assert line.pipeline.counts["released"] == 2


def test_given_up_tasks_are_fenced_and_not_published() -> None:
    """A node that may be taken for dead publishes nothing it holds, and says so of each; then it works on (P4)."""
    node = Double("a", "b", "c", "d")
    gates = [node.gate("publish", "a"), node.gate("render", "b"), node.gate("fetch", "c")]

    with running(node) as line:
        assert soon(lambda: all(gate.entered.is_set() for gate in gates))
        line.pipeline.give_up()
        assert done(line, 4)

    assert sorted(node.fenced) == ["a", "b", "c"]
    assert node.published == ["d"]
    assert line.meter.readings().counts["self_fenced"] == 3


def test_a_fenced_task_that_does_not_hear_is_not_published() -> None:
    """A render that ends by itself after its node gave up is not published either (P4)."""
    node = Double("a")
    gate = node.gate("render", "a", hears=False)

    with running(node) as line:
        assert gate.entered.wait(5)
        line.pipeline.give_up()
        gate.open.set()
        assert done(line, 1)

    assert (node.published, node.fenced) == ([], ["a"])


def test_a_fenced_node_claims_nothing() -> None:
    """While others may take it for dead a node takes nothing, and it goes on by itself when it can be heard again."""
    node, fenced = Double("a"), Event()
    fenced.set()
    node.is_fenced = fenced.is_set

    with running(node) as line:
        time.sleep(QUIET_S)
        assert node.taken == []
        fenced.clear()
        assert done(line, 1)

    assert node.published == ["a"]


def test_end_lets_what_renders_come_to_its_end() -> None:
    """`end` waits for the video that renders, publishes it, and then no hand is left; a second `end` is no trouble."""
    node = Double("a", "b")
    gate = node.gate("render", "a")

    with running(node) as line:
        assert soon(lambda: ("fetch", "b") in node.began)
        ending = Thread(target=line.pipeline.end)
        ending.start()
        assert soon(lambda: node.ended("b") == ["Stopped"])
        gate.open.set()
        ending.join(5)
        assert not ending.is_alive()
        line.pipeline.end()

    assert node.published == ["a"]


def test_no_thread_is_left() -> None:
    """After a pipeline ended, none of its three hands is alive; one that was never started ends at once."""
    before = [thread.name for thread in threads_alive()]

    with running(Double("a")) as line:
        assert done(line, 1)
        within(5.0, line.pipeline.end)
        after = [thread.name for thread in threads_alive()]
    within(1.0, Pipeline(Double(), Meter(), lambda *_: None).end)

    assert {name: after.count(name) for name in HANDS} == {name: before.count(name) for name in HANDS}


# -- what goes wrong ---------------------------------------------------------------------------------------------------

SENTENCE = {"remedy": "A test made it."}
FAMILIES: list[tuple[BaseException, Outcome]] = [
    (MediaError("broken", **SENTENCE), "failed"),
    (TemporaryError("not now", **SENTENCE), "released"),
    (NoSpace("full", **SENTENCE), "parked"),
    (Stalled("stood still", **SENTENCE), "released"),
    (LeaseLost("gone", **SENTENCE), "lost"),
    (Defect("ours", **SENTENCE), "failed"),
    (OSError(5, "Input/output error"), "failed"),
    (ZeroDivisionError("nobody thought of it"), "failed"),
]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("error", "outcome"), FAMILIES, ids=lambda one: type(one).__name__)
def test_a_stage_that_fails_ends_its_task_alone(stage: str, error: BaseException, outcome: Outcome) -> None:
    """Whatever a stage raises, its task is ended once, with that very error, and the next one is made (A10)."""
    node = Double("a", "b")
    node.fails(stage, "a", error)

    with running(node) as line:
        assert done(line, 2)

    assert node.ends == [("a", error)]
    assert {name: count for name, count in line.pipeline.counts.items() if count} == {outcome: 1, "published": 1}
    assert (node.published, line.pipeline.held, line.pipeline.failure) == (["b"], frozenset(), None)


SETUPS = [SetupError("no encoder", **SENTENCE), RoomsApart("two mounts", **SENTENCE)]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("error", SETUPS, ids=lambda one: type(one).__name__)
def test_a_setup_error_ends_the_node(stage: str, error: SetupError) -> None:
    """What the operator must mend ends the node, in whichever hand; all it holds goes back, and no hand hangs."""
    node = Double("a", "b", "c", "d")
    node.fails(stage, "b", error)

    with running(node) as line:
        ended_by(line, error)

    assert node.ended("b") == [type(error).__name__]


def ended_by(line: Line, error: SetupError) -> None:
    """See a node end of itself, with that error, and nothing in its hands."""
    assert soon(lambda: line.pipeline.failure is error)
    within(5.0, line.pipeline.join)
    assert line.pipeline.is_idle
    assert line.pipeline.held == frozenset()
    assert sum(line.pipeline.counts.values()) == len(line.node.taken)


@pytest.mark.parametrize("error", SETUPS, ids=lambda one: type(one).__name__)
def test_an_uploader_that_fails_leaves_nobody_waiting(error: SetupError) -> None:
    """When publishing ends the node while a rendered task waits and another renders, both go back (A3)."""
    node = Double("a", "b", "c", "d")
    node.fails("publish", "b", error)

    with slow_upload(node) as (line, upload):
        upload.open.set()
        ended_by(line, error)

    assert node.published == ["a"]
    assert sorted(task for task, _ in node.ends if task in "bc") == ["b", "c"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_task_that_cannot_be_ended_ends_the_node(stage: str) -> None:
    """Where giving a task back fails as well, the node ends with that error and waits for nothing for ever."""
    node = Double("a", "b", "c")
    node.fails(stage, "a", Defect("ours", **SENTENCE))
    node.end_fails = PermissionError(13, "Permission denied")

    with running(node) as line:
        assert soon(lambda: line.pipeline.failure is node.end_fails)
        within(5.0, line.pipeline.join)

    assert line.pipeline.held == frozenset()
    assert line.pipeline.is_idle


def test_a_node_that_cannot_look_ends() -> None:
    """Trouble in the look for a task is the node's end, and its word, and no hand is left."""
    node = Double()
    trouble = RuntimeError("the index is broken")
    node.take = failing(trouble)  # type: ignore[method-assign,assignment]  # it is asked with no job

    with running(node) as line:
        assert soon(lambda: line.pipeline.failure is trouble)
        within(5.0, line.pipeline.join)


OURS, THEIRS = Defect("ours", **SENTENCE), MediaError("theirs", **SENTENCE)
BREAKS = [
    ("abc", {"a": OURS, "b": OURS, "c": OURS}, True, "three different ones"),
    ("ab", {"a": OURS, "b": OURS}, False, "two are not enough"),
    ("aaaa", {"a": OURS}, False, "one task four times may be the task"),
    ("abac", {"a": OURS, "b": OURS, "c": OURS}, True, "a repeat neither counts nor clears"),
    ("abxcd", {"a": OURS, "b": OURS, "c": OURS, "d": OURS}, False, "a video in between clears"),
    ("abcd", {"a": OURS, "b": THEIRS, "c": OURS, "d": OURS}, True, "a bad file neither counts nor clears"),
    ("abc", dict.fromkeys("abc", THEIRS), False, "bad files are not the node's fault"),
    ("abc", dict.fromkeys("abc", NoSpace("full", **SENTENCE)), False, "a full disk is not either"),
    ("abc", dict.fromkeys("abc", LeaseLost("gone", **SENTENCE)), False, "nor a task that was taken away"),
    ("abc", dict.fromkeys("abc", Stalled("stood", **SENTENCE)), True, "passing trouble, every time"),
]


@pytest.mark.parametrize(("tasks", "errors", "is_broken", "why"), BREAKS, ids=[row[3] for row in BREAKS])
def test_breaker_sees_a_node_that_fails(
    tasks: str, errors: dict[str, BaseException], is_broken: bool, why: str
) -> None:
    """Three different tasks in a row that failed for what may be the node's fault drain it (A10)."""
    node = Double(*tasks)
    for task, error in errors.items():
        node.fails("render", task, error)

    with running(node, prefetch=False) as line:  # one at a time: in a row means this order
        assert done(line, len(tasks)), why
        assert bool(line.pipeline.broken) is is_broken
        assert line.pipeline.is_draining is is_broken
        node.waiting.append("z")
        time.sleep(0.1)
        assert ("z" in node.taken) is not is_broken

    if is_broken:
        assert line.pipeline.broken.startswith(f"{BREAKER} tasks in a row failed here")


def woken_in(gate: Gate) -> Do:
    """Give a render that finds its folder gone when it goes on."""

    def wake(job: Job) -> None:
        gate(job)
        raise FileNotFoundError(2, "the scratch is gone")

    return wake


@pytest.mark.parametrize("how", ["taken away", "given up"])
def test_work_that_was_taken_away_is_not_the_node_s_fault(how: str) -> None:
    """A node that wakes from a sleep, its tasks gone, and fails over each of them, does not call itself broken."""
    node = Double(*"abcdx")
    gates = {task: Gate(hears=False) for task in "abcd"}
    for task, gate in gates.items():
        node.does["render", task] = woken_in(gate)
    ended = node.end

    def fail(job: Job, error: BaseException) -> Outcome:
        ended(job, error)
        return "lost" if how == "taken away" else "released"

    node.end = fail  # type: ignore[method-assign]  # what the spool would tell it

    with running(node, prefetch=False) as line:
        for gate in gates.values():
            assert gate.entered.wait(5)
            if how == "given up":
                line.pipeline.give_up()
            gate.open.set()
        assert done(line, 5)

    assert (line.pipeline.broken, node.published) == ("", ["x"])


def test_resuming_gives_a_broken_node_a_clean_sheet() -> None:
    """After a resume one more failure is not yet a reason to drain again."""
    node = Double(*"abc")
    for task in "abcd":
        node.fails("render", task, OURS)

    with running(node, prefetch=False) as line:
        assert soon(lambda: line.pipeline.broken)
        line.pipeline.resume()
        assert line.pipeline.broken == ""
        node.waiting.extend("dx")
        assert done(line, 5)

    assert node.published == ["x"]


# -- idle, and the disk ------------------------------------------------------------------------------------------------


class Idling:
    """What a node does with no task; notes when it began, and ends when it is told to."""

    def __init__(self) -> None:
        self.began = 0
        self.is_on = Event()

    def __call__(self, halt: Event) -> None:
        """Be idle until halted."""
        self.began += 1
        self.is_on.set()
        halt.wait(20)
        self.is_on.clear()


def test_idle_time_ends_when_a_task_arrives() -> None:
    """A node is idle only once nothing waits, and the task that arrives renders within a second (A9)."""
    node, idling = Double("a"), Idling()
    gate = node.gate("render", "a")

    with running(node, idle=idling) as line:
        assert gate.entered.wait(5)
        time.sleep(QUIET_S)
        assert idling.began == 0
        gate.open.set()
        assert idling.is_on.wait(5)
        assert line.pipeline.nothing_waits
        node.waiting.append("b")
        line.pipeline.wake.set()
        assert soon(lambda: ("render", "b") in node.began, within_s=1)
        assert done(line, 2)


def put_off(line: Line) -> None:
    """Leave a task that waits for its time."""
    line.node.unfit = 1


def drained(line: Line) -> None:
    """Have the node take nothing."""
    line.pipeline.drain()


def full(line: Line) -> None:
    """Fill the disk."""
    line.node.space.said = "0.1 GB free"  # type: ignore[attr-defined]  # a Room


@pytest.mark.parametrize("busy", [put_off, drained, full])
def test_a_node_is_not_idle_when_it_only_cannot_work(busy: Callable[[Line], None]) -> None:
    """With a task that waits for its time, drained, or on a full disk nothing is encoded ahead."""
    node, idling = Double("a"), Idling()
    gate = node.gate("render", "a")

    with running(node, idle=idling) as line:
        assert soon(lambda: gate.entered.is_set() and line.pipeline.nothing_waits)
        busy(line)
        time.sleep(0.1)  # the next look of the downloader
        gate.open.set()
        assert done(line, 1)
        time.sleep(QUIET_S)

    assert idling.began == 0


def test_drain_ends_the_idling() -> None:
    """A node that encodes ahead stops that within a second of a drain, and of an end."""
    idling = Idling()

    with running(Double(), idle=idling) as line:
        assert idling.is_on.wait(5)
        line.pipeline.drain()
        assert soon(lambda: not idling.is_on.is_set(), within_s=1)


def test_full_disk_takes_nothing_until_there_is_room() -> None:
    """While the disk is full nothing is claimed, and the state says so; with room work goes on by itself (A21)."""
    node = Double("a")
    full(Line(node, Meter(), Pipeline(node, Meter(), lambda *_: None)))

    with running(node) as line:
        assert soon(lambda: state(line) == "waiting-for-space")
        time.sleep(QUIET_S)
        assert (node.taken, line.pipeline.no_space) == ([], "0.1 GB free")
        node.space.said = ""  # type: ignore[attr-defined]  # a Room
        assert done(line, 1)
        assert state(line) == "idle"

    assert node.published == ["a"]


def test_full_disk_does_not_hold_what_is_in_hand() -> None:
    """What renders when the disk fills is still published."""
    node = Double("a", "b")
    gate = node.gate("render", "a")

    with running(node, prefetch=False) as line:
        assert gate.entered.wait(5)
        full(line)
        gate.open.set()
        assert soon(lambda: node.published == ["a"])
        assert soon(lambda: state(line) == "waiting-for-space")

    assert node.taken == ["a"]


# -- figures -----------------------------------------------------------------------------------------------------------


class HandClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def go(self, seconds: int) -> None:
        """Let so much time pass, slowly enough for every hand to look at the clock."""
        for _ in range(seconds):
            self.now += 1
            time.sleep(0.004)


def test_figures_tell_where_the_time_went() -> None:
    """The seconds of each stage, the seconds in which the renderer stood, and the counts are what happened (A12)."""
    node, clock = Double("a", "b"), HandClock()
    meter = Meter(clock)
    fetch, render, ahead = node.gate("fetch", "a"), node.gate("render", "a"), node.gate("fetch", "b")
    upload = node.gate("publish", "b")

    with running(node, meter) as line:
        assert fetch.entered.wait(5)
        time.sleep(2 * LOOK_S)
        clock.go(10)  # the renderer stands and waits for this one
        fetch.open.set()
        assert soon(lambda: render.entered.is_set() and ahead.entered.is_set())
        clock.go(30)  # and this download costs nothing: another renders
        ahead.open.set()
        assert soon(lambda: ("fetch", "b") not in node.now)
        render.open.set()
        assert upload.entered.wait(5)
        clock.go(5)
        upload.open.set()
        assert done(line, 2)
        clock.go(50)  # nothing to do
        figures = meter.figures()

    assert (figures.download_s, figures.upload_s, figures.work_s) == (40, 5, 45)
    assert figures.render_s == 30
    assert 9 <= figures.stalled_s <= 10
    assert (figures.renders, figures.rendered_s, figures.published) == (2, 30, 2)
    counts = meter.readings().counts
    assert (counts["prefetch_used"], counts["prefetch_wasted"], counts["published"]) == (1, 0, 2)


def test_counts_add_up() -> None:
    """Of eight tasks with every kind of end each is counted once, and the meter counts what the pipeline does (A12)."""
    node = Double(*"abgcdhef")  # a video between the failures, or the node would drain
    ends: dict[str, tuple[BaseException, Outcome]] = dict(zip("abcdef", FAMILIES, strict=False))
    for task, (error, _) in ends.items():
        node.fails("render", task, error)

    with running(node) as line:
        assert done(line, 8)

    wanted = Counter([outcome for _, outcome in ends.values()] + ["published", "published"])
    assert {name: count for name, count in line.pipeline.counts.items() if count} == dict(wanted)
    told = line.meter.readings().counts
    assert [told[name] for name in ("published", "failed", "released")] == [
        wanted[name] for name in ("published", "failed", "released")
    ]


# -- at random ---------------------------------------------------------------------------------------------------------

MOODS: list[BaseException | None] = [None] * 12 + [error for error, _ in FAMILIES]


def random_run(seed: int) -> None:
    """Work off a few tasks whose stages take what the dice say and fail as they say, told things meanwhile."""
    dice = random.Random(seed)  # noqa: S311 -- a run must be repeatable
    tasks = [f"{seed}-{n}" for n in range(dice.randint(1, 7))]
    node = Double(*tasks)
    naps = {(stage, task): dice.uniform(0, 0.01) for stage in STAGES for task in tasks}
    moods = {(stage, task): dice.choice(MOODS) for stage in STAGES for task in tasks}
    if seed % 11 == 0:
        moods[dice.choice(STAGES), dice.choice(tasks)] = SetupError("no encoder", **SENTENCE)
    if seed % 13 == 0:
        node.end_fails = PermissionError(13, "Permission denied")
    for (stage, task), nap_s in naps.items():
        node.does[stage, task] = _stage(nap_s, moods[stage, task])
    pipeline = Pipeline(node, Meter(), lambda *_: None, prefetch=dice.random() < 0.8, poll_s=0.01)
    tell = [pipeline.drain, pipeline.resume, pipeline.give_up, pipeline.wake.set]
    pipeline.start()
    for say in dice.choices(tell, k=dice.randint(0, 4)):
        time.sleep(dice.uniform(0, 0.02))
        say()
    time.sleep(dice.uniform(0, 0.03))
    last = dice.choice([pipeline.stop, pipeline.end])
    within(8.0, last)
    within(8.0, pipeline.join)
    judge(seed, node, pipeline)


def _stage(nap_s: float, mood: BaseException | None) -> Do:
    def do(job: Job) -> None:
        if job.halt.wait(nap_s):
            raise Stopped("the work was halted", remedy="It is taken up again.")
        if mood is not None:
            raise mood

    return do


def judge(seed: int, node: Double, pipeline: Pipeline) -> None:
    """See that nothing is left, and that each task that was taken ended once."""
    assert pipeline.held == frozenset(), seed
    assert pipeline.is_idle, seed
    ended = Counter([*node.published, *(task for task, _ in node.ends)])
    assert ended == Counter(node.taken), seed
    assert sum(pipeline.counts.values()) == len(node.taken), seed
    assert all(max(Counter(stage for stage, _ in rows).values()) == 1 for rows in node.together), seed
    is_doomed = any(isinstance(error, SetupError) for _, error in node.ends) or (node.end_fails and node.ends)
    assert (pipeline.failure is not None) is bool(is_doomed), seed


def test_no_order_of_events_holds_it_up() -> None:
    """In 200 runs with random stages, failures, drains and stops every hand ends, and each task, once (P16, P18)."""
    with ThreadPoolExecutor(20) as pool:
        for run in [pool.submit(random_run, seed) for seed in range(200)]:
            run.result()
