"""Timeline -> Plan. Pure: the plan is a function of the timeline, the media and the profile, and of nothing else.

Reads: values only. Writes: nothing. Promises: the same three give the same plan, argument for argument; what a store
    holds changes what a step costs, never which steps there are.
Fails with: MissingInput: an asset of the timeline has no media. RecipeError: a clip is shown past its end.
Known limits: a stretch over which an overlay comes or goes is one encode, which opens every clip in it.
"""

from videogen.plan.compiler import (
    NOTHING,
    Known,
    annotated,
    black,
    bridge,
    compile_plan,
    ends_of,
    full_encode,
    needs_of,
    warming,
)
from videogen.plan.encode import encode_sound, frame_ticks, track_timescale
from videogen.plan.explain import as_dict, listing
from videogen.plan.graph import OUTPUT, Needs, Piece, Plan, Segment, Step, placed
from videogen.plan.sound import CEILING_DBTP

__all__ = [
    "CEILING_DBTP",
    "NOTHING",
    "OUTPUT",
    "Known",
    "Needs",
    "Piece",
    "Plan",
    "Segment",
    "Step",
    "annotated",
    "as_dict",
    "black",
    "bridge",
    "compile_plan",
    "encode_sound",
    "ends_of",
    "frame_ticks",
    "full_encode",
    "listing",
    "needs_of",
    "placed",
    "track_timescale",
    "warming",
]
