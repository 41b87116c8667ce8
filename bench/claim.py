"""Claims of waiting tasks: each had exactly once, how many a second, and whether a claim is dearer where many wait.

`python -m bench.claim`. Real claims, with all their syncs, out of real rooms on the disk of the temporary folder. One
task is published as main does it; the others are made by hand, equal but for their ids and unsynced one by one, since
publishing is not what is measured.
"""

import logging
import os
import shutil
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import fmean, quantiles
from threading import Event
from uuid import uuid4

import psutil

from bench import row
from bench.media import Media
from videogen.model.task import Input, Inputs, Lease, Render, Task
from videogen.spool import Spool
from videogen.spool.announcing import announced
from videogen.spool.queue import REST, Queue

FORK = get_context("fork")
CLIPS = 10
HANDS = 16
"""Threads that make and remove folders: on some disks each waits its millisecond, and so they wait side by side."""


@dataclass(frozen=True)
class Form:
    """How many processes empty a room of how many tasks; then how many tasks wait in two rooms, and claims in each."""

    processes: int
    tasks: int
    few: int
    many: int
    claims: int


FORMS = {
    "full": Form(8, 20_000, 100, 100_000, 300),
    "short": Form(8, 2_000, 100, 10_000, 100),
    "tiny": Form(2, 40, 10, 100, 10),
}


@dataclass
class Shift:
    """What one process did: the ids it has, seconds of each claim, claims lost to others; when it began and ended."""

    ids: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    index_s: float = 0.0
    began: float = 0.0
    ended: float = 0.0


# -- rooms -------------------------------------------------------------------------------------------------------------


def paper() -> Task:
    """Write the paper of a story of ten clips; no file that it names need be there, since nothing is rendered."""
    names = [f"scanned/video/bench/mp4_w1920_h1080/10.0_clip_{nth}.mp4" for nth in range(CLIPS)]
    clips = [{"path": name, "sha256": "c" * 64, "in_frame": 0, "out_frame": 300} for name in names]
    voice = Input(path="scanned/story/bench/story/voice/chapter_0001.mp3", sha256="a" * 64)
    music = Input(path="scanned/music/bench/mp3/97.4_music.mp3", sha256="b" * 64)
    return Task(
        task_id=str(uuid4()),
        category="bench",
        story_name="story",
        voice_duration=100.0,
        video_files=tuple(f"../../{name}" for name in names),
        render=Render(resolution="3840x2160", frame_rate=30, logo=None),
        seed=7,
        frames=300 * CLIPS,
        inputs=Inputs.model_validate({"voice": voice, "music": music, "clips": clips}),
    )


def fill(folder: Path) -> None:
    """Put into a task what lies beside its paper."""
    for name in ("voice.mp3", "music.mp3"):
        os.symlink(f"../../scanned/{name}", folder / name)
    (folder / "video_list.txt").write_text("ffconcat version 1.0\n")


def put(spool: Spool, task: Task) -> None:
    """Put a task equal to this one, under an id of its own, into tasks/ by hand."""
    task_id = str(uuid4())
    building = spool.tasks / f".tmp-{task_id}"
    building.mkdir()
    (building / "metadata.json").write_text(task.to_json().replace(task.task_id, task_id))
    fill(building)
    (building / "out.1").mkdir()
    building.rename(spool.tasks / task_id)


def room(root: Path, waiting: int) -> tuple[Spool, Task]:
    """Lay out a spool in which so many tasks wait; give it, and the one that was published."""
    spool, task = Spool(root), paper()
    spool.lay_out()
    spool.publish(task, fill)
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(lambda _: put(spool, task), range(waiting - 1)))
    os.sync()
    return spool, task


def clear(spool: Spool) -> None:
    """Remove what waits and what was claimed."""
    with ThreadPoolExecutor(HANDS) as hands:
        for inner in (spool.tasks, spool.processing):
            list(hands.map(shutil.rmtree, inner.iterdir()))


# -- claims ------------------------------------------------------------------------------------------------------------


def claimed(spool: Spool, queue: Queue, node: str, shift: Shift) -> bool:
    """Claim what comes first, as a node does it, and take down how long it took; False: nothing waits any more."""
    began = time.perf_counter()
    queue.look()
    for entry in queue.candidates():
        claim = spool.claim(entry.task_id, node, "bench")
        queue.gone(entry.task_id)
        if claim is not None:
            shift.seconds.append(time.perf_counter() - began)
            shift.ids.append(entry.task_id)
            return True
        shift.lost += 1
    return False


def indexed(queue: Queue) -> float:
    """Build the index and give the seconds."""
    began = time.perf_counter()
    queue.look()
    return time.perf_counter() - began


def work(root: Path, node: str, ready: Barrier) -> Iterator[Shift]:
    """Claim until nothing waits, from the moment when all are ready."""
    shift, spool, queue = Shift(), Spool(root), Queue(root / "tasks", node=node)
    with announced(queue, Event()):
        shift.index_s = indexed(queue)
        ready.wait()
        shift.began = time.monotonic()
        while claimed(spool, queue, node, shift):
            pass
        shift.ended = time.monotonic()
    yield shift


