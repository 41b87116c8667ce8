"""A render node: takes one task, compiles it, renders it, proves it, publishes it; then the next."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal
from uuid import uuid4

import structlog

from videogen import cage, durable
from videogen.edit import story_timeline
from videogen.errors import Defect, InputError, LeaseLost, NoSpace, SetupError, Stopped, TemporaryError, VideogenError
from videogen.ffmpeg import FFmpeg, Progress, Watch
from videogen.model.profile import Encoder, Profile
from videogen.model.task import ATTEMPTS, Manifest, Task
from videogen.model.timebase import parse_rate, parse_resolution
from videogen.model.timeline import Canvas
from videogen.plan import Plan, compile_plan
from videogen.render.executor import Done, Executor, Workshop
from videogen.render.inputs import files_of_task, media_of_task
from videogen.spool import Claim, Spool
from videogen.trash import utc_now

log = structlog.get_logger()

WALL_FACTOR = 50
"""How many times its estimate an encode may take: slow presets are 10 times slower than the estimate knows."""
WALL_LEAST_S = 600.0
Outcome = Literal["published", "failed", "released", "parked"]


@dataclass(frozen=True)
class Bench:
    """How this node encodes. Units: seconds, bytes; `wall_s` 0 is WALL_FACTOR times the estimate."""

    program: Path
    toolchain: str
    encoder: Encoder
    audio_kbps: int = 192
    stall_s: float = 60.0
    wall_s: float = 0.0
    memory_bytes: int | None = None
    retry_s: float = 30.0


def compile_task(root: Path, task: Task, bench: Bench) -> Plan:
    """Turn a task's paper into the plan of its video; starts nothing.

    Raises: InputError: the paper is wrong, or a file is not in the library.
    """
    width, height = parse_resolution(task.render.resolution)
    canvas = Canvas(width=width, height=height, fps=parse_rate(str(task.render.frame_rate)))
    media = media_of_task(root, task)
    timeline = story_timeline(task.story(), media, canvas)
    profile = Profile(canvas=canvas, encoder=bench.encoder, audio_kbps=bench.audio_kbps, toolchain=bench.toolchain)
    return compile_plan(timeline, media, profile)


class Node:
    """One process's hands on tasks/, processing/ and output/; needs the node's lock while it lives."""

    def __init__(
        self, spool: Spool, name: str, bench: Bench, stop: Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spool = spool
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
        plan = compile_task(self._spool.root, task, self._bench)
        if plan.frames != task.frames:
            raise Defect(
                f"the plan has {plan.frames} frames and the task {task.frames}",
                remedy="Drop the voice into raw/ again: its side file or its task was changed.",
                code="frames-differ",
            )
        shop = Workshop(files_of_task(self._spool.root, claim.folder, task), claim.scratch, claim.log)
        done = Executor(self._ffmpeg(plan), self._stop).run(plan, shop, tell)
        size_bytes = done.video.stat().st_size
        manifest = self._manifest(claim, plan, done)
        target = self._spool.finish(claim, manifest, done.video)
        seconds = time.monotonic() - began
        log.info(
            f"Published {target.relative_to(self._spool.root)}/final.mp4",
            task=task.task_id,
            frames=plan.frames,
            seconds=seconds,
            times_real_time=float(plan.frames / plan.profile.canvas.fps) / seconds,
            size_bytes=size_bytes,
        )

    def _ffmpeg(self, plan: Plan) -> FFmpeg:
        bench = self._bench
        wall_s = bench.wall_s or max(WALL_LEAST_S, WALL_FACTOR * plan.cost_s)
        limits = cage.Limits(memory_bytes=bench.memory_bytes, open_files=4096)
        return FFmpeg(bench.program, limits, Watch(stall_s=bench.stall_s, wall_s=wall_s))

    def _manifest(self, claim: Claim, plan: Plan, done: Done) -> Manifest:
        return Manifest(
            task=claim.task,
            node=self._name,
            epoch=claim.epoch,
            encoder=plan.profile.encoder.name,
            toolchain=plan.profile.toolchain,
            frames=done.proof.frames,
            samples=done.proof.samples,
            sha256=durable.digest(done.video),
            size_bytes=done.video.stat().st_size,
            steps=done.seconds,
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
