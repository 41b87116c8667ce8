"""Verbs that move or delete say beforehand, exactly, what they then do, and touch nothing as they say it (A19)."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import papers
from tests.test_segments import note_of
from tests.test_spool import BROKEN, fill
from tests.verbs import Said, said_by
from videogen.calm import DAY_S, Calm
from videogen.cli import program
from videogen.cli.trashing import seconds_of
from videogen.errors import InputError, MediaError
from videogen.model.node import NodePaper
from videogen.model.segment import Name
from videogen.segments import Segments
from videogen.spool import Spool, drain_of, paper_of, read_task, visible
from videogen.trash import NOTE, Trash

LOOKS = {
    *("cache ls", "completion", "config", "doctor", "history", "logs", "metrics", "plan", "provenance", "replay"),
    *("schema", "status", "top", "trash ls", "uses", "verify", "why"),
}
"""Verbs that change nothing of a spool."""
WORKS = {"init", "main", "node", "crawl", "up"}
"""The roles, and the laying out of what is missing: they are the work itself."""
AGE = re.compile(r": \d+ s old")
MAKES = {"encode", "mix", "preview", "rebuild", "render"}
"""Verbs that make the one file they are asked for, and replace none unasked."""


def commands() -> Iterator[tuple[str, Any]]:
    """Give every verb with the words that call it."""
    yield from _commands(program(), "")


def _commands(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def test_every_verb_that_moves_or_deletes_has_a_dry_run() -> None:
    """A verb only looks, or works, or makes a file of one's own, or can be asked what it would do (A19)."""
    verbs = dict(commands())
    dry = {name for name, command in verbs.items() if any("--dry-run" in one.opts for one in command.params)}

    assert len(verbs) > 20
    assert set(verbs) - dry == LOOKS | WORKS | MAKES


# -- a spool with something of everything ------------------------------------------------------------


def dropped(spool: Spool, path: str, content: bytes = b"x") -> Path:
    """Put a file where an operator would."""
    where = spool.root / path
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_bytes(content)
    return where


def refused(spool: Spool, path: str, *, days: float = 0.0) -> Path:
    """Have a file refused so many days ago."""
    target = Trash(spool.root).refuse(dropped(spool, path), MediaError("it is bad", remedy="Mend it.", code="no-moov"))
    os.utime(target.with_name(target.name + NOTE), (time.time() - days * DAY_S,) * 2)
    return target


def waiting(spool: Spool, priority: int = 5) -> str:
    """Have a task wait."""
    task = papers.task(priority=priority)
    assert spool.publish(task, fill)
    return task.task_id


def failed(spool: Spool, *, attempts: int = 0) -> str:
    """Have a task fail, after so many attempts."""
    task_id = waiting(spool)
    for _ in range(attempts):
        if claim := spool.claim(task_id, "n1", "i1"):
            spool.release(claim, counts=True)
    claim = spool.claim(task_id, "n1", "i1")
    assert claim
    spool.discard(claim, BROKEN, stage="render", at="2026-01-01T00:00:00Z")
    return task_id


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Rooms whose clock has been calm for two months."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    paper = made.root / "trash" / ".clock.json"
    now = Calm(paper).look(keep=True).stretches[-1].to_s
    stretches = [[now - 60 * DAY_S, now, 60 * DAY_S]]
    paper.write_text(json.dumps(json.loads(paper.read_text()) | {"stretches": stretches}))
    return made


