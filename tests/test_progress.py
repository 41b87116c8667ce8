"""What is told of a render that goes on: frame, frames a second, size and time left (E4, B6)."""

from types import SimpleNamespace
from typing import cast

import pytest
from structlog.testing import capture_logs

from videogen import progress
from videogen.ffmpeg import Progress
from videogen.plan import Plan
from videogen.render.tally import Tally


def test_a_line_has_frame_rate_size_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no terminal, now and then."""
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)

    with capture_logs() as lines, progress.shown() as tell:
        tell("a", Progress(100, 400, 5.0, 2_000_000))

    told = {name: value for name, value in lines[0].items() if name not in {"log_level", "event"}}
    assert told == {
        "task": "a",
        "percent": 25,
        "frame": 100,
        "fps": 20.0,
        "size_bytes": 2_000_000,
        "eta_s": 15,
    }


def test_runs_side_by_side_add_up() -> None:
    """Of a video made in pieces all frames and bytes are told, and never more frames than there are."""
    told: list[Progress] = []
    plan = cast("Plan", SimpleNamespace(frames_to_encode=100, frames=300))
    tally = Tally(plan, told.append)

    one, other = tally.follow("one"), tally.follow("other")
    one(Progress(40, 60, 1.0, 5000))
    other(Progress(30, 40, 1.0, 700))
    one(Progress(90, 60, 2.0, 9000))
    tally.finish()

    assert [(here.frame, here.total, here.size_bytes) for here in told] == [
        (40, 100, 5000),
        (70, 100, 5700),
        (100, 100, 9700),
        (100, 100, 9700),
    ]


@pytest.mark.parametrize(("frame", "seconds", "fps"), [(0, 0.0, 0.0), (50, 2.0, 25.0)])
def test_the_rate_is_that_of_the_whole_run(frame: int, seconds: float, fps: float) -> None:
    """And nothing before time has passed."""
    assert Progress(frame, 100, seconds).fps == fps
