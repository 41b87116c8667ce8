"""What came out of a clip's decoder: its first picture, the time stamps of all, and what was measured of each."""

from array import array
from dataclasses import dataclass, field
from fractions import Fraction

from av.video.frame import VideoFrame

from videogen.model.fingerprint import FRAMES
from videogen.model.media import View
from videogen.probe.fingerprint import hash_of, together
from videogen.probe.stamps import Stamps
from videogen.probe.stretches import Stretches
from videogen.probe.turn import Turn, turn_of

MAX_STRETCHES = 32
"""Stretches listed of each sort: 2 kB of a side file."""


@dataclass
class Sight:
    """The pictures decoded so far.

    Units: PTS in `timebase`. Unless they are samples the pictures are taken to follow each other.
    """

    timebase: Fraction
    stamps: Stamps | None = None
    picks: list[int] = field(default_factory=list)
    """Where the pictures of the fingerprint stand, rising: the first one decoded there or later is taken."""
    is_sampled: bool = False
    first: VideoFrame | None = None
    turn: Turn = field(default_factory=Turn)
    pts: "array[int]" = field(default_factory=lambda: array("q"))
    is_interlaced: bool = False
    _hashes: list[str] = field(default_factory=list)
    _last: VideoFrame | None = None
    _last_pts: int = 0
    _stretches: Stretches | None = None

    def keep(self, frame: VideoFrame) -> None:
        """Measure one picture more; one that was seen before, where two samples overlap, is not measured again."""
        if self.first is None:
            self.first, self.turn = frame, turn_of(frame)
        self.is_interlaced = self.is_interlaced or frame.interlaced_frame
        pts = frame.pts
        if pts is None:
            return
        self.pts.append(pts)
        if self._last is not None and pts <= self._last_pts:
            return
        stretches = self._seen()
        if self.is_sampled and self._is_after_a_hole(pts):
            stretches.end(self._reach())
        stretches.add(pts, frame)
        taken = len(self._hashes)
        if taken < len(self.picks) and pts >= self.picks[taken]:
            self._hashes += [hash_of(frame, self.turn)] * sum(pick <= pts for pick in self.picks[taken:])
        self._last, self._last_pts = frame, pts

    def view(self, shown: Stamps) -> View:
        """Give the black and the frozen stretches as frame numbers of the pictures shown."""
        stretches = self._seen()
        stretches.end(self._reach())
        black, frozen = (_numbered(spans, shown) for spans in (stretches.black, stretches.frozen))
        return View(
            frames=stretches.measured,
            black=_longest(black),
            black_frames=sum(end - start for start, end in black),
            frozen=_longest(frozen),
            frozen_frames=sum(end - start for start, end in frozen),
        )

    def fingerprint(self) -> str:
        """Give the hashes one after another; an empty word where pictures, or shapes in them, were missing."""
        return together(self._hashes) if len(self._hashes) == len(self.picks) == FRAMES else ""

    def _seen(self) -> Stretches:
        if self._stretches is None:
            self._stretches = Stretches(self.timebase)
        return self._stretches

    def _is_after_a_hole(self, pts: int) -> bool:
        if self.stamps is None or self._last is None:
            return False
        return self.stamps.number_of(pts) > self.stamps.number_of(self._last_pts) + 1

    def _reach(self) -> int:
        """Give where the last picture seen ends, by its own word."""
        return 0 if self._last is None else self._last_pts + max(1, self._last.duration or 0)


def _numbered(spans: list[tuple[int, int]], shown: Stamps) -> list[tuple[int, int]]:
    return [(shown.number_of(start), shown.number_of(end)) for start, end in spans]


def _longest(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    kept = sorted(spans, key=lambda span: span[0] - span[1])[:MAX_STRETCHES]
    return tuple(sorted(kept))


def moments(spans: list[tuple[int, int]]) -> list[int]:
    """Give FRAMES places spread evenly over spans that rise; where they overlap they count once.

    The same places for two encodes of a clip: they hang on its length alone, not on where its keyframes stand.
    """
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if start < end:
            merged.append((max(start, merged[-1][1]) if merged else start, end))
    total = sum(end - start for start, end in merged)
    places = []
    for nth in range(FRAMES):
        left = (2 * nth + 1) * total // (2 * FRAMES)
        for start, end in merged:
            if left < end - start:
                places.append(start + left)
                break
            left -= end - start
    return places
