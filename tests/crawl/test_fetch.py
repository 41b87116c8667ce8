"""Fetching: what may be fetched comes whole; all else ends in time, small, and without a forbidden connection."""

import gzip
import hashlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.crawl.website import Site, answer, head, raw, redirect
from videogen.crawl.address import Address
from videogen.crawl.fetch import fetch
from videogen.crawl.line import FetchRules, Line
from videogen.errors import ConfigError, InputError, TemporaryError


@pytest.fixture
def rules(site: Site) -> FetchRules:
    """Rules that allow the test's own site and are quickly out of patience."""
    return FetchRules(allowed_hosts=(site.host,), connect_s=1, read_s=0.5, wall_s=1, max_bytes=100_000)


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """A port on loopback that nobody may touch."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def assert_untouched(canary: socket.socket) -> None:
    """Nobody connected, and nobody is on the way."""
    with pytest.raises(BlockingIOError):
        canary.accept()


def test_fetch_brings_a_page(site: Site, rules: FetchRules) -> None:
    """A page comes with its bytes, their hash, and what the server declared."""
    site.pages["/a"] = answer("héllo", 'Text/HTML; Charset="UTF-8"')

    page = fetch(site.url("/a"), rules)

    assert (page.status, page.content_type, page.charset) == (200, "text/html", "utf-8")
    assert page.body == "héllo".encode()
    assert page.fetched_sha256 == hashlib.sha256(page.body).hexdigest()
    assert page.final_url == site.url("/a")


def test_fetch_asks_without_cookies_or_passwords(site: Site, rules: FetchRules) -> None:
    """A request carries our name and nothing that a page before it handed out."""
    site.pages["/a"] = answer(status=302, Location="/b", Set_Cookie="id=1; Path=/")
    site.pages["/b"] = answer("b")

    fetch(site.url("/a"), rules)

    assert site.asked == ["/a", "/b"]
    assert set(site.headers[1]) == {"host", "user-agent", "accept", "accept-encoding", "connection"}


def test_fetch_unpacks_gzip(site: Site, rules: FetchRules) -> None:
    """A packed page comes unpacked."""
    site.pages["/a"] = answer(gzip.compress(b"packed"), Content_Encoding="gzip")

    assert fetch(site.url("/a"), rules).body == b"packed"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (answer("x" * 100_001), "too-large"),
        (answer(gzip.compress(bytes(50_000_000), 1), Content_Encoding="gzip"), "too-large"),  # a bomb
        (answer(b"not gzip", Content_Encoding="gzip"), "bad-body"),
        (answer("x", Content_Encoding="br"), "content-encoding"),
        (answer("x", "application/pdf"), "content-type"),
        (answer("x", ""), "content-type"),
        (answer("gone", status=404), "http-404"),
        (answer("odd", status=302), "http-302"),  # a redirect to nowhere
        (redirect("/a"), "too-many-redirects"),
        (redirect("ftp://example.com/"), "url-not-allowed"),
        (redirect("http://[::1"), "url-not-allowed"),
        (answer("login", status=401), "http-401"),
        (raw(head(*(f"X-{n}: 1" for n in range(200))), b"x"), "bad-answer"),
        (raw(head("X-A: " + "a" * 70_000), b"x"), "bad-answer"),
        (raw(head("Content-Length: 1", "Content-Length: 2"), b"xx"), "bad-answer"),
        (raw(head("Transfer-Encoding: chunked"), b"zz\r\nx"), "bad-answer"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "bad-answer"),
    ],
)  # fmt: skip
def test_fetch_refuses_what_would_fail_again(site: Site, rules: FetchRules, given: object, code: str) -> None:
    """What is wrong with the page itself is an InputError with a code of its own."""
    assert callable(given)
    site.pages["/a"] = given

    with pytest.raises(InputError) as caught:
        fetch(site.url("/a"), rules)

    assert caught.value.word == code
    assert len(site.asked) <= rules.max_redirects + 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_fetch_calls_a_busy_server_temporary(site: Site, rules: FetchRules, status: int) -> None:
    """A server that is busy or broken may do better later."""
    site.pages["/a"] = answer(status=status)

    with pytest.raises(TemporaryError) as caught:
        fetch(site.url("/a"), rules)

    assert caught.value.word == f"http-{status}"


def drip(handler: BaseHTTPRequestHandler, begin: bytes) -> None:
    """Send a beginning, then a byte every 50 ms until the other side hangs up."""
    handler.wfile.write(begin)
    for _ in range(200):
        handler.wfile.write(b"a")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "begin",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Drip: ",
    ],
    ids=["body", "body-of-known-length", "headers"],
)
def test_fetch_cuts_a_slow_drip(site: Site, rules: FetchRules, begin: bytes) -> None:
    """A server that never lets a read time out is still left when the time for the whole fetch is over."""
    site.pages["/a"] = lambda handler: drip(handler, begin)
    began = time.monotonic()

    with pytest.raises(TemporaryError) as caught:
        fetch(site.url("/a"), rules)

    assert caught.value.word == "timeout"
    assert rules.wall_s - 0.1 < time.monotonic() - began < rules.wall_s + 0.5


def test_fetch_leaves_a_silent_server(site: Site, rules: FetchRules) -> None:
    """A server that says nothing is left after the time of one read."""
    site.pages["/a"] = lambda _: time.sleep(1.5)

    with pytest.raises(TemporaryError, match="silent for too long"):
        fetch(site.url("/a"), rules)


def half(handler: BaseHTTPRequestHandler) -> None:
    """Promise nine bytes and send four."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhalf")


