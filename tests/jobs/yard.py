"""A spool for dropped folders, main's hand for them, and a clock that goes when it is told to."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from PIL import Image

from tests.clock import HandClock
from videogen.catalog import Catalog
from videogen.cutting import Cutting
from videogen.jobs import Jobs, Look, Orders, Patience, Taker
from videogen.jobs.folder import Folder, folders_of
from videogen.probe import Prober
from videogen.scan.arrival import Arrivals
from videogen.spool import Spool

QUIET_S = 5.0
WAIT_S = 60.0
CANVAS = {"width": 64, "height": 36, "fps": "25"}


def still(path: Path, colour: str = "navy") -> Path:
    """Write a small picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 18), colour).save(path)
    return path


def described(*stills: str, frames: int = 10, **more: Any) -> str:
    """Give a description that needs nothing looked into: black for a while, and pictures over it."""
    at = {"start": 0, "end": frames}
    overlays = [{"type": "image", "asset": name, "x": 0, "y": 0, "at": at} for name in stills]
    return json.dumps(
        {"recipe": "timeline", "canvas": CANVAS, "picture": [{"type": "gap", "length": frames}], "overlays": overlays}
        | more
    )


class Yard:
    """One root, with the parts that main would have."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spool = Spool(root)
        self.spool.lay_out()
        self.clock = HandClock()
        self.catalog = Catalog(root)
        self.stop = Event()
        cutting = Cutting(Prober(), lambda: (root, self.catalog))
        self.taker = Taker(self.spool, self.catalog, cutting, Orders(), self.stop)
        self.jobs = Jobs(self.taker, Patience(QUIET_S, WAIT_S), wake=Event(), clock=self.clock)
        self.arrivals = Arrivals(root / "raw", QUIET_S, self.clock)

    def drop(self, where: str, files: Mapping[str, str | bytes]) -> Path:
        """Write a folder into raw/; a name that ends in .png without bytes gets a picture."""
        folder = self.root / "raw" / where
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".png") and not content:
                still(path)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    def composition(self, name: str = "first", **more: Any) -> Path:
        """Drop a folder that is complete."""
        return self.drop(f"composition/{name}", {"composition.json": described("a.png", **more), "a.png": ""})

    def look(self, after_s: float = 0.0) -> Look:
        """Look some time later."""
        self.clock.now += after_s
        return self.jobs.look(self.arrivals.look())

    def settled(self, after_s: float = 2 * QUIET_S) -> Look:
        """Let things become quiet, look until nothing is read or taken, and give what all looks came to."""
        result = self.look()
        self.clock.now += after_s
        for _ in range(4):
            for work in [self.jobs._hand.submit(lambda: None)]:
                work.result()
            now = self.look()
            result = Look(result.decided + now.decided, now.waits, now.is_moving, now.due_s)
        return result

    def folder(self, where: str) -> tuple[Folder, tuple[Any, ...]]:
        """Give a folder of raw/ as a look would find it, quiet, and what its description names."""
        self.arrivals.look()
        self.clock.now += 2 * QUIET_S
        (folder,) = [
            one for one in folders_of(self.root / "raw", self.arrivals.look()) if one.path == self.root / "raw" / where
        ]
        return folder, self.taker.mentions(folder) if folder.descriptions else ()

    def files(self, room: str) -> list[str]:
        """List the files below a room, dot names left out."""
        found = [path.relative_to(self.root / room) for path in (self.root / room).rglob("*") if not path.is_dir()]
        return sorted(str(path) for path in found if not any(part.startswith(".") for part in path.parts))

    def tasks(self) -> list[dict[str, Any]]:
        """Read the papers of the tasks that wait."""
        return [json.loads(path.read_text()) for path in sorted(self.root.glob("tasks/*/metadata.json"))]

    def reason(self, name: str) -> dict[str, Any]:
        """Read why a folder was refused."""
        found: dict[str, Any] = json.loads((self.root / "trash" / "invalid" / f"{name}.reason.json").read_text())
        return found

    def copy_of(self, folder: Path, name: str) -> Path:
        """Keep a copy of a folder, to drop it again."""
        return Path(shutil.copytree(folder, self.root.parent / name, symlinks=True))
