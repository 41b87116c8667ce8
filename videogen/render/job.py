"""A claim on its way through a node, and the list of all that is in a node's hands."""

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Literal

from videogen.errors import Defect
from videogen.render.fetch import NearFiles
from videogen.render.orders import Order
from videogen.render.video import Done
from videogen.spool import Claim
from videogen.trash import utc_now


@dataclass
class Job:
    """A claim on its way through the node. `halt` ends whatever is done for it; `is_fenced`: others may have it."""

    claim: Claim
    scratch: Path
    halt: Event = field(default_factory=Event)
    is_fenced: bool = False
    is_ending: bool = False
    """Whether its token is just being moved by ourselves."""
    is_ahead: bool = False
    """Whether it was fetched while another rendered."""
    stage: Literal["download", "render", "upload"] = "download"
    began: float = field(default_factory=time.monotonic)
    order: Order | None = None
    files: NearFiles | None = None
    done: Done | None = None
    fallback: str = ""
    upload_tries: int = 0
    claimed_at: str = field(default_factory=utc_now)
    ends: dict[str, float] = field(default_factory=dict)
    """When its fetch and its render ended, and its render began, on the clock of `began`."""

    @property
    def task_id(self) -> str:
        """Whose it is."""
        return self.claim.task.task_id

    def mark(self, what: Literal["fetched", "rendering", "rendered"]) -> None:
        """Note that it has come so far."""
        self.ends[what] = time.monotonic()

    def made(self) -> tuple[Order, Done]:
        """Give what was rendered. Raises: Defect: nothing was."""
        if self.order is None or self.done is None:
            raise Defect(f"{self.task_id} was not rendered", remedy="Report it with its folder.")
        return self.order, self.done


class Held:
    """Ids in this node's hands, from before their claim until after their end; any thread may ask.

    A task that one hand just gave back may be in another already: each of them counts.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, task_id: str) -> None:
        """Note that a hand reaches for a task."""
        with self._lock:
            self._counts[task_id] += 1

    def drop(self, task_id: str) -> None:
        """Note that a hand let a task go."""
        with self._lock:
            self._counts[task_id] -= 1
            self._counts += Counter()  # only what is held stays

    def ids(self) -> frozenset[str]:
        """Give what is held now."""
        with self._lock:
            return frozenset(self._counts)
