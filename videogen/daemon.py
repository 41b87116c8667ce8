"""The roles as they run: loops, signals, children. One process is one role; `up` is main with the others below it."""

import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from videogen import cage
from videogen.errors import SetupError, Stopped, VideogenError
from videogen.ffmpeg import Progress
from videogen.model.task import Reason
from videogen.render import Warmed
from videogen.scan import AGAIN_S, Verdict, watching
from videogen.spool import visible
from videogen.wiring import House

log = structlog.get_logger()

ARRIVING_POLL_S = 0.25
BURST_S = 0.1
TICK_S = 0.5
CHILD_GRACE_S = 30.0
RESTART_S = 2.0
WELL_S = 10.0
"""A child that ran this long was set up well; what stops it later may pass."""
LOW_DISK_EVERY_S = 60.0
WARM_EVERY_S = 30.0
"""An idle node looks for clips to encode ahead this often."""
WARM_ANYWAY_S = 600.0
"""And reads every side file of the library this often, though nothing in it changed: the store may have."""
WARM_LOOK_S = 0.25
Tell = Callable[[str, Progress], None]


@contextmanager
def stopping(stop: threading.Event, wake: threading.Event | None = None) -> Iterator[None]:
    """Set `stop` at the first SIGTERM or SIGINT; the second one ends the process at once."""

    def handle(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()
        if wake is not None:
            wake.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


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
        """Whether one of them was dropped as a voice."""
        places = [verdict.path.split("/") for verdict in self.refused]
        return any(len(place) == 6 and place[1] == "story" and place[4] == "voice" for place in places)


def run_main(house: House, wake: threading.Event, *, once: bool, tick: Callable[[], None] = lambda: None) -> MainReport:
    """Be the main worker: take files in, make tasks; with `once` until everything in raw/ is decided.

    `tick` is called between looks, at least every TICK_S seconds while idle.

    Raises: SetupError: the rooms are not one filesystem, the logo is no PNG, another main runs here.
    """
    report = MainReport()
    with house.spool.holding("main"):
        house.spool.prove()
        for damaged in _opened(house):
            log.warning(f"Cannot read the side file of {damaged}", remedy="Move the file back into raw/ to take it in.")
        log.info("Started", root=str(house.root), library=_counted(house))
        moved, low_disk = time.monotonic(), LowDisk(house)
        with watching(house.root / "raw", wake):
            while not house.stop.is_set():
                wake.clear()
                result = house.scanner.scan_once()
                report.verdicts += result.decided if once else ()
                moved = time.monotonic() if result.decided else moved
                # With `once` all of raw/ is decided before the first task is made; what never comes to rest is not
                # waited for for ever.
                is_patient = time.monotonic() - moved < house.settings.assemble.settle_s + house.settings.scan.quiet_s
                if not (once and result.arriving and is_patient):
                    waiting = house.assembler.assemble_once(result.arriving)
                    report.waiting = {row.voice: row.reason for row in waiting}
                    report.waiting |= {f"raw/{path}": reason for path, reason in result.put_off.items()}
                    report.waiting |= {f"raw/{path}": "it is still changing" for path in result.arriving}
                    if once:
                        break
                tick()
                low_disk.look()
                # What changes is looked at again soon; what waits for the clock alone, by the clock.
                idle_s = house.settings.scan.rescan_s
                if result.arriving or result.put_off:
                    idle_s = min(idle_s, ARRIVING_POLL_S if result.arriving else AGAIN_S)
                _idle(wake, idle_s, tick)
        log.info("Stopped" if house.stop.is_set() else "Done")
    return report


class LowDisk:
    """The warning of a disk that runs full, at most once in a while."""

    def __init__(self, house: House) -> None:
        self._root = house.root
        self._least_gb = house.settings.log.low_disk_gb
        self._said = float("-inf")

    def look(self) -> None:
        """Warn when less than `log.low_disk_gb` is free."""
        if time.monotonic() - self._said < LOW_DISK_EVERY_S:
            return
        free_gb = shutil.disk_usage(self._root).free / 1e9
        if free_gb < self._least_gb:
            log.warning(f"Low disk space: {free_gb:.1f}GB remaining", remedy="Free space, or empty trash/.")
            self._said = time.monotonic()


def _idle(wake: threading.Event, idle_s: float, tick: Callable[[], None]) -> None:
    """Sleep until something happened in raw/ or the time is over; a burst of events is one waking."""
    until = time.monotonic() + idle_s
    while not wake.wait(max(0.0, min(TICK_S, until - time.monotonic()))):
        tick()
        if time.monotonic() >= until:
            return
    time.sleep(BURST_S)


def _opened(house: House) -> list[str]:
    _ = house.assembler, house.scanner  # what is set up wrong is said before anything is moved
    house.catalog.clear_entrance()
    return house.catalog.load()


def _counted(house: House) -> str:
    return " ".join(f"{kind}:{count}" for kind, count in house.catalog.counts().items() if count) or "empty"


def run_node(house: House, name: str, tell: Tell, *, once: bool) -> dict[str, int]:
    """Be a render node until stopped; with `once` until tasks/ is empty. Give the counts of what came out.

    Raises: SetupError: no encoder works here, or another node of this name runs here.
    """
    counts = {"published": 0, "failed": 0, "released": 0, "parked": 0}
    with house.spool.holding(f"node-{name}"):
        house.spool.prove()
        node, low_disk, idling = house.node(name), LowDisk(house), _Idling(house, name)
        node.recover()
        log.info("Started", node=name, encoder=house.bench.encoder.name, ffmpeg=house.bench.toolchain)
        while not house.stop.is_set():
            low_disk.look()
            outcome = node.work_once(tell)
            if outcome is not None:
                counts[outcome] += 1
                house.segments.evict()
                if once and outcome == "parked":
                    break
                continue
            if once and not house.spool.waiting():
                break
            if house.settings.node.warm and not once:
                idling.warm(tell)
            house.stop.wait(house.settings.node.poll_s)
        log.info("Stopped" if house.stop.is_set() else "Done", **counts)
    return counts


class _Idling:
    """What a node does with no task: encodes clips ahead, until a task arrives."""

    def __init__(self, house: House, name: str) -> None:
        self._house = house
        self._name = name
        self._again = 0.0
        self._complete = -1
        """What the library looked like when nothing was missing."""

    def warm(self, tell: Tell) -> None:
        """Encode what the library lacks until that is done, a task arrives, or the node is stopped."""
        now = time.monotonic()
        if now < self._again or any(visible(self._house.spool.tasks)):
            return
        self._again = now + WARM_EVERY_S
        looks = self._looks(now)
        if looks == self._complete:
            return
        try:
            if self._warmed(tell):
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

    def _warmed(self, tell: Tell) -> bool:
        """Encode ahead; True: there was nothing to do. Raises: Stopped: a task arrived."""
        house, halt, over = self._house, threading.Event(), threading.Event()
        house.catalog.load()
        warmer = house.warmer(f"node-{self._name}")
        missing = warmer.missing(house.catalog.of_kind("video"), house.catalog.of_kind("voice"))
        if not missing:
            return True
        watch = threading.Thread(target=self._watch, args=(halt, over), daemon=True)
        watch.start()
        try:
            done = warmer.warm(missing, halt, tell)
            log.info("Encoded ahead", segments=done.encoded, frames=done.frames)
        finally:
            over.set()
            watch.join()
            house.segments.evict()
        return False

    def _watch(self, halt: threading.Event, over: threading.Event) -> None:
        while not over.wait(WARM_LOOK_S):
            if self._house.stop.is_set() or any(visible(self._house.spool.tasks)):
                halt.set()
                return


def run_warm(house: House, tell: Tell) -> Warmed:
    """Encode all that the library lacks, then say how much that was.

    Raises: SetupError: another one is running. Stopped; TemporaryError.
    """
    with house.spool.holding("warm"):
        house.catalog.load()
        warmer = house.warmer("by-hand")
        missing = warmer.missing(house.catalog.of_kind("video"), house.catalog.of_kind("voice"))
        return warmer.warm(missing, house.stop, tell)


def run_crawl(house: House, *, once: bool) -> None:
    """Be the crawler until stopped; with `once` until every link file is decided."""
    with house.spool.holding("crawl"):
        while not house.stop.is_set():
            house.crawler.crawl_once()
            if once:
                return
            house.stop.wait(house.settings.crawl.poll_s)


class Child:
    """One of our own roles in a process below this one; it dies with us."""

    def __init__(self, house: House, arguments: Sequence[str], options: Sequence[str] = ()) -> None:
        self.name = " ".join(arguments)
        self._argv = [sys.executable, "-m", "videogen.cli", "--root", str(house.root), *options, *arguments]
        self._began = 0.0
        self._start()

    def _start(self) -> None:
        self._began = time.monotonic()
        self._process = cage.spawn(self._argv, cage.Limits(open_files=8192), stdout=None, stderr=None)

    @property
    def status(self) -> int | None:
        """Its exit status, or None while it runs."""
        return self._process.poll()

    def keep_alive(self) -> None:
        """Start it again when it has died, at most every RESTART_S seconds.

        Raises: SetupError: it ended because of its set-up, which starting it again would not mend.
        """
        if self.status is None or time.monotonic() - self._began < RESTART_S:
            return
        if self.status == SetupError.exit_code and time.monotonic() - self._began < WELL_S:
            raise SetupError(f"`videogen {self.name}` could not start", remedy="Its own line above says why.")
        log.error(f"videogen {self.name} ended; starting it again", status=self.status)
        self._start()

    def end(self) -> int:
        """Ask it to stop, wait, and give its exit status."""
        if self.status is None:
            return cage.end(self._process, grace_s=CHILD_GRACE_S)
        return self._process.returncode

    def wait(self, stop: threading.Event) -> int:
        """Wait until it ends by itself, or end it when `stop` is set; give its exit status."""
        while self.status is None:
            if stop.wait(0.1):
                return self.end()
        return self._process.returncode


def run_up(house: House, wake: threading.Event, options: Sequence[str]) -> None:
    """Be main, with a crawler and a node below, until stopped.

    Raises: SetupError: one of them cannot start.
    """
    children = [Child(house, ["crawl"], options), Child(house, ["node"], options)]

    def keep_alive() -> None:
        for child in children:
            child.keep_alive()

    # The children are started by this very thread: a child dies with the thread that spawned it.
    try:
        run_main(house, wake, once=False, tick=keep_alive)
    finally:
        for child in children:
            child.end()


@dataclass(frozen=True)
class UpReport:
    """What `up --once` came to. `failed` are the ids that went to trash/failed, `left` those still in work."""

    main: MainReport
    published: tuple[str, ...]
    failed: tuple[str, ...]
    waiting: dict[str, str]
    refused_links: tuple[Reason, ...] = ()

    @property
    def exit_code(self) -> int:
        """0: every voice became a video; 65: a voice or a task went to trash/; 75: something still waits."""
        if self.failed or self.main.has_refused_voice:
            return 65
        return 75 if self.waiting else 0


def run_up_once(house: House, wake: threading.Event, options: Sequence[str]) -> UpReport:
    """Work until idle: decide raw/, make the tasks, render them; then say what came of it.

    Raises: SetupError: a part cannot start.
    """
    published, failed = _names(house.spool.output), _names(house.spool.failed)
    report = run_main(house, wake, once=True)
    invalid = _names(house.root / "trash" / "invalid")
    if not house.stop.is_set():
        children = [Child(house, ["crawl", "--once"], options)] if house.crawler.waiting() else []
        children.append(Child(house, ["node", "--once"], options))
        statuses = [child.wait(house.stop) for child in reversed(children)]
        if SetupError.exit_code in statuses:
            raise SetupError("a part could not start", remedy="Its own line above says why.")
    waiting = dict(report.waiting)
    for arrival in house.scanner.scan_once().arriving if house.stop.is_set() else ():
        waiting[f"raw/{arrival}"] = "it was not decided before the stop"
    for link in house.crawler.waiting():
        waiting[str(link.relative_to(house.root))] = "its addresses could not be reached yet"
    for name in _names(house.spool.tasks):
        waiting[f"tasks/{name}"] = "it is not rendered yet"
    for name in house.spool.on_their_way():
        waiting[f"processing/{name}"] = "a node holds it, or died holding it; its next start gives it back"
    return UpReport(
        main=report,
        published=tuple(sorted(_names(house.spool.output) - published)),
        failed=tuple(sorted(_names(house.spool.failed) - failed)),
        waiting=waiting,
        refused_links=tuple(_reasons(house.root / "trash" / "invalid", invalid)),
    )


def _reasons(folder: Path, known: set[str]) -> Iterator[Reason]:
    for name in sorted(_names(folder) - known):
        if name.endswith(".reason.json"):
            yield Reason.model_validate_json((folder / name).read_bytes())


def _names(room: Path) -> set[str]:
    return {path.name for path in visible(room)}
