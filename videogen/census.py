"""What lies where: the rooms counted, the nodes, what waits with its reason, and this machine. Only looks.

A node's age, like a thing's in a room, is its file's time stamp against this machine's clock: good enough for people.
Who acts on a silent node watches the counter in its paper by a clock of its own.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from videogen import durable
from videogen.metrics import Meter, Row
from videogen.model.intake import INTAKE, Intake
from videogen.model.node import Figures, NodePaper, Seen
from videogen.segments import Segments
from videogen.series import ROWS
from videogen.spool import Spool, drain_of, papers_in, visible

if TYPE_CHECKING:
    from videogen.assemble import Waiting

AGES = (("0-5", 300.0), ("5-10", 600.0), ("10-20", 1200.0), ("20-40", 2400.0), ("40-80", 4800.0), ("80-160", 9600.0))
OLDEST = "160-"
"""Minutes, each stretch twice the one before: a queue that drains looks another way than one that stands."""
NEWEST = 1000
"""So many papers are read at most, the newest first: what waits for its time was given back a short while ago."""
STEP_S = 2.0
"""A wall clock that moves this far against the boot clock between two looks was set, not disciplined."""


@dataclass(frozen=True)
class Room:
    """One room. Units: seconds since the oldest thing in it was last changed; None where it is empty.

    Shape: `ages` counts the things by minutes since their last change; every stretch is named, and they add up.
    """

    name: str
    count: int
    oldest_s: float | None
    ages: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, ages_s: Iterable[float]) -> "Room":
        """Count things by their ages, one after the other: there may be a million."""
        ages = {label: 0 for label, _ in AGES} | {OLDEST: 0}
        count, oldest_s = 0, 0.0
        for age_s in ages_s:
            ages[next((label for label, end in AGES if age_s < end), OLDEST)] += 1
            count, oldest_s = count + 1, max(oldest_s, age_s)
        return cls(name, count, round(oldest_s, 1) if count else None, ages)


@dataclass(frozen=True)
class Census:
    """The whole spool at one moment. Shape: `figures` are those of the live nodes, taken together."""

    root: str
    rooms: tuple[Room, ...]
    library: dict[str, int]
    waiting: "tuple[Waiting, ...]"
    nodes: tuple[Seen, ...] = ()
    intake: Intake | None = None
    """What main told last of raw/; None where no main runs."""

    @property
    def figures(self) -> Figures:
        """Give what the live nodes did in the last hour, added up."""
        return Figures.together(tuple(seen.paper.figures for seen in self.nodes if seen.is_live))

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        return {
            "root": self.root,
            "rooms": [asdict(room) for room in self.rooms],
            "library": self.library,
            "waiting": [asdict(row) for row in self.waiting],
            "nodes": [node_as_dict(seen) for seen in self.nodes],
            "intake": self.intake.model_dump(mode="json") if self.intake else None,
            "figures": self.figures.model_dump(),
        }


def node_as_dict(seen: Seen) -> dict[str, Any]:
    """Give a node's paper as plain data for JSON, with what is seen from here."""
    derived = {
        "beat_age_s": round(seen.age_s, 1),
        "is_silent": seen.is_silent,
        "percent": seen.percent,
        "is_asked_to_drain": seen.is_asked_to_drain,
    }
    return seen.paper.model_dump(mode="json") | {"state": seen.state, "trouble": seen.trouble} | derived


def take(spool: Spool, library: dict[str, int], waiting: "Iterable[Waiting]") -> Census:
    """Count every room now, and read the papers of the nodes."""
    return Census(str(spool.root), rooms(spool), library, tuple(waiting), nodes(spool), intake(spool))


def intake(spool: Spool) -> Intake | None:
    """Read what the main that runs now told of raw/."""
    if not durable.is_locked(spool.lock_of("main")):
        return None
    try:
        return Intake.model_validate_json(durable.read(spool.nodes / INTAKE))
    except (OSError, ValueError):
        return None


# -- rooms -----------------------------------------------------------------------------------------------------------


def rooms(spool: Spool) -> tuple[Room, ...]:
    """Count every room now, in the order of a voice's way."""
    paths: dict[str, Iterable[str | Path]] = {
        "raw": _files(spool.root / "raw"),
        "scanned": _files(spool.root / "scanned", endings=(".mp4", ".mp3", ".txt")),
        "tasks": visible(spool.tasks),
        "processing": visible(spool.processing),
        "output": visible(spool.output),
        "trash/invalid": _refused(spool),
        "trash/failed": visible(spool.failed),
    }
    return tuple(Room.of(name, _ages_s(found)) for name, found in paths.items())


