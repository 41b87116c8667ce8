"""The verbs that look after the store of segments: cache ls, verify, gc, clear."""

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen.cli.app import DryRun, Given, Json, age, app, print_json
from videogen.segments import Segments
from videogen.wiring import House

cache = typer.Typer(help="The store of encoded segments under scanned/.segments.", no_args_is_help=True)
app.add_typer(cache, name="cache")


@cache.command()
def ls(as_json: Json = False) -> None:
    """List the segments, the least recently used first, with their sizes and what they show."""
    store = _store()
    rows = sorted(store.entries(), key=lambda one: one.used_s)
    if as_json:
        print_json([{**row.__dict__, "name": row.name.model_dump()} for row in rows])
        return
    table = Table()
    for heading in ("key", "frames", "MB", "used", "shows"):
        table.add_column(heading, overflow="fold", justify="right" if heading in {"frames", "MB"} else "left")
    for row in rows:
        used = f"{age(max(0.0, time.time() - row.used_s))} ago"
        table.add_row(row.name.key[:12], str(row.frames), f"{row.size_bytes / 1e6:.1f}", used, escape(row.title))
    Console().print(table)
    count, size = store.total()
    typer.echo(f"{count} segments, {size / 1e9:.2f} GB")


@cache.command()
def verify(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Read every segment and compare it with its hash; a damaged one is dropped, and encoded again when needed."""
    sound, dropped = _store().verify(is_dry=dry_run)
    if as_json:
        print_json({"sound": sound, "dropped": dropped, "dry_run": dry_run})
    else:
        typer.echo(f"{sound} segments are as they were made")
        for sentence in dropped:
            typer.echo(sentence)
    if dropped:
        raise typer.Exit(65)


@cache.command()
def gc(
    max_gb: Annotated[float | None, typer.Option(min=0, help="GB to keep; default segments.max_gb.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take out the least recently used segments beyond the limit; what a render holds stays with it."""
    removed = _store().evict(None if max_gb is None else int(max_gb * 1e9), is_dry=dry_run)
    _print_removed(removed, as_json=as_json, is_dry=dry_run)


@cache.command()
def clear(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take out every segment; each is encoded again when it is needed."""
    _print_removed(_store().clear(is_dry=dry_run), as_json=as_json, is_dry=dry_run)


def _store() -> Segments:
    house = House(Given.root)
    house.spool.expect_rooms()
    return house.segments


def _print_removed(removed: tuple[int, int], *, as_json: bool, is_dry: bool) -> None:
    count, size = removed
    if as_json:
        print_json({"removed": count, "bytes": size, "dry_run": is_dry})
    else:
        typer.echo(f"{'would remove' if is_dry else 'removed'} {count} segments, {size / 1e9:.2f} GB")
