"""The rooms and the protocol of a task; rooms.py tells the story.

Reads and writes: tasks/, processing/, output/, trash/failed, trash/attempts.
Promises after a crash: a published task is in exactly one room, or on its way between two under a name that says whose
    it is; recovery goes on at the first step not done.
Fails with: LeaseLost (another holds it now), SetupError (no spool, or a role that is taken), RoomsApart.
Known limits: a claim is recovered by its own node only.
"""

from videogen.spool.papers import read_task, visible
from videogen.spool.rooms import NODE_NAME, Claim, Spool

__all__ = ["NODE_NAME", "Claim", "Spool", "read_task", "visible"]
