"""A clip's fingerprint: hashes of a few pictures by their coarse shapes, which an encoder leaves as they are.

Each picture is averaged to SIDE by SIDE gray points and goes through a cosine transform; a bit of its hash is the sign
of one of the 63 lowest frequencies. A picture without shapes is hashed by its brightness instead, since the signs of
nothing are noise; a clip that is mostly such pictures has no fingerprint: all plain backgrounds would look alike.
"""

from collections.abc import Sequence
from functools import cache
from math import cos, pi
from operator import mul

from av.video.frame import VideoFrame
from PIL import Image

from videogen.probe.turn import Turn

SIDE = 32
FLAT = 1.5
"""Mean deviation, in levels of 255, under which a picture has no shapes that would outlast an encoder."""
_LOW = 8


def hash_of(frame: VideoFrame, turn: Turn) -> str:
    """Give the 64 bits of a picture as a player shows it, in hexadecimal."""
    gray = frame.reformat(width=SIDE, height=SIDE, format="gray", dst_color_range="JPEG", interpolation="AREA")
    plane = gray.planes[0]
    image = Image.frombuffer("L", (SIDE, SIDE), bytes(plane), "raw", "L", plane.line_size, 1)
    if turn.transpose is not None:
        image = image.transpose(turn.transpose)
    return f"{_bits(image.tobytes()):016x}"


def together(hashes: Sequence[str]) -> str:
    """Give a clip's fingerprint from its pictures' hashes; an empty word where most pictures have no shapes."""
    flat = sum(number & (number + 1) == 0 for number in (int(one, 16) for one in hashes))
    return "" if 2 * flat > len(hashes) else "".join(hashes)


def _bits(levels: bytes) -> int:
    mean = sum(levels) / len(levels)
    if sum(abs(level - mean) for level in levels) < FLAT * len(levels):
        return (1 << round(mean / 4)) - 1
    waves = _waves()
    across = [
        [sum(map(mul, wave, row)) for wave in waves]
        for row in (list(map(float, levels[at : at + SIDE])) for at in range(0, len(levels), SIDE))
    ]
    bits = 0
    for u in range(_LOW):
        column = [row[u] for row in across]
        for v, wave in enumerate(waves):
            # The very lowest is the mean, which gains and ranges move.
            bits = bits << 1 | (u + v > 0 and sum(map(mul, wave, column)) > 0)
    return bits


@cache
def _waves() -> list[list[float]]:
    """The lowest rows of the cosine transform. DCT-II; its scale is left out, since only signs count."""
    return [[cos(pi * k * (2 * n + 1) / (2 * SIDE)) for n in range(SIDE)] for k in range(_LOW)]
