"""Fail points: named places at which a test may end, stop, slow or fail this process.

They do nothing unless one of three variables is set when the process starts:
  VIDEOGEN_FAILPOINTS         name=action[:seconds][@turn][%chance][@seed<n>], with commas between them, as in
                              claim.after_rename=kill@3,upload.copy=sleep:0.5,publish.before_rename=kill%0.01@seed7
  VIDEOGEN_FAILPOINTS_SEED    the seed of every chance that names none
  VIDEOGEN_FAILPOINTS_LEDGER  a file that gets a line for each point reached, and the action where there was one
`@3` is the third time only. The ledger is appended to by whole lines, so killed processes and their followers share it.
"""

import errno
import os
import re
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from threading import Lock
from time import sleep

from videogen.errors import ConfigError

FAILURES = {"enospc": errno.ENOSPC, "eio": errno.EIO, "estale": errno.ESTALE}
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
EXIT = 75
"""The status `exit` leaves with, by SystemExit: unlike a kill, blocks that clean up do so."""
_CALL = re.compile(r'\bpoint\("([^"]+)"\)')
_RULE = re.compile(
    r"(?P<name>[a-z0-9_]+(\.[a-z0-9_]+)+)=(?P<action>kill|stop|exit|enospc|eio|estale|sleep:(?P<seconds>\d+(\.\d+)?))"
    r"(@(?P<turn>[1-9]\d*))?(%(?P<chance>[01]|[01]?\.\d+))?(@seed(?P<seed>\d+))?"
)


@dataclass
class Rule:
    """What happens at one point, and when."""

    action: str
    seconds: float
    turn: int | None
    chance: float
    dice: Random
    reached: int = 0

    def fires(self) -> bool:
        """Count one more time the point is reached; tell whether it is the time to act."""
        self.reached += 1
        return self.turn in {None, self.reached} and self.dice.random() < self.chance

    def act(self, name: str) -> None:
        """Do it. Raises: OSError, SystemExit: as the action says."""
        if self.action in SIGNALS:
            # To this very thread: another one may take a signal to the process, and this one be past the point by then.
            signal.pthread_kill(threading.get_ident(), SIGNALS[self.action])
        elif self.action in FAILURES:
            number = FAILURES[self.action]
            raise OSError(number, os.strerror(number), f"fail point {name}")
        elif self.action == "exit":
            raise SystemExit(EXIT)
        else:
            sleep(self.seconds)


class Watch:
    """What a process does at its points, and the ledger it keeps of them."""

    def __init__(self, rules: dict[str, Rule], ledger: str) -> None:
        self._rules = rules
        self._ledger = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666) if ledger else None
        self._lock = Lock()

    def reach(self, name: str) -> None:
        """Note that a point was reached, and do what its rule says."""
        rule = self._rules.get(name)
        with self._lock:  # threads share the turns; the action itself must not hold the others up
            fires = rule is not None and rule.fires()
        if self._ledger is not None:
            os.write(self._ledger, f"{name} {rule.action}\n".encode() if rule and fires else f"{name}\n".encode())
        if rule and fires:
            rule.act(name)

    def close(self) -> None:
        """Let the ledger go."""
        if self._ledger is not None:
            os.close(self._ledger)


def point(name: str) -> None:
    """Be a place with a name; the name is a literal that stands in the source once or more.

    Raises: OSError, SystemExit: a test asked for it.
    """
    if _watch is not None:
        _watch.reach(name)


@cache
def names() -> frozenset[str]:
    """Give the name of every fail point in the package, read from its source."""
    sources = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("*.py"))
    return frozenset(name for source in sources for name in _CALL.findall(source))


def arm(environ: Mapping[str, str]) -> None:
    """Go by these variables from now on, every turn counted anew; without them, points do nothing.

    Raises: ConfigError: a rule cannot be read, or names no point.
    """
    global _watch  # noqa: PLW0603  # one check of one name is all that a point may cost
    spec, ledger = environ.get("VIDEOGEN_FAILPOINTS", ""), environ.get("VIDEOGEN_FAILPOINTS_LEDGER", "")
    rules = _rules(spec, environ.get("VIDEOGEN_FAILPOINTS_SEED", "0"))
    if _watch is not None:
        _watch.close()
    _watch = Watch(rules, ledger) if rules or ledger else None


def _rules(spec: str, seed: str) -> dict[str, Rule]:
    rules = dict(_rule(word.strip(), seed) for word in spec.split(",") if word.strip())
    if unknown := sorted(rules.keys() - names() if rules else ()):
        raise ConfigError(f"no fail point is named {', '.join(unknown)}", remedy="points.names() gives them all.")
    return rules


def _rule(word: str, seed: str) -> tuple[str, Rule]:
    if not (match := _RULE.fullmatch(word)):
        raise ConfigError(f"VIDEOGEN_FAILPOINTS has {word!r}", remedy="Write name=action, as points.py tells.")
    name, action = match["name"], match["action"].partition(":")[0]
    turn = int(match["turn"]) if match["turn"] else None
    dice = Random(f"{match['seed'] or seed} {name}")  # noqa: S311  # a run must be repeatable, not unpredictable
    return name, Rule(action, float(match["seconds"] or 0), turn, float(match["chance"] or 1), dice)


_watch: Watch | None = None
arm(os.environ)
