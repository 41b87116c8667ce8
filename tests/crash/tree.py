"""A tree to break: a spool, what was promised of it, the lives lived in it, and how it is worked off at the end."""

import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.crash.lives import BROKEN, Life, Place
from tests.crash.oracle import Oracle
from videogen.fsck import examine
from videogen.spool import Spool, visible

NAMES = ("n1", "n2", "n3", "n4")


def memory() -> Path:
    """Name a folder in memory, where there is one: a kill is the same there, and thousands take less time."""
    return next((path for path in (Path("/dev/shm"),) if os.access(path, os.W_OK)), Path(tempfile.gettempdir()))


def forked(life: Callable[[], object], said: Path) -> int:
    """Start a child that lives, and leaves word in a file if it could not; the harness itself never goes on in it."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        with said.open("w") as words:
            sys.stdout = sys.stderr = words
            try:
                life()
                status = 0
            except BaseException:
                words.write(traceback.format_exc())
    finally:
        os._exit(status)


def second_opinion(spool: Spool) -> list[str]:
    """Tell what the product's own check of a spool finds wrong."""
    return [f"fsck: {one.path}: {one.message}" for one in examine(spool, quick=False) if one.severity == "error"]


class Tree:
    """A spool under `folder`; `far` is on another filesystem, if it can, and has the promises made about the spool."""

    def __init__(self, folder: Path, far: Path, name: str = "tree") -> None:
        self.place = Place(folder / name, far, far / f"{name}.promises")
        self.oracle = Oracle(self.place.root)
        self.spool = Spool(self.place.root)
        self.spool.lay_out()

    def life(self, name: str, seed: int) -> Life:
        """Give a new life of a node."""
        return Life(self.place, name, Random(seed))  # noqa: S311  # a run must be repeatable

    def troubles(self) -> list[str]:
        """Tell which promise is broken; the tree may be in the middle of anything, but nobody may run."""
        if self.place.promises.exists():
            for line in self.place.promises.read_text().splitlines():
                word, _, task_id = line.partition(" ")
                getattr(self.oracle, word).add(task_id)
        return self.oracle.violations()

    def worked_off(self) -> list[str]:
        """Recover all and end what waits; tell what is broken then, or left over."""
        for name in NAMES:
            self.life(name, 0).recover()
        self.life("main", 0).sweep()  # a hand has no paper: what it held as it died comes back after a lease
        self.spool.clear_broken("now")
        if wrong := [f"after recovery: {line}" for line in self.troubles()]:
            return wrong
        for folder in visible(self.spool.tasks):
            claim = self.spool.claim(folder.name, "n9", "i9")
            if claim is None:
                wrong.append(f"tasks/{folder.name} cannot be claimed")
            else:
                self.spool.discard(claim, BROKEN, stage="render", at="now")
        wrong += (*self.troubles(), *self.oracle.left_over(), *second_opinion(self.spool))
        return [f"at the end: {line}" for line in wrong]

    def remove(self) -> None:
        """Take it all away."""
        self.place.promises.unlink(missing_ok=True)
        shutil.rmtree(self.place.root)
