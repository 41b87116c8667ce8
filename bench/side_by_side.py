"""Two encodes in one thread each, side by side, against the same two one after the other with two threads.

`python -m bench.side_by_side`. This is why videogen encodes in one thread: the processors are kept busy by segments.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench import film, meter, row
from bench.media import Media
from bench.piece import piece
from videogen.model.timebase import Range


@dataclass(frozen=True)
class Form:
    """Size of the picture; frames of each of the two encodes."""

    size: str
    frames: int


FORMS = {"full": Form("3840x2160", 300), "short": Form("3840x2160", 75), "tiny": Form("320x180", 60)}


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Encode two stretches both ways."""
    table.describe(f"{form.size}, twice {form.frames} frames, libx264 medium, {row.processors()} processors")
    spans = [Range(start=at, end=at + form.frames) for at in (0, form.frames)]
    film.probed(media.path("v01"))
    commands = {
        threads: [
            piece(media.path("v01"), form.size, span, threads=threads).argv(folder / f"{threads}-{span.start}.mp4")
            for span in spans
        ]
        for threads in (1, 2)
    }
    after_s = sum(meter.timed(command) for command in commands[2])
    beside_s = meter.beside(commands[1])
    table.figure("one after the other, two threads", after_s, "s")
    table.figure("side by side, one thread each", beside_s, "s")
    table.bar("one after the other / side by side", after_s / beside_s, "x", "at least", 1.1)


if __name__ == "__main__":
    sys.exit(row.program("side_by_side", FORMS, measure))
