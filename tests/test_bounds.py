"""Nothing grows for ever, and nothing goes too soon: caps, ages, the only copies, links, deaths (A10; P25, P26)."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crash.clocks import library
from tests.yard import KB, NOW_S, Yard, note_of, size_of
from videogen import durable, points
from videogen.bounds import GONE_S, LEFT_S, ONLY_COPY_S, Caps, Heap, Thing, chosen, take_away
from videogen.calm import DAY_S, Calm
from videogen.model.node import NodePaper
from videogen.spool import drain_of, paper_of

FORK = get_context("fork")
HOUR_S = 3600.0


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A yard whose clock has been calm for two months."""
    made = Yard(tmp_path / "spool")
    made.live(0)
    made.live(60 * DAY_S)
    return made


# -- age and size ------------------------------------------------------------------------------------------------------


def test_thirty_days_stay_within_their_caps(tmp_path: Path) -> None:
    """A month of refusals, failures and logs, with a year's jump and back in it: no room is ever more than 5 % over
    its cap, every refused file is there for a week, and none is ever without its reason (P14, P25, P26)."""
    caps = Caps(trash_bytes=220 * KB, attempts_s=20 * DAY_S, attempts_bytes=50 * KB, logs_bytes=40 * KB)
    yard = Yard(tmp_path / "spool", caps)
    rooms = {"invalid": 220 * KB, "failed": 220 * KB, "attempts": 50 * KB}
    born: dict[Path, float] = {}
    most = dict.fromkeys([*rooms, "logs"], 0)
    for hour in range(0, 30 * 24, 12):
        if hour == 12 * 24:  # and back again after three days
            yard.wall.now += 365 * DAY_S
        if hour == 15 * 24:
            yard.wall.now -= 365 * DAY_S
        born[yard.refuse(f"{hour}.mp4", 6 * KB)] = yard.boot.now
        yard.fail(4 * KB)
        yard.attempt(5 * KB // 2)
        if hour % 24 == 0:
            yard.log(f"main.log.2026-01-{hour // 24 + 1:02}", 2 * KB)
        for room, cap in rooms.items():
            size = size_of(yard.spool.root / "trash" / room)
            most[room] = max(most[room], size)
            assert size <= 1.05 * cap, (hour, room)
        most["logs"] = max(most["logs"], size_of(yard.logs))
        gone = {thing.path for thing in yard.live(12 * HOUR_S).things}
        assert [path for path in gone & born.keys() if yard.boot.now - born[path] < ONLY_COPY_S] == []
        assert yard.apart() == []

    assert most["logs"] <= 1.05 * 40 * KB
    assert all(most[room] > 0.9 * cap for room, cap in rooms.items()), "the caps were reached"
    assert all(path.exists() for path, at in born.items() if yard.boot.now - at < ONLY_COPY_S)
    assert not all(path.exists() for path in born)


def test_age_is_counted_from_the_refusal(yard: Yard) -> None:
    """A file of years ago that was refused today goes in thirty days with its reason, and not before (P26)."""
    path = yard.refuse()
    yard.live(29 * DAY_S)
    assert path.exists()

    done = yard.live(1 * DAY_S)

    assert [(thing.path, thing.because) for thing in done.things] == [(path, "age")]
    assert list(yard.invalid.iterdir()) == []


def test_the_oldest_goes_first_and_no_more_than_must(yard: Yard) -> None:
    """Of too much the oldest goes until the rest fits; the others stay with their reasons (P25, P26)."""
    paths = []
    for nth in range(5):
        paths.append(yard.refuse(f"{nth}.mp4", 10 * KB))
        yard.pass_(DAY_S)
    yard.pass_(10 * DAY_S)
    room = size_of(yard.invalid)
    yard.use(Caps(trash_bytes=room - 11 * KB))

    done = yard.bounds.tidy()

    assert [(thing.path.name, thing.because) for thing in done.things] == [("0.mp4", "size"), ("1.mp4", "size")]
    assert [path.exists() for path in paths] == [False, False, True, True, True]
    assert (yard.apart(), done.over) == ([], ())


def test_the_only_copy_lies_a_week_however_full_it_is(yard: Yard) -> None:
    """A full room does not take what was refused within the week; that it is too full is told, with what to raise."""
    path = yard.refuse(size=10 * KB)
    yard.use(Caps(trash_s=DAY_S, trash_bytes=KB))

    done = yard.live(ONLY_COPY_S - 1)

    assert (done.things, path.exists()) == ((), True)
    assert [(over.room, over.most_bytes, over.setting) for over in done.over] == [("trash/invalid", KB, "trash.max_gb")]
    assert yard.live(1).over == ()
    assert not path.exists()


def test_failures_and_attempts_are_no_only_copies(yard: Yard) -> None:
    """A full room of failures loses the oldest at once: their voices are in the library."""
    old, new = yard.fail(10 * KB), yard.attempt(10 * KB)
    yard.pass_(60)
    kept = yard.fail(10 * KB), yard.attempt(10 * KB)
    yard.use(Caps(trash_bytes=15 * KB, attempts_bytes=15 * KB))

    yard.bounds.tidy()

    assert (old.exists(), new.exists(), [path.exists() for path in kept]) == (False, False, [True, True])


def test_a_file_that_someone_put_among_the_tasks_is_an_only_copy(yard: Yard) -> None:
    """What went to trash/failed as a file, with its reason beside it, lies a week too."""
    path = yard.spool.failed / "film.mp4"
    path.write_bytes(b"x" * 10 * KB)
    note_of(path).write_text("{}")
    yard.stamped(note_of(path))
    yard.use(Caps(trash_s=DAY_S, trash_bytes=KB))

    yard.live(6 * DAY_S)
    assert path.exists()
    yard.live(DAY_S)
    assert list(yard.spool.failed.iterdir()) == []


def test_what_has_no_reason_is_left_to_a_person(yard: Yard) -> None:
    """What someone laid into trash/invalid by hand is none of ours, however old; `fsck` tells of it."""
    path = yard.invalid / "mine.mp4"
    path.write_bytes(b"x" * 10 * KB)
    yard.stamped(path)
    yard.use(Caps(trash_bytes=KB))

    assert yard.live(50 * DAY_S).things == ()
    assert path.exists()


def test_a_reason_with_nothing_beside_it_goes(yard: Yard) -> None:
    """A reason whose file was taken out again, or went with a death between the two, goes after two days."""
    path = yard.refuse()
    path.unlink()

    assert yard.live(LEFT_S - 1).things == ()
    yard.live(1)

    assert list(yard.invalid.iterdir()) == []


def test_a_file_that_is_called_as_a_reason_is_a_file(yard: Yard) -> None:
    """A dropped file whose name ends as a reason's does lies its week, and goes with its own reason."""
    path = yard.refuse("x.reason.json")

    yard.live(6 * DAY_S)
    assert path.exists()
    yard.live(24 * DAY_S)

    assert list(yard.invalid.iterdir()) == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50), st.booleans()), max_size=12),
    st.integers(0, 200),
    st.integers(1, 9),
)
def test_choice(rows: list[tuple[int, int, bool]], most_bytes: int, most_s: int) -> None:
    """All that is too old goes; what is too much goes from the oldest on, only while it is, and never too soon."""
    things = [
        Thing("r", Path(str(nth)), Path(str(nth)), -age, size, nth, least_s=7 if only else 0, age_s=age)
        for nth, (age, size, only) in enumerate(rows)
    ]
    going, size = chosen(Heap("r", tuple(things), most_s, most_bytes), things)
    names = {thing.path for thing in going}
    stays = [thing for thing in things if thing.path not in names]

    assert size == sum(thing.size_bytes for thing in stays)
    assert all(thing.age_s >= thing.least_s for thing in going)
    assert all(thing.age_s < max(most_s, thing.least_s) for thing in stays)
    assert size <= most_bytes or all(thing.age_s < thing.least_s for thing in stays)
    by_size = [thing for thing in going if thing.because == "size"]
    assert not by_size or size + by_size[-1].size_bytes > most_bytes, "one less would have done"
    for thing in by_size:
        assert all(one.stamp_s >= thing.stamp_s for one in stays if one.age_s >= one.least_s)


