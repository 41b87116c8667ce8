"""The verb that tells what was made, day by day: history."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from videogen.cli.app import Given, Json, age, app, print_json
from videogen.history import DAY_S, TOLD_SHARE, Day, History, Tell, days, since
from videogen.wiring import House

BAR = 10
EIGHTHS = " ▏▎▍▌▋▊▉"
RECKONED = (
    f"saved: frames shown but not encoded, times what one takes in videos of that size that encoded at least"
    f" {TOLD_SHARE:.0%} of theirs"
)


@app.command()
def history(
    count: Annotated[int, typer.Option("--days", min=1, max=3660, metavar="N", help="So many, today the last.")] = 14,
    as_json: Json = False,
) -> None:
    """Tell, day by day (UTC), what was made: videos, their length, encoder time saved, failures by reason."""
    house = House(Given.root)
    house.spool.expect_rooms()
    with _bar() as tell:
        lines = History(house.spool).whole(tell)
    found = days(lines, count, time.time())
    total = since(lines, found[0].start, "all")
    if as_json:
        print_json({"days": [day.to_dict() for day in found], "total": total.to_dict(), "reckoned": RECKONED})
        return
    if lines:  # before the first thing ever made there is nothing to tell
        began = min(line.at for line in lines)
        found = [day for day in found if day.start + DAY_S > began] or found[-1:]
    most = max((day.videos for day in found), default=0)
    table = Table(caption=RECKONED, caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("day", "videos", "", "length", "reused", "encoded", "saved", "failures"):
        left = heading in {"day", "", "failures"}
        table.add_column(heading, justify="left" if left else "right", overflow="fold", no_wrap=heading != "failures")
    for day in (*found, total):
        bar = "" if day is total else _share(day.videos, most)
        table.add_row(day.name, str(day.videos), bar, *_told(day), end_section=day is found[-1])
    Console().print(table)


def _told(day: Day) -> tuple[str, ...]:
    by_count = sorted(day.failures.items(), key=lambda one: (-one[1], one[0]))
    return (
        age(day.video_s) if day.videos else "",
        "" if day.reused is None else f"{day.reused:.0%}",
        age(day.encode_s) if day.videos else "",
        "" if day.saved_s is None else age(day.saved_s),
        ", ".join(f"{number} {escape(code)}" for code, number in by_count),
    )


def _share(value: int, most: int) -> str:
    """Draw a bar, in eighths of a column; a value above 0 is always seen."""
    eighths = max(1, round(value / most * BAR * 8)) if value else 0
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")


@contextmanager
def _bar() -> Iterator[Tell]:
    """Give what hears of the papers read; on a terminal it draws a bar where there are many."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bars:
        task: list[Any] = []

        def tell(done: int, all_of_them: int) -> None:
            if not task:
                task.append(bars.add_task("reading manifests", total=all_of_them))
            if done % 100 == 0:
                bars.update(task[0], completed=done)

        yield tell
