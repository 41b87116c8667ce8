"""Letters in fonts: which font draws which letter, how wide they are, and where their ink falls.

A line is drawn in its own font as far as that goes. What that lacks, and what emoji ask colours for, is drawn in the
first other font that has it, in stretches as long as possible: letters that belong together (a base and its marks, the
parts of an emoji) are never parted. What no font has stays the box of the line's own font, and is told.

A font of pictures has them in one size alone; they are drawn in it and scaled.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from io import BytesIO
from math import ceil, floor
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from videogen.raster.bidi import has_leftward, in_sight, is_rightward, levels
from videogen.raster.face import Letters, letters, letters_of, names_of

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the last two are outside."""

FALLBACKS_MOST = 1500
"""How many fonts are looked into for a letter."""
_STRIKES = (109, 136, 128, 160, 96, 72, 64, 48, 40, 32, 20)
"""Sizes that fonts of pictures come in: Noto's, then Apple's. Source: FT_Set_Char_Size takes no other of theirs."""
_JOINER, _AS_PICTURE, _AS_TEXT = "\u200d", "\ufe0f", "\ufe0e"
_SKINS = range(0x1F3FB, 0x1F400)
_FLAGS = range(0x1F1E6, 0x1F200)
_TAGS = range(0xE0000, 0xE0080)
_PICTURES = (range(0x1F300, 0x1F650), range(0x1F680, 0x1F700), range(0x1F900, 0x1FB00), _FLAGS)
"""Blocks whose letters are pictures unless text is asked for. Source: emoji-data.txt, in the rough."""


class Face:
    """One font at any size, from its bytes or from its file."""

    def __init__(self, content: bytes, name: str, *, has_colours: bool = False) -> None:
        self.content, self.name, self.has_colours = content, name, has_colours

    @cached_property
    def letters(self) -> Letters:
        """What it has a shape for."""
        return letters(self.content)

    def has(self, cluster: str) -> bool:
        """Whether it has all letters of a cluster that leave a mark."""
        return all(one in self.letters for one in cluster if not is_silent(one))

    @lru_cache(maxsize=32)  # noqa: B019 -- a face lives as long as one child
    def pen(self, size: int, stroke: int) -> "Pen":
        """Give it at a size. Raises: OSError: the font has no such size, or is broken."""
        if not self.has_colours:
            return Pen(ImageFont.truetype(BytesIO(self.content), size), stroke)
        for strike in (size, *_STRIKES):
            try:
                font = ImageFont.truetype(BytesIO(self.content), strike)
            except OSError:
                continue
            # A pixel of slack per side takes the place of the outline, which pictures have not.
            return Pen(font, 0, size / strike, has_colours=True)
        raise OSError(f"no size of {self.name} can be drawn")


@dataclass(frozen=True)
class Pen:
    """A font at its size, with an outline of `stroke` pixels; what it draws is scaled by `scale`."""

    font: ImageFont.FreeTypeFont
    stroke: int
    scale: float = 1.0
    has_colours: bool = False

    def direction(self, stretch: "Stretch") -> str | None:
        """Give the direction of a stretch; basic layout knows none."""
        if self.font.layout_engine != ImageFont.Layout.RAQM:
            return None
        return "ltr" if stretch.is_rightward else "rtl"

    def box(self, stretch: "Stretch", x: float, baseline: int) -> Box:
        """Give what the ink and the advance of a stretch may touch, outline included."""
        box = self.font.getbbox(
            stretch.words, "L", direction=self.direction(stretch), stroke_width=self.stroke, anchor="ls"
        )
        left, top, right, bottom = (side * self.scale for side in box)
        return (floor(x + left), baseline + floor(top), ceil(x + right), baseline + ceil(bottom))

    def width(self, stretch: "Stretch") -> float:
        """Give how far the words after a stretch are moved."""
        return self.font.getlength(stretch.words, "L", direction=self.direction(stretch)) * self.scale

    def ink(self, draw: ImageDraw.ImageDraw, stretch: "Stretch", corner: tuple[float, float], stroke: int) -> None:
        """Draw a stretch into a mask, its baseline beginning at a corner."""
        draw.text(
            corner,
            stretch.words,
            fill=255,
            font=self.font,
            anchor="ls",
            direction=self.direction(stretch),
            stroke_width=stroke,
        )

    def picture(self, stretch: "Stretch") -> tuple[Image.Image, float, float]:
        """Give a stretch in its own colours, scaled, and where its corner is from the beginning of its baseline."""
        direction = self.direction(stretch)
        left, top, right, bottom = map(int, self.font.getbbox(stretch.words, "RGBA", direction=direction, anchor="ls"))
        image = Image.new("RGBA", (max(1, right - left), max(1, bottom - top)))
        ImageDraw.Draw(image).text(
            (-left, -top), stretch.words, font=self.font, anchor="ls", direction=direction, embedded_color=True
        )
        size = (max(1, round(image.width * self.scale)), max(1, round(image.height * self.scale)))
        return image.resize(size, Image.Resampling.LANCZOS), left * self.scale, top * self.scale


