"""The rooms and the protocol of a task; rooms.py tells the story, returning.py the way back.

Reads and writes: tasks/, processing/, output/, trash/failed, trash/attempts.
Promises after a crash, or a sleep of any length: a task is in exactly one room, or on its way between two under a name
    that says whose it is; whoever sweeps goes on at the first step not done; who was taken for dead publishes nothing.
Fails with: LeaseLost (another holds it now), SetupError (no spool, or a role that is taken), RoomsApart.
Known limits: a holder that sleeps for longer than its lease between taking a token away and moving the claim aside
    takes the next holder's claim from under it, sees that, and puts it back; that holder may have to start again.
"""

from videogen.spool.heart import Heart, drain_of, paper_of, papers_in, read_paper
from videogen.spool.papers import read_task, visible
from videogen.spool.rooms import NODE_NAME, Claim, Spool
from videogen.spool.sweep import Identity, Sweeper, Swept

__all__ = [
    "NODE_NAME",
    "Claim",
    "Heart",
    "Identity",
    "Spool",
    "Sweeper",
    "Swept",
    "drain_of",
    "paper_of",
    "papers_in",
    "read_paper",
    "read_task",
    "visible",
]
