"""A task as it will be made: the timeline of its paper, the plan of the timeline, what the store knows of the plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from videogen.edit import story_timeline
from videogen.errors import Defect
from videogen.model.media import Asset, Media
from videogen.model.segment import cut
from videogen.model.task import Task
from videogen.model.timebase import parse_rate, parse_resolution
from videogen.model.timeline import Canvas, Timeline
from videogen.plan import Known, Plan, annotated, bridge, compile_plan, ends_of
from videogen.render.bench import Bench
from videogen.render.inputs import assets_of_task
from videogen.segments import Segments


@dataclass(frozen=True)
class Order:
    """A video to make: what it shows, what is known of its contents, and the plan of it."""

    timeline: Timeline
    media: Mapping[str, Media]
    plan: Plan
    assets: Mapping[str, Asset] = field(default_factory=dict)
    """Where its contents came from, as far as they are the library's."""
    warnings: tuple[str, ...] = ()
    """What was done without or otherwise when its description was read."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The contents that making it will read, as far as the plan knows what the store has."""
        steps = (step for step in self.plan.steps if not step.is_known)
        return tuple(dict.fromkeys(content for step in steps for content in step.inputs))


def compile_task(root: Path, task: Task, bench: Bench) -> Order:
    """Turn a task's paper into the plan of its video; starts nothing.

    Raises: InputError: the paper is wrong, or a file is not in the library.
    """
    assets = assets_of_task(root, task)
    media = {content: asset.media for content, asset in assets.items()}
    timeline = timeline_of(task, media)
    bench = bench.asked_by(task)
    plan = compile_plan(timeline, media, bench.profile(timeline.canvas), segment_s=bench.cut_s(timeline.canvas))
    return Order(timeline, media, plan, assets, task.warnings)


def timeline_of(task: Task, media: Mapping[str, Media]) -> Timeline:
    """Give a task's edit: the one it holds, or the story's that follows from its paper.

    Raises: InputError: the paper is wrong, or a content's media is unknown.
    """
    if task.timeline is not None:
        return task.timeline
    width, height = parse_resolution(task.render.resolution)
    canvas = Canvas(width=width, height=height, fps=parse_rate(str(task.render.frame_rate)))
    return story_timeline(task.story(), media, canvas)


def known_of(order: Order, store: Segments) -> Known:
    """Look up in the store what a plan would find there, bridges included; nothing is pinned."""
    structures, others = {}, set()
    for segment in order.plan.segments:
        note = store.find(segment.name)
        if note is not None:
            structures[segment.name.key] = note.structure
        elif store.has_other_profile(segment.name):
            others.add(segment.name.look)
    for piece in order.plan.pieces:
        segment = order.plan.by_key[piece.segment]
        ends = ends_of(cut(structures[piece.segment], piece.use)) if piece.segment in structures else ()
        for end in ends:
            name = bridge(segment, end, order.media, order.plan.profile).name
            note = store.find(name)
            if note is not None:
                structures[name.key] = note.structure
    return Known(structures, frozenset(others))


def order_of(root: Path, task: Task, bench: Bench, store: Segments) -> Order:
    """Compile a task and say of each step whether the store has it already.

    Raises: as `compile_task`; Defect: the video would be longer or shorter than its paper says.
    """
    order = compile_task(root, task, bench)
    if order.plan.frames != task.frames:
        raise Defect(
            f"the plan has {order.plan.frames} frames and the task {task.frames}",
            remedy="Drop the voice into raw/ again: its side file or its task was changed.",
            code="frames-differ",
        )
    return replace(order, plan=annotated(order.plan, known_of(order, store), order.media))
