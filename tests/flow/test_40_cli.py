"""The command line by itself: what it prints, what it exits with, what it leaves alone."""

import json
from pathlib import Path

import pytest

from tests.flow.house import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A spool that the tests of this file only read."""
    return House(tmp_path_factory.mktemp("cli") / "spool")


def test_init_leaves_what_is_there(tmp_path: Path) -> None:
    """Laying out a spool twice changes nothing the second time (A1)."""
    house = House(tmp_path / "spool")
    (house.root / "raw" / "video" / "mine.mp4").write_bytes(b"x")
    before = sorted(house.root.rglob("*"))

    assert house.run("init").returncode == 0

    assert sorted(house.root.rglob("*")) == before


def test_rooms_are_the_hierarchy_s(house: House) -> None:
    """The rooms of the hierarchy are there, and nothing visible beside them but the settings (A1)."""
    assert house.visible(".") == ["output", "processing", "raw", "scanned", "tasks", "trash", "videogen.toml"]
    assert house.visible("raw") == ["frame", "music", "story", "video"]
    assert house.visible("trash") == ["attempts", "failed", "invalid"]


def test_status_counts_every_room(house: House) -> None:
    """`status --json` names each room with its count; an empty one has no age."""
    told = json.loads(house.run("status", "--json").stdout)

    assert {room["name"]: (room["count"], room["oldest_s"]) for room in told["rooms"]} == dict.fromkeys(
        ["raw", "scanned", "tasks", "processing", "output", "trash/invalid", "trash/failed"], (0, None)
    )


def test_doctor_finds_an_encoder_and_one_filesystem(house: House) -> None:
    """On a machine where videogen works, doctor says so with 0 and names FFmpeg and the encoder (A8)."""
    done = house.run("doctor", "--json")

    found = {row["subject"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0
    assert (found["encoder libx264"]["state"], found["encoder chosen"]["found"]) == ("good", "libx264")
    assert found["spool"]["state"] == "good"
    assert {"ffmpeg", "disk", "inotify"} <= set(found)


def test_doctor_names_a_broken_ffmpeg(house: House) -> None:
    """An FFmpeg that does not run is a set-up error: one sentence with its remedy, and 78."""
    done = house.run("doctor", env={"VIDEOGEN_FFMPEG__PATH": "/bin/false"})

    assert done.returncode == 78
    assert "ffmpeg.path" in done.stderr
    assert "Traceback" not in done.stderr


def test_config_lists_what_differs(house: House) -> None:
    """`config --changed` shows exactly what the file and the environment set."""
    done = house.run("config", "--changed", "--json", env={"VIDEOGEN_RENDER__CRF": "20"})

    changed = {row["name"]: row["value"] for row in json.loads(done.stdout)}
    assert changed["render.crf"] == 20
    assert changed["render.resolution"] == "320x180"
    assert "audio.music_lufs" not in changed


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("VIDEOGEN_RENDER__RESOLUTION", "big", "render.resolution"),
        ("VIDEOGEN_RENDER__FRAME_RATE", "0", "render.frame_rate"),
        ("VIDEOGEN_SCAN__QUIET_S", "soon", "scan.quiet_s"),
        ("VIDEOGEN_RENDER__ENCODER", "h266", "render.encoder"),
        ("VIDEOGEN_NODE__NAME", "a b", "a b"),
    ],
)
def test_wrong_setting_is_one_sentence(house: House, variable: str, value: str, named: str) -> None:
    """A wrong setting stops before anything starts: its name, what it may be, and 78."""
    done = house.run("node", "--once", env={variable: value})

    assert done.returncode == 78
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_unknown_setting_in_the_file_is_named(tmp_path: Path) -> None:
    """A misspelt key is not ignored in silence."""
    house = House(tmp_path / "spool")
    (house.root / "videogen.toml").write_text("[render]\nresolutoin = '1x1'\n")

    done = house.run("status")

    assert done.returncode == 78
    assert "render.resolutoin" in done.stderr


def test_no_spool_is_said(tmp_path: Path) -> None:
    """A folder that is no spool is not filled with rooms by accident: 78, and `init` is named."""
    house = House(tmp_path / "spool")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    house.root = elsewhere

    done = house.run("main", "--once")

    assert done.returncode == 78
    assert "init" in done.stderr
    assert [path.name for path in elsewhere.iterdir()] == []


def test_logo_that_is_no_png_stops_main(tmp_path: Path) -> None:
    """A wrong logo is found before any file is moved."""
    house = House(tmp_path / "spool")
    (house.root / "logo.png").write_text("not a picture")
    house.clip()

    done = house.run("main", "--once")

    assert done.returncode == 78
    assert "logo.png is not a PNG" in done.stderr
    assert house.files("raw") == ["video/tales/plain.mp4"]


def test_wrong_usage_is_2(house: House) -> None:
    """An unknown verb is wrong usage."""
    assert house.run("conquer").returncode == 2


def test_plan_of_no_task_names_it(house: House) -> None:
    """`plan` of an id that is nowhere is bad input, with the id in the sentence."""
    done = house.run("plan", "cafe")

    assert done.returncode == 65
    assert "'cafe'" in done.stderr


def test_help_names_the_exit_codes(house: House) -> None:
    """`--help` tells every exit status."""
    text = house.run("--help").stdout

    assert all(code in text for code in ("65", "70", "75", "78"))


def test_c_locale_changes_nothing(house: House) -> None:
    """With a bare C locale an emoji in a name is neither a crash nor a loss (D7)."""
    house.clip("sun🌞.mp4")

    done = house.run("main", "--once", env={"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})

    assert done.returncode == 0
    assert house.assets("video")[-1]["original_name"] == "sun🌞.mp4"
    assert "sun🌞" in house.log()
