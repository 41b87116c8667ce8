"""A steady grid through onsets: which tempo, which phase, how sure. Pure numbers; nothing is opened or decoded here.

1. Every tempo from 60 to 180 BPM is tried, and every phase of each: what the grid meets over what is there on average.
   So half and double of a tempo stand for themselves, and their own strokes decide, with a leaning to where people tap.
2. The best is refined until it is exact to a hundredth of a beat at the end of the sound.
3. A stretch of the sound that meets another phase far better has drifted: it has a grid of its own.
4. How sure: the share of what begins near the grid, against what chance would put there.

Bass and whole are weighed apart, since the beat is mostly struck low and the off-beat high.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

LEAST_BPM, MOST_BPM = 60.0, 180.0
NEAR_S = 0.05
"""An onset so far from the grid is on it: within what listeners hear as together with a beat. Source: MIREX, 70 ms."""
USUAL_BPM, SPREAD_OCTAVES = 115.0, 0.9
"""Where people tap. Source: van Noorden and Moelants, resonance of tapping at about 500 ms; Ellis 2007 takes 0.9."""
BLUR_S = 0.02
BASS_WEIGHT = 2.0
HARMONICS = 12
PHASES = 64
AS_STRUCK = 0.85
"""What lies between two beats is a beat itself where a grid of twice the tempo meets so much of the bass."""
WINDOW_S = 20.0
"""Long enough for twenty beats at the least tempo."""
STRAYS = 0.06
"""As a share of the tempo; beyond it, it is another tempo."""
DRIFTED = 1.5
"""A stretch has drifted where its own phase meets so much more than the phase of all."""


@dataclass(frozen=True)
class Onsets:
    """How much begins, at each of even moments. Units: moments per second. `bass`: the same below 200 Hz."""

    whole: Curve
    bass: Curve
    rate: float

    @property
    def length_s(self) -> float:
        """Seconds."""
        return len(self.whole) / self.rate

    def weighed(self) -> Curve:
        """Give both as one curve of mean 1, or 0 where nothing begins."""
        both = _even(self.whole) + BASS_WEIGHT * _even(self.bass)
        mean = float(both.mean()) if len(both) else 0.0
        return both / mean if mean > 0 else both


@dataclass(frozen=True)
class Grid:
    """Beats at `first_s` and every `period_s` from there. `met`: what it meets over the mean, in means."""

    first_s: float
    period_s: float
    met: float = 0.0

    @property
    def bpm(self) -> float:
        """Beats in a minute."""
        return 60.0 / self.period_s

    def times(self, start_s: float, end_s: float) -> Curve:
        """Give the beats within a stretch, half-open, in seconds."""
        first = np.ceil((start_s - self.first_s) / self.period_s - 1e-9)
        last = np.ceil((end_s - self.first_s) / self.period_s - 1e-9)
        return np.asarray(self.first_s + np.arange(first, last) * self.period_s, dtype=np.float64)


def fitted(onsets: Onsets) -> Grid | None:
    """Find the grid that meets the most; None where nothing begins, or less than four beats long."""
    curve = _blurred(onsets.weighed(), onsets.rate)
    if onsets.length_s < 4 * 60 / LEAST_BPM or not curve.any():
        return None
    # A tempo that is wrong by this much is a quarter of a beat late at the end.
    step = 0.25 / (onsets.length_s * MOST_BPM / 60)
    bpms = LEAST_BPM * np.exp(np.arange(0, np.log(MOST_BPM / LEAST_BPM), step))
    met = np.concatenate([_profiles(curve, onsets.rate, part).max(axis=1) for part in np.array_split(bpms, 16)])
    leaning = np.exp(-0.5 * (np.log2(bpms / USUAL_BPM) / SPREAD_OCTAVES) ** 2)
    best = float(bpms[int((met * leaning).argmax())])
    if 2 * best <= MOST_BPM:
        once, twice = _profiles(_blurred(_even(onsets.bass), onsets.rate), onsets.rate, np.array([best, 2 * best]))
        best = 2 * best if 0 < AS_STRUCK * once.max() <= twice.max() else best
    near = best * np.exp(np.linspace(-step, step, 51))
    profiles = _profiles(curve, onsets.rate, near)
    nth = int(profiles.max(axis=1).argmax())
    return _grid(profiles[nth], float(near[nth]))


def followed(onsets: Onsets, grid: Grid) -> Curve:
    """Give the beats of a sound: the grid's, and where the players left it, those of a grid near it.

    They left it where another phase of the same tempo meets far more.
    """
    curve = _blurred(onsets.weighed(), onsets.rate)
    edges = np.linspace(0.0, onsets.length_s, max(1, round(onsets.length_s / WINDOW_S)) + 1)
    told: list[float] = []
    for start, end in pairwise(float(edge) for edge in edges):
        here = _near(curve, onsets.rate, grid, (start, end))
        told += [float(at) for at in here.times(start, end) if not told or at - told[-1] > grid.period_s / 2]
    return np.asarray(told, dtype=np.float64)


def _near(curve: Curve, rate: float, grid: Grid, stretch: tuple[float, float]) -> Grid:
    """Give the grid of a stretch: the same, or another of nearly its tempo."""
    first = int(stretch[0] * rate)
    piece = curve[first : int(stretch[1] * rate)]
    if not piece.any():
        return grid
    profile = _profiles(piece, rate, np.array([grid.bpm]))[0] + float(piece.mean())
    mine = round((grid.first_s - first / rate) / grid.period_s * PHASES)
    met = max(float(profile[(mine + by) % PHASES]) for by in range(-4, 5))  # a sixteenth of a beat is a player's own
    if profile.max() <= DRIFTED * met:
        return grid
    bpms = grid.bpm * np.linspace(1 - STRAYS, 1 + STRAYS, 81)
    profiles = _profiles(piece, rate, bpms)
    nth = int(profiles.max(axis=1).argmax())
    found = _grid(profiles[nth], float(bpms[nth]))
    return Grid(found.first_s + first / rate, found.period_s, found.met)


def sureness(onsets: Onsets, beats: Curve) -> float:
    """Give how much more begins near beats than chance would put there: 0 is chance, 1 is all.

    Only what stands out counts: a tone that goes on has no onset, and a room's noise is nobody's beat.
    """
    curve = onsets.weighed()
    total = float(curve.sum())
    if not total or len(beats) < 4:
        return 0.0
    moments = np.arange(len(curve)) / onsets.rate
    after = np.searchsorted(beats, moments)
    before, behind = beats[np.maximum(after - 1, 0)], beats[np.minimum(after, len(beats) - 1)]
    near = np.minimum(np.abs(moments - before), np.abs(moments - behind)) <= NEAR_S
    chance = float(near.mean())
    return float(np.clip((curve[near].sum() / total - chance) / (1 - chance), 0.0, 1.0))


def _even(curve: Curve) -> Curve:
    """Press loud strokes down, take away what is always there, and bring the rest to a mean of 1."""
    pressed = np.sqrt(np.maximum(curve, 0.0))
    pressed = np.maximum(pressed - np.median(pressed), 0.0) if len(pressed) else pressed
    mean = float(pressed.mean()) if len(pressed) else 0.0
    return np.asarray(pressed / mean if mean > 0 else pressed, dtype=np.float64)


def _blurred(curve: Curve, rate: float) -> Curve:
    """Spread each onset over its neighbours, so that a grid need not hit it to the moment."""
    reach = max(1, round(3 * BLUR_S * rate))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (BLUR_S * rate)) ** 2)
    return np.convolve(curve, bell / bell.sum(), mode="same")


def _profiles(curve: Curve, rate: float, bpms: Curve) -> Curve:
    """Give for each tempo the mean of the curve at each phase of its beat, less the mean of all.

    A profile is made of its harmonics: one sum over the curve for each, which says where in the beat things begin.
    """
    # The sums are read off one transform; its points must lie so close that a beat at the end turns little between two.
    size = 1 << int(np.ceil(np.log2(8 * len(curve))))
    spectrum = np.fft.rfft(curve - curve.mean(), size)
    harmonics = np.arange(1, HARMONICS + 1)
    points = (bpms[:, None] / 60 / rate) * harmonics[None, :] * size
    below = np.minimum(np.floor(points).astype(int), len(spectrum) - 2)
    # A transform turns by half the length from point to point: turned back about the middle, its points lie on a line.
    middle = np.exp(2j * np.pi * np.arange(len(spectrum)) * (len(curve) / 2) / size)
    turned = spectrum * middle
    share = points - below
    sums = (1 - share) * turned[below] + share * turned[below + 1]
    sums *= np.exp(-2j * np.pi * points * (len(curve) / 2) / size)
    full = np.zeros((len(bpms), PHASES // 2 + 1), dtype=complex)
    # exp(-iwt) at phase x of the beat: the profile is the sum of X_h exp(+2 pi i h x).
    full[:, 1 : HARMONICS + 1] = sums
    return np.asarray(np.fft.irfft(full, PHASES, axis=1) * PHASES / len(curve), dtype=np.float64)


def _grid(profile: Curve, bpm: float) -> Grid:
    """Give the grid at the highest point of a profile, between its points by a parabola."""
    top = int(profile.argmax())
    left, middle, right = profile[top - 1], profile[top], profile[(top + 1) % PHASES]
    bend = left - 2 * middle + right
    offset = 0.5 * (left - right) / bend if bend else 0.0
    period = 60 / bpm
    return Grid(first_s=float((top + offset) / PHASES * period % period), period_s=period, met=float(middle))
