"""The boxes of an MP4: enough of ISO 14496-12 to prove a file from its index, without reading what it holds."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

from videogen.errors import Defect

_HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
INDEX_BYTES_MOST = 1 << 29
_IS_ON = 1
_PICTURES = frozenset({b"avc1", b"avc3", b"hvc1", b"hev1"})
_PICTURE_BYTES = 86
"""A description of pictures up to the boxes in it. Source: ISO 14496-12, 12.1.3, VisualSampleEntry."""


@dataclass(frozen=True)
class Track:
    """One track's index. Units: `runs` are (packets, ticks each) in `timescale` ticks a second; packets from 0."""

    handler: str
    timescale: int
    runs: tuple[tuple[int, int], ...]
    offsets: tuple[int, ...]
    """PTS - DTS of each packet in ticks."""
    keys: frozenset[int] | None
    """Packets that decoding may start at; None: any."""
    sizes: tuple[int, ...]
    """Bytes of each packet."""
    chunks: tuple[int, ...]
    """Where in the file each run of packets lies."""
    edits: tuple[tuple[int, int], ...]
    """(length in the movie's timescale, first tick shown); -1 is an empty stretch."""

    width: int = 0
    height: int = 0
    colour: tuple[int, int, int, bool] | None = None
    """Primaries, transfer, matrix, and whether the range is full, by their numbers; None: untold. Source: H.273."""
    spread: tuple[tuple[int, int], ...] = ()
    """From which chunk on, counted from 1, each holds how many packets."""
    language: str = ""
    """By ISO 639-2."""
    is_on: bool = True
    """Whether a player shows it unasked."""

    @property
    def size_bytes(self) -> int:
        """Their bytes together."""
        return sum(self.sizes)

    @property
    def packets(self) -> int:
        """How many there are."""
        return sum(count for count, _ in self.runs)

    @property
    def ticks(self) -> int:
        """Their lengths together."""
        return sum(count * each for count, each in self.runs)

    @property
    def lengths(self) -> Iterator[int]:
        """How long each packet lasts, in ticks."""
        return (each for count, each in self.runs for _ in range(count))

    def places(self) -> Iterator[tuple[int, int]]:
        """Give where in the file each packet lies, and its bytes. Raises: IndexError: there are more than are told."""
        nth = 0
        starts = [first for first, _ in self.spread]
        for (first, each), following in zip(self.spread, [*starts[1:], len(self.chunks) + 1], strict=True):
            for chunk in range(first, following):
                at = self.chunks[chunk - 1]
                for _ in range(each):
                    yield at, self.sizes[nth]
                    at, nth = at + self.sizes[nth], nth + 1

    def shown(self) -> list[int]:
        """Give each packet's PTS in ticks, in decode order."""
        starts = list(accumulate(self.lengths, initial=0))[:-1]
        offsets = self.offsets or (0,) * len(starts)
        return [start + offset for start, offset in zip(starts, offsets, strict=True)]


@dataclass(frozen=True)
class Index:
    """A file's index, and how its parts lie."""

    order: tuple[str, ...]
    timescale: int
    media: tuple[int, int]
    """Where the packets lie: start and end in the file."""
    tracks: tuple[Track, ...]


