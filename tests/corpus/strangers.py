# ruff: noqa: E501 -- a table: one row, one line
"""What is no film and no sound of ours, whatever its name says: playlists, texts, pictures, programs, other containers.

None of it reaches a demuxer. A playlist among them names a canary, a file that nobody may open.
"""

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

from tests.corpus.item import VOICE, Item, Maker, Stock, bytes_of, film_of, hole, noise, sound_of, text_of
from tests.corpus.looks import png

CANARY = "canary.txt"
"""Lies beside the stock, outside every spool."""
HLS = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:9\n{}#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
PORT = 9
"""Nobody listens there."""


def _naming(words: str) -> Maker:
    """Make a text with the canary's path where it says CANARY."""

    def make(stock: Stock, path: Path) -> None:
        path.write_text(words.replace("CANARY", str(stock.folder.parent / CANARY)))

    return make


def hls(media: str, before: str = "") -> Maker:
    """Make an HLS playlist that names a file."""
    return _naming(HLS.format(before, media))


def _zip(stock: Stock) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("x.mp4"), stock.back)
    return out.getvalue()


def _text_bomb(length: int) -> bytes:
    body = b"Comment\0\0" + zlib.compress(bytes(length))
    return struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))


def _attached(stock: Stock, path: Path) -> None:
    """A Matroska file that claims an attachment of 1 GB, most of which is a hole."""
    film = stock.film("attached.mkv", "-c:v", "libx264", "-preset", "ultrafast").read_bytes()
    hole(path, 64 << 20, film)


def _ebml(stock: Stock) -> bytes:
    # EBMLMaxSizeLength says that numbers take up to 255 bytes. Source: RFC 8794, 11.2.5.
    return b"\x1a\x45\xdf\xa3\x84\x42\xf3\x81\xff" + noise(4096)


MPD = '<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY x SYSTEM "file://CANARY">]><MPD><BaseURL>&x;</BaseURL></MPD>'
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{0}" height="{0}">{1}</svg>'
ASS = "[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:00.00,0:00:09.00,,,0,0,0,,{\\fn/etc/passwd}x\n"
OTHER = "kind-mismatch"

# fmt: off
PLAYLISTS = (
    Item("F20", "HLS that names a file", hls("file://CANARY"), "I", OTHER),
    Item("F20b", "HLS that names it plainly", hls("CANARY"), "I", OTHER),
    Item("F21", "HLS that names a server", hls(f"http://127.0.0.1:{PORT}/x.ts"), "I", OTHER),
    Item("F22", "HLS with a map", hls("x.ts", '#EXT-X-MAP:URI="file://CANARY"\n'), "I", OTHER),
    Item("F22b", "HLS with a key", hls("x.ts", '#EXT-X-KEY:METHOD=AES-128,URI="file://CANARY"\n'), "I", OTHER),
    Item("F23", "HLS with its data in it", hls("data:video/mp2t;base64,R0BBEAAA"), "I", OTHER),
    Item("F24", "ffconcat of what lies beside it", _naming("ffconcat version 1.0\nfile 'CANARY'\n"), "I", OTHER),
    Item("F25", "ffconcat without its header", _naming("file 'CANARY'\n"), "I", OTHER),
    Item("F26", "ffconcat of a server", text_of(f"ffconcat version 1.0\nfile 'http://127.0.0.1:{PORT}/x'\n"), "I", OTHER),
    Item("F27", "DASH with an entity", _naming(MPD), "I", OTHER),
    Item("F28", "SDP", text_of(SDP), "I", OTHER),
    Item("F29", "M3U", _naming("CANARY\n"), "I", OTHER),
    Item("F30", "a cue sheet", _naming('FILE "CANARY" MP3\n  TRACK 01 AUDIO\n'), "I", OTHER),
    Item("F30b", "HLS as a voice", hls("file://CANARY"), "I", OTHER, VOICE),
    Item("F31", "SVG that names a file", _naming(SVG.format(64, '<image xlink:href="file://CANARY"/>')), "I", OTHER),
    Item("F27b", "XSPF", _naming("<playlist><location>file://CANARY</location></playlist>"), "I", OTHER),
    Item("F28b", "a lavfi graph", _naming("movie=CANARY[out]"), "I", OTHER),
)
# fmt: on

