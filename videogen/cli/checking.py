"""The verb that looks at the machine: doctor."""

import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen import doctor
from videogen import tune as tuning
from videogen.cli.app import Given, Json, app, print_json
from videogen.doctor import Finding, Patient
from videogen.errors import ConfigError, SetupError
from videogen.spool import Spool
from videogen.toolchain import find
from videogen.wiring import House

COLOURS = {"good": "green", "note": "yellow", "bad": "red"}


@app.command(name="doctor")
def doctor_command(
    as_json: Json = False,
    tune: Annotated[bool, typer.Option("--tune", help="Measure how many encodes to run side by side.")] = False,
    name: Annotated[str, typer.Option("--name", help="The node to tune; default the host's.")] = "",
) -> None:
    """Look for what breaks such systems on this machine; each finding with a remedy; 78 where one is bad."""
    if tune:
        house = House(Given.root)
        _tune(house, house.node_name(name), as_json=as_json)
        return
    findings = doctor.examine(_patient())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        page(Console(), findings)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(SetupError.exit_code)


def _patient() -> Patient:
    """Give what is looked at; settings that cannot be read are a finding, and the rest is looked at as by default."""
    try:
        return House(Given.root).patient
    except ConfigError as error:
        return Patient(Spool(Path(Given.root).absolute()), lambda: find(""), trouble=error)


def page(console: Console, findings: Iterable[Finding]) -> None:
    """Print the findings on one page, by subject; the last line counts what there is to do."""
    told = list(findings)
    for group, rows in groupby(told, key=lambda finding: finding.group):
        console.print(f"[bold]{group}[/]")
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 1), pad_edge=True)
        table.add_column(width=4)
        table.add_column(width=21, overflow="fold")
        table.add_column(overflow="fold")
        for one in rows:
            said = escape(one.found) + (f"\n[cyan]do:[/] {escape(one.remedy)}" if one.remedy else "")
            table.add_row(f"[{COLOURS[one.state]}]{one.state}[/]", escape(one.subject), said)
        console.print(table)
    counts = Counter(finding.state for finding in told if finding.state == "bad" or finding.remedy)
    console.print(f"{counts['bad'] or 'nothing'} bad, {counts['note'] or 'nothing'} to look at", highlight=False)


def _tune(house: House, node: str, *, as_json: bool) -> None:
    house.spool.expect_rooms()
    tried: list[tuning.Trial] = []

    def tell(trial: tuning.Trial) -> None:
        tried.append(trial)
        if not as_json:
            typer.echo(f"{trial.encodes} at once: {trial.frames_per_s:.1f} frames/s, {trial.memory_mb} MB each")

    with tempfile.TemporaryDirectory(prefix="videogen-tune-") as scratch:
        best = tuning.tune(house.bench, house.canvas, Path(scratch), tell)
    paper = tuning.keep(house.root, node, best)
    if as_json:
        print_json({"encodes": best.encodes, "trials": [trial.__dict__ for trial in tried], "kept": str(paper)})
    else:
        typer.echo(f"the node {node} runs {best.encodes} at once from its next start on")
