"""Whole nodes in a storm of SIGKILL, SIGSTOP and SIGTERM (A2, A3, A9; P1, P2, P4, P5, P15, P16)."""

import subprocess
import sys

from tests.crash.ledger import Ledger

STORM_S = 10


def test_storm_loses_nothing() -> None:
    """Nodes killed, frozen past their lease and drained: every task becomes one video, whole whenever it was seen."""
    argv = [sys.executable, "-m", "tests.crash.blackbox", "--seconds", str(STORM_S), "--seed", "2"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=200)

    assert done.returncode == 0, done.stderr
    ledger = Ledger.from_json(done.stdout)
    assert ledger.violations == []
    assert ledger.kills.total() >= STORM_S
    assert ledger.pauses.total() >= 1
    assert ledger.counts["videos"] >= 5 * STORM_S
    assert ledger.counts["looks at a video"] >= 1000