def test_a_look_takes_so_much_and_no_more(yard: Yard) -> None:
    """One look has an end: what is left is counted, and goes at the next ones."""
    for _ in range(5):
        yard.attempt()
    yard.pass_(8 * DAY_S)

    first = yard.bounds.tidy(most=2)

    assert (len(first.things), first.left) == (2, 3)
    assert yard.bounds.tidy(within_s=0.0).things == ()
    assert (len(yard.bounds.tidy().things), yard.bounds.tidy().left) == (3, 0)


# -- clocks ------------------------------------------------------------------------------------------------------------


def test_a_jump_of_the_clock_empties_nothing(yard: Yard) -> None:
    """A year ahead nothing is older than before, nor younger: all go in their time (P14, P26)."""
    before, failed = yard.refuse("a.mp4"), yard.fail()
    yard.live(DAY_S)

    yard.wall.now += 365 * DAY_S
    after = yard.refuse("b.mp4")

    assert yard.live(60).things == ()
    assert yard.live(28 * DAY_S).things == ()
    assert {thing.path for thing in yard.live(DAY_S).things} == {before, failed}
    assert {thing.path for thing in yard.live(DAY_S).things} == {after}


def test_what_was_stamped_a_year_ahead_ages_as_well(yard: Yard) -> None:
    """What was refused while the clock ran a year ahead goes a month after that, though the clock was set right."""
    yard.live(60)
    yard.wall.now += 365 * DAY_S
    yard.live(60)
    path = yard.refuse()
    yard.live(60)
    yard.wall.now -= 365 * DAY_S

    assert yard.live(29 * DAY_S).things == ()
    assert [thing.path for thing in yard.live(DAY_S).things] == [path]


