"""The command line called from a test, in this very process."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from videogen.cli import app, run


@dataclass(frozen=True)
class Said:
    """How a verb ended, and what it said."""

    status: int
    out: str
    err: str


def said_by(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Said:
    """Call a verb on a root."""
    capsys.readouterr()
    status = 0
    try:
        run(lambda: app(["--root", str(root), *words]))
    except SystemExit as end:
        status = int(end.code or 0)
    said = capsys.readouterr()
    return Said(status, said.out, said.err)
