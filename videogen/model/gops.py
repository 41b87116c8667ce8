"""Where a clip's keyframes stand: its GOPs, in few words however long the clip is."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice, pairwise

from videogen.model.value import Value

MAX_RUNS = 800
"""Runs kept of one clip: 4 kB of a side file. An hour with a keyframe every five seconds has 720 steps at most."""


class Gops(Value):
    """The keyframes that are shown, by their frame numbers at source rate.

    Shape: `steps` is how far each keyframe stands from the one before it, the first from frame 0; "12*749" is 749 steps
        of 12. Where `is_every` is False keyframes were left out: each number is one, but not each one has a number.
    Units: frames.
    """

    keyframes: int
    """How many there are, listed or not."""
    longest: int
    """Frames of the longest GOP."""
    is_closed: bool | None = None
    """True: nothing after a keyframe is shown before it. False: something is, and may need the GOP before."""
    steps: str = ""
    is_every: bool = True

    def numbers(self) -> Iterator[int]:
        """Give the frame numbers listed, rising."""
        at = 0
        for run in self.steps.split():
            step, _, times = run.partition("*")
            for _ in range(int(times or 1)):
                at += int(step)
                yield at


def gops_of(numbers: list[int], frames: int, *, is_closed: bool | None) -> Gops | None:
    """Give the GOPs of a clip of so many frames by the frame numbers of its keyframes; None where there are none.

    Shape: `numbers` rise. Above MAX_RUNS runs every second keyframe is left out of the list until the rest fits.
    """
    if not numbers:
        return None
    # What is shown before the first keyframe belongs to a GOP that an edit list cut.
    longest = max(after - before for before, after in pairwise([0, *numbers, frames]))
    kept, count = numbers, len(numbers)
    steps = list(islice(_runs(kept), MAX_RUNS + 1))
    while len(steps) > MAX_RUNS:
        kept = kept[::2]
        steps = list(islice(_runs(kept), MAX_RUNS + 1))
    return Gops(
        keyframes=count, longest=longest, is_closed=is_closed, steps=" ".join(steps), is_every=len(kept) == count
    )


def _runs(numbers: list[int]) -> Iterator[str]:
    steps: Iterable[int] = (after - before for before, after in pairwise([0, *numbers]))
    for step, group in groupby(steps):
        times = sum(1 for _ in group)
        yield f"{step}*{times}" if times > 1 else str(step)