@pytest.mark.parametrize("stamp_s", [1.0, NOW_S + 1000 * DAY_S], ids=["long ago", "to come"])
def test_a_stamp_of_no_time_we_know_is_set_to_now(yard: Yard, stamp_s: float) -> None:
    """What lay there before anyone looked, or was stamped by a clock that nobody saw, ages from the first look on."""
    path, before = yard.refuse(), time.time()
    os.utime(note_of(path), (stamp_s, stamp_s))
    yard.use(Caps(trash_bytes=1))

    assert yard.live(DAY_S).things == ()
    assert abs(note_of(path).stat().st_mtime - before) < 60
    yard.stamped(note_of(path))  # the kernel's clock is another than this test's
    assert yard.live(ONLY_COPY_S - 1).things == ()
    assert [thing.path for thing in yard.live(1).things] == [path]


TIDY = """
import sys, time
from pathlib import Path
from videogen.bounds import Bounds, Caps
from videogen.spool import Spool
root = Path(sys.argv[1])
done = Bounds(Spool(root), root / "logs", Caps(trash_bytes=1)).tidy()
print(time.gmtime().tm_year, *(thing.path.name for thing in done.things))
"""


def test_a_process_with_another_year_takes_nothing_young(tmp_path: Path) -> None:
    """A real process whose wall clock says that it is next year takes what is eight days old, and not what is three."""
    if not library():
        pytest.skip("NOT TESTED: a clock that jumps, since libfaketime is not installed")
    yard, paper = Yard(tmp_path / "spool"), tmp_path / "spool" / "trash" / ".clock.json"
    now = Calm(paper).look(keep=True).stretches[-1].to_s
    lived = {"stretches": [[now - 20 * DAY_S, now, 20 * DAY_S]]}
    paper.write_text(json.dumps(json.loads(paper.read_text()) | lived))
    young, old = yard.refuse("young.mp4"), yard.refuse("old.mp4")
    for path, days in ((young, 3), (old, 8)):
        os.utime(note_of(path), (now - days * DAY_S,) * 2)
    (tmp_path / "clock").write_text("+1y\n")
    fake = {
        "LD_PRELOAD": library(),
        "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "clock"),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }

    argv = [sys.executable, "-c", TIDY, str(yard.spool.root)]
    said = subprocess.run(argv, env={**os.environ, **fake}, check=True, capture_output=True, text=True).stdout

    assert said.split()[0] == str(datetime.now(UTC).year + 1), "the clock was another"
    assert said.split()[1:] == ["old.mp4"]
    assert young.exists()
    assert len(json.loads(paper.read_text())["stretches"]) == 2


# -- hands and links ---------------------------------------------------------------------------------------------------


def test_no_link_is_followed(yard: Yard, tmp_path: Path) -> None:
    """A link among the things goes itself, and what it points to stays; a room that is a link is not looked into."""
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "film.mp4").write_bytes(b"x" * KB)
    (outside / "film.mp4.reason.json").write_text("{}")
    (outside / "film.mp4").write_bytes(b"x")
    folder = yard.fail()
    (folder / "there").symlink_to(outside)
    yard.stamped(folder)
    link = yard.invalid / "link.mp4"
    link.symlink_to(outside / "deep")
    note_of(link).write_text("{}")
    yard.stamped(note_of(link))
    yard.spool.attempts.rmdir()
    yard.spool.attempts.symlink_to(outside)
    before = sorted(outside.rglob("*"))

    done = yard.live(60 * DAY_S)

    assert {thing.path for thing in done.things} == {folder, link}
    assert not os.path.lexists(link)
    assert sorted(outside.rglob("*")) == before


