"""Kills lives, by thousands: forks a node with a fail point, sees how it ends, and looks what is left of the tree.

Nobody clears up but the next life, which may be killed as it does. Points that were hit least are chosen most. Some
lives are put to sleep instead, and wake when others have long gone on; some run side by side; some meet a failing disk.
"""

import os
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.crash.ledger import Ledger
from tests.crash.tree import NAMES, Tree, forked, memory
from videogen import durable, points

STEPS = 14
MOST_WRONG = 20
PATIENCE = 2.5
LIVES_OF_A_TREE = 40
ASLEEP = 2
"""So many may sleep at once: others must be there to go on."""
PAUSED, FAILED, SIDE_BY_SIDE = 0.08, 0.08, 0.2
"""Shares of the lives that are put to sleep, that meet a failing disk, that do not run alone."""
FAULTS = ("eio", "enospc", "estale")
ELSEWHERE = {"download.after", "download.before_file", "render.after", "upload.before"}
"""Points of a node's own hands: they are reached by whole nodes."""
OF_MAIN = {"catalog.added", "catalog.refreshed", "durable.append.after", "durable.append.before"}
OF_MAIN |= {f"jobs.{word}" for word in ("promoted", "published", "marked", "cleared_one", "cleared")}
"""Points of main's own hands: tests/catalog and tests/crash/test_jobs_crash.py kill it there."""
OVERWRITE = {"durable.overwrite.before", "durable.overwrite.after"}


def reachable(root: Path, far: Path) -> frozenset[str]:
    """Name the points that lives in this place can reach."""
    apart = set() if not durable.is_one_filesystem(root, far) else {"upload.after_copy"}
    return frozenset(points.names() - ELSEWHERE - OF_MAIN - apart)


@dataclass
class Running:
    """A process that lives."""

    pid: int
    name: str
    point: str
    action: str
    said: Path


class Killing:
    """A run of so many kills, tree after tree."""

    def __init__(self, folder: Path, far: Path, seed: int) -> None:
        self.ledger = Ledger(seed)
        self._folder = folder
        self._far = far
        self._dice = Random(seed)  # noqa: S311  # a run must be repeatable
        self._lives = 0
        self._points = sorted(reachable(folder, far))
        self._trees = 0
        self._asleep: list[Running] = []

    def kill(self, wanted: int, each: int) -> Ledger:
        """Live until so many were killed, at `each` point so many, and the last tree is worked off."""
        while not self._is_enough(wanted, each) and len(self.ledger.violations) < MOST_WRONG:
            self._live_in_a_tree(wanted)
        return self.ledger

    def _is_enough(self, wanted: int, each: int) -> bool:
        kills = self.ledger.kills
        return kills.total() >= wanted * PATIENCE or (
            kills.total() >= wanted and all(kills[name] >= each for name in self._points)
        )

    def _live_in_a_tree(self, wanted: int) -> None:
        self._trees += 1
        self._tree = Tree(self._folder, self._far, f"tree-{self._trees}")
        try:
            for _ in range(LIVES_OF_A_TREE):
                if not self._live_once() or self.ledger.kills.total() == wanted:
                    break
            while self._asleep:
                self._ended(self._woken())
            self._note("all lives", self._tree.worked_off())
            self.ledger.counts["tasks"] += len(self._tree.oracle.acknowledged)
            self.ledger.counts["videos"] += len(self._tree.oracle.sights)
            self.ledger.read(self._folder / "points")
        finally:
            for one in self._asleep:
                os.kill(one.pid, signal.SIGKILL)
                os.waitpid(one.pid, 0)
            self._asleep.clear()
            self._tree.remove()

    def _live_once(self) -> bool:
        """Have one or two live, or one wake up; False: something is broken."""
        free = [name for name in NAMES if name not in {one.name for one in self._asleep}]
        names = self._dice.sample(free, 2 if len(free) > 1 and self._dice.random() < SIDE_BY_SIDE else 1)
        running = [self._started(name) for name in names]
        if self._asleep and self._dice.random() < 0.3:
            running.append(self._woken())
        for one in running:
            self._ended(one)
        return self._note(", ".join(f"{one.name} {one.point}={one.action}" for one in running), self._tree.troubles())

    def _started(self, name: str) -> Running:
        self._lives += 1
        point, (action, turn) = self._chosen(), ("kill", 1)
        lot = self._dice.random()
        if lot < PAUSED and len(self._asleep) < ASLEEP:
            action = "stop"
        elif lot > 1 - FAILED:
            action = self._dice.choice(FAULTS)
        if self.ledger.kills[point]:
            turn = 1 + int(self._dice.random() * self.ledger.reached[point] / max(1, self._lives))
        spec = f"{point}={action}@{turn}"
        if point in OVERWRITE:
            spec += ",durable.new_file.written=enospc@1"  # only a full disk has a paper written over
        seed = self._dice.getrandbits(64)

        def life() -> None:
            points.arm(
                {"VIDEOGEN_FAILPOINTS": spec, "VIDEOGEN_FAILPOINTS_LEDGER": str(self._folder / "points")},
            )
            self._tree.life(name, seed).live(STEPS)

        said = self._folder / f"said-{self._lives}"
        return Running(forked(life, said), name, point, action, said)

    def _chosen(self) -> str:
        weights = [1 / (1 + self.ledger.kills[name]) for name in self._points]
        return self._dice.choices(self._points, weights)[0]

    def _woken(self) -> Running:
        one = self._asleep.pop(self._dice.randrange(len(self._asleep)))
        os.kill(one.pid, signal.SIGCONT)
        return one

    def _ended(self, one: Running) -> None:
        """Wait until a process was killed, sleeps, or came to its end."""
        _, status = os.waitpid(one.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            self.ledger.pauses[one.point] += 1
            self._asleep.append(one)
            return
        words = one.said.read_text()
        one.said.unlink()
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            self.ledger.kills[one.point] += 1
        elif status:
            self.ledger.violations.append(f"a life ended badly ({one.point}={one.action}): {words}")

    def _note(self, after: str, wrong: list[str]) -> bool:
        """Keep what is wrong with its circumstances; True: nothing is."""
        where = f"seed {self.ledger.seed}, tree {self._trees}, after {after}"
        self.ledger.violations += [f"{where}: {line}" for line in wrong]
        return not wrong


def killed(kills: int, seed: int, *, each: int = 1) -> tuple[Ledger, frozenset[str]]:
    """Kill so many lives in a folder of their own; give the ledger, and the points that should be in it.

    A point that was hit less than `each` times by then is waited for, until it has been two and a half times as many.
    """
    with tempfile.TemporaryDirectory(dir=memory()) as near, tempfile.TemporaryDirectory() as far:
        ledger = Killing(Path(near), Path(far), seed).kill(kills, each)
        return ledger, reachable(Path(near), Path(far))
