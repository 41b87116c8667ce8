"""A yard for every test of dropped folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.yard import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A spool with nothing in it."""
    made = Yard(tmp_path / "spool")
    yield made
    made.jobs.close()
