"""The bounds as main keeps them: every hour a look, a little at a time, and one line of what went."""

import time
from collections import Counter

import structlog

from videogen import durable
from videogen.bounds import Bounds, Over, Tidied
from videogen.daemon.keeper import Chore

log = structlog.get_logger()

LOOK_S = 10.0
"""Where more is to go than one look takes, the next one comes so soon."""
EVERY_S = 3600.0
WARN_S = 86400.0


class Tidying:
    """Takes away what is too old or too much, and says so; of a room that stays too full it warns once a day."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._again = 0.0
        self._warned: dict[str, float] = {}

    def chore(self) -> Chore:
        """Give it as a chore."""
        return Chore("tidy up", LOOK_S, self.look)

    def look(self) -> None:
        """Tidy up if it is time, unless someone does it by hand just now. Raises: OSError, NoSpace."""
        now = time.monotonic()
        if now < self._again:
            return
        with durable.alone(self._bounds.lock) as is_ours:
            if not is_ours:
                return
            done = self._bounds.tidy()
        self._again = 0.0 if done.left else now + EVERY_S
        if done.things:
            log.info("Tidied up", **counted(done))
        for over in done.over:
            if now - self._warned.get(over.room, -WARN_S) >= WARN_S:
                self._warned[over.room] = now
                log.warning(too_full(over), remedy=remedy(over), code="too-full")


def counted(done: Tidied) -> dict[str, int]:
    """Give how much went: of each room, in all, and in bytes."""
    rooms = Counter(thing.room for thing in done.things)
    return {**{room: rooms[room] for room in sorted(rooms)}, "things": len(done.things), "bytes": done.size_bytes}


def too_full(over: Over) -> str:
    """Say that a room holds more than it should."""
    size, most = over.size_bytes / 1e9, over.most_bytes / 1e9
    return f"{over.room} holds {size:.3g} GB, more than the {most:.3g} GB it may, and nothing more of it can go yet"


def remedy(over: Over) -> str:
    """Say what a person can do about it."""
    return f"Look at it and empty it by hand, or raise {over.setting}."
