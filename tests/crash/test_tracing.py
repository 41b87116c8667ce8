"""Lives killed before single system calls, or told that they failed (A3, A10; P1, P10). Needs strace."""

from collections import Counter
from pathlib import Path

import pytest

from tests.crash.lives import ONE_OF_EACH
from tests.crash.tracing import Fault, faults, injected, strace_trouble
from tests.crash.tree import Tree

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
FAULTS = 30
"""`make torture` injects the others."""


def test_life_of_one_of_each_meets_no_trouble(tmp_path: Path) -> None:
    """Undisturbed, nothing in the life that is disturbed below goes wrong: each fault is the only one."""
    tree = Tree(tmp_path, tmp_path)
    life = tree.life("n1", 5)

    life.live_through(ONE_OF_EACH)

    assert life.met == []
    assert tree.troubles() == []
    assert {path.parent.name for path in tree.place.root.glob("*/*-*-*-*-*")} >= {"tasks", "output"}


def test_each_call_can_be_killed_or_fail() -> None:
    """Every call of a life is killed once, and fails once in each way it can."""
    found = set(map(str, faults(Counter({"rename": 2, "rmdir": 1}))))

    assert found == {f"rename {turn} {word}" for turn in (1, 2) for word in ("kill", "EIO", "ENOSPC", "ESTALE")} | {
        "rmdir 1 kill"
    }
    assert Fault("rename", 2).words == "inject=rename:signal=SIGKILL:when=2"


def test_faults_at_system_calls_lose_nothing(tmp_path: Path) -> None:
    """A kill before a call, or EIO, ENOSPC, ESTALE from it, loses no task, and but for a kill life goes on (P1)."""
    (tmp_path / "far").mkdir()
    if trouble := strace_trouble(tmp_path):
        pytest.skip(f"NOT TESTED: faults at system calls, since {trouble}")

    ledger = injected(tmp_path, tmp_path / "far", FAULTS, seed=7)

    assert ledger.violations == []
    assert ledger.kills.total() + ledger.faults.total() == FAULTS
    assert min(ledger.kills.total(), ledger.faults.total()) >= FAULTS / 5
