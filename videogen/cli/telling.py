"""The verbs that tell what roles wrote down: metrics, logs."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from threading import Event, Thread
from typing import Annotated

import structlog
import typer

from videogen import daemon, exporter, logs, tale
from videogen.cli.app import Given, Json, app, print_json
from videogen.cli.explaining import NOT_FOUND
from videogen.daemon import Signals
from videogen.errors import MissingInput
from videogen.logs import STAMP
from videogen.model.value import readable
from videogen.notify import Notify
from videogen.tale import LEVELS, Tale, Told
from videogen.wiring import House

log = structlog.get_logger()

TICK_S = 0.5
_SPAN = re.compile(r"(?P<count>\d+(?:\.\d+)?) ?(?P<unit>s|m|min|h|d|w)")
_UNIT_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


@app.command()
def metrics(
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            envvar="VIDEOGEN_METRICS_LISTEN",
            metavar="[ADDRESS:]PORT",
            help="Serve /metrics and /healthz; default address 127.0.0.1.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Print every figure as the roles wrote it last; with --listen serve them to Prometheus until told to end.

    Examples: videogen metrics; videogen metrics --listen 127.0.0.1:9464. What each figure means: docs/metrics.md.
    """
    house = House(Given.root)
    house.spool.expect_rooms()
    if listen:
        _serve(house, exporter.address_of(listen))
        return
    found = exporter.texts(house.root / house.settings.log.dir)
    if as_json:
        print_json([_as_dict(one) for one in found])
    else:
        typer.echo(exporter.merged(found), nl=False)


def _as_dict(text: exporter.Text) -> dict[str, object]:
    lines = [line.rpartition(" ") for family in text.families.values() for line in family.samples]
    state = {"role": text.role, "node": text.node, "is_up": text.is_up, "has_ended": text.has_ended}
    age = {"age_s": round(text.age_s, 1), "trouble": text.trouble}
    return {**state, **age, "samples": {name: float(value) for name, _, value in lines}}


def _serve(house: House, address: tuple[str, int]) -> None:
    """Serve until told to end; as a service, its manager is told."""
    logs.start("metrics", None, as_json=Given.log_json)
    notify, signals = Notify.from_environment(), Signals()
    with daemon.told(signals, drains=False), exporter.Server(house.root / house.settings.log.dir, address) as server:
        thread = Thread(target=server.serve_forever, args=(TICK_S,), name="server", daemon=True)
        thread.start()
        host, port = server.server_address[:2]
        log.info("Serves metrics", at=f"http://{host!s}:{port}/metrics")
        notify.ready()
        notify.status(f"serving metrics at {host!s}:{port}")
        while not signals.stop.is_set() and thread.is_alive():
            notify.watchdog()
            if signals.reload.is_set():
                signals.reload.clear()
                notify.reloading()
                house = house.reloaded()
                server.folder = house.root / house.settings.log.dir
                notify.ready()
            signals.wake.wait(TICK_S)
            signals.wake.clear()
        notify.stopping()
        server.shutdown()


class Level(StrEnum):
    """The least level that is told."""

    debug = "debug"
    info = "info"
    warn = "warn"
    error = "error"


@app.command(name="logs")
def logs_command(
    task: Annotated[
        str, typer.Argument(metavar="TASK|WORD", help="A task's id or its beginning, or a file's name; without: all.")
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written, until Ctrl-C.")] = False,
    since: Annotated[
        str, typer.Option("--since", help="Only since then: 90s, 30min, 1h, 2d, or 2026-01-31T12:00.")
    ] = "",
    level: Annotated[Level, typer.Option("--level", help="Only this level and above.")] = Level.debug,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Tell the logs of all processes as one, in order of time; of one task: its story from the drop to the publish.

    Examples: videogen logs 1f3a; videogen logs chapter_0001.mp3; videogen logs -f --level warn.
    66 where nothing is called so.
    """
    house = House(Given.root)
    house.spool.expect_rooms()
    story = Tale(house.root / house.settings.log.dir)
    stop = Event()
    begin = _stamp(since)
    is_part = _question(house, story, task)
    least = LEVELS.index("WARN" if level is Level.warn else level.upper())
    with daemon.stopping(stop):
        told = story.followed(begin, stop) if follow else story.told(begin)
        count = 0
        for one in told:
            if LEVELS.index(one.level) >= least and is_part(one):
                count += 1
                _tell(one, as_json=as_json)
            if stop.is_set():
                break
    if task and not (count or follow):
        _nothing(house, task)


def _tell(one: Told, *, as_json: bool) -> None:
    typer.echo(json.dumps(one.to_dict(), ensure_ascii=True) if as_json else one.line())


def _stamp(since: str) -> str:
    """Give the stamp from which on is told. Raises: typer.BadParameter: it is no time."""
    if not since:
        return ""
    if span := _SPAN.fullmatch(since):
        return _written(time.time() - float(span["count"]) * _UNIT_S[span["unit"]])
    try:
        given = datetime.fromisoformat(since)
    except ValueError as error:
        raise typer.BadParameter(f"{since!r} is no time; give 90s, 30min, 1h, 2d or 2026-01-31T12:00.") from error
    return _written((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp())


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(max(0.0, seconds), UTC).strftime(STAMP)


def _question(house: House, story: Tale, task: str) -> Callable[[Told], bool]:
    """Give what makes an event part of what was asked for. Raises: MissingInput: several tasks begin so."""
    if not task:
        return lambda one: True
    ids = tale.ids_in(house.spool, task) | story.ids(task)
    if len(ids) > 1:
        some = ", ".join(sorted(ids)[:5])
        raise MissingInput(f"{len(ids)} tasks begin with {task!r}", remedy=f"Give more of one's id: {some}.")
    if ids:
        (task_id,) = ids
        return tale.about(task_id, tale.voice_of(house.spool, task_id))
    return tale.naming(task)


def _nothing(house: House, task: str) -> None:
    """Say that no line is about it, and end so where nothing at all is called so."""
    is_there = bool(tale.ids_in(house.spool, task))
    what = "no line of the logs is about" if is_there else "no task and no line of the logs has"
    typer.echo(f"videogen: {what} {readable(task)!r}. See `videogen why {readable(task)}`.", err=True)
    if not is_there:
        raise typer.Exit(NOT_FOUND)
