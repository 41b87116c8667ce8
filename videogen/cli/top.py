"""The verb that shows a spool as it goes on: top."""

import json
import os
import signal
import sys
import time
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from videogen.cli.app import Given, app, print_json
from videogen.cli.frame import View, drawn, nodes_shown, whole
from videogen.cli.screen import Ended, Screen, die_of
from videogen.watching import Sight, Watcher
from videogen.wiring import House

FIRST_S = 0.5
"""So long the first look may count: most spools are known whole then."""
ONCE_WIDTH = 100


@app.command()
def top(
    once: Annotated[bool, typer.Option("--once", help="Print one picture, counted to the end, and exit.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout with --once; else one on a line, again and again.")
    ] = False,
    every_s: Annotated[float, typer.Option("--every", min=0.2, metavar="S", help="Seconds between two looks.")] = 1.0,
) -> None:
    """Show rooms, nodes, the last events and what waits, again and again; it only looks. `?` names its keys."""
    house = House(Given.root)
    house.spool.expect_rooms()
    settings = house.settings.log
    watcher = Watcher(house.spool, house.root / settings.dir, low_disk_bytes=settings.low_disk_gb * 1e9)
    if as_json and once:
        print_json(watcher.look(None).to_dict())
    elif as_json:
        _stream(watcher, every_s)
    elif once or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        console = Console(highlight=False)
        for line in whole(watcher.look(None), console.width if console.is_terminal else ONCE_WIDTH):
            console.print(line, no_wrap=True, overflow="ignore", crop=False)
    else:
        _live(watcher, every_s)


def _stream(watcher: Watcher, every_s: float) -> None:
    """Print a line of JSON at every look, until it is ended or nobody reads on."""
    while True:
        typer.echo(json.dumps(watcher.look().to_dict(), ensure_ascii=False))
        sys.stdout.flush()
        time.sleep(every_s)


def _live(watcher: Watcher, every_s: float) -> None:
    screen = Screen()
    try:
        with screen.open():
            run(screen, watcher, View(every_s=every_s))
    except Ended as end:
        if end.number != signal.SIGINT:  # Ctrl-C is how one leaves such a thing
            die_of(end.number)


def run(screen: Screen, watcher: Watcher, view: View) -> None:
    """Show what is seen until `q` is hit. Raises: Ended: a signal came."""
    sight = watcher.look(FIRST_S)
    due = time.monotonic() + view.every_s
    while True:
        screen.show(drawn(sight, view, *screen.size))
        for key in screen.keys(due - time.monotonic()):
            if key == "q":
                return
            if key == " ":
                due = 0.0
            view = after(view, key, sight, screen.size[1])
        if time.monotonic() >= due:
            due = time.monotonic() + view.every_s
            sight = sight if view.is_paused else watcher.look()


def after(view: View, key: str, sight: Sight, height: int) -> View:
    """Give the view after a key was hit; one that means nothing changes nothing."""
    shown = nodes_shown(sight, height)
    last = max(0, len(sight.nodes) - shown)
    steps = {"j": 1, "k": -1, "d": shown, "u": -shown, "g": -last, "G": last}
    if key in steps:
        return replace(view, first=min(last, max(0, view.first + steps[key])))
    if key == "p":
        return replace(view, is_paused=not view.is_paused)
    if key == "?":
        return replace(view, is_help=not view.is_help)
    return view