# fmt: off
ROWS = (
    *PLAYLISTS,
    Item("F6", "random bytes", bytes_of(lambda s: noise(4096)), "I", "bad-magic"),
    Item("F7", "a program", bytes_of(lambda s: b"\x7fELF\x02\x01\x01" + noise(4096)), "I", OTHER),
    Item("F8", "a Windows program", bytes_of(lambda s: b"MZ\x90\0" + noise(4096)), "I", OTHER),
    Item("F9", "a script", text_of("#!/bin/sh\ntouch /canary\n"), "I", OTHER),
    Item("F10", "PDF", text_of("%PDF-1.7\n%âãÏÓ\n", "latin-1"), "I", OTHER),
    Item("F11", "ZIP with a film in it", bytes_of(_zip), "I", OTHER),
    Item("F11b", "gzip of a film", bytes_of(lambda s: gzip.compress(s.back, mtime=0)), "I", OTHER),
    Item("F32", "SVG of 90,000 pixels", text_of(SVG.format(90_000, "")), "I", OTHER),
    Item("F34", "Matroska with a hole of 64 MB", _attached, "I", OTHER),
    Item("F35", "EBML of endless numbers", bytes_of(_ebml), "I", OTHER),
    Item("F36", "PNG, 16000 x 16000 in 74 bytes", bytes_of(lambda s: png(16000)), "I", OTHER),
    Item("F37", "PNG, 30000 x 30000", bytes_of(lambda s: png(30000)), "I", OTHER),
    Item("F38", "PNG with a text of 100 MB", bytes_of(lambda s: png(8, _text_bomb(100 << 20))), "I", OTHER),
    Item("F39", "GIF, 65535 x 65535", bytes_of(lambda s: b"GIF89a" + b"\xff" * 4 + b"\x80\0\0" + bytes(6) + b";"), "I", OTHER),
    Item("F50", "MP3 as a film", bytes_of(lambda s: s.voice), "I", OTHER),
    Item("F51", "AVI as a film", film_of("-c:v", "mpeg4", suffix=".avi"), "I", OTHER),
    Item("F52", "Matroska as a film", film_of("-c:v", "libx264", "-preset", "ultrafast", suffix=".mkv"), "I", OTHER),
    Item("F69", "WebM with alpha", film_of("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-cpu-used", 8, suffix=".webm"), "I", OTHER),
    Item("F86", "subtitles, SRT", text_of("1\n00:00:00,000 --> -1:00:01,000\n{\\p1}m 0 0<font>\n\n" * 10_000), "I", OTHER),
    Item("F86b", "subtitles by their own name", text_of("1\n00:00:00,000 --> 00:00:01,000\nx\n"), "I", OTHER, "video/{id}/x.srt"),
    Item("F87", "subtitles, ASS", text_of(ASS), "I", OTHER),
    Item("F88", "subtitles that are not UTF-8", text_of("1\n00:00:00,000 --> 00:00:01,000\nçé\n" * 99, "latin-1"), "I", OTHER),
    Item("F96", "AVIF", film_of("-c:v", "libaom-av1", "-cpu-used", 8, "-frames:v", 1, suffix=".avif"), "I", OTHER),
    Item("F97", "JPEG", film_of("-frames:v", 1, "-pix_fmt", "yuvj420p", suffix=".jpg"), "I", OTHER),
    Item("F98", "WebP", bytes_of(lambda s: b"RIFF\x10\0\0\0WEBPVP8 " + noise(64)), "I", OTHER),
    Item("F99", "a page of an error", text_of("<!DOCTYPE html><html><title>404 Not Found</title></html>\n"), "I", OTHER),
    Item("F101", "text in UTF-16", text_of("no film at all\n" * 9, "utf-16"), "I", OTHER),
    Item("F102", "an MPEG program stream", film_of("-c:v", "mpeg2video", suffix=".mpg"), "I", OTHER),
    Item("F103", "an MPEG transport stream", film_of("-c:v", "libx264", "-preset", "ultrafast", suffix=".ts"), "I", OTHER),
    Item("F106", "a bare H.264 stream", film_of("-c:v", "libx264", "-preset", "ultrafast", suffix=".h264"), "I", "bad-magic"),
    Item("F108", "a photo by its own name", film_of("-frames:v", 1, "-pix_fmt", "yuvj420p", suffix=".jpg"), "I", OTHER, "video/{id}/x.jpg"),
    Item("F112", "a film where voices go", bytes_of(lambda s: s.back), "I", OTHER, VOICE),
    Item("F113", "FLAC as a voice", sound_of("-c:a", "flac", suffix=".flac"), "I", OTHER, VOICE),
    Item("F114", "Ogg Opus as a voice", sound_of("-c:a", "libopus", suffix=".opus"), "I", OTHER, VOICE),
    Item("F115", "M4A as a voice", sound_of("-c:a", "aac", suffix=".m4a"), "I", OTHER, VOICE),
    Item("F116", "AAC as a voice", sound_of("-c:a", "aac", suffix=".aac"), "I", OTHER, VOICE),
    Item("F119", "MPEG layer II as a voice", sound_of("-c:a", "mp2", suffix=".mp2"), "I", OTHER, VOICE),
    Item("F77", "WAV of 384 kHz as a voice", sound_of("-ar", 384_000, suffix=".wav"), "I", OTHER, VOICE),
    Item("F78", "WAV of 64 channels as a voice", bytes_of(lambda s: wave(64, 44_100, noise(64 * 200))), "I", OTHER, VOICE),
    Item("F79", "WAV of 1 kHz as a voice", bytes_of(lambda s: wave(1, 1000, noise(4000))), "I", OTHER, VOICE),
    Item("F82", "WAV of what is no number", bytes_of(lambda s: wave(1, 44_100, b"\0\0\xc0\x7f" * 9000, 3)), "I", OTHER, VOICE),
    Item("F83", "WAV of 2^32 - 1 bytes", bytes_of(lambda s: wave(1, 44_100, noise(9000), length=0xFFFFFFFF)), "I", OTHER, VOICE),
    Item("F84", "RF64 that lies", bytes_of(lambda s: b"RF64" + wave(1, 44_100, noise(9000))[4:]), "I", OTHER, VOICE),
    Item("F121", "AIFF as a voice", sound_of(suffix=".aiff"), "I", "bad-magic", VOICE),
    Item("F123", "MIDI as a voice", bytes_of(lambda s: b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + noise(64)), "I", "bad-magic", VOICE),
)
# fmt: on


def wave(channels: int, rate: int, samples: bytes, form: int = 1, length: int | None = None) -> bytes:
    """Give a WAV file of these samples; `length` is what its header says, true or not."""
    width = 4 if form == 3 else 2
    said = len(samples) if length is None else length
    block = channels * width
    head = struct.pack("<HHIIHH", form, channels, rate, rate * block, block, 8 * width)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", said) + samples
    return b"RIFF" + struct.pack("<I", min(len(body), 0xFFFFFFFF)) + body
