"""What a node does with one task: takes it, brings its files near, renders it, publishes it, or gives it back."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from videogen import durable, spans
from videogen.errors import Defect, InputError, LeaseLost, NoSpace, SetupError, Stopped, TemporaryError, VideogenError
from videogen.ffmpeg import Progress
from videogen.model.beside import texts_of
from videogen.model.manifest import Manifest
from videogen.model.task import ATTEMPTS
from videogen.plan import Plan
from videogen.points import point
from videogen.render.album import Album
from videogen.render.bench import Bench, is_device_trouble
from videogen.render.executor import Executor
from videogen.render.fetch import NearFiles, Way, read_ahead, way_of
from videogen.render.figures import Figures, note_claimed, note_failed, note_published
from videogen.render.inputs import TaskFiles
from videogen.render.job import Held, Job
from videogen.render.maker import Maker
from videogen.render.orders import Order, order_of
from videogen.render.record import manifest_of
from videogen.render.space import Space, Wanted
from videogen.render.video import Done
from videogen.render.workshop import Workshop
from videogen.segments import Segments
from videogen.spool import Claim, Spool
from videogen.spool.queue import Entry, Queue
from videogen.spool.reserve import Reserve
from videogen.trash import utc_now

log = structlog.get_logger()

Outcome = Literal["published", "failed", "released", "parked", "lost"]
UPLOAD_TRIES = 3
"""Source: seed 002 §8."""
UPLOAD_WAIT_S = 1.0


@dataclass(frozen=True)
class Setup:
    """How a node works. `scratch` None: in the claim's own folder. Units: seconds."""

    name: str
    incarnation: str
    bench: Bench
    way: Way = "auto"
    scratch: Path | None = None
    retry_s: float = 30.0
    pictures: bool = False


