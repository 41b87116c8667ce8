"""Progress of a render: a bar with its ETA on a terminal, plain log lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from videogen.ffmpeg import Progress

log = structlog.get_logger()

LINE_EVERY_S = 10.0
MANY = 20
"""Fewer things are done before a bar is read."""
Tell = Callable[[str, Progress], None]
Thing = TypeVar("Thing")


@contextmanager
def shown(unit: str = "frames", doing: str = "Rendering") -> Iterator[Tell]:
    """Give the function that renders report to, or whatever else counts its units; what it shows goes to stderr."""
    if not sys.stderr.isatty():
        yield _lines(doing)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        *([TextColumn("{task.fields[rate]}")] if unit == "frames" else []),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        shown_tasks: dict[str, TaskID] = {}

        def tell(task_id: str, progress: Progress) -> None:
            if task_id not in shown_tasks:
                for old in shown_tasks.values():
                    bars.remove_task(old)
                shown_tasks.clear()
                shown_tasks[task_id] = bars.add_task(task_id[:8], total=progress.total, rate="")
            bars.update(shown_tasks[task_id], completed=progress.frame, rate=_rate(progress))

        yield tell


def _rate(progress: Progress) -> str:
    """Say how fast it goes and how large it is by now."""
    return f"{progress.fps:.0f} fps, {progress.size_bytes / 1e6:.1f} MB"


def counted(things: Sequence[Thing], what: str) -> Iterator[Thing]:
    """Give one thing after the other, with a bar on a terminal for those done."""
    if len(things) < MANY or not sys.stderr.isatty():
        yield from things
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield from bars.track(things)


def _lines(doing: str) -> Tell:
    last: dict[str, float] = {}

    def tell(task_id: str, progress: Progress) -> None:
        now = time.monotonic()
        if now - last.setdefault(task_id, now) < LINE_EVERY_S or not progress.total:
            return
        last[task_id] = now
        left = progress.remaining_s
        log.info(
            doing,
            task=task_id,
            percent=100 * progress.frame // progress.total,
            frame=progress.frame,
            fps=round(progress.fps, 1),
            size_bytes=progress.size_bytes,
            eta_s=None if left is None else round(left),
        )

    return tell
