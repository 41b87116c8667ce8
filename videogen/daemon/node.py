"""A render node as it runs: its pulse, its chores, and the loop that hears what it is told."""

import threading
import time
from collections.abc import Callable
from uuid import uuid4

import structlog

from videogen import durable
from videogen.daemon.describing import Describing
from videogen.daemon.keeper import Chore, Keeper, LowDisk
from videogen.daemon.reporting import Reporting
from videogen.daemon.signals import Signals
from videogen.daemon.watch import SweepChore
from videogen.errors import Stopped, VideogenError
from videogen.ffmpeg import Progress
from videogen.metrics import Meter
from videogen.notify import Notify
from videogen.render import Pipeline, Warmed, losing
from videogen.spool import Heart, Identity, drain_of
from videogen.spool.announcing import announced
from videogen.wiring import House

log = structlog.get_logger()

TICK_S = 0.1
DRAIN_LOOK_S = 0.5
WARM_EVERY_S = 30.0
"""An idle node looks for clips to encode ahead this often."""
WARM_ANYWAY_S = 600.0
"""And reads every side file of the library this often, though nothing in it changed: the store may have."""
Tell = Callable[[str, Progress], None]
Counts = dict[str, int]


def run_node(  # noqa: PLR0913 -- a role, what it hears and what hears it; each is one thing
    house: House, name: str, tell: Tell, signals: Signals, notify: Notify, *, once: bool, drain_s: float
) -> Counts:
    """Be a render node until stopped; with `once` until tasks/ is empty. Give the counts of what came out.

    Units: `drain_s` is how long a drain may take before what is left is stopped and given back.

    Raises: SetupError: no encoder works here, or another node of this name runs here.
    """
    totals: Counts = {}
    with house.spool.holding(f"node-{name}"):
        house.spool.prove(f"node-{name}")
        while True:
            life = _Life(house, name, tell, signals, notify, drain_s)
            try:
                is_over = life.run(once=once)
            finally:
                for outcome, count in life.counts.items():
                    totals[outcome] = totals.get(outcome, 0) + count
            if is_over:
                break
            house = house.reloaded()
        notify.stopping()
        log.info("Stopped" if signals.drain.is_set() or signals.stop.is_set() else "Done", **totals)
    return totals


