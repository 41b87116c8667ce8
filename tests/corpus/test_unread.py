"""What a playlist or a link names is never opened, and nobody is called: main under strace (T1, T5)."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests import footage
from tests.corpus.item import Item
from tests.corpus.strangers import CANARY, PLAYLISTS
from tests.corpus.table import ITEMS
from tests.corpus.trial import drop
from tests.flow.house import House, clean_env

LINKS = tuple(ITEMS[item_id][1] for item_id in ("N1", "N4", "N4b", "N4d", "N2"))
DISGUISED = tuple(ITEMS[item_id][1] for item_id in ("F33", "M21b"))
CALLS = "open,openat,openat2,connect,sendto,sendmsg"


def traced(argv: Sequence[object], out: Path) -> str:
    """Run a program to its end; give the calls that it and its children made to open files and to reach others."""
    wrapped = ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "4096", "-e", f"trace={CALLS}", "-o", out, *argv]
    subprocess.run(list(map(str, wrapped)), check=False, timeout=200, capture_output=True, env=clean_env())
    return out.read_text(errors="replace")


def reached(calls: str) -> list[str]:
    """Give the calls that speak to a network."""
    return [line for line in calls.splitlines() if re.search(r"\bAF_(INET6?|NETLINK|PACKET)\b|sin_addr", line)]


@pytest.fixture
def strace(tmp_path: Path) -> None:
    """Skip where nothing can be traced."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    if "openat" not in traced(["true"], tmp_path / "calls"):
        pytest.skip("strace may not trace here")


def dropped(house: House, items: Iterable[Item]) -> None:
    """Drop rows and a good film."""
    drop(house.root, items)
    house.clip(size=(64, 64))


@pytest.mark.usefixtures("strace")
def test_canary_is_unread_and_nobody_is_called(tmp_path: Path) -> None:
    """Of all playlists and links in raw/, none makes main or an inspector open the canary or call anyone (T1, T6)."""
    house = House(tmp_path / "spool")
    dropped(house, (*PLAYLISTS, *LINKS, *DISGUISED))

    calls = traced(house.argv("main", "--once"), tmp_path / "calls")

    # A child names /dev/zero to its walls by a descriptor through which nothing can be read.
    lines = [line for line in calls.splitlines() if "O_PATH" not in line]
    opened = [line for line in lines if CANARY in line or "/etc/hostname" in line or "/dev/zero" in line]
    assert f"{house.root}/raw/video/f20/x.mp4" in calls  # the trace saw main at work
    assert len(house.assets("video")) == 2
    assert opened == []
    assert reached(calls) == []


@pytest.mark.usefixtures("strace")
def test_canary_would_be_read_by_a_careless_player(tmp_path: Path) -> None:
    """The trap works: FFmpeg left to itself opens what the same playlist names, and calls the server of another."""
    drop(tmp_path / "spool", PLAYLISTS)
    folder = tmp_path / "spool" / "raw" / "video"

    careless = (
        "-v",
        "quiet",
        "-protocol_whitelist",
        "file,http,tcp,crypto,data",
        "-allowed_extensions",
        "ALL",
        "-extension_picky",
        0,
        "-allowed_segment_extensions",
        "ALL",
    )
    plain = traced(
        [footage.program(), *careless, "-f", "hls", "-i", folder / "f20" / "x.mp4", "-f", "null", "-"], tmp_path / "a"
    )
    calling = traced(
        [footage.program(), *careless, "-f", "hls", "-i", folder / "f21" / "x.mp4", "-f", "null", "-"], tmp_path / "b"
    )

    assert str(tmp_path / CANARY) in plain
    assert reached(calling) != []