def test_what_another_put_there_meanwhile_stays(yard: Yard) -> None:
    """A task that was retried and failed anew since the look is another one, though its name is the same."""
    folder = yard.fail()
    yard.pass_(31 * DAY_S)
    (thing,) = yard.bounds.plan().things
    other = yard.fail()
    durable.remove_tree(folder)
    other.rename(folder)

    assert not take_away(thing)
    assert not take_away(replace(thing, stamp_s=(folder / "reason.json").stat().st_mtime)), "another inode"
    assert (folder / "reason.json").exists()
    assert not take_away(replace(thing, path=folder.with_name("gone")))


def dies(yard: Yard, spec: str) -> bool:
    """Tidy up in a process that a fail point kills; give whether it did."""

    def tidy() -> None:
        points.arm({"VIDEOGEN_FAILPOINTS": spec})
        yard.bounds.tidy()

    child = FORK.Process(target=tidy)
    child.start()
    child.join()
    return bool(child.exitcode)


STEPS = (
    "durable.write.before_rename",
    "durable.write.after_rename",
    "durable.move.before",
    "durable.move.after_rename",
    "durable.move.after",
    "durable.remove_tree.before",
    "durable.remove_tree.after",
    "durable.remove.before",
    "durable.remove.after_unlink",
)


@pytest.mark.parametrize("step", STEPS)
def test_a_death_at_any_step_is_finished_by_the_next_look(yard: Yard, step: str) -> None:
    """Killed before or after any rename, link or removal, no file is without its reason, and a look or two later all
    is as if nobody had died (P13, P25, P26)."""
    keep = yard.refuse("keep.mp4")
    for turn in range(1, 9):
        things = [yard.refuse(f"{turn}.mp4"), yard.fail(), yard.attempt()]
        yard.pass_(60 * DAY_S)
        yard.stamped(note_of(keep))

        died = dies(yard, f"{step}=kill@{turn}")

        assert yard.apart() == []
        yard.bounds.tidy()
        yard.live(LEFT_S)
        assert [path for path in things if path.exists()] == []
        for room in ("invalid", "failed", "attempts"):
            left = {path for path in (yard.spool.root / "trash" / room).iterdir() if path != keep}
            assert left <= {note_of(keep)}, (turn, room)
        assert keep.exists()
        if not died:
            assert turn > 1, "the step was never reached"
            break


