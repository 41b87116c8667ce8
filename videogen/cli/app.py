"""The program itself: what stands before the verb, how a verb runs, and the numbers it exits with."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from videogen import __version__, daemon, logs, spans
from videogen.daemon import Signals
from videogen.errors import InputError, SetupError, VideogenError
from videogen.notify import Notify
from videogen.progress import Tell, shown
from videogen.wiring import House

app = typer.Typer(
    help="A video factory behind a drop folder: copy a voice, clips and music into raw/, find the video in output/.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]


Once = Annotated[bool, typer.Option("--once", help="Work until idle, then exit.")]


class Given:
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
    Given.root, Given.log_json = root, log_json
    logs.start("videogen", None, as_json=log_json)  # to stderr: what a verb prints is data


@contextmanager
def role(component: str, process: str, house: House, *, drains: bool = False) -> Iterator[tuple[Signals, Notify]]:
    """Run a role: its log, its signals, its manager's ear. Raises: SetupError: there is no spool; nothing was made."""
    house.spool.expect_rooms()
    logs.start(component, house.log_file(process), as_json=Given.log_json, keep_days=house.settings.log.keep_days)
    spans.start(component, process.partition("-")[2])
    notify = Notify.from_environment()
    house.stop = daemon.Pulse(notify.watchdog)
    signals = Signals(stop=house.stop, wake=house.watch.hints.wake)
    with daemon.told(signals, drains=drains):
        try:
            yield signals, notify
        finally:
            spans.end()


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def age(seconds: float) -> str:
    """Say how long that is, in the largest unit that fits."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def size_of(count: float) -> str:
    """Say how many bytes that are, in the largest unit that fits."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count:.0f} B"


@contextmanager
def by_hand(house: House, unit: str = "frames", doing: str = "Rendering") -> Iterator[Tell]:
    """Work in the foreground: a bar that counts units, and a stop that leaves nothing behind."""
    logs.start("videogen", None, as_json=Given.log_json, keep_days=house.settings.log.keep_days)
    with daemon.stopping(house.stop), shown(unit, doing) as tell:
        yield tell


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
