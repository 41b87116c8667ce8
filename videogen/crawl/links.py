"""A link file read: one address a line, and what is wrong with it said line by line. Pure."""

import re
from dataclasses import dataclass
from pathlib import Path

from videogen.crawl.address import parse, shown
from videogen.errors import InputError

ADDRESSES = 1000
LINK_BYTES = 4 << 20
_LINE_END = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile(r"(?:^|\s)#.*", re.DOTALL)
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Link:
    """One address of a link file. `index` counts the addresses and `line` the lines, both from 1.

    `same_as` is the index of the address that leads to the same page, where one stands before; else 0.
    """

    index: int
    line: int
    url: str
    same_as: int = 0


def _decoded(name: str, raw: bytes) -> str:
    encoding = next((encoding for mark, encoding in BYTE_ORDER_MARKS if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{shown(name)} is not UTF-8: byte {error.start} of it cannot be read",
            remedy="Save it as UTF-8 with one address a line, and drop it again.",
            code="not-utf8",
        ) from error


def _canonical(url: str, allowed_hosts: tuple[str, ...]) -> str:
    try:
        return parse(url, allowed_hosts).url
    except InputError:
        return url


def read_links(file: Path, raw: bytes, allowed_hosts: tuple[str, ...] = ()) -> tuple[Link, ...]:
    """Give the addresses in a link file, in its order; what begins with # at a line's start or after a space is none.

    Raises: InputError: `not-utf8`, `too-many-urls`, or `no-url`. A wrong address is no trouble of the file's.
    """
    too_many = f"{shown(file.name)} is larger than {LINK_BYTES} bytes"
    if len(raw) <= LINK_BYTES:
        text = _decoded(file.name, raw)
        lines = (_COMMENT.sub("", line).strip() for line in _LINE_END.split(text))
        found = [(number, url) for number, url in enumerate(lines, 1) if url]
        if not found:
            raise InputError(
                f"{shown(file.name)} names no address",
                remedy="Drop a UTF-8 text file with one address a line.",
                code="no-url",
            )
        too_many = f"{shown(file.name)} names {len(found)} addresses, and {ADDRESSES} is the most"
    if len(raw) > LINK_BYTES or len(found) > ADDRESSES:
        raise InputError(too_many, remedy="Split it into several files.", code="too-many-urls")
    first: dict[str, int] = {}
    links: list[Link] = []
    for index, (number, url) in enumerate(found, 1):
        same_as = first.setdefault(_canonical(url, allowed_hosts), index)
        links.append(Link(index, number, url, same_as if same_as != index else 0))
    return tuple(links)
