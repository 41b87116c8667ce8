"""Plan: a DAG of steps, each with what it reads, what it makes, what it costs and why it must run."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Literal

from pydantic import model_validator

from videogen.model.profile import Profile
from videogen.model.segment import Name
from videogen.model.timebase import Range
from videogen.model.timeline import Timeline
from videogen.model.value import Digest, Value

ASSET = "asset:"
STEP = "step:"
"""In an argument list `asset:<sha256>#<input>` stands for the file with that content, `step:<id>` for what a step made.

What is behind `#` tells two inputs of the same content apart, and nothing else.
"""
OUTPUT = STEP + "out"


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
    """What a step takes of its node while it runs. Units: processors, devices, MB of memory, MB of disk."""

    cpu: int = 0
    gpu_encode: int = 0
    gpu_scale: int = 0
    io: int = 0
    memory_mb: int = 0
    disk_mb: int = 0


class Segment(Value):
    """A piece of picture to encode by itself, and the command that does it. `argv` writes to `step:out`."""

    name: Name
    timeline: Timeline
    argv: tuple[str, ...]
    cost_s: float

    @property
    def frames(self) -> int:
        """Its length."""
        return self.timeline.length

    @property
    def title(self) -> str:
        """What it shows, for people."""
        return " ".join(line.strip() for line in self.timeline.listing().splitlines() if not line.startswith("canvas"))


class Piece(Value):
    """A stretch of the video and the segment it comes from.

    Units: `at` in frames of the video, `use` in frames of the segment.
    """

    at: Range
    segment: Digest
    use: Range
    reason: str


class Step(Value):
    """One thing to do. `argv` is FFmpeg's, with placeholders where paths will stand.

    `after` are the steps that must be done before, `beside` those that must have begun: their output is read while it
    grows. Units: `cost_s` in seconds of one processor, by the cost model; `frames` and `samples` that the step makes.
    """

    id: str
    kind: Literal["encode", "bridge", "sound", "stitch", "check"]
    after: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    segment: Digest | None = None
    piece: int | None = None
    inputs: tuple[Digest, ...] = ()
    argv: tuple[str, ...] = ()
    frames: int = 0
    samples: int = 0
    cost_s: float = 0.0
    bytes_expected: int = 0
    needs: Needs = Needs()
    priority: int = 5
    is_known: bool = False
    """Whether what it makes was in the store when the plan was made."""
    reason: str


class Plan(Value):
    """Everything to do for one video, in no order but what `after` and `beside` say; the pieces in playing order."""

    profile: Profile
    frames: int
    samples: int
    segments: tuple[Segment, ...] = ()
    pieces: tuple[Piece, ...] = ()
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _whole(self) -> "Plan":
        known = {step.id for step in self.steps}
        if len(known) != len(self.steps):
            raise ValueError("two steps share an id")
        for step in self.steps:
            if missing := {*step.after, *step.beside} - known:
                raise ValueError(f"the step {step.id} waits for {', '.join(sorted(missing))}, which is not in the plan")
        return self

    @cached_property
    def by_key(self) -> dict[str, Segment]:
        """The segments by their keys."""
        return {segment.name.key: segment for segment in self.segments}

    def in_order(self) -> Iterator[Step]:
        """Give the steps so that each comes after those it waits for. Raises: graphlib.CycleError."""
        by_id = {step.id: step for step in self.steps}
        graph = {step.id: (*step.after, *step.beside) for step in self.steps}
        for name in TopologicalSorter(graph).static_order():
            yield by_id[name]

    @property
    def cost_s(self) -> float:
        """Seconds of work, by the cost model."""
        return sum(step.cost_s for step in self.steps)

    @property
    def frames_to_encode(self) -> int:
        """Frames that no known segment holds; bridges are reckoned where they are not known yet."""
        return sum(step.frames for step in self.steps if step.kind in {"encode", "bridge"} and not step.is_known)
