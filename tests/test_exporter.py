"""What all roles wrote as one text, and the server that gives it: real files, real sockets, a real process (A12)."""

import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.flow.house import House, clean_env
from tests.test_metrics import made_older
from videogen import exporter, metrics
from videogen.errors import ConfigError
from videogen.exporter import Server, address_of, live, merged, texts
from videogen.metrics import Meter


def wrote(folder: Path, role: str, node: str = "", *, published: int = 0, age_s: float = 0, running: int = 1) -> None:
    """Write a role's text, so old."""
    meter = Meter()
    meter.count("published", published)
    meter.gauge({"running": running, "disk_free": 7})
    name = f"{role}-{node}" if node else role
    metrics.keep(folder, name, metrics.textfile(role, node, [], meter.readings()))
    made_older(folder / f"metrics-{name}.prom", age_s)


def read(text: str) -> dict[str, dict[str, float]]:
    """Read a text as a scraper does: by name, and by role and node."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[
                "/".join((sample.labels.get("role", ""), sample.labels.get("node", "")))
            ] = sample.value
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a main and a node that live, one that died, and one that ended as it should."""
    wrote(tmp_path, "main")
    wrote(tmp_path, "node", "a", published=3)
    wrote(tmp_path, "node", "dead", published=5, age_s=46)
    wrote(tmp_path, "node", "off", published=9, age_s=4000, running=0)
    return tmp_path


def test_one_text_of_all(folder: Path) -> None:
    """Each family has one head and everybody's samples, and a scraper reads them all."""
    text = merged(texts(folder))

    found = read(text)
    assert found["videogen_published_total"] == {"node/a": 3, "node/dead": 5, "node/off": 9}
    assert found["videogen_up"] == {"main/": 1, "node/a": 1, "node/dead": 0}
    assert found["videogen_text_age_seconds"]["node/dead"] == pytest.approx(46, abs=5)
    assert found["videogen_text_unreadable"] == {"/": 0}
    heads = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(heads) == len(set(heads)) == text.count("# HELP")


def test_what_the_dead_said_last_is_not_told_as_now(folder: Path) -> None:
    """A scraper is told that a role is down, and nothing of what it measured; one that ended is not missed."""
    found = read(merged(live(texts(folder))))

    assert found["videogen_published_total"] == {"node/a": 3}
    assert found["videogen_disk_free_bytes"] == {"main/": 7, "node/a": 7}
    assert found["videogen_up"]["node/dead"] == 0
    assert "node/off" not in found["videogen_up"]


@pytest.mark.parametrize(
    "bad", [b'# TYPE x gauge\nx{a="b"\n', b"\xff\xfe", b"videogen_up 1\n", b"# TYPE a gauge\nb 1\n", b"nonsense"]
)
def test_a_text_that_is_none_spoils_no_other(folder: Path, bad: bytes) -> None:
    """What cannot be read is counted and left out whole: no line of it can spoil the others'."""
    (folder / "metrics-node-a.prom").write_bytes(bad)

    found = read(merged(texts(folder)))

    assert found["videogen_text_unreadable"] == {"/": 1}
    assert found["videogen_published_total"] == {"node/dead": 5, "node/off": 9}


def test_other_files_are_not_read(folder: Path) -> None:
    """A log, a link to somewhere else's name and half a text of a write are none."""
    for name in ("main.log", "metrics-.prom", ".tmp-metrics-main.prom", "metrics-main.prom.bak", "metrics-x.prom"):
        (folder / name).write_text("secret 1\n")

    assert "secret" not in merged(texts(folder))
    assert texts(folder / "nowhere") == []


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),  # noqa: S104 -- what an operator may ask for
        ("[::1]:80", ("::1", 80)),
        ("host:", None),
        ("host:99999", None),
        ("a:b", None),
        ("", None),
    ],
)
def test_addresses(given: str, address: tuple[str, int] | None) -> None:
    """A port alone is on the loopback; what is no address is refused with a sentence."""
    if address is not None:
        assert address_of(given) == address
        return
    with pytest.raises(ConfigError, match="no address to listen at"):
        address_of(given)


