"""The way back to tasks/, or to trash/failed: by the holder, by the node's next life, or by whoever sees that it died.

There is one token per task, ever. `out.<e>` becomes `.fenced.<e>`: whoever makes that rename owns the rest of the way,
and all that is written from then on has the epoch in its path, so a late holder finds no such name. The very folder
becomes `out.<e+1>` of the task that goes back; in trash/failed it stays `.fenced.<e>`, for a retry. So where it is says
how far the way was gone, and a task is never made a second time:
  processing/<id>/.fenced.<e>                the verdict is in it: changed.json (back) or reason.json (failed)
  processing/.<id>.reaped.<e>.<x>/.fenced.<e>    out of the way of the next claim; .changed.json beside it: it goes back
  processing/.<id>.reaped.<e>.<x>/.next.<y>      ready when it holds the token: one rename puts it into tasks/
  processing/.<id>.reaped.<e>.<x> without either what is left; put away
Whoever finds such a folder can go on with it, even while another does: each rename has one winner, and the loser of it
finds the next step undone or done. <x> is random: whoever slept over the end of one folder never finds another, with
another's token in it, under that name.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from videogen import durable
from videogen.errors import LeaseLost, MissingInput, Stalled
from videogen.model.task import ATTEMPTS, Reason, Task, reason_for
from videogen.points import point
from videogen.spool.papers import copy_papers, read_task, token

CHANGED = ".changed.json"
"""Beside the token in a reaped claim: the task's paper as it goes back, and the word that it does."""
REASON = "reason.json"
LOG = "stderr.log"


@dataclass(frozen=True)
class Changed:
    """What is different about a task that went back. Absolute, so that writing it twice changes nothing.

    Without a priority, or tags, it keeps those it has.
    """

    attempts: int
    not_before_s: float = 0.0
    avoid: tuple[str, ...] = ()
    priority: int | None = None
    tags: tuple[str, ...] | None = None

    def of(self, task: Task) -> Task:
        """Give the task as it goes back."""
        return task.model_copy(update={name: value for name, value in asdict(self).items() if value is not None})


@contextmanager
def _ours(task_id: str, beside: Path) -> Iterator[None]:
    """Tell a name that another took away from a spool that is not there."""
    try:
        yield
    except FileNotFoundError as error:
        if not beside.is_dir():
            raise
        raise LeaseLost(f"the task {task_id} was taken away", remedy="Nothing was touched.") from error


def fence(folder: Path, epoch: int) -> Path:
    """Take the token away from whoever might publish; give it. Raises: LeaseLost: someone else had it first."""
    fenced = folder / f".fenced.{epoch}"
    with _ours(folder.name, folder.parent):
        durable.move(folder / f"out.{epoch}", fenced)
    point("fence.after_rename")
    return fenced


def unfence(folder: Path, epoch: int) -> None:
    """Give the holder its token again, where the way back could not be begun; a rename needs no room."""
    with suppress(OSError):
        durable.move(folder / f".fenced.{epoch}", folder / f"out.{epoch}")


def give_back(root: Path, folder: Path, epoch: int, changed: Changed) -> None:
    """Put a fenced claim back into tasks/ under the next epoch. Raises: LeaseLost: another goes on with it."""
    with _ours(folder.name, folder.parent):
        task = changed.of(read_task(folder))
        durable.write(folder / f".fenced.{epoch}" / CHANGED, task.to_json())
        point("back.after_verdict")
        finish(root, _aside(folder, epoch), folder.name, epoch)


def bury(root: Path, folder: Path, epoch: int, reason: Reason) -> Path:
    """Move a fenced claim with its reason to trash/failed; give where it lies. Raises: LeaseLost."""
    fenced = folder / f".fenced.{epoch}"
    with _ours(folder.name, folder.parent):
        if not (folder / LOG).exists():
            durable.write(fenced / LOG, f"FFmpeg left no words.\n{reason.message}. {reason.remedy}\n")
        durable.write(fenced / REASON, reason.to_json())
        point("bury.after_verdict")
        finish(root, _aside(folder, epoch), folder.name, epoch)
    return root / "trash" / "failed" / folder.name


