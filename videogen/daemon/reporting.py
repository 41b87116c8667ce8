"""What a role tells of itself now and then: its figures in the log, and a text for a scraper."""

import structlog

from videogen import census, durable, metrics
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
    """One role's figures, told at their times. Main tells of the rooms and of all nodes as well."""

    def __init__(self, house: House, role: str, meter: Meter) -> None:
        self._house = house
        self._role = role
        self._meter = meter
        self._is_main = role == "main"
        self._history = History(house.spool)
        self._ledger = census.Ledger(house.spool)
        self._drift = census.Drift(meter)
        self._said: tuple[int, ...] = ()
        self._rooms: tuple[census.Room, ...] = ()

    def chores(self) -> tuple[Chore, ...]:
        """Give what is to be done, and how often."""
        every_s = self._house.settings.log.metrics_s
        chores = [Chore("write the figures", min(TEXT_EVERY_S, every_s), self.write)]
        if self._is_main:
            chores.insert(0, Chore("count the rooms", WALK_EVERY_S, self._walk))
            chores.append(Chore("note what was made", WALK_EVERY_S, self._note))
        else:
            chores.append(Chore("log the figures", every_s, self.say))
        return tuple(chores)

    def write(self) -> None:
        """Put the text where a scraper finds it. Raises: NoSpace, OSError."""
        house, meter = self._house, self._meter
        self._drift.look()
        meter.gauge(census.disk(house.root))
        rows: list[metrics.Row] = []
        if self._is_main:
            meter.gauge({"unaccounted": self._ledger.look()})
            rows += census.rows(self._rooms, census.nodes(house.spool))
        node = "" if self._is_main else self._role.removeprefix("node-")
        figures = (meter.figures(), meter.figures(None))
        text = metrics.textfile("main" if self._is_main else "node", node, figures, meter.readings(), rows)
        folder = house.log_file(self._role).parent
        durable.make_folder(folder)
        meter.gauge({"clock_skew_s": metrics.keep(folder, self._role, text)})

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