def test_fetch_does_not_take_half_a_body_for_a_page(site: Site, rules: FetchRules) -> None:
    """A body shorter than promised is no page."""
    site.pages["/a"] = half

    with pytest.raises(TemporaryError) as caught:
        fetch(site.url("/a"), rules)

    assert caught.value.word == "connection"


SPELLINGS = [
    "127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "0.0.0.0",  # noqa: S104
    "[::ffff:127.0.0.1]", "[::1]", "localhost.", "①②⑦.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_fetch_refuses_every_spelling_of_loopback(host: str) -> None:
    """However loopback is spelled, it is refused for what it is."""
    with pytest.raises(InputError) as caught:
        fetch(f"http://{host}/", FetchRules(connect_s=1))

    assert caught.value.word == "address-not-public"


@pytest.mark.parametrize("host", [spelling.strip("[]") for spelling in SPELLINGS[:-2]])
def test_dial_makes_no_connection_to_loopback(canary: socket.socket, host: str) -> None:
    """The refusal comes before the connection: someone who listens there sees nobody."""
    with Line(FetchRules(), 5) as line, pytest.raises(InputError) as caught:
        line.dial(host, canary.getsockname()[1], ())

    assert caught.value.word == "address-not-public"
    assert_untouched(canary)


@pytest.mark.parametrize("place", ["http://127.0.0.1:{port}/", "http://2130706433:{port}/", "//localhost:{port}/"])
def test_fetch_does_not_follow_a_redirect_to_a_private_port(
    site: Site, rules: FetchRules, canary: socket.socket, place: str
) -> None:
    """A page that may be asked cannot send us to a machine and port that may not."""
    site.pages["/a"] = redirect(place.format(port=canary.getsockname()[1]))

    with pytest.raises(InputError) as caught:
        fetch(site.url("/a"), rules)

    assert caught.value.word == "url-not-allowed"
    assert_untouched(canary)


def test_fetch_does_not_follow_a_redirect_to_loopback(site: Site, rules: FetchRules) -> None:
    """A redirect is checked like a first address, at the moment of its connection."""
    site.pages["/a"] = redirect("http://2130706433/latest/meta-data")

    with pytest.raises(InputError) as caught:
        fetch(site.url("/a"), rules)

    assert caught.value.word == "address-not-public"


def test_fetch_follows_redirects_to_their_end(site: Site, rules: FetchRules) -> None:
    """Five redirects are followed, and the page says where it was found."""
    for hop in range(5):
        site.pages[f"/{hop}"] = redirect(f"/{hop + 1}")
    site.pages["/5"] = answer("there")

    assert fetch(site.url("/0"), rules).final_url == site.url("/5")


def test_fetch_reads_no_body_of_a_redirect(site: Site, rules: FetchRules) -> None:
    """A redirect with an endless body costs nothing: its body is never read."""
    head = f"HTTP/1.1 302 Found\r\nLocation: {site.url('/b')}\r\n\r\n".encode()
    site.pages["/a"] = lambda handler: drip(handler, head)
    site.pages["/b"] = answer("there")

    assert fetch(site.url("/a"), rules).body == b"there"


def test_fetch_ignores_proxies_of_the_environment(
    site: Site, rules: FetchRules, canary: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy named in the environment sees nothing of us."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.getsockname()[1]}")
    site.pages["/a"] = answer("direct")

    assert fetch(site.url("/a"), rules).body == b"direct"
    assert_untouched(canary)


def test_fetch_calls_a_closed_port_temporary(rules: FetchRules) -> None:
    """Where nobody listens now, someone may later."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        host = f"127.0.0.1:{gone.getsockname()[1]}"

    with pytest.raises(TemporaryError) as caught:
        fetch(f"http://{host}/", replace(rules, allowed_hosts=(host,)))

    assert caught.value.word == "connection"


def test_fetch_cuts_a_body_whose_rest_may_be_ignored(site: Site, rules: FetchRules) -> None:
    """With the rest ignored, an endless body gives its beginning, and of any type."""
    site.pages["/a"] = raw(head(kind="application/x-other"), b"x" * 10_000, times=10_000)
    lenient = replace(rules, is_rest_ignored=True, content_types=None, max_bytes=1000)

    assert fetch(site.url("/a"), lenient).body == b"x" * 1000


def test_fetch_does_not_count_the_wait_for_a_turn(site: Site, rules: FetchRules) -> None:
    """However long one has to wait for a turn, the fetch itself has its whole time; and each hop has its turn."""
    site.pages["/a"] = redirect("/b")
    site.pages["/b"] = answer("there")
    turns: list[str] = []

    @contextmanager
    def turn(address: Address) -> Iterator[None]:
        turns.append(address.path)
        time.sleep(rules.wall_s * 0.7)
        yield

    assert fetch(site.url("/a"), rules, turn=turn).body == b"there"
    assert turns == ["/a", "/b"]


def test_rules_refuse_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    """A file of authorities that is missing or no PEM is the operator's trouble, told at the start."""
    (tmp_path / "ca.pem").write_text("not PEM")

    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigError, match="ca_file"):
            FetchRules(ca_file=str(tmp_path / name))
