"""An operator's hand on a task, whoever has it: cancel it, or put it into the queue anew.

What waits is claimed by this hand, under a name of its own, as a node would; what a node holds is fenced as a sweep
does with the dead: `out.<e>` becomes `.fenced.<e>`, and from there on it is the way back (returning.py). So there is
nothing new to win: against a claim, a publish, a sweep or a retry of the same moment the hand either has the rename, or
learns LeaseLost and looks again where the task is by now. A node that lost its task so sees that its token is gone, and
stops (render/losing.py).

A hand that dies between its claim and its end leaves a claim of nobody: a sweep gives the task back after a lease, as
one that waited, and it counts as an attempt.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from videogen import durable
from videogen.errors import LeaseLost, MissingInput, Stopped, TemporaryError
from videogen.model.task import Reason
from videogen.points import point
from videogen.spool.papers import read_lease, read_task, token
from videogen.spool.returning import Changed
from videogen.spool.rooms import Claim, Spool

PATIENCE_S = 5.0
"""A task between two rooms is there for a few renames; on a slow disk each takes a tenth of a second."""
LOOK_S = 0.02
CANCELLED = "cancelled"
End = Callable[[Claim], object]


@dataclass(frozen=True)
class Handled:
    """What became of a task: `room` is where it lay when it was taken hold of, `node` who held it.

    `is_done` False: it was out of reach there, in output/ or trash/.
    """

    room: str
    node: str = ""
    is_done: bool = True


@dataclass(frozen=True)
class Wish:
    """How a task waits from now on; None: as before."""

    priority: int | None = None
    tags: tuple[str, ...] | None = None

    def changed(self, attempts: int, avoid: tuple[str, ...] = ()) -> Changed:
        """Give it with what it does not ask for; nothing is waited for any more."""
        return Changed(attempts, avoid=avoid, priority=self.priority, tags=self.tags)


def cancel(spool: Spool, task_id: str, *, at: str, patience_s: float = PATIENCE_S) -> Handled:
    """Move a task that waits or is held to trash/failed, where `retry` finds it; elsewhere it is left alone.

    Raises: MissingInput: there is no such task, or its paper cannot be read. TemporaryError: it is between two rooms.
    """
    error = Stopped("it was cancelled", remedy=f"`videogen retry {task_id}` brings it back.", code="cancelled")
    return _ended(spool, task_id, lambda claim: spool.discard(claim, error, stage="cancel", at=at), patience_s)


def requeue(spool: Spool, task_id: str, wish: Wish, *, patience_s: float = PATIENCE_S) -> Handled:
    """Put a task into tasks/ anew, as is wished: it waits for no delay, and no attempt is counted.

    One that waits or is held keeps the attempts it had; a failed one has a clean sheet. A video is left alone.

    Raises: MissingInput: there is no such task, or its paper cannot be read. TemporaryError: it is between two rooms.
    """

    def end(claim: Claim) -> None:
        spool.give_back(claim, wish.changed(claim.task.attempts, claim.task.avoid))

    found = _ended(spool, task_id, end, patience_s)
    if found.room != "trash":
        return found
    spool.retry(task_id, wish.changed(0))
    return Handled("trash")


def is_cancelled(failed: Path) -> bool:
    """Whether a task in trash/failed lies there since someone cancelled it."""
    try:
        return Reason.model_validate_json(durable.read(failed / "reason.json")).code == CANCELLED
    except (OSError, ValueError):
        return False


def _ended(spool: Spool, task_id: str, end: End, patience_s: float) -> Handled:
    """Take hold of a task wherever that can be done, and end it; where another is quicker, look again."""
    give_up = time.monotonic() + patience_s
    while True:
        room = spool.room_of(task_id)
        if room is None:
            raise MissingInput(f"no task is named {task_id}", remedy="`videogen status` tells what there is.")
        if room in {"output", "trash"}:
            return Handled(room, is_done=False)
        node = ""
        try:
            if room == "tasks":
                claim = spool.claim(task_id, f"by-hand-{uuid4().hex[:12]}", uuid4().hex)
            else:
                claim, node = _held(spool, task_id)
            if claim is not None:
                point("cancel.before_end")
                end(claim)
                return Handled(room, node)
        except (LeaseLost, FileNotFoundError):
            pass  # another was quicker: it is somewhere else by now
        if time.monotonic() > give_up:
            raise TemporaryError(
                f"{task_id} is between two rooms", remedy="A node or main finishes the way; try again in a minute."
            )
        time.sleep(LOOK_S)


def _held(spool: Spool, task_id: str) -> tuple[Claim | None, str]:
    """Give the claim that a node holds, as it would itself, and the node; None: it is on its way somewhere."""
    folder = spool.processing / task_id
    epoch, lease = token(folder), read_lease(folder)
    if epoch is None:
        return None, ""
    return Claim(read_task(folder), epoch, folder), lease.node if lease else ""