def _ages_s(paths: Iterable[str | Path]) -> Iterator[float]:
    now = time.time()
    for path in paths:
        with suppress(FileNotFoundError):  # it went on while we counted
            yield max(0.0, now - os.lstat(path).st_mtime)


def _refused(spool: Spool) -> list[Path]:
    """Give, for every refused file, what tells since when it lies there: a file keeps the time its owner gave it."""
    things = visible(spool.root / "trash" / "invalid")
    notes = {path.name: path for path in things if path.name.endswith(".reason.json")}
    return [notes.get(f"{path.name}.reason.json", path) for path in things if path.name not in notes]


def _files(folder: str | Path, endings: tuple[str, ...] = (), depth: int = 0) -> Iterator[str]:
    """Give the files below a folder that count, in no order; no more than the names of its folders are held."""
    from videogen.scan.arrival import DEEPEST, is_ignored  # noqa: PLC0415 -- a node has no need of what listens to raw/

    folders = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_ignored(entry.name, is_folder=is_folder):
                    continue
                if is_folder and depth < DEEPEST:
                    folders.append(entry.path)
                elif not is_folder and entry.name.endswith(endings or ""):
                    yield entry.path
    except OSError:
        return  # it went while we looked, or may not be looked into
    for inner in folders:
        yield from _files(inner, endings, depth + 1)


def measure(spool: Spool, store: Segments) -> dict[str, float]:
    """Measure what only a walk can tell, under the names of the meter's gauges: disk, trash, store, tasks not due."""
    segments, segment_bytes = store.total()
    return {
        **disk(spool.root),
        **trash(spool),
        "poison": float(sum(_read(path / "reason.json").get("code") == "poison" for path in _newest(spool.failed))),
        "not_due": float(sum(_is_put_off(path) for path in _newest(spool.tasks))),
        "cache_entries": float(segments),
        "cache_bytes": float(segment_bytes),
    }


def trash(spool: Spool) -> dict[str, float]:
    """Measure what lies in the rooms of trash/, under the names of the meter's gauges. Units: bytes, seconds."""
    rooms = ("invalid", "failed", "attempts")
    walks = (os.walk(spool.root / "trash" / name) for name in rooms)
    files = [Path(where, name) for walk in walks for where, _, names in walk for name in names]
    things = [path for name in ("failed", "attempts") for path in visible(spool.root / "trash" / name)]
    return {
        "trash_bytes": float(sum(_size(path) for path in files)),
        "trash_oldest_s": max(_ages_s([*things, *_refused(spool)]), default=0.0),
    }


def _newest(room: Path) -> list[Path]:
    stamped = []
    for path in visible(room):
        with suppress(FileNotFoundError):
            stamped.append((path.lstat().st_mtime_ns, path))
    return [path for _, path in nlargest(NEWEST, stamped)]


def _is_put_off(folder: Path) -> bool:
    delay_s = _read(folder / "metadata.json").get("not_before_s")
    return isinstance(delay_s, int | float) and any(age_s < delay_s for age_s in _ages_s([folder]))


