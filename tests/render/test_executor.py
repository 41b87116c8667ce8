"""The runner of steps, tried with steps that only note when they ran: order, tokens, retries, and how it ends."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock

import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from videogen.errors import Defect, EncoderBusy, MediaError, NoSpace, Stalled, Stopped, TemporaryError
from videogen.plan import Needs, Step
from videogen.render import executor
from videogen.render.executor import RESOURCES, RETRIES, Busy, Executor

TWO = Needs(cpu=2, io=1, gpu_encode=1, gpu_scale=1, memory_mb=100, disk_mb=100)
NAP_S = 0.005


def step(name: str, *after: str, **more: object) -> Step:
    """Give a step that needs nothing, unless `more` says so."""
    words = {"id": name, "kind": "encode", "after": after, "reason": "a test", **more}
    return Step.model_validate(words)


@dataclass
class Diary:
    """A way to do steps that notes what ran, and what ran beside it. `fails` are the errors of each step's tries."""

    fails: Mapping[str, Iterable[BaseException]] = field(default_factory=dict)
    nap_s: float = 0.0
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    running: dict[str, Step] = field(default_factory=dict)
    together: list[tuple[Step, ...]] = field(default_factory=list)
    at_begin: dict[str, frozenset[str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._errors = {name: iter(errors) for name, errors in self.fails.items()}

    def do(self, one: Step, halt: Event) -> None:
        """Note it, take a nap unless told to stop, and fail where that is written."""
        with self._lock:
            self.begun.append(one.id)
            self.at_begin[one.id] = frozenset(self.ended)
            self.running[one.id] = one
            self.together.append(tuple(self.running.values()))
            error = next(self._errors.get(one.id, iter(())), None)
        halt.wait(self.nap_s)
        with self._lock:
            del self.running[one.id]
            if error is None:
                self.ended.append(one.id)
        if error is not None:
            raise error


def ran(steps: Iterable[Step], diary: Diary, capacity: Needs = TWO) -> dict[str, float]:
    """Run steps to their end."""
    return Executor(capacity, Event()).run(steps, diary.do)


# -- order -------------------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Draw up to a dozen steps, each after or beside some of those before it, in any order, with any needs."""
    steps: list[Step] = []
    for nth in range(draw(st.integers(1, 12))):
        earlier = [one.id for one in steps]
        links = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        split = draw(st.integers(0, len(links)))
        needs = Needs(cpu=draw(st.integers(0, 3)), io=draw(st.integers(0, 1)), memory_mb=draw(st.integers(0, 150)))
        cost_s, priority = draw(st.floats(0, 10)), draw(st.sampled_from([0, 5, 10]))
        links_now = {"beside": tuple(links[split:]), "needs": needs, "cost_s": cost_s, "priority": priority}
        steps.append(step(f"s{nth}", *links[:split], **links_now))
    return draw(st.permutations(steps))


@given_settings(max_examples=60)
@given(graphs())
def test_any_graph_runs_once_in_order_within_its_tokens(steps: list[Step]) -> None:
    """Every step runs once, after those it waits for; side by side they never take more than there is, but for one."""
    diary = Diary(nap_s=0.0005)

    seconds = ran(steps, diary)

    assert sorted(diary.begun) == sorted(seconds) == sorted(one.id for one in steps)
    for one in steps:
        assert diary.at_begin[one.id].issuperset(one.after)
        assert set(diary.begun[: diary.begun.index(one.id)]).issuperset(one.beside)
    for beside in diary.together:
        assert len(beside) == 1 or all(_fits(beside, resource) for resource in RESOURCES)


def _fits(beside: tuple[Step, ...], resource: str) -> bool:
    """Whether what runs takes no more of a resource than there is, or only one of them takes any."""
    taken = [getattr(one.needs, resource) for one in beside if getattr(one.needs, resource)]
    return len(taken) <= 1 or sum(taken) <= getattr(TWO, resource)


def test_a_step_beside_another_runs_while_it_runs() -> None:
    """A reader starts as soon as what it reads has begun, not when that is done."""
    met = Event()

    def do(one: Step, _: Event) -> None:
        if one.id == "reader":
            met.set()
        else:
            assert met.wait(10), "the reader did not come"

    Executor(TWO, Event()).run([step("reader", beside=("writer",)), step("writer")], do)


def test_steps_run_side_by_side() -> None:
    """Where there are tokens for two, two run; for a third there are none."""
    diary = Diary(nap_s=0.05)

    ran([step(f"s{nth}", needs=Needs(cpu=1)) for nth in range(4)], diary)

    assert max(len(beside) for beside in diary.together) == 2


@pytest.mark.parametrize("resource", RESOURCES)
def test_tokens_of_each_kind_are_kept(resource: str) -> None:
    """Whatever it is that two steps need all of, they run one after the other."""
    all_of_it = Needs.model_validate({resource: getattr(TWO, resource)})
    diary = Diary(nap_s=NAP_S)

    ran([step("a", needs=all_of_it), step("b", needs=all_of_it)], diary)

    assert {len(beside) for beside in diary.together} == {1}


def test_a_step_that_needs_more_than_there_is_runs_alone() -> None:
    """A limit set too low makes a node slow, not silent."""
    diary = Diary(nap_s=NAP_S)

    ran([step("huge", needs=Needs(cpu=99, memory_mb=9999)), step("small", needs=Needs(cpu=1))], diary)

    assert sorted(diary.ended) == ["huge", "small"]
    assert {len(beside) for beside in diary.together} == {1}


def test_one_that_waits_does_not_hold_up_what_fits() -> None:
    """A step too large for what is left lets smaller ones past."""
    diary = Diary(nap_s=0.05)
    large = step("large", needs=Needs(cpu=2), cost_s=5.0)

    ran([step("first", needs=Needs(cpu=1), cost_s=9.0), large, step("small", needs=Needs(cpu=1), cost_s=1.0)], diary)

    assert diary.begun == ["first", "small", "large"]


def test_the_most_urgent_come_first_and_then_the_longest() -> None:
    """Priority 10 goes before 5 and 5 before 0; among equals the longest, so that the end is not one long step."""
    one_each = {"needs": Needs(cpu=2)}
    steps = [
        step(f"p{priority}-{cost_s}", priority=priority, cost_s=cost_s, **one_each)
        for priority in (0, 5, 10)
        for cost_s in (1, 3, 2)
    ]
    random.Random(3).shuffle(steps)  # noqa: S311 -- no secret
    diary = Diary()

    ran(steps, diary)

    assert diary.begun == [f"p{priority}-{cost_s}" for priority in (10, 5, 0) for cost_s in (3, 2, 1)]


def test_no_steps_are_soon_done() -> None:
    """An empty plan takes no time and no error."""
    assert ran([], Diary()) == {}


# -- failures ----------------------------------------------------------------------------------------------------------


def passing(word: str = "later") -> TemporaryError:
    """Give a failure that may pass."""
    return TemporaryError(word, remedy="Wait.")


@pytest.fixture
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass between two tries: the waits have a test of their own."""
    again = Executor._again
    monkeypatch.setattr(Executor, "_again", staticmethod(lambda step, state, _: again(step, state, 0.0)))


PASSING: dict[str, Callable[[], TemporaryError]] = {
    "temporary": passing,
    "stalled": lambda: Stalled("still", remedy="Wait."),
    "encoder busy": lambda: EncoderBusy("full", remedy="Wait."),
}


@pytest.mark.usefixtures("_no_waits")
@pytest.mark.parametrize("name", PASSING)
def test_a_passing_failure_is_tried_again(name: str) -> None:
    """A step may fail twice in passing; what waits for it runs after its third try."""
    diary = Diary(fails={"a": [PASSING[name](), PASSING[name]()]})

    ran([step("a"), step("b", "a")], diary)

    assert diary.begun == ["a", "a", "a", "b"]
    assert RETRIES == 2


@pytest.mark.usefixtures("_no_waits")
def test_a_third_failure_lasts() -> None:
    """What fails three times is a failure, the last one, as it was raised."""
    errors = [passing("one"), passing("two"), passing("three")]
    diary = Diary(fails={"a": errors})

    with pytest.raises(TemporaryError) as told:
        ran([step("a"), step("b", "a")], diary)

    assert told.value is errors[2]
    assert diary.begun == ["a", "a", "a"]


def test_a_try_waits_for_the_world_to_change() -> None:
    """Between the first try and the second lies a second, in which others run."""
    diary = Diary(fails={"a": [passing()]})
    began = time.monotonic()

    ran([step("a", priority=10), step("b")], diary)

    assert diary.begun == ["a", "b", "a"]
    assert time.monotonic() - began >= 1.0


LASTING: dict[str, BaseException] = {
    "input": MediaError("broken", remedy="Replace it."),
    "defect": Defect("ours", remedy="Report it."),
    "a full disk": NoSpace("full", remedy="Free some."),
    "stopped": Stopped("told to", remedy="None."),
    "unforeseen": ZeroDivisionError("oops"),
    "interrupt": KeyboardInterrupt(),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_failure_is_raised_as_it_was(name: str) -> None:
    """It is not tried again, nothing more is started, and its type, words and object are kept."""
    diary = Diary(fails={"a": [LASTING[name]]})

    with pytest.raises(type(LASTING[name])) as told:
        ran([step("a", priority=10, needs=Needs(cpu=2)), step("b", "a"), step("c", needs=Needs(cpu=2))], diary)

    assert told.value is LASTING[name]
    assert diary.begun == ["a"]


def test_a_failure_stops_what_runs() -> None:
    """The steps beside it are told to stop, and are waited for: no thread outlives the run."""
    diary = Diary(fails={"bad": [MediaError("broken", remedy="Replace it.")]})
    slow = Event()

    def do(one: Step, halt: Event) -> None:
        if one.id == "slow":
            assert halt.wait(10), "it was not told to stop"
            time.sleep(0.05)
            slow.set()
            raise Stopped("told to", remedy="None.")
        time.sleep(0.05)
        diary.do(one, halt)

    with pytest.raises(MediaError, match="broken"):
        Executor(TWO, Event()).run([step("slow"), step("bad"), step("later", "bad")], do)

    assert slow.is_set()
    assert diary.begun == ["bad"]


def test_a_busy_step_is_put_off_without_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is being made elsewhere is asked for again and again, however often, and others run meanwhile."""
    monkeypatch.setattr(executor, "BUSY_S", 0.01)
    diary = Diary(fails={"a": [Busy() for _ in range(3 * RETRIES)]})

    ran([step("a", priority=10, needs=Needs(cpu=2)), step("b", needs=Needs(cpu=2))], diary)

    assert diary.begun.count("a") == 3 * RETRIES + 1
    assert diary.begun.index("b") == 1
    assert sorted(diary.ended) == ["a", "b"]


def test_a_stop_ends_the_run() -> None:
    """When the operator stops the work what runs is told, nothing more is started, and the run says Stopped."""
    stop, diary = Event(), Diary()

    def do(one: Step, halt: Event) -> None:
        stop.set()
        assert halt.wait(10)
        diary.do(one, halt)

    with pytest.raises(Stopped):
        Executor(TWO, stop).run([step("a"), step("b", "a")], do)

    assert diary.begun == ["a"]


def test_a_stop_before_the_start_starts_nothing() -> None:
    """A run that was stopped before it began runs no step."""
    stop, diary = Event(), Diary()
    stop.set()

    with pytest.raises(Stopped):
        Executor(TWO, stop).run([step("a")], diary.do)

    assert diary.begun == []


def test_a_stop_does_not_wait_for_a_step_put_off() -> None:
    """While all that is left is put off, a stop ends the run within a moment."""
    stop = Event()

    def do(_: Step, __: Event) -> None:
        stop.set()
        raise passing()

    began = time.monotonic()
    with pytest.raises(Stopped):
        Executor(TWO, stop).run([step("a")], do)

    assert time.monotonic() - began < 0.5


def test_seconds_of_all_tries_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step took is told with all its tries."""
    monkeypatch.setattr(executor, "BUSY_S", 0.0)
    diary = Diary(fails={"a": [Busy(), Busy()]}, nap_s=0.03)

    assert ran([step("a")], diary)["a"] >= 0.08
