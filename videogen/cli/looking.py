"""The verbs that look and start nothing: status, plan, config."""

import json
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen import census, config, history
from videogen.cli.app import Given, Json, age, app, print_json, size_of
from videogen.errors import MissingInput
from videogen.model.intake import Intake
from videogen.model.node import Figures, Seen
from videogen.model.task import Task
from videogen.spool import Spool, read_task
from videogen.wiring import House

FAILURES = 5
"""So many of the last failures are told; `ls trash/failed` shows them all."""


@app.command()
def status(as_json: Json = False) -> None:
    """Count the rooms, tell their oldest ages, how the nodes are, and what waits and why."""
    house = House(Given.root)
    house.spool.expect_rooms()
    house.catalog.load()
    found = census.take(house.spool, house.catalog.counts(), house.assembler.waiting())
    lines = history.History(house.spool).whole()
    last_day = history.since(lines, time.time() - history.DAY_S, "the last 24 hours")
    failures = history.failures(house.spool, lines, FAILURES)
    if as_json:
        measured = census.measure(house.spool, house.segments)
        metrics = census.kept(house.root / house.settings.log.dir)
        made = {"last_day": last_day.to_dict(), "last_failures": [_failure(line) for line in failures]}
        print_json(found.to_dict() | {"measured": measured, "metrics": metrics} | made)
        return
    table = Table(title=escape(found.root), title_justify="left")
    for heading in ("room", "count", "oldest"):
        table.add_column(heading, justify="left" if heading == "room" else "right")
    for room in found.rooms:
        table.add_row(room.name, str(room.count), "" if room.oldest_s is None else age(room.oldest_s))
    console = Console()
    console.print(table)
    console.print("library: " + ", ".join(f"{count} {kind}" for kind, count in found.library.items()))
    console.print(_intake(found.intake), markup=False, soft_wrap=True)
    if found.nodes:
        console.print(_nodes(found.nodes))
        console.print(_figures(found.figures), markup=False, soft_wrap=True)
    console.print(_last_day(last_day), markup=False, soft_wrap=True)
    console.print(_trash(census.trash(house.spool)), markup=False, soft_wrap=True)
    for line in failures:
        ago = age(max(0.0, time.time() - line.at))
        console.print(f"{line.place}, {ago} ago: {line.message} ({line.code})", markup=False, soft_wrap=True)
    for trouble in census.troubles(found.nodes, house.settings.log.low_disk_gb * 1e9):
        console.print(f"{trouble.code}: {trouble.message}. {trouble.remedy}", markup=False, soft_wrap=True)
    for row in found.waiting:
        console.print(f"waiting: {row.voice}: {row.reason}", markup=False, soft_wrap=True)


def _last_day(day: history.Day) -> str:
    failed = sum(day.failures.values())
    told = [f"{day.videos} video{'s' * (day.videos != 1)}, {age(day.video_s)} long"] if day.videos else ["no video"]
    told += [] if day.reused is None else [f"the store had {day.reused:.0%} of their segments"]
    told += [f"{age(day.saved_s)} of encoding saved"] if day.saved_s else []
    told += [f"{failed} failed"] if failed else []
    return f"{day.name}: " + ", ".join(told)


def _trash(measured: Mapping[str, float]) -> str:
    if not measured["trash_bytes"]:
        return "trash/ is empty"
    return f"trash/: {size_of(measured['trash_bytes'])}, the oldest {age(measured['trash_oldest_s'])}"


def _failure(line: history.Line) -> dict[str, object]:
    return {"path": line.place, "at": line.at, "code": line.code, "message": line.message}


def _intake(intake: Intake | None) -> str:
    if intake is None:
        return "raw/: main is not running, so nothing is taken in. Start it: `videogen main`."
    counts = {
        "arriving": intake.arriving,
        "in work": intake.in_work,
        "not looked at yet": intake.beyond,
        "put off": intake.put_off,
    }
    lines = ["raw/: " + (", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing waits")]
    lines += [
        f"no events from {folder}: {why}; it is looked at every {intake.poll_s:g} s"
        for folder, why in intake.deaf.items()
    ]
    lines += [f"waiting: {place}: {reason}" for place, reason in intake.folder_waits.items()]
    left = intake.folders - len(intake.folder_waits)
    lines += [f"waiting: {left} more folders" for _ in range(left > 0)]
    return "\n".join(lines)


