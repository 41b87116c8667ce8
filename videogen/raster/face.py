"""What a font file says of itself: its names, its style, the letters it has. Read in Python, a table at a time.

No C reads these bytes, so nobody needs a wall to ask which font is which; drawing is another matter (`apart.py`).
Of a collection the first font is meant: that is the one that is drawn with.
Source: OpenType 1.9: "Organization of an OpenType font", name, OS/2, cmap.
"""

import struct
from array import array
from bisect import bisect_right
from contextlib import suppress
from pathlib import Path
from struct import unpack_from
from sys import byteorder
from typing import NamedTuple

MAGICS = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"ttcf")
"""The first four bytes; "true" is Apple's."""
COLOURED = frozenset({b"CBDT", b"sbix", b"COLR"})
"""Tables of fonts whose letters have colours of their own."""
_TABLES_MOST, _TABLE_BYTES_MOST, _SEGMENTS_MOST = 512, 16 << 20, 1 << 20
_FAMILY, _STYLE, _FULL, _POSTSCRIPT, _REAL_FAMILY, _REAL_STYLE = 1, 2, 4, 6, 16, 17
_ITALIC = 0x0001 | 0x0200


class Names(NamedTuple):
    """How a font is called. Units: `weight` of 1 to 1000, 400 is regular."""

    families: tuple[str, ...]
    full: tuple[str, ...]
    weight: int = 400
    is_italic: bool = False
    has_colours: bool = False


