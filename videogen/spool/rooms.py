"""The rooms and the protocol of a task: publish, claim, release, finish, discard. The room is the status.

Problem: any process may be killed between any two lines, and several may want the same task. So every move is one
rename, and each rename is something only one can win:
  publish   tasks/.tmp-<id>            -> tasks/<id>                       only now does the task exist
  claim 1   tasks/<id>                 -> processing/.<id>.<node>.<epoch>  the target is mine alone: it exists = I won
  claim 2   processing/.<id>.<node>... -> processing/<id>                  uncontended, after lease.json is written
  finish    processing/<id>/out.<e>    -> output/<id>                      `out.<e>` is the commit token
  give back 1 out.<e> -> .fenced.<e>   2 processing/<id> -> processing/.<id>.reaped.<e>
            3 the emptied .fenced.<e> -> .next/out.<e+1>   4 .next -> tasks/<id>   5 the old claim -> trash/attempts/
  discard   out.<e> -> .fenced.<e>, reason.json written, processing/<id> -> trash/failed/<id>
The epoch in `out.<e>` is the fence: a late holder's rename finds no such name. Taken up again after a crash, each of
these goes on at the first rename that was not done.
"""

import errno
import fcntl
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from os import getpid
from pathlib import Path

from videogen import durable
from videogen.errors import Defect, LeaseLost, MissingInput, NoSpace, SetupError, VideogenError
from videogen.model.task import Lease, Manifest, Task, reason_for
from videogen.spool import returning
from videogen.spool.papers import expect_task, read_task, token, visible

ROOMS = ("raw", "scanned", "tasks", "processing", "output", "trash")
INNER = (
    "raw/story",
    "raw/video",
    "raw/frame",
    "raw/music",
    "scanned/story",
    "scanned/video",
    "scanned/frame",
    "scanned/music",
    "trash/invalid",
    "trash/failed",
    "trash/attempts",
    "processing/.nodes",
)
NODE_NAME = re.compile(r"(?!reaped$)[A-Za-z0-9_-]{1,40}")
_MINE = re.compile(r"\.(?P<id>[0-9a-f-]{36})\.(?P<node>[A-Za-z0-9_-]+)\.(?P<epoch>\d+)")
_REAPED = re.compile(r"\.(?P<id>[0-9a-f-]{36})\.reaped\.(?P<epoch>\d+)")


@dataclass(frozen=True)
class Claim:
    """A task that is ours: everything we write lies under a name with its epoch."""

    task: Task
    epoch: int
    folder: Path

    @property
    def out(self) -> Path:
        """The folder that becomes output/<id>, by one rename."""
        return self.folder / f"out.{self.epoch}"

    @property
    def scratch(self) -> Path:
        """Where steps write; gone with the claim."""
        return self.folder / f".scratch.{self.epoch}"

    @property
    def pins(self) -> Path:
        """Hard links to the segments in use: no eviction reaches them."""
        return self.folder / f".pins.{self.epoch}"

    @property
    def log(self) -> Path:
        """What FFmpeg said."""
        return self.folder / "stderr.log"


