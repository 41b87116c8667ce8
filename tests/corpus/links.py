# ruff: noqa: E501 -- a table: one row, one line
"""Lists of links in every encoding, and what is none."""

from pathlib import Path

from tests.corpus.item import LINK, Item, Stock, bytes_of, hole, noise, text_of

URL = "https://example.org/{}\n"
MIB = 1 << 20


def _huge(stock: Stock, path: Path) -> None:
    hole(path, 1 << 30, URL.format("l7").encode())


# fmt: off
ROWS = (
    Item("L1", "one link", text_of(URL.format("l1")), "S", place=LINK),
    Item("L2", "no bytes", text_of(""), "I", "empty", LINK),
    Item("L3", "with a byte order mark", text_of(URL.format("l3"), "utf-8-sig"), "S", place=LINK),
    Item("L4", "UTF-16 with its mark", text_of(URL.format("l4"), "utf-16"), "S", place=LINK),
    Item("L5", "Latin-1", text_of(URL.format("é5"), "latin-1"), "I", "not-text", LINK),
    Item("L6", "zeros among the links", text_of(URL.format("l6") + "\0\0\0\n"), "I", "not-text", LINK),
    Item("L7", "1 GB, most of it a hole", _huge, "I", "too-large", LINK, notes="judged before it is copied"),
    Item("L8", "lines of Windows", text_of(URL.format("l8").replace("\n", "\r\n") * 2), "S", place=LINK),
    Item("L9", "lines of an old Mac", text_of(URL.format("l9").replace("\n", "\r") * 2), "S", place=LINK),
    Item("L10", "comments alone", text_of("# nothing\n# to fetch\n"), "I", "no-url", LINK),
    Item("L11", "FTP", text_of("ftp://example.org/x\n"), "I", "no-url", LINK),
    Item("L12", "a file", text_of("file:///etc/hostname\n"), "I", "no-url", LINK),
    Item("L13", "20,000 links", text_of("".join(URL.format(n) for n in range(20_000))), "S", place=LINK),
    Item("L14", "a link of 900 kB", text_of(URL.format("x" * 900_000)), "S", place=LINK, notes="crawl says of each link what is wrong with it"),
    Item("L15", "a page", text_of("<html><body>no address</body></html>\n"), "I", "no-url", LINK),
    Item("L16", "JSON", text_of('{"urls": []}\n'), "I", "no-url", LINK),
    Item("L17", "PDF", bytes_of(lambda s: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "I", "not-text", LINK),
    Item("L18", "a film", bytes_of(lambda s: s.back), "I", "not-text", LINK),
    Item("L18b", "random bytes", bytes_of(lambda s: noise(4096)), "I", "not-text", LINK),
    Item("L19", "javascript: and data:", text_of("javascript:alert(1)\ndata:text/html,x\n"), "I", "no-url", LINK),
    Item("L21", "capitals", text_of("HTTPS://EXAMPLE.ORG/L21\n"), "S", place=LINK),
    Item("L22", "a host beyond ASCII", text_of("https://bücher.example/\n"), "S", place=LINK),
    Item("L24", "no host", text_of("http://\nhttps:///path\n"), "I", "no-url", LINK),
    Item("L25", "half a bracket", text_of("http://[::1\n"), "I", "no-url", LINK),
    Item("L27", "a ZIP", bytes_of(lambda s: b"PK\x03\x04" + noise(500)), "I", "not-text", LINK),
    Item("L28", "a shortcut by its own name", text_of("[InternetShortcut]\nURL=https://example.org\n"), "I", "kind-mismatch", LINK.replace(".txt", ".url")),
    Item("L29", "1 MiB", text_of("#" * (MIB - 26) + "\n" + URL.format("l2")), "S", place=LINK),
    Item("L30", "a byte over 1 MiB", text_of("#" * (MIB - 24) + "\n" + URL.format("l30")), "I", "too-large", LINK),
    Item("L31", "half a character", bytes_of(lambda s: b"https://example.org/\xed\xa0\x80\n"), "I", "not-text", LINK),
    Item("L32", ".TXT", text_of(URL.format("l32")), "S", place=LINK.replace(".txt", ".TXT")),
    Item("L33", "blanks alone", text_of(" \n\t\n\n"), "I", "no-url", LINK),
    Item("L34", "one link among prose", text_of("see\n" + URL.format("l34") + "and weep\n"), "S", place=LINK),
    Item("L35", "a million blank lines", text_of("\n" * 1_000_000), "I", "no-url", LINK),
    Item("L36", "marks that turn the writing", text_of("https://example.org/\u202etxt.exe\n"), "S", place=LINK),
)
# fmt: on
