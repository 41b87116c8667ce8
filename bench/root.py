"""A root of videogen's own, filled by the front door and worked by the command line, as an operator would."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from videogen.model.task import Task

NODE = "bench"
NODE_ONCE = ("node", "--once")
CONFIG = """\
[render]
resolution = "{size}"
encoder = "libx264"
[scan]
quiet_s = 0.2
[node]
name = "{node}"
retry_s = 0
"""


class VideogenError(Exception):
    """A program of videogen's ended with an error; the message is its last words."""


@dataclass(frozen=True)
class Published:
    """What a node's log says of a video. Units: seconds from the claim to the rename into output/."""

    seconds: float
    frames: int
    frames_encoded: int


@dataclass(frozen=True)
class Kept:
    """How a root stood: a copy of its tasks, and the names of the files in its store."""

    tasks: Path
    segments: frozenset[Path]


class Root:
    """A root in a folder. `env` are settings for its processes; no other VIDEOGEN_* reaches them."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOGEN_")}
        self.env = {**clean, **(env or {})}

    def lay_out(
        self, size: str, clips: Sequence[Path], music: Path, voices: Sequence[Path], logo: Path | None = None
    ) -> None:
        """Make the rooms, drop everything into raw/, and let main make a task of each voice."""
        self.folder.mkdir()
        self.run("init")
        (self.folder / "videogen.toml").write_text(CONFIG.format(size=size, node=NODE))
        if logo:
            shutil.copy(logo, self.folder / "logo.png")
        for clip in clips:
            self.drop(clip, f"video/bench/{clip.name}")
        self.drop(music, f"music/bench/{music.name}")
        for nth, voice in enumerate(voices, start=1):
            self.drop(voice, f"story/bench/story_{nth:02}/voice/chapter_0001.mp3")
        self.run("main", "--once")
        if len(self.tasks()) != len(voices):
            raise VideogenError(f"{len(voices)} voices became {len(self.tasks())} tasks")

    def drop(self, source: Path, place: str) -> None:
        """Copy a file to its place below raw/."""
        target = self.folder / "raw" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def copy(self, folder: Path, env: Mapping[str, str] | None = None) -> "Root":
        """Give another root with the same rooms: the same tasks, with the same ids."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Root(folder, env)

    def argv(self, *arguments: str) -> list[str]:
        """Write a command of videogen's on this root."""
        return [sys.executable, "-m", "videogen.cli", "--root", str(self.folder), "--log-json", *arguments]

    def run(self, *arguments: str) -> float:
        """Run a command from its start to its exit and give the seconds. Raises: VideogenError."""
        began = time.monotonic()
        ended = subprocess.run(self.argv(*arguments), env=self.env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        if ended.returncode != 0:
            raise VideogenError(f"videogen {' '.join(arguments)} ended with {ended.returncode}: {ended.stderr[-800:]}")
        return seconds

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Have a role run while the block does; it is told to end after."""
        argv, quiet = self.argv(*arguments), subprocess.DEVNULL
        with subprocess.Popen(argv, env=self.env, stdout=quiet, stderr=quiet) as process:
            try:
                yield process
                if process.poll() is not None:
                    raise VideogenError(f"videogen {' '.join(arguments)} ended by itself with {process.returncode}")
            finally:
                process.terminate()

    def tasks(self) -> list[Task]:
        """Read the papers of what waits in tasks/, in order of their stories."""
        folders = [folder for folder in (self.folder / "tasks").iterdir() if not folder.name.startswith(".")]
        papers = [Task.model_validate_json((folder / "metadata.json").read_bytes()) for folder in folders]
        return sorted(papers, key=lambda task: task.story_name)

    def finals(self) -> list[Path]:
        """Give the videos in output/."""
        return sorted((self.folder / "output").glob("*/final.mp4"))

    def published(self) -> list[Published]:
        """Read from the node's log what it published, in order."""
        log = self.folder / "logs" / f"node-{NODE}.log"
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        return [
            Published(line["seconds"], line["frames"], line["frames_encoded"])
            for line in lines
            if line["message"].startswith("Published ")
        ]

    # -- the same work again -------------------------------------------------------------------------------------------

    def keep(self, folder: Path) -> Kept:
        """Remember how this root stands, so that a video can be made from there more than once."""
        shutil.copytree(self.folder / "tasks", folder, symlinks=True)
        return Kept(folder, frozenset(self._segments()))

    def restore(self, kept: Kept) -> None:
        """Make this root stand as it stood: the tasks wait, no video is made, the store has nothing newer."""
        for room in ("tasks", "output"):
            shutil.rmtree(self.folder / room)
        (self.folder / "output").mkdir()
        shutil.copytree(kept.tasks, self.folder / "tasks", symlinks=True)
        for path in self._segments():
            if path not in kept.segments:
                path.unlink()

    def _segments(self) -> list[Path]:
        return [path for path in (self.folder / "scanned" / ".segments").rglob("*") if path.is_file()]
