"""The last lines of all logs, each log read from where the last look ended."""

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KEPT = 200
"""So many events are held: more than any screen shows."""
FIRST_BYTES = 16 << 10
"""So much of a log that was there before is read."""
MOST_BYTES = 64 << 10
"""So much of a log is read at a look; what was written before that since the last look is passed over."""
_LINE = re.compile(r'(?P<at>\S{20}) (?P<level>[A-Z]+) \S+ "(?P<message>(?:[^"\\]|\\.)*)"(?P<fields>.*)')
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What could forge or hide a line of a terminal: a log may hold what others wrote."""


@dataclass(frozen=True)
class Event:
    """A line of a log. `at` is its stamp in UTC, `log` the name of its file without its ending."""

    at: str
    level: str
    log: str
    message: str
    fields: str = ""


@dataclass
class _Read:
    """How far a log was read: which file it was, up to where, and what of a line stands there."""

    inode: int
    offset: int
    rest: bytes = b""


class Tail:
    """The logs of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, _Read] = {}
        self._events: list[Event] = []
        self._is_first = True

    def look(self) -> tuple[Event, ...]:
        """Give the last events, the newest last."""
        fresh: list[Event] = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".log"):
                    with suppress(OSError):
                        fresh += self._new_of(entry)
        self._is_first = False
        if fresh:
            # Stable: lines of one second stay in the order in which they were written.
            self._events = sorted([*self._events, *fresh], key=lambda event: event.at)[-KEPT:]
        return tuple(self._events)

    def _new_of(self, entry: os.DirEntry[str]) -> list[Event]:
        found = entry.stat(follow_symlinks=False)
        known = self._read.get(entry.name)
        if known is None or known.inode != found.st_ino or found.st_size < known.offset:
            known = self._read[entry.name] = _Read(found.st_ino, 0)
            # What is there when we come is long; what comes later, as after a rotation, is new from its beginning.
            known.offset = max(0, found.st_size - FIRST_BYTES) if self._is_first else 0
            is_cut = known.offset > 0
        else:
            is_cut = False
        if found.st_size <= known.offset:
            return []
        if found.st_size - known.offset > MOST_BYTES:
            known.offset, known.rest, is_cut = found.st_size - MOST_BYTES, b"", True
        with open(os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            file.seek(known.offset)
            raw = file.read(MOST_BYTES)
        known.offset += len(raw)
        *lines, known.rest = (known.rest + raw).split(b"\n")
        known.rest = known.rest[-MOST_BYTES:]
        events = (event_of(line, entry.name.removesuffix(".log")) for line in lines[is_cut:])
        return [event for event in events if event is not None]


def event_of(raw: bytes, log: str) -> Event | None:
    """Read a line; None for what goes on from the line before it, as the places of an error do."""
    line = raw.decode("utf-8", "replace")
    if line.startswith("{"):
        return _from_json(line, log)
    if (match := _LINE.fullmatch(line)) is None:
        return None
    message = re.sub(r"\\(.)", r"\1", match["message"])
    return Event(match["at"], match["level"], log, _shown(message), _shown(match["fields"].strip()))


def _from_json(line: str, log: str) -> Event | None:
    try:
        found = json.loads(line)
        at, level, message = (str(found.pop(key)) for key in ("time", "level", "message"))
    except (ValueError, LookupError, AttributeError, RecursionError):
        return None
    found.pop("component", None)
    fields = " ".join(f"{name}={value}" for name, value in found.items() if name != "trouble")
    return Event(_shown(at), _shown(level), log, _shown(message), _shown(fields))


def _shown(text: str) -> str:
    return _UNSEEN.sub("\ufffd", text)
