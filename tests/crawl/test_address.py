"""Which addresses may be asked for, and which machines are public."""

import pytest

from videogen.crawl.address import is_public, parse, shown
from videogen.errors import InputError


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("http://Example.COM", "http://example.com/"),
        ("https://example.com:443/a b?q=ü#part", "https://example.com/a%20b?q=%C3%BC"),
        ("http://bücher.example/%7Ex", "http://xn--bcher-kva.example/%7Ex"),
        ("http://①②⑦.0.0.1/", "http://127.0.0.1/"),  # refused later, where the connection is made
        ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
    ],
)
def test_parse_gives_one_spelling(given: str, canonical: str) -> None:
    """Every spelling of an address comes out as one plain ASCII address without its fragment."""
    assert parse(given, ("127.0.0.1:8080",)).url == canonical


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "example.com/page",
        "http://",
        "http://user@example.com/",
        "http://:pass@example.com/",
        "http://ok.example\\@evil.example/",
        "http://example.com/\r\nHost: evil",
        "http://example.com/\x00",
        "http://example.com:22/",
        "http://example.com:8080/",  # the very port that is allowed on another host
        "http://127.0.0.1:8081/",
        "http://example.com:99999/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://exa mple.com/",
        "http://-/",
        "http://a..b/",
        "http://" + "a" * 64 + ".example/",
        "http://example.com/" + "a" * 2048,
    ],
)
def test_parse_refuses_what_is_no_plain_page_address(url: str) -> None:
    """Other schemes, ports, user names, control characters and backslashes are refused with one code."""
    with pytest.raises(InputError) as caught:
        parse(url, ("127.0.0.1:8080",))

    assert caught.value.word == "url-not-allowed"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_is_public_knows_public_machines(address: str) -> None:
    """An ordinary server's address is public, also as IPv4 inside IPv6."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
        "192.0.0.8", "192.88.99.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "198.18.0.1",
        "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001::1", "2001:db8::1",
        "3fff::1",
    ],
)  # fmt: skip
def test_is_public_knows_all_that_are_not(address: str) -> None:
    """Private, link-local, multicast, translated and reserved addresses are not public in any form."""
    assert not is_public(address)


def test_shown_is_one_printable_line() -> None:
    """Whatever an address holds, a log line made of it stays one line of bounded length."""
    assert shown("http://a/\x1b[31m\nforged") == "http://a/�[31m�forged"
    assert len(shown("x" * 5000)) == 201
