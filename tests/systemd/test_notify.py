"""What reaches the manager's socket, and what a daemon pays when nobody listens there (A2, A3)."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from tests.systemd.manager import Manager
from videogen.notify import STATUS_CHARACTERS, Notify

FAR_TOO_LONG = "/tmp/" + "x" * 200
DATAGRAMS = 5000
"""More than any system keeps for one socket that is not read."""


def say_all(notify: Notify) -> None:
    """Say everything there is to say."""
    notify.status("counting")
    notify.working(more_s=90)
    notify.ready()
    notify.watchdog()
    notify.reloading()
    notify.stopping()


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_every_fact_arrives(tmp_path: Path, kind: str) -> None:
    """Each fact is one datagram in sd_notify's words, at a path and at an abstract name."""
    address = f"@videogen-{uuid4()}" if kind == "abstract" else f"{tmp_path}/n"
    with Manager(address) as manager:
        say_all(Notify(address, watchdog_s=1))

        assert [manager.heard() for _ in range(8)] == [
            ["STATUS=counting"],
            ["EXTEND_TIMEOUT_USEC=90000000"],
            ["WATCHDOG=1"],
            ["READY=1"],
            ["WATCHDOG=1"],
            ["RELOADING=1"],
            ["STOPPING=1"],
            [],
        ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("3 tasks", "3 tasks"),
        ("müde 🌞", "müde 🌞"),
        ("a\nSTOPPING=1", "a STOPPING=1"),  # a line end would begin a fact of its own
        ("a\r\u2028b\0c", "a b c"),  # line ends of other scripts; a manager drops a datagram with a zero byte
        ("half \udc80", "half ?"),  # a file name that is no text
        ("🌞" * 5000, "🌞" * STATUS_CHARACTERS),  # a manager drops what is longer than 4096 bytes
    ],
    ids=["plain", "utf-8", "line-end", "zero", "surrogate", "long"],
)
def test_status_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    """Whatever stands in a status, the manager hears one fact, whole, in one datagram that it accepts."""
    with Manager(f"{tmp_path}/n") as manager:
        Notify(manager.address).status(text)

        assert manager.heard() == [f"STATUS={told}"]


@pytest.mark.parametrize(
    "address",
    ["", "/nowhere/at/all", f"@nobody-{uuid4()}", FAR_TOO_LONG, "vsock:2:99", "relative", "@", "/a\0b", "/\ud800"],
    ids=["unset", "absent", "abstract", "too-long", "other-family", "relative", "unnamed", "zero", "surrogate"],
)
def test_nobody_listens(address: str) -> None:
    """Without a listener nothing is raised and nothing is waited for."""
    began = time.monotonic()

    say_all(Notify(address, watchdog_s=1))

    assert time.monotonic() - began < 0.5


def test_full_socket_does_not_wait(tmp_path: Path) -> None:
    """A manager that does not read stops nobody, and the last change of state reaches it when it reads again."""
    with Manager(f"{tmp_path}/n") as manager:
        notify, began = Notify(manager.address, watchdog_s=1), time.monotonic()
        for _ in range(DATAGRAMS):
            notify.watchdog()
        notify.reloading()
        notify.ready()
        notify.watchdog()
        assert time.monotonic() - began < 2

        while facts := manager.heard():
            assert facts == ["WATCHDOG=1"]
        notify.watchdog()
        notify.watchdog()

        assert len(manager.facts) < DATAGRAMS  # it was full
        assert manager.heard() == ["READY=1", "WATCHDOG=1"]
        assert manager.heard() == ["WATCHDOG=1"]


def test_listener_that_came_back_is_heard(tmp_path: Path) -> None:
    """A manager that made its socket anew under the old name hears the next fact."""
    with Manager(f"{tmp_path}/n") as manager:
        notify = Notify(manager.address)
        notify.ready()
    notify.status("nobody hears this")
    with Manager(f"{tmp_path}/n") as manager:
        notify.status("here")

        assert manager.heard() == ["STATUS=here"]


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({}, None),  # no manager waits
        ({"WATCHDOG_USEC": "30000000"}, 15.0),  # half of what it waits
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # it waits for another process
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "me"}, None),
        ({"WATCHDOG_USEC": "0"}, None),  # switched off
        ({"WATCHDOG_USEC": ""}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "3s"}, None),
        ({"WATCHDOG_USEC": "9" * 5000}, None),  # no number of 64 bits, nor one that Python reads
    ],
)
def test_watchdog_s(tmp_path: Path, environment: dict[str, str], watchdog_s: float | None) -> None:
    """The loop learns how often to ping, and pings only where somebody waits for it."""
    with Manager(f"{tmp_path}/n") as manager:
        notify = Notify.from_environment(environment | {"NOTIFY_SOCKET": manager.address})
        notify.watchdog()

        assert notify.watchdog_s == watchdog_s
        assert manager.heard() == (["WATCHDOG=1"] if watchdog_s else [])


def test_children_do_not_inherit_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What names the manager is gone from the environment, and its socket from what a child has open."""
    monkeypatch.setenv("NOTIFY_SOCKET", f"{tmp_path}/n")
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    monkeypatch.setenv("KEPT", "yes")
    script = "import os; print(sorted({'NOTIFY_SOCKET','WATCHDOG_USEC','WATCHDOG_PID','KEPT'} & set(os.environ)))"

    with Manager(f"{tmp_path}/n") as manager:
        notify = Notify.from_environment()
        child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        notify.ready()

        assert child.stdout.strip() == "['KEPT']"
        assert manager.heard() == ["READY=1"]


def test_no_descriptor_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no socket can be had at all, the daemon starts as if nobody listened."""

    def refuse(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)

    say_all(Notify("/run/systemd/notify", watchdog_s=1))
