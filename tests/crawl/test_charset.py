"""Bytes into characters, whatever a server declares."""

import pytest

from videogen.crawl.charset import decode

RUSSIAN = "Быстрая лиса перепрыгнула через ленивую собаку"
JAPANESE = "狐は葡萄を見て、欲しくなった。"


@pytest.mark.parametrize(
    ("body", "declared", "read"),
    [
        ("é".encode(), "", ("é", "utf-8")),
        ("é".encode("latin-1"), "iso-8859-1", ("é", "cp1252")),
        (b"\x93q\x94", "iso-8859-1", ("“q”", "cp1252")),  # as every browser reads it
        ("字".encode("shift-jis"), "shift_jis", ("字", "cp932")),
        (b'<meta charset="windows-1251">' + "я".encode("cp1251"), "", ('<meta charset="windows-1251">я', "cp1251")),
        ("é".encode("utf-8-sig"), "latin-1", ("\ufeffé", "utf-8")),  # the mark is taken out later, in cleaning
        ("é".encode("utf-16"), "utf-8", ("é", "utf-16")),
        ("é".encode(), "no-such-charset", ("é", "utf-8")),
        ("é".encode(), "rot13", ("é", "utf-8")),  # a codec of Python's, but no charset
        ("é".encode(), "punycode", ("é", "utf-8")),
        (b"+AGE-", "utf-7", ("+AGE-", "utf-8")),  # a charset only for those who smuggle
        (b"a\xff", "utf-8", ("a�", "utf-8")),
        (b"", "", ("", "utf-8")),
    ],
)
def test_decode_finds_the_charset(body: bytes, declared: str, read: tuple[str, str]) -> None:
    """Bytes are read by their mark, else as declared, else as the page says, else as UTF-8; never an error."""
    assert decode(body, declared) == read


@pytest.mark.parametrize(
    ("text", "really", "declared", "meta"),
    [
        (RUSSIAN, "utf-8", "iso-8859-1", ""),  # the default of careless servers
        (RUSSIAN, "cp1251", "utf-8", '<meta charset="windows-1251">'),
        (JAPANESE, "shift-jis", "utf-8", '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">'),
        (JAPANESE, "euc-jp", "utf-8", '<?xml version="1.0" encoding="EUC-JP"?>'),
        (JAPANESE, "utf-8", "utf-8", '<meta charset="shift_jis">'),
        (JAPANESE, "utf-8", "", '<meta charset="utf-16">'),
    ],
)
def test_decode_does_not_believe_what_does_not_fit(text: str, really: str, declared: str, meta: str) -> None:
    """A charset that leaves the text broken is a lie; the next one that fits is taken (W35)."""
    assert decode((meta + text).encode(really), declared)[0] == meta + text


def test_decode_forgives_an_odd_broken_byte() -> None:
    """One broken byte among many good letters does not turn a page into another charset."""
    body = b'<meta charset="windows-1252">' + RUSSIAN.encode() + b"\xff" + RUSSIAN.encode()

    assert decode(body, "utf-8") == (f'<meta charset="windows-1252">{RUSSIAN}�{RUSSIAN}', "utf-8")
