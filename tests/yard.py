"""A spool to be tidied, whose clocks a test moves."""

import os
from pathlib import Path
from uuid import uuid4

from tests.clock import HandClock
from videogen import durable
from videogen.bounds import Bounds, Caps, Tidied
from videogen.calm import Calm
from videogen.errors import MediaError
from videogen.model.task import reason_for
from videogen.spool import Spool
from videogen.trash import Trash

BAD = MediaError("it is no clip", remedy="Export it again.")
NOW_S = 1.8e9
KB = 1000


class Yard:
    """A spool with a tidy hand, and clocks that a test moves: what is put there gets the stamp of their time."""

    def __init__(self, root: Path, caps: Caps | None = None) -> None:
        self.spool = Spool(root)
        self.spool.lay_out()
        self.logs = root / "logs"
        self.logs.mkdir()
        self.wall, self.boot = HandClock(), HandClock()
        self.wall.now = NOW_S
        self.invalid = root / "trash" / "invalid"
        self.use(caps or Caps())

    def use(self, caps: Caps) -> None:
        """Go by these caps from now on."""
        calm = Calm(self.spool.root / "trash" / ".clock.json", self.wall, self.boot)
        self.bounds = Bounds(self.spool, self.logs, caps, calm)

    def pass_(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self.wall.now += seconds
        self.boot.now += seconds

    def live(self, seconds: float) -> Tidied:
        """Let time pass, and tidy up."""
        self.pass_(seconds)
        return self.bounds.tidy()

    def stamped(self, path: Path) -> Path:
        """Say that something was written now."""
        os.utime(path, (self.wall.now, self.wall.now), follow_symlinks=False)
        return path

    def refuse(self, name: str = "x.mp4", size: int = 10) -> Path:
        """Have a file refused that is as old as files from a camera are."""
        dropped = self.spool.root / "raw" / "video" / name
        dropped.write_bytes(b"x" * size)
        os.utime(dropped, (1, 1))
        path = Trash(self.spool.root).refuse(dropped, BAD)
        self.stamped(note_of(path))
        return path

    def fail(self, size: int = 10) -> Path:
        """Have a task in trash/failed."""
        folder = self.spool.failed / str(uuid4())
        (folder / ".fenced.1").mkdir(parents=True)
        (folder / "stderr.log").write_bytes(b"x" * size)
        durable.write(folder / "reason.json", reason_for(BAD, stage="render", path="x", at="now").to_json())
        self.stamped(folder / "reason.json")
        return self.stamped(folder)

    def attempt(self, size: int = 10) -> Path:
        """Have what is left of an attempt."""
        folder = self.spool.attempts / f"{uuid4()}.1"
        folder.mkdir()
        (folder / "stderr.log").write_bytes(b"x" * size)
        return self.stamped(folder)

    def log(self, name: str, size: int = 10) -> Path:
        """Have a log of now."""
        path = self.logs / name
        path.write_bytes(b"x" * size)
        return self.stamped(path)

    def apart(self) -> list[str]:
        """Name what lies in trash/invalid without its reason."""
        names = {path.name for path in self.invalid.iterdir() if not path.name.startswith(".")}
        return [name for name in names if not name.endswith(".reason.json") and f"{name}.reason.json" not in names]


def note_of(path: Path) -> Path:
    """Name the reason beside a file."""
    return path.with_name(f"{path.name}.reason.json")


def size_of(folder: Path) -> int:
    """Add up a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
