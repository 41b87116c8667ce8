"""What was made, day by day: `scanned/.history.jsonl`, a line for each video and each failure, added when it is seen.

The lines are made of the manifests in output/ and of the reasons in trash/, and made anew when the file is gone. But a
line stays when its video is taken out of output/, or its failure goes from trash/: what was made was made. Two who look
at the same time may add the same line; it counts once.

A day is one of UTC. A video counts on the day it came into output/, a failure on the day it came into trash/.

The seconds saved are reckoned: frames that were shown and not encoded, times what a frame took to encode in videos of
the same size and encoder. That speed comes from the videos that encoded at least a tenth of their frames; those that
encoded but a bridge tell how long an FFmpeg takes to start. Where no video tells it, nothing is claimed.
"""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from heapq import nlargest
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from videogen import durable
from videogen.errors import NoSpace
from videogen.model.timebase import parse_rate
from videogen.model.value import readable
from videogen.spool import Spool

FILE = ".history.jsonl"
NOTE = ".reason.json"
TOLD_SHARE = 0.1
"""A video that encoded this share of its frames tells how long a frame takes."""
ENCODES = ("encode-", "bridge-")
DAY_S = 86400
Kind = Literal["video", "failed", "refused"]
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Line:
    """One video, or one failure. Units: seconds; `at` since 1970; `encode_s` of all encoders added up.

    `pool` says what a frame's price goes by: encoder and size. `code` is a failure's.
    """

    what: Kind
    name: str
    at: int
    code: str = ""
    message: str = ""
    seconds: float = 0.0
    frames: int = 0
    frames_encoded: int = 0
    encode_s: float = 0.0
    segments: int = 0
    segments_reused: int = 0
    pool: str = ""

    @property
    def key(self) -> int:
        """Give what two lines of the same thing have in common; a task that failed twice is two things."""
        return _key(self.what, self.name, self.at)

    @property
    def place(self) -> str:
        """Name where it came to lie, from the root."""
        return {"video": "output", "failed": "trash/failed", "refused": "trash/invalid"}[self.what] + f"/{self.name}"

    @property
    def frames_saved(self) -> int:
        """Give how many frames were shown and not encoded; whole clips are encoded, so it may be none."""
        return max(0, self.frames - self.frames_encoded)

    def to_line(self) -> bytes:
        """Give it as it stands in the file; what has its default is left out."""
        words = {name: value for name, value in asdict(self).items() if value or name in {"what", "name", "at"}}
        return (json.dumps(words, separators=(",", ":")) + "\n").encode()

    @classmethod
    def from_line(cls, raw: bytes) -> "Line | None":
        """Read it; None for what is no line of ours, as one that was cut short."""
        try:
            words = json.loads(raw)
            line = cls(**words)
            sound = line.what in get_args(Kind) and isinstance(line.name, str) and isinstance(line.at, int)
            return line if sound and all(isinstance(getattr(line, name), int | float) for name in _NUMBERS) else None
        except (ValueError, TypeError, RecursionError):
            return None


def _key(what: Kind, name: str, at: int) -> int:
    return hash((what, name, 0 if what == "video" else at))


_NUMBERS = ("seconds", "frames", "frames_encoded", "encode_s", "segments", "segments_reused")


# -- the record ------------------------------------------------------------------------------------------------------


