"""Brings a task's files near before its render begins, while another renders: linked on one disk, copied from afar."""

import os
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Lock
from typing import Literal

from videogen import durable
from videogen.errors import Stopped
from videogen.model.task import Input
from videogen.points import point
from videogen.render.inputs import TaskFiles, changed

Way = Literal["auto", "link", "copy"]


def way_of(wanted: Way, root: Path, scratch: Path) -> Way:
    """Choose how files come near: linked where scratch and tree are one local filesystem, else copied."""
    if wanted != "auto":
        return wanted
    is_near = durable.is_one_filesystem(root, scratch) and not durable.is_remote(root)
    return "link" if is_near else "copy"


class NearFiles:
    """A task's files by their content: those that came near, and the others where they lie.

    Every file's bytes are proven by their hash before anything reads them.
    """

    def __init__(self, far: TaskFiles, folder: Path, way: Way, halt: Event) -> None:
        self._far = far
        self._folder = folder
        self._way = way
        self._halt = halt
        self._near: dict[str, Path] = {}
        self._lock = Lock()

    def bring(self, contents: Iterable[str]) -> int:
        """Bring files near, and prove them; give how many bytes were copied.

        Raises: MissingInput: a file is gone, or is not what the task was made of. NoSpace. Stopped. FileNotFoundError:
        the folder it should lie in is gone, as when the task was taken away.
        """
        durable.make_inner(self._folder)
        copied = 0
        for content in contents:
            self._go_on()
            point("download.before_file")
            copied += self._bring(content)
        return copied

    def _bring(self, content: str) -> int:
        given, far = self._far.where(content)
        try:
            return self._brought(content, given, far)
        except FileNotFoundError:
            self._far.prove(given, far)  # it may be our own folder that is gone
            raise

    def _brought(self, content: str, given: Input, far: Path) -> int:
        near = self._folder / f"{content[:32]}{far.suffix}"
        if self._way == "link":
            if durable.link(far.resolve(), near):
                self._far.prove(given, near)
                self._note(content, near)
            else:
                self._far.path(content)  # no links here: it is read where it lies
            return 0
        durable.remove(near)
        copied = durable.copy(far.resolve(), near, self._go_on)
        if copied.sha256 != given.sha256:
            raise changed(given)
        self._note(content, near)
        return copied.size_bytes

    def _go_on(self) -> None:
        if self._halt.is_set():
            raise Stopped("the download was stopped", remedy="The task went back and is taken up again.")

    def _note(self, content: str, near: Path) -> None:
        with self._lock:
            self._near[content] = near

    def path(self, content: str) -> Path:
        """Give the file with that content. Raises: MissingInput: as `bring`."""
        with self._lock:
            near = self._near.get(content)
        return near if near is not None and near.exists() else self._far.path(content)


def read_ahead(files: Iterable[Path]) -> None:
    """Ask the system to read files that will be wanted soon; where it cannot be asked, they are read later."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in files:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)
