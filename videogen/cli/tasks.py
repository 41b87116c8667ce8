"""The verbs that move tasks by hand: cancel, requeue, retry.

Each takes ids or their beginnings, does one task after the other, and says of each what came of it: what was refused
stops none of the others. A dry run finds out all that can be known without touching anything.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from videogen.assemble.history import paper_of
from videogen.cli.app import DryRun, Given, Json, app, print_json
from videogen.errors import LeaseLost, MissingInput, TemporaryError, VideogenError
from videogen.progress import counted
from videogen.spool import Spool, read_task, visible
from videogen.spool.cancelling import Handled, Wish, cancel, is_cancelled, requeue
from videogen.spool.papers import read_lease, token
from videogen.trash import utc_now
from videogen.why.tasks import ids as ids_of
from videogen.wiring import House

Row = dict[str, Any]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of tasks, or beginnings.")]


@dataclass(frozen=True)
class Move:
    """What a verb does: to where, and what it says of a task it does not touch, by the room that has it."""

    to: str
    do: Callable[[str], Handled]
    refused: dict[str, str]


# -- cancel ------------------------------------------------------------------------------------------------------------


@app.command(name="cancel")
def cancel_command(ids: Ids, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Take tasks out of the work, waiting or rendering, to trash/failed; 75 where one could not be. `retry` undoes it.

    The voice stays in the library, and no new task is made of it by itself.
    """
    spool = _spool()
    move = Move(
        "trash/failed",
        lambda task_id: cancel(spool, task_id, at=utc_now()),
        {
            "output": "it is published: output/{id}/final.mp4",
            "trash": "it is in trash/failed already, as it failed; see `videogen why {id}`",
        },
    )
    rows = [_moved(spool, word, move, is_dry=dry_run) for word in counted(ids, "cancelling")]
    for row in rows:
        if row["refused"] and row["was"] == "trash" and is_cancelled(spool.failed / row["task"]):
            row.update(refused="", did="is cancelled already")
    undo = [row["task"] for row in rows if not row["refused"]]
    words = f"undo: videogen retry {' '.join(undo)}" if undo and not dry_run else ""
    _tell("cancelled", rows, as_json=as_json, is_dry=dry_run, undo=words)


# -- requeue -----------------------------------------------------------------------------------------------------------