class Node:
    """One process's hands on tasks/, processing/ and output/; needs the node's lock while it lives."""

    def __init__(self, spool: Spool, store: Segments, queue: Queue, setup: Setup, figures: Figures) -> None:
        self._spool = spool
        self._store = store
        self._queue = queue
        self._setup = setup
        self._figures = figures
        folders = [spool.processing] + ([setup.scratch] if setup.scratch else [])
        self.space = Space(*folders)
        self.held = Held()
        self.is_fenced: Callable[[], bool] = lambda: False
        """Whether others may take this node for dead by now."""
        self._reserve = Reserve(spool.processing)

    # -- taking --------------------------------------------------------------------------------------------------------

    def take(self, patience_s: float = 0.0) -> Job | None:
        """Claim the most urgent task that is due, that this node may take, and that fits; None: there is none.

        Units: what was first seen less than `patience_s` ago is left to nodes that are idle.
        """
        self._reserve.hold()
        self._queue.look()
        self._set_aside(self._queue.broken())
        for entry in self._queue.candidates():
            if time.monotonic() - entry.seen_s < patience_s or self.space.trouble(
                Wanted(entry.frames, entry.resolution[0] * entry.resolution[1])
            ):
                continue
            with spans.story(entry.task_id), spans.span("claim"):
                job = self._claimed(entry)
            if job:
                return job
        return None

    def left(self) -> int:
        """Count the tasks that wait and that this node may take, now or later."""
        counts = self._queue.counts()
        return counts.waiting - counts.unfit

    def _set_aside(self, names: list[str]) -> None:
        """Move what lies in tasks/ and is no task to trash/failed."""
        for name, error in self._spool.clear_broken(utc_now(), names) if names else ():
            log.error(f"Moved tasks/{name} → trash/failed/{name}", task=name, because=error.message)

    def _claimed(self, entry: Entry) -> Job | None:
        began = time.monotonic()
        self.held.take(entry.task_id)
        claim = None
        try:
            claim = self._spool.claim(entry.task_id, self._setup.name, self._setup.incarnation)
            self._figures.count("claim_lost", int(claim is None))
        except InputError as error:
            log.warning("Cannot claim a task", task=entry.task_id, because=str(error))
            self._set_aside([entry.task_id])
        except (NoSpace, OSError) as error:
            log.warning("Cannot claim a task now", task=entry.task_id, because=str(error))
        finally:
            self._queue.gone(entry.task_id)
            if claim is None:
                self.held.drop(entry.task_id)
        if claim is None:
            return None
        note_claimed(self._figures, began=began, since_ns=entry.since_ns, epoch=claim.epoch)
        task = claim.task
        log.info(f"Claimed tasks/{task.task_id}", task=task.task_id, frames=task.frames, attempt=task.attempts + 1)
        return Job(claim, self._scratch_of(claim))

    def _scratch_of(self, claim: Claim) -> Path:
        if self._setup.scratch is None:
            return claim.scratch
        return self._setup.scratch / f"{self._setup.name}.{claim.task.task_id}.{claim.epoch}"

    # -- the three stages ----------------------------------------------------------------------------------------------

    @spans.stage("fetch")
    def fetch(self, job: Job) -> None:
        """Compile a task and bring near what its render will read. Raises: InputError, TemporaryError, Stopped."""
        claim, root = job.claim, self._spool.root
        if self._setup.scratch is not None:
            durable.make_folder(self._setup.scratch)
        # Never the claim itself: one that was taken away while we slept would be in the way of the next holder's.
        durable.make_inner(job.scratch)
        way = way_of(self._setup.way, root, job.scratch)
        job.files = NearFiles(TaskFiles(root, claim.folder, claim.task), job.scratch / "in", way, job.halt)
        order = self._order(job, self._setup.bench, job.files)
        read_ahead(self._store.path_of(segment.name) for segment in order.plan.segments)
        job.mark("fetched")
        point("download.after")

    def _order(self, job: Job, bench: Bench, files: NearFiles) -> Order:
        order = job.order = order_of(self._spool.root, job.claim.task, bench, self._store)
        files.bring(order.wanted)
        return order

    @spans.stage("render")
    def render(self, job: Job, tell: Callable[[Progress], None]) -> None:
        """Make the video in the scratch folder, proven; in software where the device of this node fails.

        Raises: what the making raises.
        """
        job.stage = "render"
        job.mark("rendering")
        order, bench = job.order, self._setup.bench
        if order is None or job.files is None:
            raise Defect(f"{job.task_id} was not fetched", remedy="Report it with its folder.")
        try:
            job.done = self._made(job, order, job.files, bench, tell)
        except VideogenError as error:
            if not is_device_trouble(error, order.plan.profile):
                raise
            job.fallback = f"{bench.encoder.name} failed: {error.message}"
            log.warning("Encoding in software", task=job.task_id, because=error.message)
            order = self._order(job, bench.in_software(), job.files)
            job.done = self._made(job, order, job.files, bench.in_software(), tell)
        job.mark("rendered")
        point("render.after")

    def _made(self, job: Job, order: Order, files: NearFiles, bench: Bench, tell: Callable[[Progress], None]) -> Done:
        plan = order.plan
        shop = Workshop(
            timeline=order.timeline,
            media=order.media,
            file_of=files.path,
            scratch=job.scratch,
            pins=job.claim.pins,
            log=job.claim.log,
            chosen={content: asset.path for content, asset in order.assets.items() if asset.kind == "source"},
        )
        executor = Executor(bench.capacity(job.scratch), job.halt)
        maker = Maker(bench.ffmpeg(plan.cost_s), self._store, executor, device=bench.device, limits=bench.limits)
        return maker.make(plan, shop, tell)

    @spans.stage("publish")
    def publish(self, job: Job) -> None:
        """Upload the video and publish it; then the claim is gone. Raises: LeaseLost: another has the task now."""
        job.stage = "upload"
        order, done = job.made()
        size_bytes = done.video.stat().st_size
        album = Album.of(done.video) if self._setup.pictures else Album()
        task = job.claim.task
        album.texts = texts_of(order.timeline, task.title or task.story_name, task.recipe)
        with spans.span("upload"):
            self._upload(job, done)
        if job.is_fenced or self.is_fenced():
            raise LeaseLost(f"this node was silent too long to publish {job.task_id}", remedy="Nothing was published.")
        manifest = self._manifest(job, order.plan, size_bytes)
        job.is_ending = True
        target = self._spool.finish(job.claim, album.put(job.claim.out, manifest))
        seconds = time.monotonic() - job.began
        note_published(self._figures, job, order.plan, done, seconds)
        spans.whole(job.task_id, seconds)
        self._tidy(job)
        log.info(
            f"Published {target.relative_to(self._spool.root)}/final.mp4",
            task=job.task_id,
            frames=order.plan.frames,
            frames_encoded=done.frames_encoded,
            seconds=seconds,
            times_real_time=float(order.plan.frames / order.plan.profile.canvas.fps) / seconds,
            size_bytes=size_bytes,
        )

    def _tidy(self, job: Job) -> None:
        """Do what follows a publish; whatever comes of it, the video is published."""
        try:
            self._clear_scratch(job)
            self._store.evict()
        except (VideogenError, OSError) as error:
            log.warning("Cannot tidy up now", task=job.task_id, because=str(error))

    def _upload(self, job: Job, done: Done) -> None:
        """Bring the video to where one rename publishes it, in three tries.

        Raises: LeaseLost. NoSpace: the disk is full. Defect: it did not arrive in three tries.
        """
        trouble: Exception | None = None
        for job.upload_tries in range(1, UPLOAD_TRIES + 1):
            try:
                if job.upload_tries > 1:
                    self._figures.count("upload_resent_bytes", done.video.stat().st_size)
                point("upload.before")
                self._spool.upload(job.claim, done.video, done.sha256)
                self._figures.observe("upload_tries", job.upload_tries)
                return
            except (LeaseLost, NoSpace):
                raise
            except (TemporaryError, OSError) as error:
                if isinstance(error, OSError) and error.errno in durable.FULL:
                    raise
                trouble = error
                self._figures.count("upload_corrupt", int(isinstance(error, TemporaryError)))
                log.warning("The upload failed", task=job.task_id, attempt=job.upload_tries, because=str(error))
            jitter = random.uniform(0.5, 1.5)  # noqa: S311 -- no secret
            if job.upload_tries < UPLOAD_TRIES and job.halt.wait(UPLOAD_WAIT_S * job.upload_tries * jitter):
                raise Stopped("the upload was stopped", remedy="The task went back and is taken up again.")
        raise Defect(
            f"the upload failed {UPLOAD_TRIES} times ({trouble})",
            remedy="See whether output/ can be written, then `videogen retry` the task.",
            code="upload-failed",
        )

    def _manifest(self, job: Job, plan: Plan, size_bytes: int) -> Manifest:
        return manifest_of(
            job, self._setup.name, size_bytes=size_bytes, segment_s=self._setup.bench.cut_s(plan.profile.canvas)
        )

    def _clear_scratch(self, job: Job) -> None:
        if self._setup.scratch is not None:
            durable.remove_tree(job.scratch)

    # -- the ends ------------------------------------------------------------------------------------------------------

    def give_back(self, job: Job, because: str) -> Outcome:
        """Give a task back unharmed: it was no attempt. Whoever has it by now keeps it."""
        return self.end(job, Stopped(because, remedy="It is taken up again."))

    @spans.stage("end")
    def end(self, job: Job, error: BaseException) -> Outcome:
        """Bring a claim that did not become a video to its end: back to tasks/, or to trash/failed.

        What cannot be done now, as the disk is full or gone, is done by a later sweep: the claim says whose it was.
        """
        job.is_ending = True
        try:
            return self._ended_on_any_disk(job, error)
        except LeaseLost as lost:
            log.warning("Lost the task", task=job.task_id, because=lost.message)
            if job.done:
                is_there = self._spool.room_of(job.task_id) == "output"
                self._figures.count("double_publish" if is_there else "fenced")
            return "lost"
        except (VideogenError, OSError) as trouble:
            log.error("Cannot give the task back now; a sweep will", task=job.task_id, because=str(trouble))
            return "lost"
        finally:
            self._clear_scratch(job)

    def _ended_on_any_disk(self, job: Job, error: BaseException) -> Outcome:
        try:
            return self._ended(job, error)
        except (NoSpace, OSError):
            if not self._reserve.let_go():
                raise
            return self._ended(job, error)

    @staticmethod
    def is_our_fault(error: BaseException | None) -> bool:
        """Whether a task that ended so may have failed because of this node: not for its files, or a full disk."""
        if error is None or isinstance(error, InputError | LeaseLost | NoSpace | Stopped | SetupError):
            return False
        return not (isinstance(error, OSError) and error.errno in durable.FULL)

    def _ended(self, job: Job, error: BaseException) -> Outcome:
        if isinstance(error, OSError) and error.errno in durable.FULL:
            error = NoSpace(f"the disk is full ({error})", remedy="Free space on it.")
        if job.is_fenced or isinstance(error, LeaseLost):
            return self._back(job, "others may have taken this node for dead")
        if isinstance(error, Stopped | SetupError):
            return self._back(job, error.message)
        if isinstance(error, NoSpace):
            self._back(job, error.message, not_before_s=self._setup.retry_s, code=error.word)
            return "parked"
        if isinstance(error, TemporaryError) and job.claim.task.attempts + 1 < ATTEMPTS:
            return self._try_later(job, error)
        if not isinstance(error, VideogenError):
            if not job.claim.out.is_dir():
                return self._back(job, "it was taken away")  # nothing failed but what another took from under it
            log.error("The render failed", task=job.task_id, exc_info=error)
            error = _defect(error)
        return self._fail(job, error)

    def _back(self, job: Job, because: str, *, not_before_s: float = 0.0, **facts: object) -> Outcome:
        self._spool.release(job.claim, counts=False, not_before_s=not_before_s)
        self._queue.announce(job.task_id)
        again = {"again_in_s": not_before_s} if not_before_s else {}
        tell = log.warning if again else log.info
        tell(f"Gave back tasks/{job.task_id}", task=job.task_id, because=because, **facts, **again)
        return "released"

    def _try_later(self, job: Job, error: TemporaryError) -> Outcome:
        attempts = job.claim.task.attempts + 1
        wait_s = self._setup.retry_s * attempts
        self._spool.release(job.claim, counts=True, not_before_s=wait_s, avoid=self._setup.name)
        self._queue.announce(job.task_id)
        log.warning(
            f"Gave back tasks/{job.task_id}",
            task=job.task_id,
            code=error.word,
            because=error.message,
            attempt=attempts,
            again_in_s=wait_s,
        )
        return "released"

    def _fail(self, job: Job, error: VideogenError) -> Outcome:
        target = self._spool.discard(job.claim, error, stage=job.stage, at=utc_now())
        note_failed(self._figures, error.word)
        log.error(
            f"Moved processing/{job.task_id} → {target.relative_to(self._spool.root)}",
            task=job.task_id,
            code=error.word,
            because=error.message,
            remedy=error.remedy,
        )
        return "failed"


def _defect(error: BaseException) -> VideogenError:
    return Defect(
        f"videogen failed on this task ({type(error).__name__}: {error})",
        remedy="Report it with this folder.",
        code="internal-error",
    )
