"""`videogen encode` against one FFmpeg with the same settings, on one long film: `python -m bench.encode`.

FFmpeg runs with its default threads; videogen encodes chunks side by side, each in one thread.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench import film, meter, row
from bench.media import Media
from bench.root import Root
from bench.template import PICTURE, SOUND

CLIPS = ("v01", "v05", "v03", "v06", "v10", "v12")


@dataclass(frozen=True)
class Form:
    """Size of the picture; seconds of each of the six clips, None is all of it; VMAF of every so many frames."""

    size: str
    each_s: float | None
    every: int


FORMS = {"full": Form("1920x1080", None, 1), "short": Form("1920x1080", 10, 10), "tiny": Form("320x180", 2, 5)}


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Encode the film both ways; compare times, sizes and quality."""
    source = folder / "source.mp4"
    film.long_film(media.paths(*CLIPS), media.path("s01"), source, size=form.size, each=form.each_s)
    frames = film.frames_of(source)
    table.describe(f"{form.size}, {frames / 30:.0f} s of six clips, libx264 medium at CRF 23, AAC at 192 kbit/s")
    theirs, ours = folder / "ffmpeg.mp4", folder / "videogen.mp4"
    start = [str(film.program()), "-y", "-hide_banner", "-nostdin", "-v", "error", "-i", str(source)]
    ffmpeg_s = meter.timed([*start, *PICTURE, *SOUND, "-movflags", "+faststart", str(theirs)])
    table.figure("one FFmpeg", ffmpeg_s, "s")
    (folder / "root").mkdir()
    encode_s = Root(folder / "root").run("encode", str(source), str(ours), "--crf", "23", "--preset", "medium")
    table.figure("videogen encode", encode_s, "s")
    table.bar("time: one FFmpeg / videogen", ffmpeg_s / encode_s, "x", "at least", 1.0)
    compare(table, ours, theirs, source, form.every)


def compare(table: row.Row, ours: Path, theirs: Path, reference: Path, every: int) -> None:
    """Compare size and quality of two films of the same frames. Raises: AssertionError: they have not the same."""
    counts = {film.frames_of(path) for path in (ours, theirs, reference)}
    if len(counts) != 1:
        raise AssertionError(f"the films have {counts} frames: they cannot be compared")
    sizes = film.picture_bytes(ours), film.picture_bytes(theirs)
    table.bar("size of the picture: videogen / FFmpeg", sizes[0] / sizes[1], "x", "at most", 1.02)
    scores = [film.vmaf(path, reference, every=every) for path in (ours, theirs)]
    table.figure("VMAF, FFmpeg", scores[1], "points")
    table.figure("VMAF, videogen", scores[0], "points")
    table.bar("VMAF: FFmpeg - videogen", scores[1] - scores[0], "points", "at most", 0.3)


if __name__ == "__main__":
    sys.exit(row.program("encode", FORMS, measure))
