"""The crash harness in its long form: `python -m tests.torture [--kills N] [--seed S] [--long]`, or `make torture`.

Kills nodes at every fail point and at any moment, before system calls, on full disks, with clocks that jump, and tries
every mutant of the protocol. Prints one table; nothing is written into the repository. The exit status is 1 where a
promise was broken, a point was not hit often enough, or a mutant lived. `--long` takes hours instead of minutes.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from tests.crash import clocks, full_disk, tracing
from tests.crash.killing import killed
from tests.crash.ledger import Ledger
from tests.crash.mutants import CLOCKS, MUTANTS, Mutant, Nursery
from tests.crash.stub_node import HANDS
from tests.crash.tree import memory

EACH = 20
"""Kills at each fail point at least."""


@dataclass(frozen=True)
class Amount:
    """How much of everything. Units: `storm_s` seconds of each storm."""

    kills: int = 5000
    storms: int = 4
    storm_s: float = 40.0
    faults: int = 600
    step: int = 1


LONG = Amount(kills=200_000, storms=20, storm_s=300.0, faults=10**6)


def main() -> None:
    """Do it all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0, help="of forked lives, at fail points")
    parser.add_argument("--seed", type=int, default=0, help="default: another each time")
    parser.add_argument("--long", action="store_true")
    given = parser.parse_args()
    amount = LONG if given.long else Amount()
    if given.kills:
        amount = replace(amount, kills=given.kills)
    began = time.monotonic()
    ledger, points = tortured(amount, given.seed or time.time_ns() % 10**9)
    print(ledger.table(points))
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(bool(ledger.violations))


def tortured(amount: Amount, seed: int) -> tuple[Ledger, set[str]]:
    """Try everything; give what came of it, and the fail points that it should have hit."""
    ledger, points = Ledger(seed), set(HANDS)
    for part, reached in lived(amount, seed):
        ledger.add(part)
        points |= reached
    for what, parts in (
        ("storms", storms(amount, seed)),
        ("system calls", traced(amount, seed)),
        ("full disks", filled(amount)),
        ("clocks", jumped()),
        ("mutants", mutated()),
    ):
        words = f"{ledger.kills.total():,} kills, {len(ledger.violations)} violations"
        print(f"{words}; next: {what}", file=sys.stderr, flush=True)
        for part in parts:
            ledger.add(part)
    if min(ledger.least(points)) < EACH:
        ledger.violations.append(f"a fail point was hit less than {EACH} times")
    return ledger, points


def lived(amount: Amount, seed: int) -> list[tuple[Ledger, frozenset[str]]]:
    """Kill forked lives at fail points, half of them in each of two processes."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        halves = [pool.submit(killed, amount.kills // 2, seed + half, each=EACH // 2) for half in (0, 1)]
        return [half.result() for half in halves]


def storms(amount: Amount, seed: int) -> Iterator[Ledger]:
    """Have whole nodes killed at any moment, two trees at a time."""
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(stormed, [amount.storm_s] * amount.storms, range(seed, seed + amount.storms))


def stormed(seconds: float, seed: int) -> Ledger:
    """Have a storm in a process of its own."""
    argv = [sys.executable, "-m", "tests.crash.blackbox", "--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        return Ledger(violations=[f"a storm ended with {done.returncode}: {done.stderr[-3000:]}"])
    return Ledger.from_json(done.stdout)


def traced(amount: Amount, seed: int) -> Iterator[Ledger]:
    """Have system calls killed or fail."""
    with tempfile.TemporaryDirectory(dir=memory()) as near, tempfile.TemporaryDirectory() as far:
        if trouble := tracing.strace_trouble(Path(near)):
            yield left_out("faults at system calls", trouble)
        else:
            yield tracing.injected(Path(near), Path(far), amount.faults, seed)


def filled(amount: Amount) -> Iterator[Ledger]:
    """Fill the disk."""
    if because := full_disk.refusal():
        yield left_out("full disks", because)
    else:
        yield full_disk.apart(amount.step)


def jumped() -> Iterator[Ledger]:
    """Have the clocks jump."""
    if not clocks.library():
        yield left_out("clocks that jump", "libfaketime is not installed")
        return
    for name, jump in clocks.JUMPS.items():
        with tempfile.TemporaryDirectory(dir=memory()) as folder:
            wrong = clocks.jumped(Path(folder), jump)
        ledger = Ledger(violations=[f"clock {name}: {line}" for line in wrong])
        ledger.counts["jumps of the clock"] = 1
        yield ledger


def left_out(what: str, because: str) -> Ledger:
    """Say in the table what was not tried here."""
    ledger = Ledger()
    ledger.counts[f"NOT TRIED: {what}, since {because}"] = 1
    return ledger


def mutated() -> Iterator[Ledger]:
    """Try every mutant; one that lives is a violation."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        nursery = Nursery(Path(folder))
        for mutant in MUTANTS:
            if mutant.tests == (CLOCKS,) and not clocks.library():
                yield left_out(f"the mutant {mutant}", "libfaketime is not installed")
                continue
            is_caught = _is_caught(nursery, mutant)
            ledger = Ledger(violations=[] if is_caught else [f"a mutant lives: {mutant}"])
            ledger.counts.update({"mutants": 1, "mutants caught": int(is_caught)})
            yield ledger


def _is_caught(nursery: Nursery, mutant: Mutant) -> bool:
    try:
        return nursery.is_caught(mutant)
    except ValueError as error:
        print(error, file=sys.stderr)
        return False


if __name__ == "__main__":
    main()
