"""What is shipped: small, whole, seamless, and made by the program that says so (D3)."""

from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from tests.assets.make import golden_border, golden_frame
from videogen.assets import BORDER, FRAME, GLITTER, NAMES, RAIN, shipped


def file_of(name: str) -> Path:
    """Give a shipped file."""
    path = shipped(name)
    assert path is not None
    return path


def test_all_of_it_is_there_and_small() -> None:
    """Each name is a file, together they are under a megabyte, and no other name is anything."""
    sizes = [file_of(name).stat().st_size for name in NAMES]

    assert min(sizes) > 1000
    assert sum(sizes) < 1_000_000
    assert shipped("../make.py") is None


@pytest.mark.parametrize("name", [GLITTER, RAIN])
def test_films_loop_without_a_seam(name: str) -> None:
    """From the last picture to the first is no larger a step than between any two others, and it is bright at times."""
    with av.open(str(file_of(name))) as film:
        shown = [frame.to_image() for frame in film.decode(video=0)]  # type: ignore[no-untyped-call]  # PyAV's own
    pictures = [one.convert("L").resize((270, 480)) for one in shown]
    steps = [
        ImageStat.Stat(ImageChops.difference(a, b)).mean[0]
        for a, b in zip(pictures, [*pictures[1:], pictures[0]], strict=True)
    ]

    assert len(pictures) == 120
    assert steps[-1] <= 1.5 * max(steps[:-1])
    assert min(steps) > 0.05, "it moves all the time"
    assert max(high for one in pictures for _, high in [one.getextrema()]) > 150


@pytest.mark.parametrize(("name", "made"), [(FRAME, golden_frame), (BORDER, golden_border)])
def test_frames_are_those_of_the_program(name: str, made: object) -> None:
    """The pictures that are shipped are those that the program makes, clear where images are shown."""
    with Image.open(file_of(name)) as image:
        assert callable(made)
        assert image.tobytes() == made().tobytes()
        assert image.getchannel("A").crop((90, 300, 990, 1620)).getextrema() == (0, 0)


def test_the_border_is_drawn_by_rule() -> None:
    """#D4AF37, ten pixels wide, ten pixels from the edge (D1)."""
    with Image.open(file_of(BORDER)) as image:
        row = [image.getpixel((x, 900)) for x in range(30)]

    assert row == [(0xD4, 0xAF, 0x37, 255 if 10 <= x < 20 else 0) if 10 <= x < 20 else (0, 0, 0, 0) for x in range(30)]
