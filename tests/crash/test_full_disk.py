"""Lives and a whole node on a disk that is full (A2, A10; P9). Needs namespaces anyone may make."""

import errno
import os
import resource
from pathlib import Path

import pytest

from tests.crash.full_disk import apart, refusal
from tests.crash.tree import forked
from videogen import durable
from videogen.errors import NoSpace

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def test_full_disk_loses_nothing() -> None:
    """Whatever write of a life meets the full disk, all is taken up again when there is room (P9)."""
    if because := refusal():
        pytest.skip(f"NOT TESTED: a full disk, since no filesystem can be mounted here: {because}")

    ledger = apart(step=3)

    assert ledger.violations == []
    assert min(ledger.faults["pages=ENOSPC"], ledger.faults["inodes=ENOSPC"]) >= 20
    assert min(ledger.counts["steps of pages"], ledger.counts["steps of inodes"]) >= 5


def test_file_that_may_not_grow_is_a_full_disk(tmp_path: Path) -> None:
    """A limit on the size of files is told as a lack of space, and leaves nothing half written (P9)."""

    def life() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        with pytest.raises(NoSpace) as caught:
            durable.write(tmp_path / "paper", bytes(1 << 17))
        assert isinstance(caught.value.__cause__, OSError)
        assert caught.value.__cause__.errno == errno.EFBIG

    said = tmp_path / "said"
    _, status = os.waitpid(forked(life, said), 0)

    assert status == 0, said.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["said"]
