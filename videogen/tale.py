"""The logs of all processes as one, in order of time, rotated ones too: of one task or of everything, as it grows.

A process that was killed may leave half a line, and its next life goes on behind it: what is whole in there is told. Of
lines in the same second those of one process keep their order, main's come before a node's.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from heapq import merge
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

from videogen import durable
from videogen.logs import LOG_FILE, Line, escaped
from videogen.spool import Spool, visible

LOOK_S = 0.25
"""Whoever follows sees a new line this soon."""
LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "CRITICAL")
_HEAD = re.compile(
    rf"(?P<stamp>\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<level>{'|'.join(LEVELS)}) (?P<component>[\w-]+) "
)
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BODY = re.compile(rf"(?P<message>{_QUOTED})(?P<fields>(?: \w+=(?:[^\s\"=\\]+|{_QUOTED}))*)")
_FIELD = re.compile(rf" (?P<name>\w+)=(?P<value>[^\s\"=\\]+|{_QUOTED})")
_ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|.)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WORDS = {"task", "node", "code", "key", "look", "name"}
"""Fields that are words, even where one is all digits."""


@dataclass(frozen=True)
class Told:
    """One event of a log. `body` is all behind the component, as it was written; `trouble` the lines below it."""

    stamp: str
    level: str
    process: str
    component: str
    body: str
    trouble: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether it was written to its end."""
        return _BODY.fullmatch(self.body) is not None

    @cached_property
    def message(self) -> str:
        """Give its sentence."""
        found = _BODY.match(self.body)
        return _plain(found["message"]) if found else self.body

    @cached_property
    def fields(self) -> dict[str, Any]:
        """Give its fields; a number is a number again."""
        found = _BODY.match(self.body)
        rows = _FIELD.finditer(found["fields"]) if found else ()
        return {row["name"]: _value(row["name"], row["value"]) for row in rows}

    def line(self) -> str:
        """Give it as a line for people: as it was written, with the process's name for the component's."""
        lines = (self.body, *(f"    {line.strip()}" for line in self.trouble))
        return f"{self.stamp} {self.level} {self.process} " + "\n".join(map(escaped, lines))

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        told = {"time": self.stamp, "level": self.level, "process": self.process, "component": self.component}
        return (
            {**told, "message": self.message}
            | self.fields
            | ({"trouble": "\n".join(self.trouble)} if self.trouble else {})
        )


def _plain(quoted: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1][1:], 16)) if len(found[1]) > 1 else found[1], quoted[1:-1])


def _value(name: str, text: str) -> Any:
    if text.startswith('"'):
        return _plain(text)
    if name not in _WORDS and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return {"True": True, "False": False, "None": None}.get(text, text)


class _Reader:
    """Makes events of one process's lines. An event is given once the next line shows that it is whole."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._last: Told | None = None

    def read(self, raw: bytes) -> Iterator[Told]:
        """Take one line; give the event before it, if one began."""
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        told = self._json(text) if text.startswith("{") else None
        if told is None:
            # A line of a traceback is whoever's words, and begins no event.
            starts = [] if text.startswith("    ") else list(_HEAD.finditer(text))
            # Of several in one line all but the last were torn by a kill, or stand in another one's words.
            start = next((one for one in reversed(starts) if one.start() == 0 or _is_event(text[one.end() :])), None)
            if start is None:
                if self._last is not None and text.strip("\0 "):
                    self._last.trouble.append(text.strip("\0"))
                return
            if starts[0].start() == 0 and _BODY.fullmatch(text[starts[0].end() :]):
                start = starts[0]  # whole: what looks like another is quoted in it
            told = Told(start["stamp"], start["level"], self._process, start["component"], text[start.end() :])
        yield from self.end()
        self._last = told

    def end(self) -> Iterator[Told]:
        """Give the event that is held back."""
        last, self._last = self._last, None
        if last is not None:
            yield last

    def _json(self, text: str) -> Told | None:
        try:
            row = json.loads(text)
            event = {"timestamp": row.pop("time"), "event": row.pop("message")}
            level, component = row.pop("level"), row.pop("component")
            trouble = str(row.pop("trouble", "")).splitlines()
            line = Line(component, as_json=False)(None, level, event | row)
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return None
        found = _HEAD.match(line)
        return Told(found["stamp"], level, self._process, component, line[found.end() :], trouble) if found else None


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1


def _is_event(rest: str) -> bool:
    return bool(_BODY.match(rest))


class _Tail:
    """The newest file of one process, read on from where the last reading ended, and over its rotation."""

    def __init__(self, path: Path, process: str) -> None:
        self._path = path
        self._reader = _Reader(process)
        self._file: BinaryIO | None = None
        self._rest = b""

    def open(self, *before: Path) -> None:
        """Hold the first of these files that is there, or the newest: a rotation from here on loses nothing."""
        for path in (*before, self._path):
            if self._file is None:
                with suppress(OSError):
                    self._file = path.open("rb")

    def more(self) -> Iterator[Told]:
        """Give what was written since; a line is given once it is whole."""
        self.open()
        while self._file is not None:
            yield from self._new_lines(self._file)
            if not self._has_rotated(self._file):
                break
            yield from self._new_lines(self._file)  # written after the look, before the rename
            self._go_on(os.fstat(self._file.fileno()).st_ino)
        yield from self._reader.end()

    def _go_on(self, inode: int) -> None:
        """Take the file after the one that was read: of several that were rotated while nobody looked, the next."""
        self.close()
        self._rest = b""
        dated = sorted(path for path in self._path.parent.glob(f"{self._path.name}.*") if LOG_FILE.fullmatch(path.name))
        inodes = [_inode(path) for path in dated]
        later = dated[inodes.index(inode) + 1 :] if inode in inodes else []
        self.open(*later)

    def last(self) -> Iterator[Told]:
        """Give what stands behind the last line's end, if it is whole: a process that was killed ends no line."""
        whole = list(self._reader.read(self._rest)) if self._rest else []
        whole += self._reader.end()
        yield from (one for one in whole if one.is_whole)

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _new_lines(self, file: BinaryIO) -> Iterator[Told]:
        if os.fstat(file.fileno()).st_size < file.tell():
            file.seek(0)  # someone emptied it
        while chunk := file.readline():
            self._rest += chunk
            if self._rest.endswith(b"\n"):
                line, self._rest = self._rest, b""
                yield from self._reader.read(line)

    def _has_rotated(self, file: BinaryIO) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(file.fileno()).st_ino
        except OSError:
            return False  # the next line makes the new one


