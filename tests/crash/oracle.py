"""What a spool promised to those outside: kept outside the tree, and held against it.

For use while nobody runs in the tree: all are dead, or asleep between two calls. Only `of_videos` may look at any time.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from videogen.model.task import ATTEMPTS
from videogen.spool import read_task
from videogen.spool.papers import HALF, REAPED, token

Sight = tuple[int, str]
"""A video as it was first seen: its inode, and the hash of its bytes."""
STANDING = {".nodes", ".reserve"}
"""What lies in processing/ for good."""


@dataclass(frozen=True)
class Token:
    """A commit token, or what became of it: the path from the root, and its epoch."""

    task_id: str
    place: str
    epoch: int


def tokens(root: Path) -> Iterator[Token]:
    """Find every token of a tree; a video counts as one, its manifest tells the epoch."""
    for room in ("tasks", "trash/failed", "processing"):
        for name in sorted(os.listdir(root / room)):
            if (task_id := _owner(room, name)) is not None:
                yield from _inside(root, f"{room}/{name}", task_id)
    for name in sorted(os.listdir(root / "output")):
        if not name.startswith("."):
            yield Token(name, f"output/{name}", _epoch_of(root / "output" / name))


def _owner(room: str, name: str) -> str | None:
    """Give whose a name in a room is; rubbish on its way out must hold no token, so it is looked into as well."""
    if room != "processing":
        return None if name.startswith(".") else name.partition("~")[0]
    if match := HALF.fullmatch(name) or REAPED.fullmatch(name):
        return match["id"]
    return None if name in STANDING else name


def _inside(root: Path, place: str, task_id: str) -> Iterator[Token]:
    folder = root / place
    if not folder.is_dir():
        return
    for name in sorted(os.listdir(folder)):
        word, _, number = name.rpartition(".")
        if word in {"out", ".fenced"} and number.isdigit():
            yield Token(task_id, f"{place}/{name}", int(number))
        elif name.startswith(".next.") and (epoch := token(folder / name)) is not None:
            yield Token(task_id, f"{place}/{name}/out.{epoch}", epoch)


def _epoch_of(video: Path) -> int:
    try:
        return int(json.loads((video / "manifest.json").read_bytes())["epoch"])
    except (OSError, ValueError, KeyError):
        return 0


@dataclass
class Oracle:
    """What was seen of one tree from outside."""

    root: Path
    acknowledged: set[str] = field(default_factory=set)
    """Ids that `publish` said True for."""
    intended: set[str] = field(default_factory=set)
    """Ids that somebody began to publish: they may be there, once."""
    sights: dict[str, Sight] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)

    def violations(self) -> list[str]:
        """Tell what is broken now, in sentences; the tree may be in the middle of anything."""
        found: dict[str, list[Token]] = {}
        for one in tokens(self.root):
            found.setdefault(one.task_id, []).append(one)
        wrong = [f"{task_id} was acknowledged and is lost" for task_id in sorted(self.acknowledged - found.keys())]
        for task_id, here in found.items():
            if len(here) > 1:
                wrong.append(f"{task_id} is there {len(here)} times: {', '.join(one.place for one in here)}")
            if task_id not in self.intended | self.acknowledged:
                wrong.append(f"{here[0].place} is a task that nobody made")
            before = self.epochs.setdefault(task_id, here[0].epoch)
            if here[0].epoch < before:
                wrong.append(f"{here[0].place} fell back from epoch {before}")
            self.epochs[task_id] = here[0].epoch
        return [*wrong, *self.of_videos(), *self._of_papers()]

    def of_videos(self) -> list[str]:
        """Tell what is wrong with what is published: torn, or another than it was. May run beside the living."""
        wrong = []
        for name in sorted(os.listdir(self.root / "output")):
            if name.startswith("."):
                continue
            trouble, sight = _torn(self.root / "output" / name)
            if trouble:
                wrong.append(f"output/{name} is torn: {trouble}")
            elif self.sights.setdefault(name, sight) != sight:
                wrong.append(f"output/{name} is another video than it was")
        gone = self.sights.keys() - set(os.listdir(self.root / "output"))
        return wrong + [f"output/{name} is gone" for name in sorted(gone)]

    def _of_papers(self) -> Iterator[str]:
        for name in os.listdir(self.root / "tasks"):
            folder = self.root / "tasks" / name
            if name.startswith((".", "junk")) or not folder.is_dir():
                continue
            if not (folder / "voice.mp3").is_symlink() or not (folder / "video_list.txt").is_file():
                yield f"tasks/{name} has lost its links"
            elif not 0 <= read_task(folder).attempts < ATTEMPTS:
                yield f"tasks/{name} was tried {read_task(folder).attempts} times and still waits"
        for name in os.listdir(self.root / "trash" / "failed"):
            folder = self.root / "trash" / "failed" / name
            if not name.startswith(".") and folder.is_dir() and not (folder / "reason.json").is_file():
                yield f"trash/failed/{name} has no reason"

    def left_over(self) -> list[str]:
        """Tell what is still on its way though all was recovered and worked off."""
        held = set(os.listdir(self.root / "processing")) - STANDING
        wrong = [f"processing/{name} is left over" for name in sorted(held)]
        wrong += [f"tasks/{name} is stuck" for name in os.listdir(self.root / "tasks") if not name.startswith(".")]
        for room in ("output", "trash/failed", "trash/attempts"):
            wrong += [f"{room}/{name} is left over" for name in os.listdir(self.root / room) if name.startswith(".")]
        # A kept attempt that was being deleted as its deleter died: the bounds take it away at their next look.
        return [line for line in wrong if not line.startswith("trash/attempts/.tmp-")]


def _torn(folder: Path) -> tuple[str, Sight]:
    """Say what a video lacks; empty where it is whole."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        video = (folder / "final.mp4").read_bytes()
    except (OSError, ValueError) as error:
        return str(error), (0, "")
    sha256 = hashlib.sha256(video).hexdigest()
    if (manifest["sha256"], manifest["size_bytes"]) != (sha256, len(video)):
        return "the bytes are not those of the manifest", (0, "")
    if manifest["task"]["task_id"] != folder.name:
        return "it is the video of another task", (0, "")
    return "", (folder.stat().st_ino, sha256)