def _aside(folder: Path, epoch: int) -> Path:
    """Take a fenced claim out of the way of the next one.

    A holder that slept since it fenced the claim would take away the next holder's: it looks what it has in its hands,
    and puts it back.
    """
    reaped = _reaped(folder.parent, folder.name, epoch)
    durable.move(folder, reaped)
    point("aside.after_rename")
    if put_back_displaced(reaped, folder.name, epoch):
        raise LeaseLost(f"the task {folder.name} was taken away", remedy="Nothing was touched.")
    return reaped


def _reaped(processing: Path, task_id: str, epoch: int) -> Path:
    return processing / f".{task_id}.reaped.{epoch}.{uuid4().hex[:12]}"


def is_displaced(reaped: Path, epoch: int) -> bool:
    """Whether what was taken aside has another epoch's token: it is not what its mover took it for."""
    return token(reaped) is not None or token(reaped, prefix=".fenced.") not in {None, epoch}


def put_back_displaced(reaped: Path, task_id: str, epoch: int) -> bool:
    """Give what was taken aside by mistake its name again; False: it was not."""
    if not is_displaced(reaped, epoch):
        return False
    # Only what has failed has its reason beside its token.
    failed = reaped.parents[1] / "trash" / "failed"
    durable.move(reaped, (failed if (reaped / REASON).exists() else reaped.parent) / task_id)
    return True


def finish(root: Path, reaped: Path, task_id: str, epoch: int) -> bool:
    """Go on with a claim taken aside, wherever it stopped. True: the task is in tasks/ again; False: it failed."""
    fenced = reaped / f".fenced.{epoch}"
    _clear(reaped, epoch)
    if (fenced / CHANGED).exists():
        with suppress(FileNotFoundError):
            durable.move(fenced / CHANGED, reaped / CHANGED)
    elif (fenced / REASON).exists():
        for name in (LOG, REASON):
            with suppress(FileNotFoundError):
                durable.move(fenced / name, reaped / name)
    point("reaped.after_verdict")
    if (reaped / CHANGED).exists():
        _republish(root, reaped, task_id, epoch)
        return True
    if not fenced.is_dir():
        _put_away(root, reaped, task_id, epoch)
        return True
    durable.empty(fenced)
    durable.move(reaped, root / "trash" / "failed" / task_id)
    point("bury.after_rename")
    return False


def _republish(root: Path, reaped: Path, task_id: str, epoch: int) -> None:
    fenced = reaped / f".fenced.{epoch}"
    if fenced.is_dir():
        following = reaped / f".next.{uuid4().hex[:8]}"
        durable.make_inner(following)
        durable.write(following / "metadata.json", Task.model_validate_json(durable.read(reaped / CHANGED)).to_json())
        copy_papers(reaped, following)
        durable.sync_tree(following)
        point("back.before_token")
        with suppress(FileNotFoundError):  # another was quicker: its own folder is the ready one
            durable.move(fenced, following / f"out.{epoch + 1}")
        point("back.after_token")
    for ready in [path for path in reaped.glob(".next.*") if token(path) is not None]:
        with suppress(FileNotFoundError):
            durable.empty(ready / f"out.{epoch + 1}")
            durable.move(ready, root / "tasks" / task_id)
        point("back.after_rename")
    with suppress(FileNotFoundError):
        _put_away(root, reaped, task_id, epoch)


def _put_away(root: Path, reaped: Path, task_id: str, epoch: int) -> None:
    """Keep what is left of an attempt for people; where none was made there is nothing to look at."""
    changed = reaped / CHANGED
    attempts = Task.model_validate_json(durable.read(changed)).attempts if changed.exists() else 0
    if read_task(reaped).attempts >= attempts:
        going = durable.temporary_in(reaped.parent)  # recovery clears away what is left under such a name
        durable.move(reaped, going)
        durable.remove_tree(going)
        return
    kept = root / "trash" / "attempts" / f"{task_id}.{epoch}"
    durable.remove_tree(kept)
    durable.move(reaped, kept)


