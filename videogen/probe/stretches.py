"""Where a clip is black, and where it stands still, as FFmpeg's blackdetect and freezedetect see it.

A picture is black when 98 of 100 points are; it stands still as long as it differs from the first one of its stretch by
no more than a thousandth of the range. FFmpeg asks all pixels and all planes, this a grid of the brightness:
tests/probe/test_stretches.py counts how well they agree.

Of small pictures, which decode faster than points are taken of them, only some are looked at while things move: every
LOOK_S, fewer than a stretch is long. The ones between are kept until the look after the next; where a look finds the
picture black, or as it was at the look before, they are all seen after all, so that stretches begin to the frame.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from operator import mul, sub

from av.video.frame import VideoFrame
from PIL import Image, ImageChops

from videogen.probe.luma import Points, points_of

BLACK_S = Fraction(1, 2)
FROZEN_S = Fraction(2)
LOOK_S = Fraction(1, 8)
MAX_WAITING = 8
LARGE_PX = 1_000_000
"""Pictures from here on are all looked at: it costs little beside decoding them, and keeping them takes memory."""
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

    timebase: Fraction
    measured: int = 0
    black: list[tuple[int, int]] = field(default_factory=list)
    frozen: list[tuple[int, int]] = field(default_factory=list)
    _dark: _Run | None = None
    _still: _Run | None = None
    _reference: bytes = b""
    """The points of the last look, or of the first picture of what stands still."""
    _looked: int | None = None
    _last: int = 0
    _waiting: list[tuple[int, VideoFrame]] = field(default_factory=list)
    _before: list[tuple[int, VideoFrame]] = field(default_factory=list)
    """The pictures since the last look, and those between it and the look before, that one first."""

    def __post_init__(self) -> None:
        self._look_pts, self._black_pts, self._frozen_pts = (
            int(seconds / self.timebase) for seconds in (LOOK_S, BLACK_S, FROZEN_S)
        )

    def add(self, pts: int, frame: VideoFrame) -> None:
        """See one picture more."""
        self.measured += 1
        gap, self._last = pts - self._last, pts
        self._waiting.append((pts, frame))
        if self._looked is None or self._is_going_on() or gap > self._look_pts:
            self._see_waiting(pts)
        elif self._is_due(pts, frame):
            self._look(pts, points_of(frame))

    def end(self, pts: int) -> None:
        """End all that goes on: the pictures after `pts` were not seen, or there are none."""
        # What waits is shorter than any stretch.
        self._waiting, self._before, self._looked = [], [], None
        self._add_dark(pts, is_black=False)
        self._end_still(pts)
        self._still = None

    def _is_going_on(self) -> bool:
        return self._dark is not None or (self._still is not None and self._still.last > self._still.start)

    def _is_due(self, pts: int, frame: VideoFrame) -> bool:
        is_large = frame.width * frame.height >= LARGE_PX
        is_late = self._looked is None or pts - self._looked >= self._look_pts
        return is_large or is_late or len(self._waiting) >= MAX_WAITING

    def _look(self, pts: int, points: Points) -> None:
        if _is_black(points) or _is_still(self._reference, points.levels):
            self._see_waiting(pts)
            return
        # What was compared with a picture that is forgotten now must not be compared with it later.
        self._still = None
        self._reference, self._looked = points.levels, pts
        self._before, self._waiting = self._waiting, []

    def _see_waiting(self, pts: int) -> None:
        waiting = self._before + self._waiting
        self._before, self._waiting, self._looked = [], [], pts
        for each, frame in waiting:
            self._see(each, points_of(frame))

    def _see(self, pts: int, points: Points) -> None:
        self._add_dark(pts, is_black=_is_black(points))
        if self._still is not None and _is_still(self._reference, points.levels):
            self._still.last = pts
            return
        self._end_still(pts)
        self._still, self._reference = _Run(pts, pts), points.levels

    def _add_dark(self, pts: int, *, is_black: bool) -> None:
        if is_black:
            self._dark = self._dark or _Run(pts, pts)
            return
        if self._dark is not None and pts - self._dark.start >= self._black_pts:
            self.black.append((self._dark.start, pts))
        self._dark = None

    def _end_still(self, pts: int) -> None:
        if self._still is not None and self._still.last - self._still.start >= self._frozen_pts:
            self.frozen.append((self._still.start, pts))


def _is_black(points: Points) -> bool:
    return points.black >= _BLACK_SHARE * len(points.levels)


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
    return sum(map(mul, ImageChops.difference(*images).histogram(), range(256)))