class _Life:
    """One life of a node, from a start or a reload to the next."""

    def __init__(self, house: House, name: str, tell: Tell, signals: Signals, notify: Notify, drain_s: float) -> None:
        self._house = house
        self._name = name
        self._signals = signals
        self._notify = notify
        self._drain_s = drain_s
        self._meter = Meter()
        durable.observer = self._meter.note
        self._incarnation = uuid4().hex
        idling = _Idling(house, name, tell)
        self._queue = house.queue(name)
        node = house.node(name, self._incarnation, self._queue, self._meter)
        settings = house.settings.node
        self._pipeline = Pipeline(
            node,
            self._meter,
            tell,
            prefetch=settings.prefetch,
            poll_s=settings.poll_s,
            idle=idling.warm if settings.warm else _rest,
        )
        describing = Describing(house, name, self._incarnation, self._pipeline, self._meter)
        self._heart = Heart(
            house.spool.nodes,
            describing.paper,
            heartbeat_s=settings.heartbeat_s,
            lease_s=settings.lease_s,
            on_fence=self._pipeline.give_up,
            tell=lambda seconds: self._meter.observe("renew_s", seconds),
        )
        node.is_fenced = lambda: self._heart.is_fenced
        self._reporting = Reporting(house, f"node-{name}", self._meter, self._measured)
        self._drain_request = drain_of(house.spool.nodes, name)
        self._is_asked_to_drain = False
        self._has_asked_itself = False
        self._has_told_broken = False
        self._drain_until: float | None = None
        self._said = ""

    @property
    def counts(self) -> Counts:
        """What came out of it."""
        return {str(outcome): count for outcome, count in self._pipeline.counts.items()}

    def run(self, *, once: bool) -> bool:
        """Work until told to end, with `once` until nothing is left; False: only the settings are to be read again.

        Raises: SetupError: this node cannot render; what it held went back.
        """
        self._heart.start()
        sweep = SweepChore(
            self._house, self._meter, Identity(self._name, self._incarnation, lambda: self._pipeline.held)
        )
        sweep.look()  # what an earlier life of this node held
        self._queue.has_others = lambda: sweep.has_others
        bench = self._house.bench
        log.info("Started", node=self._name, encoder=bench.encoder.name, ffmpeg=bench.toolchain)
        self._notify.ready()
        self._look_for_request()  # one that outlived a restart holds before anything is taken
        self._obey_request()
        with announced(self._queue, self._pipeline.wake), Keeper(*self._chores(sweep)):
            self._pipeline.start()
            try:
                is_over = self._loop(once=once)
            finally:
                self._pipeline.end()
                self._heart.stop()
                Chore("ask itself to drain", 0.0, self._ask_itself).look()  # it may have had no time yet
                self._reporting.end()
        if self._pipeline.failure is not None:
            raise self._pipeline.failure
        return is_over

    def _chores(self, sweep: SweepChore) -> tuple[Chore, ...]:
        house = self._house
        return (
            sweep.chore(),
            Chore("look for a request to drain", DRAIN_LOOK_S, self._look_for_request),
            Chore("look whether its tasks are its own", losing.LOOK_S, losing.LostTasks(self._pipeline.jobs).look),
            LowDisk(house.root, house.settings.log.low_disk_gb).chore(),
            *self._reporting.chores(),
        )

    def _measured(self) -> dict[str, float]:
        """Give what the node knows of the queue, under the names of the meter's gauges."""
        return {"queue_due": self._pipeline.left}

    def _look_for_request(self) -> None:
        self._is_asked_to_drain = self._drain_request.exists()
        self._ask_itself()

    def _ask_itself(self) -> None:
        """Leave a request to drain where too many tasks failed here, once for each time.

        The flag is read before the reason, and the loop takes the reason away before the flag: a reason that is seen
        unasked is a new one. Only when the request is there does the loop go by it alone.
        """
        if not self._has_asked_itself and (because := self._pipeline.broken):
            durable.write(self._drain_request, f"{because}\n")
            self._is_asked_to_drain = True
            self._has_asked_itself = True

    # -- the loop: it touches no disk ----------------------------------------------------------------------------------

    def _loop(self, *, once: bool) -> bool:
        while True:
            self._notify.watchdog()
            self._say()
            if self._pipeline.failure is not None or self._signals.stop.is_set():
                self._pipeline.stop()
                return True
            if self._signals.drain.is_set():
                if self._is_drained():
                    return True
            elif self._signals.reload.is_set():
                self._drain_for_reload()
                if self._pipeline.is_idle:
                    self._signals.reload.clear()
                    return False
            else:
                self._obey_request()
                if once and self._is_done():
                    return True
            self._signals.wake.wait(TICK_S)
            self._signals.wake.clear()

    def _is_drained(self) -> bool:
        """Whether all is at its end; what is not in time is stopped and given back."""
        if self._drain_until is None:
            self._drain_until = time.monotonic() + self._drain_s
            log.info("Draining", node=self._name, at_most_s=self._drain_s)
            self._notify.stopping()
            self._pipeline.drain()
        if time.monotonic() >= self._drain_until:
            self._pipeline.stop()
        return self._pipeline.is_idle

    def _drain_for_reload(self) -> None:
        if not self._pipeline.is_draining:
            log.info("Reading the settings again, once the running task is done", node=self._name)
            self._notify.reloading()
            self._pipeline.drain()

    def _obey_request(self) -> None:
        """Drain while someone asks for it, or while too many tasks failed here; go on when both are over."""
        if self._pipeline.broken and not self._has_told_broken:
            self._has_told_broken = True
            log.error(
                f"The node {self._name} takes no more tasks",
                because=self._pipeline.broken,
                remedy=f"Look into trash/failed and the node's log, then `videogen resume {self._name}`.",
            )
        is_unasked = bool(self._pipeline.broken) and not self._has_asked_itself
        if self._is_asked_to_drain and not self._pipeline.is_draining:
            log.info("Draining", node=self._name, because="it was asked to")
            self._pipeline.drain()
        elif self._pipeline.is_draining and not (self._is_asked_to_drain or is_unasked):
            log.info("Resuming", node=self._name)
            self._pipeline.resume()
            self._has_told_broken = False
            self._has_asked_itself = False

    def _is_done(self) -> bool:
        """Whether there is nothing more to do for `once`."""
        pipeline = self._pipeline
        if not pipeline.is_idle:
            return False
        if pipeline.counts["parked"] or pipeline.no_space or pipeline.is_draining:
            pipeline.counts["parked"] = max(1, pipeline.counts["parked"])
            return True
        return pipeline.nothing_waits and pipeline.left == 0

    def _say(self) -> None:
        task, frame, frames = self._pipeline.progress
        text: str = self._pipeline.state
        if task and frames:
            text = f"rendering {task[:8]}, {100 * frame // frames} %"
        if text != self._said:
            self._notify.status(text)
            self._said = text