def _clear(folder: Path, epoch: int) -> None:
    """Take away what only a running render needs; a pin kept in trash/ would keep an evicted segment on the disk."""
    durable.remove_tree(folder / f".scratch.{epoch}")
    durable.remove_tree(folder / f".pins.{epoch}")


def recover_claim(root: Path, folder: Path, epoch: int, at: str, node: str) -> str | None:
    """Go on where the holder of a claim of this epoch died; give the room the task is in now.

    None: there was no task in it any more, or another holds it by now.
    """
    held, fenced = token(folder), token(folder, prefix=".fenced.")
    if held is None and fenced is None:
        return _clear_published(root, folder, epoch)
    if epoch not in {held, fenced}:
        return None
    if held is not None:
        fence(folder, epoch)
    if (folder / f".fenced.{epoch}" / REASON).exists() or (folder / f".fenced.{epoch}" / CHANGED).exists():
        return "tasks" if finish(root, _aside(folder, epoch), folder.name, epoch) else "trash"
    task = read_task(folder)
    if task.attempts + 1 < ATTEMPTS:
        give_back(root, folder, epoch, Changed(task.attempts + 1, avoid=avoiding(task.avoid, node)))
        return "tasks"
    error = Stalled(
        f"the node died {ATTEMPTS} times while it held this task",
        remedy="Look into stderr.log; give the node more memory, then `videogen retry` it.",
        code="poison",
    )
    bury(root, folder, epoch, reason_for(error, stage="recover", path=f"tasks/{folder.name}", at=at))
    return "trash"


def avoiding(avoid: tuple[str, ...], node: str) -> tuple[str, ...]:
    """Give those who leave a task to others, with one node more; each is named once, and no name adds none."""
    return tuple(dict.fromkeys((*avoid, *([node] if node else []))))


def _clear_published(root: Path, folder: Path, epoch: int) -> str | None:
    """What is left of a claim whose token went on: it was published, or only papers are left of it."""
    if (root / "output" / folder.name).is_dir():
        durable.remove_tree(folder)
        return "output"
    # It may have gone back since the look, and be another's now: then it is put back.
    reaped = _aside(folder, epoch)
    kept = root / "trash" / "attempts" / f"{folder.name}.published"
    durable.remove_tree(kept)
    durable.move(reaped, kept)
    return None


CLEAN = Changed(0)


def retry(root: Path, task_id: str, changed: Changed = CLEAN) -> None:
    """Give a failed task a new start, with what is changed about it.

    Raises: LeaseLost: another took it up. FileNotFoundError: it is not in trash/failed, or was never a task.
    MissingInput: its paper cannot be read, or is another's.
    """
    folder = root / "trash" / "failed" / task_id
    task = changed.of(read_task(folder))
    if task.task_id != task_id:
        raise MissingInput(f"{task_id} is a copy of the task {task.task_id}", remedy="Remove it, or retry that one.")
    epoch, unfenced = token(folder, prefix=".fenced."), token(folder)
    if epoch is None and unfenced is not None:  # it was set aside from tasks/
        fence(folder, unfenced)
        epoch = unfenced
    if epoch is None:
        raise FileNotFoundError(folder)
    durable.write(folder / CHANGED, task.to_json())
    reaped = _reaped(root / "processing", task_id, epoch)
    with _ours(task_id, root / "processing"):
        durable.move(folder, reaped)
        point("retry.after_rename")
        if put_back_displaced(reaped, task_id, epoch):
            raise LeaseLost(f"the task {task_id} was retried, and failed anew", remedy="Retry it again.")
        finish(root, reaped, task_id, epoch)
