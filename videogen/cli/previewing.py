"""The verb that shows a video before it is made: preview."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from videogen.cli.app import Given, Json, app, by_hand, print_json
from videogen.cli.making import Force
from videogen.wiring import House

WHAT_HELP = "The id of a task in any room, or its beginning; or a description, a file or a folder."
OUT_HELP = "The file to make, an MP4; default <id>.preview.mp4 here, in place of an earlier one."


@app.command()
def preview(
    what: Annotated[str, typer.Argument(metavar="TASK|FILE", help=WHAT_HELP)],
    output: Annotated[Path | None, typer.Option("--output", "-o", help=OUT_HELP)] = None,
    seconds: Annotated[float, typer.Option(min=0, help="s of the beginning; 0 is all of it.")] = 0.0,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Make a small draft of a task or a description, within seconds: same cuts, same length, same sound, 240 lines."""
    house = House(Given.root)
    began = time.monotonic()
    with by_hand(house) as tell:
        made = house.drafts.make(what, output, lambda progress: tell(what, progress), seconds=seconds, is_forced=force)
    took_s = round(time.monotonic() - began, 2)
    if as_json:
        print_json(asdict(made) | {"took_s": took_s})
        return
    part = "" if made.frames == made.of_frames else f" of {made.of_frames}"
    typer.echo(f"{made.output}: {made.frames}{part} frames of {made.where} at {made.width}x{made.height}, {took_s:g} s")
    for lack in made.lacks:
        typer.echo(f"without its {lack}: output/ keeps none, and the one of the settings is another")
