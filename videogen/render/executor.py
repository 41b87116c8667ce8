"""Runs a plan's steps in order: FFmpeg for an encode, a proof for a check. What is done is not done again."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from videogen import durable
from videogen.errors import Defect, Stopped
from videogen.ffmpeg import FFmpeg, Progress
from videogen.plan import Plan, Step, placed
from videogen.render.check import Proof, check


@dataclass(frozen=True)
class Workshop:
    """Where a plan runs: the files its assets are, a folder for what steps make, and FFmpeg's words."""

    assets: Mapping[str, Path]
    scratch: Path
    log: Path


@dataclass(frozen=True)
class Done:
    """What a plan came to: the video, its proof, and the seconds each step took."""

    video: Path
    proof: Proof
    seconds: dict[str, float]


class Executor:
    """Steps one after the other, on one FFmpeg."""

    def __init__(self, ffmpeg: FFmpeg, stop: Event) -> None:
        self._ffmpeg = ffmpeg
        self._stop = stop

    def run(self, plan: Plan, shop: Workshop, tell: Callable[[Progress], None]) -> Done:
        """Run every step; the last one made is the video, and it is proven.

        Raises: what FFmpeg or the check raise; Stopped: `stop` was set. What was finished stays in the scratch.
        """
        seconds: dict[str, float] = {}
        proof: Proof | None = None
        video: Path | None = None
        for step in plan.in_order():
            if self._stop.is_set():
                raise Stopped("the render was stopped", remedy="The task went back and is taken up again.")
            began = time.monotonic()
            if step.kind == "encode":
                video = self._encode(step, shop, tell)
            elif video is not None:
                proof = check(video, plan, self._stop)
            seconds[step.id] = round(time.monotonic() - began, 3)
        if video is None or proof is None:
            raise Defect("the plan makes no proven video", remedy="Report it with the task.")
        return Done(video, proof, seconds)

    def _encode(self, step: Step, shop: Workshop, tell: Callable[[Progress], None]) -> Path:
        made = shop.scratch / step.output
        if made.exists():
            return made
        # FFmpeg writes under another name; only a whole file gets the one that means "done".
        unfinished = shop.scratch / f".{step.output}.part"
        durable.remove(unfinished)
        assets = {digest: f"file:{path}" for digest, path in shop.assets.items()}
        steps = {step.id: f"file:{unfinished}"}
        self._ffmpeg.run(
            [placed(argument, assets, steps) for argument in step.argv],
            log=shop.log,
            total=step.frames,
            on_progress=tell,
            stop=self._stop,
        )
        durable.sync_file(unfinished)
        durable.move(unfinished, made)
        return made
