"""The sound of one video: mixed, encoded and measured in one go; once more and lower where it goes over.

A limiter before the encoder cannot promise what comes out of a decoder: AAC overshoots by little on speech and by
several dB on loud, dense sound. So the encoded sound is decoded and measured while FFmpeg still encodes it, and where
its true peak is too high, the limiter's ceiling is lowered by as much and the sound is made again.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import cast

import av
import structlog

from videogen.model.media import Loudness
from videogen.plan import CEILING_DBTP, Plan, Step, encode_sound
from videogen.probe.sound import Meter
from videogen.render.executor import Busy
from videogen.render.sounding import Growing, Sounding
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
        self.loudness: Loudness | None = None
        """Of the encoded sound, once it is made; None of silence."""

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
        encoded, heard = Event(), _Listener(made)
        listening = Thread(target=heard.listen, args=(encoded,))
        listening.start()
        try:
            self._run(name, argv, made, halt)
        except BaseException:
            self._try += 1  # who reads this one waits for more that will not come
            heard.is_over.set()
            raise
        finally:
            encoded.set()
            listening.join()
        if heard.error is not None:
            raise heard.error
        self.loudness = heard.loudness
        return self.loudness.true_peak_dbtp if self.loudness else -200.0


class _Listener:
    """Decodes a sound that is still being written, and measures it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_over = Event()
        self.loudness: Loudness | None = None
        self.error: BaseException | None = None

    def listen(self, encoded: Event) -> None:
        """Measure until the end, or until the sound is given up."""
        file = Growing(self._path, lambda: encoded.is_set() or self.is_over.is_set())
        try:
            self._measure(file)
        except BaseException as error:
            self.error = None if self.is_over.is_set() else error
        finally:
            file.close()

    def _measure(self, file: Growing) -> None:
        meter: Meter | None = None
        last = None
        with av.open(cast("str", file), format="nut") as container:
            for frame in container.decode(audio=0):
                meter = meter or Meter(frame)
                meter.push(frame)
                last = frame
        if meter is not None and last is not None:
            self.loudness = meter.loudness(last)
