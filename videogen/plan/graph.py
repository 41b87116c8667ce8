"""Plan: a DAG of steps, each with what it reads, what it makes, what it costs and why it must run."""

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Literal

from pydantic import model_validator

from videogen.model.profile import Profile
from videogen.model.value import Digest, Value

ASSET = "asset:"
STEP = "step:"
"""In an argument list `asset:<sha256>#<input>` stands for the file with that content, `step:<id>` for what a step made.

What is behind `#` tells two inputs of the same content apart, and nothing else.
"""


def placed(argument: str, assets: Mapping[str, str], steps: Mapping[str, str]) -> str:
    """Put a path where a placeholder stands; any other argument stays as it is.

    Raises: KeyError: the placeholder names a content or a step that has no path.
    """
    if argument.startswith(ASSET):
        return assets[argument[len(ASSET) :].partition("#")[0]]
    if argument.startswith(STEP):
        return steps[argument[len(STEP) :]]
    return argument


class Needs(Value):
    """What a step takes of its node while it runs. Units: processors, MB of memory."""

    cpu: int = 0
    gpu_encode: int = 0
    io: int = 0
    memory_mb: int = 0


class Step(Value):
    """One process to run or one proof to make. `argv` is FFmpeg's, with placeholders where paths will stand.

    Units: `cost_s` in seconds of a two-core machine, by the cost model; `frames` that the step writes.
    """

    id: str
    kind: Literal["encode", "check"]
    after: tuple[str, ...] = ()
    inputs: tuple[Digest, ...] = ()
    argv: tuple[str, ...] = ()
    output: str = ""
    frames: int = 0
    samples: int = 0
    cost_s: float = 0.0
    needs: Needs = Needs()
    priority: int = 5
    reason: str


class Plan(Value):
    """Everything to do for one video, in no order but what `after` says."""

    profile: Profile
    frames: int
    samples: int
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _whole(self) -> "Plan":
        known = {step.id for step in self.steps}
        if len(known) != len(self.steps):
            raise ValueError("two steps share an id")
        for step in self.steps:
            if missing := set(step.after) - known:
                raise ValueError(f"the step {step.id} waits for {', '.join(sorted(missing))}, which is not in the plan")
        return self

    def in_order(self) -> Iterator[Step]:
        """Give the steps so that each comes after those it waits for. Raises: graphlib.CycleError."""
        by_id = {step.id: step for step in self.steps}
        for name in TopologicalSorter({step.id: step.after for step in self.steps}).static_order():
            yield by_id[name]

    @property
    def cost_s(self) -> float:
        """Seconds of work, by the cost model."""
        return sum(step.cost_s for step in self.steps)
