"""Compiles a timeline: which segments it is made of, which of them must be encoded, and the steps in between."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from videogen.errors import Defect
from videogen.model.media import Media
from videogen.model.profile import Profile
from videogen.model.segment import Cut, Name, Structure, cut
from videogen.model.timebase import Range, samples_of
from videogen.model.timeline import Clip, Gap, TextOverlay, Timeline
from videogen.plan import costs
from videogen.plan.encode import encode_sound, known
from videogen.plan.graph import Needs, Piece, Plan, Segment, Step
from videogen.plan.keys import segment_of
from videogen.plan.pieces import Draft, clip_length, drafts, grid
from videogen.plan.slices import slice_of
from videogen.plan.sound import CEILING_DBTP, assets_of, peak_dbtp

EXPECTED_TAIL = 3
"""Frames after the last complete mini-GOP, at most, with 3 B-frames."""


@dataclass(frozen=True)
class Known:
    """What a store holds: the structures of segments by key, and the looks it has for another profile."""

    structures: Mapping[str, Structure] = field(default_factory=dict)
    other_profiles: frozenset[str] = frozenset()


NOTHING = Known()


def compile_plan(
    timeline: Timeline,
    media: Mapping[str, Media],
    profile: Profile,
    *,
    segment_s: Fraction,
    grids: Mapping[str, Sequence[Range]] | None = None,
) -> Plan:
    """Turn an edit into the steps that make it.

    `grids` are the chunks of assets that are not to be cut at multiples of `segment_s`.

    Shape: an encode for each segment once, a bridge for each stretch that a segment holds only in part, the sound, the
        stitch beside it, the check. The same for an empty store and a full one; `annotated` says what is known.
    Raises: MissingInput: an asset has no media. RecipeError: a clip is shown past its end.
    """
    if any(isinstance(overlay, TextOverlay) for overlay in timeline.overlays):
        raise Defect("words reached the plan", remedy="Report it: they are made pictures before.")
    segments: dict[str, Segment] = {}
    looks: dict[str, Segment] = {}
    pieces = []
    for draft in drafts(timeline, media, segment_s, grids, profile.encoder.gop):
        segment = _segment(draft, looks, media, profile)
        segments.setdefault(segment.name.key, segment)
        pieces.append(Piece(at=draft.at, segment=segment.name.key, use=draft.use, reason=draft.reason))
    return _Steps(timeline, media, profile).plan(tuple(segments.values()), tuple(pieces))


def full_encode(plan: Plan, timeline: Timeline, media: Mapping[str, Media], reason: str) -> Plan:
    """Turn an edit whose pieces cannot be joined into one encode of everything.

    Raises: RecipeError: more clips than one command can hold.
    """
    whole = Range(start=0, end=timeline.length)
    segment = segment_of(slice_of(timeline, whole), media, plan.profile)
    piece = Piece(at=whole, segment=segment.name.key, use=whole, reason=reason)
    return _Steps(timeline, media, plan.profile).plan((segment,), (piece,))


def warming(
    asset: str, media: Mapping[str, Media], like: Timeline, profile: Profile, *, segment_s: Fraction
) -> tuple[Segment, ...]:
    """Give the segments that any video of a house would have of a clip.

    `like` shows what lies over every frame of such a video: its overlays that last from beginning to end.
    """
    clip = known(media)(asset)
    lasting = [overlay for overlay in like.overlays if overlay.at.length == like.length]
    chunks = grid(clip_length(clip, like.canvas.fps), like.canvas.fps, segment_s)
    return tuple(
        segment_of(
            Timeline(
                canvas=like.canvas,
                picture=(Clip(asset=asset, source=chunk),),
                overlays=tuple(one.model_copy(update={"at": Range(start=0, end=chunk.length)}) for one in lasting),
                is_mute=True,
            ),
            media,
            profile,
        )
        for chunk in chunks
    )


def bridge(segment: Segment, span: Range, media: Mapping[str, Media], profile: Profile) -> Segment:
    """Give the segment that shows a stretch of another one, to be encoded where packets cannot be copied."""
    return segment_of(slice_of(segment.timeline, span), media, profile)


def black(segment: Segment, profile: Profile) -> Segment:
    """Give the segment that stands where another could not be made: as long, and black."""
    gap = Timeline(canvas=segment.timeline.canvas, picture=(Gap(length=segment.frames),), is_mute=True)
    return segment_of(gap, {}, profile)


def annotated(plan: Plan, known: Known, media: Mapping[str, Media]) -> Plan:
    """Say of each step whether what it makes is in the store, and why it must run if it is not.

    Shape: the same steps; bridges get their true length where their segment is known.
    """
    return plan.model_copy(update={"steps": tuple(_annotated(step, plan, known, media) for step in plan.steps)})


def _segment(draft: Draft, looks: dict[str, Segment], media: Mapping[str, Media], profile: Profile) -> Segment:
    """Name a draft's segment; the same look twice is named once, since naming builds a whole command."""
    look = draft.look.model_dump_json(exclude_defaults=True)
    if look not in looks:
        looks[look] = segment_of(draft.look, media, profile)
    return looks[look]