class Spool:
    """The six rooms under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tasks = root / "tasks"
        self.processing = root / "processing"
        self.output = root / "output"
        self.failed = root / "trash" / "failed"
        self.attempts = root / "trash" / "attempts"

    def lay_out(self) -> None:
        """Make every room that is missing; what is there stays as it is."""
        for name in (*ROOMS, *INNER):
            durable.make_folder(self.root / name)

    def expect_rooms(self) -> None:
        """Prove that a spool was laid out here. Raises: SetupError: a room is missing."""
        for name in ROOMS:
            if not (self.root / name).is_dir():
                raise SetupError(
                    f"{self.root} is no spool: it has no {name}/", remedy=f"Run `videogen --root {self.root} init`."
                )

    def prove(self) -> None:
        """Prove by trial renames that all rooms are one filesystem.

        Raises: SetupError: a room is missing. RoomsApart: a rename between two rooms is a copy.
        """
        self.expect_rooms()
        trial = durable.temporary_in(self.root / ROOMS[0])
        durable.make_folder(trial)
        inner = [name for name in INNER if (self.root / name).is_dir()]
        for name in (*ROOMS[1:], *inner):
            moved = self.root / name / trial.name
            try:
                durable.move(trial, moved)
            except VideogenError:
                durable.remove_tree(trial)
                raise
            trial = moved
        durable.remove_tree(trial)

    @contextmanager
    def holding(self, role: str) -> Iterator[None]:
        """Be the only process of this role on this root, until the block ends or the process dies.

        Raises: SetupError: another one is running.
        """
        durable.make_folder(self.processing / ".nodes")
        path = self.processing / ".nodes" / f"{role}.lock"
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SetupError(
                    f"another {role} is already running on {self.root}",
                    remedy="Stop it first, or give this one another --name or --root.",
                ) from error
            yield

    # -- asking ------------------------------------------------------------------------------------------------------

    def room_of(self, task_id: str) -> str | None:
        """Name the room a task lies in, or None. A task on its way between two rooms is in processing."""
        for room, path in (
            ("output", self.output / task_id),
            ("tasks", self.tasks / task_id),
            ("processing", self.processing / task_id),
            ("trash", self.failed / task_id),
        ):
            if path.is_dir():
                return room
        return "processing" if any(self.processing.glob(f".{task_id}.*")) else None

    def waiting(self) -> list[Task]:
        """Give the tasks in tasks/, the most urgent first, then the oldest; what is no task is left out."""
        found = []
        for folder in visible(self.tasks):
            with suppress(FileNotFoundError, NotADirectoryError, MissingInput):
                task = expect_task(folder)
                found.append((-task.priority, folder.stat().st_mtime_ns, task))
        return [task for *_, task in sorted(found, key=lambda row: row[:2])]

    def clear_broken(self, at: str) -> list[tuple[str, VideogenError]]:
        """Move what lies in tasks/ and can never be claimed to trash/failed; give each name and its trouble."""
        broken: list[tuple[str, VideogenError]] = []
        for path in visible(self.tasks):
            try:
                expect_task(path)
            except MissingInput as error:
                if os.path.lexists(path):  # else another node took it while we looked
                    self._set_aside(path, error, at)
                    broken.append((path.name, error))
            except OSError:
                continue
        return broken

    def _set_aside(self, path: Path, error: VideogenError, at: str) -> None:
        taken = count(2)
        target = self.failed / path.name
        while os.path.lexists(target):
            target = self.failed / f"{path.name}~{next(taken)}"
        note = reason_for(error, stage="claim", path=f"tasks/{path.name}", at=at)
        durable.move(path, target)
        beside = target / "reason.json" if target.is_dir() else target.with_name(f"{target.name}.reason.json")
        durable.write(beside, note.to_json())

    def on_their_way(self) -> list[str]:
        """Name the tasks that are claimed, or between two rooms: none of them is lost, and none is done."""
        names = [path.name for path in visible(self.processing)]
        for path in self.processing.iterdir():
            if match := _MINE.fullmatch(path.name) or _REAPED.fullmatch(path.name):
                names.append(match["id"])
        return sorted(set(names))

    # -- publish and claim -------------------------------------------------------------------------------------------

    def publish(self, task: Task, fill: Callable[[Path], None]) -> bool:
        """Bring a task into being: when this returns True it survives a power cut, and a node may take it.

        `fill` puts the links, the list and the logo into the folder it is given. False: the id is in a room already.
        """
        if self.room_of(task.task_id) is not None:
            return False
        building = self.tasks / f".tmp-{task.task_id}"
        durable.remove_tree(building)
        durable.make_folder(building)
        durable.write(building / "metadata.json", task.to_json())
        fill(building)
        durable.make_folder(building / "out.1")
        durable.sync_tree(building)
        durable.move(building, self.tasks / task.task_id)
        return True

    def claim(self, task_id: str, node: str, incarnation: str) -> Claim | None:
        """Take a task from tasks/: of all that try, exactly one gets it. None: another was quicker."""
        folder = self.tasks / task_id
        epoch = token(folder)
        if epoch is None:
            return None
        mine = self.processing / f".{task_id}.{node}.{epoch}"
        try:
            durable.move(folder, mine)
        except OSError:
            # NFS may answer an error for a rename that was done; only my own name is proof.
            if not mine.is_dir():
                return None
        task = read_task(mine)
        lease = Lease(
            task_id=task_id,
            node=node,
            incarnation=incarnation,
            epoch=epoch,
            host=socket.gethostname(),
            pid=getpid(),
        )
        try:
            durable.write(mine / "lease.json", lease.to_json())
        except NoSpace:
            durable.move(mine, folder)
            raise
        held = self.processing / task_id
        durable.move(mine, held)
        claim = Claim(task, epoch, held)
        durable.make_folder(claim.scratch)
        return claim

    # -- the three ends of a claim -------------------------------------------------------------------------------------

    def finish(self, claim: Claim, manifest: Manifest, video: Path | None = None) -> Path:
        """Publish what lies in the claim's `out` folder, whole and synced; then the claim is gone.

        `video`, where given, becomes final.mp4 there first.

        Raises: LeaseLost: the token was taken away; nothing was published. Defect: the id was published before.
        """
        target = self.output / claim.task.task_id
        try:
            if video is not None and video.exists():
                durable.move(video, claim.out / "final.mp4")
            durable.write(claim.out / "manifest.json", manifest.to_json())
            durable.sync_tree(claim.out)
            durable.move(claim.out, target)
        except FileNotFoundError as error:
            if claim.out.is_dir():  # it is output/ that is gone, not the token
                durable.make_folder(self.output)
                return self.finish(claim, manifest, video)
            raise LeaseLost(f"the task {claim.task.task_id} was taken away", remedy="Nothing was published.") from error
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            raise Defect(f"{target} is there already", remedy="Look at both; nothing was overwritten.") from error
        durable.remove_tree(claim.folder)
        return target

    def release(self, claim: Claim, *, counts: bool, not_before_s: float = 0.0) -> None:
        """Give a task back to tasks/ under a new epoch; `counts` says whether this was an attempt.

        Raises: LeaseLost: it was not ours any more.
        """
        returning.fence(claim.folder, claim.epoch)
        changed = returning.Changed(claim.task.attempts + int(counts), not_before_s)
        returning.give_back(self.root, claim.folder, claim.epoch, changed)

    def discard(self, claim: Claim, error: VideogenError, *, stage: str, at: str) -> Path:
        """Move a task that cannot become a video to trash/failed with its reason and FFmpeg's words.

        Raises: LeaseLost: it was not ours any more.
        """
        returning.fence(claim.folder, claim.epoch)
        note = reason_for(error, stage=stage, path=f"tasks/{claim.task.task_id}", at=at)
        if not claim.log.exists():
            durable.write(claim.log, f"FFmpeg was not started.\n{error}\n")
        durable.write(claim.folder / "reason.json", note.to_json())
        return returning.bury(self.root, claim.folder, claim.epoch)

    # -- after a crash -------------------------------------------------------------------------------------------------

    def recover(self, node: str, incarnation: str, at: str = "") -> list[str]:
        """Finish what earlier lives of this node left half done; give the ids that went back to tasks/.

        Only for the node itself, while it holds its own lock: an older incarnation is dead.
        """
        back = []
        for folder in sorted(self.processing.iterdir()):
            if folder.name.startswith(".tmp-"):
                durable.remove_tree(folder)  # a claim that was being cleared away
            elif (match := _MINE.fullmatch(folder.name)) and match["node"] == node:
                durable.remove(folder / "lease.json")
                durable.move(folder, self.tasks / match["id"])
                back.append(match["id"])
            elif not self._is_dead(folder, node, incarnation):
                continue
            elif match := _REAPED.fullmatch(folder.name):
                returning.republish(self.root, folder, match["id"], int(match["epoch"]))
                back.append(match["id"])
            elif returning.recover_claim(self.root, folder, at):
                back.append(folder.name)
        return back

    def _is_dead(self, folder: Path, node: str, incarnation: str) -> bool:
        try:
            lease = Lease.model_validate_json((folder / "lease.json").read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False  # not a claim of this protocol; not ours to judge
        return lease.node == node and lease.incarnation != incarnation
