"""What a plan says of itself: for each stretch what is there, what is encoded, and why."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from tests import papers
from tests.papers import HALF_MINUTE
from tests.plan.seen import CANVAS, timelines
from tests.plan.test_pieces import RANDOM_MEDIA
from videogen.model.profile import Encoder, Profile
from videogen.model.segment import Structure
from videogen.model.style import Zoom
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, Item, SoundTrack, Timeline, Transition
from videogen.plan import NOTHING, Known, Plan, annotated, as_dict, bridge, compile_plan, listing
from videogen.plan.explain import rows

HD = Canvas(width=1920, height=1080, fps=Fraction(30))
PROFILE = Profile(canvas=HD, toolchain="9.0")
STREET, VOICE = papers.digest("street"), papers.digest("voice")
MEDIA = {STREET: papers.picture(60), VOICE: papers.sound(44100)}


def clip(start: int, end: int) -> Clip:
    """Give a stretch of a minute of street."""
    return Clip(asset=STREET, source=Range(start=start, end=end))


VIDEO = Timeline(
    canvas=HD,
    picture=(clip(0, 900), clip(0, 301), Gap(length=30), clip(300, 900), Gap(length=30)),
    sounds=(SoundTrack(asset=VOICE),),
)


def encoded(frames: int, gop: int = 250) -> Structure:
    """Give the packets of a segment as x264 lays them without scene cuts: an IDR per GOP, three B-frames between."""
    order: list[int] = []
    for begin in range(0, frames, gop):
        order.append(begin)
        while len(order) < min(begin + gop, frames):
            first, last = len(order), min(len(order) + 3, begin + gop - 1, frames - 1)
            order += [last, *range(first, last)]
    return Structure(order=tuple(order), keys=tuple(range(0, frames, gop)))


def known(plan: Plan, *wanted: int) -> Known:
    """Give a store that holds these segments of a plan, by their place in it, and nothing else."""
    segments = [plan.segments[nth] for nth in wanted]
    return Known({one.name.key: encoded(one.frames) for one in segments})


def told(plan: Plan, store: Known) -> list[tuple[int, int, str]]:
    """Give what the rows say is there, what is to be encoded, and why."""
    return [(row["copy"], row["encode"], row["why"]) for row in rows(annotated(plan, store, MEDIA))]


def test_an_empty_store_has_nothing_but_what_was_encoded_above() -> None:
    """Each segment is encoded in the first row that needs it, and copied in the others."""
    assert told(compile_plan(VIDEO, MEDIA, PROFILE, segment_s=HALF_MINUTE), NOTHING) == [
        (0, 900, "all of the segment is shown; not in the store"),
        (
            298,
            3,
            "frames [0, 301) of the segment are shown; its segment stands above; "
            "what lies outside whole mini-GOPs is encoded, about 3 frames",
        ),
        (0, 30, "no clip; not in the store"),
        (
            475,
            125,
            "frames [300, 900) of the segment are shown; its segment stands above; "
            "what lies outside whole mini-GOPs is encoded, about 125 frames",
        ),
        (30, 0, "no clip; its segment stands above"),
    ]


def test_a_known_segment_is_copied_but_for_its_ends() -> None:
    """Where packets are known the ends are exact: up to the last whole mini-GOP, from the next IDR."""
    plan = compile_plan(VIDEO, MEDIA, PROFILE, segment_s=HALF_MINUTE)

    assert told(plan, known(plan, 0)) == [
        (900, 0, "all of the segment is shown; in the store: its packets are copied"),
        (
            299,
            2,
            "frames [0, 301) of the segment are shown; its segment stands above; "
            "frames [299, 301) of the segment cannot be copied by themselves",
        ),
        (0, 30, "no clip; not in the store"),
        (
            400,
            200,
            "frames [300, 900) of the segment are shown; its segment stands above; "
            "frames [300, 500) of the segment cannot be copied by themselves",
        ),
        (30, 0, "no clip; its segment stands above"),
    ]


def test_known_ends_are_copied_too() -> None:
    """Once the ends were encoded for a video they are in the store, and the next such video encodes nothing."""
    plan = compile_plan(VIDEO, MEDIA, PROFILE, segment_s=HALF_MINUTE)
    ends = [bridge(plan.segments[0], Range(start=s, end=e), MEDIA, PROFILE) for s, e in ((299, 301), (300, 500))]
    store = Known({**known(plan, 0, 1).structures, **{one.name.key: encoded(one.frames) for one in ends}})

    ready = annotated(plan, store, MEDIA)

    assert [(row["copy"], row["encode"]) for row in rows(ready)] == [(900, 0), (301, 0), (30, 0), (600, 0), (30, 0)]
    assert rows(ready)[1]["why"].endswith("cannot be copied by themselves, and are in the store")
    assert ready.frames_to_encode == 0
    assert as_dict(ready)["frames_copied"] == ready.frames
    assert "0 to encode" in listing(ready)


def test_a_stretch_that_ends_with_its_packets_needs_nothing() -> None:
    """Where the stretch ends at a whole mini-GOP the bridge is known to be nothing."""
    plan = compile_plan(
        VIDEO.model_copy(update={"picture": (clip(0, 251),), "sounds": ()}), MEDIA, PROFILE, segment_s=HALF_MINUTE
    )

    (row,) = rows(annotated(plan, known(plan, 0), MEDIA))

    assert (row["copy"], row["encode"]) == (251, 0)
    assert row["why"].endswith("nothing: the packets end where the stretch does")


def test_another_profile_is_told_from_nothing() -> None:
    """A segment that is there for another profile only is encoded, and that is the reason given."""
    plan = compile_plan(VIDEO, MEDIA, PROFILE, segment_s=HALF_MINUTE)
    other = compile_plan(
        VIDEO, MEDIA, PROFILE.model_copy(update={"encoder": Encoder(quality=30)}), segment_s=HALF_MINUTE
    )
    store = Known(other_profiles=frozenset(one.name.look for one in other.segments))

    assert next(why.partition("; ")[2] for _, _, why in told(plan, store)) == "in the store for another profile only"


def test_what_is_known_never_changes_which_steps_there_are() -> None:
    """A full store and an empty one give the same steps in the same order; only cost and reasons differ."""
    plan = compile_plan(VIDEO, MEDIA, PROFILE, segment_s=HALF_MINUTE)

    full = annotated(plan, known(plan, 0, 1), MEDIA)

    assert [(one.id, one.after, one.beside) for one in full.steps] == [
        (one.id, one.after, one.beside) for one in plan.steps
    ]
    assert full.cost_s < plan.cost_s
    assert full.pieces == plan.pieces
    assert annotated(plan, NOTHING, MEDIA).cost_s == plan.cost_s


@given(timelines())
def test_what_is_told_adds_up(timeline: Timeline) -> None:
    """Rows are the pieces in order, and what they say is encoded is what the plan's steps encode."""
    plan = compile_plan(timeline, RANDOM_MEDIA, Profile(canvas=CANVAS), segment_s=HALF_MINUTE)

    found = rows(plan)

    assert [tuple(row["at"]) for row in found] == [(one.at.start, one.at.end) for one in plan.pieces]
    assert sum(row["encode"] for row in found) == plan.frames_to_encode
    assert all(0 <= row["copy"] <= row["at"][1] - row["at"][0] for row in found)
    assert all(row["why"] and row["shows"] for row in found)


