"""What each thing costs that a frame may show: milliseconds of one processor per megapixel of what it touches.

`videogen/plan/costs.py` has its figures from here: `python -m bench.looks CLIP`, a clip of 1280x720 at 30 fps or so.
Each look is run for few frames and for many, without an encoder; the difference is what a frame costs, starting left
out. Of three runs the quickest counts: others share the machine.
"""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
from PIL import Image

from bench import film
from videogen import durable
from videogen.model.style import ChromaKey, Zoom
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, Item, Timeline, Transition, VideoOverlay
from videogen.plan.filters import picture_stream
from videogen.plan.graph import placed

CANVAS = Canvas(width=1280, height=720, fps=Fraction(30))
FEW, MANY = 12, 72
MEGAPIXELS = CANVAS.width * CANVAS.height / 1e6


def looks(clip: str, image: str, table: str, length: int) -> Iterator[tuple[str, Timeline]]:
    """Give one look after the other, each over all of the canvas."""
    at = Range(start=0, end=length)
    base: tuple[Item, ...] = (Clip(asset=clip, source=at),)
    still: dict[str, Any] = {"asset": image, "x": 0, "y": 0, "width": CANVAS.width, "height": CANVAS.height, "at": at}
    moving: dict[str, Any] = {"asset": clip, "x": 0, "y": 0, "at": at}
    film_over = {"width": CANVAS.width, "height": CANVAS.height}
    zoom = Zoom(start=Fraction(1), end=Fraction(21, 20))
    over: list[tuple[str, ImageOverlay | VideoOverlay]] = [
        ("still picture", ImageOverlay(**still)),
        ("picture that comes", ImageOverlay(**still, fade_in=length)),
        ("zoom", ImageOverlay(**still, zoom=zoom)),
        ("picture that blends", ImageOverlay(**still, blend="multiply")),
        ("film", VideoOverlay(**moving, **film_over)),
        ("film, thinned", VideoOverlay(**moving, **film_over, opacity=Fraction(7, 10))),
        ("film, keyed", VideoOverlay(**moving, **film_over, key=ChromaKey())),
        ("film of light", VideoOverlay(**moving, blend="screen")),
        ("film that blends", VideoOverlay(**moving, blend="multiply")),
    ]
    yield "gap", Timeline(canvas=CANVAS, picture=(Gap(length=length),), is_mute=True)
    yield "clip", Timeline(canvas=CANVAS, picture=base, is_mute=True)
    lut = Clip(asset=clip, source=at, lut=table)
    yield "clip, table", Timeline(canvas=CANVAS, picture=(lut,), is_mute=True)
    crossed = (Gap(length=length), Transition(kind="crossfade", length=length), Gap(length=length, colour="#ffffff"))
    yield "crossfade", Timeline(canvas=CANVAS, picture=crossed, is_mute=True)
    for name, one in over:
        yield name, Timeline(canvas=CANVAS, picture=(Gap(length=length),), overlays=(one,), is_mute=True)


def cpu_s(timeline: Timeline, files: dict[str, str], media: dict[str, Any]) -> float:
    """Run a timeline's graph and give the processor's seconds."""
    output = ffmpeg.output(
        picture_stream(timeline, media.__getitem__), "-", **{"f": "null", "frames:v": timeline.length}
    )
    words = [placed(word, files, {}) for word in output.global_args("-copyts").get_args()]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([film.program(), "-nostdin", "-v", "error", *words], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    clip = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        image, table = Path(name, "image.png"), Path(name, "table.png")
        Image.effect_noise((CANVAS.width, CANVAS.height), 40).convert("RGB").save(image)
        Image.linear_gradient("L").resize((512, 512)).convert("RGB").save(table)
        files = {durable.digest(path): f"file:{path}" for path in (clip, image, table)}
        contents = list(files)
        media = {contents[0]: film.probed(clip)}
        few, many = (dict(looks(contents[0], contents[1], contents[2], length)) for length in (FEW, MANY))
        for look in few:
            least = [min(cpu_s(of[look], files, media) for _ in range(3)) for of in (few, many)]
            spent = least[1] - least[0]
            print(f"{look:20} {1000 * spent / (MANY - FEW) / MEGAPIXELS:6.1f} ms/megapixel", flush=True)


if __name__ == "__main__":
    main()
