"""What is known of one thing: where it is, in which state, why, and what a person can do."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from videogen import durable
from videogen.model.value import readable


@dataclass(frozen=True)
class Answer:
    """One thing of one room.

    Shape: `state` is one stable word; `because` one sentence about this very thing; `notes` further ones, by weight;
    `facts` a small table, in order, units in its names; `rows` a list such as a crawl report's, all with the same keys.
    """

    path: str
    room: str
    state: str
    because: str
    remedy: str = ""
    code: str = ""
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON; every key is there always."""
        return {
            "path": self.path,
            "room": self.room,
            "state": self.state,
            "code": self.code,
            "because": self.because,
            "remedy": self.remedy,
            "notes": list(self.notes),
            "facts": dict(self.facts),
            "rows": [dict(row) for row in self.rows],
        }


def relative(root: Path, path: Path) -> str:
    """Name a path from the root, as text that can be printed."""
    return readable(path.relative_to(root).as_posix())


def paper_at(path: Path) -> dict[str, Any] | None:
    """Read a paper's keys; None where it is not there, cannot be read, or is none."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads(durable.read(path))
        return found if isinstance(found, dict) else None
    return None


def told(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known."""
    return {name: value for name, value in facts.items() if value not in (None, "", (), [], {})}


def age_s(path: Path) -> float | None:
    """Give the seconds since a thing was last changed, by its time stamp on this machine's clock; None: it is gone."""
    with suppress(OSError):
        return max(0.0, round(time.time() - path.lstat().st_mtime, 1))
    return None
