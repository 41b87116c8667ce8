"""What a node counts of the tasks that went through it."""

import time
from collections import Counter
from typing import Protocol

from videogen.plan import Plan
from videogen.render.job import Job
from videogen.render.video import Done

FAILURES = {
    "ffmpeg-refused": "encode_failed",
    "killed": "encode_failed",
    "media": "encode_failed",
    "stalled": "encode_stalled",
    "check-failed": "output_rejected",
}
"""Codes that a figure of its own counts."""


class Figures(Protocol):
    """Where a node's figures go."""

    def count(self, name: str, n: int = 1, **labels: str) -> None:
        """Count something that happened."""

    def observe(self, name: str, value: float) -> None:
        """Note how much of something there was."""


def note_claimed(figures: Figures, *, began: float, since_ns: int, epoch: int) -> None:
    """Note that a task was claimed. Units: `began` by the monotonic clock; `since_ns` is its folder's time stamp."""
    figures.observe("claim_s", time.monotonic() - began)
    figures.observe("waited_s", max(0.0, time.time() - since_ns / 1e9))
    figures.count("claimed")
    if epoch > 1:
        figures.count("claimed_again")


def note_published(figures: Figures, job: Job, plan: Plan, done: Done, seconds: float) -> None:
    """Note that a video was published, and what it took."""
    counts = Counter(done.segments.values())
    figures.count("cache_hit", counts["reused"])
    figures.count("cache_miss", counts["encoded"])
    figures.count("cache_corrupt", done.damaged)
    figures.count("frames", plan.frames)
    figures.count("frames_encoded", done.frames_encoded)
    figures.count("fallback", int(bool(done.fallback or job.fallback)))
    figures.observe("render_s", seconds)
    figures.observe("speed", float(plan.frames / plan.profile.canvas.fps) / seconds)


def note_failed(figures: Figures, code: str) -> None:
    """Note why a task went to trash/failed, where a figure of its own counts that; all are counted by the pipeline."""
    if figure := FAILURES.get(code):
        figures.count(figure)
