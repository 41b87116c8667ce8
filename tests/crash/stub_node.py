"""A node as it is, but for the render: claims, downloads, pulse, sweeps, upload and publishing are the real ones.

`run` is a whole node process, for a fork; it draws its own fail points, so that whole nodes die between two lines, too.
"""

import hashlib
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from uuid import uuid4

from tests import papers
from videogen import daemon, logs, points
from videogen.catalog import side_path
from videogen.errors import Stopped, TemporaryError
from videogen.ffmpeg import Progress
from videogen.metrics import Meter
from videogen.model.profile import Encoder
from videogen.notify import Notify
from videogen.render import Bench, Node
from videogen.render.check import Proof
from videogen.render.job import Job
from videogen.render.video import Done
from videogen.spool import Spool
from videogen.spool.queue import Queue
from videogen.wiring import House

LEASE_S, HEARTBEAT_S = 2.0, 0.3
SETTINGS = f"""
[node]
lease_s = {LEASE_S}
heartbeat_s = {HEARTBEAT_S}
poll_s = 0.1
retry_s = 0.2
drain_s = 5
warm = false
"""
HANDS = {
    "download.before_file": 0.004,
    "download.after": 0.012,
    "render.after": 0.012,
    "upload.before": 0.012,
    "heart.before_beat": 0.03,
}
"""The chance of a kill, each time, at each of the points of a node's hands."""
FAILURES = 0.03
"""Share of the renders that fail for a passing cause."""


def lay_out(root: Path) -> None:
    """Make a spool whose library holds what `papers.task` asks for."""
    Spool(root).lay_out()
    (root / "videogen.toml").write_text(SETTINGS, encoding="utf-8")
    task = papers.task()
    for kind, given, media in (
        ("voice", task.inputs.spoken, papers.sound(44100)),
        ("music", task.inputs.played, papers.sound(88200, true_peak_dbtp=-3.0)),
        ("video", task.inputs.clips[0], papers.picture(2)),
    ):
        word = {"voice": "voice", "music": "music", "video": "clip"}[kind]
        path = root / given.path
        path.parent.mkdir(parents=True)
        path.write_text(word)
        asset = papers.asset(kind, given.path, media, content=word)  # type: ignore[arg-type]  # one of the three
        side_path(path).write_text(asset.to_json())


class StubNode(Node):
    """A node whose renders are a few kilobytes made up."""

    dice = Random()  # noqa: S311  # when a stub is slow is no secret
    lasts_s = (0.0, 0.08)
    """A render takes between these."""

    def render(self, job: Job, tell: Callable[[Progress], None]) -> None:
        """Make up a video, now and then slowly, now and then not at all; end at the point at which a render ends."""
        tell(Progress(0, job.claim.task.frames, 0.0))
        if job.halt.wait(self.dice.uniform(*self.lasts_s)):
            raise Stopped("the node was stopped", remedy="The task went back.")
        if self.dice.random() < FAILURES:
            raise TemporaryError("the stub failed", remedy="It is tried again.")
        if job.files is not None:
            assert job.files.path(job.claim.task.inputs.spoken.sha256).read_text() == "voice"
        content = f"{job.task_id} {job.claim.epoch} {uuid4()} ".encode() * 200
        video = job.scratch / "final.mp4"
        video.write_bytes(content)
        job.done = Done(video, hashlib.sha256(content).hexdigest(), Proof(job.claim.task.frames, 48000))
        points.point("render.after")


class StubHouse(House):
    """A house that needs no FFmpeg."""

    @cached_property
    def bench(self) -> Bench:
        """Nothing of it is started."""
        return Bench(program=Path("/nonexistent"), toolchain="stub", encoder=Encoder(), encodes=1)

    def node(self, name: str, incarnation: str, queue: Queue, meter: Meter) -> Node:
        """The real one builds what it was given."""
        real = super().node(name, incarnation, queue, meter)
        real.__class__ = StubNode
        return real


@dataclass(frozen=True)
class Orders:
    """How a node is to run. `is_afar`: it seems to be on another machine, so only its silence tells that it died."""

    name: str
    points_ledger: Path
    seed: int
    is_afar: bool = False
    is_doomed: bool = True
    once: bool = False


def run(root: Path, orders: Orders) -> int:
    """Be a node until told to end by a signal; give the exit status."""
    logs.start("render_worker", root / "logs" / f"node-{orders.name}.log", console=False)
    if orders.is_afar:
        socket.gethostname = lambda: f"host-of-{orders.name}"
    StubNode.dice = Random(orders.seed)  # noqa: S311  # a run must be repeatable
    spec = (
        ",".join(f"{name}=kill%{chance}@seed{orders.seed}" for name, chance in HANDS.items())
        if orders.is_doomed
        else ""
    )
    points.arm({"VIDEOGEN_FAILPOINTS": spec, "VIDEOGEN_FAILPOINTS_LEDGER": str(orders.points_ledger)})
    house, signals = StubHouse(root), daemon.Signals()
    with daemon.told(signals, drains=True):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        daemon.run_node(house, orders.name, lambda *_: None, signals, Notify(), once=orders.once, drain_s=5.0)
    return 0
