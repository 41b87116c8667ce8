"""Which segment each stretch of a video comes from, and which part of it is shown.

A clip is cut on its own frames, at multiples of the segment length, so the same stretch has the same key in every
video. A chunk that is shown from its first frame, or for half its length or more, is encoded whole: what is not shown
now will be. What is shown of a chunk otherwise, or under an overlay that comes and goes, is encoded by itself, frame
for frame. The choice looks at the timeline alone, never at the store: the same task gives the same bytes from cold and
from warm.

Where a GOP lasts no longer than a second, as in videos of many cuts, a clip is entered at little cost: a chunk is
copied from its next IDR on, what is left over beside a cut or a crossfade is encoded together with it, and what lies
under one overlay that passes is one encode, which no other overlay changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from videogen.errors import RecipeError
from videogen.model.media import Media
from videogen.model.timebase import Range, frames_of, rounded
from videogen.model.timeline import Clip, ImageOverlay, Overlay, Timeline, Transition, VideoOverlay
from videogen.plan.encode import known
from videogen.plan.slices import moves, slice_of, slices

REMAINDER_S = 5
"""A last chunk shorter than this joins the one before it."""
SHORT_S = 1
"""Less than this of a chunk is encoded by itself, wherever it begins; half a GOP, where GOPs are short."""
SHORT_GOP_S = 1
"""A GOP that lasts no longer than this is short."""
TOGETHER_S = 8
"""The longest that is encoded as one where GOPs are short: starting FFmpeg and seeking in a clip cost as much as half a
second of 1280x720. Source: measured, 0.15 s for the start and 0.3 s for what is decoded before the first frame."""


@dataclass(frozen=True)
class Draft:
    """A stretch of the video, the slice that is encoded for it, and which of its frames are shown.

    `passing`: the places of the overlays above it that other stretches have not. `is_own`: no other video has it.
    """

    at: Range
    look: Timeline
    use: Range
    reason: str
    passing: frozenset[int] = frozenset()
    is_own: bool = False


@dataclass(frozen=True)
class _Rule:
    """What is worth what. Units: frames; `gop` 0: GOPs are not short."""

    step: int
    short: int
    long: int
    gop: int = 0

    @classmethod
    def of(cls, fps: Fraction, segment_s: Fraction, gop: int) -> "_Rule":
        step = rounded(segment_s * fps)
        if gop > SHORT_GOP_S * fps:
            return cls(step, rounded(SHORT_S * fps), 2 * gop)
        return cls(max(step, rounded(TOGETHER_S * fps)), max(1, gop // 2), 2 * gop, gop)

    def is_copied(self, use: Range) -> bool:
        """Whether packets of a chunk are worth entering it where they are shown from.

        From its first frame, or long enough that the next IDR, which may be a GOP away, comes early; where GOPs are
        short, when a whole one is left.
        """
        if use.start == 0 or use.length >= self.long:
            return True
        return self.gop > 0 and use.end - -(-use.start // self.gop) * self.gop >= self.gop


@dataclass(frozen=True)
class _Stretch:
    """A stretch that shows one clip under nothing that moves: `chunk` of the clip's frames, `use` of the chunk's.

    `is_lasting`: what lies above it lies there from the video's first frame to its last, so other videos have it too.
    """

    at: Range
    clip: Clip
    look: Timeline
    chunk: Range
    use: Range
    is_lasting: bool


def clip_length(media: Media, fps: Fraction) -> int:
    """Give how many frames an asset fills at a rate: rounded, at least one."""
    return max(1, frames_of(media.duration_s, fps))


def grid(frames: int, fps: Fraction, segment_s: Fraction) -> tuple[Range, ...]:
    """Cut a clip's frames into chunks of a segment's length, the last one longer or shorter."""
    step = max(1, rounded(segment_s * fps))
    least = min(step, rounded(REMAINDER_S * fps))
    edges = [*range(0, frames, step), frames]
    if len(edges) > 2 and frames - edges[-2] < least:
        del edges[-2]
    return tuple(Range(start=start, end=end) for start, end in pairwise(edges))


def drafts(
    timeline: Timeline,
    media: Mapping[str, Media],
    segment_s: Fraction,
    grids: Mapping[str, Sequence[Range]] | None = None,
    gop: int = 250,
) -> tuple[Draft, ...]:
    """Cut a timeline into stretches and choose what is encoded for each.

    `grids` are the chunks of assets that are not to be cut at multiples of the segment length.

    Shape: in playing order, touching, together the whole timeline.
    Raises: MissingInput: a clip's media is unknown. RecipeError: a clip is shown past its end.
    """
    _require_frames(timeline, media)
    rule = _Rule.of(timeline.canvas.fps, segment_s, gop)
    cut = list(_cut(timeline, media, segment_s, grids or {}, rule))
    chosen = _chosen(cut, rule)
    return tuple(_together(timeline, chosen, rule.step) if rule.gop else chosen)


def _require_frames(timeline: Timeline, media: Mapping[str, Media]) -> None:
    """Refuse a clip that is shown past its end, also within a transition, where it would be held in silence."""
    media_of, fps = known(media), timeline.canvas.fps
    for clip in timeline.picture:
        if isinstance(clip, Clip) and clip.source.end > (length := clip_length(media_of(clip.asset), fps)):
            raise RecipeError(
                f"the clip {clip.asset[:12]} is shown to its frame {clip.source.end}, and has {length} at {fps} fps",
                remedy="End it earlier.",
            )


def _cut(
    timeline: Timeline,
    media: Mapping[str, Media],
    segment_s: Fraction,
    grids: Mapping[str, Sequence[Range]],
    rule: _Rule,
) -> Iterator[_Stretch | Draft]:
    media_of, fps = known(media), timeline.canvas.fps
    passing = [(nth, one.at) for nth, one in enumerate(timeline.overlays) if one.at.length < timeline.length]
    for span, look in slices(timeline):
        clip = _only_clip(look)
        above = frozenset(nth for nth, at in passing if at.start < span.end and span.start < at.end)
        if clip is None or (rule.gop and above):
            yield from _exact(look, span, rule.step, above)
            continue
        chunks = grids.get(clip.asset) or grid(clip_length(media_of(clip.asset), fps), fps, segment_s)
        yield from _chunked(clip, look, span, chunks, is_lasting=not above)


def _only_clip(look: Timeline) -> Clip | None:
    """Give the clip that a slice shows, where it shows nothing else but pictures that stand still."""
    (item, *others) = look.picture
    if others or not isinstance(item, Clip):
        return None
    return None if any(moves(overlay, look.length) for overlay in look.overlays) else item


def _chunked(
    clip: Clip, look: Timeline, span: Range, chunks: Sequence[Range], *, is_lasting: bool
) -> Iterator[_Stretch]:
    for chunk in chunks:
        start, end = max(chunk.start, clip.source.start), min(chunk.end, clip.source.end)
        if start < end:
            offset = span.start - clip.source.start
            yield _Stretch(
                at=Range(start=start + offset, end=end + offset),
                clip=clip,
                look=look,
                chunk=chunk,
                use=Range(start=start - chunk.start, end=end - chunk.start),
                is_lasting=is_lasting,
            )


def _exact(look: Timeline, span: Range, step: int, above: frozenset[int]) -> Iterator[Draft]:
    """Encode a slice frame for frame; a long one in pieces, where nothing in it forbids a cut."""
    whole = [Range(start=0, end=look.length)]
    if len(look.picture) == 1 and not any(overlay.fade_in or overlay.fade_out for overlay in look.overlays):
        edges = [*range(0, look.length, max(1, step)), look.length]
        whole = [Range(start=start, end=end) for start, end in pairwise(edges)]
    for part in whole:
        yield Draft(
            at=Range(start=span.start + part.start, end=span.start + part.end),
            look=look if len(whole) == 1 else slice_of(look, part),
            use=Range(start=0, end=part.length),
            reason=_why_exact(look),
            passing=above,
            is_own=True,
        )


def _why_exact(look: Timeline) -> str:
    """Say what there is to see that makes a stretch an encode of its own."""
    reasons = []
    for item in look.picture:
        if isinstance(item, Transition):
            family = "" if item.family == "fade" else f" ({item.family})"
            reasons.append(f"a {item.kind} of {item.length} frames{family}")
    reasons += [why for why in (_why_moving(overlay, look.length) for overlay in look.overlays) if why]
    if reasons:
        return ", ".join(dict.fromkeys(reasons))
    return "an overlay that other stretches have not" if _only_clip(look) else "no clip"


def _why_moving(overlay: Overlay, length: int) -> str:
    """Say how an overlay moves; empty where it stands still."""
    if not moves(overlay, length):
        return ""
    ways = []
    if isinstance(overlay, VideoOverlay):
        ways.append("film")
    if isinstance(overlay, ImageOverlay) and overlay.zoom and overlay.zoom.start != overlay.zoom.end:
        ways.append(f"zoom {float(overlay.zoom.start):.3g} to {float(overlay.zoom.end):.3g}")
    ways += ["comes"] if overlay.fade_in else []
    ways += ["goes"] if overlay.fade_out else []
    return f"an overlay that moves ({overlay.type}{': ' if ways else ''}{', '.join(ways)})"


def _chosen(cut: Sequence[_Stretch | Draft], rule: _Rule) -> Iterator[Draft]:
    """Decide per chunk whether it is encoded whole. A chunk's own identity is what it shows."""
    shown: dict[str, int] = defaultdict(int)
    from_start: dict[str, int] = defaultdict(int)
    looks = {id(one): _whole(one) for one in cut if isinstance(one, _Stretch)}
    names = {number: look.model_dump_json() for number, look in looks.items()}
    for one in cut:
        if isinstance(one, _Stretch):
            name = names[id(one)]
            shown[name] += one.use.length
            if one.use.start == 0:
                from_start[name] = max(from_start[name], one.use.length)
    for one in cut:
        if isinstance(one, Draft):
            yield one
            continue
        name, whole = names[id(one)], looks[id(one)]
        is_most = shown[name] * 2 >= one.chunk.length or from_start[name] >= min(rule.short, one.chunk.length)
        is_worth_it = is_most and rule.is_copied(one.use) and one.is_lasting
        is_whole = one.use.length == one.chunk.length or is_worth_it
        yield _copy(one, whole) if is_whole else _alone(one)


