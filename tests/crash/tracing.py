"""Lives under strace: killed before their N-th system call of a kind, or told that it failed.

A life is forked from here and waits until strace holds it, so no start of an interpreter is counted. A sync that lies
(`retval=0`) is not tried: a kernel that lives on shows what was written all the same, so nothing could tell.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.crash.ledger import Ledger
from tests.crash.lives import ONE_OF_EACH
from tests.crash.tree import Tree, forked

KINDS = (
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "rmdir",
    "unlink",
    "unlinkat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "fsync",
    "openat",
    "write",
    "close",
    "utimensat",
)
"""What changes a tree or shows it; a machine has some of each family."""
FAILING = {
    "EIO": ("rename", "renameat", "renameat2", "fsync", "openat", "write", "close", "mkdir", "unlink"),
    "ENOSPC": ("rename", "renameat", "renameat2", "openat", "write", "mkdir", "mkdirat", "symlink", "fsync"),
    "ESTALE": ("rename", "renameat", "renameat2", "openat", "fsync", "mkdir"),
}
SEED = 5
PATIENCE_S = 60
PR_SET_PTRACER, ANY = 0x59616D61, ctypes.c_ulong(-1)
"""Source: prctl(2); where a process may only be traced by its parents, it may allow others."""


@dataclass(frozen=True)
class Fault:
    """What happens at one call. `error` empty: the process is killed before it."""

    kind: str
    number: int
    error: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.number} {self.error or 'kill'}"

    @property
    def words(self) -> str:
        """Say it to strace."""
        action = f"error={self.error}" if self.error else "signal=SIGKILL"
        return f"inject={self.kind}:{action}:when={self.number}"


def strace_trouble(folder: Path) -> str:
    """Say why nothing can be traced here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    counts, _ = calls(folder)
    return "" if counts else "strace may not trace here"


def _traced(tree: Tree, out: Path, words: list[str]) -> tuple[int, str]:
    """Live once of each under strace; give the status, and what the life said if it ended badly."""
    gate, opened = os.pipe()

    def life() -> None:
        os.close(opened)
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
        one = tree.life("n1", SEED)
        os.read(gate, 1)
        one.live_through(ONE_OF_EACH)

    said = out.with_suffix(".said")
    pid = forked(life, said)
    os.close(gate)
    argv = ["strace", "-f", "-p", str(pid), "-o", str(out), *words]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        first = strace.stderr.readline()
        os.close(opened)  # an end of file is a word, too
        _, status = os.waitpid(pid, 0)
        strace.wait(PATIENCE_S)
    return (status if "attached" in first else -1), said.read_text()


def calls(folder: Path) -> tuple[Counter[str], list[str]]:
    """Count the calls of a life that nobody disturbs, and tell what is broken after it."""
    tree = Tree(folder, folder, "undisturbed")
    out = folder / "calls"
    status, said = _traced(tree, out, ["-e", f"trace={','.join('?' + kind for kind in KINDS)}"])
    wrong = [*tree.troubles(), *tree.worked_off(), *([said] if status > 0 else [])]
    tree.remove()
    if status == -1:
        return Counter(), wrong
    return Counter(re.findall(r"^\d+ +(\w+)\(", out.read_text(errors="replace"), re.MULTILINE)), wrong


def faults(counts: Counter[str]) -> Iterator[Fault]:
    """Give every fault that a life with these calls can meet."""
    for kind, number in sorted(counts.items()):
        for turn in range(1, number + 1):
            yield Fault(kind, turn)
            for error, kinds in FAILING.items():
                if kind in kinds:
                    yield Fault(kind, turn, error)


def injected(folder: Path, far: Path, most: int, seed: int) -> Ledger:
    """Meet so many faults, drawn from all, or all where they are fewer; after each the tree is looked at."""
    ledger = Ledger(seed)
    counts, ledger.violations = calls(folder)
    every = list(faults(counts))
    ledger.counts["system calls of a life"] = counts.total()
    ledger.counts["faults there are"] = len(every)
    dice = Random(seed)  # noqa: S311  # a run must be repeatable
    for fault in dice.sample(every, min(most, len(every))):
        tree = Tree(folder, far, "traced")
        status, said = _traced(tree, folder / "calls", ["-e", f"trace={fault.kind}", "-e", fault.words])
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        wrong = [*tree.troubles(), *tree.worked_off()]
        if status and not was_killed:
            wrong.append(f"the life ended badly: {said}")
        if was_killed:
            ledger.kills[f"before a {fault.kind}"] += 1
        if fault.error:
            ledger.faults[f"{fault.kind}={fault.error}"] += 1
        ledger.violations += [f"{fault}: {line}" for line in wrong]
        tree.remove()
    return ledger
