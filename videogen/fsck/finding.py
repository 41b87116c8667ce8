"""One thing that is not as it should be."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from videogen.spool import Spool


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `path` is from the root; only an error is more than work left to do."""

    code: str
    severity: Literal["error", "note"]
    path: str
    message: str
    remedy: str
    is_repairable: bool = False


def relative(spool: Spool, path: Path) -> str:
    """Name a path from the root."""
    return path.relative_to(spool.root).as_posix()
