"""The program itself: what stands before the verb, how a verb runs, and the numbers it exits with."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_group

from videogen import __version__
from videogen.cli.verbs import Verbs, dress
from videogen.errors import ConfigError, InputError, SetupError, VideogenError

if TYPE_CHECKING:
    from videogen.daemon import Signals
    from videogen.notify import Notify
    from videogen.progress import Tell
    from videogen.wiring import House

MODULES = {
    "up": "roles",
    "status": "looking",
    "top": "top",
    "why": "explaining",
    "logs": "telling",
    "history": "recounting",
    "render": "making",
    "mix": "mixing",
    "encode": "making",
    "preview": "previewing",
    "plan": "looking",
    "swap": "remaking",
    "rebuild": "remaking",
    "warm": "making",
    "retry": "tasks",
    "cancel": "tasks",
    "requeue": "tasks",
    "trash": "trashing",
    "fsck": "repairing",
    "verify": "verifying",
    "tidy": "tidying",
    "init": "roles",
    "main": "roles",
    "node": "roles",
    "crawl": "roles",
    "drain": "nodes",
    "resume": "nodes",
    "metrics": "telling",
    "doctor": "checking",
    "config": "looking",
    "cache": "cache",
    "provenance": "tracing",
    "uses": "tracing",
    "replay": "replaying",
    "schema": "tracing",
    "completion": "completing",
}
"""Which module beside this one has which verb."""


LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class Program(Verbs):
    """All verbs; the module of one is imported when the verb is asked for, for most of a start is imports."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name all of them."""
        self._bring(MODULES)
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give one of them; None: there is none of that name, and all are there to guess what was meant."""
        self._bring([cmd_name] if cmd_name in MODULES else MODULES)
        return super().get_command(ctx, cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of all of them."""
        self._bring(MODULES)
        super().format_help(ctx, formatter)

    def _bring(self, names: Iterable[str]) -> None:
        if all(name in self.commands for name in names):
            return
        for module in dict.fromkeys(MODULES[name] for name in names):
            importlib.import_module(f"videogen.cli.{module}")
        dress(app)
        brought = get_group(app).commands
        self.commands = {name: brought[name] for name in MODULES if name in brought}


app = typer.Typer(
    cls=Program,
    help="A video factory behind a drop folder: copy a voice, clips and music into raw/, find the video in output/.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def program() -> Program:
    """Give the program with every verb in it, for whoever reads what there is."""
    made = get_group(app)
    if not isinstance(made, Program):
        raise TypeError(type(made))
    made.list_commands(None)
    return made


Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]


Once = Annotated[bool, typer.Option("--once", help="Work until idle, then exit.")]


class Given:
    """The options that stand before the verb."""

    root = Path()
    log_json = False
    log_level = "INFO"

    @classmethod
    def options(cls) -> list[str]:
        """Give them again, for a process below this one."""
        level = ["--log-level", cls.log_level] if cls.log_level != "INFO" else []
        return [*(["--log-json"] if cls.log_json else []), *level]


@app.callback(invoke_without_command=True)
def before(
    root: Annotated[
        Path, typer.Option("--root", envvar="VIDEOGEN_ROOT", help="The folder that holds raw/ and the other rooms.")
    ] = Path(),
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    log_level: Annotated[
        str, typer.Option("--log-level", envvar="LOG_LEVEL", help="Tell nothing less: DEBUG, INFO, WARNING or ERROR.")
    ] = "INFO",
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """A video factory behind a drop folder."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    Given.root, Given.log_json, Given.log_level = root, log_json, _level(log_level)
    from videogen import logs  # noqa: PLC0415 -- `--version` and help need none of it

    logs.start("videogen", None, as_json=log_json, level=Given.log_level)  # to stderr: what a verb prints is data


def _level(word: str) -> str:
    """Give a level by the word that people write. Raises: ConfigError: there is none of that name."""
    level = {"WARN": "WARNING"}.get(word.strip().upper(), word.strip().upper()) or "INFO"
    if level not in LEVELS:
        raise ConfigError(f"there is no level {word[:40]!r}", remedy=f"Set LOG_LEVEL to one of {', '.join(LEVELS)}.")
    return level


@contextmanager
def role(component: str, process: str, house: House, *, drains: bool = False) -> Iterator[tuple[Signals, Notify]]:
    """Run a role: its log, its signals, its manager's ear. Raises: SetupError: there is no spool; nothing was made."""
    from videogen import daemon, logs, spans  # noqa: PLC0415 -- `--version` and most verbs need none of it
    from videogen.notify import Notify  # noqa: PLC0415 -- as above

    house.spool.expect_rooms()
    log_file, keep_days = house.log_file(process), house.settings.log.keep_days
    logs.start(component, log_file, as_json=Given.log_json, keep_days=keep_days, level=Given.log_level)
    spans.start(component, process.partition("-")[2])
    notify = Notify.from_environment()
    house.stop = daemon.Pulse(notify.watchdog)
    signals = daemon.Signals(stop=house.stop, wake=house.wake)
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
    from videogen import daemon, logs  # noqa: PLC0415 -- `--version` and most verbs need none of it
    from videogen.progress import shown  # noqa: PLC0415 -- as above

    keep_days = house.settings.log.keep_days
    logs.start("videogen", None, as_json=Given.log_json, keep_days=keep_days, level=Given.log_level)
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