@app.command(name="requeue")
def requeue_command(  # noqa: PLR0913, PLR0917 -- each is an option of the command line
    ids: Ids,
    priority: Annotated[
        int | None, typer.Option(min=0, max=100, help="Their priority from now on; higher goes first.")
    ] = None,
    tags: Annotated[
        str | None, typer.Option(help="What they ask of a node from now on, as gpu,4k; '' asks for nothing.")
    ] = None,
    front: Annotated[bool, typer.Option("--front", help="One more than the highest priority that waits.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Of a published video make one more task, under an id of its own.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Put tasks into the queue anew: what waits, renders or failed; 75 where one could not be.

    No attempt is counted and no delay is waited for; among its equals such a task is the newest. A video that is
    published stays as it is: with --again the same files are cut in the same way once more.
    """
    if front and priority is not None:
        raise typer.BadParameter("give --priority or --front, not both")
    house, spool = House(Given.root), _spool()
    wanted = _foremost(spool, ids) if front else priority
    wish = Wish(wanted, None if tags is None else tuple(word.strip() for word in tags.split(",") if word.strip()))
    move = Move(
        "tasks/",
        lambda task_id: requeue(spool, task_id, wish),
        {"output": "it is published: output/{id}/final.mp4; --again makes one more task of it"},
    )
    rows = [_moved(spool, word, move, is_dry=dry_run) for word in counted(ids, "queueing")]
    for row in rows:
        if again and row["was"] == "output":
            _once_more(house, row, wish, is_dry=dry_run)
    _tell("requeued", rows, as_json=as_json, is_dry=dry_run)


def _foremost(spool: Spool, ids: Sequence[str]) -> int | None:
    """Give one more than the highest priority that waits beside these tasks; None: nothing else waits."""
    others = (task.priority for task in spool.waiting() if not task.task_id.startswith(tuple(ids)))
    highest = next(others, None)
    return None if highest is None else min(100, highest + 1)


def _once_more(house: House, row: Row, wish: Wish, *, is_dry: bool) -> None:
    """Make a video's task again under a new id; its row says which."""
    try:
        task = paper_of(house.spool, row["task"])
        if task is None:
            raise MissingInput(f"output/{row['task']} has no manifest that can be read", remedy="Run `videogen fsck`.")
        row.update(refused="", did="would be made once more, under a new id")
        if not is_dry:
            wanted = task.priority if wish.priority is None else wish.priority
            made = house.assembler.again(task, priority=wanted, tags=task.tags if wish.tags is None else wish.tags)
            row.update(did=f"is made once more, as tasks/{made.task_id}", made=made.task_id)
    except (VideogenError, OSError) as error:
        row["refused"] = str(error)


# -- retry -------------------------------------------------------------------------------------------------------------


@app.command()
def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Ids of failed tasks, or beginnings.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every task in trash/failed.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring failed tasks back to tasks/ with no attempts counted; 75 where one could not be."""
    if bool(ids) == failed:
        raise typer.BadParameter("name the tasks, or give --failed for all of them")
    spool = _spool()
    wanted = [path.name for path in visible(spool.failed) if path.is_dir()] if failed else ids or []
    rows = [retried(spool, word, is_dry=dry_run) for word in counted(wanted, "retrying")]
    _tell("retried", rows, as_json=as_json, is_dry=dry_run, nothing="nothing has failed")


def retried(spool: Spool, wanted: str, *, is_dry: bool) -> Row:
    """Retry one task, or find out whether that could be done; say what came of it."""
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
    raise MissingInput(f"{trouble} with {wanted!r}", remedy="`videogen trash ls --failed` shows their ids.")


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


# -- all of them -------------------------------------------------------------------------------------------------------


def _spool() -> Spool:
    spool = House(Given.root).spool
    spool.expect_rooms()
    return spool


def _moved(spool: Spool, wanted: str, move: Move, *, is_dry: bool) -> Row:
    """Do it to one task, or find out what would be done; say what came of it."""
    row: Row = {"task": wanted, "was": "", "node": "", "did": "", "refused": ""}
    try:
        row["task"] = _task(spool, wanted)
        found = _would(spool, row["task"], move) if is_dry else move.do(row["task"])
        row.update(was=found.room, node=found.node)
        if found.is_done:
            where = "trash/failed" if found.room == "trash" else f"{found.room}/"
            whose = f", from the node {found.node}" if found.node else ""
            row["did"] = f"{'would go' if is_dry else 'went'} from {where} to {move.to}{whose}"
        else:
            row["refused"] = move.refused[found.room].format(id=row["task"])
    except (VideogenError, OSError) as error:
        row["refused"] = str(error)
    return row


def _task(spool: Spool, wanted: str) -> str:
    """Give the id that was meant. Raises: MissingInput: none, or several, begin so."""
    if spool.room_of(wanted) is not None:
        return wanted
    found = ids_of(spool, wanted)
    if len(found) == 1:
        return found[0]
    trouble = "no task begins" if not found else f"{len(found)} tasks begin"
    raise MissingInput(f"{trouble} with {wanted!r}", remedy="`videogen why` finds a task by the name of its voice.")


def _would(spool: Spool, task_id: str, move: Move) -> Handled:
    """Say what would come of it, as things lie now. Raises: VideogenError: it would be refused."""
    room = spool.room_of(task_id)
    if room is None:
        raise MissingInput(f"no task is named {task_id}", remedy="`videogen status` tells what there is.")
    if room in move.refused:
        return Handled(room, is_done=False)
    if room == "trash":
        _expect_retriable(spool, task_id)
        return Handled(room)
    folder = (spool.tasks if room == "tasks" else spool.processing) / task_id
    if token(folder) is None:
        raise TemporaryError(f"{task_id} is between two rooms", remedy="Ask again in a moment.")
    read_task(folder)
    lease = read_lease(folder) if room == "processing" else None
    return Handled(room, lease.node if lease else "")


def _tell(
    word: str, rows: Iterable[Row], *, as_json: bool, is_dry: bool, undo: str = "", nothing: str = "nothing is done"
) -> None:
    """Print what came of each, and exit with 75 where one was refused."""
    told = list(rows)
    if as_json:
        print_json({word: told, "dry_run": is_dry} | ({"undo": undo.removeprefix("undo: ")} if undo else {}))
    else:
        for row in told:
            typer.echo(f"refused  {row['task']}: {row['refused']}" if row["refused"] else f"{row['task']} {row['did']}")
        if undo:
            typer.echo(undo)
        if not told:
            typer.echo(nothing)
    if any(row["refused"] for row in told):
        raise typer.Exit(TemporaryError.exit_code)
