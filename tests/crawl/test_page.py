"""The text of a page: what a person would read, clean, and taken out where it can do no harm."""

import hashlib
import os
from dataclasses import replace

import pytest

from tests.crawl.website import HTML, STORY
from videogen.crawl.fetch import Page
from videogen.crawl.page import LIMITS, child_environment, clean, decode, extract_text
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


def test_extract_refuses_more_text_than_it_can_hand_over() -> None:
    """Text beyond what a child may answer is refused, not cut short."""
    with pytest.raises(InputError) as caught:
        extract_text(page("word " * 900_000, "text/plain"))

    assert caught.value.word == "too-large"


def test_extract_ends_a_page_that_is_too_heavy() -> None:
    """A page whose reading takes more than its memory is refused, and this process lives on."""
    with pytest.raises(InputError) as caught:
        extract_text(page("x" * 60_000_000, "text/plain"), limits=replace(LIMITS, memory_bytes=200 << 20))

    assert caught.value.word == "page-too-heavy"


def test_extract_hands_no_secret_to_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of our environment the child gets no variable that could hold a secret."""
    monkeypatch.setenv("VIDEOGEN_TOKEN", "canary")

    assert "canary" not in os.pathsep.join(child_environment().values())


@pytest.mark.parametrize(
    ("body", "declared", "text"),
    [
        ("é".encode(), "", "é"),
        ("é".encode("latin-1"), "iso-8859-1", "é"),
        (b"\x93q\x94", "iso-8859-1", "“q”"),  # as every browser reads it
        ("字".encode("shift-jis"), "shift_jis", "字"),
        (b'<meta charset="windows-1251">' + "я".encode("cp1251"), "", '<meta charset="windows-1251">я'),
        ("é".encode("utf-8-sig"), "latin-1", "\ufeffé"),  # the mark is taken out later, in cleaning
        ("é".encode(), "no-such-charset", "é"),
        ("é".encode(), "rot13", "é"),  # a codec of Python's, but no charset
        (b"a\xff", "utf-8", "a�"),
    ],
)
def test_decode_finds_the_charset(body: bytes, declared: str, text: str) -> None:
    """Bytes are read by their mark, else as declared, else as the page says, else as UTF-8; never an error."""
    assert decode(body, declared) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("e\u0301", "é"),
        ("a\x00\x1b[31mb\x7f", "a[31mb"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        (" a \n \n\n\t b ", "a\n\nb"),
        ("\ufeffa\u202egnp.exe", "agnp.exe"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # this joiner is spelling, not a trick
        ("a\ud800b", "ab"),
    ],
)
def test_clean_keeps_only_what_is_text(text: str, cleaned: str) -> None:
    """Control characters and hidden marks go, letters stay, and blank lines come one at a time."""
    assert clean(text) == cleaned
