"""The ID3v2 tags in front of an MP3. Source: id3.org, ID3v2.2, 3; ID3v2.3, 3; ID3v2.4 structure, 3 to 4."""

from collections.abc import Iterator
from typing import IO, NamedTuple

MAX_TAGS = 16
MAX_FRAMES = 10_000
_MARK = b"ID3"
_FOOTER, _EXTENDED = 0x10, 0x40
_PICTURES = {b"PIC", b"APIC"}


class _Tag(NamedTuple):
    """Where the frames of a tag lie. Units: bytes from the start of the file."""

    version: int
    first: int
    frames_end: int
    end: int


def end_of(file: IO[bytes]) -> int:
    """Give where the last of the tags says it ends, 0 where there is none; it may lie past the end of the file."""
    end = 0
    for tag in _tags(file):
        end = tag.end
    return end


def pictures_in(file: IO[bytes]) -> int:
    """Give how many pictures the tags hold; in a tag that is none they are counted as far as it can be read."""
    return sum(name in _PICTURES for tag in _tags(file) for name in _frames(file, tag))


def _tags(file: IO[bytes]) -> Iterator[_Tag]:
    at = 0
    for _ in range(MAX_TAGS):
        file.seek(at)
        head = file.read(14)
        if not head.startswith(_MARK) or len(head) < 10:
            return
        version, flags, end = head[3], head[5], at + 10 + _seven_bits(head[6:10])
        first = at + 10
        if flags & _EXTENDED and version == 3:
            first += 4 + int.from_bytes(head[10:14], "big")
        elif flags & _EXTENDED and version == 4:
            first += _seven_bits(head[10:14])
        at = end + 10 if flags & _FOOTER and version == 4 else end
        yield _Tag(version, first, end, at)


def _frames(file: IO[bytes], tag: _Tag) -> Iterator[bytes]:
    """Give the names of the frames of a tag, up to its padding."""
    at, name_bytes, header_bytes = tag.first, *((3, 6) if tag.version == 2 else (4, 10))
    for _ in range(MAX_FRAMES):
        file.seek(at)
        header = file.read(header_bytes)
        name, length = header[:name_bytes], header[name_bytes : 2 * name_bytes]
        if at + header_bytes > tag.frames_end or not name.isalnum():
            return
        yield name
        at += header_bytes + (_seven_bits(length) if tag.version == 4 else int.from_bytes(length, "big"))


def _seven_bits(number: bytes) -> int:
    """Read a number that keeps the highest bit of each byte free."""
    value = 0
    for byte in number:
        value = value << 7 | byte & 0x7F
    return value
