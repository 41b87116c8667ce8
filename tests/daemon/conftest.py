"""What every test of a role hears: its log, which never reaches the screen."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.rows import Rows


@pytest.fixture(autouse=True)
def logged() -> Iterator[Rows]:
    """What is said."""
    with capture_logs() as rows:
        yield rows
