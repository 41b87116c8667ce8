"""The sound of one video: mixed, encoded and measured in one go; once more and lower where it goes over.

A limiter before the encoder cannot promise what comes out of a decoder: AAC overshoots by little on speech and by
several dB on loud, dense sound. So the encoded sound is decoded and its highest sample found, which costs a third of
what a true peak does. Where that is close to the limit the true peak is measured, and where it is too high, the
limiter's ceiling is lowered by as much and the sound is made again.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import structlog

from videogen.model.quality import Heard
from videogen.model.timebase import samples_of
from videogen.plan import CEILING_DBTP, Plan, Step, encode_sound
from videogen.render.executor import Busy
from videogen.render.hearing import FLOOR_DB, hear
from videogen.render.sounding import PRIMING, Sounding
from videogen.render.workshop import Workshop

log = structlog.get_logger()

DELIVERED_DBTP = -1.0
"""What no video's sound goes over. Source: EBU R128, maximum permitted true peak level."""
SPARE_DB = 0.2
TRIES = 4

Run = Callable[[str, Sequence[str], Path, Event], None]
"""Runs FFmpeg: a name for its words, its arguments, what it makes, when to give up."""


class Mixing:
    """What becomes of a plan's sound; one step makes it, another reads it meanwhile."""

    def __init__(self, plan: Plan, shop: Workshop, run: Run) -> None:
        self._plan = plan
        self._shop = shop
        self._run = run
        self._try = 0
        self._is_done = Event()
        self.heard: Heard | None = None
        """What was measured of the encoded sound, once it is made."""
        canvas = plan.profile.canvas
        self._joins = [samples_of(piece.at.start, canvas.fps, canvas.sample_rate) for piece in plan.pieces]

    def make(self, step: Step, halt: Event) -> None:
        """Mix, encode and measure. Raises: what FFmpeg raises; who reads is told to come again."""
        self._is_done.clear()
        argv, ceiling = step.argv, CEILING_DBTP
        for left in reversed(range(TRIES)):
            over = self._made(step.id, argv, halt) - DELIVERED_DBTP
            if over <= 0:
                break
            if not left:
                log.warning("The sound goes over its true peak", over_db=round(over, 2))
                break
            ceiling -= over + SPARE_DB
            argv = encode_sound(self._shop.timeline, self._shop.media, self._plan.profile, ceiling_dbtp=ceiling)
        self._is_done.set()

    def sounding(self, halt: Event) -> Sounding:
        """Give the sound to read, from its first packet on. Raises: Busy: it is not begun yet."""
        if not self._try:
            raise Busy
        this = self._try
        return Sounding(self._file(this), self._plan.samples, lambda: self._ends(this, halt))

    def _file(self, nth: int) -> Path:
        return self._shop.scratch / f"sound-{nth}.nut"

    def _ends(self, nth: int, halt: Event) -> bool:
        """Whether a try is the one that counts, and whole. Raises: Busy: it is not, or never will be."""
        if nth != self._try or halt.is_set():
            raise Busy
        return self._is_done.is_set()

    def _made(self, name: str, argv: Sequence[str], halt: Event) -> float:
        """Make the sound once and give its true peak in dBTP; an earlier try is no more from here on."""
        self._try += 1
        made = self._file(self._try)
        try:
            self._run(name, argv, made, halt)
        except BaseException:
            self._try += 1  # who reads this one waits for more that will not come
            raise
        heard = self.heard = hear(made, "nut", "sample", self._joins, PRIMING)
        if heard.true_peak_dbtp is not None and heard.true_peak_dbtp > DELIVERED_DBTP:
            peak_dbtp = hear(made, "nut", "true").true_peak_dbtp
            self.heard = heard.model_copy(update={"true_peak_dbtp": peak_dbtp, "is_peak_true": True})
        return FLOOR_DB if self.heard.true_peak_dbtp is None else self.heard.true_peak_dbtp
