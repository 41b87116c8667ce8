"""Which segment each stretch of a video comes from, and which part of it is shown.

A clip is cut on its own frames, at multiples of the segment length, so the same stretch has the same key in every
video. A chunk that is shown from its first frame, or for half its length or more, is encoded whole: what is not shown
now will be. What is shown of a chunk otherwise, or under an overlay that comes and goes, is encoded by itself, frame
for frame. The choice looks at the timeline alone, never at the store: the same task gives the same bytes from cold and
from warm.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from videogen.errors import RecipeError
from videogen.model.media import Media
from videogen.model.timebase import Range, frames_of, rounded
from videogen.model.timeline import Clip, ImageOverlay, Overlay, Timeline, Transition
from videogen.plan.encode import known
from videogen.plan.slices import slice_of, slices

REMAINDER_S = 5
"""A last chunk shorter than this joins the one before it."""
SHORT_S = 1
"""Less than this of a chunk is encoded by itself, wherever it begins."""


@dataclass(frozen=True)
class Draft:
    """A stretch of the video, the slice that is encoded for it, and which of its frames are shown."""

    at: Range
    look: Timeline
    use: Range
    reason: str


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
    cut = list(_cut(timeline, media, segment_s, grids or {}))
    return tuple(_chosen(cut, short=rounded(SHORT_S * timeline.canvas.fps), long=2 * gop))


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
    timeline: Timeline, media: Mapping[str, Media], segment_s: Fraction, grids: Mapping[str, Sequence[Range]]
) -> Iterator[_Stretch | Draft]:
    media_of = known(media)
    fps = timeline.canvas.fps
    for span, look in slices(timeline):
        clip = _only_clip(look)
        if clip is None:
            yield from _exact(look, span, rounded(segment_s * fps))
            continue
        length = clip_length(media_of(clip.asset), fps)
        chunks = grids.get(clip.asset) or grid(length, fps, segment_s)
        passing = [one.at for one in timeline.overlays if one.at.length < timeline.length]
        is_lasting = not any(at.start < span.end and span.start < at.end for at in passing)
        yield from _chunked(clip, look, span, chunks, is_lasting=is_lasting)


def _only_clip(look: Timeline) -> Clip | None:
    """Give the clip that a slice shows, where it shows nothing else but pictures that stand still."""
    (item, *others) = look.picture
    if others or not isinstance(item, Clip):
        return None
    return None if any(_moves(overlay, look) for overlay in look.overlays) else item


def _moves(overlay: Overlay, look: Timeline) -> bool:
    is_still = isinstance(overlay, ImageOverlay) and not overlay.fade_in and not overlay.fade_out
    return not is_still or (overlay.at.start, overlay.at.end) != (0, look.length)


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


def _exact(look: Timeline, span: Range, step: int) -> Iterator[Draft]:
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
        )


def _why_exact(look: Timeline) -> str:
    transitions = [item for item in look.picture if isinstance(item, Transition)]
    if transitions:
        return f"a {transitions[0].kind} of {transitions[0].length} frames"
    moving = [overlay.type for overlay in look.overlays if _moves(overlay, look)]
    if moving:
        return f"an overlay that moves ({moving[0]})"
    return "no clip"


def _chosen(cut: Sequence[_Stretch | Draft], *, short: int, long: int) -> Iterator[Draft]:
    """Decide per chunk whether it is encoded whole. A chunk's own identity is what it shows.

    A stretch that begins inside a segment can be copied from the next IDR on only, which may be a GOP away: it must be
    `long` for that to be worth it. Units: frames.
    """
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
        is_most = shown[name] * 2 >= one.chunk.length or from_start[name] >= min(short, one.chunk.length)
        is_copied = one.use.start == 0 or one.use.length >= long
        is_whole = one.use.length == one.chunk.length or (is_most and is_copied and one.is_lasting)
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
    return Draft(at=one.at, look=look, use=at, reason=f"{share}: less work by itself than the whole segment")