class Tale:
    """All logs of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tails: dict[str, _Tail] = {}

    def told(self, since: str = "") -> Iterator[Told]:
        """Give every event since a stamp that lies there now, in order of time."""
        try:
            yield from (one for one in self._past(since) if one.stamp >= since)
            yield from (one for tail in self._tails.values() for one in tail.last() if one.stamp >= since)
        finally:
            self._close()

    def followed(self, since: str, stop: Event) -> Iterator[Told]:
        """Give every event since a stamp, and then each as it is written, until `stop` is set."""
        try:
            yield from (one for one in self._past(since) if one.stamp >= since)
            while not stop.wait(LOOK_S):
                for process in self._files():
                    self._tails.setdefault(process, _Tail(self._folder / f"{process}.log", process))
                new = [one for tail in self._tails.values() for one in tail.more()]
                yield from sorted(new, key=lambda one: one.stamp)
        finally:
            self._close()

    def _close(self) -> None:
        for tail in self._tails.values():
            tail.close()

    def ids(self, beginning: str) -> set[str]:
        """Give the ids of tasks that begin so and that some line is about."""
        is_one = re.compile(rb'[" ]task(?:=|": ")(' + re.escape(beginning.encode()) + rb"[\w-]*)")
        paths = (path for files in self._files().values() for path in files)
        return {
            found.decode("utf-8", "replace")
            for path in paths
            for line in _lines(path)
            for found in is_one.findall(line)
        }

    def _files(self) -> dict[str, list[Path]]:
        """Give each process's files, the oldest first and the one that is written last; main's come first."""
        found: dict[str, list[Path]] = {}
        order = {"main": 0, "crawl": 1}
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            names = []
        matches = [match for name in names if (match := LOG_FILE.fullmatch(name))]
        for match in sorted(matches, key=lambda one: (order.get(one["role"], 2), one["role"], one["day"] or "~")):
            found.setdefault(match["role"], []).append(self._folder / match.string)
        return found

    def _past(self, since: str) -> Iterator[Told]:
        ways = []
        files = self._files()
        for process, paths in files.items():
            tail = self._tails[process] = _Tail(self._folder / f"{process}.log", process)
            tail.open()
            old = [path for path in paths if path.suffix != ".log" and _is_of(path, since)]
            ways.append(_one_after_another(process, old, tail))
        yield from merge(*ways, key=lambda one: one.stamp)


def _is_of(path: Path, since: str) -> bool:
    """Whether a file was written to since a stamp; the day in a name is the one on which it began."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.stat().st_mtime + 1)) >= since
    except OSError:
        return False


def _one_after_another(process: str, old: Iterable[Path], tail: _Tail) -> Iterator[Told]:
    reader = _Reader(process)
    for path in old:
        for line in _lines(path):
            yield from reader.read(line)
    yield from reader.end()
    yield from tail.more()


def _lines(path: Path) -> Iterator[bytes]:
    """Give a file's lines; none of one that went while we looked."""
    try:
        with path.open("rb") as file:
            yield from file
    except OSError:
        return


# -- of one task -----------------------------------------------------------------------------------------------------


def ids_in(spool: Spool, beginning: str) -> set[str]:
    """Give the ids of tasks in any room that begin so."""
    rooms = (spool.tasks, spool.processing, spool.output, spool.failed)
    return {path.name for room in rooms for path in visible(room) if path.name.startswith(beginning)}


def about(task_id: str, voice: str = "") -> Callable[[Told], bool]:
    """Give the question whether an event is part of a task's story: it names the task, or the voice it is made of."""
    path = re.compile(re.escape(voice) + r"(?![\w./-]*\w)") if voice else None

    def is_part(one: Told) -> bool:
        is_named = task_id in one.body and (one.fields.get("task") == task_id or task_id in one.message)
        return is_named or bool(path and voice in one.message and path.search(one.message))

    return is_part


def naming(word: str) -> Callable[[Told], bool]:
    """Give the question whether an event has a word, a file's name or a piece of a path, in its sentence or a field."""
    return lambda one: word in one.message or any(word in str(value) for value in one.fields.values())


def voice_of(spool: Spool, task_id: str) -> str:
    """Give the path of the voice a task is made of, as its papers tell; empty where they are gone."""
    for room in (spool.tasks, spool.processing, spool.output, spool.failed):
        for name in ("metadata.json", "manifest.json"):
            try:
                paper = json.loads(durable.read(room / task_id / name))
                return str(paper.get("task", paper)["inputs"]["voice"]["path"])
            except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
                continue
    return ""
