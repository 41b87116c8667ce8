"""Joining: whether the pieces that are done make a whole, and what is missing where they do not."""

from collections.abc import Collection
from itertools import pairwise

from videogen.command.chunks import Chunk
from videogen.errors import Defect
from videogen.model.timebase import Range

_NAMED = 8
"""How many missing pieces a message names; the rest are counted."""


def missing(chunks: Collection[Chunk], done_ids: Collection[int]) -> tuple[Chunk, ...]:
    """Give the pieces that are not done, in order.

    Raises: Defect: the chunks are no sequence without gaps, or something is done that is none of them.
    """
    ordered = sorted(chunks, key=lambda chunk: chunk.id)
    if [chunk.id for chunk in ordered] != list(range(len(ordered))):
        raise Defect("the pieces are not numbered 0, 1, 2, ...", remedy="Report it with the source.")
    for before, after in pairwise(ordered):
        if before.span.end != after.span.start:
            raise Defect(f"pieces {before.id} and {after.id} do not touch", remedy="Report it with the source.")
    if strangers := sorted(set(done_ids) - {chunk.id for chunk in ordered}):
        raise Defect(f"nobody asked for {_listed(strangers)}", remedy="Report it with the source.")
    return tuple(chunk for chunk in ordered if chunk.id not in done_ids)


def expect_all(chunks: Collection[Chunk], done_ids: Collection[int]) -> None:
    """Join strictly: go on only where nothing is missing. Raises: Defect: something is, or there is nothing at all."""
    absent = missing(chunks, done_ids)
    if absent or not chunks:
        which = _listed([chunk.id for chunk in absent]) if absent else "everything"
        raise Defect(
            f"the video cannot be joined: {which} of {len(chunks)} missing",
            remedy="Run it again, or have the gaps filled with black.",
            code="pieces-missing",
            missing=[chunk.id for chunk in absent],
        )


def gaps(chunks: Collection[Chunk], done_ids: Collection[int]) -> tuple[Range, ...]:
    """Join permissively: give the stretches that will be black, to be reported.

    Shape: in order; none touches the next.
    Units: frames of the chunks' grid.
    Raises: Defect: nothing is done, so there is nothing to join; and as `missing`.
    """
    absent = missing(chunks, done_ids)
    if not done_ids:
        expect_all(chunks, done_ids)
    black: list[Range] = []
    for chunk in absent:
        if black and black[-1].end == chunk.span.start:
            black[-1] = Range(start=black[-1].start, end=chunk.span.end)
        else:
            black.append(chunk.span)
    return tuple(black)


def _listed(ids: list[int]) -> str:
    named = ", ".join(str(one) for one in ids[:_NAMED])
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"piece {named}{more}"