def _read(path: Path) -> Mapping[str, Any]:
    """Give a paper's keys; none where it cannot be read, which is for others to judge."""
    try:
        found = json.loads(durable.read(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.lstat().st_size
    return 0


class Ledger:
    """Every task that was ever seen on its way must be in a room, now and later: the count of those that are not."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._on_its_way: set[str] = set()
        self._missing: set[str] = set()

    def look(self) -> int:
        """Give the count of tasks that are in no room any more; one that is found again is none of them.

        A video that was taken out of output/ before a look found it there is counted too.
        """
        before, spool = self._on_its_way | self._missing, self._spool
        self._on_its_way = {path.name for path in visible(spool.tasks)} | set(spool.on_their_way())
        # A task may go back while we look: only one that two looks in a row find nowhere is missing.
        gone = [name for name in before - self._on_its_way if spool.room_of(name) is None]
        self._missing = {name for name in gone if spool.room_of(name) is None}
        return len(self._missing)


# -- nodes -----------------------------------------------------------------------------------------------------------


def nodes(spool: Spool) -> tuple[Seen, ...]:
    """Read every node's paper, in order of name; one that cannot be read is there with the trouble."""
    return tuple(seen for path in papers_in(spool.nodes) for seen in _seen(path))


def _seen(path: Path) -> Iterator[Seen]:
    try:
        (age_s,) = _ages_s([path])
        is_asked = drain_of(path.parent, path.stem).exists()
        yield Seen(NodePaper.model_validate_json(durable.read(path)), age_s, is_asked_to_drain=is_asked)
    except OSError:
        return
    except ValueError as error:
        yield Seen(NodePaper(node=path.stem), 0.0, trouble=" ".join(str(error).split())[:200])


@dataclass(frozen=True)
class Trouble:
    """Something about a node that a person should know."""

    node: str
    code: str
    message: str
    remedy: str


def troubles(seen: Iterable[Seen], low_disk_bytes: float) -> Iterator[Trouble]:
    """Tell of nodes that are silent, late or short of disk, and of papers that cannot be read."""
    for one in seen:
        name, paper, age_s = one.paper.node, one.paper, round(one.age_s)
        if one.trouble:
            yield Trouble(name, "unreadable", f"the paper of {name} cannot be read", "Remove it; it writes another.")
        elif one.is_silent:
            said = f"the node {name} on {paper.host} has been silent for {age_s} s"
            yield Trouble(name, "silent", said, "See whether it runs; its tasks go to other nodes.")
        elif one.is_late:
            said = f"the node {name} on {paper.host} is late: its last beat is {age_s} s old"
            yield Trouble(name, "slow", said, "Look at its load and its disk.")
        if one.is_live and paper.disk_total and paper.disk_free < low_disk_bytes:
            said = f"the node {name} on {paper.host} has {paper.disk_free / 1e9:.1f} GB of disk left"
            yield Trouble(name, "low-disk", said, "Free space there, or empty trash/.")


def rows(counted: Iterable[Room], seen: Iterable[Seen]) -> Iterator[Row]:
    """Give rooms and nodes as rows of a scraper's text."""

    def row(name: str, labels: Mapping[str, str], value: float) -> Row:
        return Row(name, ROWS[name].about, labels, value)

    for room in counted:
        for minutes, count in room.ages.items():
            yield row("room_things", {"room": room.name, "minutes": minutes}, count)
        yield row("room_oldest_seconds", {"room": room.name}, room.oldest_s or 0.0)
    for one in seen:
        name, paper = {"name": one.paper.node}, one.paper
        yield row("node_beat_age_seconds", name, one.age_s)
        facts = {"host": paper.host, "encoder": paper.encoder, "version": paper.version, "state": one.state}
        yield row("node_info", name | facts, 1.0)
        if not one.trouble:
            yield row("node_disk_free_bytes", name, paper.disk_free)


# -- this machine ----------------------------------------------------------------------------------------------------


def disk(root: Path) -> dict[str, float]:
    """Measure the filesystem of a folder, under the names of the meter's gauges. Units: bytes, inodes."""
    found = os.statvfs(root)
    return {
        "disk_free": float(found.f_bavail * found.f_frsize),
        "disk_total": float(found.f_blocks * found.f_frsize),
        "inodes_free": float(found.f_favail),
        "inodes_total": float(found.f_files),
    }


def memory() -> dict[str, float]:
    """Measure what this process and all that it started hold, under the name of the meter's gauge. Units: bytes."""
    total = 0
    mine = psutil.Process()
    for process in (mine, *mine.children(recursive=True)):
        with suppress(psutil.Error):  # it ended meanwhile
            total += process.memory_info().rss
    return {"memory": float(total)}


def machine(root: Path) -> dict[str, Any]:
    """Measure this machine, under the names of a node's paper."""
    found = disk(root)
    return {
        "disk_free": int(found["disk_free"]),
        "disk_total": int(found["disk_total"]),
        "load1": round(psutil.getloadavg()[0], 2),
        "cpus": psutil.cpu_count() or 0,
        "memory_mb": psutil.virtual_memory().available >> 20,
    }


Clock = Callable[[], float]


class Drift:
    """A watch on the wall clock, by a clock that nobody sets and that also runs while the machine sleeps."""

    def __init__(self, meter: Meter, wall: Clock = time.time, boot: Clock = durable.boot_s) -> None:
        self._meter, self._wall, self._boot = meter, wall, boot
        self._first = self._last = wall() - boot()

    def look(self) -> float:
        """Tell the meter of the drift, and of a step if there was one; give the seconds since the last look."""
        now = self._wall() - self._boot()
        step, self._last = now - self._last, now
        self._meter.gauge({"clock_drift_s": now - self._first})
        if abs(step) > STEP_S:
            self._meter.count("clock_step")
        return step


def kept(folder: Path) -> dict[str, dict[str, float]]:
    """Read what every role wrote last for a scraper: by file, the value of each series."""
    found = {}
    for path in sorted(folder.glob("metrics-*.prom")):
        with suppress(FileNotFoundError):
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
            found[path.name] = {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}
    return found
