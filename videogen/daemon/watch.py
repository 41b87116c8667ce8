"""An eye on the nodes: what is wrong with one is said once, and the tasks of the dead go back."""

import structlog

from videogen import census
from videogen.daemon.keeper import Chore
from videogen.metrics import Meter
from videogen.spool import Identity, Sweeper
from videogen.trash import utc_now
from videogen.wiring import House

log = structlog.get_logger()

SWEEP_S = 1.0
WATCH_S = 5.0


class SweepChore:
    """Takes back what the dead hold."""

    def __init__(self, house: House, meter: Meter, identity: Identity | None = None) -> None:
        self._sweeper = Sweeper(house.spool, identity, lease_s=house.settings.node.lease_s)
        self._every_s = min(SWEEP_S, house.settings.node.lease_s / 8)
        self._meter = meter

    @property
    def has_others(self) -> bool:
        """Whether another node lives."""
        return self._sweeper.has_others

    def chore(self) -> Chore:
        """Give it as a chore."""
        return Chore("take tasks back", self._every_s, self.look)

    def look(self) -> None:
        """Sweep once, and say what was found."""
        for swept in self._sweeper.look(utc_now()):
            if swept.room == "output":
                continue  # published, and then its node died: there is nothing to take back
            self._meter.count("reaped" if swept.room == "tasks" else "poisoned")
            to = f"tasks/{swept.task_id}" if swept.room == "tasks" else f"trash/failed/{swept.task_id}"
            log.warning(f"Took back {to}", task=swept.task_id, node=swept.node, because=swept.because)


class NodeWatch:
    """Warns of nodes that are silent, late or short of disk; each trouble once, until it is over."""

    def __init__(self, house: House) -> None:
        self._spool = house.spool
        self._least_bytes = house.settings.log.low_disk_gb * 1e9
        self._said: set[tuple[str, str]] = set()

    def chore(self) -> Chore:
        """Give it as a chore."""
        return Chore("look at the nodes", WATCH_S, self.look)

    def look(self) -> None:
        """Look at every node's paper."""
        found = {(one.node, one.code): one for one in census.troubles(census.nodes(self._spool), self._least_bytes)}
        for key, trouble in found.items():
            if key not in self._said:
                log.warning(_sentence(trouble.message), node=trouble.node, code=trouble.code, remedy=trouble.remedy)
        for node, code in self._said - found.keys():
            log.info(f"The node {node} is well again", node=node, code=code)
        self._said = set(found)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
