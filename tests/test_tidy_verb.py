"""`videogen tidy` says what goes and takes it away; with --dry-run it only says it (A10, A19, P26)."""

import json
import os
import time
from pathlib import Path

import pytest

from tests.verbs import said_by
from tests.yard import KB, note_of
from videogen import durable
from videogen.calm import DAY_S, Calm
from videogen.errors import MediaError
from videogen.spool import Spool
from videogen.trash import Trash


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool with a file that was refused forty days ago, and one of yesterday."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    paper = made.root / "trash" / ".clock.json"
    now = Calm(paper).look(keep=True).stretches[-1].to_s
    stretches = [[now - 60 * DAY_S, now, 60 * DAY_S]]
    paper.write_text(json.dumps(json.loads(paper.read_text()) | {"stretches": stretches}))
    for name, days in (("old.mp4", 40), ("new.mp4", 1)):
        dropped = made.root / "raw" / name
        dropped.write_bytes(b"x" * 5 * KB)
        path = Trash(made.root).refuse(dropped, MediaError("bad", remedy="Export it again."))
        os.utime(note_of(path), (time.time() - days * DAY_S,) * 2)
    return made


def test_tidy_says_what_goes(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run names what would go, why, and its bytes, and touches nothing; then it goes, and nothing is left to."""
    old, new = (spool.root / "trash" / "invalid" / name for name in ("old.mp4", "new.mp4"))
    before = sorted(spool.root.rglob("*"))

    planned = said_by(spool.root, capsys, "tidy", "--dry-run")
    told = json.loads(said_by(spool.root, capsys, "tidy", "--dry-run", "--json").out)

    assert planned.status == 0
    assert planned.out.startswith("would go  trash/invalid/old.mp4: 40.0 d old, too old\n1 things, ")
    (row,) = told["things"]
    assert (row["path"], row["room"], row["because"]) == ("trash/invalid/old.mp4", "trash/invalid", "age")
    assert (told["dry_run"], told["bytes"], told["over"]) == (True, row["bytes"], [])
    assert row["bytes"] > 5 * KB
    assert sorted(spool.root.rglob("*")) == before

    done = json.loads(said_by(spool.root, capsys, "tidy", "--json").out)

    assert [one["path"] for one in done["things"]] == ["trash/invalid/old.mp4"]
    assert (old.exists(), note_of(old).exists(), new.exists()) == (False, False, True)
    assert said_by(spool.root, capsys, "tidy").out == "nothing is to go\n"


def test_tidy_says_what_is_too_full(
    spool: Spool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caps are settings; what cannot meet them is told with the setting."""
    monkeypatch.setenv("VIDEOGEN_TRASH__MAX_GB", "0.000001")

    out = said_by(spool.root, capsys, "tidy").out

    assert "went  trash/invalid/old.mp4" in out
    assert "trash/invalid holds" in out
    assert "raise trash.max_gb" in out


def test_tidy_leaves_it_to_another(
    spool: Spool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another tidies up, the verb takes nothing, says so, and ends as what may be tried again."""
    monkeypatch.setattr("videogen.cli.tidying.PATIENCE_S", 0.1)

    with durable.alone(spool.nodes / "tidy.lock"):
        said = said_by(spool.root, capsys, "tidy")

    assert said.status == 75
    assert "another tidies up" in said.err
    assert (spool.root / "trash" / "invalid" / "old.mp4").exists()
