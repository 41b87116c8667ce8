"""A table of colours (.cube) becomes a picture that FFmpeg's `haldclut` reads: it never sees the table itself.

The picture has 64 levels per colour at 16 bits. A table is sampled there by trilinear interpolation, one colour after
another, so a table of any size costs the same. Source: Adobe's Cube LUT Specification 1.0; the order of a Hald CLUT:
red runs fastest, then green, then blue, row by row.
"""

import re
import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from sys import byteorder

from videogen.errors import MediaError
from videogen.model.readable import readable
from videogen.raster.wishes import Drawn, Table

LEVELS, SIDE = 64, 512
"""A Hald CLUT of level 8: 8 squared per colour, 8 cubed per side."""
BYTES_MOST = 32 << 20
"""A table of 65 to the third has 275 000 lines."""
LINE_MOST = 512
CUBE_MOST, CURVE_MOST = 65, 65_536
NUMBER_MOST = 1e6

_NUMBER = re.compile(r"^[-+.\d]")
_ANOTHER = "Give a .cube file with LUT_3D_SIZE of 2 to 65, or LUT_1D_SIZE."
Row = tuple[float, float, float]


@dataclass
class _Cube:
    """A table as it is read: its kind (1 or 3), its size, the range of what goes in, and its rows in one."""

    kind: int = 0
    size: int = 0
    low: Row = (0.0, 0.0, 0.0)
    high: Row = (1.0, 1.0, 1.0)
    numbers: list[float] = field(default_factory=list)

    @property
    def wanted(self) -> int:
        """How many rows its size asks for."""
        return self.size**3 if self.kind == 3 else self.size


def drawn_table(wish: Table) -> Drawn:
    """Give the Hald CLUT of a table, a PNG of 512 x 512 at 16 bits.

    Raises: MediaError: it is no table, or one that contradicts itself; which line, and what was expected.
    """
    path = Path(wish.file)
    cube = _read(path)
    planes = _curves(cube) if cube.kind == 1 else _sampled(cube)
    return Drawn(_png(planes), 0, 0, SIDE, SIDE)


# -- reading -----------------------------------------------------------------------------------------------------------


def _bad(path: Path, trouble: str, remedy: str = _ANOTHER) -> MediaError:
    return MediaError(f"the table of colours {readable(path.name)} {trouble}", remedy=remedy, code="broken-table")


def _content(path: Path) -> str:
    if not path.is_file():
        raise _bad(path, "is not a regular file")
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MOST + 1)
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror})") from error
    if len(content) > BYTES_MOST:
        raise _bad(path, f"is larger than {BYTES_MOST >> 20} MiB")
    if b"\0" in content[:4096]:
        raise _bad(path, "is no text")
    # The codec that takes the mark off itself is a module of its own, and a child behind walls can open none.
    return content.decode("utf-8", errors="replace").removeprefix("\ufeff")


def _read(path: Path) -> _Cube:
    cube, lines = _Cube(), _content(path).splitlines()
    for number, line in enumerate(lines, 1):
        words = line.strip()
        if cube.kind and _NUMBER.match(words) and not cube.numbers and _take_all(cube, lines[number - 1 :]):
            break
        if words and not words.startswith("#"):
            try:
                _take(cube, words)
            except ValueError as error:
                raise _bad(path, f"is wrong in line {number}: {error}") from error
    if not cube.kind:
        raise _bad(path, "names no size")
    if len(cube.numbers) != 3 * cube.wanted:
        raise _bad(path, f"has {len(cube.numbers) // 3} rows, and its size wants {cube.wanted}")
    if any(high - low < 1e-6 for low, high in zip(cube.low, cube.high, strict=True)):
        raise _bad(path, "has an empty domain", "Correct DOMAIN_MIN and DOMAIN_MAX.")
    return cube


def _take_all(cube: _Cube, lines: list[str]) -> bool:
    """Take all rows at once, which is ten times as fast; say whether they were rows alone, and good ones."""
    try:
        numbers = list(map(float, " ".join(lines).split()))
    except ValueError:
        return False
    is_good = len(numbers) == 3 * cube.wanted and all(map(isfinite, numbers)) and max(map(abs, numbers)) <= NUMBER_MOST
    cube.numbers = numbers if is_good else []
    return is_good


