"""Link files read line by line."""

import re
from pathlib import Path

import pytest

from videogen.crawl.links import LINK_BYTES, Link, read_links
from videogen.errors import InputError

FILE = Path("one.txt")
A, B = "http://a.example/", "http://b.example/x"


@pytest.mark.parametrize(
    ("raw", "links"),
    [
        (f"{A}\n{B}\n".encode(), [(1, 1, A, 0), (2, 2, B, 0)]),
        (f"\ufeff{A}\r\n\r\n  {B}  \r\n".encode(), [(1, 1, A, 0), (2, 3, B, 0)]),
        (f"{A}\r{B}".encode(), [(1, 1, A, 0), (2, 2, B, 0)]),
        (f"# all\n  # of them\n{A} # a note # more\n{B}#part\n".encode(), [(1, 3, A, 0), (2, 4, f"{B}#part", 0)]),
        (f"{A}\t#\n".encode(), [(1, 1, A, 0)]),
        (f"{A}\n{B}".encode("utf-16"), [(1, 1, A, 0), (2, 2, B, 0)]),
        (f"{A}\nHTTP://A.example\n{A}#x\nno address\nno address".encode(),
         [(1, 1, A, 0), (2, 2, "HTTP://A.example", 1), (3, 3, f"{A}#x", 1),
          (4, 4, "no address", 0), (5, 5, "no address", 4)]),
        (f"{A}\u2028{B}".encode(), [(1, 1, f"{A}\u2028{B}", 0)]),  # one line to every editor, and no address
        (b"http://a.example/\x00", [(1, 1, "http://a.example/\x00", 0)]),  # refused later, by name
    ],
)  # fmt: skip
def test_read_links_gives_addresses_with_their_lines(raw: bytes, links: list[tuple[int, int, str, int]]) -> None:
    """Marks, line ends, blank lines and comments go; each address has the number of the line an editor shows."""
    assert read_links(FILE, raw) == tuple(Link(*link) for link in links)


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        (b"", "no-url", "names no address"),
        (b"# nothing\n\n", "no-url", "names no address"),
        (b"http://a.example/\n\xff", "not-utf8", "byte 18"),
        (b"\xff\xfea", "not-utf8", "not UTF-8"),
        (b"\n" * (LINK_BYTES + 1), "too-many-urls", "larger than"),
        ("".join(f"{A}{n}\n" for n in range(1001)).encode(), "too-many-urls", "names 1001 addresses"),
    ],
)
def test_read_links_refuses_a_file_that_is_no_list(raw: bytes, code: str, said: str) -> None:
    """A file that is no list of addresses is refused with the sentence that says why."""
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        read_links(FILE, raw)

    assert caught.value.word == code