class Letters:
    """The letters that a font has a shape for."""

    def __init__(self, cmap: bytes) -> None:
        """Read a cmap table; one that makes no sense has no letters."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        with suppress(struct.error, IndexError, ValueError):
            ranges = sorted(_ranges(cmap))
            self._starts, self._ends = [one[0] for one in ranges], [one[1] for one in ranges]

    def __contains__(self, letter: str) -> bool:
        """Whether the font has a shape for a letter."""
        at = bisect_right(self._starts, ord(letter)) - 1
        return at >= 0 and ord(letter) <= self._ends[at]

    def __len__(self) -> int:
        """How many letters there are."""
        return sum(end - start + 1 for start, end in zip(self._starts, self._ends, strict=True))


def letters(content: bytes) -> Letters:
    """Give the letters of a font."""
    with suppress(struct.error, ValueError):
        start = _beginning(content)
        where = _directory(content[start : start + 12 + 16 * _TABLES_MOST]).get(b"cmap")
        if where and where[1] <= _TABLE_BYTES_MOST:
            return Letters(content[where[0] : where[0] + where[1]])
    return Letters(b"")


def has_strikes(content: bytes) -> bool:
    """Whether the letters of a font are pictures in one size alone."""
    with suppress(struct.error, ValueError):
        start = _beginning(content)
        return bool(_directory(content[start : start + 12 + 16 * _TABLES_MOST]).keys() & {b"CBDT", b"sbix"})
    return False


def letters_of(path: Path) -> Letters:
    """Give the letters of the font in a file; none of what is no font, or cannot be read."""
    with suppress(OSError, struct.error, ValueError):
        return Letters(_tables(path, (b"cmap",)).get(b"cmap", b""))
    return Letters(b"")


def names_of(path: Path) -> Names | None:
    """Give how the font in a file is called; None for what is no font."""
    with suppress(OSError, struct.error, ValueError):
        found = _tables(path, (b"name", b"OS/2"))
        if b"name" in found:
            return _names(found[b"name"], found.get(b"OS/2", b""), has_colours=bool(COLOURED & found.keys()))
    return None


def _directory(table: bytes) -> dict[bytes, tuple[int, int]]:
    """Give the place and the length of each table, as the directory of one font has them."""
    (count,) = unpack_from(">4xH", table)
    rows = (unpack_from(">4s4xII", table, 12 + 16 * nth) for nth in range(min(count, _TABLES_MOST)))
    return {tag: (offset, length) for tag, offset, length in rows}


def _beginning(head: bytes) -> int:
    """Give where the directory of the first font begins. Raises: ValueError: it is no font."""
    if not head.startswith(MAGICS):
        raise ValueError("no TrueType or OpenType font")
    return int(unpack_from(">12xI", head)[0]) if head[:4] == b"ttcf" else 0


def _tables(path: Path, wanted: tuple[bytes, ...]) -> dict[bytes, bytes]:
    """Give the tables of a file that are wanted; those of colours are named, without their bytes."""
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        file.seek(_beginning(file.read(16)))
        found: dict[bytes, bytes] = {}
        for tag, (offset, length) in _directory(file.read(12 + 16 * _TABLES_MOST)).items():
            if tag in wanted and length <= _TABLE_BYTES_MOST:
                file.seek(offset)
                found[tag] = file.read(length)
            elif tag in COLOURED:
                found[tag] = b""
    return found


def _names(name: bytes, os2: bytes, *, has_colours: bool) -> Names:
    count, start = unpack_from(">2xHH", name)
    said: dict[int, list[str]] = {}
    for nth in range(min(count, 4096)):
        platform, _, _, kind, length, offset = unpack_from(">6H", name, 6 + 12 * nth)
        raw = name[start + offset : start + offset + length]
        text = raw.decode("utf-16-be" if platform in {0, 3} else "latin-1", errors="ignore").strip("\0 ")
        if text and text not in said.setdefault(kind, []):
            said[kind].append(text)
    families = (*said.get(_REAL_FAMILY, ()), *said.get(_FAMILY, ()))
    styles = (*said.get(_REAL_STYLE, ()), *said.get(_STYLE, ()))
    pairs = [f"{family} {style}" for family in families for style in styles]
    weight, selection = 400, 0
    if len(os2) >= 64:
        (weight,), (selection,) = unpack_from(">H", os2, 4), unpack_from(">H", os2, 62)
    full = (*said.get(_FULL, ()), *said.get(_POSTSCRIPT, ()), *pairs)
    return Names(families, full, min(max(weight, 1), 1000), bool(selection & _ITALIC), has_colours)


# -- letters -----------------------------------------------------------------------------------------------------------


def _ranges(cmap: bytes) -> list[tuple[int, int]]:
    """Give the letters of the best table in a cmap, as ranges that include both ends."""
    (count,) = unpack_from(">2xH", cmap)
    tables = [unpack_from(">HHI", cmap, 4 + 8 * nth) for nth in range(min(count, 64))]
    best: list[tuple[int, int]] = []
    for platform, encoding, offset in tables:
        if platform not in {0, 3} or (platform == 0 and encoding == 5):  # 5: variations alone
            continue
        (form,) = unpack_from(">H", cmap, offset)
        if form in {12, 13}:
            return _groups(cmap, offset)
        if form == 4 and not best:
            best = _segments(cmap, offset)
            if (platform, encoding) == (3, 0):  # symbols lie in the private area, and are typed as letters
                best += [(start - 0xF000, end - 0xF000) for start, end in best if start >= 0xF020]
        elif form == 6 and not best:
            first, many = unpack_from(">6xHH", cmap, offset)
            best = [(first, first + many - 1)] if many else []
    return best


def _groups(cmap: bytes, offset: int) -> list[tuple[int, int]]:
    (count,) = unpack_from(">12xI", cmap, offset)
    rows = (unpack_from(">III", cmap, offset + 16 + 12 * nth) for nth in range(min(count, _SEGMENTS_MOST)))
    return [(start + (glyph == 0), end) for start, end, glyph in rows if start <= end <= 0x10FFFF]


def _segments(cmap: bytes, offset: int) -> list[tuple[int, int]]:
    """Give the letters of a table of segments, which may have holes: a letter of shape 0 is none."""
    (twice,) = unpack_from(">6xH", cmap, offset)
    count = twice // 2
    words = array("H", cmap[offset + 14 : offset + 14 + (len(cmap) - offset - 14) // 2 * 2])
    if byteorder == "little":
        words.byteswap()
    ends, starts = words[:count], words[count + 1 : 2 * count + 1]
    deltas, offsets = words[2 * count + 1 : 3 * count + 1], 3 * count + 1
    found: list[tuple[int, int]] = []
    for nth in range(count):
        start, end, shift = starts[nth], ends[nth], words[offsets + nth]
        if start > end or start == 0xFFFF:
            continue
        if not shift:
            hole = (0x10000 - deltas[nth]) & 0xFFFF
            found += _without(start, end, hole)
            continue
        first = offsets + nth + shift // 2
        shapes = words[first : first + end - start + 1]
        found += _filled(start, shapes)
    return found


def _without(start: int, end: int, hole: int) -> list[tuple[int, int]]:
    if not start <= hole <= end:
        return [(start, end)]
    return [pair for pair in ((start, hole - 1), (hole + 1, end)) if pair[0] <= pair[1]]


def _filled(start: int, shapes: "array[int]") -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for letter, shape in enumerate(shapes, start):
        if not shape:
            continue
        if found and found[-1][1] == letter - 1:
            found[-1] = (found[-1][0], letter)
        else:
            found.append((letter, letter))
    return found
