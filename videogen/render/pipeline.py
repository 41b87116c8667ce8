"""Three hands at once: one task is fetched while another renders and a third is published.

    downloader: claims, fetches ---ready---> renderer ---rendered---> uploader: uploads, publishes

Each hand is a thread that lives as long as the node: FFmpeg dies with the thread that started it. Between two hands
there is room for one task, so a node never holds more than it will soon do. A node that is told to drain takes nothing
new, gives back what it only fetched, and ends what it renders; one that is told to stop gives back all of it. So does
one that failed: a hand lives on until nothing is held, or what another hand waits for would never come.
"""

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Condition, Event, Thread
from typing import Literal

import structlog

from videogen.errors import SetupError, Stopped, VideogenError
from videogen.ffmpeg import Progress
from videogen.metrics import Kind, Meter
from videogen.model.node import State
from videogen.render.job import Job
from videogen.render.node import Node, Outcome

log = structlog.get_logger()

Stage = Literal["fetching", "ready", "rendering", "rendered", "publishing"]
LOOK_S = 0.25
"""A hand that waits looks this often whether all is over."""
BREAKER = 3
"""So many different tasks in a row that failed here are not the tasks' fault."""
Tell = Callable[[str, Progress], None]


class Pipeline:
    """The hands of one node.

    `idle` is called by the renderer when there is nothing to render; it ends soon after its event is set.
    """

    def __init__(
        self,
        node: Node,
        meter: Meter,
        tell: Tell,
        *,
        prefetch: bool = True,
        poll_s: float = 1.0,
        idle: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._node = node
        self._meter = meter
        self._tell = tell
        self._prefetch = prefetch
        self._poll_s = poll_s
        self._idle = idle
        self._at: dict[Stage, Job | None] = dict.fromkeys(("fetching", "ready", "rendering", "rendered", "publishing"))
        self._changed = Condition()
        self._idling = Event()
        self._is_draining = self._is_stopping = False
        self._hands = [
            Thread(target=self._hand, args=(name, work), name=name, daemon=True)
            for name, work in (("downloader", self._fetch), ("renderer", self._render), ("uploader", self._publish))
        ]
        self._failed_in_a_row: deque[str] = deque(maxlen=BREAKER)
        self._ends = 0
        self._going_on: dict[Kind, AbstractContextManager[None]] = {}
        self.counts: dict[Outcome, int] = dict.fromkeys(("published", "failed", "released", "parked", "lost"), 0)
        self.wake = Event()
        """Set to have the downloader look for a task now."""
        self.progress = ("", 0, 0)
        """The task that renders, frames encoded, of all."""
        self._render_began = 0.0
        self.nothing_waits = False
        """Whether the last look for a task found none to take."""
        self.left = 0
        """How many tasks waited then that this node may take later."""
        self.no_space = ""
        """Why nothing is taken though it may wait: the disk is full; empty while there is room."""
        self.broken = ""
        """Why this node should take no more tasks; empty while it should."""
        self.failure: BaseException | None = None
        """What ended a hand: the node cannot go on."""

    def start(self) -> None:
        """Begin to work."""
        for hand in self._hands:
            hand.start()

    def drain(self) -> None:
        """Take nothing new, and give back what is not yet rendering; `resume` undoes it."""
        with self._changed:
            self._is_draining = True
            self._idling.set()
            if (fetching := self._at["fetching"]) is not None:
                fetching.halt.set()
            self._changed.notify_all()
        self.wake.set()

    def resume(self) -> None:
        """Take tasks again, with a clean sheet."""
        with self._changed:
            self._is_draining = False
            self._failed_in_a_row.clear()
            self.broken = ""
        self.wake.set()

    def stop(self) -> None:
        """End all work at once, and give back what is not published."""
        with self._changed:
            self._is_stopping = True
        self.drain()
        self._halt(lambda _: None)

    def give_up(self) -> None:
        """End all work at once since others may have it: nothing of it is published any more."""

        def fence(job: Job) -> None:
            job.is_fenced = True
            self._meter.count("self_fenced")

        self._halt(fence)

    def _halt(self, mark: Callable[[Job], None]) -> None:
        with self._changed:
            for job in self._at.values():
                if job is not None:
                    mark(job)
                    job.halt.set()
            self._changed.notify_all()

    def join(self) -> None:
        """Wait for the hands to end, after `stop` or a drain."""
        for hand in self._hands:
            while hand.is_alive():
                hand.join(LOOK_S)

    def end(self) -> None:
        """Let the hands end once they hold nothing."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self.drain()
        self.join()

    @property
    def is_idle(self) -> bool:
        """Whether no hand holds anything."""
        with self._changed:
            return not any(self._at.values())

    @property
    def is_draining(self) -> bool:
        """Whether nothing new is taken."""
        return self._is_draining

    @property
    def state(self) -> State:
        """Give one word for what the node does."""
        is_idle = self.is_idle
        if self._is_stopping:
            return "stopping"
        if self._is_draining:
            return "drained" if is_idle else "draining"
        if not is_idle:
            return "working"
        return "waiting-for-space" if self.no_space else "idle"

    @property
    def rendering_s(self) -> float:
        """Give how long ago the running render began; 0 where none is running."""
        return time.monotonic() - self._render_began if self.progress[0] else 0.0

    @property
    def held(self) -> frozenset[str]:
        """The ids in this node's hands."""
        return self._node.held.ids()

    def jobs(self) -> tuple[Job, ...]:
        """Give what is in the hands now."""
        with self._changed:
            return tuple(job for job in self._at.values() if job is not None)

    # -- hands ---------------------------------------------------------------------------------------------------------

    def _hand(self, name: str, work: Callable[[], bool]) -> None:
        """Do one thing after another until there is no more to come; an error ends the node, and then the hand."""
        goes_on = True
        while goes_on:
            try:
                goes_on = work()
            except BaseException as error:
                log.error("A hand of the node failed", hand=name, exc_info=error)
                self.failure = self.failure or error
                self.stop()

    def _fetch(self) -> bool:
        if self._is_draining:
            self._give_back_ready()
            if self._is_stopping:
                return False
            self.wake.wait(LOOK_S)
            self.wake.clear()
            return True
        if not self._may_take():
            with self._changed:
                self._changed.wait(LOOK_S)
            return True
        self.wake.clear()
        with self._changed:
            is_ahead = any(self._at.values())
        # A node that is idle takes a new task within its poll; this one would only let it lie.
        ends = self._ends
        job = self._node.take(2 * self._poll_s if is_ahead else 0.0)
        if job is None:
            with self._changed:
                self.left = self._node.left()
                # What came back to tasks/ meanwhile may not have been seen.
                self.nothing_waits = ends == self._ends
                self._note_work()
            self.wake.wait(self._poll_s)
            return True
        self.nothing_waits = False
        self._put("fetching", job)
        try:
            with self._meter.busy("download"):
                self._node.fetch(job)
        except BaseException as error:
            self._end(job, "fetching", error)
            return True
        with self._changed:
            job.is_ahead = self._at["rendering"] is not None
        self._pass_on(job, "fetching", "ready")
        return True

    def _may_take(self) -> bool:
        with self._changed:
            # While the uploader stands, what is rendered waits for it: no more is taken than three hands can hold.
            has_room = self._at["ready"] is None and self._at["rendered"] is None
            is_free = has_room and (self._prefetch or not any(self._at.values()))
        trouble = self._node.space.trouble() if is_free else self.no_space
        if trouble and not self.no_space:
            log.warning("Takes no task: the disk is full", because=trouble, remedy="Free space, or empty trash/.")
        elif self.no_space and not trouble:
            log.info("Takes tasks again: there is room")
        self.no_space = trouble
        self._note("space", goes_on=bool(trouble))
        return is_free and not trouble and not self._node.is_fenced()

    def _give_back_ready(self) -> None:
        with self._changed:
            job, self._at["ready"] = self._at["ready"], None
            if job is not None:
                self._at["fetching"] = job
        if job is not None:
            self._meter.count("prefetch_wasted")
            self._end(job, "fetching", None)

    def _render(self) -> bool:
        job = self._next("ready", "rendering")
        if job is None:
            with self._changed:
                is_over = self._is_stopping and not any(self._at[stage] for stage in ("fetching", "ready"))
                is_busy = self._is_draining or self.no_space or any(self._at.values())
                is_idle = self.nothing_waits and not (self.left or is_busy)
                if is_idle:
                    self._idling.clear()
            if is_idle:
                self._idle(self._idling)
            return not is_over
        self._render_began = time.monotonic()
        self.progress = job.task_id, 0, 0
        if job.is_ahead:
            self._meter.count("prefetch_used")
        try:
            with self._meter.busy("render"):
                self._node.render(job, lambda progress: self._told(job, progress))
        except BaseException as error:
            self._end(job, "rendering", error)
            return True
        finally:
            self.progress = "", 0, 0
        with self._meter.busy("stalled"):
            self._pass_on(job, "rendering", "rendered")
        return True

    def _told(self, job: Job, progress: Progress) -> None:
        self.progress = job.task_id, progress.frame, progress.total
        self._tell(job.task_id, progress)

    def _publish(self) -> bool:
        job = self._next("rendered", "publishing")
        if job is None:
            with self._changed:
                return not self._is_stopping or any(self._at.values())
        try:
            with self._meter.busy("upload"):
                if job.halt.is_set():
                    raise Stopped("the node was stopped", remedy="The task went back and is taken up again.")
                self._node.publish(job)
        except BaseException as error:
            self._end(job, "publishing", error)
            return True
        self._ended(job, "publishing", "published", None)
        return True

    # -- between hands -------------------------------------------------------------------------------------------------

    def _put(self, stage: Stage, job: Job) -> None:
        with self._changed:
            self._at[stage] = job
            self._idling.set()
            self._note_work()
            if self._is_draining:
                job.halt.set()
            self._changed.notify_all()

    def _pass_on(self, job: Job, here: Stage, there: Stage) -> None:
        """Lay a task where the next hand takes it, once there is room."""
        with self._changed:
            while self._at[there] is not None:
                self._changed.wait(LOOK_S)
            self._at[here], self._at[there] = None, job
            self._changed.notify_all()

    def _next(self, here: Stage, there: Stage) -> Job | None:
        """Take what the hand before laid down; None: nothing yet."""
        with self._changed:
            job = self._at[here]
            is_given_back = here == "ready" and self._is_draining
            if job is None or is_given_back:
                is_awaited = here == "ready" and not is_given_back and self._at["fetching"] is not None
                if is_awaited:
                    with self._meter.busy("stalled"):
                        self._changed.wait(LOOK_S)
                else:
                    self._changed.wait(LOOK_S)
                return None
            self._at[here], self._at[there] = None, job
            self._changed.notify_all()
            return job

    def _end(self, job: Job, stage: Stage, error: BaseException | None) -> None:
        """Have the node end what a stage failed at, or give back what was only fetched; then it is in no hand.

        Raises: SetupError: the one given; what ending it raises.
        """
        outcome: Outcome = "lost"
        try:
            if error is None:
                outcome = self._node.give_back(job, "the node takes nothing more")
            else:
                outcome = self._node.end(job, error)
        finally:
            self._ended(job, stage, outcome, error)
        if isinstance(error, SetupError):
            raise error

    def _ended(self, job: Job, stage: Stage, outcome: Outcome, error: BaseException | None) -> None:
        with self._changed:
            self._at[stage] = None
            if outcome != "published":  # it may lie in tasks/ again, unseen by the last look
                self._ends += 1
                self.nothing_waits = False
            self._note_work()
            self._node.held.drop(job.task_id)
            self.counts[outcome] += 1
            self._changed.notify_all()
        if outcome in {"published", "released"}:
            self._meter.count(outcome)
        elif outcome == "failed":
            self._meter.count("failed", code=error.word if isinstance(error, VideogenError) else "internal-error")
        self._judge(job, outcome, error)

    def _note_work(self) -> None:
        """Count the time in which a task is here, or waits for this node; the lock is held."""
        self._note("work", goes_on=any(self._at.values()) or self.left > 0)

    def _note(self, kind: Kind, *, goes_on: bool) -> None:
        if goes_on and kind not in self._going_on:
            self._going_on[kind] = self._meter.busy(kind)
            self._going_on[kind].__enter__()
        elif not goes_on and kind in self._going_on:
            self._going_on.pop(kind).__exit__(None, None, None)

    def _judge(self, job: Job, outcome: Outcome, error: BaseException | None) -> None:
        """Notice when it is this node that fails, and not its tasks."""
        if outcome == "published":
            self._failed_in_a_row.clear()
            return
        if outcome == "lost" or job.is_fenced or not self._node.is_our_fault(error):
            return
        if job.task_id not in self._failed_in_a_row:
            self._failed_in_a_row.append(job.task_id)
        if len(self._failed_in_a_row) == BREAKER and not self.broken:
            self.broken = f"{BREAKER} tasks in a row failed here, the last one since {error}"
            self.drain()