def _rest(halt: threading.Event) -> None:
    halt.wait(TICK_S)


class _Idling:
    """What a node does with no task: encodes clips ahead, until a task arrives."""

    def __init__(self, house: House, name: str, tell: Tell) -> None:
        self._house = house
        self._name = name
        self._tell = tell
        self._again = 0.0
        self._complete = -1
        """What the library looked like when nothing was missing."""

    def warm(self, halt: threading.Event) -> None:
        """Encode what the library lacks until that is done or `halt` is set."""
        now = time.monotonic()
        if now < self._again:
            halt.wait(TICK_S)
            return
        self._again = now + WARM_EVERY_S
        looks = self._looks(now)
        if looks == self._complete:
            return
        try:
            if self._warmed(halt):
                self._complete = looks
        except Stopped:
            self._again = 0.0
        except (VideogenError, OSError) as error:
            log.warning("Cannot encode ahead now", because=str(error), again_in_s=WARM_EVERY_S)

    def _looks(self, now: float) -> int:
        """Tell one state of the library from another without reading it; all are another after a while."""
        folders = sorted(self._house.root.glob("scanned/video/**/"))
        stamps = tuple((str(folder), folder.stat().st_mtime_ns) for folder in folders)
        return hash((stamps, now // WARM_ANYWAY_S))

    def _warmed(self, halt: threading.Event) -> bool:
        """Encode ahead; True: there was nothing to do. Raises: Stopped: a task arrived."""
        house = self._house
        house.catalog.load()
        warmer = house.warmer(f"node-{self._name}")
        missing = warmer.missing(house.catalog.of_kind("video"), house.catalog.of_kind("voice"))
        if not missing:
            return True
        try:
            done = warmer.warm(missing, halt, self._tell)
            log.info("Encoded ahead", segments=done.encoded, frames=done.frames)
        finally:
            house.segments.evict()
        return False


def run_warm(house: House, tell: Tell, *, is_dry: bool = False) -> Warmed:
    """Encode all that the library lacks, then say how much that was; `is_dry`: say it, and encode nothing.

    Raises: SetupError: another one is running. Stopped; TemporaryError.
    """
    if is_dry:
        return _warmed_by_hand(house, tell, is_dry=True)
    with house.spool.holding("warm"):
        return _warmed_by_hand(house, tell, is_dry=False)


def _warmed_by_hand(house: House, tell: Tell, *, is_dry: bool) -> Warmed:
    house.catalog.load()
    warmer = house.warmer("by-hand")
    missing = warmer.missing(house.catalog.of_kind("video"), house.catalog.of_kind("voice"), is_dry=is_dry)
    if is_dry:
        return Warmed(len(missing), sum(segment.frames for _, segment in missing))
    return warmer.warm(missing, house.stop, tell)
