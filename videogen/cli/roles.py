"""The verbs that run a role: init, main, node, crawl, up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from videogen import daemon
from videogen.cli.app import Given, Json, Once, app, print_json, role
from videogen.progress import shown
from videogen.spool import Spool
from videogen.wiring import House


@app.command()
def init() -> None:
    """Lay out the rooms under --root; what is there stays as it is."""
    spool = Spool(Path(Given.root).absolute())
    spool.lay_out()
    spool.prove()
    typer.echo(f"The spool is ready: copy files into {spool.root}/raw")


@app.command()
def main(once: Once = False) -> None:
    """Be the main worker: take files from raw/ into scanned/, and make tasks of voices."""
    house = House(Given.root)
    with role("main_worker", "main", house) as told:
        report = daemon.run_main(house, *told, once=once)
    if once and report.has_refused_voice:
        raise typer.Exit(65)
    if once and report.waiting:
        raise typer.Exit(75)


@app.command()
def node(
    once: Once = False,
    name: Annotated[str, typer.Option("--name", help="This node's name; default the host's.")] = "",
    drain_s: Annotated[
        float | None,
        typer.Option("--drain-s", min=0, help="Finish a video in this time when told to end; default node.drain_s."),
    ] = None,
) -> None:
    """Be a render node: take tasks, render them, publish them to output/.

    The first SIGTERM or Ctrl-C drains: the running video is finished in time, or given back. The second stops at once.
    """
    house = House(Given.root)
    name = house.node_name(name)
    limit_s = house.settings.node.drain_s if drain_s is None else drain_s
    with role("render_worker", f"node-{name}", house, drains=True) as told, shown() as tell:
        counts = daemon.run_node(house, name, tell, *told, once=once, drain_s=limit_s)
    if once and counts.get("failed"):
        raise typer.Exit(65)
    if once and counts.get("parked"):
        raise typer.Exit(75)


@app.command()
def crawl(once: Once = False) -> None:
    """Be the crawler: fetch the pages that link files name, and cut them into chunks of text."""
    house = House(Given.root)
    with role("crawl", "crawl", house) as told:
        daemon.run_crawl(house, *told, once=once)


@app.command()
def up(once: Once = False, as_json: Json = False) -> None:
    """Be main, crawler and one node in one process tree. With --once: work until idle, then say what came of it."""
    house = House(Given.root)
    with role("main_worker", "main", house) as told:
        if not once:
            daemon.run_up(house, *told, Given.options())
            return
        report = daemon.run_up_once(house, *told, Given.options())
    if as_json:
        print_json(_up_dict(report))
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
