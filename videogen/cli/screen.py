"""A terminal taken whole, and given back as it was: on every way out, also by a signal."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from rich.console import Console
from rich.control import Control
from rich.text import Text

ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
TAKE, GIVE_BACK = b"\x1b[?1049h\x1b[?25l\x1b[2J", b"\x1b[0m\x1b[?25h\x1b[?1049l"
"""The other screen of the terminal without a cursor, and the one that was there with it. Source: xterm's ctlseqs."""
KEYS = {
    b"\x1b[A": b"k",
    b"\x1bOA": b"k",
    b"\x1b[B": b"j",
    b"\x1bOB": b"j",
    b"\x1b[5~": b"u",
    b"\x1b[6~": b"d",
    b"\x1b[H": b"g",
    b"\x1b[F": b"G",
}
"""What the keys that are no letters send, and which letter does the same."""


class Ended(Exception):  # noqa: N818 -- no error: someone wants the program to end
    """A signal came that ends the program."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Screen:
    """The whole terminal. Only for the main thread: signals come there."""

    def __init__(self) -> None:
        # Where these are set, they hide that the terminal has another size now.
        environ = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
        self._console = Console(_environ=environ, highlight=False)
        self._was: list[Any] = []
        self._drawn = (0, 0)
        self._ended = 0
        self._is_to_stand_by = False
        self._wake, self._woken = os.pipe()
        for end in (self._wake, self._woken):
            os.set_blocking(end, False)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        return self._console.size.width, self._console.size.height

    @contextmanager
    def open(self) -> Iterator[None]:
        """Have the terminal until the block ends, however it ends."""
        handlers = dict.fromkeys(ENDS, self._end) | {signal.SIGTSTP: self._stand_by, signal.SIGWINCH: self._resized}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        woken = signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        try:
            self._take()
            yield
        finally:
            self._give_back()
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._wake)
            os.close(self._woken)

    def show(self, lines: list[Text]) -> None:
        """Put these lines on the screen in place of what is there."""
        width, height = self.size
        for line in lines:
            line.truncate(width, pad=True)
        with self._console:  # gathered and written at once: nobody sees half of it
            if self._drawn != (width, height):
                self._console.control(Control.clear())
                self._drawn = width, height
            self._console.control(Control.home())
            self._console.print(Text("\n").join(lines[:height]), end="", no_wrap=True, overflow="crop", crop=True)

    def keys(self, within_s: float) -> str:
        """Give the keys that were hit, by their letters; none when the time is over or the size has changed.

        Raises: Ended: a signal came, or the terminal is gone.
        """
        watched: list[int] = [self._wake, *([sys.stdin.fileno()] if self._was else [])]
        # Asked before and after: a signal that comes between has left its byte in the pipe.
        ready = [] if self._ended else select.select(watched, [], [], max(0.0, within_s))[0]
        if self._wake in ready:
            with suppress(BlockingIOError):
                os.read(self._wake, 1024)
        if self._ended:
            raise Ended(self._ended)
        if self._is_to_stand_by:
            self._is_to_stand_by = False
            self._give_back()
            os.kill(os.getpid(), signal.SIGSTOP)
            self._take()
        if len(ready) == 0 or ready == [self._wake]:
            return ""
        raw = os.read(sys.stdin.fileno(), 1024)
        if not raw:
            raise Ended(signal.SIGHUP)
        for sent, letter in KEYS.items():
            raw = raw.replace(sent, letter)
        return raw.decode("ascii", "ignore")

    # -- the terminal ------------------------------------------------------------------------------------------------

    def _take(self) -> None:
        if sys.stdin.isatty():
            self._was = termios.tcgetattr(sys.stdin.fileno())
            tty.setcbreak(sys.stdin.fileno(), termios.TCSADRAIN)
        self._drawn = (0, 0)
        self._write(TAKE)

    def _give_back(self) -> None:
        self._write(GIVE_BACK)
        if self._was:
            with suppress(termios.error):  # it is gone
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._was)
            self._was = []

    @staticmethod
    def _write(raw: bytes) -> None:
        with suppress(OSError):  # it is gone
            os.write(sys.stdout.fileno(), raw)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if self._ended:  # the second one: what we wait for does not come
            self._give_back()
            die_of(number)
        self._ended = number

    def _stand_by(self, _number: int, _frame: FrameType | None) -> None:
        self._is_to_stand_by = True

    def _resized(self, _number: int, _frame: FrameType | None) -> None:
        """Only be woken: the size is asked for at each picture."""


def die_of(number: int) -> None:
    """End this process by a signal, so that whoever waits for it sees which one it was."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
