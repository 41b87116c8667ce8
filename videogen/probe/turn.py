"""How a player turns a stored picture: the display matrix that comes with it."""

import struct
from dataclasses import dataclass
from typing import Literal, cast

from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from PIL.Image import Transpose


@dataclass(frozen=True)
class Turn:
    """Units: degrees clockwise; `angle_deg` as the file says it, `rotation` the nearest quarter turn."""

    angle_deg: int = 0
    rotation: Literal[0, 90, 180, 270] = 0
    is_mirrored: bool = False

    @property
    def transpose(self) -> Transpose | None:
        """What Pillow does to a stored picture so that it looks as FFmpeg shows it.

        Source: tests/probe/test_fingerprint.py compares with the pictures that FFmpeg turns.
        """
        return _MIRRORED[self.rotation] if self.is_mirrored else _TURNED[self.rotation]


_TURNED = {0: None, 90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}
_MIRRORED = {
    0: Transpose.FLIP_TOP_BOTTOM,
    90: Transpose.TRANSPOSE,
    180: Transpose.FLIP_LEFT_RIGHT,
    270: Transpose.TRANSVERSE,
}


def turn_of(frame: VideoFrame) -> Turn:
    """Give the turn of a picture; one without a display matrix is shown as it is stored.

    Source: ISO 14496-12, 8.5.2: nine numbers, of which the four that turn are 16.16 fixed point.
    """
    angle = -frame.rotation % 360
    # FFmpeg's angle is counterclockwise. Source: tests/probe/test_probe.py compares pictures.
    rotation = cast("Literal[0, 90, 180, 270]", round(angle / 90) % 4 * 90)
    # PyAV's own stubs know one key of many.
    found = cast("SideDataContainer", frame.side_data).get(Type.DISPLAYMATRIX)
    if found is None:
        return Turn(angle, rotation)
    matrix = bytes(found)
    a, b, _, c, d = struct.unpack("=9i", matrix[:36])[:5]
    return Turn(angle, rotation, is_mirrored=a * d - b * c < 0)
