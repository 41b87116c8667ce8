"""The picture of a timeline as one chain of filters, from numbers only: no text of a user's ever comes near a graph."""

from collections.abc import Sequence
from fractions import Fraction

from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, Part, Timeline, Transition, VideoOverlay
from videogen.plan.colour import labelled, painted
from videogen.plan.footage import MediaOf, between, clip_frames, seconds
from videogen.plan.inputs import Stream, beside, end_to_end, generated
from videogen.plan.overlays import is_plain, with_overlay

BLACK = "#000000"


def picture_stream(timeline: Timeline, media_of: MediaOf) -> Stream:
    """Join the base track and lay the overlays over it: at least `timeline.length` frames at the canvas rate."""
    return _seen(_joined(timeline, media_of), timeline, media_of)


def streams_of_one_clip(timelines: Sequence[Timeline], media_of: MediaOf) -> tuple[Stream, list[Stream]]:
    """Give every frame of a clip that timelines show once, to count them by, and each timeline's own frames.

    Each timeline is one clip of the same content, brought to the same size and colours, under pictures alone. It is
    decoded and scaled once, however many show it; what each gives is what `picture_stream` would.
    """
    canvas, clips = timelines[0].canvas, [clip_of(timeline) for timeline in timelines]
    start, end = min(one.source.start for one in clips), max(one.source.end for one in clips)
    whole = clips[0].model_copy(update={"source": Range(start=start, end=end)})
    split = clip_frames(whole, media_of(whole.asset), canvas, 0).filter_multi_output("split", len(timelines) + 1)
    streams, number = [], 0
    for nth, (timeline, clip) in enumerate(zip(timelines, clips, strict=True), start=1):
        frames = between(split[nth], clip.source.start - start, clip.source.end - start)
        streams.append(_seen(frames, timeline, media_of, number))
        number += len(timeline.overlays)
    return split[0], streams


def clip_of(timeline: Timeline) -> Clip:
    """Give the clip of a timeline that has one and nothing beside it on its base track."""
    (clip,) = timeline.picture
    assert isinstance(clip, Clip)  # noqa: S101 -- whoever put timelines together looked
    return clip


def _seen(joined: Stream, timeline: Timeline, media_of: MediaOf, number: int = 0) -> Stream:
    """Lay the overlays over the base track; `number` is the first of those that name their inputs."""
    if not all(isinstance(overlay, ImageOverlay) and is_plain(overlay) for overlay in timeline.overlays):
        # What is laid over frames that do not say which colours they have is turned into BT.601 (FFmpeg 7 and later).
        joined = labelled(joined)
    for nth, overlay in enumerate(timeline.overlays, start=number):
        media = media_of(overlay.asset) if isinstance(overlay, VideoOverlay) else None
        joined = with_overlay(joined, overlay, timeline, media, nth)
    # A gap alone says nothing of its colours, and blending forgets them: headers of all pieces must say the same.
    return labelled(joined.filter("format", timeline.canvas.pix_fmt))


# -- the base track ----------------------------------------------------------------------------------------------------


def _joined(timeline: Timeline, media_of: MediaOf) -> Stream:
    """Lay the parts end to end; what crossfades is laid over each other."""
    canvas = timeline.canvas
    runs: list[list[Stream]] = [[]]
    overlaps: list[Transition] = []
    lengths = [0]
    for nth, item in enumerate(timeline.picture):
        if isinstance(item, Transition):
            if item.kind == "crossfade":
                overlaps.append(item)
                runs.append([])
                lengths.append(0)
            continue
        runs[-1].append(_faded(_part(item, canvas, nth, media_of), item, _fades_beside(timeline.picture, nth)))
        lengths[-1] += item.length
    streams = [end_to_end(run) for run in runs]
    return _crossfaded(streams, lengths, overlaps, canvas)


def _crossfaded(streams: list[Stream], lengths: list[int], overlaps: list[Transition], canvas: Canvas) -> Stream:
    """Let each stream begin within the end of what is there. xfade wants to know the rate, which concat forgets."""
    joined, length = streams[0], lengths[0]
    for stream, more, overlap in zip(streams[1:], lengths[1:], overlaps, strict=True):
        both = [one.filter("settb", f"1/({canvas.fps})").filter("fps", fps=str(canvas.fps)) for one in (joined, stream)]
        joined = beside(
            both,
            "xfade",
            transition=overlap.family,
            duration=seconds(Fraction(overlap.length) / canvas.fps),
            offset=seconds((length - overlap.length) / canvas.fps),
        )
        length += more - overlap.length
    return joined


def _fades_beside(items: Sequence[Part | Transition], nth: int) -> tuple[int, int]:
    """Give how many frames a part takes to come out of black and to go into it; 0 is not at all."""
    around = (items[nth - 1] if nth else None, items[nth + 1] if nth + 1 < len(items) else None)
    before, after = (one.length if isinstance(one, Transition) and one.kind == "fade" else 0 for one in around)
    return before, after


def _faded(stream: Stream, part: Part, fades: tuple[int, int]) -> Stream:
    if fades[0]:
        stream = stream.filter("fade", t="in", start_frame=0, nb_frames=fades[0])
    if fades[1]:
        stream = stream.filter("fade", t="out", start_frame=part.length - fades[1], nb_frames=fades[1])
    return stream


def _part(part: Part, canvas: Canvas, nth: int, media_of: MediaOf) -> Stream:
    if isinstance(part, Gap):
        return _gap(part, canvas, nth)
    return clip_frames(part, media_of(part.asset), canvas, nth)


def _gap(gap: Gap, canvas: Canvas, nth: int) -> Stream:
    """Give exactly `gap.length` frames of one colour."""
    # The last words change nothing but the name: two inputs with the same words would be one input.
    black = generated(
        f"color=c=black:s={canvas.width}x{canvas.height}:r={canvas.fps},trim=end_frame={gap.length},setpts=PTS+0*{nth}"
    )
    stream = black.filter("format", canvas.pix_fmt).filter("setsar", 1)
    return stream if gap.colour == BLACK else labelled(painted(stream, gap.colour))
