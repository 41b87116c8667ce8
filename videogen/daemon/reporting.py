"""What a role tells of itself now and then: its figures in the log, and a text for a scraper."""

from collections.abc import Callable, Mapping

import structlog

from videogen import census, durable, logs, metrics
from videogen.daemon.keeper import Chore
from videogen.history import History
from videogen.metrics import Meter
from videogen.wiring import House

log = structlog.get_logger()

TEXT_EVERY_S = 10.0
WALK_EVERY_S = 60.0
"""The rooms, trash and store are walked this often: they are large."""
NOTED = 500
"""So many videos and failures are noted at a time: their papers are read one by one."""


class Reporting:
    """One role's figures, told at their times. Main tells of the rooms and of all nodes as well.

    `more` gives what else the role knows of itself, under the names of the meter's gauges.
    """

    def __init__(self, house: House, role: str, meter: Meter, more: Callable[[], Mapping[str, float]] = dict) -> None:
        self._house = house
        self._role = role
        self._meter = meter
        self._is_main = role == "main"
        self._history = History(house.spool)
        self._is_node = role.startswith("node-")
        self._ledger = census.Ledger(house.spool)
        self._drift = census.Drift(meter)
        self._said: tuple[int, ...] = ()
        self._rooms: tuple[census.Room, ...] = ()
        self._more = more
        self._lines: dict[str, int] = {}

    def chores(self) -> tuple[Chore, ...]:
        """Give what is to be done, and how often."""
        every_s = self._house.settings.log.metrics_s
        chores = [Chore("write the figures", min(TEXT_EVERY_S, every_s), self.write)]
        if self._is_main:
            chores.insert(0, Chore("count the rooms", WALK_EVERY_S, self._walk))
            chores.append(Chore("note what was made", WALK_EVERY_S, self._note))
        elif self._is_node:
            chores.append(Chore("log the figures", every_s, self.say))
        return tuple(chores)

    def write(self) -> None:
        """Put the text where a scraper finds it. Raises: NoSpace, OSError."""
        self._write(is_running=True)

    def end(self) -> None:
        """Put the last text there, which says that the role ended as it should; trouble is said."""
        if self._is_main and not self._rooms:  # a life that was over before it came to that
            Chore("count the rooms", 0.0, self._walk).look()
        Chore("write the last figures", 0.0, lambda: self._write(is_running=False)).look()

    def _write(self, *, is_running: bool) -> None:
        house, meter = self._house, self._meter
        self._drift.look()
        self._count_lines()
        low_disk = house.settings.log.low_disk_gb * 1e9
        sizes = census.disk(house.root) | census.memory()
        meter.gauge({**sizes, **self._more(), "low_disk": low_disk, "running": float(is_running)})
        rows: list[metrics.Row] = []
        if self._is_main:
            meter.gauge({"unaccounted": self._ledger.look()})
            rows += census.rows(self._rooms, census.nodes(house.spool))
        role, _, node = self._role.partition("-")
        figures = (meter.figures(), meter.figures(None)) if self._is_node else ()
        folder = house.log_file(self._role).parent
        durable.make_folder(folder)
        # The skew is known by having written: only the second text of a life can tell it.
        for _ in range(1 if "clock_skew_s" in meter.readings().gauges else 2):
            text = metrics.textfile(role, node, figures, meter.readings(), rows)
            meter.gauge({"clock_skew_s": metrics.keep(folder, self._role, text)})

    def _count_lines(self) -> None:
        """Count the lines that were logged since the last look."""
        before, self._lines = self._lines, logs.counted()
        for level, count in self._lines.items():
            more = count - before.get(level, 0)
            if level == logs.COLLAPSED:
                self._meter.count("log_lines_collapsed", more)
            else:
                self._meter.count("log_lines", more, level=level)

    def say(self) -> None:
        """Log the figures of the last hour, where anything happened since they were last told."""
        figures = self._meter.figures()
        done = (figures.published, figures.failed, figures.released)
        if any(done) and done != self._said:
            log.info("Figures of the last hour", **figures.line())
        self._said = done

    def _note(self) -> None:
        """Note what was made and what failed, before someone takes it out of its room."""
        self._history.look(most=NOTED)

    def _walk(self) -> None:
        self._meter.gauge(census.measure(self._house.spool, self._house.segments))
        self._rooms = census.rooms(self._house.spool)
