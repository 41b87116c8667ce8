"""Papers of brackets without end are papers that cannot be read, and nothing more (P8)."""

from pathlib import Path

import pytest

from videogen import durable, tune
from videogen.calm import Calm
from videogen.crawl.story import Story
from videogen.spool import Spool
from videogen.toolchain import Proofs

DEEP = "[" * 100_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Empty rooms."""
    Spool(tmp_path).lay_out()
    return tmp_path


def test_what_a_tuning_found_is_measured_anew(root: Path) -> None:
    """A node starts as one that was never tuned."""
    durable.write(Spool(root).nodes / "n1.tune.json", DEEP)

    assert tune.kept(root, "n1") == 0


def test_a_clock_begins_anew(root: Path) -> None:
    """What is known of the clock begins now."""
    durable.write(root / "trash" / ".clock.json", DEEP)

    assert len(Calm(root / "trash" / ".clock.json").look(keep=True).stretches) == 1


def test_a_card_is_none_of_the_crawler_s(root: Path) -> None:
    """Its number stays taken, and the story goes on after it."""
    folder = root / "scanned/story/a/b"
    folder.mkdir(parents=True)
    durable.write(folder / "chunk_0001.txt.json", DEEP)

    assert Story(folder, "ab" * 32).whole(0) == ()


def test_a_proof_of_an_encoder_is_made_anew(root: Path) -> None:
    """No encoder counts as tried."""
    durable.write(root / "proofs.json", DEEP)

    assert Proofs(root / "proofs.json", boot="this").of("libx264") is None
