"""`up`: main with a crawler and a node in processes below it."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import structlog

from videogen import cage, durable
from videogen.daemon.main import MainReport, run_main
from videogen.daemon.signals import Signals
from videogen.errors import SetupError
from videogen.model.task import Reason
from videogen.notify import Notify
from videogen.spool import visible
from videogen.wiring import House

log = structlog.get_logger()

CHILD_GRACE_S = 30.0
RESTART_S = 2.0
WELL_S = 10.0
"""A child that ran this long was set up well; what stops it later may pass."""
NODE = ("node", "--drain-s", "0")
"""A node below `up` gives its task back at once: whoever ends `up` is waiting."""


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

    def wait(self, stop: Event) -> int:
        """Wait until it ends by itself, or end it when `stop` is set; give its exit status."""
        while self.status is None:
            if stop.wait(0.1):
                return self.end()
        return self._process.returncode


def run_up(house: House, signals: Signals, notify: Notify, options: Sequence[str]) -> None:
    """Be main, with a crawler and a node below, until stopped.

    Raises: SetupError: one of them cannot start.
    """
    children = [Child(house, ["crawl"], options), Child(house, [*NODE], options)]

    def keep_alive() -> None:
        for child in children:
            child.keep_alive()

    # The children are started by this very thread: a child dies with the thread that spawned it.
    try:
        run_main(house, signals, notify, once=False, tick=keep_alive)
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


def run_up_once(house: House, signals: Signals, notify: Notify, options: Sequence[str]) -> UpReport:
    """Work until idle: decide raw/, make the tasks, render them; then say what came of it.

    Raises: SetupError: a part cannot start.
    """
    published, failed = _names(house.spool.output), _names(house.spool.failed)
    report = run_main(house, signals, notify, once=True)
    invalid = _names(house.root / "trash" / "invalid")
    if not house.stop.is_set():
        children = [Child(house, ["crawl", "--once"], options)] if house.crawler.waiting() else []
        children.append(Child(house, [*NODE, "--once"], options))
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
            with suppress(OSError, ValueError):  # one that another put there, or took away again
                yield Reason.model_validate_json(durable.read(folder / name))


def _names(room: Path) -> set[str]:
    return {path.name for path in visible(room)}
