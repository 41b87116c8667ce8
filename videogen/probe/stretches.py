"""Where a clip is black, and where it stands still, as FFmpeg's blackdetect and freezedetect see it.

A picture is black when 98 of 100 points are; it stands still as long as it differs from the first one of its stretch by
no more than a thousandth of the range. FFmpeg asks all pixels and all planes, this a grid of the brightness:
tests/probe/test_stretches.py counts how well they agree.
"""

from dataclasses import dataclass, field
from operator import sub

from PIL import Image, ImageChops

from videogen.probe.luma import Points

BLACK_S = 0.5
FROZEN_S = 2
_BLACK_SHARE = 0.98
_NOISE = 0.001
"""-60 dB of the range, the mean difference of all points. Source: FFmpeg's freezedetect."""
_SPARSE = 16


@dataclass
class _Run:
    """A stretch that goes on: the PTS of its first picture and of the last one seen in it."""

    start: int
    last: int


@dataclass
class Stretches:
    """What was seen so far, picture by picture in playing order.

    Units: PTS; `black` and `frozen` are [first picture, first picture after) for those that were long enough.
    """

    black_pts: int
    """How long a black stretch must last to count."""
    frozen_pts: int
    """How far its first and last picture must lie apart for a frozen stretch to count."""
    measured: int = 0
    black: list[tuple[int, int]] = field(default_factory=list)
    frozen: list[tuple[int, int]] = field(default_factory=list)
    _dark: _Run | None = None
    _still: _Run | None = None
    _reference: bytes = b""

    def add(self, pts: int, points: Points) -> None:
        """See one picture more."""
        self.measured += 1
        self._add_dark(pts, is_black=points.black >= _BLACK_SHARE * len(points.levels))
        if self._still is not None and _is_still(self._reference, points.levels):
            self._still.last = pts
            return
        self._end_still(pts)
        self._still, self._reference = _Run(pts, pts), points.levels

    def end(self, pts: int) -> None:
        """End all that goes on: the pictures after `pts` were not seen, or there are none."""
        self._add_dark(pts, is_black=False)
        self._end_still(pts)
        self._still = None

    def _add_dark(self, pts: int, *, is_black: bool) -> None:
        if is_black:
            self._dark = self._dark or _Run(pts, pts)
            return
        if self._dark is not None and pts - self._dark.start >= self.black_pts:
            self.black.append((self._dark.start, pts))
        self._dark = None

    def _end_still(self, pts: int) -> None:
        if self._still is not None and self._still.last - self._still.start >= self.frozen_pts:
            self.frozen.append((self._still.start, pts))


def _is_still(reference: bytes, levels: bytes) -> bool:
    if reference == levels:
        return True
    most = _NOISE * 256 * len(levels)
    # A sixteenth of the points that differs by more than all of them may is proof, and most pictures end here.
    if len(reference) != len(levels) or sum(map(abs, map(sub, reference[::_SPARSE], levels[::_SPARSE]))) > most:
        return False
    return _difference(reference, levels) <= most


def _difference(one: bytes, other: bytes) -> int:
    shape = (len(one), 1)
    images = (Image.frombuffer("L", shape, levels, "raw", "L", 0, 1) for levels in (one, other))
    return sum(level * count for level, count in enumerate(ImageChops.difference(*images).histogram()) if count)
