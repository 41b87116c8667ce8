"""Lives on a disk that is full: of a tiny filesystem all but so many pages, or all but so many inodes, are taken.

`python -m tests.crash.full_disk [--step N]` prints its ledger as JSON. It is run in namespaces of its own
(`unshare -Urm`), where anyone may mount; the filesystem goes with the process. Page by page and inode by inode every
write of a life fails once. Then the space comes back, and the tree must recover and be worked off.
"""

import argparse
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import papers
from tests.crash import stub_node
from tests.crash.ledger import Ledger
from tests.crash.lives import ONE_OF_EACH
from tests.crash.tree import Tree, forked
from tests.test_spool import fill
from videogen.durable import FULL
from videogen.errors import NoSpace
from videogen.spool import Spool, paper_of, read_paper, visible

UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")
SIZE, INODES = "4m", 3000
RESERVE = 50
"""Pages that are a twentieth of it: with fewer left, a node takes nothing."""
SEED = 6
PATIENCE_S = 200


def refusal() -> str:
    """Say why no filesystem can be mounted here; empty where one can."""
    if sys.platform != "linux" or shutil.which(UNSHARE[0]) is None:
        return "unshare is not here"
    argv = [*UNSHARE, "mount", "-t", "tmpfs", "none", tempfile.gettempdir()]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=30)
    return done.stderr.strip() if done.returncode else ""


def apart(step: int) -> Ledger:
    """Fill the disk up in a process of its own, to each `step`-th page and inode; give its ledger."""
    argv = [*UNSHARE, sys.executable, "-m", "tests.crash.full_disk", "--step", str(step)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode:
        return Ledger(violations=[f"the run on a tiny disk ended with {done.returncode}: {done.stderr[-3000:]}"])
    return Ledger.from_json(done.stdout)


@contextmanager
def taken(disk: Path, *, pages: int | None = None, inodes: int | None = None) -> Iterator[None]:
    """Leave so many pages, or inodes, of a disk free until the block ends."""
    ballast = Path(tempfile.mkdtemp(dir=disk))
    found = os.statvfs(disk)
    if inodes is not None:
        for number in range(found.f_favail - inodes):
            (ballast / str(number)).touch()
    if pages is not None:
        with (ballast / "pages").open("wb") as file:
            left = (found.f_bavail - pages) * found.f_bsize
            while left > 0:
                left -= file.write(bytes(min(left, 1 << 20)))
    try:
        yield
    finally:
        shutil.rmtree(ballast)


def is_full(error: BaseException) -> bool:
    """Whether it says that the disk is."""
    return isinstance(error, NoSpace) or (isinstance(error, OSError) and error.errno in FULL)


def filled(disk: Path, far: Path, step: int) -> Ledger:
    """Live on ever more room, until nothing fails any more."""
    ledger = Ledger(SEED)
    for kind in ("pages", "inodes"):
        left, calm = 0, 0
        while calm < 3 and left < INODES:
            wrong, met = _lived(disk, far, kind, left)
            ledger.violations += [f"with {left} {kind} left: {line}" for line in wrong]
            ledger.faults[f"{kind}=ENOSPC"] += met
            ledger.counts[f"steps of {kind}"] += 1
            calm = 0 if met else calm + 1
            left += step
    return ledger


def _lived(disk: Path, far: Path, kind: str, left: int) -> tuple[list[str], int]:
    """Live with so much room; tell what is broken, and how often the disk was full."""
    tree = Tree(disk, far)
    one = tree.life("n1", SEED)
    with taken(disk, **{kind: left}):
        one.live_through(ONE_OF_EACH)
        wrong = [f"while it is full: {line}" for line in tree.troubles()]
        wrong += [f"{error!r}" for error in one.met if isinstance(error, OSError) and error.errno == errno.EIO]
    wrong += tree.worked_off()
    tree.remove()
    return wrong, sum(map(is_full, one.met))


def worked_again(disk: Path) -> list[str]:
    """Fill the disk under a whole node: it takes nothing, lives on, and works by itself when there is room again."""
    root = disk / "spool"
    stub_node.lay_out(root)
    tasks = [papers.task() for _ in range(5)]
    orders = stub_node.Orders("n1", Path(os.devnull), 1, is_doomed=False)
    spool, pid = Spool(root), 0
    paper = paper_of(spool.nodes, "n1")
    wrong = []
    with taken(disk, pages=RESERVE // 2):
        assert all(spool.publish(task, fill) for task in tasks)
        pid = forked(lambda: stub_node.run(root, orders), Path(os.devnull))
        wrong.append(_awaited("the word that it waits", lambda: _state(paper) == "waiting-for-space"))
        with taken(disk, pages=0):
            beat = _beat(paper)
            wrong.append(_awaited("a sign of life on a full disk", lambda: _beat(paper) > beat + 1))
        if len(visible(spool.tasks)) != len(tasks):
            wrong.append("a task was taken though the disk is full")
    wrong.append(_awaited("the videos", lambda: len(visible(spool.output)) == len(tasks)))
    os.kill(pid, signal.SIGTERM)
    _, status = os.waitpid(pid, 0)
    shutil.rmtree(root)
    return [*filter(None, wrong), *([f"the node ended with {status}"] if status else [])]


def _state(paper: Path) -> str:
    found = read_paper(paper)
    return found.state if found else ""


def _beat(paper: Path) -> int:
    found = read_paper(paper)
    return found.beat if found else 0


def _awaited(what: str, has_come: Callable[[], bool]) -> str:
    over = time.monotonic() + 20
    while time.monotonic() < over:
        if has_come():
            return ""
        time.sleep(0.05)
    return f"{what} did not come"


def main() -> None:
    """Mount a tiny filesystem over a new folder, and fill it again and again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1)
    step = parser.parse_args().step
    with tempfile.TemporaryDirectory() as far, tempfile.TemporaryDirectory() as disk:
        options = f"size={SIZE},nr_inodes={INODES}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", disk], check=True)
        sys.stdout, told = sys.stderr, sys.stdout  # the log is not for the pipe
        try:
            ledger = filled(Path(disk), Path(far), step)
            ledger.violations += worked_again(Path(disk))
        finally:
            subprocess.run(["umount", disk], check=True)
        print(ledger.to_json(), file=told)


if __name__ == "__main__":
    main()
