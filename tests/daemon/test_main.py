"""Main reads its settings again, and goes on whatever they say (A2, P16)."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.jobs.yard import Yard
from videogen.daemon import Signals
from videogen.daemon.main import run_main
from videogen.notify import Notify
from videogen.wiring import House


def until(is_so: Callable[[], object], within_s: float = 12.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_wrong_settings_leave_main_its_hands(tmp_path: Path) -> None:
    """Told to read settings that are wrong, main goes on with the old ones: a folder that comes then is taken."""
    yard = Yard(tmp_path / "spool")
    settings = yard.root / "videogen.toml"
    settings.write_text("[scan]\nquiet_s = 0.2\nrescan_s = 1.0\n")
    signals = Signals()
    house = House(yard.root, signals.stop, signals.wake)
    is_told = threading.Event()

    def tell() -> None:
        try:
            settings.write_text("nonsense = [")
            signals.reload.set()
            signals.wake.set()
            until(lambda: not signals.reload.is_set())
            yard.composition()
            until(yard.tasks)
        finally:
            signals.stop.set()
            signals.wake.set()

    teller = threading.Thread(target=tell)

    def tick() -> None:
        if not is_told.is_set():  # main looks by now
            is_told.set()
            teller.start()

    try:
        run_main(house, signals, Notify(), once=False, tick=tick)
    finally:
        signals.stop.set()
        teller.join(30)
        yard.jobs.close()

    assert [task["story_name"] for task in yard.tasks()] == ["first"]
