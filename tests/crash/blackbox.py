"""Whole nodes, killed and frozen at any moment, beside a publisher who is killed too and a reader who always looks.

`python -m tests.crash.blackbox [--seconds N] [--seed S]` prints its ledger as JSON; a process of its own, since it
forks nodes, and a fork wants to be the only thread. Three nodes run on one tree, the third as if on another machine.
At the end all are let be: every task must become a video, none twice, and nothing may be left over.
"""

import argparse
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests import papers
from tests.crash import stub_node
from tests.crash.ledger import Ledger
from tests.crash.oracle import STANDING, Oracle
from tests.crash.stub_node import LEASE_S, Orders
from tests.crash.tree import forked, memory, second_opinion
from tests.test_spool import fill
from videogen.errors import VideogenError
from videogen.spool import Spool, drain_of, visible

NODES = ("n1", "n2", "afar")
PAUSE_S = (0.05, 0.5)
"""Between two blows."""
FROZEN_S = (1.2 * LEASE_S, 2 * LEASE_S)
FREEZING = 0.08
"""Share of the blows that freeze a node, for longer than its lease."""
DRAINING = 0.15
"""Share of the blows that only ask a node to end."""
WAITING = 40
"""The publisher keeps no more tasks waiting than this."""
QUIET_S = 60.0


@dataclass
class Frozen:
    """A node that was stopped, and when it may go on."""

    role: str
    until: float


