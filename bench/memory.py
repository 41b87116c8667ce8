"""What one encode in one thread takes, beside what the cost model says: `python -m bench.memory`."""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench import meter, row
from bench.media import Media
from bench.piece import piece
from videogen.model.timebase import Range
from videogen.plan import costs


@dataclass(frozen=True)
class Form:
    """Sizes of the picture; frames of each encode."""

    sizes: tuple[str, ...]
    frames: int


FORMS = {
    "full": Form(("1280x720", "1920x1080", "3840x2160"), 300),
    "short": Form(("1280x720", "1920x1080", "3840x2160"), 90),
    "tiny": Form(("320x180",), 60),
}


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Encode the same stretch at each size."""
    table.describe(f"libx264 medium in one thread, {form.frames} frames of a film, one encode at a time")
    for size in form.sizes:
        one = piece(media.path("v01"), size, Range(start=0, end=form.frames))
        used = meter.metered(one.argv(folder / f"{size}.mp4"))
        wanted = costs.encode_memory_mb(one.profile.canvas, 1)
        table.figure(f"{size}: peak resident memory", used.rss_mb, "MB")
        table.figure(f"{size}: by the cost model", wanted, "MB")
        table.bar(f"{size}: memory / cost model", used.rss_mb / wanted, "x", "at most", 1.0)
        speed = one.pixels / used.seconds
        table.figure(f"{size}: pixels per second", speed / 1e6, "million")
        table.figure(f"{size}: pixels per second / cost model", speed / costs.PIXELS_PER_S, "x")


if __name__ == "__main__":
    sys.exit(row.program("memory", FORMS, measure))
