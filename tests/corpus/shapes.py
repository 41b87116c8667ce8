# ruff: noqa: E501 -- a table: one row, one line
"""MP4 files that are cut, torn, or say what is not so: F1-F19, F33, F41-F46 and their like."""

import struct
import zlib
from pathlib import Path

from tests.corpus.boxes import box, box_at, number, patched, renamed, resized, with_body, with_more
from tests.corpus.item import SIZE, X264, Item, Maker, Stock, bytes_of, film_of, noise

TRAK = "moov/trak"
STBL = f"{TRAK}/mdia/minf/stbl"
AVC = f"{STBL}/stsd/avc1"
HUGE = 0x0FFFFFFF
MANY = 1001


def cut(content: bytes, share: int) -> bytes:
    """Give the first so many hundredths of a file."""
    return content[: len(content) * share // 100]


def zero_tail(content: bytes, share: int) -> bytes:
    """Give a file of the right length that is zeros after so many hundredths: preallocated, and not filled."""
    return cut(content, share) + bytes(len(content) - len(cut(content, share)))


def nested(depth: int) -> bytes:
    """Give boxes within boxes."""
    inner = b""
    for _ in range(depth):
        inner = box("moov", inner)
    return box("ftyp", b"isom\0\0\2\0isom") + inner


def of_streams(stock: Stock, count: int) -> bytes:
    """Give a film of one picture and so many copies of its track without media."""
    content = stock.back
    track = box_at(content, TRAK)
    return with_more(content, "moov", content[track.at : track.end] * (count - 1))


def packed(content: bytes, extra: int, claimed: int = 0) -> bytes:
    """Give a film whose index is compressed, with so many zeros and a length of its own. Source: QuickTime File Format, cmov."""
    moov = box_at(content, "moov")
    index = content[moov.at : moov.end] + box("free", bytes(extra))
    small = box("cmov", box("dcom", b"zlib") + box("cmvd", number(claimed or len(index)) + zlib.compress(index)))
    return content[: moov.at] + box("moov", small) + content[moov.end :]


def elsewhere(content: bytes) -> bytes:
    """Give a film whose media are said to lie in another file. Source: QuickTime File Format, dref of type alis."""
    path = b"file:///etc/hostname"
    alias = bytes(150) + struct.pack(">HH", 18, len(path)) + path + b"\xff\xff\0\0"
    entry = box("alis", bytes(4) + alias)
    return with_body(content, f"{TRAK}/mdia/minf/dinf/dref", bytes(4) + number(1) + entry)


def listed(content: bytes, *edits: tuple[int, int]) -> bytes:
    """Give a film with another edit list, of (length, start in the media)."""
    rows = b"".join(struct.pack(">IiI", length, start, 0x10000) for length, start in edits)
    return with_body(content, f"{TRAK}/edts/elst", bytes(4) + number(len(edits)) + rows)


def offset(content: bytes, by: int) -> bytes:
    """Give a film whose chunks are said to lie that much farther on."""
    place = box_at(content, f"{STBL}/stco").body + 8
    old = int.from_bytes(content[place : place + 4], "big")
    return content[:place] + number((old + by) % (1 << 32)) + content[place + 4 :]


def _tables() -> tuple[Item, ...]:
    """The tables of an index, each with a lie in it."""

    def spoiled(box_name: str, at: int, value: int, length: int = 4) -> Maker:
        return bytes_of(lambda stock: patched(stock.back, f"{STBL}/{box_name}", at, number(value, length)))

    lies = "rows that are not there"
    spare = "rows beyond the samples are nothing"
    return (
        Item("F14", "stco: chunks past the end", spoiled("stco", 8, 0x7FFFFFF0), "I", "truncated"),
        Item("F14b", "stco: chunks 40 bytes late", bytes_of(lambda s: offset(s.back, 40)), "I", "decode-error"),
        Item("F14c", "stco: no chunks", spoiled("stco", 4, 0), "I", "no-picture"),
        Item("F14d", "stco: 2^28 chunks", spoiled("stco", 4, HUGE), "S", frames=20, notes=spare),
        Item("F15", "stsz: 2^28 samples", spoiled("stsz", 8, HUGE), "I", "bad-structure", notes=lies),
        Item("F15b", "stsz: a picture of 2 GB", spoiled("stsz", 12, 0x7FFFFFFF), "I", "no-picture", notes=lies),
        Item("F15c", "stsz: all of 2 GB", spoiled("stsz", 4, 0x7FFFFFFF), "I", "no-picture", notes=lies),
        Item("F16", "stts: 2^28 samples", spoiled("stts", 8, HUGE), "S", frames=20, notes=spare),
        Item("F16b", "stts: 2^28 rows", spoiled("stts", 4, HUGE), "I", "bad-structure", notes=lies),
        Item("F16c", "stts: of 20 minutes each", spoiled("stts", 12, 0x10000000), "I", "too-long"),
        Item("F16d", "stts: of no length", spoiled("stts", 12, 0), "S", frames=20),
        Item("F110", "stsc: 2^28 samples a chunk", spoiled("stsc", 12, HUGE), "S", frames=20, notes=spare),
        Item("F111", "stsc: begins at chunk 0", spoiled("stsc", 8, 0), "S", frames=20),
        Item("F111b", "stsc: 2^28 rows", spoiled("stsc", 4, HUGE), "I", "bad-structure", notes=lies),
        Item("F120", "stss: 2^28 keyframes", spoiled("stss", 4, HUGE), "I", "bad-structure", notes=lies),
        Item("F120b", "stss: keyframes that are none", spoiled("stss", 12, 3), "S", frames=20),
    )


def _pieces(stock: Stock) -> bytes:
    """Give a fragmented film whose first fragment claims 2^28 samples."""
    content = stock.pieces
    at = content.index(b"trun") + 8
    return content[:at] + number(HUGE) + content[at + 4 :]


def _lost(stock: Stock) -> bytes:
    """Give a fragmented film one of whose fragments belongs to no track."""
    content = stock.pieces
    at = content.index(b"tfhd") + 8
    return content[:at] + number(99) + content[at + 4 :]


def _trail(stock: Stock, path: Path) -> None:
    path.write_bytes(stock.front + noise(100_000))


# fmt: off
ROWS = (
    Item("F1", "no bytes", bytes_of(lambda s: b""), "I", "empty"),
    Item("F2", "one byte", bytes_of(lambda s: s.front[:1]), "I", "bad-magic"),
    Item("F2b", "seven bytes", bytes_of(lambda s: s.front[:7]), "I", "bad-magic"),
    Item("F3", "index in front, cut at 30 %", bytes_of(lambda s: cut(s.front, 30)), "I", "truncated"),
    Item("F3b", "index in front, cut in it", bytes_of(lambda s: s.front[:200]), "I", "truncated"),
    Item("F3c", "index in front, last byte gone", bytes_of(lambda s: s.front[:-1]), "I", "truncated"),
    Item("F4", "index behind, cut at 60 %", bytes_of(lambda s: cut(s.back, 60)), "I", "truncated"),
    Item("F4b", "index behind, not there", bytes_of(lambda s: s.back[: box_at(s.back, "moov").at]), "I", "no-moov"),
    Item("F4c", "index behind, last byte gone", bytes_of(lambda s: s.back[:-1]), "I", "truncated"),
    Item("F5", "preallocated, filled to 30 %", bytes_of(lambda s: zero_tail(s.front, 30)), "I", "decode-error"),
    Item("F5b", "preallocated, index behind", bytes_of(lambda s: zero_tail(s.back, 60)), "I", "no-moov"),
    Item("F5c", "preallocated, never filled", bytes_of(lambda s: bytes(1 << 20)), "I", "bad-magic"),
    Item("F5d", "filled with ones", bytes_of(lambda s: b"\xff" * 4096), "I", "bad-magic"),
    Item("F5e", "a hole in the middle", bytes_of(lambda s: s.front[:9000] + bytes(4096) + s.front[13096:]), "I", "decode-error"),
    Item("F12", "100 kB of junk behind", _trail, "S", notes="players ignore it, and it is kept", frames=20, size=SIZE),
    Item("F12b", "eight zeros behind", bytes_of(lambda s: s.front + bytes(8)), "S", frames=20),
    Item("F12c", "a second film behind", bytes_of(lambda s: s.front + s.back), "S", frames=20, notes="the first index counts"),
    Item("F13", "bits flipped in the picture", film_of(*X264, "-bsf:v", "noise=amount=200"), "I", "truncated", notes="a picture of its index cannot be read; the remedy is that of damage"),
    *_tables(),
    Item("F17", "2,000 boxes deep", bytes_of(lambda s: nested(2000)), "I", "bad-structure"),
    Item("F18", "moov of size 0, nothing in it", bytes_of(lambda s: s.front[:32] + number(0) + b"moov"), "I", "no-picture"),
    Item("F18b", "moov of its header alone", bytes_of(lambda s: s.front[:32] + box("moov")), "I", "no-picture"),
    Item("F18c", "moov without a track", bytes_of(lambda s: renamed(s.back, TRAK, "free")), "I", "no-picture"),
    Item("F19", "a box of 2^63 bytes", bytes_of(lambda s: s.front[:32] + number(1) + b"moov" + number(1 << 63, 8)), "I", "truncated"),
    Item("F19b", "a box smaller than its header", bytes_of(lambda s: s.front[:32] + number(7) + b"moov" + bytes(64)), "I", "bad-structure"),
    Item("F19c", "trak reaches past moov", bytes_of(lambda s: resized(s.back, TRAK, HUGE)), "I", "bad-structure", notes="one demuxer reads on, the next refuses it"),
    Item("F33", "media in another file", bytes_of(lambda s: elsewhere(s.back)), "S", frames=20, notes="that file is never opened, and here are all the media it needs"),
    Item("F41", "the sample entry says 16384 x 16384", bytes_of(lambda s: patched(s.back, AVC, 24, number(0x4000, 2) * 2)), "S", size=SIZE, frames=20),
    Item("F41b", "the sample entry says 0 x 0", bytes_of(lambda s: patched(s.back, AVC, 24, bytes(4))), "S", size=SIZE, frames=20),
    Item("F42", "begins after three years", film_of(*X264, "-output_ts_offset", 100_000_000), "S", frames=20),
    Item("F43", "mvhd says 24 days", bytes_of(lambda s: patched(s.back, "moov/mvhd", 16, number(0x7FFFFFFF))), "S", frames=20, notes="nobody believes it"),
    Item("F43b", "timescale 0", bytes_of(lambda s: patched(s.back, "moov/mvhd", 12, number(0))), "S", frames=20),
    Item("F43c", "timescale of the track 0", bytes_of(lambda s: patched(s.back, f"{TRAK}/mdia/mdhd", 12, number(0))), "S", frames=1, notes="in whole seconds the edit list shows one picture"),
    Item("F43d", "timescale of the track 2^32 - 1", bytes_of(lambda s: patched(s.back, f"{TRAK}/mdia/mdhd", 12, b"\xff" * 4)), "S", frames=1),
    Item("F44", "begins 50 s early", film_of(*X264, "-output_ts_offset", -50), "I", "no-picture", notes="its own edit list shows none of it"),
    Item("F104", "ftyp and no more", bytes_of(lambda s: s.front[:32]), "I", "no-moov"),
    Item("F105", "mdat and no more", bytes_of(lambda s: box("mdat", noise(5000))), "I", "no-moov"),
    Item("F107", "two indexes", bytes_of(lambda s: s.back + s.back[box_at(s.back, "moov").at :]), "S", frames=20),
    Item("F109", "a track without samples", bytes_of(lambda s: patched(s.back, f"{STBL}/stsz", 8, number(0))), "I", "no-picture"),
    Item("F117", "an edit list of 1,000 rows", bytes_of(lambda s: listed(s.back, *[(100, 0)] * 1000)), "S", frames=1000),
    Item("F118", "an edit list past the end", bytes_of(lambda s: listed(s.back, (2000, 0x7FFFFFF0))), "I", "no-picture"),
    Item("F122", "no parameter sets", bytes_of(lambda s: renamed(s.back, f"{AVC}/avcC", "free")), "I", "bad-structure"),
    Item("F122b", "garbage for parameter sets", bytes_of(lambda s: patched(s.back, f"{AVC}/avcC", 8, noise(16))), "I", "decode-error"),
    Item("F125", "a compressed index", bytes_of(lambda s: packed(s.back, 0)), "S", frames=20),
    Item("F125b", "a compressed index of 200 MB", bytes_of(lambda s: packed(s.back, 200 << 20)), "S", frames=20),
    Item("F117b", "an edit list of 250,000 rows", bytes_of(lambda s: listed(s.back, *[(100, 0)] * 250_000)), "I", "too-long"),
    Item("F125c", "a compressed index that claims 2 GB", bytes_of(lambda s: packed(s.back, 0, 0x7FFFFFFF)), "S", frames=20),
    Item("F127", "10 MB of user data", bytes_of(lambda s: with_more(s.back, "moov", box("udta", box("meta", noise(10 << 20))))), "S", frames=20),
    Item("F128", "the picture calls itself sound", bytes_of(lambda s: patched(s.back, f"{TRAK}/mdia/hdlr", 8, b"soun")), "I", "no-picture"),
    Item("F129", "a codec nobody knows", bytes_of(lambda s: renamed(s.back, AVC, "xxxx")), "I", "codec-not-allowed"),
    Item("F130", "a display matrix of zeros", bytes_of(lambda s: patched(s.back, f"{TRAK}/tkhd", 40, bytes(36))), "S", frames=20),
    Item("F75", "12 streams", bytes_of(lambda s: of_streams(s, 12)), "S", frames=20),
    Item("F75b", "20 streams", bytes_of(lambda s: of_streams(s, 20)), "I", "too-many-streams"),
    Item("F76", "1,001 streams", bytes_of(lambda s: of_streams(s, MANY)), "I", "too-many-streams"),
    Item("F89", "fragments", bytes_of(lambda s: s.pieces + box("free", b"F89")), "S", frames=20, size=SIZE),
    Item("F90", "fragments, cut in one", bytes_of(lambda s: cut(s.pieces, 70)), "I", "truncated"),
    Item("F91", "fragments, one of 2^28 samples", bytes_of(_pieces), "I", "bad-structure"),
    Item("F91b", "fragments, one of no track", bytes_of(_lost), "I", "bad-structure"),
)
# fmt: on
