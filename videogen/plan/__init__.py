"""Timeline -> Plan. Pure: the plan is a function of the timeline, the media and the profile, and of nothing else.

Reads: values only. Writes: nothing. Promises: the same three give the same plan, argument for argument.
Fails with: MissingInput: an asset of the timeline has no media.
Known limits: one full encode per video; its FFmpeg holds every clip open (about 22 MB each at 1080p, 70 MB at 4K), and
    a graph of more than about 250 clips is longer than one argument may be, which is a RecipeError.
"""

from collections.abc import Mapping
from fractions import Fraction

from videogen.errors import RecipeError
from videogen.model.media import Media
from videogen.model.profile import Profile
from videogen.model.timebase import samples_of
from videogen.model.timeline import Clip, Timeline
from videogen.plan.encode import full_encode
from videogen.plan.explain import listing
from videogen.plan.graph import Needs, Plan, Step, placed

__all__ = ["Needs", "Plan", "Step", "compile_plan", "listing", "placed"]

ARGUMENT_BYTES = 131072
"""The longest single argument Linux takes. Source: MAX_ARG_STRLEN, 32 pages."""

PIXELS_PER_S = 66e6
"""Pixels a two-core machine scales, overlays and encodes in a second with libx264 medium.

Source: 53 s of 3840x2160 at 30 fps took 200 s in one FFmpeg.
"""
DECODE_PER_S = 400e6
"""Pixels a two-core machine decodes in a second, for the proof at the end."""


def compile_plan(timeline: Timeline, media: Mapping[str, Media], profile: Profile) -> Plan:
    """Turn an edit into the steps that make it.

    Shape: one encode of everything, then the check of what came out.
    Raises: MissingInput: an asset has no media. RecipeError: more clips than one encode can hold.
    """
    canvas = timeline.canvas
    samples = samples_of(timeline.length, canvas.fps, canvas.sample_rate)
    pixels = float(timeline.length) * canvas.width * canvas.height
    clips = [part for part in timeline.picture if isinstance(part, Clip)]
    argv = full_encode(timeline, media, profile, "final")
    if max(map(len, argv)) >= ARGUMENT_BYTES:
        raise RecipeError(
            f"{len(clips)} clips are more than one encode can hold", remedy="Use longer clips in this category."
        )
    encode = Step(
        id="final",
        kind="encode",
        inputs=timeline.assets(),
        argv=argv,
        output="final.mp4",
        frames=timeline.length,
        samples=samples,
        cost_s=pixels / PIXELS_PER_S,
        needs=Needs(cpu=2, memory_mb=_memory_mb(pixels / timeline.length, clips, media)),
        reason=f"no piece of this video is known: {len(clips)} clips, one full encode",
    )
    check = Step(
        id="check",
        kind="check",
        after=("final",),
        frames=timeline.length,
        samples=samples,
        cost_s=pixels / DECODE_PER_S,
        needs=Needs(cpu=1, memory_mb=300),
        reason="nothing leaves unproven: every frame is decoded and counted",
    )
    return Plan(profile=profile, frames=timeline.length, samples=samples, steps=(encode, check))


def _memory_mb(canvas_pixels: float, clips: list[Clip], media: Mapping[str, Media]) -> int:
    """Reckon an encode's peak memory. Source: 1.85 GB for libx264 at 4K; 22 MB and 70 MB for an open 1080p, 4K clip."""
    pictures = [found.picture for clip in clips if (found := media.get(clip.asset)) and found.picture]
    opened = sum(Fraction(picture.width * picture.height, 100_000) for picture in pictures)
    return int(200 + canvas_pixels / 5000 + opened)
