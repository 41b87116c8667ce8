"""A plan as text: what will run, what it reads, what it costs and why."""

import shlex

from videogen.plan.graph import Plan, Step


def listing(plan: Plan, *, with_commands: bool = False) -> str:
    """Give the plan as text, one line per step with its reason below it, for people and goldens.

    Units: seconds of a two-core machine, by the cost model.
    """
    canvas, encoder = plan.profile.canvas, plan.profile.encoder
    seconds = float(plan.frames / canvas.fps)
    lines = [
        f"video  {canvas.width}x{canvas.height} {canvas.fps} fps, {plan.frames} frames ({seconds:.3f} s), "
        f"{plan.samples} samples, {encoder.name} {encoder.preset} quality {encoder.quality}"
    ]
    for step in plan.in_order():
        lines += _step_lines(step, with_commands=with_commands)
    lines.append(f"total  {len(plan.steps)} steps, about {plan.cost_s:.1f} s")
    return "\n".join(lines) + "\n"


def _step_lines(step: Step, *, with_commands: bool) -> list[str]:
    reads = " ".join(digest[:12] for digest in step.inputs)
    after = f" after {', '.join(step.after)}" if step.after else ""
    lines = [
        f"step   {step.id} ({step.kind}){after}: {step.frames} frames, about {step.cost_s:.1f} s, "
        f"cpu {step.needs.cpu}, {step.needs.memory_mb} MB",
        f"       because {step.reason}",
    ]
    if reads:
        lines.append(f"       reads {reads}")
    if with_commands and step.argv:
        lines.append(f"       ffmpeg {shlex.join(step.argv)}")
    return lines