def _take(cube: _Cube, words: str) -> None:
    """Take one line. Raises: ValueError: what it should have been."""
    if len(words) > LINE_MOST:
        raise ValueError("it is too long")
    if _NUMBER.match(words):
        if len(cube.numbers) >= 3 * cube.wanted:
            raise ValueError("there are more rows than its size says" if cube.kind else "rows before a size")
        cube.numbers += _three(words.split())
        return
    name, *values = words.split()
    match name.upper():
        case "LUT_3D_SIZE":
            _set_size(cube, 3, values, CUBE_MOST)
        case "LUT_1D_SIZE":
            _set_size(cube, 1, values, CURVE_MOST)
        case "DOMAIN_MIN":
            cube.low = _three(values)
        case "DOMAIN_MAX":
            cube.high = _three(values)
        case "LUT_3D_INPUT_RANGE" | "LUT_1D_INPUT_RANGE" if len(values) == 2:
            low, high = (_number(one) for one in values)
            cube.low, cube.high = (low, low, low), (high, high, high)
        case _:  # TITLE, and what programs add of their own
            if not name[0].isalpha():
                raise ValueError(f"it begins with {readable(name[:20])}")


def _set_size(cube: _Cube, kind: int, values: list[str], most: int) -> None:
    if cube.kind:
        raise ValueError("a second size")
    size = int(values[0]) if len(values) == 1 and values[0].isdecimal() and len(values[0]) < 8 else 0
    if not 2 <= size <= most:
        raise ValueError(f"a size is a number from 2 to {most}")
    cube.kind, cube.size = kind, size


def _three(values: Sequence[str]) -> Row:
    if len(values) != 3:
        raise ValueError("three numbers were expected")
    return _number(values[0]), _number(values[1]), _number(values[2])


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or abs(value) > NUMBER_MOST:
        raise ValueError(f"{readable(word[:20])} is no number that a colour can be")
    return value


# -- sampling ----------------------------------------------------------------------------------------------------------


def _places(size: int, low: float, high: float) -> Iterator[tuple[int, int, float]]:
    """Give for each of 64 levels the two rows beside it, and how far it is from the first to the second."""
    for nth in range(LEVELS):
        at = min(max((nth / (LEVELS - 1) - low) / (high - low), 0.0), 1.0) * (size - 1)
        first = min(int(at), size - 2)
        yield first, first + 1, at - first


def _levels(values: Sequence[float]) -> "array[int]":
    if min(values) < 0 or max(values) > 1:
        values = [min(max(one, 0.0), 1.0) for one in values]
    return array("H", [int(one * 65535 + 0.5) for one in values])


def _curves(cube: _Cube) -> list["array[int]"]:
    """Sample three curves, each of one colour alone."""
    curves = []
    for nth in range(3):
        curve = cube.numbers[nth::3]
        places = _places(cube.size, cube.low[nth], cube.high[nth])
        curves.append(_levels([curve[a] + (curve[b] - curve[a]) * share for a, b, share in places]))
    red, green, blue = curves
    whole = range(LEVELS)
    return [
        red * LEVELS * LEVELS,
        array("H", [green[nth] for nth in whole for _ in whole]) * LEVELS,
        array("H", [blue[nth] for nth in whole for _ in range(LEVELS * LEVELS)]),
    ]


def _sampled(cube: _Cube) -> list["array[int]"]:
    """Sample a table along red, then green, then blue; the steps between are small, since the table still is."""
    size = cube.size
    red, green, blue = (list(_places(size, cube.low[nth], cube.high[nth])) for nth in range(3))
    planes = []
    for nth in range(3):
        values = cube.numbers[nth::3]
        lines = [values[at : at + size] for at in range(0, len(values), size)]  # along red
        lines = [[line[a] + (line[b] - line[a]) * share for a, b, share in red] for line in lines]
        sheets = [_between(lines[at : at + size], green) for at in range(0, len(lines), size)]
        planes.append(_levels(_flat(_between([_flat(sheet) for sheet in sheets], blue))))
    return planes


def _between(lines: list[list[float]], places: list[tuple[int, int, float]]) -> list[list[float]]:
    """Give lines between lines."""
    return [_mixed(lines[a], lines[b], share) if share else lines[a] for a, b, share in places]


def _mixed(one: list[float], other: list[float], share: float) -> list[float]:
    return [a + (b - a) * share for a, b in zip(one, other, strict=True)]


def _flat(lines: list[list[float]]) -> list[float]:
    return [value for line in lines for value in line]


# -- writing -----------------------------------------------------------------------------------------------------------


def _png(planes: list["array[int]"]) -> bytes:
    """Write three planes as a PNG of 16 bits, which Pillow cannot. Source: PNG (Third Edition), 5, 9.2 and 11.2.1."""
    pixels = array("H", bytes(6 * SIDE * SIDE))
    for nth, plane in enumerate(planes):
        pixels[nth::3] = plane
    if byteorder == "little":
        pixels.byteswap()
    raw, stride = pixels.tobytes(), 6 * SIDE
    rows = b"".join(b"\0" + raw[at : at + stride] for at in range(0, len(raw), stride))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(one: tuple[bytes, bytes]) -> bytes:
    kind, content = one
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
