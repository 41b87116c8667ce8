"""Segment: an encoded piece of picture, named by what it shows and how it was encoded."""

from itertools import accumulate
from typing import Literal

from pydantic import model_validator

from videogen.model.quality import Look
from videogen.model.timebase import Range
from videogen.model.value import Digest, Value


class Name(Value):
    """Where a segment lies in the store.

    `look` is the hash of what is seen: contents, frame ranges, fit, overlays. `key` is the hash of all that shapes the
    bits: the command that makes it and the program that runs it. Paths and file names are in neither.
    """

    look: Digest
    key: Digest


class Structure(Value):
    """A segment's packets in decode order: which frame each one shows, and which of them decoding may start at.

    Shape: `order` is a permutation of 0..n-1; `keys` rises, and begins with 0.
    """

    order: tuple[int, ...]
    keys: tuple[int, ...]

    @property
    def delay(self) -> int:
        """By how many packets decoding must run ahead of showing."""
        return max((place - frame for place, frame in enumerate(self.order)), default=0)

    def complete(self) -> tuple[int, ...]:
        """Give each count of leading packets that show exactly the frames before that count, without a hole."""
        return tuple(count for count, last in enumerate(accumulate(self.order, max), start=1) if last == count - 1)


class Cut(Value):
    """How a stretch of a segment is had: `head` and `tail` are encoded anew, `copied` is packets between them.

    Units: frames of the segment, half-open; together they are the stretch, in order, without a hole.
    """

    head: Range | None = None
    copied: Range | None = None
    tail: Range | None = None


def cut(structure: Structure, use: Range) -> Cut:
    """Copy as much of a stretch as can be decoded by itself, from an IDR to the longest complete prefix.

    Shape: where nothing can be copied, all of it is `head`.
    """
    begin = next((key for key in structure.keys if key >= use.start), use.end)
    end = max((count for count in structure.complete() if count <= use.end), default=0)
    if begin >= end:
        return Cut(head=use)
    return Cut(
        head=Range(start=use.start, end=begin) if begin > use.start else None,
        copied=Range(start=begin, end=end),
        tail=Range(start=end, end=use.end) if end < use.end else None,
    )


class Note(Value):
    """The side file of a segment: what was proven when it was made, and what a reader must find again.

    Units: `offset` and `sizes` in bytes: packet after packet in decode order, without a hole, from `offset` on.
    `tick` is the length of a frame in `timescale` ticks a second. `reorder` is the decoder's own word for its delay.
    """

    version: Literal[1] = 1
    name: Name
    frames: int
    structure: Structure
    sha256: Digest
    size_bytes: int
    offset: int
    sizes: tuple[int, ...]
    codec: str
    width: int
    height: int
    pix_fmt: str
    timescale: int
    tick: int
    reorder: int
    extradata_sha256: Digest
    assets: tuple[Digest, ...] = ()
    title: str = ""
    """What it is, for people: asset, range, profile."""
    is_decoded: bool = False
    """Whether every frame was decoded when it was made."""
    look: Look | None = None
    """How every frame looks; None in side files older than the gate, until they are used again."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "Note":
        order, keys = self.structure.order, self.structure.keys
        if sorted(order) != list(range(self.frames)) or len(self.sizes) != self.frames:
            raise ValueError("the packets are not the frames")
        if self.offset + sum(self.sizes) > self.size_bytes or keys[:1] != (0,) or list(keys) != sorted(set(keys)):
            raise ValueError("the packets do not fit the file, or the keys do not rise from 0")
        return self
