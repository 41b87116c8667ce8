# ruff: noqa: E501 -- a table: one row, one line
"""Whole films that are awkward to show, or coded as nobody should: F36-F48, F53-F55, F60-F74, F85 and their like."""

import struct
import zlib
from pathlib import Path

from tests import footage
from tests.corpus.boxes import box, number, with_more
from tests.corpus.item import SIZE, X264, Item, Maker, Stock, bytes_of, film_of

MOV = ".mov"
KEY = "00112233445566778899aabbccddeeff"
"""Of a film nobody can open."""


def png(side: int, extra: bytes = b"") -> bytes:
    """Give the first bytes of a PNG of that many pixels a side; 74 of them cost a naive reader a gigabyte."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return number(len(body)) + name + body + number(zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def covered(content: bytes, cover: bytes) -> bytes:
    """Give a film with a cover, as iTunes writes it."""
    data = box("data", number(14) + number(0) + cover)
    handler = box("hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return with_more(content, "moov", box("udta", box("meta", bytes(4) + handler + box("ilst", box("covr", data)))))


def _turned(*how: object) -> Maker:
    def make(stock: Stock, path: Path) -> None:
        source = stock.folder / "back.mp4"
        _ = stock.back
        footage.make(*how, "-i", source, "-c", "copy", path)

    return make


def _changing(stock: Stock, path: Path) -> None:
    """Two films of other sizes, one behind the other, as one stream."""
    joined = stock.folder / "changing.h264"
    parts = [
        stock.film(
            f"part{size}.h264", *X264, "-bsf:v", "h264_metadata", source=f"testsrc2=size={size}x64:rate=10:duration=1"
        )
        for size in (64, 96)
    ]
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    footage.make("-f", "h264", "-framerate", 10, "-i", joined, "-c", "copy", path)


def _without(packets: str) -> tuple[object, ...]:
    return (*X264, "-bsf:v", f"noise=drop='{packets}'")


def _hdr(transfer: str) -> tuple[object, ...]:
    words = f"log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    return (
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p10le",
        "-tag:v",
        "hvc1",
        "-x265-params",
        words,
    )


def _vision(stock: Stock) -> bytes:
    content = stock.film("vision.mp4", *_hdr("smpte2084")).read_bytes()
    # Profile 8, level 1, base layer there and HDR10. Source: Dolby Vision streams within ISO base media, 3.2.
    return with_more(content, "moov/trak/mdia/minf/stbl/stsd/hvc1", box("dvvC", b"\x01\x00\x10\x0d\x10" + bytes(19)))


def _raw(size: str, rate: str = "10", seconds: str = "0.1") -> str:
    return f"color=gray:size={size}:rate={rate}:duration={seconds}"


def _interlaced(stock: Stock, path: Path) -> None:
    footage.clip(path, size=SIZE, rate=50, interlaced=True, sound=False)


def _chatty(stock: Stock) -> bytes:
    words = "086f3693-b7b3-4f2c-9653-21492feee5b8+" + "x" * 60_000
    return stock.film("chatty.mp4", *X264, "-bsf:v", f"h264_metadata=sei_user_data={words}").read_bytes()


# fmt: off
ROWS = (
    Item("F36m", "a cover of 74 bytes, 16000 x 16000", bytes_of(lambda s: covered(s.back, png(16000))), "S", frames=20, size=SIZE),
    Item("F40", "8192 x 4400, 36.04 megapixels", film_of(*X264, source=_raw("8192x4400")), "I", "too-many-pixels"),
    Item("F40b", "8256 pixels wide", film_of(*X264, source=_raw("8256x64")), "I", "too-many-pixels"),
    Item("F40c", "8192 pixels wide", film_of(*X264, source=_raw("8192x64")), "S", size=(8192, 64), frames=1),
    Item("F45", "one picture of 0.1 s", film_of(*X264, "-frames:v", 1), "S", frames=1),
    Item("F46", "one picture of 0.04 s", film_of(*X264, source=_raw("64x64", "25", "0.04")), "S", frames=1),
    Item("F46b", "2 x 2 pixels", film_of(*X264, source=_raw("2x2")), "S", size=(2, 2), frames=1),
    Item("F47", "sound alone", film_of("-vn", sound=True), "I", "no-picture"),
    Item("F48", "no sound", film_of(*X264, "-an"), "S", frames=20, size=SIZE),
    Item("F53", "PNG in MP4", film_of("-c:v", "png"), "I", "codec-not-allowed"),
    Item("F54", "MagicYUV in MOV", film_of("-c:v", "magicyuv", suffix=MOV), "I", "codec-not-allowed"),
    Item("F55", "GIF in MOV", film_of("-c:v", "gif", suffix=MOV), "I", "codec-not-allowed"),
    Item("F55b", "raw video in MOV", film_of("-c:v", "rawvideo", "-pix_fmt", "yuv420p", suffix=MOV), "I", "codec-not-allowed"),
    Item("F60", "variable rate", film_of(*X264, "-vf", "select=mod(n\\,3)", "-fps_mode", "vfr"), "S", frames=13),
    Item("F61", "1,000 pictures a second", film_of(*X264, source=_raw("64x64", "1000")), "I", "too-fast"),
    Item("F62", "a picture in 100 s", film_of(*X264, source=_raw("64x64", "1/100", "200")), "S", frames=2),
    Item("F63", "turned by 90 degrees", _turned("-display_rotation", 90), "S", frames=20),
    Item("F64", "turned by 37 degrees", _turned("-display_rotation", 37), "S", frames=20, notes="taken as the nearest of four"),
    Item("F65", "mirrored", _turned("-display_hflip"), "S", frames=20, notes="shown as it is coded"),
    Item("F66", "HDR, PQ", film_of(*_hdr("smpte2084")), "S", frames=20),
    Item("F67", "HDR, HLG", film_of(*_hdr("arib-std-b67")), "S", frames=20),
    Item("F68", "HDR, Dolby Vision 8.1", bytes_of(_vision), "S", frames=20),
    Item("F69b", "VP9 in MP4", film_of("-c:v", "libvpx-vp9", "-cpu-used", 8, "-deadline", "realtime"), "S", frames=20),
    Item("F70", "ProRes 4444 with alpha", film_of("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le", suffix=MOV), "S", frames=20),
    Item("F71", "63 x 65 pixels", film_of(*X264[:-4], "-pix_fmt", "yuv444p", source="testsrc2=size=63x65:rate=10:duration=1,format=yuv444p"), "S", size=(63, 65), frames=10),
    Item("F72", "pixels twice as wide", film_of(*X264, "-vf", "setsar=2/1"), "S", size=(128, 64), frames=20),
    Item("F73", "interlaced", _interlaced, "S", size=SIZE, frames=25),
    Item("F74", "the size changes midway", _changing, "I", "size-changes"),
    Item("F85", "encrypted (cenc)", film_of(*X264, "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY, "-encryption_kid", KEY), "I", "encrypted"),
    Item("F92", "HEVC", film_of("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"), "S", frames=20),
    Item("F93", "AV1", film_of("-c:v", "libsvtav1", "-preset", 12), "S", frames=20),
    Item("F94", "MPEG-4 part 2", film_of("-c:v", "mpeg4"), "S", frames=20),
    Item("F95", "Motion JPEG", film_of("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), "S", frames=20),
    Item("F136", "subtitles and time code beside it", film_of(*X264, "-timecode", "00:00:00:00"), "S", frames=20),
    Item("F141", "gray alone", film_of(*X264[:-4], "-pix_fmt", "gray"), "S", frames=20),
    Item("F141b", "10 bits", film_of(*X264[:-4], "-pix_fmt", "yuv422p10le"), "S", frames=20),
    Item("F142", "lossless", film_of(*X264, "-qp", 0), "S", frames=20),
    Item("F144", "the first keyframe is missing", film_of(*_without("eq(n,0)")), "I", "decode-error"),
    Item("F145", "a picture in the middle is missing", film_of(*_without("eq(n,7)")), "S", frames=19, notes="decoders hide it and say nothing"),
    Item("F147", "a message of 60 kB with each keyframe", bytes_of(_chatty), "S", frames=20),
)
# fmt: on
