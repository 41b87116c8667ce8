"""What earlier videos show, from the papers in the rooms: for those that the library's own record lacks."""

import time
from contextlib import suppress
from pathlib import Path

from videogen import durable
from videogen.catalog import Catalog, Use
from videogen.errors import MissingInput
from videogen.model.manifest import Manifest
from videogen.model.task import Task
from videogen.spool import Spool, read_task, visible

YOUNG_NS = 2_000_000_000


def use_of(task: Task) -> Use:
    """Say what a task shows and plays."""
    inputs = task.inputs
    music = [inputs.music.sha256] if inputs.music else []
    layer = [one.sha256 for one in task.choice.frame.drawn] if task.choice and task.choice.frame else []
    shown = dict.fromkeys((*music, *(clip.sha256 for clip in inputs.clips), *layer))
    heard = [one.sha256 for one in (inputs.voice, *inputs.others, inputs.logo) if one]
    besides = tuple(one for one in dict.fromkeys(heard) if one not in shown)
    return Use(task_id=task.task_id, category=task.category, shown=tuple(shown), besides=besides)


class Rooms:
    """tasks/, processing/ and output/, and which names in them were looked at before."""

    def __init__(self, spool: Spool) -> None:
        self._seen: dict[Path, tuple[int, frozenset[str]]] = {
            room: (-1, frozenset()) for room in (spool.output, spool.processing, spool.tasks)
        }

    def new(self) -> list[Path]:
        """Give the folders that came since the last look; a room whose time stamp is the same is not read again."""
        found = []
        for room, (stamp_ns, names) in self._seen.items():
            with suppress(FileNotFoundError):
                now_ns = room.stat().st_mtime_ns
                if now_ns != stamp_ns:
                    folders = visible(room)
                    found += [path for path in folders if path.name not in names]
                    # What comes within one tick of the disk's clock has one stamp: a young one says too little.
                    is_old = time.time_ns() - now_ns > YOUNG_NS
                    self._seen[room] = now_ns if is_old else -1, frozenset(path.name for path in folders)
        return found


def recall(rooms: Rooms, catalog: Catalog) -> int:
    """Count every video that came into the rooms since the last look and was not counted; give how many.

    Only names are compared, so it costs nothing where all were counted. What failed shows nothing to anyone.
    """
    folders = [path for path in rooms.new() if not catalog.has_counted(path.name)]
    return sum(_count(catalog, paper_in(folder)) for folder in folders)


def recall_one(spool: Spool, catalog: Catalog, task_id: str) -> None:
    """Count one video, wherever its paper is, if it was not counted."""
    if not catalog.has_counted(task_id):
        paper = paper_of(spool, task_id)
        if paper is not None:
            _count(catalog, paper)


def paper_of(spool: Spool, task_id: str) -> Task | None:
    """Find the paper of a task in any room, or None."""
    for _ in range(2):  # one that moves on while we look is found by the second look
        for room in (spool.tasks, spool.processing, spool.output, spool.failed):
            paper = paper_in(room / task_id)
            if paper is not None:
                return paper
    return None


def paper_in(folder: Path) -> Task | None:
    """Read the paper in a task's folder, or in a video's; None where there is none that can be read."""
    with suppress(OSError, ValueError, MissingInput):
        if (folder / "manifest.json").is_file():
            return Manifest.model_validate_json(durable.read(folder / "manifest.json")).task
        return read_task(folder)
    return None


def _count(catalog: Catalog, paper: Task | None) -> bool:
    if paper is None or catalog.has_counted(paper.task_id):
        return False
    catalog.note_use(use_of(paper))
    return True
