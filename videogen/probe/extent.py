"""Whether a file reaches as far as its own frame of boxes, chunks or tags says, before any demuxer reads it.

A copy that broke off is found here where the format names its length in front: MOV, MP3 with a header frame, Matroska
and WAV. Ogg, transport streams, and what was written to a pipe name none: they are as long as what can be decoded.
"""

import os
from collections.abc import Callable
from typing import IO

from videogen.errors import MediaError
from videogen.model.media import Kind
from videogen.probe import boxes
from videogen.probe.magic import HEAD_BYTES, Family, sniffed
from videogen.probe.promise import promise_of
from videogen.probe.tag import pictures_in

MAX_CHUNKS = 10_000
_SEGMENT = b"\x18\x53\x80\x67"
_UNTOLD = {0, 0xFFFFFFFF}


def require(file: IO[bytes], name: str, kind: Kind) -> Family:
    """Give the family of an open file that is what its place asks for, and as long as it says itself.

    Raises: MediaError: empty, another kind of file, cut, of too many streams, or of boxes that do not fit.
    """
    family = sniffed(name, file.read(HEAD_BYTES), kind)
    if walk := _WALKS.get(family):
        walk(file, name, os.fstat(file.fileno()).st_size)
    return family


def _cut(message: str) -> MediaError:
    return MediaError(message, remedy="Copy it again, whole.", code="truncated")


# -- MP3 ---------------------------------------------------------------------------------------------------------------


def _check_tag(file: IO[bytes], name: str, size: int) -> None:
    """Check that the tags end within the file, the sound not before its first frame says, and pictures are few."""
    promise = promise_of(file)
    if promise.start >= size:
        raise _cut(f"{name} has a tag that is longer than the file")
    # Tag editors leave a few bytes of difference behind; a broken copy lacks more than one in a hundred.
    if promise.start + promise.bytes * 99 // 100 > size:
        raise _cut(f"{name} holds {size - promise.start} of the {promise.bytes} bytes of sound its header names")
    # Of each a demuxer makes a stream, beside the sound.
    if (pictures := pictures_in(file)) >= boxes.MAX_TRACKS:
        raise MediaError(
            f"{name} holds {pictures} pictures in its tag, over {boxes.MAX_TRACKS - 1}",
            remedy="Take all but one cover out of its tag.",
            code="too-many-streams",
        )


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
    "mov": boxes.walk,
    "mp3": _check_tag,
    "matroska": _check_segment,
    "wav": _check_chunks,
}