def _annotated(step: Step, plan: Plan, known: Known, media: Mapping[str, Media]) -> Step:
    if step.kind == "encode" and step.segment:
        name = plan.by_key[step.segment].name
        if name.key in known.structures:
            return step.model_copy(
                update={
                    "is_known": True,
                    "cost_s": 0.0,
                    "needs": Needs(),
                    "reason": "in the store: its packets are copied",
                }
            )
        return step.model_copy(update={"reason": _why_encode(name, known)})
    if step.kind == "bridge" and step.piece is not None:
        return _bridge_known(step, plan, known, media)
    return step


def _why_encode(name: Name, known: Known) -> str:
    if name.look in known.other_profiles:
        return "in the store for another profile only"
    return "not in the store"


def _bridge_known(step: Step, plan: Plan, known: Known, media: Mapping[str, Media]) -> Step:
    assert step.piece is not None  # noqa: S101 -- asked by the caller
    piece = plan.pieces[step.piece]
    segment = plan.by_key[piece.segment]
    structure = known.structures.get(piece.segment)
    if structure is None:
        return step
    ends = ends_of(cut(structure, piece.use))
    frames = sum(end.length for end in ends)
    bridges = [bridge(segment, end, media, plan.profile) for end in ends]
    is_known = all(one.name.key in known.structures for one in bridges)
    return step.model_copy(
        update={
            "frames": frames,
            "is_known": is_known,
            "cost_s": 0.0 if is_known else sum(one.cost_s for one in bridges),
            "needs": Needs(io=1) if is_known else step.needs,
            "bytes_expected": costs.picture_bytes(plan.profile.canvas, frames),
            "reason": _why_bridge(ends, is_known=is_known),
        }
    )


def _why_bridge(ends: Sequence[Range], *, is_known: bool) -> str:
    if not ends:
        return "nothing: the packets end where the stretch does"
    words = " and ".join(str(end) for end in ends)
    return f"frames {words} of the segment cannot be copied by themselves" + (
        ", and are in the store" if is_known else ""
    )


def ends_of(how: Cut) -> tuple[Range, ...]:
    """Give the stretches that must be encoded."""
    return tuple(end for end in (how.head, how.tail) if end is not None)


def needs_of(segment: Segment, profile: Profile, frames: int | None = None) -> Needs:
    """Give what the encode of a segment, or of so many of its frames, takes of a machine."""
    canvas, encoder = profile.canvas, profile.encoder
    size = costs.picture_bytes(canvas, segment.frames if frames is None else frames)
    is_software = encoder.name.startswith("lib")
    return Needs(
        cpu=max(1, encoder.threads) if is_software else 1,
        gpu_encode=0 if is_software else 1,
        memory_mb=costs.encode_memory_mb(canvas, len(segment.timeline.assets())),
        disk_mb=1 + 2 * size // 1_000_000,
    )


