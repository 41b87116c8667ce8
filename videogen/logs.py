"""Log lines: one event, one line, UTF-8 whatever the locale.

2025-11-10T18:03:44Z INFO main_worker "message" key=value

What only repeats a line is counted, and told in one line now and then: a loop that fails floods no disk. What looks
like a secret is not written, whoever says it (redaction.py). What a thread does for a task has `task=` (spans.py).
"""

import atexit
import json
import logging
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import TimedRotatingFileHandler
from math import inf
from pathlib import Path
from threading import Lock, Timer
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from videogen.model.value import readable
from videogen.redaction import hidden

LOG_FILE = re.compile(r"(?P<role>main|crawl|node-[A-Za-z0-9_-]+)\.log(?:\.(?P<day>\d{4}-\d\d-\d\d))?")
"""The name of a log: the process that writes it, and the day on which a rotated one began."""
_PLAIN = re.compile(r"[^\s\"=\\\x00-\x1f\x7f\ud800-\udfff]+")
# Line ends and direction marks of other scripts can forge or hide a line in a terminal.
_HIDING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """Give a text with nothing in it that could forge or hide a line."""
    text = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text)  # half a character is none, and no byte either
    return _HIDING.sub(lambda found: f"\\u{ord(found.group(0)):04x}", readable(text))


