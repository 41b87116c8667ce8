"""The verbs that tell a node what to do: drain, resume."""

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from videogen import durable
from videogen.cli.app import DryRun, Given, Json, app, print_json
from videogen.errors import InputError, TemporaryError
from videogen.model.node import NodePaper
from videogen.spool import NODE_NAME, Spool, Sweeper, drain_of, paper_of, papers_in, read_paper
from videogen.trash import utc_now
from videogen.wiring import House

LOOK_S = 0.25
NodeName = Annotated[str, typer.Argument(metavar="NODE", help="The node's name, as `videogen status` tells it.")]


@app.command()
def drain(
    node: NodeName,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return once the node is drained; 75 if it went silent.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Ask a node to finish what it holds and take no more, until `resume`; the request outlives its restarts."""
    spool = _spool()
    paper = _paper(spool, node)
    if not dry_run:
        durable.write(drain_of(spool.nodes, node), f"asked for at {utc_now()}\n")
        if wait:
            paper = _drained(spool, paper)
    if as_json:
        print_json({"node": node, "asked": "drain", "state": paper.state, "held": paper.held, "dry_run": dry_run})
        return
    if dry_run:
        typer.echo("nothing is asked; with the request:")
    if wait and not dry_run:
        typer.echo(f"the node {node} is drained; `videogen resume {node}` has it take tasks again")
    elif not _may_live(spool, paper):
        typer.echo(f"the node {node} does not run; when it starts, it takes no task until `videogen resume {node}`")
    else:
        held = f"its {len(paper.held)} tasks" if paper.held else "what it holds"
        typer.echo(f"the node {node} finishes {held} and takes no more until `videogen resume {node}`")


@app.command()
def resume(node: NodeName, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Have a node take tasks again; one that was not asked to drain goes on as before."""
    spool = _spool()
    paper = _paper(spool, node)
    request = drain_of(spool.nodes, node)
    was_asked = request.exists()
    if not dry_run:
        durable.remove(request)
    if as_json:
        told = {"node": node, "asked": "resume", "was_asked_to_drain": was_asked, "state": paper.state}
        print_json(told | {"dry_run": dry_run})
        return
    if dry_run:
        typer.echo("nothing is changed; with the request taken back:")
    if not was_asked:
        typer.echo(f"the node {node} was not asked to drain")
    else:
        when = "now" if _may_live(spool, paper) else "when it starts"
        typer.echo(f"the node {node} takes tasks again {when}")


def _spool() -> Spool:
    spool = House(Given.root).spool
    spool.expect_rooms()
    return spool


def _paper(spool: Spool, node: str) -> NodePaper:
    """Read the paper of a node. Raises: InputError: there never was such a node."""
    paper = read_paper(paper_of(spool.nodes, node)) if NODE_NAME.fullmatch(node) else None
    if paper is None:
        known = [path.stem for path in papers_in(spool.nodes)]
        there = f"These are: {', '.join(known)}." if known else "None has run here yet."
        raise InputError(f"no node is named {node}", remedy=there)
    return paper


def _may_live(spool: Spool, paper: NodePaper) -> bool:
    """Whether a node's process may be there: only on this machine that can be known."""
    return not Sweeper.is_here(paper) or durable.is_locked(spool.lock_of(f"node-{paper.node}"))


def _drained(spool: Spool, paper: NodePaper) -> NodePaper:
    """Wait until a node says that it is drained; give its last paper.

    Raises: TemporaryError: it ended, or gave no sign of life for its whole lease on our own clock.
    """
    heard = time.monotonic()
    console = Console(stderr=True)
    with console.status("") as shown:
        while paper.state != "drained":
            if not _may_live(spool, paper) or time.monotonic() - heard > paper.lease_s:
                raise TemporaryError(
                    f"the node {paper.node} gives no sign of life", remedy="The request stays; see whether it runs."
                )
            told = f"{paper.node}: {paper.state}, holds {len(paper.held)} tasks"
            shown.update(escape(told))
            time.sleep(LOOK_S)
            latest = read_paper(paper_of(spool.nodes, paper.node)) or paper
            if (latest.incarnation, latest.beat) != (paper.incarnation, paper.beat):
                heard = time.monotonic()
                if not console.is_terminal and (latest.state, latest.held) != (paper.state, paper.held):
                    console.print(f"{latest.node}: {latest.state}, holds {len(latest.held)} tasks", markup=False)
            paper = latest
    return paper
