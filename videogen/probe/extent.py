"""Whether a file reaches as far as its own frame of boxes, chunks or tags says, before any demuxer reads it.

A copy that broke off is found here where the format names its length in front: MOV, MP3 with a Xing header, Matroska
and WAV. Ogg, transport streams, and what was written to a pipe name none: they are as long as what can be decoded.
Junk after the last box is allowed once `moov` and `mdat` were seen: players ignore it.
"""

import os
from collections.abc import Callable
from typing import IO

from videogen.errors import MediaError
from videogen.model.media import Kind
from videogen.probe.magic import CONVERT, HEAD_BYTES, Family, sniffed

MAX_CHUNKS = 10_000
MAX_TRACKS = 16
_SEGMENT = b"\x18\x53\x80\x67"
_UNTOLD = {0, 0xFFFFFFFF}


def require(file: IO[bytes], name: str, kind: Kind) -> Family:
    """Give the family of an open file that is what its place asks for, and as long as it says itself.

    Raises: MediaError: empty, another kind of file, or cut.
    """
    family = sniffed(name, file.read(HEAD_BYTES), kind)
    if walk := _WALKS.get(family):
        walk(file, name, os.fstat(file.fileno()).st_size)
    return family


def _cut(message: str) -> MediaError:
    return MediaError(message, remedy="Copy it again, whole.", code="truncated")


# -- MOV ---------------------------------------------------------------------------------------------------------------


def _walk_boxes(file: IO[bytes], name: str, size: int) -> None:
    """Check that every top-level box ends within the file. Source: ISO 14496-12, 4.2."""
    seen: set[bytes] = set()
    at = 0
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length, box = int.from_bytes(header[:4], "big"), header[4:8]
        smallest = 8
        if length == 1:
            length, smallest = int.from_bytes(header[8:16], "big"), 16
        elif length == 0:
            length = size - at
        if at + length > size or length < smallest:
            if {b"moov", b"mdat"} <= seen:
                return
            raise _torn(name, box, is_long=length >= smallest)
        seen.add(box)
        if box == b"moov":
            _count_tracks(file, name, at + smallest, at + length)
        at += length
    if b"moov" not in seen:
        raise MediaError(
            f"{name} has no index (no moov box), so no player can read it",
            remedy="The recording or the copy was broken off; copy it again, whole.",
            code="no-moov",
        )


def _count_tracks(file: IO[bytes], name: str, at: int, end: int) -> None:
    """Check that an index holds few tracks before a demuxer makes room for all it names. Source: ISO 14496-12, 8.3."""
    tracks = 0
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        header = file.read(8)
        tracks += header[4:] == b"trak"
        at += max(8, int.from_bytes(header[:4], "big"))
        if at >= end or len(header) < 8:
            break
    if tracks > MAX_TRACKS:
        raise MediaError(
            f"{name} holds {tracks} tracks or more, over {MAX_TRACKS}",
            remedy=CONVERT["mov"],
            code="too-many-streams",
        )


def _torn(name: str, box: bytes, *, is_long: bool) -> MediaError:
    label = box.decode("ascii", "replace") if box.isalnum() else box.hex()
    if is_long:
        return _cut(f"{name} ends in the middle of its {label} box")
    return MediaError(
        f"{name} has a {label} box shorter than its own header", remedy=CONVERT["mov"], code="bad-structure"
    )


# -- MP3 ---------------------------------------------------------------------------------------------------------------


def _check_tag(file: IO[bytes], name: str, size: int) -> None:
    """Check that the ID3v2 tag ends within the file, and the sound not before its Xing header says.

    Source: id3.org, ID3v2.4 structure, 3.1; the Xing header as LAME writes it, byte count in bytes 8 or 12 to follow.
    """
    start = _tag_bytes(file)
    if start >= size:
        raise _cut(f"{name} has a tag that is longer than the file")
    file.seek(start)
    frame = file.read(64)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or not frame[at + 7] & 2:
        return
    at += 12 if frame[at + 7] & 1 else 8
    promised = int.from_bytes(frame[at : at + 4], "big")
    # Tag editors leave a few bytes of difference behind; a broken copy lacks more than one in a hundred.
    if start + promised * 99 // 100 > size:
        raise _cut(f"{name} holds {size - start} of the {promised} bytes of sound its header names")


def _tag_bytes(file: IO[bytes]) -> int:
    file.seek(0)
    head = file.read(10)
    if not head.startswith(b"ID3"):
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return length + 10


# -- Matroska ----------------------------------------------------------------------------------------------------------


def _check_segment(file: IO[bytes], name: str, size: int) -> None:
    """Check that the Segment ends within the file; one of unknown size was written to a pipe.

    Source: RFC 8794, 4 and 6.
    """
    at = 0
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        head = file.read(12)
        id_bytes = _vint_bytes(head[:1])
        length_bytes = _vint_bytes(head[id_bytes : id_bytes + 1])
        if not id_bytes or not length_bytes:
            return
        marked = int.from_bytes(head[id_bytes : id_bytes + length_bytes], "big")
        length = marked & ((1 << 7 * length_bytes) - 1)
        is_unknown = length == (1 << 7 * length_bytes) - 1
        at += id_bytes + length_bytes + length
        if head.startswith(_SEGMENT):
            if at > size and not is_unknown:
                raise _cut(f"{name} ends {at - size} bytes before its Segment does")
            return


def _vint_bytes(first: bytes) -> int:
    """Give how many bytes a number of variable size takes by its first one, 0 where none stands."""
    return 9 - first[0].bit_length() if first and first[0] else 0


# -- WAV ---------------------------------------------------------------------------------------------------------------


def _check_chunks(file: IO[bytes], name: str, size: int) -> None:
    """Check that the data chunk ends within the file. Source: Microsoft's RIFF, EBU Tech 3306 for files over 4 GB."""
    at, large = 12, 0
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        header = file.read(24)
        chunk, length = header[:4], int.from_bytes(header[4:8], "little")
        if chunk == b"ds64":
            large = int.from_bytes(header[16:24], "little")
        if chunk == b"data":
            length = large or length
            if length not in _UNTOLD and at + 8 + length > size:
                raise _cut(f"{name} holds {size - at - 8} of the {length} bytes of sound its header names")
        if len(header) < 8 or chunk == b"data":
            return
        at += 8 + length + length % 2


_WALKS: dict[Family, Callable[[IO[bytes], str, int], None]] = {
    "mov": _walk_boxes,
    "mp3": _check_tag,
    "matroska": _check_segment,
    "wav": _check_chunks,
}