@dataclass(frozen=True)
class Stretch:
    """Words of one line that one font draws."""

    words: str
    face: Face
    is_rightward: bool


@dataclass
class Typeface:
    """A font of words, and those that stand in where it lacks a letter. `missing`: letters that none of them has."""

    own: Face
    others: Sequence[Path] = ()
    missing: dict[str, None] = field(default_factory=dict)
    _opened: dict[Path, Face] = field(default_factory=dict)
    _found: dict[str, Face] = field(default_factory=dict)

    def stretches(self, line: str) -> list[Stretch]:
        """Part a line by font, in the order in which its stretches stand from left to right."""
        rightward = is_rightward(line)
        parts: list[tuple[str, Face]] = []
        for cluster in clusters(line):
            face = self._face(cluster, parts[-1][1] if parts else self.own)
            if parts and parts[-1][1] is face:
                parts[-1] = (parts[-1][0] + cluster, face)
            else:
                parts.append((cluster, face))
        if len(parts) < 2:
            return [Stretch(words, face, rightward) for words, face in parts]
        return in_sight(list(self._levelled(parts, levels(line))))

    @staticmethod
    def _levelled(parts: list[tuple[str, Face]], depth: list[int]) -> Iterator[tuple[int, Stretch]]:
        at = 0
        for words, face in parts:
            rest, end = words, at + len(words)
            while at < end:
                stop = next((nth for nth in range(at, end) if depth[nth] != depth[at]), end)
                yield depth[at], Stretch(rest[: stop - at], face, depth[at] % 2 == 0)
                at, rest = stop, rest[stop - at :]

    def width(self, line: str, size: int, stroke: int) -> float:
        """Give how far a line reaches from its beginning."""
        return sum(one.face.pen(size, stroke).width(one) for one in self.stretches(line))

    def _face(self, cluster: str, before: Face) -> Face:
        if all(one.isspace() or is_silent(one) for one in cluster):
            return self.own if before.has_colours else before
        if cluster not in self._found:
            self._found[cluster] = self._first_with(cluster)
        return self._found[cluster]

    def _first_with(self, cluster: str) -> Face:
        if is_picture(cluster):
            for path in self.others:
                if (
                    "emoji" in path.stem.lower()
                    and (face := self._open(path))
                    and face.has_colours
                    and face.has(cluster)
                ):
                    return face
        if self.own.has(cluster):
            return self.own
        for path in self.others[:FALLBACKS_MOST]:
            if all(one in self._letters(path) for one in cluster if not is_silent(one)) and (face := self._open(path)):
                return face
        self.missing.update(dict.fromkeys(one for one in cluster if not is_silent(one) and one not in self.own.letters))
        return self.own

    @staticmethod
    @lru_cache(maxsize=FALLBACKS_MOST)
    def _letters(path: Path) -> Letters:
        return letters_of(path)

    def _open(self, path: Path) -> Face | None:
        """Open a font of the machine; one that cannot be drawn with is as if it were not there."""
        if path not in self._opened:
            names = names_of(path)
            try:
                face = Face(path.read_bytes(), path.stem, has_colours=bool(names and names.has_colours))
                face.pen(16, 0)
            except OSError:
                face = Face(b"", "")
            self._opened[path] = face
        face = self._opened[path]
        return face if face.content else None


# -- letters that belong together --------------------------------------------------------------------------------------


def is_silent(letter: str) -> bool:
    """Whether a letter leaves no mark of its own: joiners, directions, selectors, tags."""
    return unicodedata.category(letter) in {"Cf", "Zs", "Cc"} or "\ufe00" <= letter <= "\ufe0f" or letter == "\u034f"


def is_picture(cluster: str) -> bool:
    """Whether a cluster is meant as a picture in colours."""
    if _AS_PICTURE in cluster:
        return True
    return _AS_TEXT not in cluster and any(ord(cluster[0]) in block for block in _PICTURES)


def clusters(line: str) -> Iterator[str]:
    """Part a line into letters that are drawn as one, in the rough sense of Unicode's grapheme clusters (UAX #29)."""
    start = 0
    for nth in range(1, len(line) + 1):
        if nth == len(line) or not _belongs(line, start, nth):
            yield line[start:nth]
            start = nth


def _belongs(line: str, start: int, nth: int) -> bool:
    """Whether a letter belongs to the cluster that began at `start`."""
    letter, before = line[nth], line[nth - 1]
    code = ord(letter)
    if code in _FLAGS and ord(before) in _FLAGS:
        return (nth - start) % 2 == 1
    if code in _SKINS or code in _TAGS or letter == _JOINER:
        return True
    if before == _JOINER:
        return not has_leftward(line[start]) and unicodedata.category(letter) == "So"
    return unicodedata.category(letter) in {"Mn", "Me", "Mc"} or "\ufe00" <= letter <= "\ufe0f"
