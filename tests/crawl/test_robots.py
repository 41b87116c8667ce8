"""What a robots.txt lets us ask for, by the rules and examples of RFC 9309."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videogen.crawl.robots import MAX_DELAY_S, PARSED_BYTES, Robots, parse_robots, plain

TWICE = "User-agent: videogen\nDisallow: /a\nUser-agent: b\nDisallow: /b\nUser-agent: videogen\nDisallow: /c"


def robots(text: str) -> Robots:
    """Read a robots.txt as the crawler `videogen`."""
    return parse_robots(text.encode(), "videogen")


@pytest.mark.parametrize(
    ("text", "path", "is_allowed"),
    [
        ("", "/x", True),
        ("User-agent: *\nDisallow:", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("user-AGENT : *  # all\ndisALLOW :/x # not this", "/x", False),
        ("\ufeffUser-agent: *\rDisallow: /x\r\nDisallow: /y", "/y", False),
        ("Disallow: /", "/x", True),  # for nobody
        ("User-agent: foobot\nDisallow: /", "/x", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: VideoGen\nDisallow: /b", "/x", True),  # its own group alone
        ("User-agent: videogen/2.1\nDisallow: /x", "/x", False),
        ("User-agent: videogenerator\nDisallow: /", "/x", True),
        ("User-agent: a\nUser-agent: videogen\nUser-agent: b\nDisallow: /x", "/x", False),
        (TWICE, "/c", False),
        (TWICE, "/b", True),
        ("User-agent: *\nSitemap: https://x.example/s\nnonsense\n\nDisallow: /x", "/x", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),  # the longer one
        ("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/c", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),  # equally long
        ("User-agent: *\nDisallow: /example/page/\nAllow: /example/", "/example/x", True),
        ("User-agent: *\nDisallow: /*.gif$", "/a/b.gif", False),
        ("User-agent: *\nDisallow: /*.gif$", "/a/b.gif?x", True),
        ("User-agent: *\nDisallow: /*.gif", "/a/b.gif?x", False),
        ("User-agent: *\nDisallow: /a*b*c$", "/a-b-c-b-c", False),
        ("User-agent: *\nDisallow: /a*b*c$", "/a-c-b", True),
        ("User-agent: *\nDisallow: /ab*ab$", "/ab", True),  # one end cannot be both
        ("User-agent: *\nDisallow: /x$", "/xy", True),
        ("User-agent: *\nDisallow: /x$y", "/x$yz", False),
        ("User-agent: *\nDisallow: /$", "/", False),
        ("User-agent: *\nDisallow: /path/file-with-a-%2A.html", "/path/file-with-a-*.html", False),
        ("User-agent: *\nDisallow: /path/foo-%24", "/path/foo-$", False),
        ("User-agent: *\nDisallow: /foo/bar/ツ", "/foo/bar/%E3%83%84", False),
        ("User-agent: *\nDisallow: /foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", False),
        ("User-agent: *\nDisallow: /foo/bar/%62%61%7A", "/foo/bar/baz", False),
        ("User-agent: *\nDisallow: /a?b=c&d", "/a?b=c&d", False),
    ],
)  # fmt: skip
def test_robots_says_what_may_be_asked(text: str, path: str, is_allowed: bool) -> None:
    """Groups by name, the longest rule, Allow where two are equal, `*`, `$`, and one spelling of a path."""
    assert robots(text).allows(path) is is_allowed


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        ("User-agent: *\nCrawl-delay: 5", 5),
        ("User-agent: *\nCrawl-delay: 0.5\nDisallow: /x", 0.5),
        ("User-agent: *\nCrawl-delay: 99999", MAX_DELAY_S),
        ("User-agent: *\nCrawl-delay: soon", 0),
        ("User-agent: *\nCrawl-delay: -1", 0),
        ("User-agent: *\nCrawl-delay: 5\nUser-agent: videogen\nDisallow: /x", 0),
    ],
)
def test_robots_asks_for_pauses_within_bounds(text: str, delay_s: float) -> None:
    """A pause asked for is kept, up to a bound; nonsense asks for none."""
    assert robots(text).delay_s == delay_s


def test_robots_reads_no_further_than_its_bound() -> None:
    """What comes after 500 KiB is not there, and no half line is read for a whole one."""
    filling = "#" + "x" * (PARSED_BYTES - 40) + "\nUser-agent: *\nDisallow: /private-and-long-name\nDisallow: /"

    assert robots(filling).rules == ()
    assert robots("User-agent: *\nDisallow: /x\n" + filling).allows("/x") is False


@pytest.mark.parametrize(
    "line", ["Disallow: /" + "*a" * 200_000 + "b", "Disallow: /" + "*" * 400_000 + "$b", "\r" * 500_000]
)
def test_robots_takes_no_long_time(line: str) -> None:
    """A rule made to be slow is not: its time grows with its length, not with what it could match."""
    began = time.process_time()

    robots(f"User-agent: *\n{line}").allows("/" + "a" * 2000)

    assert time.process_time() - began < 2


@settings(deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(alphabet="User-agent:*DisallowAllow /$%2a\n\r#", max_size=200).map(str.encode)
    )
)
def test_robots_reads_any_bytes(raw: bytes) -> None:
    """Whatever a server sends, it is read, and robots.txt itself may be asked for."""
    assert parse_robots(raw, "videogen").allows("/robots.txt")


@settings(deadline=None)
@given(st.text(max_size=50))
def test_plain_spells_a_path_one_way(path: str) -> None:
    """Spelling it again changes nothing."""
    assert plain(plain(path.replace("\ud800", ""))) == plain(path)
