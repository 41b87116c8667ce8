"""MoviePy as a peer: installed for a run into a folder that goes away with it, told the same FFmpeg as everybody."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import film, meter, row


class MissingPeerError(Exception):
    """A program is not to be had here; the message says why."""


class MoviePy:
    """MoviePy in an environment of its own. Raises: MissingPeerError: it cannot be installed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = folder / "moviepy" / "bin" / "python"
        try:
            film.run([sys.executable, "-m", "venv", str(folder / "moviepy")])
            film.run([str(self._program), "-m", "pip", "install", "-q", "--timeout", "20", "moviepy>=2.2"])
        except film.ProgramError as error:
            raise MissingPeerError(f"MoviePy could not be installed ({error}).") from error

    @classmethod
    def compared(cls, table: row.Row, script: str, plan: Mapping[str, Any], folder: Path) -> float | None:
        """Give the seconds of a script that is told a plan as JSON; None: the table says why there are none."""
        (folder / "plan.json").write_text(json.dumps(plan))
        try:
            return cls(folder).timed(script, folder / "moviepy.mp4", folder / "plan.json")
        except MissingPeerError as missing:
            table.note(str(missing))
            return None

    def timed(self, script: str, *words: object) -> float:
        """Run a script to success and give the seconds. Raises: MissingPeerError."""
        path = self._folder / "with_moviepy.py"
        path.write_text(script)
        env = {**os.environ, "IMAGEIO_FFMPEG_EXE": str(film.program()), "FFMPEG_BINARY": str(film.program())}
        try:
            return meter.timed([str(self._program), str(path), *map(str, words)], env)
        except subprocess.CalledProcessError as error:
            raise MissingPeerError(f"MoviePy did not make the video: it ended with {error.returncode}.") from error
