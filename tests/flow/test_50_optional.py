"""What wants a program that a bare machine lacks: skipped there by the name of its package."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.flow.house import House, frames_in, soon, spoken_frames


def test_another_ffmpeg_makes_the_same_frames(tmp_path: Path) -> None:
    """The system's FFmpeg, of another age than the bundled one, renders the same story to the frame (A8)."""
    other = shutil.which("ffmpeg")
    if other is None:
        pytest.skip("no system FFmpeg: the package ffmpeg is not installed")
    house = House(tmp_path / "spool")
    house.clip(seconds=1, rotation=90)
    house.music()
    frames = spoken_frames(house.voice(seconds=2.3))

    status, told = house.up(env={"VIDEOGEN_FFMPEG__PATH": other})

    assert (status, told["failed"]) == (0, [])
    assert frames_in(house.final()) == frames


def test_bar_is_seen_in_a_real_terminal(tmp_path: Path) -> None:
    """In a terminal of its own a render draws a bar with an ETA below the log lines."""
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("no terminal to look into: the package tmux is not installed")
    house = House(tmp_path / "spool", resolution="1280x720", preset="slow")
    house.clip(seconds=2)
    house.music()
    house.voice(seconds=6)
    house.run("main", "--once")
    (task_id,) = house.visible("tasks")
    frames = house.plan(task_id)["frames_to_encode"]
    socket = ["-S", str(tmp_path / "tmux")]

    command = " ".join(f"'{word}'" for word in house.argv("node", "--once"))
    subprocess.run([tmux, *socket, "new-session", "-d", "-x", "120", "-y", "30", command + "; sleep 60"], check=True)
    seen: list[str] = []

    def has_bar() -> bool:
        shown = subprocess.run([tmux, *socket, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout
        seen.append(shown)
        return "ETA" in shown and f"/{frames} frames" in shown

    try:
        assert soon(has_bar), seen[-1:]
        assert "Claimed" in seen[-1]
    finally:
        subprocess.run([tmux, *socket, "kill-server"], check=False, env=os.environ)
