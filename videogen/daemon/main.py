"""The main worker as it runs: takes files in, makes tasks, watches the nodes and returns the tasks of the dead."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from math import inf

import structlog

from videogen import durable
from videogen.daemon.keeper import Chore, Keeper, LowDisk
from videogen.daemon.reporting import Reporting
from videogen.daemon.signals import Signals
from videogen.daemon.tidying import Tidying
from videogen.daemon.watch import NodeWatch, SweepChore
from videogen.jobs import Look
from videogen.metrics import Meter
from videogen.model.intake import INTAKE, WAITS, Intake
from videogen.model.job import DESCRIPTIONS
from videogen.model.value import readable
from videogen.notify import Notify
from videogen.scan import AGAIN_S, Pass, Verdict
from videogen.spool.reserve import NAME as RESERVE
from videogen.wiring import House

log = structlog.get_logger()

ARRIVING_POLL_S = 0.25
BURST_S = 0.25
"""At most so long events are gathered after one came: as long as the last look took, so looking is half the time."""
WATCH_EVERY_S = 5.0
TELL_EVERY_S = 2.0
TRY_EVERY_S = 3600.0
TICK_S = 0.5
"""A loop that waits comes round this often."""


@dataclass
class MainReport:
    """What main decided until it was idle or stopped: verdicts, and the voices that wait, each with its reason."""

    verdicts: list[Verdict] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> list[Verdict]:
        """What went to trash/invalid."""
        return [verdict for verdict in self.verdicts if verdict.error is not None]

    @property
    def has_refused_voice(self) -> bool:
        """Whether one of them was to become a video: a voice, or a whole folder."""
        places = [verdict.path.split("/") for verdict in self.refused]
        return any(
            (len(place) == 6 and place[1] == "story" and place[4] == "voice")
            or (len(place) == 3 and place[1] in DESCRIPTIONS)
            for place in places
        )


def run_main(
    house: House, signals: Signals, notify: Notify, *, once: bool, tick: Callable[[], None] = lambda: None
) -> MainReport:
    """Be the main worker: take files in, make tasks; with `once` until everything in raw/ is decided.

    `tick` is called between looks, at least every TICK_S seconds while idle.

    Raises: SetupError: the rooms are not one filesystem, the logo is no PNG, another main runs here.
    """
    with house.spool.holding("main"):
        house.spool.prove("main")
        role = _Main(house, signals, notify, tick)
        with house.watch, Keeper(*role.chores()):
            role.run(once=once)
        role.close()
        role.reporting.end()
        notify.stopping()
        log.info("Stopped" if signals.stop.is_set() else "Done")
    return role.report


class _Main:
    """One life of the main worker."""

    def __init__(self, house: House, signals: Signals, notify: Notify, tick: Callable[[], None]) -> None:
        self._house = house
        self._signals = signals
        self._notify = notify
        self._tick = tick
        self._moved = time.monotonic()
        self._in_work = 0
        self._intake = self._told = Intake()
        self._meter = Meter()
        durable.observer = self._meter.note
        self._waiting_voices = 0
        self.reporting = Reporting(house, "main", self._meter, self._measured)
        self.report = MainReport()
        self._open()

    def chores(self) -> tuple[Chore, ...]:
        """What is looked after beside the loop."""
        house = self._house
        return (
            SweepChore(house, self._meter).chore(),
            NodeWatch(house).chore(),
            Chore("tell of raw/", TELL_EVERY_S, self._tell),
            Chore("see whether raw/ is the one that is watched", WATCH_EVERY_S, self._watch_again),
            Chore("try whether events of raw/ arrive", TRY_EVERY_S, house.watch.refresh),
            LowDisk(house.root, house.settings.log.low_disk_gb).chore(),
            Tidying(house.bounds).chore(),
            *self.reporting.chores(),
        )

    def _measured(self) -> dict[str, float]:
        """Give what is known of raw/, under the names of the meter's gauges."""
        now, reserve = self._intake, self._house.spool.processing / RESERVE
        return {
            "arriving": now.arriving,
            "in_work": now.in_work,
            "beyond": now.beyond,
            "put_off": now.put_off,
            "deaf": len(now.deaf),
            "voices_waiting": self._waiting_voices,
            "reserve": reserve.stat().st_size if reserve.exists() else 0,
        }

    def _open(self) -> None:
        house = self._house
        _ = house.assembler, house.scanner, house.jobs  # what is set up wrong is said before anything is moved
        house.catalog.clear_entrance()
        for damaged in house.catalog.keep(self._notify.working):
            log.warning(f"Cannot read the side file of {damaged}", remedy="Move the file back into raw/ to take it in.")
        house.jobs.open(self._notify.working)
        counts = " ".join(f"{kind}:{count}" for kind, count in house.catalog.counts().items() if count)
        log.info("Started", root=str(house.root), library=counts or "empty")

    def _tell(self) -> None:
        """Put down what is known of raw/, where it is another than was told last."""
        if (now := self._intake) != self._told:
            durable.write(self._house.spool.nodes / INTAKE, now.to_json())
            self._told = now

    def _watch_again(self) -> None:
        """Watch raw/ anew when it was unmounted, or came back."""
        if not self._house.watch.is_current():
            self._house.watch.refresh()
            self._signals.wake.set()

    def run(self, *, once: bool) -> None:
        """Go round until stopped; with `once` until everything is decided."""
        self._notify.ready()
        try:
            while not self._signals.stop.is_set():
                self._signals.wake.clear()
                began = time.monotonic()
                idle_s = self._look(once=once)
                if idle_s is None:
                    return
                self._between()
                self._idle(idle_s, burst_s=min(BURST_S, time.monotonic() - began))
        finally:
            self._house.scanner.close()
            self._house.jobs.close()

    def close(self) -> None:
        """End the life in good order: the next start may trust the library's index."""
        self._house.catalog.close()

    def _look(self, *, once: bool) -> float | None:
        """Decide what can be decided now; give how long to wait then, None where all is done."""
        house, report = self._house, self.report
        house.scanner.is_held, house.scanner.has_company = self._signals.reload.is_set(), house.jobs.is_busy
        began = time.monotonic()
        result = house.scanner.scan_once()
        jobs = house.jobs.look(
            result.in_folders,
            is_held=house.scanner.is_held,
            is_scan_idle=not result.in_work,
            coming=sum(path.parts[0] == "video" for path in result.arriving),
        )
        self._meter.observe("scan_s", time.monotonic() - began)
        self._count(result, jobs)
        report.verdicts += [*result.decided, *jobs.decided] if once else ()
        self._in_work = result.in_work + int(house.jobs.is_busy)
        self._intake = Intake(
            arriving=len(result.arriving) - result.in_work,
            in_work=result.in_work,
            beyond=result.beyond,
            put_off=len(result.put_off),
            deaf={readable(str(folder)): why for folder, why in house.watch.deaf.items()},
            poll_s=house.settings.scan.poll_s,
            waiting=self._intake.waiting,
            waits=self._intake.waits,
            folders=len(jobs.waits),
            folder_waits=dict(islice(jobs.waits.items(), WAITS)),
        )
        is_moving = bool(result.decided or jobs.decided or self._in_work)
        self._moved = time.monotonic() if is_moving else self._moved
        # With `once` all of raw/ is decided before the first task is made; what never comes to rest is not
        # waited for for ever.
        patience_s = house.settings.assemble.settle_s + house.settings.scan.quiet_s
        patience_s += house.settings.scan.folder_wait_s if jobs.is_moving else 0.0
        is_patient = time.monotonic() - self._moved < patience_s
        is_idle = not (result.arriving or result.beyond or result.in_work or jobs.is_moving)
        if is_idle or not (once and is_patient):
            waiting = house.assembler.assemble_once(result.arriving)
            self._waiting_voices = len(waiting)
            report.waiting = {row.voice: row.reason for row in waiting}
            first = dict(islice(report.waiting.items(), WAITS))
            self._intake = self._intake.model_copy(update={"waiting": len(waiting), "waits": first})
            report.waiting |= {f"raw/{path}": reason for path, reason in result.put_off.items()}
            report.waiting |= {f"raw/{path}": "it is still changing" for path in result.arriving} | jobs.waits
            if once:
                return None
        return min(self._until_next(result), max(ARRIVING_POLL_S, inf if jobs.due_s is None else jobs.due_s))

    def _count(self, result: Pass, jobs: Look) -> None:
        for verdict in jobs.decided:
            recipe = verdict.path.split("/")[1]
            self._meter.count("decided", kind=recipe, verdict=verdict.error.word if verdict.error else "taken")
        for waited_s in result.waited_s:
            self._meter.observe("settle_s", waited_s)
        for verdict in result.decided:
            kind = verdict.place.kind if verdict.place else ""
            self._meter.count("decided", kind=kind, verdict=verdict.error.word if verdict.error else "taken")

    def _until_next(self, result: Pass) -> float:
        """Give how long to wait: what changes is looked at again soon; what waits for the clock alone, by the clock."""
        scan = self._house.settings.scan
        if result.arriving or result.beyond:
            return min(scan.rescan_s, ARRIVING_POLL_S)
        if result.put_off:
            return min(scan.rescan_s, AGAIN_S)
        return min(scan.rescan_s, scan.poll_s) if self._house.watch.deaf else scan.rescan_s

    def _between(self) -> None:
        self._tick()
        self._notify.watchdog()
        waits = len(self.report.waiting)
        self._notify.status(f"watching raw/, {waits} waiting" if waits else "watching raw/")
        if self._signals.reload.is_set() and not self._in_work:
            self._signals.reload.clear()
            self._notify.reloading()
            house = self._house.reloaded()
            if house is not self._house:  # with wrong settings it is the same, and its hands are still needed
                self._house.scanner.close()
                self._house.jobs.close()
                self._house.catalog.close()
                self._house = house
                self._open()
            self._notify.ready()

    def _idle(self, idle_s: float, *, burst_s: float) -> None:
        """Sleep until something happened in raw/ or the time is over; the events of `burst_s` are one waking."""
        wake, until = self._signals.wake, time.monotonic() + idle_s
        while not wake.wait(max(0.0, min(TICK_S, until - time.monotonic()))):
            self._tick()
            self._notify.watchdog()
            if time.monotonic() >= until:
                return
        time.sleep(burst_s)
