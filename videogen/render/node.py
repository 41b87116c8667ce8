"""A render node: takes one task, compiles it, renders it, proves it, publishes it; then the next."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal
from uuid import uuid4

import structlog

from videogen import durable
from videogen.edit import story_timeline
from videogen.errors import Defect, InputError, LeaseLost, NoSpace, SetupError, Stopped, TemporaryError, VideogenError
from videogen.ffmpeg import Progress
from videogen.model.media import Media
from videogen.model.segment import cut
from videogen.model.task import ATTEMPTS, Manifest, Task
from videogen.model.timebase import parse_rate, parse_resolution
from videogen.model.timeline import Canvas, Timeline
from videogen.plan import Known, Plan, annotated, bridge, compile_plan, ends_of
from videogen.render.bench import Bench
from videogen.render.executor import Executor
from videogen.render.inputs import TaskFiles, media_of_task
from videogen.render.maker import Maker
from videogen.render.video import Done
from videogen.render.workshop import Workshop
from videogen.segments import Segments
from videogen.spool import Claim, Spool
from videogen.trash import utc_now

log = structlog.get_logger()

Outcome = Literal["published", "failed", "released", "parked"]


@dataclass(frozen=True)
class Order:
    """A video to make: what it shows, what is known of its contents, and the plan of it."""

    timeline: Timeline
    media: Mapping[str, Media]
    plan: Plan


def compile_task(root: Path, task: Task, bench: Bench) -> Order:
    """Turn a task's paper into the plan of its video; starts nothing.

    Raises: InputError: the paper is wrong, or a file is not in the library.
    """
    width, height = parse_resolution(task.render.resolution)
    canvas = Canvas(width=width, height=height, fps=parse_rate(str(task.render.frame_rate)))
    media = media_of_task(root, task)
    timeline = story_timeline(task.story(), media, canvas)
    plan = compile_plan(timeline, media, bench.profile(canvas), segment_s=bench.cut_s(canvas))
    return Order(timeline, media, plan)


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


class Node:
    """One process's hands on tasks/, processing/ and output/; needs the node's lock while it lives."""

    def __init__(
        self,
        spool: Spool,
        store: Segments,
        name: str,
        bench: Bench,
        stop: Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._store = store
        self._name = name
        self._incarnation = uuid4().hex
        self._bench = bench
        self._stop = stop
        self._clock = clock
        self._first_seen: dict[tuple[str, int], float] = {}

    def recover(self) -> None:
        """Give back what an earlier life of this node held; clear what is no task."""
        for task_id in self._spool.recover(self._name, self._incarnation, utc_now()):
            log.warning(f"Gave back tasks/{task_id}, which died with an earlier life of this node", task=task_id)

    def work_once(self, tell: Callable[[str, Progress], None]) -> Outcome | None:
        """Take the most urgent task that is due and bring it to an end; None: there was none to take.

        Raises: SetupError: this node cannot render; the task went back.
        """
        for name, error in self._spool.clear_broken(utc_now()):
            log.error(f"Moved tasks/{name} → trash/failed/{name}", task=name, because=error.message)
        for task in self._spool.waiting():
            if self._stop.is_set():
                return None
            if not self._is_due(task):
                continue
            claim = self._spool.claim(task.task_id, self._name, self._incarnation)
            if claim is not None:
                return self._work(claim, tell)
        return None

    def _is_due(self, task: Task) -> bool:
        """Count a delay from when this node first saw the task, on its own clock: no two clocks are compared."""
        seen = self._first_seen.setdefault((task.task_id, task.attempts), self._clock())
        return self._clock() - seen >= task.not_before_s

    def _work(self, claim: Claim, tell: Callable[[str, Progress], None]) -> Outcome:
        """Bring a claim to one of its ends; whichever it is, another node may have been quicker."""
        try:
            return self._render_or_return(claim, tell)
        except LeaseLost as error:
            log.warning("Lost the task to another node", task=claim.task.task_id, because=error.message)
            return "released"

    def _render_or_return(self, claim: Claim, tell: Callable[[str, Progress], None]) -> Outcome:
        task = claim.task
        log.info(f"Claimed tasks/{task.task_id}", task=task.task_id, frames=task.frames, attempt=task.attempts + 1)
        try:
            self._render(claim, lambda progress: tell(task.task_id, progress))
            return "published"
        except LeaseLost:
            raise
        except Stopped:
            self._spool.release(claim, counts=False)
            log.info(f"Gave back tasks/{task.task_id}", task=task.task_id, because="the node was stopped")
            return "released"
        except SetupError:
            self._spool.release(claim, counts=False)
            raise
        except TemporaryError as error:
            return self._try_later(claim, error)
        except InputError as error:
            return self._fail(claim, error)
        except Exception as error:
            return self._fail_unforeseen(claim, error)

    def _render(self, claim: Claim, tell: Callable[[Progress], None]) -> None:
        task, began = claim.task, time.monotonic()
        order = compile_task(self._spool.root, task, self._bench)
        plan = annotated(order.plan, known_of(order, self._store), order.media)
        if plan.frames != task.frames:
            raise Defect(
                f"the plan has {plan.frames} frames and the task {task.frames}",
                remedy="Drop the voice into raw/ again: its side file or its task was changed.",
                code="frames-differ",
            )
        shop = Workshop(
            timeline=order.timeline,
            media=order.media,
            file_of=TaskFiles(self._spool.root, claim.folder, task).path,
            scratch=claim.scratch,
            pins=claim.pins,
            log=claim.log,
        )
        executor = Executor(self._bench.capacity(claim.scratch), self._stop)
        done = Maker(self._bench.ffmpeg(plan.cost_s), self._store, executor).make(plan, shop, tell)
        size_bytes = done.video.stat().st_size
        target = self._spool.finish(claim, self._manifest(claim, plan, done), done.video)
        seconds = time.monotonic() - began
        log.info(
            f"Published {target.relative_to(self._spool.root)}/final.mp4",
            task=task.task_id,
            frames=plan.frames,
            frames_encoded=done.frames_encoded,
            seconds=seconds,
            times_real_time=float(plan.frames / plan.profile.canvas.fps) / seconds,
            size_bytes=size_bytes,
        )

    def _manifest(self, claim: Claim, plan: Plan, done: Done) -> Manifest:
        return Manifest(
            task=claim.task,
            node=self._name,
            epoch=claim.epoch,
            encoder=plan.profile.encoder.name,
            toolchain=plan.profile.toolchain,
            frames=done.proof.frames,
            samples=done.proof.samples,
            sha256=done.sha256,
            size_bytes=done.video.stat().st_size,
            steps=done.seconds,
            segments=done.segments,
            frames_encoded=done.frames_encoded,
            fallback=done.fallback,
            peak_dbfs=done.peak_dbfs,
        )

    def _park(self, claim: Claim, error: NoSpace) -> Outcome:
        """A full disk is no fault of the task: it does not count as an attempt, however long it lasts."""
        self._spool.release(claim, counts=False, not_before_s=self._bench.retry_s)
        self._first_seen[claim.task.task_id, claim.task.attempts] = self._clock()
        log.warning(
            f"Gave back tasks/{claim.task.task_id}",
            task=claim.task.task_id,
            code=error.word,
            because=error.message,
            again_in_s=self._bench.retry_s,
        )
        return "parked"

    def _try_later(self, claim: Claim, error: TemporaryError) -> Outcome:
        if isinstance(error, NoSpace):
            return self._park(claim, error)
        attempts = claim.task.attempts + 1
        if attempts >= ATTEMPTS:
            return self._fail(claim, error)
        wait_s = self._bench.retry_s * attempts
        self._spool.release(claim, counts=True, not_before_s=wait_s)
        log.warning(
            f"Gave back tasks/{claim.task.task_id}",
            task=claim.task.task_id,
            code=error.word,
            because=error.message,
            attempt=attempts,
            again_in_s=wait_s,
        )
        return "released"

    def _fail_unforeseen(self, claim: Claim, error: Exception) -> Outcome:
        if isinstance(error, OSError) and error.errno in durable.FULL:
            return self._park(claim, NoSpace(f"the disk is full ({error})", remedy="Free space on it."))
        log.exception("The render failed", task=claim.task.task_id)
        return self._fail(claim, _defect(error))

    def _fail(self, claim: Claim, error: VideogenError) -> Outcome:
        target = self._spool.discard(claim, error, stage="render", at=utc_now())
        log.error(
            f"Moved processing/{claim.task.task_id} → {target.relative_to(self._spool.root)}",
            task=claim.task.task_id,
            code=error.word,
            because=error.message,
            remedy=error.remedy,
        )
        return "failed"


def _defect(error: Exception) -> VideogenError:
    if isinstance(error, VideogenError):
        return error
    return Defect(
        f"videogen failed on this task ({type(error).__name__}: {error})",
        remedy="Report it with this folder.",
        code="internal-error",
    )
