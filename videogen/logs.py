"""Log lines: one event, one line, UTF-8 whatever the locale.

2025-11-10T18:03:44Z INFO main_worker "message" key=value
"""

import json
import logging
import re
import sys
import warnings
from logging.handlers import TimedRotatingFileHandler
from math import inf
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from videogen.model.value import readable

_PLAIN = re.compile(r"[^\s\"=\\\x00-\x1f\x7f\ud800-\udfff]+")
# Line ends and direction marks of other scripts can forge or hide a line in a terminal.
_HIDING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _escaped(text: str) -> str:
    text = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text)  # half a character is none, and no byte either
    return _HIDING.sub(lambda found: f"\\u{ord(found.group(0)):04x}", readable(text))


def _quoted(text: str) -> str:
    return '"' + _escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _field(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = str(value)
    return text if _PLAIN.fullmatch(text) and not _HIDING.search(text) else _quoted(text)


class Line:
    """Turn an event into one line of text."""

    def __init__(self, component: str, *, as_json: bool) -> None:
        self._component = component
        self._as_json = as_json

    def __call__(self, _logger: WrappedLogger, method: str, event: EventDict) -> str:
        """Render: time, level, component, message, fields in the order they were given."""
        stamp, message = event.pop("timestamp"), str(event.pop("event"))
        level = {"WARNING": "WARN", "EXCEPTION": "ERROR"}.get(method.upper(), method.upper())
        trouble = event.pop("exception", None)
        component = str(event.pop("component", self._component))
        if self._as_json:
            # JSON has no word for what is infinite or no number.
            is_number = {name: isinstance(value, int | float) and abs(value) < inf for name, value in event.items()}
            fields = {name: value if is_number[name] else str(value) for name, value in event.items()}
            line = {"time": stamp, "level": level, "component": component, "message": message, **fields}
            if trouble:
                line["trouble"] = trouble
            return json.dumps(line, ensure_ascii=True)
        fields_text = "".join(f" {name}={_field(value)}" for name, value in event.items())
        return f"{stamp} {level} {component} {_quoted(message)}{fields_text}" + "".join(
            f"\n    {_escaped(told)}" for told in (trouble or "").splitlines()
        )


def start(
    component: str, file: Path | None, *, as_json: bool = False, keep_days: int = 14, console: bool = True
) -> None:
    """Send this process's log to the console and to `file`, which only this process writes; rotated at midnight UTC."""
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
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
    # Libraries speak up only when something is wrong.
    for library in ("urllib3", "trafilatura", "htmldate", "watchdog", "courlan", "libav"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    # It stumbles over itself where folders appear quickly; the scan finds what an event does not tell.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            structlog.processors.format_exc_info,
            Line(component, as_json=as_json),
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
