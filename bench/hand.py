"""Descriptions rendered by hand into one root, as a person would: `videogen render FILE -o OUT`."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.film import ProgramError
from bench.meter import Used, metered
from bench.root import Root


@dataclass(frozen=True)
class Made:
    """One render: seconds from start to exit, frames of the video, and how many of them were encoded for it."""

    video: Path
    seconds: float
    frames: int
    encoded: int


class Hand:
    """A root of its own, and descriptions of one recipe rendered with it. `file` is a description's name."""

    def __init__(self, folder: Path, name: str, file: str) -> None:
        self.root = Root(folder / name)
        self.root.folder.mkdir()
        self.root.run("init")
        self._folder = folder
        self._file = file

    def render(self, description: dict[str, Any], name: str) -> Made:
        """Render a description. Raises: ProgramError: it became no video."""
        argv, target = self._argv(description, name)
        began = time.monotonic()
        ended = subprocess.run(argv, env=self.root.env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        if ended.returncode != 0:
            raise ProgramError(f"videogen render ended with {ended.returncode}: {ended.stderr[-800:]}")
        said = json.loads(ended.stdout)
        return Made(target, seconds, said["frames"], said["frames_encoded"])

    def metered(self, description: dict[str, Any], name: str) -> Used:
        """Render a description and look at what that holds in memory. Raises: CalledProcessError."""
        return metered(self._argv(description, name)[0], self.root.env)

    def _argv(self, description: dict[str, Any], name: str) -> tuple[list[str], Path]:
        file = self._folder / name / self._file
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(description))
        target = self._folder / f"{name}.mp4"
        return self.root.argv("render", str(file), "-o", str(target), "--force", "--json"), target