class Yard:
    """One tree, the processes in it, and what is done to them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.root = folder / "spool"
        self.folder = folder
        self.ledger = Ledger(seed)
        self.dice = Random(seed)  # noqa: S311  # a run must be repeatable
        self.alive: dict[str, int] = {}
        self.frozen: Frozen | None = None
        self.asked: set[str] = set()
        """Who was told to drain."""
        self.is_quiet = False
        self.oracle = Oracle(self.root)
        self.starts = 0
        stub_node.lay_out(self.root)
        self.spool = Spool(self.root)

    # -- processes -----------------------------------------------------------------------------------------------------

    def start(self, role: str) -> None:
        """Start a process of a role."""
        self.starts += 1
        seed = self.dice.getrandbits(32)
        with unheard():
            self.alive[role] = forked(lambda: self._role(role, seed), self.folder / f"said-{role}")

    def _role(self, role: str, seed: int) -> None:
        if role == "publisher":
            publish_for_ever(self.spool, self.folder / "acknowledged")
        elif role == "reader":
            look_for_ever(self.root, self.folder / "seen")
        else:
            orders = Orders(role, self.folder / "points", seed, is_afar=role == "afar", is_doomed=not self.is_quiet)
            stub_node.run(self.root, orders)

    def bury(self) -> None:
        """See who ended: whoever was killed is started anew, and nobody else may end."""
        for role, pid in list(self.alive.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done:
                continue
            del self.alive[role]
            was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL  # at a fail point of its own
            has_drained = status == 0 and (self.is_quiet or role in self.asked)
            self.asked.discard(role)
            if not was_killed and not has_drained:
                words = (self.folder / f"said-{role}").read_text()
                self.ledger.violations.append(f"{role} ended with status {status}: {words}")
            if role != "reader" and not self.is_quiet:
                self.start(role)

    def kill(self, role: str) -> None:
        """Kill a process between any two of its instructions, and start it anew."""
        pid = self.alive.pop(role)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.asked.discard(role)
        self.ledger.kills[f"{'publisher' if role == 'publisher' else 'node'} at any moment"] += 1
        if self.frozen and self.frozen.role == role:
            self.frozen = None
        self.start(role)

    def drain(self, role: str) -> None:
        """Ask a node to end as it should; it is started anew when it has."""
        self.asked.add(role)
        os.kill(self.alive[role], signal.SIGTERM)
        self.ledger.counts["nodes told to drain"] += 1

    def freeze(self, role: str) -> None:
        """Stop a node for longer than its lease."""
        self.frozen = Frozen(role, time.monotonic() + self.dice.uniform(*FROZEN_S))
        os.kill(self.alive[role], signal.SIGSTOP)
        self.ledger.pauses["node frozen past its lease"] += 1

    def thaw(self) -> None:
        """Let a frozen node go on."""
        if self.frozen and self.frozen.role in self.alive:
            os.kill(self.alive[self.frozen.role], signal.SIGCONT)
        self.frozen = None

    # -- the run -------------------------------------------------------------------------------------------------------

    def storm(self, seconds: float) -> None:
        """Kill and freeze for so long."""
        for role in (*NODES, "publisher", "reader"):
            self.start(role)
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            time.sleep(self.dice.uniform(*PAUSE_S))
            self.bury()
            if self.frozen and time.monotonic() >= self.frozen.until:
                self.thaw()
            role = self.dice.choice([*NODES, *NODES, "publisher"])
            is_late = not self.ledger.pauses and time.monotonic() > over - seconds / 2
            if (
                self.frozen is None
                and role in NODES
                and role in self.alive
                and (is_late or self.dice.random() < FREEZING)
            ):
                self.freeze(role)
            elif role in self.alive and (self.frozen is None or self.frozen.role != role):
                is_told = role in NODES and role not in self.asked and self.dice.random() < DRAINING
                (self.drain if is_told else self.kill)(role)

    def calm(self) -> None:
        """Let them be, and see that everything becomes a video."""
        self.thaw()
        self.is_quiet = True
        for role in (*NODES, "publisher"):
            if (pid := self.alive.pop(role, 0)) != 0:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                self.ledger.kills["all at the end of the storm"] += 1
        for name in NODES:
            drain_of(self.root / "processing" / ".nodes", name).unlink(missing_ok=True)
        self._check("the storm")
        for role in NODES:
            self.start(role)
        over = time.monotonic() + QUIET_S
        while time.monotonic() < over and self._is_anything_left():
            time.sleep(0.2)
            self.bury()
            self._retry_the_failed()
        for role in NODES:
            self._end(role)
        self._end("reader")
        self._check("the calm")
        self.ledger.violations += [f"after the calm: {line}" for line in self.oracle.left_over()]
        self.ledger.violations += second_opinion(self.spool)
        missing = self.oracle.acknowledged - set(os.listdir(self.spool.output))
        self.ledger.violations += [f"{task_id} was never published" for task_id in sorted(missing)]

    def _is_anything_left(self) -> bool:
        rooms = (self.spool.tasks, self.spool.failed)
        return any(map(visible, rooms)) or bool(set(os.listdir(self.spool.processing)) - STANDING)

    def _retry_the_failed(self) -> None:
        """A task whose nodes were killed three times is poison, rightly; here it was not its fault."""
        for folder in visible(self.spool.failed):
            reason = json.loads((folder / "reason.json").read_bytes())["code"] if folder.is_dir() else "no folder"
            self.ledger.counts[f"failed: {reason}"] += 1
            try:
                self.spool.retry(folder.name)
            except (VideogenError, OSError) as error:
                self.ledger.violations.append(f"{folder.name} cannot be retried: {error}")

    def _end(self, role: str) -> None:
        """Ask a process to end, and wait for it. Nodes drain."""
        pid = self.alive.pop(role, 0)
        if not pid:
            self.ledger.violations.append(f"{role} was not there at the end")
            return
        os.kill(pid, signal.SIGTERM)
        over = time.monotonic() + 10
        while (done := os.waitpid(pid, os.WNOHANG))[0] == 0 and time.monotonic() < over:
            time.sleep(0.02)
        if done[0] == 0:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if done[0] == 0 or (role in NODES and done[1]):
            self.ledger.violations.append(f"{role} did not drain: status {done[1]}")

    def _check(self, when: str) -> None:
        acknowledged = self.folder / "acknowledged"
        for line in acknowledged.read_text().splitlines() if acknowledged.exists() else ():
            word, _, task_id = line.partition(" ")
            getattr(self.oracle, word).add(task_id)
        for line in (self.folder / "seen").read_text().splitlines():
            word, *rest = line.split(" ", 3)
            if word == "sight":
                self.oracle.sights.setdefault(rest[0], (int(rest[1]), rest[2]))
            elif word == "wrong":
                self.ledger.violations.append(f"the reader saw: {' '.join(rest)}")
        self.ledger.violations += [f"after {when}: {line}" for line in self.oracle.violations()]

    def report(self) -> Ledger:
        """Add up what was done."""
        self.ledger.read_kills(self.folder / "points")
        self.ledger.read(self.folder / "points")
        self.ledger.counts["tasks"] = len(self.oracle.acknowledged)
        self.ledger.counts["videos"] = len(self.oracle.sights)
        looks = (self.folder / "seen").read_text().splitlines()
        self.ledger.counts["looks at a video"] = sum(int(line.split()[1]) for line in looks if line.startswith("looks"))
        self.ledger.counts["processes started"] = self.starts
        return self.ledger


@contextmanager
def unheard() -> Iterator[None]:
    """Keep SIGTERM waiting, in a child too, until it is listened to."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def publish_for_ever(spool: Spool, acknowledgements: Path) -> None:
    """Publish tasks, telling those outside before and after, and keep some waiting."""
    with acknowledgements.open("a", buffering=1) as told:
        while True:
            if len(visible(spool.tasks)) >= WAITING:
                time.sleep(0.05)
                continue
            task = papers.task()
            told.write(f"intended {task.task_id}\n")
            if spool.publish(task, fill):
                told.write(f"acknowledged {task.task_id}\n")
            time.sleep(0.02)


def look_for_ever(root: Path, seen: Path) -> None:
    """Look at every video again and again: it must be whole when it is first seen, and stay the very same."""
    oracle, is_over = Oracle(root), [False]
    signal.signal(signal.SIGTERM, lambda *_: is_over.__setitem__(0, True))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    with seen.open("a", buffering=1) as told:
        while not is_over[0]:
            before = set(oracle.sights)
            for line in oracle.of_videos():
                told.write(f"wrong {line}\n")
            for name in oracle.sights.keys() - before:
                told.write(f"sight {name} {oracle.sights[name][0]} {oracle.sights[name][1]}\n")
            told.write(f"looks {len(oracle.sights)}\n")
            time.sleep(0.02)


def stormed(seconds: float, seed: int, folder: Path) -> Ledger:
    """Have a storm and a calm in a folder; give the ledger."""
    yard = Yard(folder, seed)
    try:
        yard.storm(seconds)
        yard.calm()
        return yard.report()
    finally:
        for pid in yard.alive.values():
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Storm once, print the ledger."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        print(stormed(given.seconds, given.seed, Path(folder)).to_json())


if __name__ == "__main__":
    main()
