"""What lies in a task's folder: its paper, its links, and the commit token; and how claims on their way are called."""

import re
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from videogen import durable
from videogen.errors import MissingInput
from videogen.model.task import Lease, Task

HALF = re.compile(r"\.(?P<id>[0-9a-f-]{36})\.(?P<node>(?!reaped\.)[A-Za-z0-9_-]+)\.(?P<epoch>\d+)")
"""A claim between its two renames."""
REAPED = re.compile(r"\.(?P<id>[0-9a-f-]{36})\.reaped\.(?P<epoch>\d+)(\.[0-9a-f]+)?")
"""A claim on its way back; the end of its name is another each time, so that no two folders ever have the same."""
PAPERS = ("metadata.json", "video_list.txt", "voice.mp3", "music.mp3", "logo.png")


def visible(room: Path) -> list[Path]:
    """List what anyone may see in a room: no dot names, in order of name."""
    try:
        return [room / name for name in durable.listing(room) if not name.startswith(".")]
    except FileNotFoundError:
        return []


def read_task(folder: Path) -> Task:
    """Read the paper of a task.

    Raises: MissingInput: metadata.json is no task: what is wrong, and at which key. FileNotFoundError: no such folder.
    """
    try:
        return Task.model_validate_json(durable.read(folder / "metadata.json"))
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise
        remedy = "Drop the voice into raw/ again."
        raise MissingInput(f"{folder.name} has no metadata.json", remedy=remedy) from error
    except ValueError as error:
        raise MissingInput(
            f"{folder.name}/metadata.json is not a task ({_said(error)})",
            remedy="Restore it, or move the folder to trash/failed and drop the voice again.",
        ) from error


def _said(error: ValueError) -> str:
    """Say at which key a paper goes wrong first, and why, in one short line; what stands there is not shown."""
    said = str(error)
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        words = first["msg"].removeprefix("Value error, ")
        said = ": ".join(filter(None, (".".join(map(str, first["loc"])), words)))
    return "".join(letter if letter.isprintable() else "�" for letter in said[:200])


def read_lease(folder: Path) -> Lease | None:
    """Read whose claim that is, or was; None where it is no claim."""
    try:
        return Lease.model_validate_json(durable.read(folder / "lease.json"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def copy_papers(source: Path, target: Path) -> None:
    """Bring the links, the list and the logo of a task into a new folder of the same depth."""
    for name in PAPERS[1:]:
        path = source / name
        if path.is_symlink():
            durable.point_at(target / name, str(path.readlink()))
        elif path.is_file():
            durable.copy(path, target / name)


def token(folder: Path, prefix: str = "out.") -> int | None:
    """Find the epoch in the commit token's name, or None where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for name in durable.listing(folder):
            if name.startswith(prefix) and name[len(prefix) :].isdigit():
                return int(name[len(prefix) :])
    return None


def expect_task(folder: Path) -> Task:
    """Read a task that can be claimed.

    Raises: MissingInput: it is no folder, its paper is no task or names another one, or it has no token.
    """
    if not folder.is_dir():
        raise MissingInput(f"{folder.name} is no task", remedy="Only main puts things into tasks/.")
    task = read_task(folder)
    if task.task_id != folder.name:
        raise MissingInput(
            f"the paper in {folder.name} is that of {task.task_id}",
            remedy="Tasks are not copied; drop the voice again.",
        )
    if token(folder) is None:
        raise MissingInput(f"{folder.name} has no token out.<epoch>", remedy="Drop the voice into raw/ again.")
    return task
