"""The verb that makes a choice again: replay."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen.assemble import Replay, replayed
from videogen.assemble.history import paper_of
from videogen.cli.app import Given, Json, app, print_json
from videogen.errors import InputError, MissingInput
from videogen.model.task import Task
from videogen.spool import Spool, visible
from videogen.wiring import House


@app.command()
def replay(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="Of a task or a video, or the beginning of it.")],
    as_json: Json = False,
) -> None:
    """Choose a task's clips and track again from what it recorded, and say why each came; 65 if they are others."""
    spool = House(Given.root).spool
    spool.expect_rooms()
    made = replayed(spool.root, _task(spool, task_id))
    if as_json:
        print_json(asdict(made) | {"is_same": made.is_same})
    else:
        _print(made)
    if not made.is_same:
        raise typer.Exit(InputError.exit_code)


def _task(spool: Spool, wanted: str) -> Task:
    rooms = (spool.tasks, spool.processing, spool.output, spool.failed)
    found = {path.name for room in rooms for path in visible(room) if wanted and path.name.startswith(wanted)}
    paper = paper_of(spool, found.pop()) if len(found) == 1 else None
    if paper is not None:
        return paper
    trouble = f"{len(found)} tasks begin" if found else "no task or video begins"
    raise MissingInput(
        f"{trouble} with {wanted!r}", remedy="`ls tasks processing output trash/failed` shows their ids."
    )


def _short(path: str) -> str:
    """Give the category and the name of something in the library: what lies between says its kind and size."""
    parts = path.split("/")
    return "/".join((*parts[2:3], parts[-1])) if len(parts) > 3 else path


def _print(made: Replay) -> None:
    table = Table()
    for heading in ("", "clip", "why", "uses", "weight", "last shown in", "looks like", "library"):
        table.add_column(heading, overflow="fold", justify="right" if heading in {"uses", "weight"} else "left")
    for row, recorded in zip(made.rows, (*made.recorded, *[""] * len(made.rows)), strict=False):
        table.add_row(
            "" if row.path == recorded else "other",
            escape(_short(row.path)),
            row.why,
            str(row.uses),
            f"{row.weight:g}",
            row.last[:8],
            row.twin[:8],
            row.library,
        )
    Console().print(table)
    scope = "its category" if made.scope == "category" else "all"
    typer.echo(f"seed {made.seed}, {made.pool} clips and {made.music_pool} tracks to choose from")
    typer.echo(f"what the last {made.cooldown} videos of {scope} showed was held back")
    gone = sum(row.library != "there" for row in made.rows)
    if gone:
        typer.echo(f"{gone} of them are not in the library as they were")
    typer.echo("the same clips as recorded" if made.is_same else "NOT the clips that are recorded")
