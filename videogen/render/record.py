"""The manifest of a video that is about to be published: what its node knows of it."""

import hashlib
import socket
import time
from collections.abc import Iterator
from fractions import Fraction

from videogen import __version__
from videogen.model.chapters import untaken
from videogen.model.manifest import Manifest, Times, ingredients
from videogen.model.warning import WARNINGS
from videogen.plan import Plan
from videogen.render.job import Job
from videogen.render.orders import Order
from videogen.trash import utc_now


def manifest_of(job: Job, node: str, *, size_bytes: int, segment_s: Fraction) -> Manifest:
    """Write down what a job made, and of what.

    Units: `segment_s` is where its clips were cut, in seconds.
    """
    order, done = job.made()
    task, profile = job.claim.task, order.plan.profile
    fallback = "; ".join(said for said in (job.fallback, done.fallback) if said)
    return Manifest(
        task=task,
        node=node,
        host=socket.gethostname(),
        epoch=job.claim.epoch,
        attempt=task.attempts + 1,
        videogen=__version__,
        encoder=profile.encoder.name,
        toolchain=profile.toolchain,
        profile=profile,
        segment_s=segment_s,
        sound_key=sound_key(order.plan),
        frames=done.proof.frames,
        samples=done.proof.samples,
        sha256=done.sha256,
        size_bytes=size_bytes,
        assets=ingredients(task, dict(order.assets)),
        pieces=done.pieces,
        segments=done.segments,
        frames_encoded=done.frames_encoded,
        fallback=fallback,
        peak_dbfs=done.peak_dbfs,
        quality=done.quality,
        steps=done.seconds,
        times=_times(job),
        warnings=tuple(_warnings(order, fallback)),
    )


def sound_key(plan: Plan) -> str:
    """Give the hash of the command that mixes the sound: contents stand for paths in it, so it is the same anywhere."""
    words = [word for step in plan.steps if step.kind == "sound" for word in step.argv]
    return hashlib.sha256("\0".join(words).encode()).hexdigest() if words else ""


def _times(job: Job) -> Times:
    """Give how long each stage took; what was not passed through took no time."""
    fetched = job.ends.get("fetched", job.began)
    rendering = job.ends.get("rendering", fetched)
    rendered = job.ends.get("rendered", rendering)
    return Times(
        claimed_at=job.claimed_at,
        published_at=utc_now(),
        fetch_s=round(fetched - job.began, 3),
        wait_s=round(rendering - fetched, 3),
        render_s=round(rendered - rendering, 3),
        upload_s=round(time.monotonic() - rendered, 3),
    )


def _warnings(order: Order, fallback: str) -> Iterator[str]:
    if fallback:
        yield f"fallback: {fallback}"
    yield from order.warnings
    canvas = order.timeline.canvas
    if said := untaken(order.timeline.chapters, canvas.fps, order.timeline.length):
        yield f"chapters: {said}."
    for asset in order.assets.values():
        for word in asset.media.warnings:
            yield f"{word}: {asset.path}: {WARNINGS.get(word, 'a later version knows what this means.')}"
