"""Tables of colours as Hald CLUTs, read back to the bit and looked through by FFmpeg itself (C2)."""

import struct
import zlib
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from tests import footage
from videogen.errors import MediaError
from videogen.raster.tables import LEVELS, SIDE, drawn_table
from videogen.raster.wishes import Table

Colour = tuple[float, float, float]


def same(red: float, green: float, blue: float) -> Colour:
    """Leave a colour as it is."""
    return (red, green, blue)


def bent(red: float, green: float, blue: float) -> Colour:
    """Mix and bend colours, each along one line: what any interpolation must give exactly."""
    return (0.2 + 0.6 * red, 0.5 * green + 0.5 * blue, 1 - red)


def cube(size: int, of: Callable[[float, float, float], Colour] = same, head: str = "") -> str:
    """Give a table of three colours as people write it."""
    steps = [nth / (size - 1) for nth in range(size)]
    rows = [" ".join(f"{one:.6f}" for one in of(red, green, blue)) for blue, green, red in product(steps, repeat=3)]
    return "\n".join([head, f"LUT_3D_SIZE {size}", *rows, ""])


def clut(folder: Path, table: str | bytes) -> list[tuple[int, int, int]]:
    """Give the levels of a table's picture, pixel by pixel, read as the standard of PNG says."""
    (folder / "look.cube").write_bytes(table.encode() if isinstance(table, str) else table)
    png = drawn_table(Table(str(folder / "look.cube"))).png
    assert struct.unpack_from(">IIBB", png, 16) == (SIDE, SIDE, 16, 2)
    start = png.index(b"IDAT") + 4
    raw = zlib.decompress(png[start : start + int.from_bytes(png[start - 8 : start - 4])])
    rows = [raw[at + 1 : at + 1 + 6 * SIDE] for at in range(0, len(raw), 1 + 6 * SIDE)]
    return list(struct.iter_unpack(">3H", b"".join(rows)))


def at(levels: list[tuple[int, int, int]], red: int, green: int, blue: int) -> Colour:
    """Give what a colour becomes, of 0 to 1, where it lies among the 64 levels."""
    red_to, green_to, blue_to = levels[red + LEVELS * green + LEVELS * LEVELS * blue]
    return red_to / 65535, green_to / 65535, blue_to / 65535


def nodes() -> list[tuple[int, int, int]]:
    """Give levels here and there in the whole cube."""
    steps = (0, 1, 20, 31, 47, 63)
    return list(product(steps, steps, steps))


@pytest.mark.parametrize(("size", "of"), [(2, bent), (17, same), (65, bent)])
def test_table_of_any_size_is_sampled_exactly(tmp_path: Path, size: int, of: Callable[..., Colour]) -> None:
    """What a table makes of a colour, its picture does, to a 20 000th."""
    levels = clut(tmp_path, cube(size, of))

    for node in nodes():
        wanted = of(*(one / 63 for one in node))
        assert at(levels, *node) == pytest.approx(wanted, abs=5e-5)


def test_curves_touch_each_colour_alone(tmp_path: Path) -> None:
    """A table of one dimension bends each colour by its own column."""
    rows = "\n".join(f"{x / 15:.6f} {(x / 15) ** 2:.6f} {1 - x / 15:.6f}" for x in range(16))
    levels = clut(tmp_path, f'# curves\nTITLE "x"\nLUT_1D_SIZE 16\n{rows}\n')

    for node in nodes():
        red, green, blue = (one / 63 for one in node)
        assert at(levels, *node) == pytest.approx((red, green**2, 1 - blue), abs=2e-3)


