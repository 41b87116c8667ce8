"""A random life of a node, step by step as the dice fall, in a process that may be killed between any two lines."""

import hashlib
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

from tests import papers
from tests.test_segments import note_of
from tests.test_spool import fill
from videogen import durable
from videogen.errors import Defect, LeaseLost, MediaError, MissingInput, TemporaryError, VideogenError
from videogen.model.manifest import Manifest
from videogen.model.node import NodePaper
from videogen.model.segment import Name
from videogen.segments import Segments
from videogen.spool import Claim, Heart, Identity, Spool, Sweeper, cancelling, visible
from videogen.trash import Trash

BROKEN = MediaError("the clip is broken", remedy="Replace it.", code="decode-error")
LEASE_S = 60.0


@dataclass(frozen=True)
class Place:
    """Where a life is lived: the spool, a folder on another filesystem, and where promises are written down."""

    root: Path
    far: Path
    promises: Path


class Life:
    """One life of a node. Errors of the disk are met as a node meets them; a Defect is nobody's right."""

    def __init__(self, place: Place, name: str, dice: Random) -> None:
        self.place = place
        self.name = name
        self.dice = dice
        self.incarnation = uuid4().hex
        self.met: list[BaseException] = []
        """What went wrong on the way, and was lived with."""
        self.spool = Spool(place.root)
        self._heart = Heart(
            self.spool.nodes,
            self._paper,
            heartbeat_s=LEASE_S / 6,
            lease_s=LEASE_S,
            on_fence=lambda: None,
        )

    def _paper(self) -> NodePaper:
        return NodePaper(
            node=self.name,
            incarnation=self.incarnation,
            host=socket.gethostname(),
            boot_id=durable.boot_id(),
            pid=os.getpid(),
            lease_s=LEASE_S,
        )

    def live(self, steps: int) -> None:
        """Start as a node does, then do so many things."""
        self.live_through(self.dice.choices(list(VERBS), list(VERBS.values()), k=steps))

    def live_through(self, verbs: "Sequence[Verb]") -> None:
        """Start as a node does, then do these things in turn; where the disk does not let it start, it ends."""
        with suppress(OSError, TemporaryError), self.spool.holding(f"node-{self.name}"):
            for verb in (Life.beat, Life.recover, *verbs, Life.beat):
                self._tried(verb)

    def _tried(self, verb: "Verb") -> None:
        try:
            verb(self)
        except (LeaseLost, MissingInput, TemporaryError, OSError) as error:
            self.met.append(error)  # said in the log by a real one; what is left is a sweep's

    def recover(self) -> None:
        """Take back what is held by nobody, this node's former lives first."""
        Sweeper(self.spool, Identity(self.name, self.incarnation), lease_s=LEASE_S).look("now")

    # -- what a life is made of ----------------------------------------------------------------------------------------

    def publish(self) -> None:
        """Make a task, and tell those outside."""
        task = papers.task(str(UUID(int=self.dice.getrandbits(128), version=4)), priority=self.dice.randint(1, 9))
        self._tell("intended", task.task_id)
        if self.spool.publish(task, fill):
            self._tell("acknowledged", task.task_id)

    def _tell(self, word: str, task_id: str) -> None:
        with self.place.promises.open("a") as promises:
            promises.write(f"{word} {task_id}\n")

    def _claim(self) -> Claim | None:
        waiting = [path.name for path in visible(self.spool.tasks)]
        return self.spool.claim(self.dice.choice(waiting), self.name, self.incarnation) if waiting else None

    def _end(self, end: Callable[[Claim], object]) -> None:
        """Claim a task and end it; where the end does not work, give it back, as a node does."""
        if (claim := self._claim()) is None:
            return
        try:
            end(claim)
        except (Defect, LeaseLost):
            raise
        except (VideogenError, OSError):
            self.spool.release(claim, counts=False)

    def finish(self) -> None:
        """Claim, render on the spool's own disk, publish."""
        self._end(lambda claim: self._finished(claim, claim.scratch))

    def send(self) -> None:
        """Claim, render on another disk, upload, publish."""
        self._end(lambda claim: self._finished(claim, self.place.far))

    def _finished(self, claim: Claim, scratch: Path) -> None:
        manifest = self._uploaded(claim, scratch)
        self.spool.finish(claim, manifest)

    def _uploaded(self, claim: Claim, scratch: Path) -> Manifest:
        content = f"{claim.task.task_id} {claim.epoch} {uuid4()}".encode() * self.dice.randint(1, 40)
        video = scratch / f"{uuid4()}.mp4"
        video.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        try:
            self.spool.upload(claim, video, sha256)
        finally:
            with suppress(OSError):
                video.unlink(missing_ok=True)
        update = {"sha256": sha256, "size_bytes": len(content), "node": self.name}
        return papers.manifest(claim.task, claim.epoch).model_copy(update=update)

    def release(self) -> None:
        """Claim and give back after a failure that may pass."""
        self._end(
            lambda claim: self.spool.release(claim, counts=claim.task.attempts < 2, not_before_s=1, avoid=self.name)
        )

    def drain(self) -> None:
        """Claim and give back unharmed."""
        self._end(lambda claim: self.spool.release(claim, counts=False))

    def discard(self) -> None:
        """Claim, render, and give up when all but the end was done."""

        def end(claim: Claim) -> None:
            self._uploaded(claim, claim.scratch)
            self.spool.discard(claim, BROKEN, stage="upload", at="now")

        self._end(end)

    def leave(self) -> None:
        """Claim, and forget it."""
        self._claim()

    def retry(self) -> None:
        """Give what failed a new start."""
        if failed := [path.name for path in visible(self.spool.failed) if "~" not in path.name]:
            self.spool.retry(self.dice.choice(failed))

    def cancel(self) -> None:
        """Cancel a task that waits or is held, by whomever."""
        if names := self._within_reach():
            cancelling.cancel(self.spool, self.dice.choice(names), at="now", patience_s=0.03)

    def requeue(self) -> None:
        """Queue a task anew, wherever it lies."""
        if names := [*self._within_reach(), *(path.name for path in visible(self.spool.failed))]:
            wish = cancelling.Wish(priority=self.dice.randint(1, 9))
            cancelling.requeue(self.spool, self.dice.choice(names).partition("~")[0], wish, patience_s=0.03)

    def _within_reach(self) -> list[str]:
        return [path.name for room in (self.spool.tasks, self.spool.processing) for path in visible(room)]

    def sweep(self) -> None:
        """Look at the nodes as main does, for so long that whoever sleeps is taken for dead."""
        ticks = count()
        sweeper = Sweeper(self.spool, lease_s=LEASE_S, clock=lambda: next(ticks) * LEASE_S / 4)
        for _ in range(6):
            sweeper.look("now")

    def spoil(self) -> None:
        """Drop what is no task into tasks/, and clear it away."""
        (self.spool.tasks / f"junk-{uuid4().hex[:8]}").mkdir()
        self.spool.clear_broken("now")

    def refuse(self) -> None:
        """Take a file from raw/ to trash/invalid."""
        path = self.place.root / "raw" / "video" / f"{uuid4()}.mp4"
        path.write_bytes(b"no video")
        Trash(self.place.root).refuse(path, BROKEN)

    def keep(self) -> None:
        """Put a segment into the store, pin it, drop it, and clear up behind others."""
        store, made = Segments(self.place.root / "scanned" / ".segments"), self.place.far / f"{uuid4()}.mp4"
        made.write_bytes(made.name.encode())
        name = Name(look=papers.digest(made.name), key=papers.digest(f"{made.name} key"))
        note = note_of(made.read_bytes(), name)
        with suppress(FileNotFoundError):
            store.publish(made, note)
            store.pin(name, self.place.root / "processing" / ".nodes" / f".pins-{self.name}")
            store.drop(name, "test")
            store.evict()

    def beat(self) -> None:
        """Say that this node lives."""
        self._heart.beat()


Verb = Callable[[Life], None]
VERBS: dict[Verb, int] = {
    Life.publish: 6,
    Life.finish: 2,
    Life.send: 2,
    Life.release: 3,
    Life.drain: 2,
    Life.discard: 3,
    Life.leave: 3,
    Life.retry: 3,
    Life.cancel: 1,
    Life.requeue: 1,
    Life.sweep: 2,
    Life.spoil: 1,
    Life.refuse: 1,
    Life.keep: 1,
    Life.beat: 1,
}
"""What a life is made of, and how often."""
ONE_OF_EACH: tuple[Verb, ...] = (
    *(Life.publish,) * 5,
    Life.finish,
    Life.send,
    Life.release,
    Life.discard,
    Life.retry,
    Life.leave,
    Life.recover,
    Life.drain,
    Life.spoil,
    Life.beat,
)
"""A short life in which all is done once."""
