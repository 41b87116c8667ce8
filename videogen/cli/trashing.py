"""The verbs of the trash: trash ls, trash restore, trash empty."""

import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen import durable
from videogen.bounds import Thing, take_away
from videogen.calm import DAY_S
from videogen.cli.app import DryRun, Given, Json, age, app, print_json
from videogen.cli.tasks import retried
from videogen.errors import InputError, MissingInput, TemporaryError, VideogenError
from videogen.fsck import TRASH
from videogen.model.value import readable
from videogen.progress import counted
from videogen.spool import Spool, visible
from videogen.trash import NOTE, Trash
from videogen.why.answer import paper_at
from videogen.wiring import House

PATIENCE_S = 10.0
UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": DAY_S, "w": 7 * DAY_S}
Row = dict[str, Any]
Invalid = Annotated[bool, typer.Option("--invalid", help="Refused files.")]
Failed = Annotated[bool, typer.Option("--failed", help="Failed and cancelled tasks.")]
Attempts = Annotated[bool, typer.Option("--attempts", help="What is left of attempts that were tried again.")]

trash = typer.Typer(help="What was refused, what failed, and what is left of attempts.", no_args_is_help=True)
app.add_typer(trash, name="trash")


# -- what lies there ---------------------------------------------------------------------------------------------------


@trash.command()
def ls(invalid: Invalid = False, failed: Failed = False, attempts: Attempts = False, as_json: Json = False) -> None:
    """List what lies in trash/ with its reason, the newest last; one kind, or all."""
    spool = _house().spool
    rows = sorted(_rows(spool, _rooms(invalid, failed, attempts)), key=lambda row: (-row["age_s"], row["path"]))
    if as_json:
        print_json(rows)
        return
    table = Table()
    for heading in ("path", "code", "because", "age", "MB"):
        table.add_column(heading, overflow="fold", justify="right" if heading in {"age", "MB"} else "left")
    for row in rows:
        size = f"{row['size_bytes'] / 1e6:.1f}"
        table.add_row(escape(row["path"]), row["code"], escape(row["because"]), age(row["age_s"]), size)
    Console().print(table)
    typer.echo(f"{len(rows)} in all, {_gb(sum(row['size_bytes'] for row in rows))}")


def _house() -> House:
    house = House(Given.root)
    house.spool.expect_rooms()
    return house


def _rooms(invalid: bool, failed: bool, attempts: bool) -> list[str]:
    asked = [room for room, is_asked in zip(TRASH, (invalid, failed, attempts), strict=True) if is_asked]
    return asked or list(TRASH)


def _rows(spool: Spool, rooms: Iterable[str]) -> Iterator[Row]:
    for room in rooms:
        there = visible(spool.root / room)
        names = {path.name for path in there}
        for path in there:
            if path.name.endswith(NOTE) and path.name + NOTE not in names:
                continue  # beside its file; one whose file has gone is no thing
            try:
                yield _row(spool, room, path)
            except FileNotFoundError:
                continue  # it went on while we looked


def _row(spool: Spool, room: str, path: Path) -> Row:
    inside, beside = path / "reason.json", path.with_name(path.name + NOTE)
    note = beside if beside.exists() else inside
    reason = paper_at(note) or {}
    stamped = note if reason else path
    if room == "trash/attempts":
        task_id, _, epoch = path.name.partition(".")
        told = {"code": "", "because": f"what is left of attempt {epoch} at the task {task_id}"}
    else:
        told = {"code": str(reason.get("code", "")), "because": str(reason.get("message", "nothing says why"))}
    is_folder = path.is_dir() and not path.is_symlink()
    files = (one for one in path.rglob("*")) if is_folder else iter([path])
    return {
        "path": readable(path.relative_to(spool.root).as_posix()),
        "room": room,
        **told,
        "age_s": round(max(0.0, time.time() - stamped.lstat().st_mtime), 1),
        "size_bytes": sum(one.lstat().st_size for one in files),
        "at": str(reason.get("at", "")),
        "dropped_as": str(reason.get("path", "")) if room == "trash/invalid" else "",
    }


# -- back --------------------------------------------------------------------------------------------------------------


