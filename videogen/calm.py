"""How old things are, by a clock that may be set: stamps are believed as far as it is known how the clock went.

Age over restarts is a time stamp against a clock, and a clock can be set. So every look compares it with the clock of
the boot, which nobody sets, and notes each stretch over which the two agree, with the time that was really lived in it.
A clock that jumps begins a new stretch. A stamp is placed in the stretch in which it was made, and its age is the time
lived since: a jump of a year makes nothing older, nor younger. Time of which nobody knows how long it was does not
count, so an age is never more than the true one. A stamp in no stretch tells nothing.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from videogen import durable

DAY_S = 86400.0
STEP_S = 60.0
"""A clock that is further from the other after a look than before it was set, or was steered hard."""
SLEW = 1e-3
"""A clock that is steered gently may go so much faster or slower. Source: twice the 500 ppm of adjtimex(2)."""
OFF_S = 4 * DAY_S
"""From one boot to the next only the clock itself can tell the time: a long weekend is believed."""
MOST = 64
"""So many stretches are remembered: a clock that jumps all the time makes things younger, never the paper longer."""


@dataclass(frozen=True)
class Stretch:
    """A time over which the clock went evenly, by that clock, and the time lived until its end. Units: seconds."""

    from_s: float
    to_s: float
    lived_s: float


@dataclass(frozen=True)
class Moment:
    """What is known of the clock now. Shape: the last of the stretches is the present one."""

    stretches: tuple[Stretch, ...]

    def age_s(self, stamp_s: float) -> float | None:
        """Give the time lived since a stamp, the least if it may be of two times; None where it is of none we know."""
        now_s = self.stretches[-1].lived_s
        ages = [
            now_s - (one.lived_s - max(0.0, one.to_s - stamp_s))
            for one in self.stretches
            if one.from_s - STEP_S <= stamp_s <= one.to_s + STEP_S
        ]
        return min(ages, default=None)

    @property
    def watched_s(self) -> float:
        """Give the time lived since the oldest stretch began."""
        first = self.stretches[0]
        return self.stretches[-1].lived_s - (first.lived_s - (first.to_s - first.from_s))


def disk_now_s(folder: Path) -> float:
    """Tell the time by the clock that stamps what is written into a folder: over a network it is the server's.

    Raises: OSError, NoSpace: nothing can be written there.
    """
    if not durable.is_remote(folder):
        return time.time()
    probe = durable.temporary_in(folder)
    durable.write(probe, b"")
    try:
        return probe.stat().st_mtime
    finally:
        durable.remove(probe)


class Calm:
    """A watch on the clock of the disk on which its paper lies, over restarts. Without the paper it begins anew."""

    def __init__(
        self, paper: Path, wall: Callable[[], float] | None = None, boot: Callable[[], float] = durable.boot_s
    ) -> None:
        self._paper = paper
        self._wall = wall or (lambda: disk_now_s(paper.parent))
        self._boot = boot

    def look(self, *, keep: bool) -> Moment:
        """Give what is known of the clock; with `keep` it is noted for the next look.

        Raises: OSError, NoSpace: nothing can be written there.
        """
        now_s, boot_s = self._wall(), self._boot()
        stretches = self._stretches(now_s, boot_s)[-MOST:]
        if keep:
            rows = [[one.from_s, one.to_s, one.lived_s] for one in stretches]
            durable.write(
                self._paper, json.dumps({"boot": durable.boot_id(), "boot_s": boot_s, "stretches": rows}) + "\n"
            )
        return Moment(tuple(stretches))

    def _stretches(self, now_s: float, boot_s: float) -> list[Stretch]:
        try:
            paper = json.loads(durable.read(self._paper))
            *others, last = (Stretch(*map(float, row)) for row in paper["stretches"])
            passed_s, counted_s = now_s - last.to_s, boot_s - float(paper["boot_s"])
            is_one_boot = paper["boot"] == durable.boot_id() != ""
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return [Stretch(now_s, now_s, 0.0)]
        if is_one_boot:
            is_even = abs(passed_s - counted_s) <= STEP_S + SLEW * counted_s
            lived_s = last.lived_s + max(0.0, counted_s)
        else:
            is_even = 0 <= passed_s <= OFF_S
            lived_s = last.lived_s + (passed_s if is_even else 0.0)
        if is_even:
            return [*others, Stretch(last.from_s, now_s, lived_s)]
        return [*others, last, Stretch(now_s, now_s, lived_s)]
