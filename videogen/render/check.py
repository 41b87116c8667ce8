"""Proof of a finished video: an exit status of 0 is not believed. Every frame is decoded and counted."""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Event

import av

from videogen.errors import Defect, Stopped
from videogen.plan import Plan

AAC_FRAME = 1024
"""Samples in one AAC frame: a decoder gives whole ones, so up to one more than the track's length comes out."""


@dataclass(frozen=True)
class Proof:
    """What was counted. Units: decoded frames, samples of the sound track as its container cuts it."""

    frames: int
    samples: int


def check(video: Path, plan: Plan, stop: Event) -> Proof:
    """Prove that a video is what the plan said.

    Raises: Defect: `check-failed`, with what was measured and what was expected. Stopped: `stop` was set.
    """
    try:
        found = _facts(video, stop)
    except av.FFmpegError as error:
        raise _failed({"decodes": "no"}, f"the video does not decode ({error})") from error
    canvas = plan.profile.canvas
    wanted = {
        "frames": plan.frames,
        "samples": plan.samples,
        "size": f"{canvas.width}x{canvas.height}",
        "rate": str(canvas.fps),
        "frame_ticks": 1,
        "streams": "video,audio",
    }
    wrong = [f"{name} is {found[name]}, not {value}" for name, value in wanted.items() if found[name] != value]
    decoded = int(found["decoded_samples"])
    if not plan.samples <= decoded < plan.samples + 2 * AAC_FRAME:
        wrong.append(f"the sound decodes to {decoded} samples, not {plan.samples}")
    if wrong:
        raise _failed(found, "; ".join(wrong))
    return Proof(plan.frames, plan.samples)


def _failed(found: dict[str, int | str], sentence: str) -> Defect:
    return Defect(
        f"the finished video is not what was planned: {sentence}",
        remedy="Report it with this folder; nothing was published.",
        code="check-failed",
        **{f"found_{name}": value for name, value in found.items()},
    )


def _facts(video: Path, stop: Event) -> dict[str, int | str]:
    """Decode everything once and count it."""
    with av.open(str(video), format="mov", options={"protocol_whitelist": "file"}) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        picture.thread_type = "AUTO"
        streams = ",".join(stream.type for stream in container.streams)
        times: list[int] = []
        decoded_samples = 0
        for packet in container.demux(picture, sound):
            if stop.is_set():
                raise Stopped("the check was stopped", remedy="The task went back and is taken up again.")
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    times.append(frame.pts if frame.pts is not None else -1)
                elif isinstance(frame, av.AudioFrame):
                    decoded_samples += frame.samples
        base, rate = Fraction(picture.time_base or 0), Fraction(picture.average_rate or 0)
        tick = 1 / (base * rate) if base and rate else Fraction(0)
        steps = {after - before for before, after in itertools.pairwise(times)}
        is_even = times[:1] == [0] and steps <= {tick}
        sound_s = Fraction(sound.duration or 0) * Fraction(sound.time_base or 0)
        return {
            "frames": len(times),
            "samples": int(sound_s * sound.rate),
            "decoded_samples": decoded_samples,
            "size": f"{picture.width}x{picture.height}",
            "rate": str(rate),
            "frame_ticks": int(is_even),
            "streams": streams,
        }
