"""A spool in a folder and the command line as real processes: what every flow test starts from.

A process of ours costs most of a second before it does anything. So what many tests look at is made once (`shared`),
and a test that needs a task to be there begins with a copy of a spool that has one (`tasked`).
"""

import fcntl
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import psutil
import pytest

from tests import footage
from videogen.cli import app, run
from videogen.spool import Spool
from videogen.spool.papers import copy_papers, read_task

CONFIG = """\
[render]
resolution = "{resolution}"
preset = "{preset}"
encoder = "libx264"
[composition]
preset = "{preset}"
[golden_frame]
preset = "{preset}"
[scan]
quiet_s = 0.2
rescan_s = 1
[assemble]
settle_s = 2
[node]
poll_s = 0.1
retry_s = 0
"""


class House:
    """One root, and the hands that drop files into it and run commands on it."""

    def __init__(self, root: Path, *, resolution: str = "320x180", preset: str = "ultrafast") -> None:
        self.root = root
        if not (root / "videogen.toml").exists():
            root.mkdir(parents=True, exist_ok=True)
            self.set_up(resolution=resolution, preset=preset)
            Spool(root).lay_out()

    def set_up(self, *, resolution: str = "320x180", preset: str = "ultrafast") -> None:
        """Write the settings."""
        (self.root / "videogen.toml").write_text(CONFIG.format(resolution=resolution, preset=preset))

    def argv(self, *arguments: str) -> list[str]:
        """Give the argument list of one command."""
        return [sys.executable, "-m", "videogen.cli", "--root", str(self.root), *arguments]

    def run(
        self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 90
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self.argv(*arguments),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            env=clean_env() | dict(env or {}),
            check=False,
        )

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that only looks, in this very process: starting another costs more than most of them do."""
        out, err, status = io.StringIO(), io.StringIO(), 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                run(lambda: app(["--root", str(self.root), *arguments]))
            except SystemExit as end:
                status = int(end.code or 0)
        return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start one command; its words are thrown away, the log has them."""
        return subprocess.Popen(
            self.argv(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=clean_env() | dict(env or {}),
        )

    def up(self, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Work until idle; give the exit status and what was told."""
        done = self.run("up", "--once", "--json", env=env)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def place(self, place: str) -> Path:
        """Name a file below raw/ and make its folder, for a maker to write to."""
        path = self.root / "raw" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def voice(self, story: str = "tales/fox", seconds: float = 2.0, name: str = "chapter_0001.mp3") -> Path:
        """Drop a voice."""
        return footage.voice_mp3(self.place(f"story/{story}/voice/{name}"), seconds)

    def music(self, category: str = "tales", seconds: float = 3.0, lufs: float | None = None) -> Path:
        """Drop a track."""
        return footage.music_mp3(self.place(f"music/{category}/chord.mp3"), seconds, lufs)

    def clip(self, name: str = "plain.mp4", category: str = "tales", **options: Any) -> Path:
        """Drop a clip."""
        return footage.clip(self.place(f"video/{category}/{name}"), **options)

    def visible(self, room: str) -> list[str]:
        """List what lies in a room, by name."""
        return sorted(path.name for path in (self.root / room).iterdir() if not path.name.startswith("."))

    def files(self, room: str) -> list[str]:
        """List every file and link below a room, by path from it, dot names left out."""
        found = [path.relative_to(self.root / room) for path in (self.root / room).rglob("*") if not path.is_dir()]
        return sorted(str(path) for path in found if not any(part.startswith(".") for part in path.parts))

    def assets(self, kind: str) -> list[dict[str, Any]]:
        """Read the side files of one kind, in order of path."""
        return [
            asset
            for side in sorted((self.root / "scanned" / ("story" if kind == "voice" else kind)).rglob("*.json"))
            if (asset := json.loads(side.read_text())).get("kind") == kind
        ]

    def paper(self, room: str = "tasks") -> dict[str, Any]:
        """Read the metadata.json of the one task in a room."""
        (name,) = self.visible(room)
        found: dict[str, Any] = json.loads((self.root / room / name / "metadata.json").read_text())
        return found

    def final(self) -> Path:
        """Name the one video in output/."""
        (name,) = self.visible("output")
        return self.root / "output" / name / "final.mp4"

    def manifests(self) -> list[dict[str, Any]]:
        """Read the manifests of all videos in output/, in order of their ids."""
        return [json.loads(path.read_text()) for path in sorted((self.root / "output").glob("*/manifest.json"))]

    def segments(self) -> list[Path]:
        """List the encoded pieces in the store, in order of their keys; without its note a file is none."""
        notes = sorted((self.root / "scanned" / ".segments").rglob("*.json"), key=lambda path: path.name)
        return [note.with_suffix(".mp4") for note in notes]

    def plan(self, what: str, **env: str) -> dict[str, Any]:
        """Ask what would be done for a task, or for a timeline file."""
        done = self.run("plan", what, "--json", env=env) if env else self.ask("plan", what, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def beside(self, name: str) -> "House":
        """Give a copy of this spool as it is now, in a folder beside it."""
        shutil.copytree(self.root, self.root.with_name(name), symlinks=True)
        return House(self.root.with_name(name))

    def reason(self, name: str) -> dict[str, Any]:
        """Read the reason of one refused file."""
        found: dict[str, Any] = json.loads((self.root / "trash" / "invalid" / f"{name}.reason.json").read_text())
        return found

    def log(self, name: str = "main") -> str:
        """Read the log of a role; nothing before it began. The node's is named after the host."""
        found = sorted((self.root / "logs").glob("node-*.log" if name == "node" else f"{name}.log"))
        return "".join(path.read_text(encoding="utf-8") for path in found)

    def rendering(self) -> list[psutil.Process]:
        """Find the FFmpeg processes that write into this spool."""
        found = []
        for process in psutil.process_iter(["name", "cmdline"]):
            words = process.info["cmdline"] or []
            inside = any(str(self.root / "processing") in word for word in words)
            if inside and "ffmpeg" in (process.info["name"] or ""):
                found.append(process)
        return found

    def size_task(self, resolution: str) -> None:
        """Make the one task, wherever it lies, one of another picture size: at 4K its render takes seconds."""
        (path,) = [*self.root.glob("tasks/*/metadata.json"), *self.root.glob("processing/*/metadata.json")]
        path.write_text(re.sub(r'(?<="resolution": ")\d+x\d+', resolution, path.read_text()))


def shared(factory: pytest.TempPathFactory, name: str, prepare: Callable[[House], Any]) -> tuple[House, Any]:
    """Give a spool that one worker of a run prepares and all look at, and what `prepare` gave, as JSON has it."""
    # Workers have folders side by side; without workers the folder above belongs to other runs too.
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    ready = base / f"{name}.json"
    with (base / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            root = factory.mktemp(name) / "spool"
            given = prepare(House(root))
            ready.write_text(json.dumps([str(root), given]))
    root_text, given = json.loads(ready.read_text())
    return House(Path(root_text)), given


FUN = 'it\'s "fun" 🌞'
"""A category that every quoting on the way could trip over."""


def tasked(factory: pytest.TempPathFactory, root: Path) -> House:
    """Give a spool of one's own with one task of 60 frames, one clip, music and a logo; main has run, no node has."""

    def prepare(house: House) -> None:
        house.clip(category=FUN, seconds=1.5)
        house.music(category=FUN)
        house.voice(story=f"{FUN}/day one", seconds=2)
        footage.logo_png(house.root / "logo.png")
        done = house.run("main", "--once")
        assert done.returncode == 0, done.stderr

    made, _ = shared(factory, "tasked", prepare)
    shutil.copytree(made.root, root, symlinks=True)
    return House(root)


def ffmpeg_that(path: Path, on_render: str, where: str = "-filter_complex") -> dict[str, str]:
    """Write an FFmpeg that runs these shell lines before a render; give the environment in which it is used.

    `where` is a word of the commands that are meant. What the lines write lies in the folder of that FFmpeg.
    """
    path.write_text(f'#!/bin/sh\ncase "$*" in *{where}*) {on_render} ;; esac\nexec "{footage.program()}" "$@"\n')
    path.chmod(0o755)
    return {"VIDEOGEN_FFMPEG__PATH": str(path), "VIDEOGEN_FFMPEG__WRITES": json.dumps([str(path.parent)])}


class Farm:
    """Nodes at work on one spool, each a real process with an FFmpeg of its own that a test can slow, hold up or kill.

    The spool has one task at the start, and its leases are short; `settings` of [node] are given as TOML.
    """

    def __init__(self, house: House, **settings: str) -> None:
        self.house = house
        self.beside = house.root.with_name(f"{house.root.name}.farm")
        (self.first,) = house.visible("tasks")
        shutil.copytree(house.root / "tasks" / self.first, self.beside / "task", symlinks=True)
        self._running: list[subprocess.Popen[bytes]] = []
        self.settle(**{"lease_s": "3", "heartbeat_s": "0.5", "warm": "false"} | settings)

    def __enter__(self) -> "Farm":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()
            process.wait()
        for encode in self.house.rendering():  # should one have outlived its node, it does not outlive the test
            encode.kill()

    def settle(self, **settings: str) -> None:
        """Change settings of [node], the last table of the file."""
        path = self.house.root / "videogen.toml"
        names = tuple(f"{name} = " for name in settings)
        kept = [line for line in path.read_text().splitlines() if not line.startswith(names)]
        path.write_text("\n".join([*kept, *(f"{name} = {value}" for name, value in settings.items()), ""]))

    def sign(self, word: str, name: str) -> Path:
        """Name the file that tells a node's FFmpeg something: `slow` down, `hold` before you begin, `die`."""
        return self.beside / f"{word}-{name}"

    def env(self, name: str) -> dict[str, str]:
        """Give the environment in which a node's FFmpeg looks at its signs before every step of a render."""
        hold, die, slow = (self.sign(word, name) for word in ("hold", "die", "slow"))
        lines = f'while [ -e "{hold}" ]; do sleep 0.05; done; if [ -e "{die}" ]; then kill -9 $$; fi; '
        lines += f'if [ -e "{slow}" ]; then exec "{footage.program()}" -readrate 0.01 "$@"; fi'
        return ffmpeg_that(self.beside / f"ffmpeg-{name}", lines, where="-progress")

    def node(self, name: str, *options: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a node and give it once it works; `env` has more settings of its own, as NODE__TAGS."""
        own = self.env(name) | {f"VIDEOGEN_{word}": value for word, value in env.items()}
        before = self.said(name, '"Started"')
        node = self.start("node", "--name", name, *options, env=own)
        assert soon(lambda: self.said(name, '"Started"') > before)
        return node

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start any command, to be ended with the farm at the latest."""
        self._running.append(self.house.start(*arguments, env=env))
        return self._running[-1]

    def task(self, **changes: Any) -> str:
        """Make one more task like the first, and give its id."""
        task = read_task(self.beside / "task").model_copy(update={"task_id": str(uuid4()), **changes})
        assert Spool(self.house.root).publish(task, lambda folder: copy_papers(self.beside / "task", folder))
        return task.task_id

    def is_published(self, *task_ids: str) -> bool:
        """Whether these are the tasks in output/."""
        return self.house.visible("output") == sorted(task_ids)

    def said(self, name: str, words: str) -> int:
        """Count the lines of a node's log with these words."""
        return sum(words in line for line in self.house.log(f"node-{name}").splitlines())

    def lines_of(self, task_id: str) -> list[str]:
        """Give what all logs together say of a task: the log and the first word of each line, in order of words."""
        logs = [
            (path.stem, path.read_text(encoding="utf-8").splitlines()) for path in self.house.root.glob("logs/*.log")
        ]
        return sorted(f"{line.split()[3][1:]} {role}" for role, lines in logs for line in lines if task_id in line)

    def paper(self, name: str) -> dict[str, Any]:
        """Read how a node said last that it is."""
        found: dict[str, Any] = json.loads((self.house.root / f"processing/.nodes/{name}.json").read_text())
        return found

    def attempts(self, *task_ids: str) -> list[int]:
        """Read how often each of these waiting tasks was tried."""
        papers = [self.house.root / "tasks" / task_id / "metadata.json" for task_id in task_ids]
        return [int(json.loads(path.read_text())["attempts"]) for path in papers]

    def manifest(self, task_id: str) -> dict[str, Any]:
        """Read the manifest of a published task."""
        found: dict[str, Any] = json.loads((self.house.root / "output" / task_id / "manifest.json").read_text())
        return found


def clean_env() -> dict[str, str]:
    """Give this process's environment without settings of a factory of the machine's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VIDEOGEN_")}


def frames_in(video: Path) -> int:
    """Decode a video and count its frames."""
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(container.streams.video[0]))


def spoken_frames(voice: Path, fps: int = 30) -> int:
    """Reckon how long a video of this voice must be, from its decoded samples."""
    with av.open(str(voice)) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return int(Fraction(samples, stream.rate) * fps + Fraction(1, 2))


def soon(condition: Callable[[], bool], *, within_s: float = 30.0) -> bool:
    """Look until a condition holds or the time is over; give whether it does."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
