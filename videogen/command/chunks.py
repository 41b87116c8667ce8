"""Chunk: a stretch of a source that is encoded on its own."""

from fractions import Fraction
from itertools import pairwise

from videogen.errors import RecipeError
from videogen.model.timebase import Range, frames_of
from videogen.model.value import Value

CHUNK_S = Fraction(600)
"""Ten minutes: more pieces cost more starts, fewer leave workers idle."""
SHORTEST_S = Fraction(5)
"""A remainder shorter than this is not worth a start of its own."""


class Chunk(Value):
    """One piece of a source. Units: frames of the grid the source was counted on."""

    id: int
    span: Range


def chunks(
    frames: int, fps: Fraction, *, chapters: tuple[Fraction, ...] = (), chunk_frames: int | None = None
) -> tuple[Chunk, ...]:
    """Cut a source at its chapters, and what is longer than a chunk into chunks.

    Shape: ids are 0, 1, 2, ...; the spans touch, never overlap, and together are all frames; none for a source without
        frames. A remainder under 5 s belongs to the piece before it, so a piece may be that much too long.
    Units: `chapters` are start times in seconds after frame 0, in any order; those on one frame are one, those outside
        are none.
    Raises: RecipeError: the rate or the length of a chunk is not above 0.
    """
    if frames <= 0:
        return ()
    if fps <= 0 or (chunk_frames is not None and chunk_frames <= 0):
        raise RecipeError("a chunk of no length cannot be cut", remedy="Give a rate and a chunk length above 0.")
    starts = {frames_of(start, fps) for start in chapters}
    edges = [0, *sorted(start for start in starts if 0 < start < frames), frames]
    length = chunk_frames or max(1, frames_of(CHUNK_S, fps))
    spans = [span for start, end in pairwise(edges) for span in _pieces(start, end, length, SHORTEST_S * fps)]
    return tuple(Chunk(id=nth, span=span) for nth, span in enumerate(spans))


def _pieces(start: int, end: int, length: int, shortest: Fraction) -> list[Range]:
    edges = [*range(start, end, length), end]
    if len(edges) > 2 and edges[-1] - edges[-2] < min(shortest, length):
        del edges[-2]
    return [Range(start=first, end=last) for first, last in pairwise(edges)]
