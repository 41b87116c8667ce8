"""Cutting a timeline: where what touches the pixels changes, and what is seen between two cuts, as a timeline again.

A slice is a whole timeline of its own, so what is encoded on its own, and what its key is made of, needs no second
description: clips trimmed, overlays moved to its own time, nothing in it that does not show.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

from videogen.model.style import Zoom
from videogen.model.timebase import Range
from videogen.model.timeline import Clip, Gap, ImageOverlay, Item, Overlay, Timeline, Transition, VideoOverlay

Row = tuple[int, Item]


def stretches(timeline: Timeline) -> tuple[Range, ...]:
    """Give the stretches between which the set of things seen changes.

    Shape: in order, touching, together the whole timeline. A crossfade, each side of a fade, and the coming and going
    of an overlay are never cut through; where such stretches overlap they are one.
    """
    whole = _merged(_in_order(timeline))
    points = {0, timeline.length}
    for stretch in [*whole, *(at for at, _ in timeline.placed()), *(overlay.at for overlay in timeline.overlays)]:
        points |= {stretch.start, stretch.end}
    points -= {point for one in whole for point in points if one.start < point < one.end}
    return tuple(Range(start=start, end=end) for start, end in pairwise(sorted(points)))


def slices(timeline: Timeline) -> Iterator[tuple[Range, Timeline]]:
    """Give each stretch of a timeline with what is seen in it, in one pass over the base track."""
    rows, first = _rows(timeline), 0
    for span in stretches(timeline):
        while first < len(rows) and _is_over(rows[first], span.start):
            first += 1
        yield span, _sliced(timeline, span, islice(rows, first, None))


def next_cut(timeline: Timeline, frame: int) -> int:
    """Give the first frame, from this one on, at which a timeline may be cut: inside no transition, inside no fade."""
    inside = (one.end for one in _merged(_in_order(timeline)) if one.start < frame < one.end)
    return min(timeline.length, next(inside, frame))


def moves(overlay: Overlay, length: int) -> bool:
    """Whether an overlay of a slice of that length is other on one frame than on another."""
    if not isinstance(overlay, ImageOverlay) or overlay.fade_in or overlay.fade_out:
        return True
    is_zoomed = overlay.zoom is not None and overlay.zoom.start != overlay.zoom.end
    return is_zoomed or (overlay.at.start, overlay.at.end) != (0, length)


def slice_of(timeline: Timeline, span: Range) -> Timeline:
    """Give what is seen in a stretch, as a mute timeline that begins at 0.

    Shape: `span` cuts through no transition and through no fade of an overlay, as those of `stretches` do.
    """
    return _sliced(timeline, span, _rows(timeline))


def _sliced(timeline: Timeline, span: Range, rows: Iterable[Row]) -> Timeline:
    return Timeline(
        canvas=timeline.canvas,
        picture=tuple(_items(rows, span)),
        overlays=tuple(_moved(overlay, span) for overlay in timeline.overlays if _common(overlay.at, span)),
        is_mute=True,
    )


def _in_order(timeline: Timeline) -> list[Range]:
    return sorted(_uncuttable(timeline), key=lambda one: (one.start, one.end))


def _uncuttable(timeline: Timeline) -> Iterator[Range]:
    for at, item in _rows(timeline):
        if not isinstance(item, Transition):
            continue
        if at >= item.length and (item.kind == "crossfade" or at > 0):
            yield Range(start=at - item.length, end=at)
        if item.kind == "fade" and at < timeline.length:
            yield Range(start=at, end=at + item.length)
    for overlay in timeline.overlays:
        if overlay.fade_in:
            yield Range(start=overlay.at.start, end=overlay.at.start + overlay.fade_in)
        if overlay.fade_out:
            yield Range(start=overlay.at.end - overlay.fade_out, end=overlay.at.end)


def _merged(ordered: list[Range]) -> list[Range]:
    merged: list[Range] = []
    for one in ordered:
        if merged and one.start < merged[-1].end:
            merged[-1] = Range(start=merged[-1].start, end=max(one.end, merged[-1].end))
        else:
            merged.append(one)
    return merged


def _rows(timeline: Timeline) -> list[Row]:
    """Give each item of the base track with where it begins; a transition stands at the end of the part before it."""
    rows: list[Row] = []
    at = 0
    for item in timeline.picture:
        rows.append((at, item))
        if isinstance(item, Transition):
            at -= item.length if item.kind == "crossfade" else 0
        else:
            at += item.length
    return rows


def _is_over(row: Row, start: int) -> bool:
    """Whether nothing of an item is seen from a frame on."""
    at, item = row
    return at < start if isinstance(item, Transition) else at + item.length <= start


def _items(rows: Iterable[Row], span: Range) -> Iterator[Item]:
    for at, item in rows:
        if at > span.end + item.length:
            return
        if isinstance(item, Transition):
            if _shows(item, at, span):
                yield item
            continue
        start, end = max(at, span.start), min(at + item.length, span.end)
        if start < end:
            yield _trimmed(item, start - at, end - start)


def _shows(item: Transition, at: int, span: Range) -> bool:
    before = span.start <= at - item.length and at <= span.end
    if item.kind == "crossfade":
        return before
    return before or (span.start <= at and at + item.length <= span.end)


def _trimmed(part: Clip | Gap, skipped: int, length: int) -> Clip | Gap:
    if isinstance(part, Gap):
        return part.model_copy(update={"length": length})
    start = part.source.start + skipped
    return part.model_copy(update={"source": Range(start=start, end=start + length)})


def _common(one: Range, other: Range) -> Range | None:
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Range(start=start, end=end) if start < end else None


def _moved(overlay: Overlay, span: Range) -> Overlay:
    seen = _common(overlay.at, span)
    assert seen is not None  # noqa: S101 -- the caller asked before
    changed: dict[str, object] = {
        "at": Range(start=seen.start - span.start, end=seen.end - span.start),
        "fade_in": overlay.fade_in if seen.start == overlay.at.start else 0,
        "fade_out": overlay.fade_out if seen.end == overlay.at.end else 0,
    }
    # What neither comes nor goes here does not move here either.
    changed["enter"] = overlay.enter if changed["fade_in"] else None
    changed["leave"] = overlay.leave if changed["fade_out"] else None
    if isinstance(overlay, VideoOverlay):
        changed["start"] = overlay.start + seen.start - overlay.at.start
    if isinstance(overlay, ImageOverlay) and overlay.zoom:
        changed["zoom"] = _zoomed(overlay.zoom, overlay.at, seen)
    return overlay.model_copy(update=changed)


def _zoomed(zoom: Zoom, at: Range, seen: Range) -> Zoom | None:
    """Give a stretch of a zoom: each of its frames as large as it was, exactly; None where nothing is enlarged.

    Source: frame i of n frames is start + (end - start) * i / (n - 1) times as large; a zoom of one frame is its start.
    """
    step = (zoom.end - zoom.start) / max(1, at.length - 1)
    start = zoom.start + step * (seen.start - at.start)
    end = start + step * (seen.length - 1)
    return None if start == end == 1 else Zoom(start=start, end=end)
