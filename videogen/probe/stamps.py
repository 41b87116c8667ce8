"""The time stamps of a clip's pictures, and what follows from them: length, pace, gaps, GOPs."""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import ceil

from av.packet import Packet
from av.video.stream import VideoStream

from videogen.model.gops import Gops, gops_of

UNKNOWN_TIMEBASE = Fraction(1, 1000)


@dataclass
class Stamps:
    """Displayed pictures in decoding order, or as `shown` in playing order.

    Units: PTS and durations in the stream's timebase; `keys` are the PTS of keyframes.
    """

    pts: "array[int]" = field(default_factory=lambda: array("q"))
    durations: "array[int]" = field(default_factory=lambda: array("q"))
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    has_leading: bool = False
    """Whether a picture was shown before the keyframe it comes after."""
    _key: int | None = None

    def add(self, packet: "Packet[VideoStream]") -> None:
        """Note a packet, but for one that an edit list leaves out."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        if packet.is_keyframe:
            self._key = stamp
        if packet.is_discard:
            return
        self.pts.append(stamp)
        self.durations.append(packet.duration or 0)
        if packet.is_keyframe:
            self.keys.append(stamp)
        elif self._key is not None and stamp < self._key:
            self.has_leading = True

    def shown(self) -> "Stamps":
        """Give the same pictures in the order a player shows them."""
        order = sorted(range(len(self.pts)), key=self.pts.__getitem__)
        pts, durations = (array("q", (column[i] for i in order)) for column in (self.pts, self.durations))
        return Stamps(pts, durations, array("q", sorted(self.keys)), self.has_leading)

    def only(self, decoded: "array[int]") -> "Stamps":
        """Give the stamps the decoder gave a picture for: an open GOP at the very start has some it cannot."""
        pts = array("q", sorted(decoded))
        durations = array("q")
        for stamp in pts:
            at = bisect_right(self.pts, stamp) - 1
            durations.append(self.durations[at] if at >= 0 and self.pts[at] == stamp else 0)
        return Stamps(pts, durations, self.keys, self.has_leading)

    def since(self, first: int) -> "Stamps":
        """Give the pictures from `first` on: those before it, of an open GOP at the very start, nobody can decode."""
        at = self.number_of(first)
        return Stamps(self.pts[at:], self.durations[at:], self.keys, self.has_leading)

    def number_of(self, stamp: int) -> int:
        """Give the number of the first picture shown at a stamp or later."""
        return bisect_left(self.pts, stamp)

    def length(self) -> int:
        """Give last PTS + its duration - first PTS; a last picture without a duration lasts as long as the others."""
        reach = self.pts[-1] - self.pts[0]
        if self.durations[-1] or len(self.pts) < 2:
            return reach + self.durations[-1]
        return reach + ceil(Fraction(reach, len(self.pts) - 1))

    def longest_gap(self, start: int) -> int:
        """Give the longest time a picture at `start` or later is shown: until the next one, the last one as it says."""
        gaps = (after - before for before, after in pairwise(self.pts) if before >= start)
        return max(self.durations[-1], max(gaps, default=0))

    def gops(self) -> Gops | None:
        """Give where the keyframes stand among the pictures shown."""
        keys = set(self.keys)
        numbers = [number for number, stamp in enumerate(self.pts) if stamp in keys]
        return gops_of(numbers, len(self.pts), is_closed=not self.has_leading)

    def rate(self, stream: VideoStream, duration_s: Fraction) -> tuple[Fraction, bool]:
        """Give the nominal rate and True where each picture stands within a tick of its grid, else the mean and False.

        Units: frames per second.
        """
        mean = len(self.pts) / duration_s
        if len(self.pts) < 2:
            return mean, True
        reach = self.pts[-1] - self.pts[0]
        ticks = 1 / (stream.time_base or UNKNOWN_TIMEBASE)
        pace = (len(self.pts) - 1) * ticks / reach if reach else mean
        guesses = {Fraction(round(2 * pace), 2), Fraction(round(pace * Fraction(1001, 1000)) * 1000, 1001), pace}
        guesses |= {rate for rate in (stream.average_rate, stream.base_rate, stream.guessed_rate) if rate}
        fits = [
            (off, rate.denominator, rate) for rate in guesses if rate > 0 and (off := self._off_grid(ticks / rate)) <= 1
        ]
        # Halves of a tick: of two rates that differ by rounding only, the simpler one is what the camera was set to.
        best = min(fits, key=lambda fit: (ceil(2 * fit[0]), fit[1]), default=None)
        return (best[2], True) if best else (mean, False)

    def _off_grid(self, step: Fraction) -> Fraction:
        """Give how far, in ticks, the picture farthest from an even grid of `step` ticks stands from it."""
        first, above, below = self.pts[0], step.numerator, step.denominator
        return Fraction(max(abs((pts - first) * below - i * above) for i, pts in enumerate(self.pts)), below)