class Operator:
    """Someone at the command line of one root."""

    def __init__(self, spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
        self._spool, self._capsys = spool, capsys

    def says(self, *words: str) -> Said:
        """Call a verb."""
        return said_by(self._spool.root, self._capsys, *words)

    def told(self, *words: str) -> Any:
        """Call a verb for its JSON."""
        return json.loads(self.says(*words, "--json").out)

    def tree(self) -> list[str]:
        """List all that lies in the spool."""
        return sorted(str(path.relative_to(self._spool.root)) for path in self._spool.root.rglob("*"))

    def rehearsed(self, *words: str) -> Said:
        """Call a verb dry, which must touch nothing, and then in earnest, which must do exactly what was said."""
        before = self.tree()
        dry = self.says(*words, "--dry-run")
        assert self.tree() == before
        done = self.says(*words)
        spoken = AGE.sub("", dry.out.replace("would go", "went"))
        assert [line for line in AGE.sub("", done.out).splitlines() if "undo: " not in line] == spoken.splitlines()
        assert done.status == dry.status
        return done


@pytest.fixture
def operator(spool: Spool, capsys: pytest.CaptureFixture[str]) -> Operator:
    """Someone at the command line."""
    return Operator(spool, capsys)


# -- tasks -------------------------------------------------------------------------------------------------------------


def test_cancel_does_what_it_said_and_names_its_undo(spool: Spool, operator: Operator) -> None:
    """Several at once: what cannot be cancelled is refused in a sentence, and the undo is one command (A19)."""
    first, second, bad = waiting(spool), waiting(spool), failed(spool)

    done = operator.rehearsed("cancel", first[:8], second, bad, "0000")

    assert done.status == 75
    assert done.out.splitlines()[:2] == [f"{one} went from tasks/ to trash/failed" for one in (first, second)]
    assert f"refused  {bad}: it is in trash/failed already, as it failed" in done.out
    assert "refused  0000: no task begins with '0000'" in done.out
    assert done.out.splitlines()[-1] == f"undo: videogen retry {first} {second}"
    assert operator.says("cancel", first).out.startswith(f"{first} is cancelled already")
    operator.says("retry", first, second)
    assert [path.name for path in visible(spool.tasks)] == sorted((first, second))


def test_requeue_does_what_it_said(spool: Spool, operator: Operator) -> None:
    """--front stands before all others; a failed task comes with it; tags are given and taken (A2)."""
    other, first, bad = waiting(spool, 7), waiting(spool), failed(spool, attempts=1)

    operator.rehearsed("requeue", first, bad, "--front", "--tags", "gpu, 4k")

    for task_id in (first, bad):
        task = read_task(spool.tasks / task_id)
        assert (task.priority, task.tags, task.attempts) == (8, ("gpu", "4k"), 0)
    assert [task.task_id for task in spool.waiting()][-1] == other
    operator.says("requeue", first, "--tags", "")
    assert read_task(spool.tasks / first).tags == ()
    assert operator.says("requeue", first, "--front", "--priority", "3").status == 2


def test_alone_a_task_is_in_front_as_it_is(spool: Spool, operator: Operator) -> None:
    """Where nothing else waits --front changes no priority, and above all lowers none (A2)."""
    task_id = waiting(spool, 7)

    operator.says("requeue", task_id, "--front")

    assert read_task(spool.tasks / task_id).priority == 7


def test_retry_does_what_it_said(spool: Spool, operator: Operator) -> None:
    """All that failed waits again (A10)."""
    ids = sorted((failed(spool), failed(spool)))

    operator.rehearsed("retry", "--failed")

    assert [path.name for path in visible(spool.tasks)] == ids


def test_drain_and_resume_are_rehearsed(spool: Spool, operator: Operator) -> None:
    """A dry run asks a node for nothing, and takes no request back (A2)."""
    paper_of(spool.nodes, "n1").write_text(NodePaper(node="n1").model_dump_json())
    request = drain_of(spool.nodes, "n1")

    assert operator.says("drain", "n1", "--dry-run").status == 0
    assert not request.exists()
    operator.says("drain", "n1")
    assert operator.says("resume", "n1", "--dry-run").status == 0
    assert request.exists()
    operator.says("resume", "n1")
    assert not request.exists()


def test_repair_is_rehearsed(spool: Spool, operator: Operator) -> None:
    """`fsck --repair --dry-run` names what a repair then repairs, and touches nothing (P13)."""
    (spool.tasks / "junk").mkdir()
    before = operator.tree()

    would = operator.told("fsck", "--repair", "--dry-run", "--quick")
    untouched = operator.tree()
    done = operator.told("fsck", "--repair", "--quick")

    assert untouched == before
    assert [one["path"] for one in would["would_repair"]] == [one["path"] for one in done["repaired"]] == ["tasks/junk"]
    assert "would repair: junk" not in operator.says("fsck", "--repair", "--dry-run", "--quick").out


def test_the_store_is_rehearsed(spool: Spool, operator: Operator) -> None:
    """What gc, clear and verify would take out of the store they then take out, and nothing before (P22)."""
    store = Segments(spool.root / "scanned" / ".segments")
    for word in ("one", "two", "torn"):
        content = word.encode() * 500
        name = Name(look=papers.digest(word), key=papers.digest(f"key of {word}"))
        (spool.root / word).write_bytes(content)
        store.publish(spool.root / word, note_of(content, name))
    (torn,) = (store.path_of(one.name) for one in store.entries() if one.size_bytes == 2000)
    torn.write_bytes(b"x" * 2000)

    for words in (("verify",), ("gc", "--max-gb", "0"), ("clear",)):
        before = operator.tree()
        dry = operator.told("cache", *words, "--dry-run")
        assert operator.tree() == before, words
        done = operator.told("cache", *words)
        assert json.dumps(done) == json.dumps(dry | {"dry_run": False}).replace("would be", "was"), words
    assert done["removed"] == 2
    assert done["bytes"] == 3000


# -- trash -------------------------------------------------------------------------------------------------------------


def test_trash_is_listed_the_newest_last(spool: Spool, operator: Operator) -> None:
    """What, which code, one sentence, how old, how large; one kind or all; also what has no reason (A19, P25)."""
    refused(spool, "raw/video/sea/old.mp4", days=9)
    task_id = failed(spool, attempts=1)
    refused(spool, "raw/video/sea/clip.mp4", days=1)
    (spool.root / "trash/invalid/loose.mp4").write_bytes(b"loose")

    rows = operator.told("trash", "ls")
    files = operator.told("trash", "ls", "--invalid")

    assert [row["path"] for row in rows][:2] == ["trash/invalid/old.mp4", "trash/invalid/clip.mp4"]
    assert {row["room"]: row["code"] for row in rows if row["path"] != "trash/invalid/loose.mp4"} == {
        "trash/invalid": "no-moov", "trash/failed": "decode-error", "trash/attempts": ""
    }  # fmt: skip
    assert rows[0]["because"] == "it is bad"
    assert rows[0]["dropped_as"] == "raw/video/sea/old.mp4"
    assert round(rows[0]["age_s"] / DAY_S) == 9
    assert {row["path"] for row in files} == {f"trash/invalid/{name}.mp4" for name in ("old", "clip", "loose")}
    assert any(row["because"] == f"what is left of attempt 1 at the task {task_id}" for row in rows)
    shown = operator.says("trash", "ls").out
    assert "5 in all" in shown


def test_restore_does_what_it_said(spool: Spool, operator: Operator) -> None:
    """A refused file lies in raw/ under its own name, a failed task waits; a taken name is refused (A10, A19)."""
    refused(spool, "raw/video/sea/clip.mp4")
    refused(spool, "raw/video/sky/clip.mp4")
    task_id = failed(spool)

    done = operator.rehearsed("trash", "restore", "trash/invalid/clip~2.mp4", "clip.mp4", task_id[:8], "nothing.mp4")

    assert done.status == 75
    assert done.out.splitlines()[:3] == [
        "clip~2.mp4 went to raw/video/sky/clip.mp4",
        "clip.mp4 went to raw/video/sea/clip.mp4",
        f"{task_id} went to tasks/",
    ]
    assert "refused  nothing.mp4: nothing in trash/ is named nothing.mp4" in done.out
    assert visible(spool.root / "trash/invalid") == []
    refused(spool, "raw/video/sea/clip.mp4")
    dropped(spool, "raw/video/sea/clip.mp4", b"another")
    assert "raw/video/sea/clip.mp4 is taken" in operator.says("trash", "restore", "clip.mp4").out
    assert (spool.root / "raw/video/sea/clip.mp4").read_bytes() == b"another"


def test_empty_does_what_it_said_and_spares_only_copies(spool: Spool, operator: Operator) -> None:
    """What is younger than a week and may be the only copy stays, unless --yes --all is said (P26)."""
    old, new = refused(spool, "raw/video/sea/old.mp4", days=9), refused(spool, "raw/video/sea/new.mp4", days=1)
    task_id = failed(spool, attempts=1)
    (spool.root / "trash/invalid/loose.mp4").write_bytes(b"a person's")
    writing = spool.root / "trash/invalid/.tmp-1"
    writing.write_bytes(b"being written")

    done = operator.rehearsed("trash", "empty", "--yes")

    assert "kept 1 younger than a week" in done.out
    assert "there is no undo" in done.out
    assert (old.exists(), new.exists(), writing.exists()) == (False, True, True)
    assert visible(spool.failed) == visible(spool.attempts) == []
    assert task_id in done.out
    assert operator.says("trash", "empty", "--all").status == 2
    assert new.exists()
    operator.rehearsed("trash", "empty", "--all", "--yes")
    assert sorted(os.listdir(new.parent)) == [".tmp-1", "loose.mp4"]


def test_empty_takes_one_kind_and_what_is_old_enough(spool: Spool, operator: Operator) -> None:
    """--older-than and the kinds choose; nobody at a terminal, and no --yes: nothing goes, and it says why (P26)."""
    old, older = refused(spool, "raw/video/a/old.mp4", days=9), refused(spool, "raw/video/a/older.mp4", days=12)
    task_id = failed(spool)

    unasked = operator.says("trash", "empty")
    operator.rehearsed("trash", "empty", "--invalid", "--older-than", "10d", "--yes")

    assert (unasked.status, "Say --yes" in unasked.err) == (65, True)
    assert (old.exists(), older.exists()) == (True, False)
    assert (spool.failed / task_id).is_dir()


@pytest.mark.parametrize(("words", "seconds"), [("7d", 7 * DAY_S), ("90min", 5400), ("1.5 h", 5400), ("0s", 0)])
def test_an_age_is_read_as_people_write_it(words: str, seconds: float) -> None:
    """A number and a unit."""
    assert seconds_of(words) == seconds


@pytest.mark.parametrize("words", ["", "7", "d", "-1d", "7 days", "1e9d", "nan d"])
def test_what_is_no_age_is_refused(words: str) -> None:
    """Anything else takes nothing away."""
    with pytest.raises(InputError, match="is no age"):
        seconds_of(words)
