"""What a viewer sees and hears: colours of points, likeness to another film, the strength of a tone."""

import re
import subprocess
from array import array
from math import cos, pi, sin
from pathlib import Path

import av

from tests import footage

Pixel = tuple[int, int, int]
RATE = 48000


def pixels(video: Path, frame: int, *points: tuple[int, int]) -> list[Pixel]:
    """Give the colours of some points of one frame."""
    with av.open(str(video)) as container:
        for index, shown in enumerate(container.decode(video=0)):
            if index == frame:
                plane = shown.reformat(format="rgb24").planes[0]
                content = bytes(plane)
                starts = [y * plane.line_size + 3 * x for x, y in points]
                return [(content[at], content[at + 1], content[at + 2]) for at in starts]
    raise AssertionError(f"{video} has no frame {frame}")


def near(found: Pixel, wanted: Pixel, within: int = 24) -> bool:
    """Whether two colours look the same; 4:2:0 and CRF move them a little."""
    return all(abs(a - b) <= within for a, b in zip(found, wanted, strict=True))


def likeness(one: Path, other: Path, chain: str = "null") -> list[float]:
    """Compare two films frame by frame, by their numbers; `chain` is done to the second before.

    Units: PSNR in dB, 100 where two frames are the same.
    """
    graph = f"[0:v]settb=1/30,setpts=N[a];[1:v]{chain},settb=1/30,setpts=N[b];[a][b]psnr=stats_file=-:shortest=1"
    argv = [str(footage.program()), "-v", "error", "-i", f"file:{one}", "-i", f"file:{other}", "-lavfi", graph]
    done = subprocess.run([*argv, "-f", "null", "-"], capture_output=True, text=True, check=True)
    return [min(100.0, float(found)) for found in re.findall(r"psnr_avg:([0-9.]+|inf)", done.stdout)]


def samples_of(path: Path) -> list[float]:
    """Decode the first sound: its left channel at 48 kHz, 1.0 being full scale."""
    argv = [str(footage.program()), "-v", "error", "-i", f"file:{path}", "-map", "0:a:0", "-af", "pan=mono|c0=c0"]
    done = subprocess.run([*argv, "-ar", str(RATE), "-f", "f32le", "-"], capture_output=True, check=True)
    return array("f", done.stdout).tolist()


def tone(samples: list[float], hertz: int, start_s: float, end_s: float) -> float:
    """Give the amplitude of one tone between two times."""
    part = samples[round(start_s * RATE) : round(end_s * RATE)]
    steps = [2 * pi * hertz * nth / RATE for nth in range(len(part))]
    real = sum(value * cos(step) for value, step in zip(part, steps, strict=True))
    imaginary = sum(value * sin(step) for value, step in zip(part, steps, strict=True))
    return 2 * float((real**2 + imaginary**2) ** 0.5) / len(part)


def streams(path: Path) -> list[tuple[str, str]]:
    """Give each stream's kind and codec."""
    with av.open(str(path)) as container:
        return [(one.type, one.codec_context.name) for one in container.streams]


def size_of(path: Path) -> tuple[int, int]:
    """Give the picture's width and height as stored."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.codec_context.width, stream.codec_context.height
