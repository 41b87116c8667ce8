"""The command line. stdout is data, stderr is progress and log; every number it exits with is in EXITS."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen import __version__, census, config, daemon, doctor, logs
from videogen.errors import InputError, MissingInput, SetupError, VideogenError
from videogen.model.task import Task
from videogen.plan import listing
from videogen.progress import shown
from videogen.render import compile_task
from videogen.spool import Spool, read_task
from videogen.wiring import House

EXITS = """Exit codes: 0 done; 2 wrong usage; 65 the input is bad (its reason is in trash/); 70 a defect of ours;
75 something still waits, try again later; 78 the set-up is wrong, nothing was started."""

app = typer.Typer(
    help="A video factory behind a drop folder: copy a voice, clips and music into raw/, find the video in output/.",
    epilog=EXITS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Once = Annotated[bool, typer.Option("--once", help="Work until idle, then exit.")]


class _Given:
    """The options that stand before the verb."""

    root = Path()
    log_json = False

    @classmethod
    def options(cls) -> list[str]:
        """Give them again, for a process below this one."""
        return ["--log-json"] if cls.log_json else []


@app.callback(invoke_without_command=True)
def before(
    root: Annotated[
        Path, typer.Option("--root", envvar="VIDEOGEN_ROOT", help="The folder that holds raw/ and the other rooms.")
    ] = Path(),
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """A video factory behind a drop folder."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    _Given.root, _Given.log_json = root, log_json


@contextmanager
def _role(component: str, process: str, house: House, wake: threading.Event | None = None) -> Iterator[None]:
    """Run a role: its log, and its signals. Raises: SetupError: there is no spool; nothing was made."""
    house.spool.expect_rooms()
    logs.start(component, house.log_file(process), as_json=_Given.log_json, keep_days=house.settings.log.keep_days)
    with daemon.stopping(house.stop, wake):
        yield


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@app.command()
def init() -> None:
    """Lay out the rooms under --root; what is there stays as it is."""
    spool = Spool(Path(_Given.root).absolute())
    spool.lay_out()
    spool.prove()
    typer.echo(f"The spool is ready: copy files into {spool.root}/raw")


@app.command()
def main(once: Once = False) -> None:
    """Be the main worker: take files from raw/ into scanned/, and make tasks of voices."""
    house, wake = House(_Given.root), threading.Event()
    with _role("main_worker", "main", house, wake):
        report = daemon.run_main(house, wake, once=once)
    if once and report.has_refused_voice:
        raise typer.Exit(65)
    if once and report.waiting:
        raise typer.Exit(75)


@app.command()
def node(
    once: Once = False,
    name: Annotated[str, typer.Option("--name", help="This node's name; default the host's.")] = "",
) -> None:
    """Be a render node: take tasks, render them, publish them to output/."""
    house = House(_Given.root)
    name = house.node_name(name)
    with _role("render_worker", f"node-{name}", house), shown() as tell:
        counts = daemon.run_node(house, name, tell, once=once)
    if once and counts["failed"]:
        raise typer.Exit(65)
    if once and counts["parked"]:
        raise typer.Exit(75)


@app.command()
def crawl(once: Once = False) -> None:
    """Be the crawler: fetch the pages that link files name, and cut them into chunks of text."""
    house = House(_Given.root)
    with _role("crawl", "crawl", house):
        daemon.run_crawl(house, once=once)


@app.command()
def up(once: Once = False, as_json: Json = False) -> None:
    """Be main, crawler and one node in one process tree. With --once: work until idle, then say what came of it."""
    house, wake = House(_Given.root), threading.Event()
    with _role("main_worker", "main", house, wake):
        if not once:
            daemon.run_up(house, wake, _Given.options())
            return
        report = daemon.run_up_once(house, wake, _Given.options())
    if as_json:
        _print_json(_up_dict(report))
    else:
        _print_up(report)
    raise typer.Exit(report.exit_code)


def _up_dict(report: daemon.UpReport) -> dict[str, Any]:
    refused = [
        {"path": verdict.path, "code": verdict.error.word, "message": verdict.error.message}
        for verdict in report.main.refused
        if verdict.error
    ]
    refused += [{"path": note.path, "code": note.code, "message": note.message} for note in report.refused_links]
    return {
        "published": [f"output/{name}/final.mp4" for name in report.published],
        "failed": [f"trash/failed/{name}" for name in report.failed],
        "refused": refused,
        "waiting": report.waiting,
    }


