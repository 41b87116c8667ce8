"""The verb that looks whether everything is right, and puts right what can be: fsck."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen import fsck
from videogen.cli.app import DryRun, Given, Json, app, print_json
from videogen.errors import InputError
from videogen.wiring import House


@app.command(name="fsck")
def fsck_command(
    as_json: Json = False,
    repair: Annotated[bool, typer.Option("--repair", help="Do what can be done without a person.")] = False,
    dry_run: DryRun = False,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the hashes of videos and of the library.")] = False,
) -> None:
    """Look whether every task is in one place and everything is whole, also while work goes on; 65 where errors are."""
    house = House(Given.root)
    spool = house.spool
    spool.expect_rooms()
    found, done = fsck.examine(spool, quick=quick), []
    planned = [one for one in found if one.is_repairable] if repair and dry_run else []
    if repair and not dry_run and any(one.is_repairable for one in found):
        done = fsck.repair(spool, found, lease_s=house.settings.node.lease_s)
        found = fsck.examine(spool, quick=quick)
    if as_json:
        told = {"findings": found, "repaired": done, "would_repair": planned}
        print_json({name: [asdict(one) for one in ones] for name, ones in told.items()} | {"dry_run": dry_run})
    else:
        for one in planned:
            typer.echo(f"would repair: {one.message}")
        _print_findings(found, done)
    if any(one.severity == "error" for one in found):
        raise typer.Exit(InputError.exit_code)


def _print_findings(found: list[fsck.Finding], done: list[fsck.Finding]) -> None:
    for one in done:
        typer.echo(f"repaired: {one.message}")
    if not found:
        typer.echo("everything is in its place")
        return
    table = Table()
    for heading in ("code", "is", "found", "remedy"):
        table.add_column(heading, overflow="fold")
    for one in found:
        colour = "red" if one.severity == "error" else "yellow"
        table.add_row(one.code, f"[{colour}]{one.severity}[/]", escape(one.message), escape(one.remedy))
    Console().print(table)
    if any(one.is_repairable for one in found):
        typer.echo("`videogen fsck --repair` puts some of it right")
