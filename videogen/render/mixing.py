"""The sound of one video: mixed, encoded and measured in one go; once more and lower where it goes over.

A limiter before the encoder cannot promise what comes out of a decoder: AAC overshoots by little on speech and by
several dB on loud, dense sound. So the encoded sound is decoded and its highest sample found, which costs a third of
what a true peak does. Where that is close to the limit the true peak is measured, and where it is too high, the
limiter's ceiling is lowered by as much and the sound is made again.

A loudness that is asked for is reached in the same way: by one gain for the whole mix, guessed from the sources, and
made again by what it was off. That costs one more encode where the guess was off by more than a third of a LU, two or
three where the limiter takes back what the gain gives; and nothing reads the sound before it is the one that counts,
since the picture would be written twice.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import structlog

from videogen.model.quality import Heard
from videogen.model.timebase import samples_of
from videogen.plan import CEILING_DBTP, Plan, Step, encode_sound
from videogen.plan.encode import known
from videogen.plan.sound import bounded_db, reckoned_gain_db
from videogen.render.executor import Busy
from videogen.render.hearing import FLOOR_DB, hear
from videogen.render.sounding import PRIMING, Sounding
from videogen.render.workshop import Workshop

log = structlog.get_logger()

DELIVERED_DBTP = -1.0
"""What no video's sound goes over. Source: EBU R128, maximum permitted true peak level."""
SPARE_DB = 0.2
LOUDNESS_LU = 0.3
"""How far a loudness may be off. Source: EBU R128 allows 0.5, and a meter rounds to 0.1."""
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
        """Mix, encode and measure, until it is as asked. Raises: what FFmpeg raises; who reads is told to come back."""
        self._is_done.clear()
        argv, ceiling = step.argv, CEILING_DBTP
        gain_db = reckoned_gain_db(self._shop.timeline, known(self._shop.media))
        for left in reversed(range(TRIES)):
            over = self._made(step.id, argv, halt) - DELIVERED_DBTP
            off = self._off_lu()
            if over <= 0 and abs(off) <= LOUDNESS_LU:
                break
            if not left:
                log.warning("The sound is not as asked for", over_db=round(max(0.0, over), 2), off_lu=off)
                break
            ceiling -= over + SPARE_DB if over > 0 else 0
            gain_db = bounded_db(gain_db + off)
            argv = encode_sound(
                self._shop.timeline, self._shop.media, self._plan.profile, ceiling_dbtp=ceiling, gain_db=gain_db
            )
        self._is_done.set()

    def sounding(self, halt: Event) -> Sounding:
        """Give the sound to read, from its first packet on. Raises: Busy: it is not begun, or may be made again."""
        if not self._try or (self._shop.timeline.loudness_lufs is not None and not self._is_done.is_set()):
            raise Busy
        this = self._try
        return Sounding(self._file(this), self._plan.samples, lambda: self._ends(this, halt))

    def _off_lu(self) -> float:
        """How much louder the sound is to be than it is; 0 where no loudness is asked for, or nothing is heard."""
        target, heard = self._shop.timeline.loudness_lufs, self.heard
        if target is None or heard is None or heard.loudness_lufs is None:
            return 0.0
        return round(float(target) - heard.loudness_lufs, 2)

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
