"""The rooms and the protocol of a task: publish, claim, release, finish, discard. The room is the status.

Problem: any process may be killed or put to sleep between any two lines, and several may want the same task. So every
move is one rename, and each rename is something only one can win:
  publish   tasks/.tmp-<id>            -> tasks/<id>                       only now does the task exist
  claim 1   tasks/<id>                 -> processing/.<id>.<node>.<epoch>  the target is mine alone: it exists = I won
  claim 2   processing/.<id>.<node>... -> processing/<id>                  uncontended, after lease.json is written
  upload    the video                  -> processing/<id>/out.<e>/final.mp4
  finish    processing/<id>/out.<e>    -> output/<id>                      `out.<e>` is the commit token
  give back, discard                   see returning.py
The epoch in `out.<e>` is the fence: a late holder's rename finds no such name. Taken up again after a crash, each of
these goes on at the first rename that was not done.
"""

import errno
import fcntl
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import getpid
from pathlib import Path

from videogen import durable
from videogen.errors import Defect, LeaseLost, MissingInput, NoSpace, SetupError, TemporaryError, VideogenError
from videogen.model.manifest import Manifest
from videogen.model.task import Lease, Task, reason_for
from videogen.points import point
from videogen.spool import returning
from videogen.spool.broken import Broken
from videogen.spool.papers import HALF, REAPED, expect_task, read_task, token, visible

