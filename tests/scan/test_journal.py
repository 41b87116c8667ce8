"""What a life of main that was killed leaves behind, and how often it takes a file up again."""

import faulthandler
import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest

from videogen.errors import NoSpace
from videogen.scan.arrival import Signature, signature_of
from videogen.scan.journal import FOLDER, Journal, is_given_up, poison

FORK = get_context("fork")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with the rooms that the journal knows."""
    (tmp_path / "raw" / "video" / "sea").mkdir(parents=True)
    (tmp_path / "scanned").mkdir()
    return tmp_path


def drop(root: Path, name: str = "clip.mp4", content: str = "content") -> Path:
    """Put a file where an operator would."""
    path = root / "raw" / "video" / "sea" / name
    path.write_text(content)
    return path


def seen(path: Path) -> Signature:
    """Give a file's signature."""
    found = signature_of(path)
    assert found is not None
    return found


def life(root: Path, how: str, *paths: Path) -> int:
    """Be a process that judges files and ends by that signal, or so; give its status."""
    process = FORK.Process(target=judge, args=(root, how, paths))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def judge(root: Path, how: str, paths: tuple[Path, ...]) -> None:
    """Judge files, and come to one's end in the middle of it."""
    for path in paths:
        with Journal(root).judging(path, seen(path)):
            if how == "exit":
                sys.exit(0)
            if how != "decide":
                faulthandler.disable()
                os.kill(os.getpid(), int(how))


def entries(root: Path) -> list[str]:
    """List the journal."""
    return sorted(os.listdir(root / FOLDER)) if (root / FOLDER).is_dir() else []


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_three_lives_that_died_over_a_file_give_it_up(root: Path, blow: signal.Signals) -> None:
    """Each process that is killed while it judges a file counts once, and the third time it is poison (P8)."""
    path, counts = drop(root), []

    for _ in range(3):
        assert life(root, str(int(blow)), path) == -blow
        counts.append(Journal(root).crashes(path, seen(path)))

    assert counts == [1, 2, 3]
    assert [is_given_up(count) for count in counts] == [False, False, True]
    assert poison(3).word == "poison"


@pytest.mark.parametrize("how", ["exit", "decide"])
def test_an_orderly_end_is_no_crash(root: Path, how: str) -> None:
    """A process that stops in good order, or decides the file, leaves nothing (P8)."""
    path = drop(root)

    assert life(root, how, path) == 0

    assert entries(root) == []


def test_a_stop_forgets_no_crash_and_a_verdict_all(root: Path) -> None:
    """Two crashes are still two after a stop and a full disk; once the file is decided it is a new one (P8)."""
    path = drop(root)
    for _ in range(2):
        life(root, "9", path)

    assert life(root, "exit", path) == 0
    journal = Journal(root)
    with pytest.raises(NoSpace), journal.judging(path, seen(path)):
        raise NoSpace("the disk is full", remedy="Free space.")
    after_stops = journal.crashes(path, seen(path))
    journal.begin(path, seen(path))
    journal.end(path, seen(path))

    assert after_stops == 2
    assert journal.crashes(path, seen(path)) == 0
    assert entries(root) == []


def test_other_bytes_are_another_file(root: Path) -> None:
    """A file dropped again under the name of a poisonous one begins at nought, and so does its neighbour (P8)."""
    path, other = drop(root), drop(root, "other.mp4")
    for _ in range(3):
        life(root, "9", path)

    path.unlink()
    drop(root, content="mended and longer")

    assert Journal(root).crashes(path, seen(path)) == 0
    assert Journal(root).crashes(other, seen(other)) == 0


def test_the_others_in_work_are_told_apart(root: Path) -> None:
    """Of files that are judged side by side when main dies, each has one crash, and loses it when it is decided."""
    journal, paths = Journal(root), [drop(root, f"{number}.mp4") for number in range(3)]
    for path in paths:
        journal.begin(path, seen(path))

    after_crash = Journal(root)
    counts = [after_crash.crashes(path, seen(path)) for path in paths]
    with after_crash.judging(paths[0], seen(paths[0])):
        pass

    assert counts == [1, 1, 1]
    assert [after_crash.crashes(path, seen(path)) for path in paths] == [0, 1, 1]


def test_tidying_keeps_what_is_still_there(root: Path) -> None:
    """What stands for a file that is gone or was replaced goes; what stands for one that waits stays, and is shown."""
    gone, changed, stays = (drop(root, name) for name in ("gone.mp4", "changed.mp4", "stäys\udce9.mp4"))
    life(root, "9", gone)
    life(root, "9", changed)
    life(root, "9", stays)
    life(root, "9", stays)

    gone.unlink()
    changed.write_text("longer than it was")
    journal = Journal(root)
    journal.tidy()

    assert journal.crashes(stays, seen(stays)) == 2
    assert [(root / FOLDER / name).resolve() for name in entries(root)] == [stays.resolve()] * 2


def test_tidying_an_empty_house_is_nothing(root: Path) -> None:
    """Before the first file there is no journal, and asking makes none."""
    journal, path = Journal(root), drop(root)

    journal.tidy()

    assert journal.crashes(path, seen(path)) == 0
    assert not (root / FOLDER).exists()
