"""Runs the steps of a plan: each after what it waits for, side by side as far as the machine allows.

It knows nothing of videos. A step starts when the steps before it are done, those it reads beside have begun, and
tokens for all it needs are free; when nothing runs, one may always start. A step runs in a thread of its own, which
lives until the step's children have ended: a child dies with the thread that started it.
"""

import time
from collections.abc import Callable, Iterable
from contextvars import copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Thread

from videogen import spans
from videogen.errors import NoSpace, Stopped, TemporaryError
from videogen.plan import Needs, Step

RETRIES = 2
LOOK_S = 0.05
BUSY_S = 0.2
RESOURCES = ("cpu", "gpu_encode", "gpu_scale", "io", "memory_mb", "disk_mb")


class Busy(Exception):  # noqa: N818 -- not a fault: the step is put off
    """What a step would make is being made elsewhere, or what it reads has to be made again: later."""


Do = Callable[[Step, Event], None]
"""Does a step; gives up soon after the event is set."""


@dataclass
class _State:
    """Where a run stands."""

    waiting: dict[str, Step]
    running: dict[str, Step] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    put_off: dict[str, float] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Ended:
    step: Step
    seconds: float
    error: BaseException | None


class Executor:
    """Steps in the order of their dependencies, within the tokens of this machine."""

    def __init__(self, capacity: Needs, stop: Event, *, retries: int = RETRIES) -> None:
        self.capacity = capacity
        """What may run side by side."""
        self._stop = stop
        self._retries = retries

    def run(self, steps: Iterable[Step], do: Do) -> dict[str, float]:
        """Do every step and give the seconds each took.

        A passing failure is tried again; at the first lasting one nothing more is started, what runs is stopped, and
        what depends on it is never begun.

        Raises: the first failure. Stopped: `stop` was set.
        """
        state = _State({step.id: step for step in steps})
        halt, ended = Event(), SimpleQueue[_Ended]()
        failure: BaseException | None = None
        while state.running or (state.waiting and failure is None):
            if self._stop.is_set() and failure is None:
                failure = Stopped("the render was stopped", remedy="The task went back and is taken up again.")
            if failure is not None:
                halt.set()
            else:
                for step in self._startable(state):
                    self._start(step, state, do, halt, ended)
            try:
                one = ended.get(timeout=LOOK_S)
            except Empty:
                continue
            lasting = self._take(one, state)
            failure = failure or lasting
        if failure is not None:
            raise failure
        return state.seconds

    def _startable(self, state: _State) -> Iterable[Step]:
        """Give what may start now: the most urgent first, then the longest, so that the end is not one long step."""
        now = time.monotonic()
        ready = [step for step in state.waiting.values() if self._is_ready(step, state, now)]
        for step in sorted(ready, key=lambda one: (-one.priority, -one.cost_s)):
            if self._fits(step, state) and self._is_ready(step, state, now):
                yield step

    @staticmethod
    def _is_ready(step: Step, state: _State, now: float) -> bool:
        begun = state.done | state.running.keys()
        is_due = state.put_off.get(step.id, 0.0) <= now
        return is_due and state.done.issuperset(step.after) and begun.issuperset(step.beside)

    def _fits(self, step: Step, state: _State) -> bool:
        if not state.running:
            return True
        for resource in RESOURCES:
            used = sum(getattr(one.needs, resource) for one in state.running.values())
            wanted = getattr(step.needs, resource)
            if wanted and used + wanted > getattr(self.capacity, resource):
                return False
        return True

    @staticmethod
    def _start(step: Step, state: _State, do: Do, halt: Event, ended: "SimpleQueue[_Ended]") -> None:
        def work() -> None:
            began = time.monotonic()
            error: BaseException | None = None
            try:
                with spans.span(step.kind, step=step.id):
                    do(step, halt)
            except BaseException as raised:
                error = raised
            ended.put(_Ended(step, time.monotonic() - began, error))

        del state.waiting[step.id]
        state.running[step.id] = step
        Thread(target=copy_context().run, args=(work,), name=step.id, daemon=True).start()

    def _take(self, ended: _Ended, state: _State) -> BaseException | None:
        """Note how a step ended; give its failure where it is not to be tried again."""
        step, error = ended.step, ended.error
        del state.running[step.id]
        state.seconds[step.id] = round(state.seconds.get(step.id, 0.0) + ended.seconds, 3)
        if error is None:
            state.done.add(step.id)
            return None
        if isinstance(error, Busy):
            return self._again(step, state, BUSY_S)
        is_passing = isinstance(error, TemporaryError) and not isinstance(error, Stopped | NoSpace)
        state.failures[step.id] = state.failures.get(step.id, 0) + 1
        if is_passing and state.failures[step.id] <= self._retries:
            return self._again(step, state, float(state.failures[step.id]))
        return error

    @staticmethod
    def _again(step: Step, state: _State, wait_s: float) -> None:
        state.waiting[step.id] = step
        state.put_off[step.id] = time.monotonic() + wait_s