def _whole(one: _Stretch) -> Timeline:
    """Give the slice that shows all of a chunk under the same overlays."""
    at = Range(start=0, end=one.chunk.length)
    return one.look.model_copy(
        update={
            "picture": (one.clip.model_copy(update={"source": one.chunk}),),
            "overlays": tuple(overlay.model_copy(update={"at": at}) for overlay in one.look.overlays),
        }
    )


def _copy(one: _Stretch, whole: Timeline) -> Draft:
    if one.use.length == one.chunk.length:
        return Draft(at=one.at, look=whole, use=one.use, reason="all of the segment is shown")
    return Draft(at=one.at, look=whole, use=one.use, reason=f"frames {one.use} of the segment are shown")


def _alone(one: _Stretch) -> Draft:
    length = one.use.length
    at = Range(start=0, end=length)
    start = one.chunk.start + one.use.start
    look = one.look.model_copy(
        update={
            "picture": (one.clip.model_copy(update={"source": Range(start=start, end=start + length)}),),
            "overlays": tuple(overlay.model_copy(update={"at": at}) for overlay in one.look.overlays),
        }
    )
    share = f"{length} of {one.chunk.length} frames"
    reason = f"{share}: less work by itself than the whole segment"
    return Draft(at=one.at, look=look, use=at, reason=reason, is_own=True)


def _together(timeline: Timeline, chosen: Iterable[Draft], longest: int) -> Iterator[Draft]:
    """Make one encode of neighbours that are no other video's and lie under the same passing overlays."""
    run: list[Draft] = []
    for one in chosen:
        is_next = run and one.is_own and run[-1].is_own and one.passing == run[-1].passing
        if is_next and one.at.end - run[0].at.start <= longest:
            run.append(one)
            continue
        yield from _as_one(timeline, run)
        run = [one]
    yield from _as_one(timeline, run)


def _as_one(timeline: Timeline, run: Sequence[Draft]) -> Iterator[Draft]:
    if len(run) < 2:
        yield from run
        return
    at = Range(start=run[0].at.start, end=run[-1].at.end)
    reason = "; ".join(dict.fromkeys(one.reason for one in run))
    use = Range(start=0, end=at.length)
    yield Draft(at, slice_of(timeline, at), use, reason, run[0].passing, is_own=True)
