"""Some points of a decoded picture's brightness: enough to see whether it is black, or still.

Points are taken where they lie in the decoder's memory, which costs a hundredth of decoding an HD picture; no scaler
runs. A format whose first plane is not its brightness alone is turned into gray first.
"""

from dataclasses import dataclass

from av.video.format import VideoFormat
from av.video.frame import VideoFrame

COLUMNS, ROWS = 64, 36
_BLACK_SHARE = 0.10
_STUDIO_BLACK, _STUDIO_WHITE = 16, 235
_DIRECT = ("yuv", "gray", "nv")
"""How the names of formats begin whose samples stand in the low bits of plain numbers."""


@dataclass(frozen=True)
class Points:
    """The brightness of one picture at a grid of points, row by row, in eight bits as it was coded."""

    levels: bytes
    blackest: int
    """What is no brighter than this is black, by the range of the picture."""

    @property
    def black(self) -> int:
        """How many points are black."""
        return len(self.levels) - len(self.levels.translate(None, _DARK[self.blackest]))


_DARK = tuple(bytes(range(level + 1)) for level in range(256))


def points_of(frame: VideoFrame) -> Points:
    """Give a picture's brightness at COLUMNS by ROWS points, fewer where it has fewer."""
    bits = _plain_bits(frame.format)
    if not bits:
        frame, bits = frame.reformat(format="gray", dst_color_range="JPEG"), 8
        return Points(_grid(frame, 1), _blackest(is_full=True))
    is_full = frame.color_range == 2 or frame.format.name.startswith("yuvj")
    levels = _grid(frame, 1) if bits == 8 else _narrowed(_grid(frame, 2), bits)
    return Points(levels, _blackest(is_full=is_full))


def _blackest(*, is_full: bool) -> int:
    """Source: FFmpeg's blackdetect, pixel_black_th=0.10 of the range."""
    if is_full:
        return int(_BLACK_SHARE * 255)
    return int(_STUDIO_BLACK + _BLACK_SHARE * (_STUDIO_WHITE - _STUDIO_BLACK))


def _plain_bits(form: VideoFormat) -> int:
    """Give the bits of a format whose first plane holds brightness alone, as little-endian numbers; 0 for another."""
    first, *others = form.components
    is_alone = first.plane == 0 and all(other.plane != 0 for other in others)
    is_plain = form.name.startswith(_DIRECT) and not form.is_big_endian and 8 <= first.bits <= 16
    return first.bits if is_alone and is_plain else 0


def _grid(frame: VideoFrame, width_bytes: int) -> bytes:
    """Give the numbers at the grid as they lie in the first plane."""
    plane = frame.planes[0]
    line, step = plane.line_size // width_bytes, -(-frame.width // COLUMNS)
    memory = memoryview(plane)
    if width_bytes == 2:
        memory = memory[: len(memory) // 2 * 2].cast("H")
    rows = min(ROWS, frame.height)
    starts = (((2 * row + 1) * frame.height // (2 * rows)) * line for row in range(rows))
    return b"".join([memory[start + step // 2 : start + frame.width : step].tobytes() for start in starts])


def _narrowed(words: bytes, bits: int) -> bytes:
    """Give the upper eight bits of little-endian numbers of so many bits."""
    high = words[1::2].translate(_SHIFTED[16 - bits])
    low = words[0::2].translate(_SHIFTED[8 - bits])
    return (int.from_bytes(high, "big") | int.from_bytes(low, "big")).to_bytes(len(high), "big")


_SHIFTED = {by: bytes((byte << by if by >= 0 else byte >> -by) & 0xFF for byte in range(256)) for by in range(-8, 8)}