@trash.command()
def restore(
    names: Annotated[list[str], typer.Argument(metavar="NAME|ID...", help="As `trash ls` names them, or ids.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring refused files back to raw/ to be judged again, failed tasks to tasks/; 75 where one could not be."""
    spool = _house().spool
    rows = [_restored(spool, name, is_dry=dry_run) for name in counted(names, "restoring")]
    if as_json:
        print_json({"restored": rows, "dry_run": dry_run})
    else:
        for row in rows:
            typer.echo(f"refused  {row['what']}: {row['refused']}" if row["refused"] else f"{row['what']} {row['did']}")
    if any(row["refused"] for row in rows):
        raise typer.Exit(TemporaryError.exit_code)


def _restored(spool: Spool, asked: str, *, is_dry: bool) -> Row:
    room, name = _place(asked)
    row: Row = {"what": readable(name), "did": "", "refused": ""}
    try:
        if room == "trash/attempts":
            raise MissingInput(f"{name} is what is left of an attempt", remedy="Its task went on; ask `videogen why`.")
        if room == "trash/invalid" or (not room and _is_refused(spool, name)):
            home = Trash(spool.root).home_of(name) if is_dry else Trash(spool.root).restore(name)
            to = readable(home.relative_to(spool.root).as_posix())
            row["did"] = f"{'would go' if is_dry else 'went'} to {to}"
            return row
        told = retried(spool, name, is_dry=is_dry)
        row.update(what=told["task"], did=told["did"], refused=told["refused"])
        if row["refused"] and not room and not any(path.name.startswith(name) for path in visible(spool.failed)):
            row["refused"] = f"nothing in trash/ is named {readable(name)}. `videogen trash ls` names what is there."
    except (VideogenError, OSError) as error:
        row["refused"] = str(error)
    return row


def _place(asked: str) -> tuple[str, str]:
    """Give the room of trash/ that a path names, empty where it is a bare name, and the name."""
    path = Path(asked)
    room = next((one for one in TRASH if path.parent.as_posix().endswith(one)), "")
    return room, path.name


def _is_refused(spool: Spool, name: str) -> bool:
    path = spool.root / "trash" / "invalid" / name
    return path.is_symlink() or path.exists()


# -- away --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Choice:
    """What is to go, and what stays as it may be the only copy of what was dropped."""

    going: list[Thing]
    kept: list[Thing]


@trash.command()
def empty(  # noqa: PLR0913, PLR0917 -- each is an option of the command line
    older_than: Annotated[str, typer.Option(metavar="AGE", help="Only what is older, as 7d, 12h, 90min.")] = "0s",
    invalid: Invalid = False,
    failed: Failed = False,
    attempts: Attempts = False,
    take_all: Annotated[
        bool, typer.Option("--all", help="Refused files younger than a week, too; needs --yes.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take things in trash/ away for good: says how much first, and asks. There is no undo.

    A refused file may be the only copy of what was dropped: younger than a week it stays, unless --yes --all is said.
    """
    house, least_s = _house(), seconds_of(older_than)
    if take_all and not (yes or dry_run):
        raise typer.BadParameter("--all takes the only copies of what was dropped: say --yes, too")
    choice = _chosen(house, _rooms(invalid, failed, attempts), least_s, is_all=take_all)
    if dry_run:
        _tell(house, choice, choice.going, as_json=as_json, is_dry=True)
        return
    if choice.going and not yes:
        _ask(choice)
    with durable.alone(house.bounds.lock, patience_s=PATIENCE_S) as is_ours:
        if not is_ours:
            raise TemporaryError("another tidies up just now", remedy="Try again in a minute.")
        went = [thing for thing in counted(choice.going, "emptying") if take_away(thing)]
    _tell(house, choice, went, as_json=as_json, is_dry=False)


def seconds_of(words: str) -> float:
    """Give a length of time as people write it, as 7d or 90min. Raises: InputError: it is none."""
    match = re.fullmatch(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>s|min|h|d|w)", words.strip())
    if match is None:
        raise InputError(f"{words!r} is no age", remedy="Write it as 7d, 12h or 90min.")
    return float(match["number"]) * UNITS[match["unit"]]


def _chosen(house: House, rooms: Iterable[str], least_s: float, *, is_all: bool) -> _Choice:
    old = [thing for thing in house.bounds.lying(rooms) if thing.age_s >= least_s]
    kept = [] if is_all else [thing for thing in old if thing.age_s < thing.least_s]
    paths = {thing.path for thing in kept}
    return _Choice([thing for thing in old if thing.path not in paths], kept)


def _ask(choice: _Choice) -> None:
    """Say how much is to go, and ask. Raises: InputError: nobody can answer. typer.Abort: the answer is no."""
    for room in TRASH:
        some = [thing for thing in choice.going if thing.room == room]
        if some:
            typer.echo(f"{room}: {len(some)} things, {_gb(sum(thing.size_bytes for thing in some))}", err=True)
    if not sys.stdin.isatty():
        raise InputError("nobody can be asked whether these are to go for good", remedy="Say --yes, or --dry-run.")
    typer.confirm(f"Take {len(choice.going)} things away for good? There is no undo", abort=True, err=True)


def _tell(house: House, choice: _Choice, things: list[Thing], *, as_json: bool, is_dry: bool) -> None:
    size = sum(thing.size_bytes for thing in things)
    if as_json:
        rows = [{"path": _path(house, one), "bytes": one.size_bytes, "age_s": round(one.age_s)} for one in things]
        kept = [_path(house, one) for one in choice.kept]
        print_json({"dry_run": is_dry, "things": rows, "bytes": size, "kept": kept})
        return
    for thing in things:
        typer.echo(f"{'would go' if is_dry else 'went'}  {_path(house, thing)}: {age(thing.age_s)} old")
    typer.echo(f"{len(things)} things, {_gb(size)}; there is no undo" if things else "nothing is to go")
    if choice.kept:
        typer.echo(f"kept {len(choice.kept)} younger than a week, which may be the only copies: --all takes them")


def _path(house: House, thing: Thing) -> str:
    return readable(thing.path.relative_to(house.root).as_posix())


def _gb(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:.3g} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.3g} MB"
