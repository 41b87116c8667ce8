"""What earlier videos show, from the papers in the rooms: for those that the library's own record lacks."""

from contextlib import suppress
from pathlib import Path

from videogen import durable
from videogen.catalog import Catalog, Use
from videogen.errors import MissingInput
from videogen.model.manifest import Manifest
from videogen.model.task import Task
from videogen.spool import Spool, read_task, visible


def use_of(task: Task) -> Use:
    """Say what a task shows and plays."""
    shown = dict.fromkeys((task.inputs.music.sha256, *(clip.sha256 for clip in task.inputs.clips)))
    return Use(task_id=task.task_id, category=task.category, shown=tuple(shown))


def recall(spool: Spool, catalog: Catalog) -> int:
    """Count every video in tasks/, processing/ and output/ that was not counted; give how many.

    Only names are compared, so it costs nothing where all were counted. What failed shows nothing to anyone.
    """
    rooms = (spool.output, spool.processing, spool.tasks)
    folders = [path for room in rooms for path in visible(room) if not catalog.has_counted(path.name)]
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