def _nodes(nodes: Iterable[Seen]) -> Table:
    table = Table(caption="beat: by the file's time stamp, on this machine's clock", caption_justify="left")
    for heading in ("node", "state", "task", "done", "encoder", "rendering", "beat"):
        table.add_column(heading, justify="right" if heading in {"done", "rendering", "beat"} else "left")
    for seen in nodes:
        paper, figure = seen.paper, seen.paper.figures.render_utilization
        table.add_row(
            escape(paper.node),
            _state(seen),
            escape(paper.task[:8]),  # as much of the id as `videogen plan` needs
            "" if seen.percent is None else f"{seen.percent} %",
            escape(paper.encoder),
            "" if figure is None else f"{figure:.0%}",
            "" if seen.trouble else age(seen.age_s),
        )
    return table


def _state(seen: Seen) -> str:
    hears = seen.state in {"draining", "drained"}
    return f"{seen.state}, asked to drain" if seen.is_asked_to_drain and not hears else seen.state


def _figures(figures: Figures) -> str:
    units = {"render_utilization": "{:.0%}", "avg_render_time": "{:.1f} s", "task_throughput": "{:.1f}/h"}
    told = [
        f"{name} {units.get(name, '{:.0%}').format(value)}"
        for name, value in figures.four().items()
        if value is not None
    ]
    return "last hour, live nodes: " + (", ".join(told) or "nothing was done")


@app.command()
def plan(
    what: Annotated[str, typer.Argument(metavar="TASK|FILE", help="A task's id or its beginning, or a description.")],
    as_json: Json = False,
    commands: Annotated[bool, typer.Option("--commands", help="Print FFmpeg's arguments too.")] = False,
) -> None:
    """Print, span by span, what would be copied and what encoded, why, and what it costs; starts nothing."""
    from videogen.desk import written_at  # noqa: PLC0415 -- `status` starts in less time without
    from videogen.plan import annotated, as_dict, listing  # noqa: PLC0415 -- `status` starts in less time without
    from videogen.render import compile_task, known_of  # noqa: PLC0415 -- as above

    house = House(Given.root)
    with tempfile.TemporaryDirectory(prefix="videogen-plan-") as scratch:
        if file := written_at(what):
            order, _ = house.desk.order_of(file, Path(scratch))
        else:
            order = compile_task(house.root, _task(house.spool, what), house.bench)
    compiled = annotated(order.plan, known_of(order, house.segments), order.media)
    if as_json:
        print_json(as_dict(compiled, with_commands=commands) | {"warnings": order.warnings})
    else:
        typer.echo(listing(compiled, with_commands=commands), nl=False)
        for warning in order.warnings:
            typer.echo(f"warning: {warning}")


def _task(spool: Spool, wanted: str) -> Task:
    if Path(wanted, "metadata.json").is_file():
        return read_task(Path(wanted))
    rooms = (spool.tasks, spool.processing, spool.failed)
    found = [path for room in rooms for path in room.glob("*") if wanted and path.name.startswith(wanted)]
    if len(found) == 1:
        return read_task(found[0])
    trouble = "no task" if not found else f"{len(found)} tasks"
    raise MissingInput(
        f"{trouble} in {spool.root} begin with {wanted!r}", remedy="`ls tasks processing trash/failed` shows their ids."
    )


@app.command(name="config")
def config_command(
    as_json: Json = False,
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs from the default.")] = False,
) -> None:
    """List every setting with its value, default, unit and reason."""
    rows = [row for row in config.rows(config.load(Given.root)) if not changed or row["value"] != row["default"]]
    if as_json:
        print_json(rows)
        return
    table = Table()
    for heading in ("setting", "value", "default", "unit and reason"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row["name"], escape(_word(row["value"])), escape(_word(row["default"])), escape(row["about"]))
    Console().print(table)


def _word(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
