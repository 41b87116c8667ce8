# ruff: noqa: E501 -- a table: one row, one line
"""MP3 files as voices, odd and broken: F49, F56-F59, F80, F81 and their like."""

import struct

from tests.corpus.item import VOICE, Item, Maker, Stock, bytes_of, noise, sound_of
from tests.corpus.looks import png
from tests.corpus.shapes import cut, zero_tail

MUSIC = "music/{id}/x.mp3"


def tag(*frames: bytes, version: int = 3, flags: int = 0, length: int | None = None) -> bytes:
    """Give an ID3v2 tag; `length` is what it says it holds. Source: id3.org, ID3v2.3, 3.1."""
    body = b"".join(frames)
    said = len(body) if length is None else length
    synchsafe = bytes((said >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, flags]) + synchsafe + body


def frame(name: bytes, body: bytes) -> bytes:
    """Give a frame of a tag."""
    return name + struct.pack(">IH", len(body), 0) + body


def title(words: bytes) -> bytes:
    """Give a title, by its bytes."""
    return frame(b"TIT2", b"\0" + words)


def cover(picture: bytes) -> bytes:
    """Give a cover."""
    return frame(b"APIC", b"\0image/png\0\3\0" + picture)


def own(item_id: str, content: bytes) -> bytes:
    """Give a sound that no other row has, by its title."""
    return tag(title(item_id.encode())) + content


def voiced(item_id: str, *arguments: object, source: str = "") -> Maker:
    """Make a voice coded by these arguments."""
    return sound_of("-metadata", f"title={item_id}", *arguments, source=source)


def _joined(stock: Stock, *arguments: object) -> bytes:
    other = stock.sound(f"other{len(arguments)}{arguments[-1]}.mp3", *arguments, "-write_xing", 0, "-id3v2_version", 0)
    return stock.voice + other.read_bytes()


def _xing(stock: Stock, frames: int) -> bytes:
    content = stock.sound("xing.mp3", "-id3v2_version", 0).read_bytes()
    at = max(content.find(b"Info"), content.find(b"Xing"))
    return content[: at + 8] + struct.pack(">I", frames) + content[at + 12 :]


def _middle(stock: Stock, junk: bytes) -> bytes:
    half = len(stock.voice) // 2
    return stock.voice[:half] + junk + stock.voice[half + len(junk) :]


ID3_BOMB = tag(length=(1 << 28) - 1)
WHOLE = "sound.mp3"
SQUARE = "aevalsrc='2*gt(mod(t*220,1),0.5)-1':sample_rate=44100:duration=2"
CHORD = "aevalsrc='0.2*sin(2*PI*330*t)+0.2*sin(2*PI*440*t)':sample_rate=44100:duration=3"
SILENCE = "anullsrc=r=44100:cl=mono:d=2"