@pytest.mark.parametrize(
    "head",
    [
        "DOMAIN_MIN 0 0 0\nDOMAIN_MAX 2 2 2",
        "LUT_3D_INPUT_RANGE 0.0 2.0",
        'TITLE "half"\n# a remark\n\nDOMAIN_MAX 2 2 2\nSOME_PROGRAMS_OWN 1 2',
    ],
)
def test_domain_says_what_goes_in(tmp_path: Path, head: str) -> None:
    """In a table from 0 to 2, white lies in the middle."""
    levels = clut(tmp_path, cube(3, same, head))

    assert at(levels, 63, 63, 63) == pytest.approx((0.5, 0.5, 0.5), abs=1e-4)
    assert at(levels, 0, 63, 0) == pytest.approx((0, 0.5, 0), abs=1e-4)


def test_values_outside_are_the_nearest_inside(tmp_path: Path) -> None:
    """What a table makes brighter than white is white."""
    levels = clut(tmp_path, cube(2, lambda *rgb: (3 * rgb[0] - 1, rgb[1], rgb[2])))

    assert at(levels, 0, 0, 0)[0] == 0
    assert at(levels, 63, 0, 0)[0] == 1


@pytest.mark.parametrize("of", [same, bent])
def test_ffmpeg_sees_through_the_picture_what_the_table_says(tmp_path: Path, of: Callable[..., Colour]) -> None:
    """FFmpeg's haldclut with our picture gives each colour as the table has it, to a level of 256."""
    (tmp_path / "look.cube").write_text(cube(17, of))
    (tmp_path / "look.png").write_bytes(drawn_table(Table(str(tmp_path / "look.cube"))).png)
    colours = [(7 * nth % 256, 29 * nth % 256, 53 * nth % 256) for nth in range(64 * 36)]
    image = Image.new("RGB", (64, 36))
    image.putdata(colours)
    image.save(tmp_path / "in.png")

    inputs = ("-i", tmp_path / "in.png", "-i", tmp_path / "look.png")
    graph = "[0][1]haldclut=interp=tetrahedral,format=rgb24"
    footage.make(*inputs, "-filter_complex", graph, "-frames:v", 1, tmp_path / "out.png")

    seen = Image.open(tmp_path / "out.png").convert("RGB").tobytes()
    wanted = [255 * one for colour in colours for one in of(*(part / 255 for part in colour))]
    assert max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) <= 1.01


BAD: list[tuple[str, str | bytes]] = [
    ("names no size", ""),
    ("line 1: rows before a size", "0 0 0\n"),
    ("names no size", "# nothing\nTITLE x\n"),
    ("has 7 rows, and its size wants 8", cube(2).rsplit("\n", 2)[0]),
    ("more rows than its size says", cube(2) + "0 0 0\n"),
    ("a size is a number from 2 to 65", "LUT_3D_SIZE 66\n"),
    ("a size is a number from 2 to 65", "LUT_3D_SIZE 1\n"),
    ("a size is a number from 2 to 65", "LUT_3D_SIZE 99999999999999999999\n"),
    ("a size is a number from 2 to 65536", "LUT_1D_SIZE 65537\n"),
    ("a second size", "LUT_3D_SIZE 2\nLUT_1D_SIZE 2\n"),
    ("three numbers were expected", "LUT_3D_SIZE 2\n0 0\n"),
    ("is no number that a colour can be", "LUT_3D_SIZE 2\n0 0 1e999\n"),
    ("is no number that a colour can be", "DOMAIN_MIN nan 0 0\n"),
    ("has an empty domain", "DOMAIN_MAX 0 1 1\n" + cube(2)),
    ("it begins with <", "<html>"),
    ("it is too long", "T" * 600),
    ("is no text", b"\x89PNG\r\n\x1a\n\0\0"),
]


@pytest.mark.parametrize(("found", "table"), BAD, ids=range(len(BAD)))
def test_table_that_is_none_is_refused(tmp_path: Path, found: str, table: str | bytes) -> None:
    """What is wrong with a table is said in one sentence that names it, and where there is one, the line."""
    with pytest.raises(MediaError, match=rf"^the table of colours look\.cube .*{found}") as caught:
        clut(tmp_path, table)
    assert caught.value.word == "broken-table"
