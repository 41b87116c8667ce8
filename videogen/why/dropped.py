"""A folder that becomes a video: what it waits for in raw/, and what was taken of it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from videogen import durable
from videogen.errors import MediaError
from videogen.model.intake import INTAKE, WAITS, Intake
from videogen.model.job import DESCRIPTIONS, PAPER
from videogen.scan.place import check_folder, is_of_job
from videogen.spool import Spool
from videogen.why import tasks
from videogen.why.answer import Answer, paper_at, relative, told


def is_dropped(spool: Spool, path: Path) -> bool:
    """Whether a path of raw/ is a folder that becomes a video, or lies in one."""
    inside = path.relative_to(spool.root / "raw")
    is_folder = len(inside.parts) == len(("recipe", "name")) and inside.parts[0] in DESCRIPTIONS
    return bool(inside.parts) and (is_of_job(inside) or (is_folder and path.is_dir() and not path.is_symlink()))


def explain_dropped(spool: Spool, path: Path) -> Answer:
    """Say what a folder in raw/, or the one that a file lies in, waits for. Raises: FileNotFoundError: it is gone."""
    path.lstat()
    recipe, name, *inside = path.relative_to(spool.root / "raw").parts
    folder = spool.root / "raw" / recipe / name
    where = relative(spool.root, folder)
    reasons = _told(spool)
    state, because, remedy, code = "waiting", reasons.get(where, ""), "Put there what is not there yet, or wait.", ""
    if reasons and not because:
        because, remedy = "main comes to it, or comes to it again, at one of its next looks", "Wait."
    if not durable.is_locked(spool.lock_of("main")):
        state, because, remedy = "no-main", "main is not running, so nothing is taken in", "Start it: `videogen main`."
    elif not because:
        wanted = " or ".join(DESCRIPTIONS[recipe])
        because = f"it is taken when {wanted} and all that it names have come and are still"
    with suppress(FileNotFoundError):
        try:
            check_folder(name)
        except MediaError as error:
            state, because, remedy, code = "refusable", f"it will be refused: {error.message}", error.remedy, error.word
    files = sum(len(names) for _, _, names in os.walk(folder))
    return Answer(
        path=relative(spool.root, path),
        room="raw",
        state=state,
        because=f"it is part of {where}, of which: {because}" if inside else because,
        remedy=remedy,
        code=code,
        facts=told({"recipe": recipe, "files": files}),
    )


def _told(spool: Spool) -> dict[str, str]:
    """Give what main told last of such folders, by path; nothing where it does not run."""
    with suppress(OSError, ValueError):
        intake = Intake.model_validate_json(durable.read(spool.nodes / INTAKE))
        more = {"": f"and {intake.folders - WAITS} more"} if intake.folders > WAITS else {}
        return intake.folder_waits | more
    return {}


def is_taken(spool: Spool, path: Path) -> bool:
    """Whether a path of scanned/ is the folder of a job."""
    recipe, *rest = path.relative_to(spool.root / "scanned").parts
    return recipe in DESCRIPTIONS and len(rest) == 1 and (path / PAPER).is_file()


def explain_taken(spool: Spool, path: Path) -> list[Answer]:
    """Say what was taken of a folder, followed by its task."""
    paper: dict[str, Any] = paper_at(path / PAPER) or {}
    where, task_id = relative(spool.root, path), str(paper.get("task_id", ""))
    if not task_id:
        said = f"its paper {PAPER} cannot be read"
        return [Answer(where, "scanned", "damaged", said, "Drop the folder again.")]
    files = paper.get("files", [])
    facts = told(
        {
            "recipe": paper.get("recipe"),
            "dropped_as": paper.get("dropped_as"),
            "description": paper.get("description"),
            "files": len(files) if isinstance(files, list) else None,
            "task": task_id,
        }
    )
    found = tasks.explain(spool, task_id)
    state, said, remedy = "tasked", f"its video is the task {task_id}", ""
    if found:
        said += f", in {', '.join(one.path for one in found)}"
    elif paper.get("is_published"):
        state, said = "gone", f"its task {task_id} was made, and lies in no room any more: someone took it away"
        remedy = "For another video move this folder away from scanned/, and drop it again."
    else:
        state, said, remedy = "waiting", "main died before it made the task", "Start main: it makes it first of all."
    return [Answer(where, "scanned", state, said, remedy, facts=facts), *found]


def named(spool: Spool, name: str) -> list[Path]:
    """Give the folders of a name: in raw/, taken, numbered ones too, and refused; a path is no name."""
    if "/" in name or name in {"", ".", ".."}:
        return []
    found = [spool.root / "raw" / recipe / name for recipe in DESCRIPTIONS]
    for recipe in DESCRIPTIONS:
        shelf = spool.root / "scanned" / recipe
        with suppress(FileNotFoundError):
            found += [shelf / one for one in durable.listing(shelf) if is_numbered(one, name)]
    invalid = spool.root / "trash" / "invalid"
    with suppress(FileNotFoundError):
        refused = [f"{recipe}-{name}" for recipe in DESCRIPTIONS]
        found += [invalid / one for one in durable.listing(invalid) if any(is_numbered(one, its) for its in refused)]
    return [path for path in found if os.path.lexists(path) and not path.name.endswith(".reason.json")]


def is_numbered(found: str, name: str) -> bool:
    """Whether a folder has a name, or the name and a number behind it."""
    base, tilde, number = found.rpartition("~")
    return found == name or (bool(tilde) and base == name and number.isdigit())
