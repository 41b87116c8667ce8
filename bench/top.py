"""What `top` costs where much lies about: how long a refresh takes, and how much of a processor.

`python -m bench.top`. A real `top` in a terminal of 100x30, the loop of the verb itself. Meanwhile what it looks at
changes: every node writes its paper and a line in its log, and a task comes and goes, so that tasks/ has another mtime
at every look. The tasks are bare folders: `top` counts names, and looks into none.
"""

import json
import os
import pty
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread
from uuid import uuid4

from rich.text import Text

from bench import row
from bench.media import Media
from videogen.cli import top
from videogen.cli.frame import View
from videogen.cli.screen import Ended, Screen
from videogen.model.node import NodePaper
from videogen.spool import Spool, paper_of
from videogen.watching import Sight, Watcher
from videogen.watching.sight import SLICE_S

HANDS = 16
COLUMNS, LINES = 100, 30
REFRESH_MS, CPU_PERCENT = 200.0, 10.0


@dataclass(frozen=True)
class Form:
    """How many tasks wait and nodes live, and for how long it is watched. Units: seconds."""

    tasks: int
    nodes: int
    seconds: float


FORMS = {"full": Form(100_000, 50, 30.0), "short": Form(10_000, 50, 10.0), "tiny": Form(100, 3, 4.0)}


class Timed(Watcher):
    """A watcher that takes down when each look began."""

    began = (0.0, 0.0)

    def look(self, slice_s: float | None = SLICE_S) -> Sight:
        """Look as ever."""
        self.began = time.perf_counter(), time.process_time()
        return super().look(slice_s)


class Clocked(Screen):
    """A screen that takes down each refresh, from the look to the last byte: its seconds, and the processor's."""

    def __init__(self, watcher: Timed) -> None:
        super().__init__()
        self._watcher = watcher
        self.took_s: list[float] = []
        self.worked_s: list[float] = []

    def show(self, lines: list[Text]) -> None:
        """Show as ever."""
        super().show(lines)
        began, worked = self._watcher.began
        if began:
            self.took_s.append(time.perf_counter() - began)
            self.worked_s.append(time.process_time() - worked)
            self._watcher.began = 0.0, 0.0


# -- what is looked at -------------------------------------------------------------------------------------------------


def laid_out(root: Path, form: Form) -> Spool:
    """Lay out a spool in which so many tasks wait."""
    spool = Spool(root)
    spool.lay_out()
    (root / "logs").mkdir()
    names = [str(spool.tasks / str(uuid4())) for _ in range(form.tasks)]
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(os.mkdir, names, chunksize=500))
    return spool


def beat(spool: Spool, nodes: int, turn: int) -> None:
    """Have every node say that it lives and goes on, and one task come or go."""
    for nth in range(nodes):
        name = f"n{nth:02}"
        paper = NodePaper(
            node=name, incarnation="i", beat=turn, state="working", task=str(nth) * 8, frame=turn, frames=9000
        )
        path = paper_of(spool.nodes, name)
        building = path.with_name(f".tmp-{name}")
        building.write_text(paper.model_dump_json(indent=1))
        building.rename(path)
        with (spool.root / "logs" / f"node-{name}.log").open("a") as log:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            log.write(f'{stamp} INFO render_worker "Rendering" task={name} percent={turn}\n')
    coming = spool.tasks / "coming"
    if coming.exists():
        coming.rmdir()
    else:
        coming.mkdir()


# -- what looks --------------------------------------------------------------------------------------------------------


def watch(spool: Spool, told: int) -> None:
    """Be `top` until a signal comes; then tell what each refresh took, and end."""
    watcher = Timed(spool, spool.root / "logs", low_disk_bytes=0)
    screen = Clocked(watcher)
    with suppress(Ended), screen.open():
        top.run(screen, watcher, View())
    used_s = time.process_time()
    os.write(told, json.dumps([used_s, screen.took_s, screen.worked_s]).encode())
    os._exit(0)


def watched(spool: Spool, form: Form) -> tuple[float, list[float], list[float]]:
    """Give the processor seconds that `top` used, how long each refresh took, and what of that the processor worked."""
    reads, writes = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        watch(spool, writes)
    os.close(writes)
    over = Event()
    drain = Thread(target=lambda: list(_drained(terminal)), daemon=True)
    drain.start()
    until, turn = time.monotonic() + form.seconds, 0
    while time.monotonic() < until:
        beat(spool, form.nodes, turn := turn + 1)
        over.wait(max(0.0, min(1.0, until - time.monotonic())))
    os.kill(child, signal.SIGTERM)
    with os.fdopen(reads) as told:
        used_s, took_s, worked_s = json.loads(told.read())
    os.waitpid(child, 0)
    drain.join()
    os.close(terminal)
    return used_s, took_s, worked_s


def _drained(terminal: int) -> Iterator[None]:
    with suppress(OSError):  # the terminal ends with who had it
        while os.read(terminal, 65536):
            yield


def measure(table: row.Row, form: Form, _media: Media, folder: Path) -> None:
    """Watch one spool."""
    table.describe(f"{form.tasks} tasks wait, {form.nodes} nodes write once a second; `top` looks every second")
    spool = laid_out(folder / "spool", form)
    beat(spool, form.nodes, 0)
    used_s, took_s, worked_s = watched(spool, form)
    cuts, work = (quantiles(seconds[1:], n=100, method="inclusive") for seconds in (took_s, worked_s))
    table.figure("pictures", len(took_s), "")
    table.figure("first picture", took_s[0] * 1000, "ms")
    table.figure("refresh, median", cuts[49] * 1000, "ms")
    table.bar("refresh, 99 % at most", cuts[98] * 1000, "ms", "at most", REFRESH_MS)
    table.figure("of that the processor, median", work[49] * 1000, "ms")
    table.figure("of that the processor, 99 % at most", work[98] * 1000, "ms")
    table.bar("share of a processor", 100 * used_s / form.seconds, "%", "at most", CPU_PERCENT)


if __name__ == "__main__":
    sys.exit(row.program("top", FORMS, measure))
