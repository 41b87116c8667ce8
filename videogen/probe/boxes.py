"""The boxes of a MOV: the outer ones end within the file, those of index and fragments where their parent does.

Demuxers differ in what they make of a box that ends elsewhere: one reads on, the next refuses the file. So none is let
through that a render may refuse later. Tables are not read but for `trun`, whose rows are counted.
"""

from collections.abc import Iterator
from typing import IO, NamedTuple

from videogen.errors import MediaError
from videogen.probe.magic import CONVERT

MAX_BOXES = 10_000
MAX_TRACKS = 16
_HELD: dict[bytes, frozenset[bytes]] = {
    b"moov": frozenset({b"trak", b"mvex"}),
    b"trak": frozenset({b"mdia"}),
    b"mdia": frozenset({b"minf"}),
    b"minf": frozenset({b"stbl"}),
    b"moof": frozenset({b"traf"}),
    b"stbl": frozenset(),
    b"mvex": frozenset(),
    b"traf": frozenset(),
}
"""What is walked into, and what in it is walked into next: no deeper than these are. Source: ISO 14496-12, 6.2.3."""
_ROW_FLAGS = (0x100, 0x200, 0x400, 0x800)
_FIELD_FLAGS = (0x001, 0x004)


class _Box(NamedTuple):
    """Where a box lies. Units: bytes from the start of the file; `end` is the first byte behind it."""

    name: bytes
    at: int
    body: int
    end: int


def walk(file: IO[bytes], name: str, size: int) -> None:
    """Check that every outer box ends within the file, and all that stand in its index and fragments fill their parent.

    Junk behind is allowed once `moov` and `mdat` were seen, since players ignore it, and so is a second index.

    Raises: MediaError: cut (truncated), no index (no-moov), boxes that do not fit (bad-structure), or more than
        MAX_TRACKS tracks (too-many-streams).
    Source: ISO 14496-12, 4.2.
    """
    seen: set[bytes] = set()
    at = 0
    while at + 8 <= size:
        box = _box(file, at, size)
        if box.end > size or box.end < box.body:
            if {b"moov", b"mdat"} <= seen:
                return
            raise _torn(name, box, is_long=box.end > size)
        if box.name == b"moof" or (box.name == b"moov" and box.name not in seen):
            _walk_into(file, name, box)
        seen.add(box.name)
        at = box.end
    if b"moov" not in seen:
        raise MediaError(
            f"{name} has no index (no moov box), so no player can read it",
            remedy="The recording or the copy was broken off; copy it again, whole.",
            code="no-moov",
        )


def _box(file: IO[bytes], at: int, end: int) -> _Box:
    """Read the header of a box that stands in a stretch up to `end`; a length of 0 reaches to there."""
    file.seek(at)
    header = file.read(16)
    length, body = int.from_bytes(header[:4], "big"), at + 8
    if length == 1:
        length, body = int.from_bytes(header[8:16], "big"), at + 16
    return _Box(header[4:8], at, body, at + length if length else end)


def _walk_into(file: IO[bytes], name: str, parent: _Box) -> None:
    tracks = 0
    for child in _children(file, name, parent):
        tracks += child.name == b"trak"
        if tracks > MAX_TRACKS:
            raise MediaError(
                f"{name} holds more than {MAX_TRACKS} tracks", remedy=CONVERT["mov"], code="too-many-streams"
            )
        if child.name in _HELD[parent.name]:
            _walk_into(file, name, child)
        elif child.name == b"trun" and parent.name == b"traf":
            _check_rows(file, name, child)


def _children(file: IO[bytes], name: str, parent: _Box) -> Iterator[_Box]:
    """Give the boxes within another. Raises: MediaError: the last one does not end where their parent does."""
    at = parent.body
    for _ in range(MAX_BOXES):
        if _is_end(file, at, parent.end):
            return
        child = _box(file, at, parent.end)
        if at + 8 > parent.end or not child.body <= child.end <= parent.end:
            raise _misfit(name, parent)
        yield child
        at = child.end
    raise _misfit(name, parent)


def _is_end(file: IO[bytes], at: int, end: int) -> bool:
    """Whether nothing is left but the zeros that QuickTime ends a list with. Source: QuickTime File Format, udta."""
    file.seek(at)
    return at == end or (end > at and not any(file.read(min(8, end - at))))


def _check_rows(file: IO[bytes], name: str, box: _Box) -> None:
    """Check that the rows of a fragment's table fit into it. Source: ISO 14496-12, 8.8.8."""
    file.seek(box.body)
    head = file.read(8)
    flags, rows = int.from_bytes(head[1:4], "big"), int.from_bytes(head[4:8], "big")
    fields, row = (4 * sum(bool(flags & flag) for flag in among) for among in (_FIELD_FLAGS, _ROW_FLAGS))
    if box.body + 8 + fields + rows * row > box.end:
        raise _misfit(name, box)


def _misfit(name: str, box: _Box) -> MediaError:
    return MediaError(
        f"{name} has a {_label(box)} box whose contents do not end where it does",
        remedy=CONVERT["mov"],
        code="bad-structure",
    )


def _torn(name: str, box: _Box, *, is_long: bool) -> MediaError:
    if is_long:
        message = f"{name} ends in the middle of its {_label(box)} box"
        return MediaError(message, remedy="Copy it again, whole.", code="truncated")
    return MediaError(
        f"{name} has a {_label(box)} box shorter than its own header", remedy=CONVERT["mov"], code="bad-structure"
    )


def _label(box: _Box) -> str:
    return box.name.decode("ascii", "replace") if box.name.isalnum() else box.name.hex()