class History:
    """The record, and what of it was read. For one thread."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._path = spool.root / "scanned" / FILE
        self._inode = self._offset = 0
        self._known: set[int] = set()
        self._stamps: tuple[int, ...] = ()
        self._is_settled = False

    def look(self, most: int | None = None) -> int:
        """Add what came since the last look to the record, `most` at a time; give how many lines that were.

        Raises: NoSpace, OSError: the record cannot be written.
        """
        for _ in self.lines():
            pass
        fresh = self._fresh(most)
        self._add(fresh)
        return len(fresh)

    def whole(self, tell: Tell = lambda _done, _all: None) -> list[Line]:
        """Give every line there is, in no order, with what came since the last look; `tell` hears of papers read.

        What is new is added to the record, but whoever may not write there still learns it all. To be called once.
        """
        lines = list(self.lines())
        fresh = self._fresh(None, tell)
        with suppress(OSError, NoSpace):
            self._add(fresh)
        return lines + fresh

    def _add(self, fresh: list[Line]) -> None:
        if fresh:
            durable.append(self._path, b"".join(line.to_line() for line in fresh))
            self._known.update(line.key for line in fresh)

    def _fresh(self, most: int | None, tell: Tell = lambda _done, _all: None) -> list[Line]:
        """Make lines of the papers that the record does not have."""
        stamps = tuple(_stamp(room) for room in (self._spool.output, self._spool.failed, self._invalid))
        # A folder may change twice within one tick of its clock: only what two looks found alike is left alone.
        if stamps == self._stamps and self._is_settled:
            return []
        new = [thing for thing in self._things() if thing.key not in self._known]
        chosen = new if most is None else new[:most]
        is_all = len(chosen) == len(new)
        self._is_settled, self._stamps = is_all and stamps == self._stamps, stamps
        fresh = []
        for nth, thing in enumerate(chosen):
            tell(nth, len(chosen))
            if (line := thing.read()) is not None:
                fresh.append(line)
        return fresh

    def lines(self) -> Iterator[Line]:
        """Give what was added to the record since it was last read, from its beginning when it is another file."""
        try:
            with self._path.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._inode or found.st_size < self._offset:
                    self._begin_anew(found.st_ino)
                file.seek(self._offset)
                for raw in file:
                    if not raw.endswith(b"\n"):
                        return  # it is being written; the next look has it whole
                    self._offset += len(raw)
                    if (line := Line.from_line(raw)) is not None and line.key not in self._known:
                        self._known.add(line.key)
                        yield line
        except OSError:  # it is not there, or not for us
            self._begin_anew(0)

    def _begin_anew(self, inode: int) -> None:
        self._inode, self._offset, self._is_settled = inode, 0, False
        self._known.clear()

    @property
    def _invalid(self) -> Path:
        return self._spool.root / "trash" / "invalid"

    def _things(self) -> Iterator["_Thing"]:
        for name in _names(self._spool.output):
            yield _Thing("video", name, self._spool.output / name / "manifest.json", 0)
        for name in _names(self._spool.failed):
            yield from _noted("failed", name, self._spool.failed / name / "reason.json")
        for name in _names(self._invalid):
            if name.endswith(NOTE):
                yield from _noted("refused", name.removesuffix(NOTE), self._invalid / name)


class _Thing(NamedTuple):
    """A paper that a line is made of, before it is read."""

    what: Kind
    name: str
    paper: Path
    at: int

    @property
    def key(self) -> int:
        return _key(self.what, readable(self.name), self.at)

    def read(self) -> Line | None:
        try:
            found = json.loads(durable.read(self.paper))
            at = self.at or int(self.paper.lstat().st_mtime)
            if self.what == "video":
                return video_line(readable(self.name), at, found)
            code, message = str(found["code"])[:80], str(found["message"])[:200]
            return Line(self.what, readable(self.name), at, code, message)
        except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None  # no paper of ours, or not there yet: `fsck` judges it


def video_line(name: str, at: int, manifest: Mapping[str, Any]) -> Line:
    """Give the line of a manifest, of whatever version. Raises: ValueError, TypeError, LookupError: it is none."""
    task, became = manifest["task"], list(manifest.get("segments", {}).values())
    steps = {str(step): float(took_s) for step, took_s in manifest["steps"].items()}
    return Line(
        "video",
        name,
        at,
        seconds=_length_s(task, manifest),
        frames=int(manifest["frames"]),
        frames_encoded=int(manifest.get("frames_encoded", 0)),
        encode_s=round(sum(took_s for step, took_s in steps.items() if step.startswith(ENCODES)), 3),
        segments=len(became),
        segments_reused=became.count("reused"),
        pool=f"{manifest['encoder']} {task['render']['resolution']}",
    )


def _length_s(task: Mapping[str, Any], manifest: Mapping[str, Any]) -> float:
    """Give how long a video is: as its voice, or, where it has none, by its frames."""
    if spoken_s := float(task["voice_duration"]):
        return round(spoken_s, 3)
    return round(float(Fraction(int(manifest["frames"])) / parse_rate(str(task["render"]["frame_rate"]))), 3)


def _noted(what: Kind, name: str, note: Path) -> Iterator[_Thing]:
    with suppress(OSError):
        yield _Thing(what, name, note, int(note.lstat().st_mtime))


def _names(room: Path) -> Iterator[str]:
    with suppress(OSError), os.scandir(room) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                yield entry.name


def _stamp(room: Path) -> int:
    with suppress(OSError):
        return room.stat().st_mtime_ns
    return 0


# -- the days --------------------------------------------------------------------------------------------------------


@dataclass
class Day:
    """What was made in one day, or in any stretch of time.

    Units: `start` since 1970; `video_s` of finished video, `encode_s` of all encoders added up; `saved_s` as it is
        reckoned, None where no video tells what a frame takes. All in seconds.
    """

    name: str
    start: int
    videos: int = 0
    video_s: float = 0.0
    frames: int = 0
    frames_encoded: int = 0
    frames_saved: int = 0
    segments: int = 0
    segments_reused: int = 0
    encode_s: float = 0.0
    saved_s: float | None = None
    failures: dict[str, int] = field(default_factory=dict)

    @property
    def reused(self) -> float | None:
        """Give the share of the segments that the store had; None: none was wanted."""
        return self.segments_reused / self.segments if self.segments else None

    def add(self, line: Line, prices: Mapping[str, float]) -> None:
        """Count one line."""
        if line.what != "video":
            self.failures[line.code] = self.failures.get(line.code, 0) + 1
            return
        self.videos += 1
        self.video_s += line.seconds
        self.frames += line.frames
        self.frames_encoded += line.frames_encoded
        self.frames_saved += line.frames_saved
        self.segments += line.segments
        self.segments_reused += line.segments_reused
        self.encode_s += line.encode_s
        if (price := prices.get(line.pool)) is not None:
            self.saved_s = (self.saved_s or 0.0) + line.frames_saved * price

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        rounded = {name: round(getattr(self, name), 3) for name in ("video_s", "encode_s")}
        saved = None if self.saved_s is None else round(self.saved_s, 3)
        most_first = dict(sorted(self.failures.items(), key=lambda one: (-one[1], one[0])))
        return asdict(self) | rounded | {"saved_s": saved, "reused": self.reused, "failures": most_first}


def prices(lines: Iterable[Line]) -> dict[str, float]:
    """Give what a frame takes to encode, by encoder and size. Units: seconds of one encoder."""
    took_s: dict[str, float] = defaultdict(float)
    frames: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.frames_encoded and line.frames_encoded >= TOLD_SHARE * line.frames:
            took_s[line.pool] += line.encode_s
            frames[line.pool] += line.frames_encoded
    return {pool: took_s[pool] / count for pool, count in frames.items()}


def days(lines: Iterable[Line], count: int, now: float) -> list[Day]:
    """Give the last days, today the last; a day on which nothing was made is there too."""
    known = list(lines)
    each_s = prices(known)
    today = int(now) // DAY_S
    table = {day: Day(_date(day), day * DAY_S) for day in range(today - count + 1, today + 1)}
    for line in known:
        if (day := table.get(line.at // DAY_S)) is not None:
            day.add(line, each_s)
    return list(table.values())


def since(lines: Iterable[Line], start: float, name: str) -> Day:
    """Give all that was made from a moment on, as one stretch."""
    known = list(lines)
    each_s, found = prices(known), Day(name, int(start))
    for line in known:
        if line.at >= start:
            found.add(line, each_s)
    return found


def failures(spool: Spool, lines: Iterable[Line], most: int) -> list[Line]:
    """Give the last failures that still lie in trash/, the newest first."""
    found = nlargest(8 * most, (line for line in lines if line.what != "video"), key=lambda line: line.at)
    return [line for line in found if os.path.lexists(spool.root / line.place)][:most]


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_S, UTC).strftime("%Y-%m-%d")
