"""The web corpus: W1 to W49, each an address, what its server does, and the code a person is told; empty is text.

An item's own host is `<id>.example`, in lower case. Source of the numbers to W42: the threats of a crawler, T13 to T16.
"""

import gzip
from dataclasses import dataclass

from tests.crawl.website import HTML, STORY, Answer, answer, head, raw, redirect

SERVER = "93.184.215.14"
"""A public address; in the world's own network it is ours."""
FORBIDDEN = ("127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "fd00:ec2::254", "64:ff9b::7f00:1", "2002:7f00:1::1")
"""Addresses that may not be connected to, though in the world's network somebody listens there."""
WALL_S = 3.0
FABLE = "狐は葡萄を見て、欲しくなった。しかし葡萄は高いところにあった。"
OLD = "Ein Fuchs fraß süße Trauben für den Bären über der Mühle."


@dataclass(frozen=True)
class Item:
    """One item. `text` stands in its chunk; `names` is what its host's look-ups give, one answer after another."""

    id: str
    url: str
    code: str = ""
    serve: Answer | None = None
    text: str = ""
    robots: Answer | None = None
    names: tuple[tuple[str, ...], ...] = ((SERVER,),)
    limit_s: float = 20.0

    @property
    def host(self) -> str:
        """The host that serves this item."""
        return f"{self.id.lower()}.example"


def html(body: str, title: str = "t") -> str:
    """Give a page."""
    return f"<html><head><title>{title}</title></head><body>{body}</body></html>"


def _xxe() -> str:
    return (
        '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y SYSTEM "http://127.0.0.1/">'
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
        f'<html xmlns="http://www.w3.org/1999/xhtml"><body><article><p>{STORY}</p><p>&x;&y;&c;</p></article></body></html>'
    )


def own(number: str, code: str = "", serve: Answer | None = None, **more: object) -> Item:
    """Give an item that its own host serves over http."""
    return Item(number, f"http://{number.lower()}.example/page", code, serve, **more)  # type: ignore[arg-type]  # the caller's own


def endless(begin: bytes) -> Answer:
    """Give an answer that does not end before ten thousand million bytes."""
    return raw(begin, b"x" * 1_000_000, times=10_000)


WORDS = answer("One two three.")
ANSWERED = "One two three."
PRIVATE = (("127.0.0.1",),)
NOT_PUBLIC = "address-not-public"
NOT_ALLOWED = "url-not-allowed"
CHUNKED = "Transfer-Encoding: chunked"

ADDRESSES = (
    Item("W1", "file:///etc/passwd", NOT_ALLOWED),
    Item("W2a", "gopher://w2.example/", NOT_ALLOWED),
    Item("W2b", "ftp://w2.example/", NOT_ALLOWED),
    Item("W2c", "data:text/plain,hello", NOT_ALLOWED),
    Item("W2d", "javascript:alert(1)", NOT_ALLOWED),
    Item("W3", "http://127.0.0.1/", NOT_PUBLIC),
    Item("W4", "http://2130706433/", NOT_PUBLIC),
    Item("W5", "http://0x7f.1/", NOT_PUBLIC),
    Item("W6", "http://[::ffff:7f00:1]/", NOT_PUBLIC),
    Item("W7a", "http://[64:ff9b::7f00:1]/", NOT_PUBLIC),
    Item("W7b", "http://[2002:7f00:1::1]/", NOT_PUBLIC),
    Item("W8", "http://169.254.169.254/latest/meta-data/", NOT_PUBLIC),
    Item("W9", "http://[fd00:ec2::254]/latest/meta-data/", NOT_PUBLIC),
    Item("W10", "http://localhost./", NOT_PUBLIC),
    Item("W11", "http://①②⑦.0.0.1/", NOT_PUBLIC),
    Item("W12", "http://w12.example@127.0.0.1/", NOT_ALLOWED),
    Item("W13", "http://w13.example\\@127.0.0.1/", NOT_ALLOWED),
    own("W14a", NOT_PUBLIC, WORDS, names=((SERVER, "fd00:ec2::254"),)),
    own("W14b", NOT_PUBLIC, WORDS, names=(("10.0.0.1", SERVER),)),
    own("W15a", NOT_PUBLIC, WORDS, names=((SERVER,), ("127.0.0.1",)) * 9),  # the page's look-up is the second
    own("W15b", "", WORDS, text=ANSWERED, names=(("127.0.0.1",), (SERVER,)) * 9),
    own("W16", NOT_PUBLIC, redirect("http://169.254.169.254/latest/meta-data/")),
    own("W17", "too-many-redirects", redirect("/page"), limit_s=15.0),  # six turns
    own("W18", NOT_ALLOWED, answer(status=307, Location="ftp://w18.example/")),
    Item("W19", "https://w19.example/page", NOT_ALLOWED, redirect("http://w19.example/plain")),
    own("W20", "", WORDS, text=ANSWERED),  # the environment of the whole crawl names a proxy
    own("W43", "no-such-host", names=()),
    own("W44", "robots-unreachable", names=((),)),  # its name server is silent: three tries of 3 s
)

BODIES = (
    own("W21", "too-large", endless(head("Content-Length: 10000000000"))),
    own("W22", "too-large", endless(head())),
    own("W23", "too-large", answer(gzip.compress(bytes(200 << 20), 9), Content_Encoding="gzip")),
    own("W24", "content-encoding", answer("x", Content_Encoding="gzip, gzip, gzip, gzip, gzip")),
    own("W25", "content-encoding", answer("x", Content_Encoding="br")),
    own("W26", "timeout", raw(head(CHUNKED), b"1\r\na\r\n", every_s=0.2, times=99), limit_s=25.0),
    own("W27", "timeout", raw(b"HTTP/1.1 200 OK\r\nX-A: ", b"a", every_s=0.2, times=99), limit_s=25.0),
    own("W28", "bad-answer", raw(head(*(f"X-{n}: 1" for n in range(100_000))))),
    own("W29", "bad-answer", raw(head("X-A: " + "a" * 70_000))),
    own("W30a", "connection", raw(head("Content-Length: 99"), b"half")),
    own("W30b", "bad-answer", raw(head("Content-Length: 4", "Content-Length: 9"), b"half full")),
    own("W30c", "", raw(head("Content-Length: 4"), b"One two three."), text="One"),
    own("W31", "", raw(head("Content-Length: 3", CHUNKED), b"e\r\nOne two three.\r\n0\r\n\r\n"), text=ANSWERED),
    own("W31b", "bad-answer", raw(head(CHUNKED), b"zz\r\nOne two three.\r\n0\r\n\r\n")),
    Item("W32a", "https://w32a.example/page", "certificate", WORDS),  # signed by itself
    Item("W32b", "https://w32b.example/page", "certificate", WORDS),  # expired
    Item("W32c", "https://w32c.example/page", "certificate", WORDS),  # another host's
    Item("W32d", "https://w32d.example/page", "", WORDS, text=ANSWERED),
    own("W38", "too-large", endless(head())),
    own("W42", "", WORDS, text=ANSWERED, robots=endless(head() + b"User-agent: *\nDisallow: /private\n")),
)  # fmt: skip

PAGES = (
    own("W33", "no-text", answer("", "text/html")),
    own("W34", "content-type", answer(b"%PDF-1.7\n" + bytes(range(256)) * 40, "text/html")),
    own("W35a", "", answer(FABLE.encode("utf-16"), "text/plain; charset=utf-8"), text=FABLE),
    own("W35b", "", answer(FABLE.encode("shift-jis"), "text/plain; charset=Shift_JIS"), text=FABLE),
    own("W35c", "", answer(FABLE, "text/plain"), text=FABLE),
    own("W35d", "", answer(OLD, "text/plain; charset=iso-8859-1"), text=OLD),
    own("W36", "", answer(STORY.replace(" ", "\x00 ", 5)), text=STORY),
    own("W37", "no-text", answer("<div>" * 1_000_000, "text/html"), limit_s=35.0),
    own("W39", "", answer("a" * 1_000_000), text="a" * 1_000_000),
    own("W40", "", answer(_xxe(), "application/xhtml+xml"), text=STORY),
    own("W41", "no-text", answer('<meta http-equiv="refresh" content="0;url=file:///etc/passwd">', "text/html")),
    own("W45", "robots-unreachable", WORDS, robots=answer(status=503)),
    own("W46", "robots-disallowed", WORDS, robots=answer("User-agent: videogen\nDisallow: /page$")),
    own("W47", "no-text", answer(html("<h1>Before you continue</h1><p>We value your privacy.</p>"), "text/html")),
    own("W48", "no-text", answer(html('<div id="root"></div><script src="/app.js"></script>'), "text/html")),
    own("W49", "no-text", answer(html('<form><input name="u"><input type="password"></form>'), "text/html")),
    own("W50", "", answer(HTML, "text/html"), text=STORY),
)

ITEMS = (*ADDRESSES, *BODIES, *PAGES)
