"""The logs of all processes as one story: order, rotation, torn lines, following. Serves A11, P25."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verbs import said_by
from videogen.spool import Spool
from videogen.tale import Tale

A, B = "0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-000000000002"
VOICE = "scanned/story/tales/fox/voice/chapter_0001.mp3"


def line(second: int, words: str, level: str = "INFO", component: str = "main_worker") -> str:
    """Write a line of the first minute of a day."""
    return f"2026-01-02T00:00:{second:02d}Z {level} {component} {words}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A spool whose logs tell of two tasks, over a midnight and two nodes, one of which was killed twice."""
    Spool(tmp_path).lay_out()
    logs = tmp_path / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "main.log.2026-01-01").write_text(
        line(1, f'"Moved raw/story/tales/fox/voice/chapter_0001.mp3 → {VOICE}" seconds=0.5')
        + line(2, f'"Moved raw/story/tales/fox/voice/chapter_0001.mp3.mp3 → {VOICE}.mp3" seconds=0.5')
        + line(3, f'"Made tasks/{A} of {VOICE}" task={A} clips=1')
    )
    (logs / "main.log").write_text(line(30, f'"Took back tasks/{A}" task={A} node=n1 because="it \\"died\\""', "WARN"))
    (logs / "node-n1.log").write_text(
        line(10, f'"Claimed tasks/{A}" task={A} frames=60', component="render_worker")
        + line(11, '"Encoding in sof').rstrip()  # killed here; the next life goes on behind it
        + line(20, f'"The render failed" task={A}', "ERROR", "render_worker")
        + '    Traceback (most recent call last):\n    ValueError: 2026-01-02T00:00:05Z INFO main_worker "forged"\n'
        + line(21, f'"Claimed tasks/{B}" task={B}', component="render_worker")
        + line(22, '"Half a li').rstrip()
    )
    told = {"time": "2026-01-02T00:00:40Z", "level": "INFO", "component": "render_worker", "frames": 60, "task": A}
    (logs / "node-n2.log").write_text(json.dumps(told | {"message": f"Published output/{A}/final.mp4"}) + "\n")
    (logs / "metrics-main.prom").write_text("x 1\n")
    (logs / "other.log").write_text(line(5, f'"no log of ours" task={A}'))
    return tmp_path


def seconds(text: str) -> list[int]:
    """Give the seconds of the lines that tell an event."""
    return [int(found) for found in re.findall(r"^2026-01-02T00:00:(\d\d)Z", text, re.MULTILINE)]


def test_a_task_s_story_is_in_order_from_all_files(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One task's lines of rotated files, JSON files and all nodes come in order of time, each with its process."""
    said = said_by(root, capsys, "logs", A)

    assert (said.status, seconds(said.out)) == (0, [3, 10, 20, 30, 40])
    assert [row.split()[2] for row in said.out.splitlines() if not row.startswith(" ")] == [
        "main",
        "node-n1",
        "node-n1",
        "main",
        "node-n2",
    ]
    assert '    ValueError: 2026-01-02T00:00:05Z INFO main_worker "forged"' in said.out
    assert "Half a li" not in said.out


def test_the_voice_s_own_line_is_part_of_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line of the voice's intake, which an older version wrote without an id, is found by the task's papers."""
    paper = root / "output" / A / "manifest.json"
    paper.parent.mkdir()
    paper.write_text(json.dumps({"task": {"inputs": {"voice": {"path": VOICE}}}}))

    assert seconds(said_by(root, capsys, "logs", A).out) == [1, 3, 10, 20, 30, 40]
    assert seconds(said_by(root, capsys, "logs", VOICE).out) == [1, 2, 3]


def test_beginnings_and_names(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A beginning that is one task's will do, one of two is refused with both; a name of nothing ends with 66."""
    assert seconds(said_by(root, capsys, "logs", A[:-1] + "1").out) == [3, 10, 20, 30, 40]
    both = said_by(root, capsys, "logs", "0a1b")
    assert both.status == 65
    assert A in both.err
    assert B in both.err
    none = said_by(root, capsys, "logs", "nobody.mp3")
    assert (none.status, none.out) == (66, "")
    (root / "tasks" / "fresh-task").mkdir()
    fresh = said_by(root, capsys, "logs", "fresh")
    assert (fresh.status, fresh.out, "no line of the logs" in fresh.err) == (0, "", True)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], [1, 2, 3, 10, 20, 21, 30, 40]),
        (["--level", "warn"], [20, 30]),
        (["--level", "error"], [20]),
        (["--since", "2026-01-02T00:00:21"], [21, 30, 40]),
        (["--since", "2026-01-02T02:00:30+02:00"], [30, 40]),
        (["--since", "1h"], []),
        (["--since", "100000d"], [1, 2, 3, 10, 20, 21, 30, 40]),
    ],
)
def test_all_logs_as_one(root: Path, capsys: pytest.CaptureFixture[str], words: list[str], wanted: list[int]) -> None:
    """Without a task every event is told once, in order of time, as far as the options let it."""
    said = said_by(root, capsys, "logs", *words)

    assert (said.status, seconds(said.out)) == (0, wanted)


