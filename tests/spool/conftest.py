"""Empty rooms, and an end to what a test armed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from videogen import points
from videogen.spool import Spool


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave no rule behind, and no log line on the screen."""
    with capture_logs():
        yield
    points.arm({})


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Empty rooms."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    return made
