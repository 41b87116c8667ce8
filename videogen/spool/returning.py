"""The way back to tasks/: by its holder, or by the node's next life. Every step can be done again after a crash.

There is one token per task, ever: `out.<e>` becomes `.fenced.<e>`, and that very folder becomes `out.<e+1>` of the task
that goes back. So where it is says how far the way was gone, and a task is never made a second time:
  .fenced.<e> there        not ready: build .next anew, give it the token
  .next/out.<e+1> there    ready: one rename publishes it
  neither                  published: only the old claim is to be put away
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from videogen import durable
from videogen.errors import LeaseLost, Stalled
from videogen.model.task import ATTEMPTS, Task, reason_for
from videogen.spool.papers import copy_papers, read_task, token

CHANGED = ".changed.json"


@dataclass(frozen=True)
class Changed:
    """What is different about a task that went back. Absolute, so that writing it twice changes nothing."""

    attempts: int
    not_before_s: float = 0.0


def fence(folder: Path, epoch: int) -> None:
    """Take the token away from whoever might publish. Raises: LeaseLost: someone else had it first."""
    try:
        durable.move(folder / f"out.{epoch}", folder / f".fenced.{epoch}")
    except FileNotFoundError as error:
        raise LeaseLost(f"the task {folder.name} was taken away", remedy="Nothing was touched.") from error


def give_back(root: Path, folder: Path, epoch: int, changed: Changed) -> None:
    """Put a fenced claim back into tasks/ under the next epoch."""
    _clear(folder, epoch)
    if not (folder / CHANGED).exists():
        task = read_task(folder).model_copy(update=asdict(changed))
        durable.write(folder / CHANGED, task.to_json())
    reaped = folder.with_name(f".{folder.name}.reaped.{epoch}")
    durable.move(folder, reaped)
    republish(root, reaped, folder.name, epoch)


def republish(root: Path, reaped: Path, task_id: str, epoch: int) -> None:
    """Go on with a claim on its way back, wherever it stopped; what is left of an attempt is kept in trash/attempts."""
    fenced, following = reaped / f".fenced.{epoch}", reaped / ".next"
    if fenced.is_dir():
        durable.remove_tree(following)
        durable.make_folder(following)
        durable.write(following / "metadata.json", Task.model_validate_json((reaped / CHANGED).read_bytes()).to_json())
        copy_papers(reaped, following)
        durable.empty(fenced)
        durable.sync_tree(following)
        durable.move(fenced, following / f"out.{epoch + 1}")
    if following.is_dir():
        durable.move(following, root / "tasks" / task_id)
    if read_task(reaped).attempts == Task.model_validate_json((reaped / CHANGED).read_bytes()).attempts:
        # No attempt was made: there is nothing to look at. Recovery clears away what is left under such a name.
        going = durable.temporary_in(reaped.parent)
        durable.move(reaped, going)
        durable.remove_tree(going)
        return
    kept = root / "trash" / "attempts" / f"{task_id}.{epoch}"
    durable.remove_tree(kept)
    durable.move(reaped, kept)


def bury(root: Path, folder: Path, epoch: int) -> Path:
    """Move a claim with its reason to trash/failed; give where it lies."""
    _clear(folder, epoch)
    durable.remove_tree(folder / f".fenced.{epoch}")
    target = root / "trash" / "failed" / folder.name
    durable.move(folder, target)
    return target


def _clear(folder: Path, epoch: int) -> None:
    """Take away what only a running render needs; a pin kept in trash/ would keep an evicted segment on the disk."""
    durable.remove_tree(folder / f".scratch.{epoch}")
    durable.remove_tree(folder / f".pins.{epoch}")


def recover_claim(root: Path, folder: Path, at: str) -> bool:
    """Go on where a claim's holder died. True: the task is in tasks/ again."""
    if (root / "output" / folder.name).is_dir():
        durable.remove_tree(folder)
        return False
    held, fenced = token(folder), token(folder, prefix=".fenced.")
    if held is not None:
        fence(folder, held)
    epoch = held or fenced or 0
    if (folder / "reason.json").exists():
        bury(root, folder, epoch)
        return False
    if not epoch:
        # Published, and taken out of output/ since: only papers are left.
        durable.move(folder, root / "trash" / "attempts" / f"{folder.name}.published")
        return False
    attempts = read_task(folder).attempts + 1
    if attempts >= ATTEMPTS and not (folder / CHANGED).exists():
        error = Stalled(
            f"the node died {attempts} times while it held this task",
            remedy="Look into stderr.log; give the node more memory, or drop the voice again.",
            code="poison",
        )
        note = reason_for(error, stage="recover", path=f"tasks/{folder.name}", at=at)
        durable.write(folder / "reason.json", note.to_json())
        bury(root, folder, epoch)
        return False
    give_back(root, folder, epoch, Changed(attempts))
    return True
