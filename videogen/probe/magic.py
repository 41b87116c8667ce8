"""What a file is by its first bytes, before any demuxer touches it.

The demuxer is forced from what stands here, never from the name: a playlist, a text or a WebM that calls itself .mp4
reaches no demuxer at all.
"""

import codecs
from pathlib import Path
from typing import Literal, get_args

from videogen.errors import MediaError
from videogen.model.media import Kind

Family = Literal["mov", "matroska", "mpegts", "mp3", "wav", "flac", "ogg"]
"""A container, by the name of FFmpeg's demuxer for it."""

WANTED: dict[Kind, tuple[Family, ...]] = {
    "video": ("mov",),
    "frame": ("mov",),
    "music": ("mp3",),
    "voice": ("mp3",),
    "source": get_args(Family),
}

_TO_VIDEO = "Convert it to an H.264 MP4 and try that."
_TO_SOUND = "Convert it to an MP3 and try that."
CONVERT: dict[Family, str] = {
    "mov": _TO_VIDEO,
    "matroska": _TO_VIDEO,
    "mpegts": _TO_VIDEO,
    "mp3": _TO_SOUND,
    "wav": _TO_SOUND,
    "flac": _TO_SOUND,
    "ogg": _TO_SOUND,
}

_CALLED: dict[Family, str] = {
    "mov": "an MP4 or MOV video",
    "matroska": "a WebM or Matroska file",
    "mpegts": "an MPEG transport stream",
    "mp3": "an MP3",
    "wav": "a WAV file",
    "flac": "a FLAC file",
    "ogg": "an Ogg file",
}
HEAD_BYTES = 4096
_WAVE_FORMS = {b"RIFF", b"RF64", b"BW64"}
_LEADING_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
_MARKS: dict[bytes, Family] = {b"ID3": "mp3", b"\x1a\x45\xdf\xa3": "matroska", b"fLaC": "flac", b"OggS": "ogg"}
_IMAGE_BRANDS = {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"}

# Where to look, what stands there, what it is. Source: the registrations and manuals of the formats named.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (8, b"AVI ", "an AVI file"),
    (8, b"WAVE", "a WAV file"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"FLV", "a Flash video"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media file"),
    (0, b"\x00\x00\x01\xba", "an MPEG program stream"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a Windows program"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"ffconcat", "a playlist"),
    (0, b"#!", "a script"),
)


def family_of(head: bytes) -> Family | None:
    """Give the demuxer that the first bytes call for, or None where it is none of ours."""
    if head[4:8] in _LEADING_BOXES and head[8:12] not in _IMAGE_BRANDS:
        return "mov"
    if head[8:12] == b"WAVE" and head[:4] in _WAVE_FORMS:
        return "wav"
    for mark, family in _MARKS.items():
        if head.startswith(mark):
            return family
    if is_layer_three(head):
        return "mp3"
    return "mpegts" if _is_transport_stream(head) else None


def is_media(path: Path) -> bool:
    """Whether a file begins as one that moves or sounds. Raises: OSError: it cannot be read."""
    with path.open("rb") as file:
        return family_of(file.read(HEAD_BYTES)) is not None


def likeness_of(head: bytes) -> str:
    """Give what the first bytes look like, as a noun with its article; an empty word where nothing fits."""
    if family := family_of(head):
        return _CALLED[family]
    if head[4:8] == b"ftyp":
        return "a HEIF or AVIF picture"
    for offset, mark, noun in _SIGNATURES:
        if head.startswith(mark, offset):
            return noun
    if _is_text(head):
        return "a text"
    if _is_adts(head):
        return "AAC sound"
    return "MPEG sound that is not layer III" if _layer_of(head) in {1, 2} else ""


def sniffed(name: str, head: bytes, kind: Kind) -> Family:
    """Give the family of a file by its first bytes, which is one that its kind asks for.

    Raises: MediaError: no bytes at all, another kind of file, or none that is known.
    """
    if not head:
        raise MediaError(f"{name} is empty", remedy="Copy it again, whole.", code="empty")
    wanted = WANTED[kind]
    family = family_of(head)
    if family in wanted:
        return family
    remedy = CONVERT[wanted[0]]
    if likeness := likeness_of(head):
        asked = "a video or a sound that videogen reads" if len(wanted) > 1 else _CALLED[wanted[0]]
        raise MediaError(f"{name} is {likeness}, not {asked}", remedy=remedy, code="kind-mismatch")
    raise MediaError(f"{name} is no media file that videogen knows", remedy=remedy, code="bad-magic")


def is_layer_three(head: bytes) -> bool:
    """Whether an MPEG layer III frame header stands first; one of a free bit rate, which is not taken, is none."""
    return _layer_of(head) == 3


def _layer_of(head: bytes) -> int:
    """Give the layer of the MPEG sound whose frame header stands first, 0 where none does.

    Source: ISO 11172-3, 2.4.1.3 and 2.4.2.3: reserved values, and a bit rate that is free or forbidden, are none.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    is_reserved_version = head[1] & 0x18 == 0x08
    if is_reserved_version or head[2] >> 4 in {0, 15} or (head[2] >> 2) & 3 == 3:
        return 0
    return (4 - (head[1] >> 1 & 3)) % 4


def _is_adts(head: bytes) -> bool:
    """Whether an AAC frame header stands first: sync, layer 0, a known sampling rate, room for itself.

    Source: ISO 14496-3, 1.A.2.2.
    """
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return False
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return (head[2] >> 2) & 15 < 13 and length >= 7


def _is_transport_stream(head: bytes) -> bool:
    """Whether a sync byte stands at every packet, with or without a time stamp of 4 bytes before it.

    Source: ISO 13818-1, 2.4.3.2.
    """
    for first, step in ((0, 188), (4, 192)):
        syncs = head[first::step]
        if len(syncs) > 1 and set(syncs) == {0x47}:
            return True
    return False


def _is_text(head: bytes) -> bool:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _is_utf_16(head)
    printable = sum(byte >= 0x20 or byte in b"\t\n\r" for byte in head)
    # Ones are memory that was wiped: a letter of some alphabets, but never half of a text.
    is_wiped = 2 * head.count(0xFF) > len(head)
    return len(head) > 1 and not is_wiped and b"\0" not in head and printable >= 0.98 * len(head)


def _is_utf_16(head: bytes) -> bool:
    try:
        # A decoder, since the last letter may go on behind the head.
        words = codecs.getincrementaldecoder("utf-16")().decode(head)
    except UnicodeDecodeError:
        return False
    printable = sum(letter.isprintable() or letter in "\t\n\r" for letter in words)
    return printable > 0 and printable >= 0.98 * len(words)
