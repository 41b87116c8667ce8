"""A picture that grows does so evenly: its points are where they belong to a tenth of a pixel, on every frame (D1)."""

import subprocess
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import hypot
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.plan.raw import PROGRAMS, Frame, Shelf
from videogen.model.style import Zoom
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Gap, ImageOverlay, Timeline
from videogen.plan.slices import slice_of

WIDTH, HEIGHT, LENGTH = 240, 160, 40
DOTS = ((24, 20), (214, 22), (26, 138), (212, 136), (120, 20))
CANVAS = Canvas(width=WIDTH, height=HEIGHT, fps=Fraction(30))
GROWTH = Fraction(1, 20)
Point = tuple[float, float]


def dotted(alpha: int = 255) -> Image.Image:
    """Paint round white dots far from the middle; they are smooth, so that their middles can be measured."""
    large = Image.new("RGB", (WIDTH * 4, HEIGHT * 4))
    draw = ImageDraw.Draw(large)
    for x, y in DOTS:
        draw.ellipse([4 * x - 12, 4 * y - 12, 4 * x + 12, 4 * y + 12], fill="white")
    picture = large.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    if alpha < 255:
        picture.putalpha(alpha)
    return picture


def growing(asset: str, *, start: int = 0) -> Timeline:
    """Lay a picture over all of a canvas that grows by a twentieth."""
    zoom = Zoom(start=Fraction(1), end=1 + GROWTH)
    at = Range(start=start, end=start + LENGTH)
    over = ImageOverlay(asset=asset, x=0, y=0, width=WIDTH, height=HEIGHT, at=at, zoom=zoom)
    return Timeline(canvas=CANVAS, picture=(Gap(length=start + LENGTH),), overlays=(over,), is_mute=True)


def middles(luma: bytes) -> Iterator[Point]:
    """Give the middle of each dot, as seen from the middle of the picture, by how bright the points round it are."""
    for x, y in DOTS:
        near = [(i, j) for j in range(max(0, y - 12), min(HEIGHT, y + 13)) for i in range(x - 12, x + 13)]
        weights = [max(0, luma[j * WIDTH + i] - 16) for i, j in near]
        total = sum(weights)
        yield (
            sum(w * i for w, (i, _) in zip(weights, near, strict=True)) / total - (WIDTH - 1) / 2,
            sum(w * j for w, (_, j) in zip(weights, near, strict=True)) / total - (HEIGHT - 1) / 2,
        )


def errors(frames: Sequence[bytes]) -> tuple[float, float]:
    """Give how far a dot is from where it belongs, at most, and how far one moves back from a frame to the next."""
    first = list(middles(frames[0]))
    away, back, before = 0.0, 0.0, first
    for nth, frame in enumerate(frames):
        times = 1 + float(GROWTH) * nth / (LENGTH - 1)
        here = list(middles(frame))
        for (x, y), (x0, y0), (xb, yb) in zip(here, first, before, strict=True):
            away = max(away, hypot(x - x0 * times, y - y0 * times))
            back = max(back, hypot(xb, yb) - hypot(x, y))
        before = here
    return away, back


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("alpha", [255, 254])
def test_a_zoom_is_even(tmp_path: Path, program: Path, alpha: int) -> None:
    """Every dot is within a tenth of a pixel of its line, and none moves back; a picture with alpha does as well."""
    shelf = Shelf(tmp_path)

    away, back = errors([one.luma for one in shelf.frames(growing(shelf.image(dotted(alpha))), program)])

    assert away < 0.1
    assert back < 0.01


def test_the_usual_filter_trembles(tmp_path: Path) -> None:
    """What everybody uses, zoompan, moves by whole pixels: it is off by half of one and goes back, so we do not."""
    dotted().save(tmp_path / "dots.png")
    grow = f"z='1+{float(GROWTH)}*on/{LENGTH - 1}':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d={LENGTH}"
    chain = f"format=yuv420p,zoompan={grow}:s={WIDTH}x{HEIGHT}:fps=30,extractplanes=y"
    words = ("-v", "error", "-i", tmp_path / "dots.png", "-vf", chain, "-frames:v", str(LENGTH), "-f", "rawvideo", "-")
    raw = subprocess.run([PROGRAMS[0], *words], capture_output=True, check=True).stdout
    size = WIDTH * HEIGHT

    away, back = errors([raw[at : at + size] for at in range(0, LENGTH * size, size)])

    assert away > 0.4
    assert back > 0.2


@pytest.mark.parametrize("start", [0, 7])
def test_a_zoom_cut_in_two_is_the_same_zoom(tmp_path: Path, start: int) -> None:
    """Where a zoom is cut, or begins late, each of its frames is, to the bit, what it is in one run."""
    shelf = Shelf(tmp_path)
    whole = growing(shelf.image(dotted()), start=start)

    frames = _planes(shelf.frames(whole))
    parts = [
        slice_of(whole, span)
        for span in (Range(start=start, end=start + 13), Range(start=start + 13, end=whole.length))
    ]

    assert frames[start:] == [one for part in parts for one in _planes(shelf.frames(part))]
    assert len({*frames[start:]}) == LENGTH


def _planes(frames: Sequence[Frame]) -> list[bytes]:
    return [one.planes for one in frames]
