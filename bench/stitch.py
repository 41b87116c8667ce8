"""Time and memory of stitching a short and a long 4K video: `python -m bench.stitch`.

Two segments are encoded and repeated until the video is as long as wanted; its sound is a minute of AAC, repeated. The
stitch is that of a render, alone in a process of its own, whose peak memory is told: Python and its modules included.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from bench import film, meter, row
from bench.media import Media
from bench.piece import piece
from bench.template import SOUND
from videogen.model.timebase import Range, samples_of
from videogen.render.sounding import Sounding

LOOP_S = 60
MOST_MB = (100, 300)


@dataclass(frozen=True)
class Form:
    """Size of the picture, frames of each of the two segments, minutes of the short and of the long video."""

    size: str
    frames: int
    minutes: tuple[int, int]


FORMS = {
    "full": Form("3840x2160", 300, (1, 60)),
    "short": Form("3840x2160", 60, (1, 10)),
    "tiny": Form("320x180", 60, (1, 10)),
}


def segments(form: Form, media: Media, folder: Path) -> None:
    """Encode the two segments side by side, each with its note, and write down their profile."""
    starts = (0, form.frames)
    pieces = [piece(media.path("v01"), form.size, Range(start=at, end=at + form.frames)) for at in starts]
    meter.beside([one.argv(folder / f"{nth}.mp4") for nth, one in enumerate(pieces)])
    for nth, one in enumerate(pieces):
        (folder / f"{nth}.json").write_text(one.note(folder / f"{nth}.mp4").to_json())
    (folder / "profile.json").write_text(pieces[0].profile.model_dump_json())


def sound(media: Media, folder: Path, frames: int) -> Path:
    """Make AAC for so many frames, from a minute that is encoded once: packets are all a stitch sees of it."""
    minute = folder / "minute.m4a"
    if not minute.exists():
        loop = ("-stream_loop", "-1", "-i", str(media.path("m01")), "-t", str(LOOP_S))
        film.ffmpeg("-v", "error", *loop, "-vn", "-ar", "48000", "-ac", "2", *SOUND, str(minute))
    made = folder / f"{frames}.nut"
    packets = Sounding(made, samples_of(frames, Fraction(30), 48000), lambda: True).expected_packets
    film.ffmpeg(
        *("-v", "error", "-stream_loop", "-1", "-i", str(minute), "-map", "0:a", "-c", "copy"),
        *("-frames:a", str(packets), "-f", "nut", str(made)),
    )
    return made


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Stitch a short and a long video."""
    table.describe(f"{form.size}, {' and '.join(map(str, form.minutes))} minutes, segments of {form.frames} frames")
    segments(form, media, folder)
    # The bar of the long one is that of an hour; a shorter one must stay below it all the more.
    for minutes, most_mb in zip(form.minutes, MOST_MB, strict=True):
        frames = minutes * 60 * 30
        target = folder / "final.mp4"
        repeats = frames // (2 * form.frames)
        argv = [sys.executable, "-m", "bench.stitching", str(folder), str(repeats), str(sound(media, folder, frames))]
        told = json.loads(subprocess.run([*argv, str(target)], check=True, capture_output=True).stdout)
        if film.frames_of(target) != frames:
            raise AssertionError(f"{film.frames_of(target)} frames were stitched, not {frames}")
        table.figure(f"{minutes} min, {target.stat().st_size / 1e6:.0f} MB", told["seconds"], "s")
        table.figure(f"{minutes} min: memory before the stitch, Python and its modules", told["before_mb"], "MB")
        table.bar(f"{minutes} min: peak memory", told["peak_mb"], "MB", "at most", most_mb)
        target.unlink()


if __name__ == "__main__":
    sys.exit(row.program("stitch", FORMS, measure))
