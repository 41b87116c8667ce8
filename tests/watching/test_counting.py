"""Counts that go on in slices: exact in the end, never longer than a look may take, and not made twice (A12)."""

import os
import time
from pathlib import Path

import pytest

from tests.clock import HandClock
from videogen import census
from videogen.scan.arrival import DEEPEST
from videogen.spool import Spool
from videogen.watching import Watcher
from videogen.watching.counting import FULL_S, REST, SLICE, Count, Counted, Paced, Steps, Trash, has_come, is_visible


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands still."""
    return HandClock()


def things(folder: Path, *names: str) -> None:
    """Make empty files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_count_is_what_is_visible(tmp_path: Path, clock: HandClock) -> None:
    """Dot names are none, and a folder below is one thing."""
    things(tmp_path, "a", ".b", "c/d")
    counted = Counted(tmp_path, is_visible, clock=clock)
    counted.work(None)

    assert counted.told == (2, True)


def test_a_tree_is_counted_as_status_counts_it(tmp_path: Path) -> None:
    """Every room has the count that `status` tells, whatever lies in it."""
    spool = Spool(tmp_path)
    spool.lay_out()
    things(tmp_path / "raw", "story/a/b/voice/c.mp3", "video/x/y.mp4", "video/x/y.mp4.part", ".hid/z.mp4", "Thumbs.db")
    things(tmp_path / "scanned", "video/x/m/1_y.mp4", "video/x/m/1_y.mp4.json", ".segments/aa/k.mp4", "story/a/t.txt")
    things(tmp_path / "trash/invalid", "bad.mp4", "bad.mp4.reason.json", "worse.mp3")
    things(tmp_path / "tasks", "t1/metadata.json", ".tmp-t2/metadata.json")
    things(tmp_path / "output", "o/final.mp4")
    things(tmp_path / "trash/failed", "f/reason.json")
    watcher = Watcher(spool, tmp_path / "logs", low_disk_bytes=0)

    seen = {name: count.number for name, count in watcher.look(None).rooms.items()}

    assert seen == {room.name: room.count for room in census.rooms(spool)}
    assert sum(seen.values()) == 9


def test_the_trash_is_measured_as_status_measures_it(tmp_path: Path) -> None:
    """Its size and the age of the oldest thing are those that `status` tells."""
    spool = Spool(tmp_path)
    spool.lay_out()
    things(tmp_path / "trash", "invalid/a.mp4", "invalid/a.mp4.reason.json", "failed/f/reason.json", ".clock.json")
    (tmp_path / "trash/failed/f/reason.json").write_text("x" * 1000)
    (tmp_path / "trash/invalid/a.mp4").write_text("x" * 50)
    os.utime(tmp_path / "trash/invalid/a.mp4", (0, 0))  # a file keeps the time its owner gave it
    os.utime(tmp_path / "trash/failed/f", (1e9, 1e9))
    trash = Trash(tmp_path / "trash")
    trash.paced.work(None)
    told = census.trash(spool)

    assert trash.paced.value == told["trash_bytes"] == 1050
    assert trash.oldest == 1e9
    assert told["trash_oldest_s"] == pytest.approx(time.time() - 1e9, abs=5)


def test_a_look_stops_at_its_time_and_the_next_goes_on(tmp_path: Path, clock: HandClock) -> None:
    """A count of many is told as far as it has come, and ends at what there is."""
    things(tmp_path, *map(str, range(3 * SLICE)))
    counted = Counted(tmp_path, is_visible, clock=clock)
    seen: list[Count] = []
    while not seen or not seen[-1].is_whole:
        counted.work(clock.now)
        seen.append(counted.told)

    assert [count.number for count in seen] == [1, SLICE + 1, 2 * SLICE + 1, 3 * SLICE]


def test_what_was_counted_stands_while_it_is_counted_again(tmp_path: Path, clock: HandClock) -> None:
    """A whole count is not replaced by half of the next one."""
    things(tmp_path, *map(str, range(2 * SLICE)))
    counted = Counted(tmp_path, is_visible, clock=clock)
    counted.work(None)
    things(tmp_path, "more")
    counted.work(clock.now)
    during = counted.told
    counted.work(None)

    assert (during, counted.told) == ((2 * SLICE, True), (2 * SLICE + 1, True))


def test_a_folder_that_did_not_change_is_not_listed_again(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a change of its mtime has a folder listed, or half a minute; folders beside it are left alone."""
    things(tmp_path, "still/a", "busy/a")
    counted, listed, scandir = Counted(tmp_path, has_come, DEEPEST, clock=clock), list[str](), os.scandir

    def listing(path: str) -> object:
        listed.append(os.path.relpath(path, tmp_path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", listing)
    for _ in range(2):  # what was listed right after its mtime was first seen is listed once more
        counted.work(None)
        clock.now += 3
    listed.clear()
    counted.work(None)
    quiet = list(listed)
    things(tmp_path / "busy", "b")
    os.utime(tmp_path / "busy", (5, 5))
    counted.work(None)

    assert (quiet, listed, counted.told) == ([], ["busy"], (3, True))
    clock.now += FULL_S
    counted.work(None)
    assert len(listed) == 4


def test_walks_take_a_fixed_share_of_the_time(clock: HandClock) -> None:
    """After a walk that took a second there is none for REST seconds, however often it is asked for."""
    begun = []

    def steps() -> Steps:
        begun.append(clock.now)
        clock.now += 1
        yield
        return 7

    paced = Paced(steps, clock=clock)
    for _ in range(3 * REST):
        paced.work(None)
        clock.now += 1

    assert len(begun) == 3
    assert begun[1] - begun[0] >= REST


def test_a_room_that_goes_away_counts_nothing(tmp_path: Path, clock: HandClock) -> None:
    """A folder that is not there, or goes while it is counted, is no error."""
    counted = Counted(tmp_path / "gone", is_visible, clock=clock)
    counted.work(None)

    assert counted.told == (0, True)