@pytest.mark.parametrize(
    ("items", "more", "why"),
    [
        ((clip(0, 90),), {}, ["an overlay that moves (image: comes)", "less work by itself"]),
        (
            (clip(0, 90),),
            {"zoom": Zoom(start=Fraction(1), end=Fraction(21, 20))},
            ["(image: zoom 1 to 1.01, comes)", "1.05)"],
        ),
        (
            (clip(0, 60), Transition(kind="crossfade", length=15, family="wipeleft"), clip(100, 160)),
            {"fade_in": 0},
            ["frames [0, 45) of the segment", "a crossfade of 15 frames (wipeleft)", "less work by itself"],
        ),
    ],
)
def test_a_plan_says_what_moves(items: tuple[Item, ...], more: dict[str, Any], why: list[str]) -> None:
    """Of each stretch a person reads what made it an encode of its own: what comes or grows, which crossfade (A15)."""
    length = Timeline(canvas=HD, picture=items).length
    words = {"asset": papers.digest("sign"), "x": 0, "y": 0, "at": Range(start=0, end=length), "fade_in": 10} | more
    video = Timeline(canvas=HD, picture=items, overlays=(ImageOverlay.model_validate(words),))

    told = [piece.reason for piece in compile_plan(video, MEDIA, PROFILE, segment_s=HALF_MINUTE).pieces]

    assert len(told) == len(why)
    assert all(word in said for word, said in zip(why, told, strict=True)), told


