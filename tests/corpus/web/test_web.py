"""The whole web corpus through a real crawl, in a network of our own (T13-T16, P24)."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.web.items import ITEMS, SERVER, Item

CONNECT = re.compile(
    r"connect\(\d+<(?P<kind>\w+):.*?_port=htons\((?P<port>\d+)\).*?"
    r'(?:inet_addr\(|inet_pton\(AF_INET6, )"(?P<address>[^"]+)"'
)
SENT = re.compile(r"send\w*\(\d+<(?P<kind>[A-Z]+)[\w-]*:\[(?:\S*->)?(?P<to>\S*?)\]>")
WARNED = re.compile(r" code=(?P<code>\S+) link=(?P<id>\w+)\.txt:1 seconds=(?P<seconds>[\d.]+)$", re.MULTILINE)
WENT = re.compile(r"Crawled .* → scanned/story/corpus/(?P<id>\w+)/.* seconds=(?P<seconds>[\d.]+)$", re.MULTILINE)
MEMORY_BYTES = 300 << 20
ALL_S = 240


def connections(trace: str) -> Iterator[tuple[str, str, int]]:
    """Give each connection that was tried: kind, address, port."""
    for found in CONNECT.finditer(trace):
        yield found["kind"], found["address"], int(found["port"])


def world(folder: Path) -> dict[str, Any]:
    """Let the crawl run in its own network; give what came of it."""
    around = ["unshare", "-rnm", sys.executable, "-m", "tests.corpus.web.world", str(folder)]
    subprocess.run(around, check=True, timeout=ALL_S, cwd=Path(__file__).parents[3])
    told = json.loads((folder / "told.json").read_text())
    assert isinstance(told, dict)
    return told


def trouble(item: Item, told: dict[str, Any], warned: dict[str, tuple[str, float]], went: dict[str, float]) -> str:
    """Give what is wrong with an item's outcome; empty where all is as its table says."""
    outcome = told["items"][item.id]
    reason = outcome["reason"] or {}
    code, seconds = warned.get(item.id, ("", went.get(item.id, -1.0)))
    wrong = [f"code {code or 'none'}"] if code != item.code else []
    text = outcome["text"].strip()
    is_right = item.text in text if item.id in PARTS else item.text == text
    wrong += [] if is_right else [f"text {text[:60]!r}"]
    wrong += [f"{seconds} s"] if not 0 <= seconds <= item.limit_s else []
    states = (bool(reason), outcome["is_reported"], outcome["is_waiting"])
    waits = item.code in {"timeout", "connection", "robots-unreachable"}
    wanted = (bool(item.code) and not waits, not item.code, waits or not item.code)
    wrong += [f"refused, reported, there: {states}"] if states != wanted else []
    if reason:
        is_told = reason["code"] == item.code and "line 1: " in reason["message"] and reason["remedy"]
        wrong += [] if is_told else [f"reason {reason}"]
    return ", ".join(wrong)


PARTS = {"W40", "W50"}
"""Items whose text is only a part of their page."""


def test_web_corpus_ends_as_its_table_says(tmp_path: Path) -> None:
    """Each item ends with its code in its time, in bounded memory, and nobody forbidden is ever connected to."""
    unshare = subprocess.run(["unshare", "-rnm", "true"], capture_output=True, check=False)
    if not shutil.which("strace") or unshare.returncode:
        pytest.skip("strace or unshare cannot be used here: no network of our own can be made")

    told = world(tmp_path)
    trace = (tmp_path / "trace.txt").read_text()

    warned = {found["id"]: (found["code"], float(found["seconds"])) for found in WARNED.finditer(told["log"])}
    went = {found["id"]: float(found["seconds"]) for found in WENT.finditer(told["log"])}
    wrong = {item.id: said for item in ITEMS if (said := trouble(item, told, warned, went))}
    assert wrong == {}
    assert told["status"] == 0
    assert told["most_bytes"] < MEMORY_BYTES
    assert "root:" not in told["items"]["W40"]["text"]

    # Somebody listens at every forbidden address, and has seen the harness itself, and nobody since.
    assert min(told["reached"]) == 1
    assert told["visits"] == told["reached"]
    tried = list(connections(trace))
    assert {(address, port) for kind, address, port in tried if kind.startswith("TCP")} == {(SERVER, 80), (SERVER, 443)}
    # A name server is asked; the resolver also connects datagram sockets to what it found, which sends nothing.
    sent = {(found["kind"], found["to"]) for found in SENT.finditer(trace) if found["kind"] not in {"NETLINK", "UNIX"}}
    assert sent == {("UDP", "127.0.0.1:53"), ("TCP", f"{SERVER}:80")}  # what is encrypted is written, not sent


def test_connections_reads_what_strace_writes() -> None:
    """Every form in which strace shows a connection is read, whether it ended or not."""
    trace = (
        "12  connect(4<UDPv6:[9]>, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
        'inet_pton(AF_INET6, "fd00:ec2::254", &sin6_addr), sin6_scope_id=0}, 28) = 0\n'
        '13  connect(7<TCP:[8]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("10.0.0.1")}, 16 <unfin\n'
        '14  connect(4<UNIX-STREAM:[7]>, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = -1 ENOENT\n'
    )

    assert list(connections(trace)) == [("UDPv6", "fd00:ec2::254", 80), ("TCP", "10.0.0.1", 443)]
