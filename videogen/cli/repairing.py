"""The verbs that put things right: fsck, drain, resume, retry."""

import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen import durable, fsck
from videogen.cli.app import Given, Json, app, print_json
from videogen.errors import InputError, LeaseLost, MissingInput, TemporaryError, VideogenError
from videogen.model.node import NodePaper
from videogen.spool import NODE_NAME, Spool, Sweeper, drain_of, paper_of, papers_in, read_paper, read_task, visible
from videogen.spool.papers import token
from videogen.trash import utc_now
from videogen.wiring import House

LOOK_S = 0.25
NodeName = Annotated[str, typer.Argument(metavar="NODE", help="The node's name, as `videogen status` tells it.")]


@app.command(name="fsck")
def fsck_command(
    as_json: Json = False,
    repair: Annotated[bool, typer.Option("--repair", help="Do what can be done without a person.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the hashes of videos and of the library.")] = False,
) -> None:
    """Look whether every task is in one place and everything is whole, also while work goes on; 65 where errors are."""
    house = House(Given.root)
    spool = house.spool
    spool.expect_rooms()
    found, done = fsck.examine(spool, quick=quick), []
    if repair and any(one.is_repairable for one in found):
        done = fsck.repair(spool, found, lease_s=house.settings.node.lease_s)
        found = fsck.examine(spool, quick=quick)
    if as_json:
        print_json({"findings": [asdict(one) for one in found], "repaired": [asdict(one) for one in done]})
    else:
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


# -- nodes -----------------------------------------------------------------------------------------------------------


@app.command()
def drain(
    node: NodeName,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return once the node is drained; 75 if it went silent.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask a node to finish what it holds and take no more, until `resume`; the request outlives its restarts."""
    spool = _spool()
    paper = _paper(spool, node)
    durable.write(drain_of(spool.nodes, node), f"asked for at {utc_now()}\n")
    if wait:
        paper = _drained(spool, paper)
    if as_json:
        print_json({"node": node, "asked": "drain", "state": paper.state, "held": paper.held})
    elif wait:
        typer.echo(f"the node {node} is drained; `videogen resume {node}` has it take tasks again")
    elif not _may_live(spool, paper):
        typer.echo(f"the node {node} does not run; when it starts, it takes no task until `videogen resume {node}`")
    else:
        held = f"its {len(paper.held)} tasks" if paper.held else "what it holds"
        typer.echo(f"the node {node} finishes {held} and takes no more until `videogen resume {node}`")


@app.command()
def resume(node: NodeName, as_json: Json = False) -> None:
    """Have a node take tasks again; one that was not asked to drain goes on as before."""
    spool = _spool()
    paper = _paper(spool, node)
    request = drain_of(spool.nodes, node)
    was_asked = request.exists()
    durable.remove(request)
    if as_json:
        print_json({"node": node, "asked": "resume", "was_asked_to_drain": was_asked, "state": paper.state})
    elif not was_asked:
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


# -- tasks -----------------------------------------------------------------------------------------------------------


@app.command()
def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Ids of failed tasks, or beginnings.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every task in trash/failed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Bring failed tasks back to tasks/ with no attempts counted; 75 where one could not be."""
    if bool(ids) == failed:
        raise typer.BadParameter("name the tasks, or give --failed for all of them")
    spool = _spool()
    wanted = [path.name for path in visible(spool.failed) if path.is_dir()] if failed else ids or []
    told = [_retried(spool, word, is_dry=dry_run) for word in wanted]
    if as_json:
        print_json({"retried": told, "dry_run": dry_run})
    else:
        _print_retried(told)
    if any(row["refused"] for row in told):
        raise typer.Exit(TemporaryError.exit_code)


def _retried(spool: Spool, wanted: str, *, is_dry: bool) -> dict[str, Any]:
    """Retry one task; say what came of it."""
    row = {"task": wanted, "did": "", "refused": ""}
    try:
        row["task"] = _failed_task(spool, wanted)
        if is_dry:
            _expect_retriable(spool, row["task"])
            row["did"] = "would go to tasks/"
        else:
            spool.retry(row["task"])
            row["did"] = "went to tasks/"
    except (VideogenError, OSError) as error:
        row["refused"] = str(error)
    return row


def _failed_task(spool: Spool, wanted: str) -> str:
    found = [path.name for path in visible(spool.failed) if path.name == wanted]
    found = found or [path.name for path in visible(spool.failed) if wanted and path.name.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    trouble = "no failed task begins" if not found else f"{len(found)} failed tasks begin"
    raise MissingInput(f"{trouble} with {wanted!r}", remedy="`ls trash/failed` shows their ids.")


def _expect_retriable(spool: Spool, task_id: str) -> None:
    """Prove that a retry would find what it needs. Raises: MissingInput; LeaseLost: it went meanwhile."""
    folder = spool.failed / task_id
    try:
        task = read_task(folder)
    except FileNotFoundError as error:
        raise LeaseLost(f"{task_id} is not in trash/failed any more", remedy="Another retries it.") from error
    if task.task_id != task_id:
        raise MissingInput(f"{task_id} is a copy of the task {task.task_id}", remedy="Remove it, or retry that one.")
    if token(folder, prefix=".fenced.") is None and token(folder) is None:
        raise MissingInput(f"trash/failed/{task_id} has no token", remedy="Drop its voice into raw/ again.")


def _print_retried(told: Iterable[dict[str, Any]]) -> None:
    rows = list(told)
    for row in rows:
        typer.echo(f"refused  {row['task']}: {row['refused']}" if row["refused"] else f"{row['task']} {row['did']}")
    if not rows:
        typer.echo("nothing has failed")