def index_of(path: Path) -> Index:
    """Read an MP4's index. Raises: Defect: `bad-index`: it is not one."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            outer = list(_outer(file, size))
            moov = next(((start, end) for kind, start, end in outer if kind == b"moov"), None)
            if moov is None or moov[1] - moov[0] > INDEX_BYTES_MOST:
                raise _bad("it has none")
            file.seek(moov[0])
            raw = file.read(moov[1] - moov[0])
        return Index(
            order=tuple(kind.decode("latin-1") for kind, *_ in outer),
            timescale=_movie_timescale(raw),
            media=next(((start, end) for kind, start, end in outer if kind == b"mdat"), (0, 0)),
            tracks=tuple(
                _track(dict(_leaves(raw, start, end)))
                for kind, start, end in _inner(raw, 0, len(raw))
                if kind == b"trak"
            ),
        )
    except (struct.error, KeyError, IndexError, ValueError) as error:
        raise _bad(str(error)) from error


def _bad(said: str) -> Defect:
    return Defect(f"the finished video's index cannot be read ({said})", remedy="Report it.", code="bad-index")


def _outer(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        start = at + 8
        if length == 1:
            (length,), start = struct.unpack(">Q", head[8:16]), at + 16
        end = size if length == 0 else at + length
        if end <= at or end > size:
            raise ValueError(f"a box of {length} bytes at {at}")
        yield kind, start, end
        at = end


def _inner(raw: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= end:
        length, kind = struct.unpack(">I4s", raw[at : at + 8])
        if length < 8 or at + length > end:
            raise ValueError(f"a box of {length} bytes in the index")
        yield kind, at + 8, at + length
        at += length


def _leaves(raw: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    for kind, begin, stop in _inner(raw, start, end):
        if kind in _HOLDERS:
            yield from _leaves(raw, begin, stop)
        else:
            yield kind, raw[begin:stop]


def _movie_timescale(raw: bytes) -> int:
    head = dict(_leaves(raw, 0, len(raw)))[b"mvhd"]
    return int(struct.unpack(">I", head[20:24] if head[0] else head[12:16])[0])


def _track(leaves: dict[bytes, bytes]) -> Track:
    media = leaves[b"mdhd"]
    (timescale,) = struct.unpack(">I", media[20:24] if media[0] else media[12:16])
    keys = leaves.get(b"stss")
    return Track(
        handler=leaves[b"hdlr"][8:12].decode("latin-1"),
        timescale=timescale,
        runs=tuple(_pairs(leaves[b"stts"], ">II")),
        offsets=tuple(offset for count, offset in _pairs(leaves.get(b"ctts", bytes(8)), ">Ii") for _ in range(count)),
        keys=None if keys is None else frozenset(number - 1 for (number,) in struct.iter_unpack(">I", keys[8:])),
        sizes=_sizes(leaves[b"stsz"]),
        chunks=tuple(at for (at,) in _chunks(leaves)),
        edits=_edits(leaves.get(b"elst", b"")),
        spread=tuple((first, each) for first, each, _ in struct.iter_unpack(">III", leaves.get(b"stsc", bytes(8))[8:])),
        language=_language(media[32:34] if media[0] else media[20:22]),
        is_on=bool(leaves.get(b"tkhd", b"\0\0\0\1")[3] & _IS_ON),
        **_described(leaves.get(b"stsd", b"")),
    )


def _language(leaf: bytes) -> str:
    """Read three letters of five bits each. Source: ISO 14496-12, 8.4.2."""
    (packed,) = struct.unpack(">H", leaf)
    return "".join(chr(0x60 + (packed >> shift & 0x1F)) for shift in (10, 5, 0))


def captions_off(path: Path) -> tuple[int, bytes]:
    """Give what has captions wait until they are asked for: where in the file, and the byte that stands there then.

    Source: ISO 14496-12, 8.3.2: the last bit of a track's flags; a muxer sets that of the first track of each sort.
    """
    with path.open("rb") as file:
        moov = next((start, end) for kind, start, end in _outer(file, path.stat().st_size) if kind == b"moov")
        file.seek(moov[0])
        raw = file.read(moov[1] - moov[0])
    for kind, start, end in _inner(raw, 0, len(raw)):
        if kind == b"trak" and dict(_leaves(raw, start, end))[b"hdlr"][8:12] == b"sbtl":
            flags = {one: begin for one, begin, _ in _inner(raw, start, end)}[b"tkhd"] + 3
            return moov[0] + flags, bytes([raw[flags] & ~_IS_ON])
    raise _bad("it has no captions")


def _pairs(leaf: bytes, shape: str) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack(">I", leaf[4:8])
    return ((one, other) for one, other in struct.iter_unpack(shape, leaf[8 : 8 + 8 * count]))


def _sizes(leaf: bytes) -> tuple[int, ...]:
    each, count = struct.unpack(">II", leaf[4:12])
    if each and count > INDEX_BYTES_MOST // 4:
        raise ValueError(f"a table of {count} packets")
    return (each,) * count if each else struct.unpack(f">{count}I", leaf[12 : 12 + 4 * count])


def _described(leaf: bytes) -> dict[str, Any]:
    """Give the size and the colour of a track of pictures, as its first description says."""
    if len(leaf) < 8 + _PICTURE_BYTES or leaf[12:16] not in _PICTURES:
        return {}
    width, height = struct.unpack(">HH", leaf[40:44])
    (length,) = struct.unpack(">I", leaf[8:12])
    inner = {kind: leaf[begin:end] for kind, begin, end in _inner(leaf, 8 + _PICTURE_BYTES, 8 + length)}
    colr = inner.get(b"colr", b"")
    if colr[:4] != b"nclx":
        return {"width": width, "height": height}
    primaries, transfer, matrix, flags = struct.unpack(">HHHB", colr[4:11])
    return {"width": width, "height": height, "colour": (primaries, transfer, matrix, bool(flags & 0x80))}


def _chunks(leaves: dict[bytes, bytes]) -> Iterator[tuple[int]]:
    wide = leaves.get(b"co64")
    leaf = wide or leaves[b"stco"]
    (count,) = struct.unpack(">I", leaf[4:8])
    return struct.iter_unpack(">Q" if wide else ">I", leaf[8 : 8 + (8 if wide else 4) * count])


def _edits(leaf: bytes) -> tuple[tuple[int, int], ...]:
    if not leaf:
        return ()
    shape = ">QqHH" if leaf[0] else ">IiHH"
    return tuple((length, start) for length, start, *_ in struct.iter_unpack(shape, leaf[8:]))
