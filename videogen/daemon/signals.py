"""What a process is told by signals: to drain, to stop, to read its settings again."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


class Pulse(threading.Event):
    """A stop that every long wait of the loop asks for; that it is asked for is the loop's sign of life.

    Only the thread that made it counts: work that goes on beside a loop that hangs must not speak for it.
    """

    def __init__(self, beat: Callable[[], None]) -> None:
        super().__init__()
        self._beat = beat
        self._loop = threading.get_ident()

    def is_set(self) -> bool:
        """Whether to stop."""
        if threading.get_ident() == self._loop:
            self._beat()
        return super().is_set()


@dataclass
class Signals:
    """What a process was told so far. `wake` is set with any of it."""

    drain: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    reload: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)


@contextmanager
def told(signals: Signals, *, drains: bool) -> Iterator[None]:
    """Listen until the block ends.

    SIGTERM and SIGINT stop; where the role `drains`, the first one drains and the second one stops. One more ends the
    process as if nobody listened. SIGHUP asks for a reload.
    """
    steps = [signals.drain, signals.stop] if drains else [signals.stop]

    def end(number: int, _frame: object) -> None:
        for step in steps:
            if not step.is_set():
                step.set()
                break
        if signals.stop.is_set():
            signal.signal(number, signal.SIG_DFL)
        signals.wake.set()

    def reload(_number: int, _frame: object) -> None:
        signals.reload.set()
        signals.wake.set()

    handlers: dict[int, Callable[[int, object], None]] = {signal.SIGTERM: end, signal.SIGINT: end}
    if hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = reload
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at the first SIGTERM or SIGINT; the second one ends the process at once. A hang-up is none."""
    signals = Signals(stop=stop)
    with told(signals, drains=False):
        if hasattr(signal, "SIGHUP"):
            with suppress(ValueError):
                signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