# -- what else lies about ----------------------------------------------------------------------------------------------


def test_logs_go_by_their_day_but_not_those_being_written(yard: Yard) -> None:
    """Rotated logs go after keep_days; one that a process has open stays, as does what is no log of ours (E5)."""
    rotated, written, ended = yard.log("main.log.2026-01-01"), yard.log("main.log"), yard.log("node-n1.log")
    figures, other = yard.log("metrics-node-n1.prom"), yard.log("notes.txt")

    with yard.spool.holding("main"):
        yard.live(15 * DAY_S)
        assert [path.exists() for path in (rotated, written, ended, figures, other)] == [False, True, True, True, True]
        yard.live(GONE_S)

    assert [path.exists() for path in (written, ended, figures, other)] == [True, False, False, True]


def test_logs_that_are_too_much_are_told(yard: Yard) -> None:
    """Of too many bytes the oldest rotated ones go; where that is not enough it is told."""
    old, new = yard.log("main.log.2026-01-01", KB), yard.log("main.log", 10 * KB)
    yard.use(Caps(logs_bytes=5 * KB))

    done = yard.live(60)

    assert (old.exists(), new.exists()) == (False, True)
    assert [(over.room, over.setting) for over in done.over] == [("logs", "log.max_gb")]


def told(yard: Yard, node: str) -> Path:
    """Have a node's paper of now."""
    path = paper_of(yard.spool.nodes, node)
    durable.write(path, NodePaper(node=node).model_dump_json())
    return yard.stamped(path)


def test_papers_of_nodes_long_gone(yard: Yard) -> None:
    """A paper goes after three months; not that of one that lives, or was asked to drain, nor what a tuning found."""
    gone, lives, drained = (told(yard, name) for name in ("gone", "lives", "drained"))
    drain_of(yard.spool.nodes, "drained").touch()
    tuned, proofs = yard.spool.nodes / "gone.tune.json", yard.spool.nodes / ".proofs.h.json"
    for path in (tuned, proofs):
        path.write_text("{}")
        yard.stamped(path)

    with yard.spool.holding("node-lives"):
        assert yard.live(GONE_S - 1).things == ()
        yard.live(1)

    assert [path.exists() for path in (gone, lives, drained, tuned, proofs)] == [False, True, True, True, False]


def test_what_the_dead_left_goes_after_two_days(yard: Yard) -> None:
    """Scratch of an encoder that died, half a copy in the entrance, half a file anywhere; not what is being used, nor
    anything that holds a task's token."""
    processing = yard.spool.processing
    entrance = yard.spool.root / "scanned" / ".incoming"
    entrance.mkdir()
    left = [processing / ".warm.node-gone", processing / ".tmp-1", yard.spool.nodes / ".tmp-2", entrance / "half"]
    kept = [processing / ".warm.node-lives", yard.spool.tasks / ".tmp-t", processing / ".reserve"]
    for path in (*left[:2], *kept[:2]):
        path.mkdir()
        (path / ("out.1" if path.name == ".tmp-t" else "x")).mkdir()
    for path in (*left[2:], kept[2]):
        path.write_bytes(b"x")
    for path in (*left, *kept):
        yard.stamped(path)

    with yard.spool.holding("node-lives"):
        assert yard.live(LEFT_S - 1).things == ()
        yard.live(30 * DAY_S)

    assert [path.exists() for path in left] == [False] * 4
    assert [path.exists() for path in kept] == [True] * 3


def test_a_plan_touches_nothing(yard: Yard) -> None:
    """What would go is what goes, and looking leaves every name and stamp as it was."""
    yard.refuse()
    yard.fail()
    yard.log("main.log.2026-01-01")
    yard.pass_(60 * DAY_S)

    def seen() -> dict[Path, int]:
        return {path: path.lstat().st_mtime_ns for path in yard.spool.root.rglob("*")}

    before = seen()
    planned = yard.bounds.plan()

    assert seen() == before
    assert len(planned.things) == 3
    assert yard.bounds.tidy().things == planned.things
