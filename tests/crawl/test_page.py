"""The text of a page: what a person would read, clean, and taken out where it can do no harm."""

import hashlib
import os
from dataclasses import replace

import pytest

from tests.crawl.website import HTML, STORY
from videogen.cage import child_environment
from videogen.crawl.page import LIMITS, Page, extract_text
from videogen.errors import InputError


def page(body: bytes | str, content_type: str = "text/html", charset: str = "") -> Page:
    """Give a page as a fetch would."""
    raw = body.encode() if isinstance(body, str) else body
    return Page("http://x.example/", 200, content_type, charset, raw, hashlib.sha256(raw).hexdigest())


def test_extract_gives_title_and_paragraphs() -> None:
    """Of an article the story and its title are kept, the menu is not, and paragraphs are parted by blank lines."""
    found = extract_text(page(HTML))

    assert found.title
    assert STORY in found.text.split("\n\n")
    assert "Home" not in found.text
    assert len(found.text.split("\n\n")) >= 2


def test_extract_passes_plain_text_through() -> None:
    """Plain text is only decoded and cleaned, whatever markup it seems to hold."""
    found = extract_text(page("One <b>two</b>\r\nthree\r\n\r\n\r\nfour\x07".encode("utf-16"), "text/plain"))

    assert (found.title, found.text) == ("", "One <b>two</b>\nthree\n\nfour")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [("", "text/plain"), (" \n\x00", "text/plain"), ("<html><body><script>x()</script>", "text/html")],
)
def test_extract_refuses_a_page_without_text(body: str, content_type: str) -> None:
    """A page that says nothing is refused with a code of its own."""
    with pytest.raises(InputError) as caught:
        extract_text(page(body, content_type))

    assert caught.value.word == "no-text"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "holds no text"),
        ('<div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript>', "run its scripts"),
        ("<script src='/app.js'></script>", "run its scripts"),
        ("<form><p>Please sign in to continue reading.</p><input type='password'></form>", "asks for a login"),
        ("<h1>Before you continue</h1><p>This site uses cookies to know you.</p><p>Accept</p>", "asks for consent"),
        ("<script src='https://cdn.cookiebot.example/uc.js'></script>", "asks for consent"),
        ("<meta http-equiv='refresh' content='0;url=http://x.example/'>", "sends browsers elsewhere"),
        ("\x01\x02\x03\x04\x05\x06 a b c", "bytes that are no text"),
    ],
)
def test_extract_says_what_a_page_without_text_lacks(body: str, why: str) -> None:
    """Scripts, a login, a wall of consent, a redirect by the page, or nothing at all: each is told as what it is."""
    with pytest.raises(InputError, match=why) as caught:
        extract_text(page(body if body.startswith("\x01") else f"<html><head></head><body>{body}</body></html>"))

    assert caught.value.word == "no-text"
    assert caught.value.remedy


def test_extract_keeps_a_story_that_a_wall_stands_before() -> None:
    """A page whose text begins with words of a wall is kept, when there is a story behind them."""
    wall = "<p>We value your privacy.</p>"

    assert STORY in extract_text(page(HTML.replace("<article>", f"<article>{wall}"))).text


@pytest.mark.parametrize("magic", [b"%PDF-1.7", b"PK\x03\x04", b"\x89PNG\r\n", b"GIF89a", b"\x1f\x8b\x08"])
def test_extract_believes_the_bytes_not_the_type(magic: bytes) -> None:
    """What is no page by its first bytes is refused, whatever its server calls it (W34)."""
    with pytest.raises(InputError) as caught:
        extract_text(page(magic + bytes(100)))

    assert caught.value.word == "content-type"


def test_extract_ends_a_text_made_to_be_slow() -> None:
    """Marks that take a normaliser endless time cost the child its processor time, and us nothing (W39, T15)."""
    with pytest.raises(InputError) as caught:
        extract_text(page("a" + "\u0301\u0323" * 700_000, "text/plain"), limits=replace(LIMITS, cpu_s=2))

    assert caught.value.word == "page-too-heavy"


def test_extract_refuses_more_text_than_it_can_hand_over() -> None:
    """Text beyond what a child may answer is refused, not cut short."""
    with pytest.raises(InputError) as caught:
        extract_text(page("word " * 900_000, "text/plain"))

    assert caught.value.word == "too-large"


def test_extract_ends_a_page_that_is_too_heavy() -> None:
    """A page whose reading takes more than its memory is refused, and this process lives on."""
    with pytest.raises(InputError) as caught:
        extract_text(page("x" * 60_000_000, "text/plain"), limits=replace(LIMITS, memory_bytes=100 << 20))

    assert caught.value.word == "page-too-heavy"


def test_extract_hands_no_secret_to_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of our environment the child gets no variable that could hold a secret."""
    monkeypatch.setenv("VIDEOGEN_TOKEN", "canary")

    assert "canary" not in os.pathsep.join(child_environment().values())