# fmt: off
ROWS = (
    Item("F49", "a cover in it", bytes_of(lambda s: tag(title(b"F49"), cover(png(64))) + s.voice), "S", place=VOICE),
    Item("F49b", "a cover of 74 bytes, 16000 x 16000", bytes_of(lambda s: tag(cover(png(16000))) + s.voice), "S", place=VOICE),
    Item("F56", "a tag of 256 MB", bytes_of(lambda s: ID3_BOMB + s.voice), "I", "truncated", VOICE),
    Item("F57", "10,000 covers", bytes_of(lambda s: tag(*[cover(png(64))] * 10_000) + s.voice), "I", "too-many-streams", VOICE),
    Item("F57b", "three covers", bytes_of(lambda s: tag(*[cover(png(64))] * 3) + s.voice), "S", place=VOICE),
    Item("F58", "a title of 200 kB", bytes_of(lambda s: tag(title(b"x" * 200_000)) + s.voice), "S", place=VOICE),
    Item("F59", "a title of control characters", bytes_of(lambda s: tag(title(b"\x1b[2J\0\n\x07\x9b")) + s.voice), "S", place=VOICE),
    Item("F59b", "a title of broken UTF-16", bytes_of(lambda s: tag(frame(b"TIT2", b"\1\xff\xfe\x00\xd8\x2e")) + s.voice), "S", place=VOICE),
    Item("F80", "digital silence", voiced("F80", source=SILENCE), "I", "silent", VOICE),
    Item("F80b", "digital silence as music", voiced("F80b", "-b:a", "64k", source=SILENCE.replace("d=2", "d=3")), "I", "silent", MUSIC),
    Item("F81", "a square of full scale", voiced("F81", source=SQUARE), "S", place=VOICE),
    Item("F79b", "8 kHz", voiced("F79b", "-ar", 8000), "S", place=VOICE),
    Item("M1", "cut at 60 %, with a header frame", bytes_of(lambda s: cut(s.sound(WHOLE).read_bytes(), 60)), "I", "truncated", VOICE),
    Item("M1b", "preallocated, filled to 60 %", bytes_of(lambda s: zero_tail(s.sound(WHOLE).read_bytes(), 60)), "I", "truncated", VOICE, notes="a header frame tells how much sound there was"),
    Item("M2", "cut at 60 %, frames alone", bytes_of(lambda s: cut(s.voice, 60)), "S", place=VOICE, notes="nothing in it says how long it was"),
    Item("M3", "zeros in the middle", bytes_of(lambda s: _middle(s, bytes(6000))), "I", "decode-error", VOICE),
    Item("M4", "junk in the middle", bytes_of(lambda s: _middle(s, noise(6000))), "I", "decode-error", VOICE),
    Item("M5", "10 kB of junk in front", bytes_of(lambda s: noise(10_000) + s.voice), "I", "bad-magic", VOICE),
    Item("M6", "10 kB of junk behind", bytes_of(lambda s: own("M6", s.voice) + noise(10_000)), "S", place=VOICE),
    Item("M9", "a tag and no sound", bytes_of(lambda s: tag(title(b"M9" * 500))), "I", "truncated", VOICE),
    Item("M9b", "ID3v1 alone", bytes_of(lambda s: b"TAG" + bytes(125)), "I", "bad-magic", VOICE),
    Item("M10", "0.3 s", voiced("M10", "-t", 0.3), "I", "too-short", VOICE),
    Item("M10b", "one frame", bytes_of(lambda s: s.voice[:313]), "I", "too-short", VOICE),
    Item("M11", "the rate changes midway", bytes_of(lambda s: _joined(s, "-ar", 22_050)), "I", "format-changes", VOICE),
    Item("M12", "one channel, then two", bytes_of(lambda s: _joined(s, "-ac", 2)), "I", "format-changes", VOICE),
    Item("M13", "a header frame of 2^30 frames", bytes_of(lambda s: own("M13", _xing(s, 1 << 30))), "S", place=VOICE),
    Item("M14", "an APE tag behind", bytes_of(lambda s: own("M14", s.voice) + b"APETAGEX" + noise(500)), "S", place=VOICE),
    Item("M15", "two tags", bytes_of(lambda s: tag(title(b"M15")) + tag(title(b"2")) + s.voice), "S", place=VOICE),
    Item("M16", "a free bit rate", bytes_of(lambda s: b"\xff\xfb\x00\x00" + noise(4000)), "I", "bad-magic", VOICE),
    Item("M20", "a tag, then FLAC", bytes_of(lambda s: tag(title(b"M20")) + s.sound("m20.flac").read_bytes()), "I", "decode-error", VOICE),
    Item("M21", "a tag, then a film", bytes_of(lambda s: tag(title(b"M21")) + s.back), "I", "bad-structure", VOICE),
    Item("M21b", "a tag, then a playlist", bytes_of(lambda s: tag(title(b"x")) + b"#EXTM3U\nfile:///etc/hostname\n" * 99), "I", "bad-structure", VOICE),
    Item("M22", "a tag with every flag", bytes_of(lambda s: tag(title(b"M22"), flags=0xFF) + s.voice), "S", place=VOICE),
    Item("M23", "a tag of version 255", bytes_of(lambda s: tag(title(b"M23"), version=255) + s.voice), "S", place=VOICE),
    Item("M24", "good music", voiced("M24", source=CHORD), "S", place=MUSIC),
)
# fmt: on
