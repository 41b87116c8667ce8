"""How far a video is: frames encoded by all that run, of all that must be, and the bytes they took."""

import time
from collections.abc import Callable
from threading import Lock

from videogen.ffmpeg import Progress
from videogen.plan import Plan


class Tally:
    """Frames encoded by all that run, of all that must be."""

    def __init__(self, plan: Plan, tell: Callable[[Progress], None]) -> None:
        self._total = plan.frames_to_encode or plan.frames
        self._tell = tell
        self._began = time.monotonic()
        self._lock = Lock()
        self._runs: dict[str, Progress] = {}

    def follow(self, name: str) -> Callable[[Progress], None]:
        """Give what takes the progress of one run."""

        def take(progress: Progress) -> None:
            with self._lock:
                self._runs[name] = progress
                here = self._here(min(self._total, sum(run.frame for run in self._runs.values())))
            self._tell(here)

        return take

    def finish(self) -> None:
        """Say that all of it is done."""
        self._tell(self._here(self._total))

    def _here(self, frame: int) -> Progress:
        size_bytes = sum(run.size_bytes for run in self._runs.values())
        return Progress(frame, self._total, time.monotonic() - self._began, size_bytes)
