"""The command line by itself: what it prints, what it exits with, what it leaves alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import footage
from tests.flow.house import House, clean_env, ffmpeg_that, frames_in, tasked


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """An empty spool that the tests of this file only read."""
    return House(tmp_path_factory.mktemp("cli") / "spool")


@pytest.fixture
def nowhere(tmp_path: Path, house: House) -> House:
    """A folder that is no spool."""
    elsewhere = House(house.root)
    elsewhere.root = tmp_path / "nowhere"
    elsewhere.root.mkdir()
    return elsewhere


# -- init --------------------------------------------------------------------------------------------------------------


def test_init_lays_out_the_hierarchy(nowhere: House) -> None:
    """`init` makes the rooms of the hierarchy and nothing visible beside them; doing it again changes nothing (A1)."""
    first = nowhere.run("init")
    (nowhere.root / "raw" / "video" / "mine.mp4").write_bytes(b"x")
    before = sorted(nowhere.root.rglob("*"))

    again = nowhere.run("init")

    assert (first.returncode, again.returncode) == (0, 0)
    assert nowhere.visible(".") == ["output", "processing", "raw", "scanned", "tasks", "trash"]
    assert nowhere.visible("raw") == ["composition", "frame", "golden_frame", "mix", "music", "story", "video"]
    assert nowhere.visible("trash") == ["attempts", "failed", "invalid"]
    assert sorted(nowhere.root.rglob("*")) == before
    assert (nowhere.root / "raw" / "video" / "mine.mp4").read_bytes() == b"x"


@pytest.mark.parametrize("arguments", [("main", "--once"), ("node", "--once"), ("up", "--once"), ("crawl", "--once")])
def test_no_spool_is_said(nowhere: House, arguments: tuple[str, ...]) -> None:
    """A folder that is no spool is not filled with rooms by accident: 78, and `init` is named (A19)."""
    done = nowhere.run(*arguments)

    assert done.returncode == 78
    assert f"Run `videogen --root {nowhere.root} init`." in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(nowhere.root.iterdir()) == []


# -- asking ------------------------------------------------------------------------------------------------------------


def test_status_counts_every_room(house: House) -> None:
    """`status --json` names each room with its count; an empty one has no age."""
    told = json.loads(house.run("status", "--json").stdout)

    assert {room["name"]: (room["count"], room["oldest_s"]) for room in told["rooms"]} == dict.fromkeys(
        ["raw", "scanned", "tasks", "processing", "output", "trash/invalid", "trash/failed"], (0, None)
    )
    assert told["root"] == str(house.root)


def test_root_may_come_from_the_environment(house: House, tmp_path: Path) -> None:
    """VIDEOGEN_ROOT names the root where `--root` does not; given both, the option wins."""
    argv, env = [sys.executable, "-m", "videogen.cli", "status", "--json"], {"VIDEOGEN_ROOT": str(house.root)}

    bare = subprocess.run(argv, capture_output=True, text=True, env=clean_env() | env, timeout=60, check=True)
    both = house.run("status", "--json", env={"VIDEOGEN_ROOT": str(tmp_path)})

    assert json.loads(bare.stdout)["root"] == json.loads(both.stdout)["root"] == str(house.root)


def test_doctor_finds_an_encoder_and_one_filesystem(house: House) -> None:
    """On a machine where videogen works, doctor says so with 0 and names FFmpeg and the encoder (A8)."""
    done = house.run("doctor", "--json")

    found = {row["subject"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0
    assert (found["encoder libx264"]["state"], found["encoder chosen"]["found"]) == ("good", "libx264")
    assert found["spool"]["state"] == "good"
    assert {"ffmpeg", "disk", "inotify", "setpriv", "prlimit", "encoder h264_nvenc"} <= set(found)
    assert all(row["remedy"] for row in found.values() if row["state"] == "bad")


def test_doctor_names_a_broken_ffmpeg(house: House) -> None:
    """An FFmpeg that does not run is a finding among the others, with its remedy, and 78."""
    done = house.run("doctor", env={"VIDEOGEN_FFMPEG__PATH": sys.executable})

    assert done.returncode == 78
    assert "ffmpeg.path" in done.stdout
    assert "Walls" in done.stdout
    assert done.stderr == ""


def test_doctor_finds_a_missing_room(nowhere: House) -> None:
    """On a folder that is no spool doctor prints its table, names what is missing, and ends with 78."""
    done = nowhere.run("doctor")

    assert done.returncode == 78
    assert "bad" in done.stdout
    assert "init" in done.stdout


def test_tune_measures_and_keeps(tmp_path: Path) -> None:
    """`doctor --tune` tries one encode, then more, and keeps the best number for that node; a second run does too."""
    house = House(tmp_path / "spool", resolution="160x90")

    first = json.loads(house.run("doctor", "--tune", "--name", "left", "--json").stdout)
    again = house.run("doctor", "--tune", "--name", "left")

    assert [trial["encodes"] for trial in first["trials"]] == list(range(1, len(first["trials"]) + 1))
    assert first["encodes"] in {trial["encodes"] for trial in first["trials"]}
    assert all(trial["frames_per_s"] > 0 and trial["memory_mb"] > 0 for trial in first["trials"])
    assert first["kept"] == str(house.root / "processing" / ".nodes" / "left.tune.json")
    kept = json.loads(Path(first["kept"]).read_text())["encodes"]
    assert again.returncode == 0
    assert f"the node left runs {kept} at once from its next start on" in again.stdout
    assert again.stdout.startswith("1 at once: ")


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor encodes one at a time anyway")
@pytest.mark.parametrize(("encodes", "are_together"), [(1, False), (2, True)])
def test_node_runs_as_many_as_was_measured(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, encodes: int, *, are_together: bool
) -> None:
    """A node runs as many encodes side by side as its tuning found, one where that was one."""
    task = tasked(tmp_path_factory, tmp_path / "spool")
    (task.root / "processing" / ".nodes" / "left.tune.json").write_text(json.dumps({"encodes": encodes}))
    busy = tmp_path / "busy"
    meet = f'mkdir "{busy}" || : >"{tmp_path}/met"; sleep 0.3; rmdir "{busy}"'
    env = ffmpeg_that(tmp_path / "ffmpeg", meet, where="-copyts") | {"VIDEOGEN_SEGMENTS__SECONDS": "0.5"}

    done = task.run("node", "--once", "--name", "left", env=env)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "met").exists() is are_together


def test_config_lists_everything(house: House) -> None:
    """`config` prints every setting with its unit and reason, for people and as JSON."""
    rows = json.loads(house.run("config", "--json").stdout)
    table = house.run("config").stdout

    assert {"scan.quiet_s", "render.resolution", "crawl.allowed_hosts"} <= {row["name"] for row in rows}
    assert all(row["about"] for row in rows)
    assert all(row["name"].split(".")[1][:6] in table for row in rows)


def test_config_lists_what_differs(house: House) -> None:
    """`config --changed` shows exactly what the file and the environment set, the environment first."""
    env = {"VIDEOGEN_RENDER__CRF": "20", "VIDEOGEN_SCAN__QUIET_S": "0.3", "VIDEOGEN_RENDER__GOP": "250"}

    changed = json.loads(house.run("config", "--changed", "--json", env=env).stdout)

    assert {row["name"]: row["value"] for row in changed} == {
        "scan.quiet_s": 0.3,
        "scan.rescan_s": 1,
        "assemble.settle_s": 2,
        "render.resolution": "320x180",
        "render.encoder": "libx264",
        "render.preset": "ultrafast",
        "render.crf": 20,
        "node.poll_s": 0.1,
        "node.retry_s": 0,
        "composition.preset": "ultrafast",
        "golden_frame.preset": "ultrafast",
    }


def test_help_names_the_exit_codes(house: House) -> None:
    """`--help` tells every exit status."""
    text = house.run("--help").stdout

    assert all(code in text for code in ("65", "70", "75", "78"))


# -- wrong -------------------------------------------------------------------------------------------------------------


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


def test_logo_that_is_no_png_stops_main(tmp_path: Path) -> None:
    """A wrong logo is found before any file is moved."""
    house = House(tmp_path / "spool")
    (house.root / "logo.png").write_text("not a picture")
    house.clip()

    done = house.run("main", "--once")

    assert done.returncode == 78
    assert "logo.png is not a PNG" in done.stderr
    assert house.files("raw") == ["video/tales/plain.mp4"]


@pytest.mark.parametrize("arguments", [("conquer",), ("status", "--root", "."), ("plan",), ("node", "--twice")])
def test_wrong_usage_is_2(house: House, arguments: tuple[str, ...]) -> None:
    """An unknown verb or option, a missing argument, or `--root` behind the verb is wrong usage."""
    done = house.run(*arguments)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("wanted", "told"), [("cafe", "'cafe'"), ("..", "videogen: ..: "), ("/nonexistent", "'/nonexistent'")]
)
def test_plan_of_no_task_names_it(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, told: str
) -> None:
    """`plan` of what is no task is bad input, with the word in the sentence."""
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "outer" / "inner")

    done = house.run("plan", wanted)

    assert done.returncode == 65
    assert told in done.stderr


# -- terminals and locales ---------------------------------------------------------------------------------------------


def test_c_locale_changes_nothing(tmp_path: Path) -> None:
    """With a bare C locale an emoji in a name is neither a crash nor a loss (D7)."""
    house = House(tmp_path / "spool")
    house.clip("sun🌞.mp4")
    footage.empty(house.place("video/tales/moon🌙.mp4"))

    done = house.run("up", "--once", env={"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})

    assert done.returncode == 0
    assert house.assets("video")[-1]["original_name"] == "sun🌞.mp4"
    assert done.stdout == "refused    raw/video/tales/moon🌙.mp4: the file is empty (empty)\n"
    assert "sun🌞" in house.log()


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals differ elsewhere")
def test_progress_is_a_bar_on_a_terminal(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """On a terminal a render shows a bar with its ETA and the frames to encode, and the log's lines above it (B6)."""
    import pty  # noqa: PLC0415 -- only where there are pseudo-terminals

    task, shown = tasked(tmp_path_factory, tmp_path / "spool"), b""
    (task_id,) = task.visible("tasks")
    frames = task.plan(task_id)["frames_to_encode"]
    pid, terminal = pty.fork()
    if pid == 0:
        argv = task.argv("node", "--once")
        os.execve(argv[0], argv, clean_env() | {"TERM": "xterm-256color", "COLUMNS": "120"})  # noqa: S606 -- our own argv
    try:
        while block := os.read(terminal, 65536):
            shown += block
    except OSError:
        os.close(terminal)  # the other end is gone, which Linux says with an error

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"ETA" in shown
    assert b" fps, " in shown
    assert f"{frames}/{frames}".encode() in shown
    assert b"\x1b[" in shown
    assert b"Published" in shown
    assert frames_in(task.final()) == 60


def test_progress_is_plain_lines_elsewhere(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In a pipe stderr holds the log's own lines and nothing else, and stdout nothing (A11)."""
    task = tasked(tmp_path_factory, tmp_path / "spool")

    done = task.run("node", "--once")

    assert done.stdout == ""
    assert done.stderr == task.log("node")
    assert "\x1b" not in done.stderr
    assert "Published" in done.stderr