def _quoted(text: str) -> str:
    return '"' + escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _field(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = str(value)
    return text if _PLAIN.fullmatch(text) and not _HIDING.search(text) else _quoted(text)


_LEVELS = {"WARNING": "WARN", "EXCEPTION": "ERROR", "FATAL": "CRITICAL"}
STAMP = "%Y-%m-%dT%H:%M:%SZ"
COLLAPSED = "collapsed"
TOLD_S = 30.0
"""Seconds; a loop that fails leaves two lines a minute."""
_counted: Counter[str] = Counter()


def counted() -> dict[str, int]:
    """Give how many lines this process wrote at each level, and under COLLAPSED how many it only counted."""
    return dict(_counted)


def level_of(method: str) -> str:
    """Give the level as lines have it."""
    return _LEVELS.get(method.upper(), method.upper())


class Line:
    """Turn an event into one line of text."""

    def __init__(self, component: str, *, as_json: bool) -> None:
        self._component = component
        self._as_json = as_json

    def __call__(self, _logger: WrappedLogger, method: str, event: EventDict) -> str:
        """Render: time, level, component, message, fields in the order they were given; secrets are left out."""
        fields = {name: hidden(value, name) for name, value in event.items()}
        stamp, message = fields.pop("timestamp"), str(fields.pop("event"))
        level = level_of(method)
        trouble = str(fields.pop("exception", None) or "")
        component = str(fields.pop("component", self._component))
        if self._as_json:
            # JSON has no word for what is infinite or no number.
            is_number = {name: isinstance(value, int | float) and abs(value) < inf for name, value in fields.items()}
            told = {name: value if is_number[name] else str(value) for name, value in fields.items()}
            line = {"time": stamp, "level": level, "component": component, "message": message, **told}
            if trouble:
                line["trouble"] = trouble
            return json.dumps(line, ensure_ascii=True)
        fields_text = "".join(f" {name}={_field(value)}" for name, value in fields.items())
        return f"{stamp} {level} {component} {_quoted(message)}{fields_text}" + "".join(
            f"\n    {escaped(told)}" for told in trouble.splitlines()
        )


@dataclass
class _Again:
    """A line that was written, and how often it was said since."""

    event: EventDict
    method: str
    seen_s: float
    first_s: float = 0.0
    last_stamp: str = ""
    times: int = 0


class Repeats:
    """The last step of a line's way: what was written a moment ago is counted instead, and told once in a while.

    Lines are the same that say the same at the same level, but for the time. Of an INFO only one right after itself
    counts as a repeat: in between it has a meaning. A count is told when something new is said, after `told_s`, and at
    the end; it stands in a line like the first one with `again` and `over_s`.
    """

    def __init__(
        self, line: Line, told_s: float = TOLD_S, *, clock: Callable[[], float] = time.monotonic, most: int = 64
    ) -> None:
        self._line = line
        self._told_s = told_s
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._going_on: dict[str, _Again] = {}
        self._last = ""
        self._timer: Timer | None = None
        self._logger: WrappedLogger | None = None

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> tuple[tuple[str], dict[str, Any]]:
        """Give the line to write. Raises: DropEvent: it was only counted."""
        key = repr(
            (level_of(method), sorted((name, str(value)) for name, value in event.items() if name != "timestamp"))
        )
        with self._lock:
            now, self._logger = self._clock(), logger
            known = self._going_on.get(key)
            is_loud = level_of(method) not in {"DEBUG", "INFO"}
            if known and (is_loud or self._last == key) and now - known.seen_s < self._told_s:
                self._count(known, event, now)
                self._last = key
                raise structlog.DropEvent
            self._tell(now)
            self._last = key
            while len(self._going_on) >= self._most:
                del self._going_on[next(iter(self._going_on))]
            self._going_on[key] = _Again(dict(event), method, now)
        return _written(self._line, logger, method, event)

    def _count(self, known: _Again, event: EventDict, now: float) -> None:
        known.first_s = known.first_s if known.times else known.seen_s
        known.times, known.seen_s, known.last_stamp = known.times + 1, now, event["timestamp"]
        _counted[COLLAPSED] += 1
        if self._timer is None:
            self._timer = Timer(self._told_s, self.end)
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        """Tell what was counted and not told yet."""
        with self._lock:
            self._tell(self._clock())

    def _tell(self, now: float) -> None:
        """Write the counts; the lock is held. What is long over is forgotten."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for key, known in list(self._going_on.items()):
            if known.times and self._logger is not None:
                over_s = known.seen_s - known.first_s
                told = dict(known.event) | {"timestamp": known.last_stamp, "again": known.times, "over_s": over_s}
                told["event"] = f"{told['event']} (the same {known.times} times more in {over_s:.0f} s)"
                words, kept = _written(self._line, self._logger, known.method, told)
                getattr(self._logger, known.method)(*words, **kept)
                known.times = 0
            if now - known.seen_s >= self._told_s:
                del self._going_on[key]


def _written(line: Line, logger: WrappedLogger, method: str, event: EventDict) -> tuple[tuple[str], dict[str, Any]]:
    _counted[level_of(method)] += 1
    return (line(logger, method, event),), {"extra": {"is_line": True}}


class _Foreign(logging.Formatter):
    """Lets our lines through, and makes lines of what libraries say: nothing is written that has no stamp."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        if getattr(record, "is_line", False):
            return record.getMessage()
        event: EventDict = {
            "timestamp": time.strftime(STAMP, time.gmtime(record.created)),
            "event": record.getMessage(),
            "by": record.name,
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return self._line(None, record.levelname, event)


def start(  # noqa: PLR0913 -- each is one word of how lines are told
    component: str,
    file: Path | None,
    *,
    as_json: bool = False,
    keep_days: int = 14,
    console: bool = True,
    told_s: float = TOLD_S,
    level: str = "INFO",
) -> None:
    """Send this process's log to the console and to `file`, which only this process writes; rotated at midnight UTC.

    What is less than `level` is told nowhere. Units: what repeats is told as a sum every `told_s`.
    """
    handlers: list[logging.Handler] = []
    if console:
        handlers.append(_Console())
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(
            TimedRotatingFileHandler(
                file, when="midnight", utc=True, backupCount=keep_days, encoding="utf-8", delay=True
            )
        )
    line = Line(component, as_json=as_json)
    for handler in handlers:
        handler.setFormatter(_Foreign(line))
    logging.basicConfig(level=level, handlers=handlers, force=True)
    # Libraries speak up only when something is wrong.
    for library in ("urllib3", "trafilatura", "htmldate", "watchdog", "courlan", "libav", "opentelemetry"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    # It stumbles over itself where folders appear quickly; the scan finds what an event does not tell.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
    repeats = Repeats(line, told_s)
    atexit.register(repeats.end)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.processors.TimeStamper(fmt=STAMP, utc=True),
            structlog.processors.format_exc_info,
            repeats,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _Console(logging.StreamHandler[Any]):
    """Writes to whatever sys.stderr is now: a progress bar puts itself there and draws below the lines."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, _stream: Any) -> None:
        raise AttributeError("the console handler follows sys.stderr")
