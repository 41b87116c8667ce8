"""Proof of a finished video: a stitch that raised nothing is not believed.

Every packet's place is proven from the file's index: how many there are, that they show each frame once, that all last
as long, that every join is an IDR, that both tracks are as long as planned, that the index lies in front. What the
packets hold was proven when their segment was made, and hashed again as it was copied.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from videogen.errors import Defect
from videogen.plan import Plan, frame_ticks, track_timescale
from videogen.render.boxes import Index, Track, index_of
from videogen.render.sounding import PRIMING


@dataclass(frozen=True)
class Proof:
    """What was counted. Units: frames, samples of the sound track as its container cuts it."""

    frames: int
    samples: int


def check(video: Path, plan: Plan, joins: Sequence[int]) -> Proof:
    """Prove that a video is what the plan said; `joins` are the frames at which another segment begins.

    Raises: Defect: `check-failed`, with what was found and what was expected.
    """
    wrong = list(_wrong(index_of(video), plan, joins))
    if wrong:
        raise Defect(
            f"the finished video is not what was planned: {'; '.join(wrong)}",
            remedy="Report it with this folder; nothing was published.",
            code="check-failed",
        )
    return Proof(plan.frames, plan.samples)


def _wrong(index: Index, plan: Plan, joins: Sequence[int]) -> Iterator[str]:
    handlers = [track.handler for track in index.tracks]
    wanted = ["vide"] if not plan.samples else ["vide", "soun"]
    if handlers != wanted:
        yield f"its tracks are {handlers}"
        return
    picture = index.tracks[0]
    yield from _wrong_picture(picture, index, plan, joins)
    if plan.samples:
        yield from _wrong_sound(index.tracks[1], index, plan)
    if index.order.index("moov") > index.order.index("mdat"):
        yield "its index lies behind the packets"
    start, end = index.media
    held = sum(track.size_bytes for track in index.tracks)
    if held != end - start:
        yield f"its packets are {held} bytes and its media {end - start}"
    if not all(start <= at < end for track in index.tracks for at in track.chunks):
        yield "its index points outside its media"


def _wrong_picture(track: Track, index: Index, plan: Plan, joins: Sequence[int]) -> Iterator[str]:
    tick, scale = frame_ticks(plan.profile), track_timescale(plan.profile)
    if track.timescale != scale or track.runs != ((plan.frames, tick),):
        yield f"its frames last {track.runs[:3]} in 1/{track.timescale} s, not {plan.frames} of {tick} in 1/{scale} s"
        return
    shown = track.shown()
    first = min(shown)
    frames = {(pts - first) // tick for pts in shown if (pts - first) % tick == 0}
    if frames != set(range(plan.frames)):
        yield "its packets do not show every frame once"
    if track.keys is not None and not set(joins) <= track.keys:
        yield f"the joins at {sorted(set(joins) - track.keys)[:5]} are no IDR"
    if not _starts_at(track, index, first, plan.frames * tick):
        yield f"its edit list {track.edits} does not show all of the picture from {first}"


def _wrong_sound(track: Track, index: Index, plan: Plan) -> Iterator[str]:
    samples = track.ticks - PRIMING
    if (track.timescale, samples) != (plan.profile.canvas.sample_rate, plan.samples):
        yield f"its sound has {samples} samples at {track.timescale} Hz, not {plan.samples}"
    if not _starts_at(track, index, PRIMING, plan.samples):
        yield f"its edit list {track.edits} does not leave out the {PRIMING} samples before the sound"


def _starts_at(track: Track, index: Index, start: int, ticks: int) -> bool:
    """Whether one edit shows `ticks` ticks from `start` on; its length is in the movie's own, coarser ticks."""
    if not track.edits:
        return start == 0
    (length, begin), *others = track.edits
    exact = ticks * index.timescale / track.timescale
    return not others and begin == start and abs(length - exact) <= 1