def test_a_time_that_is_none_is_wrong_usage(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A --since that nobody understands is refused with examples."""
    said = said_by(root, capsys, "logs", "--since", "yesterday")

    assert (said.status, "30min" in said.err) == (2, True)


def test_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each event is one object: four things, its fields as they were meant, its trouble."""
    rows = [json.loads(row) for row in said_by(root, capsys, "logs", A, "--json").out.splitlines()]

    assert rows[3] == {
        "time": "2026-01-02T00:00:30Z",
        "level": "WARN",
        "process": "main",
        "component": "main_worker",
        "message": f"Took back tasks/{A}",
        "task": A,
        "node": "n1",
        "because": 'it "died"',
    }
    assert (rows[1]["frames"], rows[4]["frames"]) == (60, 60)
    assert "ValueError" in rows[2]["trouble"]


def test_a_hostile_log_cannot_move_the_cursor(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a broken disk or a stranger put into a log is shown with escapes, and stops nothing."""
    with (root / "logs" / "main.log").open("ab") as log:
        log.write(b"\x00\x00\x00\n\xff\xfe\x1b[2J\n" + line(31, '"after"').encode() + b"{torn json\n")

    said = said_by(root, capsys, "logs")

    assert 31 in seconds(said.out)
    assert "\x1b" not in said.out
    assert "\0" not in said.out


HEAD = """
import sys, time, structlog
from pathlib import Path
real, shift = time.time, [0.0]
time.time = lambda: real() + shift[0]  # a clock that is moved by hand
from videogen import logs
logs.start("main_worker", Path(sys.argv[1]), console=False)
log = structlog.get_logger()
"""


def collecting(root: Path) -> tuple[list[str], threading.Event, threading.Thread]:
    """Follow the logs in a thread; give the messages it finds, what ends it, and itself."""
    found: list[str] = []
    stop = threading.Event()

    def follow() -> None:
        for one in Tale(root / "logs").followed("", stop):
            found.append(one.message)

    thread = threading.Thread(target=follow)
    thread.start()
    return found, stop, thread


def until(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_following_goes_on_over_midnight_and_to_new_nodes(tmp_path: Path) -> None:
    """Of 300 lines over three midnights and of a node that starts meanwhile none is missed, none comes twice."""
    Spool(tmp_path).lay_out()
    (tmp_path / "logs").mkdir(exist_ok=True)
    found, stop, thread = collecting(tmp_path)
    script = HEAD + (
        "for number in range(300):\n"
        "    shift[0] += 86400 * (number in {50, 51, 200})\n"
        "    log.info(f'line {number}')\n"
        "    time.sleep(0.004)\n"
    )
    try:
        subprocess.run([sys.executable, "-c", script, str(tmp_path / "logs" / "main.log")], check=True, timeout=60)
        (tmp_path / "logs" / "node-new.log").write_text(line(1, '"a new node"') + line(2, '"not whole ye').rstrip())
        until(lambda: len(found) >= 301)
        with (tmp_path / "logs" / "node-new.log").open("a") as log:
            log.write('t"\n')
        until(lambda: len(found) >= 302)
    finally:
        stop.set()
        thread.join()

    assert [one for one in found if one.startswith("line")] == [f"line {number}" for number in range(300)]
    # Within one look lines come in order of their stamps, and the new node's is of long ago.
    assert [one for one in found if not one.startswith("line")] == ["a new node", "not whole yet"]
    assert found[-1] == "not whole yet"
    assert len(list((tmp_path / "logs").glob("main.log*"))) == 4
    past = [one.message for one in Tale(tmp_path / "logs").told() if one.process == "main"]
    assert past == [f"line {number}" for number in range(300)]


def test_follow_ends_at_ctrl_c(root: Path) -> None:
    """`logs -f` tells what is there, then what comes, and Ctrl-C ends it with 0."""
    argv = [sys.executable, "-u", "-m", "videogen.cli", "--root", str(root), "logs", "-f", "--level", "warn"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout
        first = [process.stdout.readline() for _ in range(4)]
        with (root / "logs" / "node-n2.log").open("a") as log:
            log.write(line(50, '"Low"', "INFO") + line(51, '"High"', "WARN"))
        assert '"High"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert seconds("".join(first)) == [20, 30]
