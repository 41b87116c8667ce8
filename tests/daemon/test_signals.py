"""What a process hears: drain, stop, reload, and an end at once for who insists (A2, A3, P16)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from videogen.daemon import Pulse, Signals, told

SENT = {"TERM": signal.SIGTERM, "INT": signal.SIGINT, "HUP": signal.SIGHUP}


def send(name: str) -> None:
    """Send this process a signal; Python hears it before this returns."""
    signal.raise_signal(SENT[name])


def heard(signals: Signals) -> str:
    """Say what a process was told: d for drain, s for stop, r for reload, w for awake."""
    words = {"d": signals.drain, "s": signals.stop, "r": signals.reload, "w": signals.wake}
    return "".join(word for word, event in words.items() if event.is_set())


ROWS = [
    (True, [], ""),
    (True, ["TERM"], "dw"),
    (True, ["INT"], "dw"),
    (True, ["TERM", "TERM"], "dsw"),
    (True, ["INT", "TERM"], "dsw"),
    (True, ["HUP"], "rw"),
    (True, ["HUP", "TERM"], "drw"),
    (False, ["TERM"], "sw"),
    (False, ["HUP", "INT"], "srw"),
]


@pytest.mark.parametrize(("drains", "sent", "wanted"), ROWS, ids=lambda one: str(one).replace(" ", ""))
def test_signals_are_told(drains: bool, sent: list[str], wanted: str) -> None:
    """A role that drains is drained by the first signal and stopped by the second; another is stopped by the first."""
    signals = Signals()

    with told(signals, drains=drains):
        for name in sent:
            send(name)
        assert heard(signals) == wanted


def test_what_was_told_is_told_once_each() -> None:
    """Three signals in a row are never two drains: the second stops, and what was set stays set."""
    signals = Signals()
    seen = []

    with told(signals, drains=True):
        for _ in range(2):
            send("TERM")
            seen.append(heard(signals))
            signals.wake.clear()

    assert seen == ["dw", "dsw"]


@pytest.mark.parametrize("drains", [True, False])
def test_handlers_are_put_back(drains: bool) -> None:
    """After the block a signal does what it did before it."""
    before = [signal.getsignal(number) for number in SENT.values()]

    with told(Signals(), drains=drains):
        assert [signal.getsignal(number) for number in SENT.values()] != before

    assert [signal.getsignal(number) for number in SENT.values()] == before


LIFE = """\
import sys, time
from videogen.daemon import Signals, told

signals = Signals()
with told(signals, drains=sys.argv[1] == "drains"):
    print("ready", flush=True)
    for _ in range(3000):
        if signals.wake.is_set():
            signals.wake.clear()
            print("heard", flush=True)
        time.sleep(0.01)
"""


@pytest.mark.parametrize(("role", "lives"), [("drains", 2), ("stops", 1)])
def test_one_signal_more_ends_the_process(role: str, lives: int) -> None:
    """A process that does not end by itself is ended by the signal after the last that it hears, as by that signal."""
    process = subprocess.Popen([sys.executable, "-c", LIFE, role], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == b"ready\n"
        for _ in range(lives):
            process.send_signal(signal.SIGTERM)
            assert process.stdout.readline() == b"heard\n"
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == -signal.SIGTERM


HUNG_UP = """\
import sys, threading, time
from videogen.daemon import stopping

stop = threading.Event()
with stopping(stop):
    print("ready", flush=True)
    stop.wait(30)
print("stopped" if stop.is_set() else "late", flush=True)
"""


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGTERM, 0, b"stopped\n"), (signal.SIGINT, 0, b"stopped\n"), (signal.SIGHUP, -signal.SIGHUP, b"")],
)
def test_work_by_hand_stops_cleanly_and_ends_with_its_terminal(number: int, status: int, said: bytes) -> None:
    """What was asked for by hand stops at the first signal; when its terminal goes, it goes, and reads no settings."""
    process = subprocess.Popen([sys.executable, "-c", HUNG_UP], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(5) == status
        assert process.stdout.read() == said


def test_a_loop_that_waits_wakes_at_once() -> None:
    """A loop that would sleep for a minute hears a signal of another process within a second."""
    signals = Signals()

    with told(signals, drains=True):
        began = time.monotonic()
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert signals.wake.wait(60)

    assert time.monotonic() - began < 1


# -- the pulse of a loop -----------------------------------------------------------------------------------------------


def in_thread(do: Callable[[], object]) -> None:
    """Do it beside the loop."""
    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


def test_asking_is_a_sign_of_life() -> None:
    """Each time the loop asks whether to stop it beats; what works beside it asks too, and does not speak for it."""
    beats: list[float] = []
    pulse = Pulse(lambda: beats.append(time.monotonic()))

    asked = [pulse.is_set() for _ in range(3)]
    in_thread(pulse.is_set)
    in_thread(lambda: pulse.wait(0.01))

    assert asked == [False, False, False]
    assert len(beats) == 3
    assert all(first <= second for first, second in pairwise(beats))


def test_a_pulse_is_a_stop() -> None:
    """It is set from anywhere, seen everywhere, and ends a wait."""
    pulse = Pulse(lambda: None)
    seen: list[bool] = []

    in_thread(pulse.set)
    in_thread(lambda: seen.append(pulse.is_set()))

    assert (pulse.is_set(), pulse.wait(0), seen) == (True, True, [True])
