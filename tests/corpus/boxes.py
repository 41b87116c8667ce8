"""Surgery on MP4 files: find a box by its path, change its bytes, let one grow. Source: ISO 14496-12."""

from collections.abc import Iterator
from dataclasses import dataclass

_WITH_HEADER = {"stsd": 8, "dref": 8, "meta": 4, "avc1": 78, "hvc1": 78, "hev1": 78}
"""Bytes that stand before the boxes inside."""


@dataclass(frozen=True)
class Box:
    """Where a box lies. Units: bytes from the start of the file; `body` is the first one after its size and name."""

    name: str
    at: int
    size: int
    body: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.at + self.size


def boxes_in(content: bytes, start: int, end: int) -> Iterator[Box]:
    """Give the boxes that stand side by side in a stretch of a well-formed file."""
    at = start
    while at + 8 <= end:
        size, body = int.from_bytes(content[at : at + 4], "big"), at + 8
        if size == 1:
            size, body = int.from_bytes(content[at + 8 : at + 16], "big"), at + 16
        size = size or end - at
        yield Box(content[at + 4 : at + 8].decode("latin-1"), at, size, body)
        at += size


def way_to(content: bytes, path: str) -> list[Box]:
    """Give the boxes from the outermost to the one that a path names, each the first of its name.

    Raises: StopIteration: there is none.
    """
    found: list[Box] = []
    start, end = 0, len(content)
    for name in path.split("/"):
        box = next(box for box in boxes_in(content, start, end) if box.name == name)
        found.append(box)
        start, end = box.body + _WITH_HEADER.get(name, 0), box.end
    return found


def box_at(content: bytes, path: str) -> Box:
    """Give the box that a path names."""
    return way_to(content, path)[-1]


def patched(content: bytes, path: str, offset: int, new: bytes) -> bytes:
    """Give the file with other bytes `offset` bytes into a box's body; its length stays."""
    at = box_at(content, path).body + offset
    return content[:at] + new + content[at + len(new) :]


def resized(content: bytes, path: str, size: int) -> bytes:
    """Give the file with another size written before a box, true or not."""
    at = box_at(content, path).at
    return content[:at] + size.to_bytes(4, "big") + content[at + 4 :]


def renamed(content: bytes, path: str, name: str) -> bytes:
    """Give the file with another name on a box."""
    at = box_at(content, path).at + 4
    return content[:at] + name.encode("latin-1") + content[at + 4 :]


def with_body(content: bytes, path: str, body: bytes) -> bytes:
    """Give the file with another body in a box, the sizes round it made true; chunk offsets are left as they were.

    So the box must stand behind the media, as in a file written without faststart.
    """
    way = way_to(content, path)
    last = way[-1]
    grown = len(body) - (last.end - last.body)
    out = bytearray(content[: last.body] + body + content[last.end :])
    for box in way:
        out[box.at : box.at + 4] = (box.size + grown).to_bytes(4, "big")
    return bytes(out)


def with_more(content: bytes, path: str, more: bytes) -> bytes:
    """Give the file with bytes added at the end of a box, under the terms of `with_body`."""
    box = box_at(content, path)
    return with_body(content, path, content[box.body : box.end] + more)


def box(name: str, body: bytes = b"") -> bytes:
    """Give a box."""
    return (8 + len(body)).to_bytes(4, "big") + name.encode("latin-1") + body


def number(value: int, length: int = 4) -> bytes:
    """Give a number as it stands in a box."""
    return value.to_bytes(length, "big")