def emptied(root: Path, processes: int) -> dict[str, Shift]:
    """Have so many processes empty the room; give what each did by its name."""
    ready, told = FORK.Barrier(processes), FORK.SimpleQueue()

    def life(node: str) -> None:
        for shift in work(root, node, ready):
            told.put((node, shift))

    lives = [FORK.Process(target=life, args=(f"n{nth}",)) for nth in range(processes)]
    for one in lives:
        one.start()
    shifts = dict(told.get() for _ in lives)
    for one in lives:
        one.join()
    return shifts


def holder(spool: Spool, task_id: str) -> str:
    """Say who holds a claimed task by its lease; nobody: an empty name."""
    path = spool.processing / task_id / "lease.json"
    return Lease.model_validate_json(path.read_bytes()).node if path.is_file() else ""


def held_mb(spool: Spool) -> float:
    """Give the memory that an index of a room holds. Units: MB."""
    tracemalloc.start()
    queue = Queue(spool.tasks, node="n")
    queue.look()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / 1e6


# -- what is measured --------------------------------------------------------------------------------------------------


def percentile(seconds: list[float], percent: int) -> float:
    """Give the time that so many in a hundred took at most."""
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]


def together(table: row.Row, form: Form, folder: Path) -> None:
    """Many processes at one room."""
    spool, _ = room(folder, form.tasks)
    shifts = emptied(folder, form.processes)
    times = Counter(task_id for shift in shifts.values() for task_id in shift.ids)
    held = sum(holder(spool, task_id) == node for node, shift in shifts.items() for task_id in shift.ids)
    seconds = [one for shift in shifts.values() for one in shift.seconds]
    whole_s = max(shift.ended for shift in shifts.values()) - min(shift.began for shift in shifts.values())
    what = f"{form.processes} processes"
    table.bar(f"{what}: tasks had exactly once", sum(n == 1 for n in times.values()), "tasks", "at least", form.tasks)
    table.bar(f"{what}: leases that name whoever had it", held, "tasks", "at least", form.tasks)
    table.bar(f"{what}: tasks left", len(list(spool.tasks.iterdir())), "tasks", "at most", 0)
    clear(spool)
    table.figure(f"{what}: claims per second", len(seconds) / whole_s, "1/s")
    table.figure(f"{what}: a claim, median", percentile(seconds, 50) * 1000, "ms")
    table.figure(f"{what}: a claim, 99 % at most", percentile(seconds, 99) * 1000, "ms")
    table.figure(f"{what}: a claim, longest", max(seconds) * 1000, "ms")
    table.figure(f"{what}: lost to another, per claim", sum(s.lost for s in shifts.values()) / len(seconds), "")
    table.figure(f"{what}: fewest and most by one, ratio", _spread(shifts), "x")
    table.figure(f"{what}: each builds its index in, longest", max(s.index_s for s in shifts.values()), "s")


def _spread(shifts: dict[str, Shift]) -> float:
    counts = [len(shift.ids) for shift in shifts.values()]
    return max(counts) / max(1, min(counts))


def alone(table: row.Row, form: Form, folder: Path) -> None:
    """One process at two rooms by turns, each refilled after every claim, so that both always hold as many."""
    rooms = {waiting: room(folder / str(waiting), waiting) for waiting in (form.few, form.many)}
    queues = {waiting: Queue(spool.tasks, node="n") for waiting, (spool, _) in rooms.items()}
    for waiting, queue in queues.items():
        table.figure(f"index of {waiting} tasks built in", indexed(queue), "s")
    table.figure(f"index of {form.few} tasks", held_mb(rooms[form.few][0]) * 1000, "KB")
    table.figure(f"index of {form.many} tasks", held_mb(rooms[form.many][0]), "MB")
    shifts = {waiting: Shift() for waiting in rooms}
    with announced(queues[form.few], Event()), announced(queues[form.many], Event()):
        for _ in range(form.claims):
            for waiting, (spool, task) in rooms.items():
                claimed(spool, queues[waiting], "n", shifts[waiting])
                put(spool, task)
    for waiting, shift in shifts.items():
        table.figure(f"a claim where {waiting} wait, median", percentile(shift.seconds, 50) * 1000, "ms")
        table.figure(f"a claim where {waiting} wait, mean", fmean(shift.seconds) * 1000, "ms")
        table.figure(f"a claim where {waiting} wait, 99 % at most", percentile(shift.seconds, 99) * 1000, "ms")
    for spool, _ in rooms.values():
        clear(spool)
    ratio = fmean(shifts[form.many].seconds) / fmean(shifts[form.few].seconds)
    table.bar(f"mean claim where {form.many} wait / {form.few}", ratio, "x", "at most", 1.5)


def filesystem(folder: Path) -> str:
    """Name the kind of filesystem a folder lies on."""
    mounts = [part for part in psutil.disk_partitions(all=True) if folder.is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "a filesystem"


def measure(table: row.Row, form: Form, _: Media, folder: Path) -> None:
    """Empty one room by many; then claim from a small and a large one by turns."""
    table.describe(
        f"{form.processes} processes at {form.tasks} tasks; {form.claims} claims at {form.few} and {form.many}"
    )
    table.note(
        f"On {filesystem(folder)}, every claim synced. An index is built from files just written, out of memory."
    )
    table.note(f"Events are on. A mean holds its share of listings, which rest {REST} times as long as one took.")
    together(table, form, folder / "together")
    alone(table, form, folder / "alone")


if __name__ == "__main__":
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # as in a node: it has words about being stopped
    sys.exit(row.program("claim", FORMS, measure))
