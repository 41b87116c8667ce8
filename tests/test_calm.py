"""An age is believed as far as the clock is known to have gone evenly, and no further (P14, P26)."""

import os
from pathlib import Path

import pytest

from tests.clock import HandClock
from videogen import durable
from videogen.calm import DAY_S, MOST, OFF_S, STEP_S, Calm, Moment, disk_now_s

YEAR_S = 365 * DAY_S


@pytest.fixture
def wall() -> HandClock:
    """The clock that can be set."""
    clock = HandClock()
    clock.now = 1e9
    return clock


@pytest.fixture
def boot() -> HandClock:
    """The clock that cannot."""
    return HandClock()


@pytest.fixture
def calm(tmp_path: Path, wall: HandClock, boot: HandClock) -> Calm:
    """A watch on the two."""
    return Calm(tmp_path / ".clock.json", wall, boot)


def lived(calm: Calm, wall: HandClock, boot: HandClock, seconds: float) -> Moment:
    """Live so long with an even clock, then look."""
    wall.now += seconds
    boot.now += seconds
    return calm.look(keep=True)


def test_time_is_counted_while_the_clock_is_even(calm: Calm, wall: HandClock, boot: HandClock) -> None:
    """Ages grow with the time that passes between looks; a look that keeps nothing changes nothing."""
    stamp = wall.now

    assert calm.look(keep=True).age_s(stamp) == 0
    assert lived(calm, wall, boot, 5 * DAY_S).age_s(stamp) == 5 * DAY_S
    assert [calm.look(keep=False).watched_s for _ in range(3)] == [5 * DAY_S] * 3
    assert lived(calm, wall, boot, DAY_S).age_s(stamp + DAY_S) == 5 * DAY_S


@pytest.mark.parametrize("step_s", [YEAR_S, -YEAR_S, 3600.0, -3600.0, 2 * STEP_S])
def test_a_jump_makes_nothing_older_nor_younger(calm: Calm, wall: HandClock, boot: HandClock, step_s: float) -> None:
    """Stamps from before a jump, after it, and after the way back have the ages of the time that was really lived."""
    calm.look(keep=True)
    lived(calm, wall, boot, 20 * DAY_S)
    before = wall.now - 10 * DAY_S
    wall.now += step_s
    lived(calm, wall, boot, 60)
    lived(calm, wall, boot, 3 * DAY_S)
    during = wall.now
    lived(calm, wall, boot, DAY_S)
    wall.now -= step_s

    moment = lived(calm, wall, boot, 2 * DAY_S)

    assert moment.age_s(before) == 16 * DAY_S + 60
    assert 3 * DAY_S - 2 * STEP_S <= (moment.age_s(during) or 0) <= 3 * DAY_S
    assert moment.watched_s == 26 * DAY_S + 60


def test_of_two_times_the_later_one_counts(calm: Calm, wall: HandClock, boot: HandClock) -> None:
    """A clock set back shows the same hour twice: what was stamped then is taken for the younger of the two."""
    calm.look(keep=True)
    lived(calm, wall, boot, 10 * DAY_S)
    wall.now -= 10 * DAY_S
    lived(calm, wall, boot, 1)

    moment = lived(calm, wall, boot, 5 * DAY_S)

    assert moment.age_s(wall.now - 4 * DAY_S) == 4 * DAY_S


def test_a_stamp_of_no_known_time_tells_nothing(calm: Calm, wall: HandClock, boot: HandClock) -> None:
    """What was stamped before anyone looked, in a gap, or by a clock that ran ahead, has no age."""
    began = wall.now
    calm.look(keep=True)
    lived(calm, wall, boot, DAY_S)
    wall.now += YEAR_S
    moment = lived(calm, wall, boot, DAY_S)

    assert [moment.age_s(one) for one in (1.0, began - DAY_S, began + 30 * DAY_S, wall.now + DAY_S)] == [None] * 4


@pytest.mark.parametrize("drift", [1 + 4e-4, 1 - 4e-4])
def test_a_clock_that_is_steered_is_even(calm: Calm, wall: HandClock, boot: HandClock, drift: float) -> None:
    """A clock disciplined as far as a kernel does it for a month is not taken for one that was set."""
    calm.look(keep=True)

    boot.now += 30 * DAY_S
    wall.now += 30 * DAY_S * drift

    assert len(calm.look(keep=True).stretches) == 1


@pytest.mark.parametrize(
    ("passed_s", "counts"), [(60, True), (OFF_S, True), (OFF_S + 1, False), (YEAR_S, False), (-120, False)]
)
def test_a_boot_is_believed_a_long_weekend(
    calm: Calm, wall: HandClock, boot: HandClock, tmp_path: Path, passed_s: float, *, counts: bool
) -> None:
    """From one boot to the next the clock alone tells the time: so much of it is believed, and of more nothing."""
    calm.look(keep=True)
    stamp = wall.now
    lived(calm, wall, boot, 10 * DAY_S)
    paper = tmp_path / ".clock.json"
    paper.write_text(paper.read_text().replace(durable.boot_id(), "another"))

    boot.now = 5.0
    wall.now += passed_s
    moment = calm.look(keep=True)

    assert moment.age_s(stamp) == 10 * DAY_S + (passed_s if counts else 0)
    assert len(moment.stretches) == (1 if counts else 2)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"boot": 1}', '{"boot":"b","boot_s":1,"stretches":[]}', '{"stretches":[[1,2]]}']
)
def test_a_paper_that_says_nothing_is_none(calm: Calm, tmp_path: Path, content: str) -> None:
    """A note that is torn, or of another make, is as none at all: time begins anew."""
    (tmp_path / ".clock.json").write_text(content)

    assert calm.look(keep=True).watched_s == 0


def test_a_clock_that_never_rests_fills_no_disk(calm: Calm, wall: HandClock, boot: HandClock, tmp_path: Path) -> None:
    """However often the clock jumps, so many stretches are kept and no more, and the last are the latest."""
    for _ in range(MOST + 9):
        wall.now += YEAR_S
        moment = lived(calm, wall, boot, 60)

    assert len(moment.stretches) == MOST
    assert moment.stretches[-1].to_s == wall.now
    assert (tmp_path / ".clock.json").stat().st_size < 8192


def test_the_time_is_that_of_the_stamps(tmp_path: Path) -> None:
    """The clock that is read is the one that stamps files there, and leaves nothing behind."""
    path = tmp_path / "x"
    path.touch()

    assert abs(disk_now_s(tmp_path) - path.stat().st_mtime) < 5
    assert os.listdir(tmp_path) == ["x"]
