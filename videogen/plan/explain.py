"""A plan as text: for each stretch what is copied, what is encoded and why, and what it costs."""

import shlex
from collections.abc import Iterator
from typing import Any

from videogen.model.timebase import Range
from videogen.plan.graph import Piece, Plan, Step


def rows(plan: Plan) -> list[dict[str, Any]]:
    """Give one row per stretch of the video: what it shows, what is copied, what is encoded, why, what that costs.

    Shape: in playing order; a segment's encode stands in the first row that needs it.
    Units: frames of the video in `at`; `copy` frames whose packets are there, `encode` frames to be encoded, of which
        more than the stretch shows may be kept for other videos; seconds of one processor; bytes expected.
    """
    encodes = {step.segment: step for step in plan.steps if step.kind == "encode"}
    bridges = {step.piece: step for step in plan.steps if step.kind == "bridge"}
    counted: set[str] = set()
    found = []
    for nth, piece in enumerate(plan.pieces):
        work = [] if piece.segment in counted else [encodes[piece.segment]]
        counted.add(piece.segment)
        found.append(_row(plan, piece, work, bridges.get(nth)))
    return found


def _row(plan: Plan, piece: Piece, encodes: list[Step], bridge: Step | None) -> dict[str, Any]:
    work = [step for step in (*encodes, bridge) if step is not None and not step.is_known and step.frames]
    bridged = bridge.frames if bridge and not bridge.is_known else 0
    reasons = [step.reason for step in (*encodes, bridge) if step is not None]
    if not encodes:
        reasons.insert(0, "its segment stands above")
    return {
        "at": [piece.at.start, piece.at.end],
        "start_s": round(float(piece.at.start / plan.profile.canvas.fps), 3),
        "shows": plan.by_key[piece.segment].title,
        "key": piece.segment,
        "copy": 0 if any(step in work for step in encodes) else piece.at.length - bridged,
        "encode": sum(step.frames for step in work),
        "why": "; ".join((piece.reason, *reasons)),
        "cost_s": round(sum((step.cost_s for step in work), 0.0), 3),
        "bytes": sum(step.bytes_expected for step in work),
    }


def as_dict(plan: Plan, *, with_commands: bool = False) -> dict[str, Any]:
    """Give the plan as plain values: the video, its spans, its steps, the totals."""
    canvas = plan.profile.canvas
    return {
        "video": {
            "width": canvas.width,
            "height": canvas.height,
            "fps": str(canvas.fps),
            "frames": plan.frames,
            "samples": plan.samples,
            "encoder": plan.profile.encoder.model_dump(mode="json"),
            "toolchain": plan.profile.toolchain,
        },
        "spans": rows(plan),
        "steps": [_step_dict(step, plan, with_commands=with_commands) for step in plan.in_order()],
        "frames_to_encode": plan.frames_to_encode,
        "frames_copied": _copied(plan),
        "cost_s": round(plan.cost_s, 3),
        "bytes": sum(step.bytes_expected for step in plan.steps if step.kind == "stitch"),
    }


def _step_dict(step: Step, plan: Plan, *, with_commands: bool) -> dict[str, Any]:
    told = step.model_dump(mode="json", exclude={"argv", "piece"})
    if with_commands:
        told["argv"] = list(step.argv or (plan.by_key[step.segment].argv if step.segment else ()))
    return told


def _copied(plan: Plan) -> int:
    return sum(row["copy"] for row in rows(plan))


def listing(plan: Plan, *, with_commands: bool = False) -> str:
    """Give the plan as text, stretches first, then steps, for people and goldens.

    Units: seconds of one processor, by the cost model.
    """
    canvas, encoder = plan.profile.canvas, plan.profile.encoder
    seconds = float(plan.frames / canvas.fps)
    lines = [
        f"video  {canvas.width}x{canvas.height} {canvas.fps} fps, {plan.frames} frames ({seconds:.3f} s), "
        f"{plan.samples} samples, {encoder.name} {encoder.preset} quality {encoder.quality}"
    ]
    for row in rows(plan):
        lines += _span_lines(row)
    for step in plan.in_order():
        lines += _step_lines(step, plan, with_commands=with_commands)
    lines.append(_total(plan))
    return "\n".join(lines) + "\n"


def _span_lines(row: dict[str, Any]) -> Iterator[str]:
    start, end = row["at"]
    work = (
        f"encode {row['encode']}, about {row['cost_s']:.1f} s, {_size(row['bytes'])}" if row["encode"] else "encode 0"
    )
    yield f"span   {Range(start=start, end=end)} copy {row['copy']}, {work}: {row['shows']}"
    yield f"       because {row['why']}"


def _step_lines(step: Step, plan: Plan, *, with_commands: bool) -> Iterator[str]:
    after = f" after {', '.join(step.after)}" if step.after else ""
    after += f" beside {', '.join(step.beside)}" if step.beside else ""
    what = f"{step.samples} samples" if step.kind == "sound" else f"{step.frames} frames"
    yield (
        f"step   {step.id}{after}: {what}, about {step.cost_s:.1f} s, "
        f"cpu {step.needs.cpu}, {step.needs.memory_mb} MB, priority {step.priority}"
    )
    yield f"       because {step.reason}"
    argv = step.argv or (plan.by_key[step.segment].argv if step.segment else ())
    if with_commands and argv and not step.is_known:
        yield f"       ffmpeg {shlex.join(argv)}"


def _total(plan: Plan) -> str:
    return (
        f"total  {len(plan.pieces)} spans, {_copied(plan)} frames are there, {plan.frames_to_encode} to encode, "
        f"about {plan.cost_s:.1f} s of one processor"
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
