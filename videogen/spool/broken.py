"""What lies in tasks/ and can never be claimed: it goes to trash/failed with its reason."""

import errno
import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import structlog

from videogen import durable
from videogen.errors import MissingInput, NoSpace, VideogenError
from videogen.model.task import reason_for
from videogen.spool.papers import expect_task, visible

log = structlog.get_logger()

GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
"""Another took it while we looked: nothing to tell of."""


class Broken:
    """The hand that sets such things aside; it knows what it complained of."""

    def __init__(self, tasks: Path, failed: Path) -> None:
        self._tasks, self._failed = tasks, failed
        self._told: set[str] = set()

    def cleared(self, at: str, names: Iterable[str] | None = None) -> list[tuple[str, VideogenError]]:
        """Set aside what is no task, among `names` where they are given; give each name and its trouble."""
        broken: list[tuple[str, VideogenError]] = []
        for path in visible(self._tasks) if names is None else [self._tasks / name for name in names]:
            try:
                expect_task(path)
            except MissingInput as error:
                if os.path.lexists(path) and self._is_set_aside(path, error, at):  # else another node took it
                    broken.append((path.name, error))
            except OSError as error:
                self._complain(path, error)
        return broken

    def _is_set_aside(self, path: Path, error: VideogenError, at: str) -> bool:
        """Move it with its reason; False: another was quicker, or the disk does not let us now."""
        taken = count(2)
        target = self._failed / path.name
        while os.path.lexists(target):
            target = self._failed / f"{path.name}~{next(taken)}"
        note = reason_for(error, stage="claim", path=f"tasks/{path.name}", at=at)
        is_folder = path.is_dir() and not path.is_symlink()
        # The reason first: a death between the two leaves a note too many, never a thing without one.
        beside = path / "reason.json" if is_folder else target.with_name(f"{target.name}.reason.json")
        try:
            durable.write(beside, note.to_json())
            durable.move(path, target)
        except (OSError, NoSpace) as trouble:
            self._complain(path, trouble)
            return False
        return True

    def _complain(self, path: Path, trouble: Exception) -> None:
        """Say once for each name what keeps us from it: at every look it would fill the log."""
        if path.name in self._told or (isinstance(trouble, OSError) and trouble.errno in GONE):
            return
        self._told.add(path.name)
        remedy = "Give the videogen user the right to read and move it, or take it out of tasks/."
        log.warning(f"Cannot set tasks/{path.name} aside now", because=str(trouble), remedy=remedy)
