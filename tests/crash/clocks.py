"""Nodes whose wall clock jumps: a year on, a year back, or sixty times as fast, in the middle of a lease.

`python -m tests.crash.clocks ROOT NAME RENDER_S` is such a node; it runs with libfaketime before it, which leaves the
clocks alone that only count. What is looked for is a task taken from a node that lives, and one that nobody takes.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import SupportsIndex

from tests import papers
from tests.test_spool import fill
from videogen.spool import Spool

LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")
JUMPS = {"a year on": ("+1y", "+0"), "a year back": ("-1y", "-2y"), "sixty times as fast": ("+0 x60", "-1d")}
"""What the clock says while a node renders, and what it says, a jump back, while a dead one's lease runs out."""
LONG_S = 4.5
"""Longer than two leases: whoever is taken for dead too early is found out."""
SILENT_S = 0.8
"""Long enough for several looks at a silent node, and shorter than its lease."""
PATIENCE_S = 25.0
Node = subprocess.Popen[bytes]


def library() -> str:
    """Name the library that fakes the time; empty where there is none."""
    found = [path for pattern in LIBRARIES for path in Path("/").glob(pattern.lstrip("/"))]
    return str(found[0]) if found else ""


def started(root: Path, name: str, render_s: float) -> Node:
    """Start a node whose wall clock is what the file beside the spool says."""
    environment = {
        **os.environ,
        "LD_PRELOAD": library(),
        "FAKETIME_TIMESTAMP_FILE": str(_clock(root)),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    argv = [sys.executable, "-m", "tests.crash.clocks", str(root), name, str(render_s)]
    with (root.parent / f"said-{name}").open("wb") as said:
        return subprocess.Popen(argv, env=environment, stderr=said)


def _clock(root: Path) -> Path:
    return root.parent / "clock"


def jumped(folder: Path, jumps: tuple[str, str]) -> list[str]:
    """Have the clocks jump while one node renders for long and another looks on; tell what went wrong."""
    from tests.crash import stub_node  # noqa: PLC0415  # a faked node changes what it imports first

    root = folder / "spool"
    stub_node.lay_out(root)
    _clock(root).write_text("+0\n")
    nodes = {"long": started(root, "long", LONG_S)}
    try:
        return list(filter(None, _story(root, nodes, *jumps)))
    finally:
        for node in nodes.values():
            node.kill()
            node.wait()
            for name in (f"faketime_shm_{node.pid}", f"sem.faketime_sem_{node.pid}"):  # a killed one leaves them
                Path("/dev/shm", name).unlink(missing_ok=True)


def _story(root: Path, nodes: dict[str, Node], jump: str, back: str) -> list[str]:
    spool, first = Spool(root), _published(root)
    wrong = [_awaited("the first claim", (spool.processing / first / "lease.json").exists)]
    nodes["short"] = started(root, "short", 0.0)
    wrong.append(_awaited("the second node", (spool.nodes / "short.json").exists))
    _clock(root).write_text(f"{jump}\n")
    second = _published(root)
    wrong.append(_awaited("a task made after the jump", (spool.output / second).is_dir))
    wrong.append(_awaited("the task held through the jump", (spool.output / first).is_dir))
    if (spool.output / first).is_dir():
        paper = json.loads((spool.output / first / "manifest.json").read_bytes())
        if (paper["node"], paper["epoch"]) != ("long", 1):
            wrong.append(f"a living node lost its task: {paper['node']} published it in epoch {paper['epoch']}")
    nodes["short"].send_signal(signal.SIGSTOP)  # so that the other one claims the next
    third = _published(root)
    wrong.append(_awaited("the third claim", (spool.processing / third / "lease.json").exists))
    nodes["long"].kill()
    nodes["short"].send_signal(signal.SIGCONT)
    time.sleep(SILENT_S)
    _clock(root).write_text(f"{back}\n")
    return [*wrong, _awaited("the task of the dead", (spool.output / third).is_dir)]


def _published(root: Path) -> str:
    task = papers.task()
    assert Spool(root).publish(task, fill)
    return task.task_id


def _awaited(what: str, has_come: Callable[[], bool]) -> str:
    over = time.monotonic() + PATIENCE_S
    while time.monotonic() < over:
        if has_come():
            return ""
        time.sleep(0.05)
    return f"{what} did not come"


def main() -> None:
    """Be a node until killed; each seems to be on a machine of its own, so only silence tells of a death."""

    def slept(seconds: SupportsIndex | float) -> None:
        Event().wait(float(seconds))

    # clock_nanosleep(2) of a time that libfaketime moved is refused by the kernel: its fault, not ours.
    time.sleep = slept
    from tests.crash import stub_node  # noqa: PLC0415  # after the line above

    root, name, render_s = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    stub_node.StubNode.lasts_s = (render_s, render_s) if render_s else (0.0, 0.05)
    stub_node.FAILURES = 0.0
    orders = stub_node.Orders(name, root.parent / "points", 1, is_afar=True, is_doomed=False)
    raise SystemExit(stub_node.run(root, orders))


if __name__ == "__main__":
    main()