ROOMS = ("raw", "scanned", "tasks", "processing", "output", "trash")
INNER = (
    "raw/story",
    "raw/video",
    "raw/frame",
    "raw/music",
    "raw/mix",
    "raw/composition",
    "raw/golden_frame",
    "scanned/story",
    "scanned/video",
    "scanned/frame",
    "scanned/music",
    "scanned/mix",
    "scanned/composition",
    "scanned/golden_frame",
    "trash/invalid",
    "trash/failed",
    "trash/attempts",
    "processing/.nodes",
)
NODE_NAME = re.compile(r"(?!reaped$)[A-Za-z0-9_-]{1,40}")
LOCK_PATIENCE_S = 2.0
"""Someone who asks whether a lock is held holds it for a moment."""


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
        self.nodes = self.processing / ".nodes"
        self._broken = Broken(self.tasks, self.failed)

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

    def prove(self, role: str = "") -> None:
        """Prove by trial renames that all rooms are one filesystem.

        The trial's name is the role's own, and none that a sweep clears away: its next start takes up what was left.

        Raises: SetupError: a room is missing. RoomsApart: a rename between two rooms is a copy.
        """
        self.expect_rooms()
        trial = self.root / ROOMS[0] / f".tmp.trial.{role or getpid()}"
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
        durable.make_folder(self.nodes)
        with self.lock_of(role).open("a+") as file:
            give_up = time.monotonic() + LOCK_PATIENCE_S
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() < give_up:
                        time.sleep(0.05)
                        continue
                    raise SetupError(
                        f"another {role} is already running on {self.root}",
                        remedy="Stop it first, or give this one another --name or --root.",
                    ) from error
            yield

    def lock_of(self, role: str) -> Path:
        """Name the file that the only process of a role holds locked."""
        return self.nodes / f"{role}.lock"

    # -- asking ------------------------------------------------------------------------------------------------------

    def room_of(self, task_id: str) -> str | None:
        """Name the room a task lies in, or None. A task on its way between two rooms is in processing."""
        # One that goes into a room just looked at is found by the second look.
        return self._room_at_a_look(task_id) or self._room_at_a_look(task_id)

    def _room_at_a_look(self, task_id: str) -> str | None:
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

    def clear_broken(self, at: str, names: Iterable[str] | None = None) -> list[tuple[str, VideogenError]]:
        """Move what lies in tasks/ and can never be claimed to trash/failed; give each name and its trouble.

        Only what `names` lists is looked at, where it is given. What the disk does not let us move is said once.
        """
        return self._broken.cleared(at, names)

    def on_their_way(self) -> list[str]:
        """Name the tasks that are claimed, or between two rooms: none of them is lost, and none is done."""
        names = [path.name for path in visible(self.processing)]
        for path in self.processing.iterdir():
            if match := HALF.fullmatch(path.name) or REAPED.fullmatch(path.name):
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
        try:
            point("claim.after_first")
            return self._lease(mine, task_id, node, incarnation)
        except FileNotFoundError:
            if mine.is_dir() or not self.tasks.is_dir():
                raise
            return None  # whoever took us for dead gave it back
        except (VideogenError, OSError):
            with suppress(OSError):
                durable.move(mine, folder)
            raise

    def _lease(self, mine: Path, task_id: str, node: str, incarnation: str) -> Claim:
        """Write whose it is into a claim that is half made, and make it whole."""
        held, task = self.processing / task_id, read_task(mine)
        epoch = token(mine)  # not the one looked up before: another may have held it and given it back in between
        if epoch is None:
            raise MissingInput(f"{task_id} has no token out.<epoch>", remedy="Drop the voice into raw/ again.")
        lease = Lease(
            task_id=task_id, node=node, incarnation=incarnation, epoch=epoch, host=socket.gethostname(), pid=getpid()
        )
        durable.write(mine / "lease.json", lease.to_json())
        point("claim.after_lease")
        durable.move(mine, held)
        point("claim.after_second")
        claim = Claim(task, epoch, held)
        durable.make_inner(claim.scratch)
        return claim

    # -- the three ends of a claim -------------------------------------------------------------------------------------

    def upload(self, claim: Claim, video: Path, sha256: str) -> None:
        """Bring the finished video, byte for byte, to where one rename publishes it; doing it again is fine.

        Raises: LeaseLost: the token was taken away. TemporaryError: what arrived is not what was sent.
        """
        target = claim.out / "final.mp4"
        arriving = claim.out / ".final.mp4"
        try:
            if target.exists() and not video.exists():
                return
            durable.remove(arriving)
            if durable.is_one_filesystem(video, claim.out):
                durable.move(video, target)
                return
            durable.copy(video, arriving)
            point("upload.after_copy")
            if durable.digest(arriving) != sha256:
                raise TemporaryError(
                    f"the upload of {claim.task.task_id} did not arrive whole",
                    remedy="It is sent again.",
                    code="upload",
                )
            durable.move(arriving, target)
        except FileNotFoundError as error:
            raise self._lost(claim) from error
        point("upload.after_rename")

    def finish(self, claim: Claim, manifest: Manifest) -> Path:
        """Publish what lies in the claim's `out` folder, whole and synced; then the claim is gone.

        Raises: LeaseLost: the token was taken away; nothing was published. Defect: the id was published before.
        """
        target = self.output / claim.task.task_id
        try:
            durable.write(claim.out / "manifest.json", manifest.to_json())
            durable.sync_tree(claim.out)
            point("publish.before_rename")
            durable.move(claim.out, target)
        except FileNotFoundError as error:
            if claim.out.is_dir():  # it is output/ that is gone, not the token
                durable.make_folder(self.output)
                return self.finish(claim, manifest)
            raise self._lost(claim) from error
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            raise Defect(f"{target} is there already", remedy="Look at both; nothing was overwritten.") from error
        point("publish.after_rename")
        with suppress(OSError):  # published is published; a sweep clears what is left
            durable.remove_tree(claim.folder)
        return target

    def _lost(self, claim: Claim) -> VideogenError:
        if claim.out.is_dir():
            return TemporaryError("a file of the video is gone", remedy="It is rendered again.", code="vanished")
        return LeaseLost(f"the task {claim.task.task_id} was taken away", remedy="Nothing was published.")

    def release(self, claim: Claim, *, counts: bool, not_before_s: float = 0.0, avoid: str = "") -> None:
        """Give a task back to tasks/ under a new epoch; `counts` says whether this was an attempt.

        `avoid` is a node on which it failed, which leaves it to others for a while.

        Raises: LeaseLost: it was not ours any more.
        """
        avoided = returning.avoiding(claim.task.avoid, avoid)
        self.give_back(claim, returning.Changed(claim.task.attempts + int(counts), not_before_s, avoided))

    def give_back(self, claim: Claim, changed: returning.Changed) -> None:
        """Give a task back to tasks/ under a new epoch, with what is changed about it. Raises: LeaseLost."""
        returning.fence(claim.folder, claim.epoch)
        with self._fenced_again(claim):
            returning.give_back(self.root, claim.folder, claim.epoch, changed)

    def discard(self, claim: Claim, error: VideogenError, *, stage: str, at: str) -> Path:
        """Move a task that cannot become a video to trash/failed with its reason and FFmpeg's words.

        Raises: LeaseLost: it was not ours any more.
        """
        returning.fence(claim.folder, claim.epoch)
        note = reason_for(error, stage=stage, path=f"tasks/{claim.task.task_id}", at=at)
        with self._fenced_again(claim):
            return returning.bury(self.root, claim.folder, claim.epoch, note)

    @staticmethod
    @contextmanager
    def _fenced_again(claim: Claim) -> Iterator[None]:
        """Let the holder try once more where there was no room to say what shall become of the task."""
        try:
            yield
        except (NoSpace, OSError):
            returning.unfence(claim.folder, claim.epoch)
            raise

    def retry(self, task_id: str, changed: returning.Changed = returning.CLEAN) -> None:
        """Bring a failed task back to tasks/ with a clean sheet, and with what is changed about it.

        Raises: MissingInput: it is not in trash/failed, or cannot be tried again. LeaseLost: another retries it.
        """
        try:
            returning.retry(self.root, task_id, changed)
        except FileNotFoundError as error:
            raise MissingInput(
                f"trash/failed/{task_id} is no task that can be tried again",
                remedy="`ls trash/failed` shows what is there; for a task without a token drop the voice again.",
            ) from error
