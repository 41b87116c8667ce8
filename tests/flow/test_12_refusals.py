"""Refusals from end to end: what is refused says why, comes again, and never keeps main from the rest."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow.house import House
from videogen.content import COPY_BYTES

POISON = {"VIDEOGEN_FAILPOINTS": "durable.copy.block=kill@20"}
"""Main is killed in the middle of a file of many blocks; all others together have fewer."""


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A spool of one's own."""
    return House(tmp_path / "spool")


def explained(house: House, *what: str) -> list[dict[str, Any]]:
    """Ask why, as a program would."""
    done = house.ask("why", *what, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["found"]
    return found


def test_a_file_that_kills_main_is_given_up(house: House) -> None:
    """Main dies three times over one file; at the fourth start that one is refused, and the rest was taken in (P8)."""
    house.clip("good.mp4", category="sea", seconds=1)
    house.place("video/sea/poison.mp4").write_bytes(b"\0" * (40 * COPY_BYTES))

    lives = [house.run("main", "--once", env=POISON).returncode for _ in range(3)]
    (before,) = explained(house, "raw/video/sea/poison.mp4")
    last = house.run("main", "--once", env=POISON)

    assert lives == [-9, -9, -9]
    assert (before["state"], house.files("raw")) == ("crashed", [])
    assert last.returncode == 0, last.stderr
    assert [asset["original_name"] for asset in house.assets("video")] == ["good.mp4"]
    assert (house.reason("poison.mp4")["code"], house.reason("poison.mp4")["facts"]) == ("poison", {"crashes": 3})
    assert list((house.root / "scanned" / ".judging").iterdir()) == []

    (house.root / "trash/invalid/poison.mp4").rename(house.root / "raw/video/sea/poison.mp4")
    house.run("main", "--once")

    assert house.reason("poison~2.mp4")["code"] == "bad-magic"


def test_a_refused_file_may_come_again(house: House) -> None:
    """A bad file is refused, mended under its name it is taken in, and the bad bytes are refused again, each time with
    a reason of its own (A10, P8)."""
    bad = b"this is no clip"
    house.place("video/sea/clip.mp4").write_bytes(bad)
    house.run("main", "--once")
    house.clip("clip.mp4", category="sea", seconds=1)
    house.run("main", "--once")
    house.place("video/sea/clip.mp4").write_bytes(bad)
    house.run("main", "--once")

    assert [asset["original_name"] for asset in house.assets("video")] == ["clip.mp4"]
    reasons = [house.reason(name) for name in ("clip.mp4", "clip~2.mp4")]
    assert [(one["code"], one["size_bytes"], one["path"]) for one in reasons] == [
        ("kind-mismatch", len(bad), "raw/video/sea/clip.mp4")
    ] * 2
    assert reasons[0]["sha256"] == reasons[1]["sha256"] != ""
    states = {str(one["path"]): one["state"] for one in explained(house, "raw/video/sea/clip.mp4")}
    assert sorted(states.values()) == ["in-library", "refused", "refused"]


def test_why_says_of_a_voice_what_status_says(house: House) -> None:
    """Of a voice that waits `why` and `status` give one reason, and `why` leads from its name to it (B5)."""
    house.voice(seconds=1)
    house.music()
    house.run("main", "--once")

    (waiting,) = json.loads(house.ask("status", "--json").stdout)["waiting"]
    (found,) = explained(house, "chapter_0001.mp3")

    assert waiting["reason"] == "no clips in the library"
    assert found["path"] == waiting["voice"]
    assert str(found["because"]).endswith(waiting["reason"])


def test_why_is_for_people_too(house: House) -> None:
    """For people `why` prints the sentence, the remedy and the table; a name that nothing has ends with 66 (A19)."""
    house.place("video/sea/half.mp4.part").write_bytes(b"x")

    told = house.ask("why", "half.mp4.part")
    nothing = house.ask("why", "nothing.mp4")
    asked = house.ask("why", "nothing.mp4", "--json")

    assert (told.returncode, nothing.returncode, asked.returncode) == (0, 66, 66)
    assert "raw/video/sea/half.mp4.part  ignored" in told.stdout
    assert "Rename it" in told.stdout
    assert (nothing.stdout, len(nothing.stderr.strip().splitlines())) == ("", 1)
    assert json.loads(asked.stdout)["found"] == []
