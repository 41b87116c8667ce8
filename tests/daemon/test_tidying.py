"""Main tidies up every hour, says in one line what went, and warns once a day of what stays (A10, A11, P26)."""

from pathlib import Path

import pytest

from tests.rows import Rows
from tests.yard import KB, Yard
from videogen import durable
from videogen.bounds import Caps
from videogen.calm import DAY_S
from videogen.daemon import tidying
from videogen.daemon.tidying import EVERY_S, WARN_S, Tidying


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A spool whose clock has been known for two months."""
    made = Yard(tmp_path / "spool")
    made.live(0)
    made.live(60 * DAY_S)
    return made


class Clock:
    """What the chore takes for the time module."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the chore."""
    made = Clock()
    monkeypatch.setattr(tidying, "time", made)
    return made


def test_what_went_is_one_line(yard: Yard, logged: Rows) -> None:
    """One look says how many things of which room went, and how many bytes; one that found nothing says nothing."""
    paths = [yard.refuse(), yard.fail(), yard.attempt(), yard.attempt()]
    yard.pass_(31 * DAY_S)
    size = sum(thing.size_bytes for thing in yard.bounds.plan().things)

    Tidying(yard.bounds).look()
    Tidying(yard.bounds).look()

    assert not any(path.exists() for path in paths)
    counts = {"trash/attempts": 2, "trash/failed": 1, "trash/invalid": 1, "things": 4, "bytes": size}
    assert logged == [{"event": "Tidied up", "log_level": "info", **counts}]


def test_it_looks_every_hour(yard: Yard, clock: Clock) -> None:
    """The first look is made at once, the next an hour later, and sooner where one look did not take all."""
    tidy = Tidying(yard.bounds)
    for wait_s, is_tidied in ((0.0, True), (EVERY_S - 1, False), (1.0, True)):
        clock.now += wait_s
        path = yard.attempt()
        yard.pass_(8 * DAY_S)
        tidy.look()
        assert path.exists() != is_tidied
        yard.bounds.tidy()

    for _ in range(600):  # more than one look takes
        (yard.spool.attempts / f"{_}").mkdir()
        yard.stamped(yard.spool.attempts / f"{_}")
    yard.pass_(8 * DAY_S)
    clock.now += EVERY_S
    for _ in range(60):
        tidy.look()
    assert list(yard.spool.attempts.iterdir()) == []


def test_a_room_that_stays_too_full_is_warned_of_once_a_day(yard: Yard, clock: Clock, logged: Rows) -> None:
    """What is too young to go is a warning with its remedy, a day later another, and no more of them (P26)."""
    yard.use(Caps(trash_bytes=KB))
    yard.refuse(size=5 * KB)
    tidy = Tidying(yard.bounds)

    for _ in range(25):
        tidy.look()
        clock.now += EVERY_S

    assert [row["code"] for row in logged] == ["too-full"] * 2
    assert "trash/invalid holds" in logged[0]["event"]
    assert "trash.max_gb" in logged[0]["remedy"]
    assert WARN_S == DAY_S


def test_two_do_not_tidy_at_once(yard: Yard) -> None:
    """While someone tidies by hand, main leaves it to them and looks again."""
    path, tidy = yard.attempt(), Tidying(yard.bounds)
    yard.pass_(8 * DAY_S)

    with durable.alone(yard.bounds.lock):
        tidy.look()
        assert path.exists()
    tidy.look()

    assert not path.exists()