def _print_up(report: daemon.UpReport) -> None:
    told = _up_dict(report)
    for path in told["published"]:
        typer.echo(f"published  {path}")
    for path in told["failed"]:
        typer.echo(f"failed     {path} (its reason.json says why)")
    for refused in told["refused"]:
        typer.echo(f"refused    {refused['path']}: {refused['message']} ({refused['code']})")
    for name, reason in report.waiting.items():
        typer.echo(f"waiting    {name}: {reason}")
    if not any(told.values()):
        typer.echo("nothing to do")


@app.command()
def status(as_json: Json = False) -> None:
    """Count the rooms, tell their oldest ages, and name what waits and why."""
    house = House(_Given.root)
    house.spool.expect_rooms()
    house.catalog.load()
    found = census.take(house.spool, house.catalog.counts(), house.assembler.waiting())
    if as_json:
        _print_json(found.to_dict())
        return
    table = Table(title=escape(found.root), title_justify="left")
    for heading in ("room", "count", "oldest"):
        table.add_column(heading, justify="left" if heading == "room" else "right")
    for room in found.rooms:
        table.add_row(room.name, str(room.count), "" if room.oldest_s is None else _age(room.oldest_s))
    console = Console()
    console.print(table)
    console.print("library: " + ", ".join(f"{count} {kind}" for kind, count in found.library.items()))
    for row in found.waiting:
        console.print(f"waiting: {row.voice}: {row.reason}", markup=False, soft_wrap=True)


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


@app.command()
def plan(
    task: Annotated[str, typer.Argument(help="A task's id, the beginning of one, or its folder.")],
    as_json: Json = False,
    commands: Annotated[bool, typer.Option("--commands", help="Print FFmpeg's arguments too.")] = False,
) -> None:
    """Print what would be done for a task, what it costs and why; starts nothing."""
    house = House(_Given.root)
    compiled = compile_task(house.root, _task(house.spool, task), house.bench)
    if as_json:
        typer.echo(compiled.model_dump_json(indent=2))
    else:
        typer.echo(listing(compiled, with_commands=commands), nl=False)


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


@app.command(name="doctor")
def doctor_command(as_json: Json = False) -> None:
    """Look for what breaks such systems on this machine; each finding with a remedy."""
    house = House(_Given.root)
    findings = doctor.examine(house.spool, house.toolchain, house.settings.render.encoder)
    if as_json:
        _print_json([finding.__dict__ for finding in findings])
    else:
        table = Table()
        for heading in ("what", "is", "found", "remedy"):
            table.add_column(heading, overflow="fold")
        for finding in findings:
            colour = {"good": "green", "note": "yellow", "bad": "red"}[finding.state]
            table.add_row(
                finding.subject, f"[{colour}]{finding.state}[/]", escape(finding.found), escape(finding.remedy)
            )
        Console().print(table)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(78)


@app.command(name="config")
def config_command(
    as_json: Json = False,
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs from the default.")] = False,
) -> None:
    """List every setting with its value, default, unit and reason."""
    rows = [row for row in config.rows(config.load(_Given.root)) if not changed or row["value"] != row["default"]]
    if as_json:
        _print_json(rows)
        return
    table = Table()
    for heading in ("setting", "value", "default", "unit and reason"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row["name"], escape(_word(row["value"])), escape(_word(row["default"])), escape(row["about"]))
    Console().print(table)


def _word(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def run(command: Callable[[], Any] = app) -> None:
    """Run the command line; an error of ours becomes one sentence on stderr and its family's exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if sys.getfilesystemencoding().lower().replace("-", "") != "utf8":
        # Names are UTF-8 here whatever the locale says, and only a new interpreter can be told so.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", "-m", "videogen.cli", *sys.argv[1:]])  # noqa: S606 -- our own argv
    try:
        command()
    except VideogenError as error:
        sys.stderr.write(f"videogen: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(InputError.exit_code)
    except OSError as error:
        sys.stderr.write(f"videogen: {error.filename or 'the system'}: {error.strerror}. Give videogen access to it.\n")
        sys.exit(SetupError.exit_code)


if __name__ == "__main__":
    run()