# -- over HTTP -------------------------------------------------------------------------------------------------------


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve a folder; give where."""
    with Server(folder, ("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield "127.0.0.1", server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def asked(place: tuple[str, int], path: str, method: str = "GET") -> tuple[int, str]:
    """Ask for a path; give the status and the words."""
    connection = HTTPConnection(*place, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_paths(folder: Path) -> None:
    """/metrics gives the live text, /healthz names who is down, and nothing else is answered or done."""
    with served(folder) as place:
        found = read(asked(place, "/metrics")[1])
        assert (found["videogen_up"]["node/dead"], found["videogen_published_total"]) == (0, {"node/a": 3})
        assert asked(place, "/healthz") == (503, "down: node dead\n")
        (folder / "metrics-node-dead.prom").unlink()
        assert asked(place, "/healthz?verbose") == (200, "ok\n")
        assert [asked(place, path)[0] for path in ("/", "/metrics/../x", "/logs/main.log")] == [404] * 3
        assert [asked(place, "/metrics", method)[0] for method in ("POST", "PUT", "DELETE", "HEAD")] == [501] * 4


def said(place: tuple[str, int], words: bytes, wait_s: float = 5.0) -> bytes:
    """Say something raw, and give the first words of the answer."""
    with socket.create_connection(place, timeout=wait_s) as line:
        line.sendall(words)
        return line.recv(64)


def test_long_and_slow_callers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question without end is refused by its length, one that trickles by its time; others are answered meanwhile."""
    monkeypatch.setattr(exporter, "ASK_S", 0.5)
    with served(folder) as place:
        assert said(place, b"GET /metrics HTTP/1.0\r\nX: " + b"a" * 3 * exporter.HEAD_BYTES).startswith(b"HTTP/1.0 431")
        began = time.monotonic()
        with socket.create_connection(place, timeout=5) as slow:
            for _ in range(3):
                slow.sendall(b"G")
                time.sleep(0.1)
            assert asked(place, "/metrics")[0] == 200
            assert slow.recv(64).startswith(b"HTTP/1.0 408")
        assert time.monotonic() - began < 4
        assert said(place, b"\x16\x03\x01 no http\r\n\r\n")[:4] in {b"HTTP", b"<!DO"}


def test_only_so_many_callers_at_once(folder: Path) -> None:
    """Beyond the most the next one is told at once to come again, and is answered when one has gone."""
    with served(folder) as place:
        waiting = [socket.create_connection(place, timeout=5) for _ in range(exporter.CALLERS)]
        time.sleep(0.2)
        assert said(place, b"GET /metrics HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 503")
        for one in waiting:
            one.close()
        until = time.monotonic() + 5
        while (status := asked(place, "/metrics")[0]) != 200 and time.monotonic() < until:
            time.sleep(0.05)
        assert status == 200


def test_the_verb_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    """`metrics --listen` says where it serves, answers from files that come later, and ends with 0 at SIGTERM."""
    house = House(tmp_path / "spool")
    argv = house.argv("metrics", "--listen", "127.0.0.1:0")
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=clean_env()) as process:
        assert process.stderr
        line = process.stderr.readline()
        found = re.search(r'at="?http://127.0.0.1:(\d+)/metrics', line)
        assert found, line
        place = "127.0.0.1", int(found[1])
        assert "videogen_up{" not in asked(place, "/metrics")[1]
        (house.root / "logs").mkdir(exist_ok=True)
        wrote(house.root / "logs", "main")
        assert read(asked(place, "/metrics")[1])["videogen_up"] == {"main/": 1}

        taken = house.run("metrics", "--listen", f"127.0.0.1:{place[1]}")
        assert (taken.returncode, "cannot listen at" in taken.stderr) == (78, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
