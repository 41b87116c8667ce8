"""How far a video is: frames encoded by all that run, of all that must be."""

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
        self._frames: dict[str, int] = {}

    def follow(self, name: str) -> Callable[[Progress], None]:
        """Give what takes the progress of one run."""

        def take(progress: Progress) -> None:
            with self._lock:
                self._frames[name] = progress.frame
                so_far = min(self._total, sum(self._frames.values()))
            self._tell(Progress(so_far, self._total, time.monotonic() - self._began))

        return take

    def finish(self) -> None:
        """Say that all of it is done."""
        self._tell(Progress(self._total, self._total, time.monotonic() - self._began))