def test_what_costs_more_is_said_to() -> None:
    """A stretch costs more with what moves above it, and most with a zoom or a table of colours, as was measured."""
    base, at = clip(10, 70), Range(start=0, end=60)
    still = ImageOverlay(asset=papers.digest("sign"), x=0, y=0, width=1920, height=1080, at=at)
    zoomed = still.model_copy(update={"zoom": Zoom(start=Fraction(1), end=Fraction(21, 20))})
    looks = [(base, still), (base, still.model_copy(update={"fade_in": 60})), (base, zoomed)]
    looks.append((base.model_copy(update={"lut": papers.digest("table")}), zoomed))

    costs = [
        compile_plan(Timeline(canvas=HD, picture=(one,), overlays=(over,)), MEDIA, PROFILE, segment_s=HALF_MINUTE)
        .segments[0]
        .cost_s
        for one, over in looks
    ]

    assert costs == sorted(set(costs))


# -- for programs --------------------------------------------------------------------------------------------------

SHAPE: dict[str, Any] = {
    "video": {
        "width": int,
        "height": int,
        "fps": str,
        "frames": int,
        "samples": int,
        "encoder": {"name": str, "preset": str, "quality": int, "gop": int, "threads": int},
        "toolchain": str,
    },
    "spans": {
        "at": list,
        "start_s": float,
        "shows": str,
        "key": str,
        "copy": int,
        "encode": int,
        "why": str,
        "cost_s": float,
        "bytes": int,
    },
    "steps": {
        "id": str,
        "kind": str,
        "after": list,
        "beside": list,
        "segment": (str, type(None)),
        "inputs": list,
        "frames": int,
        "samples": int,
        "cost_s": float,
        "bytes_expected": int,
        "needs": {"cpu": int, "gpu_encode": int, "gpu_scale": int, "io": int, "memory_mb": int, "disk_mb": int},
        "priority": int,
        "is_known": bool,
        "reason": str,
    },
    "frames_to_encode": int,
    "frames_copied": int,
    "cost_s": float,
    "bytes": int,
}


def differences(found: Any, shape: Any, where: str = "plan") -> list[str]:
    """Give where a value is not of a shape."""
    if isinstance(found, list) and isinstance(shape, dict):
        return [line for one in found for line in differences(one, shape, where)]
    if isinstance(shape, dict):
        if list(found) != list(shape):
            return [f"{where}: {list(found)}"]
        return [line for name in shape for line in differences(found[name], shape[name], f"{where}.{name}")]
    return [] if isinstance(found, shape) else [f"{where}: {found!r}"]


@pytest.mark.parametrize("store", ["empty", "full"])
def test_json_keeps_its_shape(store: str) -> None:
    """The plan for programs has these names in this order, and these kinds of value, whatever is in the store."""
    plan = compile_plan(VIDEO, MEDIA, PROFILE, segment_s=HALF_MINUTE)
    said = as_dict(annotated(plan, known(plan, 0, 1) if store == "full" else NOTHING, MEDIA))

    assert json.loads(json.dumps(said)) == said
    assert differences(json.loads(json.dumps(said)), SHAPE) == []


def test_json_holds_the_commands_when_asked() -> None:
    """With commands each step that runs FFmpeg has its arguments, those of a segment included."""
    plan = compile_plan(VIDEO, MEDIA, PROFILE, segment_s=HALF_MINUTE)

    steps = {step["id"]: step["argv"] for step in as_dict(plan, with_commands=True)["steps"]}

    assert steps["encode-1"] == list(plan.segments[0].argv)
    assert steps["sound"][-1] == "step:out"
    assert steps["stitch"] == steps["check"] == []


def test_a_known_step_needs_no_command() -> None:
    """The listing shows the commands that will run, and not those whose output is there."""
    plan = compile_plan(VIDEO, MEDIA, PROFILE, segment_s=HALF_MINUTE)

    commands = listing(plan, with_commands=True).count("       ffmpeg ")
    left = listing(annotated(plan, known(plan, 0, 1), MEDIA), with_commands=True).count("       ffmpeg ")

    assert (commands, left) == (3, 1)