class _Steps:
    """The steps of one video."""

    def __init__(self, timeline: Timeline, media: Mapping[str, Media], profile: Profile) -> None:
        self._timeline = timeline
        self._media = media
        self._profile = profile
        self._canvas = timeline.canvas
        self._samples = 0
        if not timeline.is_mute:
            self._samples = samples_of(timeline.length, self._canvas.fps, self._canvas.sample_rate)

    def plan(self, segments: tuple[Segment, ...], pieces: tuple[Piece, ...]) -> Plan:
        """Put the steps together."""
        encodes = {segment.name.key: self._encode(nth, segment) for nth, segment in enumerate(segments, start=1)}
        bridges = list(self._bridges(pieces, encodes, {one.name.key: one for one in segments}))
        sound = () if self._timeline.is_mute else (self._sound(),)
        stitch = self._stitch(pieces, [*encodes.values(), *bridges], sound)
        return Plan(
            profile=self._profile,
            frames=self._timeline.length,
            samples=self._samples,
            segments=segments,
            pieces=pieces,
            steps=(*encodes.values(), *bridges, *sound, stitch, self._check()),
        )

    def _encode(self, nth: int, segment: Segment) -> Step:
        return Step(
            id=f"encode-{nth}",
            kind="encode",
            segment=segment.name.key,
            inputs=segment.timeline.assets(),
            frames=segment.frames,
            cost_s=segment.cost_s,
            bytes_expected=costs.picture_bytes(self._canvas, segment.frames),
            needs=needs_of(segment, self._profile),
            reason="not in the store",
        )

    def _bridges(
        self, pieces: Sequence[Piece], encodes: Mapping[str, Step], segments: Mapping[str, Segment]
    ) -> Iterator[Step]:
        for nth, piece in enumerate(pieces):
            segment = segments[piece.segment]
            if piece.use.length == segment.frames:
                continue
            frames = EXPECTED_TAIL if piece.use.start == 0 else self._profile.encoder.gop // 2
            frames = min(frames, piece.use.length)
            share = frames / segment.frames
            yield Step(
                id=f"bridge-{nth + 1}",
                kind="bridge",
                after=(encodes[piece.segment].id,),
                piece=nth,
                inputs=segment.timeline.assets(),
                frames=frames,
                cost_s=costs.START_S + segment.cost_s * share,
                bytes_expected=costs.picture_bytes(self._canvas, frames),
                needs=needs_of(segment, self._profile, frames),
                priority=10,
                reason=f"what lies outside whole mini-GOPs is encoded, about {frames} frames",
            )

    def _sound(self) -> Step:
        peak = peak_dbtp(self._timeline, known(self._media))
        limiter = f"limited to {CEILING_DBTP:g} dBTP" if peak > CEILING_DBTP else "no limiter"
        return Step(
            id="sound",
            kind="sound",
            inputs=tuple(assets_of(self._timeline)),
            argv=encode_sound(self._timeline, self._media, self._profile),
            samples=self._samples,
            cost_s=costs.sound_s(self._timeline.length, self._canvas),
            bytes_expected=self._sound_bytes(),
            needs=Needs(cpu=1, memory_mb=80),
            priority=10,
            reason=f"every video has a sound of its own; it cannot exceed {peak:.1f} dBTP: {limiter}",
        )

    def _sound_bytes(self) -> int:
        return int(float(self._timeline.length / self._canvas.fps) * self._profile.audio_kbps * 125)

    def _stitch(self, pieces: Sequence[Piece], before: Sequence[Step], sound: Sequence[Step]) -> Step:
        size = costs.picture_bytes(self._canvas, self._timeline.length) + self._sound_bytes()
        return Step(
            id="stitch",
            kind="stitch",
            after=tuple(step.id for step in before),
            beside=tuple(step.id for step in sound),
            frames=self._timeline.length,
            samples=self._samples,
            cost_s=costs.stitch_s(size),
            bytes_expected=size,
            needs=Needs(io=1, memory_mb=40 + self._timeline.length // 500, disk_mb=1 + size // 1_000_000),
            priority=10,
            reason=f"{len(pieces)} pieces become one file, packet by packet",
        )

    def _check(self) -> Step:
        return Step(
            id="check",
            kind="check",
            after=("stitch",),
            frames=self._timeline.length,
            samples=self._samples,
            cost_s=0.05,
            needs=Needs(io=1, memory_mb=40),
            priority=10,
            reason="nothing leaves unproven: every packet's place, every join, the length of both tracks",
        )
