"""What a file is by its bytes, before any decoder touches it: its family, its boxes, its tag.

The demuxer is forced from what stands here, never from the name: a playlist, a text or a WebM that calls itself .mp4
reaches no demuxer at all. Junk after the last box is allowed once `moov` and `mdat` were seen: players ignore it.
"""

import os
from pathlib import Path
from typing import IO, Literal

from videogen.errors import MediaError
from videogen.model.media import Kind

Family = Literal["mov", "mp3"]

WANTED: dict[Kind, Family] = {"video": "mov", "frame": "mov", "music": "mp3", "voice": "mp3"}

CONVERT: dict[Family, str] = {
    "mov": "Convert it to an H.264 MP4 and drop it again.",
    "mp3": "Convert it to an MP3 and drop it again.",
}

_CALLED: dict[Family, str] = {"mov": "an MP4 or MOV video", "mp3": "an MP3"}
_HEAD_BYTES = 4096
_LEADING_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
_IMAGE_BRANDS = {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"}

# Where to look, what stands there, what it is. Source: the registrations and manuals of the formats named.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1a\x45\xdf\xa3", "a WebM or Matroska file"),
    (8, b"AVI ", "an AVI file"),
    (8, b"WAVE", "a WAV file"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"OggS", "an Ogg file"),
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
    """Give the demuxer that the first bytes call for, or None where it is neither MOV nor MP3."""
    if head[4:8] in _LEADING_BOXES and head[8:12] not in _IMAGE_BRANDS:
        return "mov"
    return "mp3" if head.startswith(b"ID3") or _is_layer_three(head) else None


def likeness_of(head: bytes) -> str:
    """Give what the first bytes look like, as a noun with its article; an empty word where nothing fits."""
    if family := family_of(head):
        return _CALLED[family]
    if head[4:8] == b"ftyp":
        return "a HEIF or AVIF picture"
    for offset, mark, noun in _SIGNATURES:
        if head.startswith(mark, offset):
            return noun
    if head[0] == 0x47 and head[188:189] == b"\x47":
        return "an MPEG transport stream"
    if head[0] == 0xFF and len(head) > 1 and head[1] & 0xE0 == 0xE0:
        return "AAC or MPEG sound that is not layer III"
    return "a text" if _is_text(head) else ""


def require(path: Path, kind: Kind) -> Family:
    """Give the family of a file that is what its place asks for, its frame of boxes or tag checked.

    Raises: MediaError: not a regular file, empty, another kind of file, or cut.
    """
    # Opening a FIFO would wait for a writer that never comes.
    if not path.is_file():
        raise MediaError(f"{path.name} is not a regular file", remedy="Drop the file itself.", code="not-regular")
    try:
        file = path.open("rb")
    except OSError as error:
        raise MediaError(
            f"{path.name} cannot be read ({error.strerror})",
            remedy="Give the user videogen runs as the right to read it.",
            code="unreadable",
        ) from error
    with file:
        head = file.read(_HEAD_BYTES)
        size = os.fstat(file.fileno()).st_size
        wanted = _sniffed(path.name, head, WANTED[kind])
        if wanted == "mov":
            _walk_boxes(file, path.name, size)
        else:
            _check_tag(file, path.name, size)
    return wanted


def _sniffed(name: str, head: bytes, wanted: Family) -> Family:
    if not head:
        raise MediaError(f"{name} is empty", remedy="Copy it again, whole.", code="empty")
    if family_of(head) == wanted:
        return wanted
    if likeness := likeness_of(head):
        raise MediaError(f"{name} is {likeness}, not {_CALLED[wanted]}", remedy=CONVERT[wanted], code="kind-mismatch")
    raise MediaError(f"{name} is no media file that videogen knows", remedy=CONVERT[wanted], code="bad-magic")


def _is_layer_three(head: bytes) -> bool:
    """Whether an MPEG layer III frame header stands first. Source: ISO 11172-3, 2.4.1.3."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    is_reserved_version = head[1] & 0x18 == 0x08
    return not is_reserved_version and head[2] >> 4 not in {0, 15} and (head[2] >> 2) & 3 != 3


def _is_text(head: bytes) -> bool:
    printable = sum(byte >= 0x20 or byte in b"\t\n\r" for byte in head)
    return len(head) > 1 and b"\0" not in head and printable >= 0.98 * len(head)


def _walk_boxes(file: IO[bytes], name: str, size: int) -> None:
    """Check that every top-level box ends within the file. Source: ISO 14496-12, 4.2."""
    seen: set[bytes] = set()
    at = 0
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length, box = int.from_bytes(header[:4], "big"), header[4:8]
        smallest = 8
        if length == 1:
            length, smallest = int.from_bytes(header[8:16], "big"), 16
        elif length == 0:
            length = size - at
        if at + length > size or length < smallest:
            if {b"moov", b"mdat"} <= seen:
                return
            raise _torn(name, box, is_long=length >= smallest)
        seen.add(box)
        at += length
    if b"moov" not in seen:
        raise MediaError(
            f"{name} has no index (no moov box), so no player can read it",
            remedy="The recording or the copy was broken off; copy it again, whole.",
            code="no-moov",
        )


def _torn(name: str, box: bytes, *, is_long: bool) -> MediaError:
    label = box.decode("ascii", "replace") if box.isalnum() else box.hex()
    if is_long:
        return MediaError(
            f"{name} ends in the middle of its {label} box", remedy="Copy it again, whole.", code="truncated"
        )
    return MediaError(
        f"{name} has a {label} box shorter than its own header", remedy=CONVERT["mov"], code="bad-structure"
    )


def _check_tag(file: IO[bytes], name: str, size: int) -> None:
    """Check that the ID3v2 tag ends within the file, and the sound not before its Xing header says.

    Source: id3.org, ID3v2.4 structure, 3.1; the Xing header as LAME writes it, byte count in bytes 8 or 12 to follow.
    """
    start = _tag_bytes(file)
    if start >= size:
        raise MediaError(
            f"{name} has a tag that is longer than the file", remedy="Copy it again, whole.", code="truncated"
        )
    file.seek(start)
    frame = file.read(64)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or not frame[at + 7] & 2:
        return
    at += 12 if frame[at + 7] & 1 else 8
    promised = int.from_bytes(frame[at : at + 4], "big")
    # Tag editors leave a few bytes of difference behind; a broken copy lacks more than one in a hundred.
    if start + promised * 99 // 100 > size:
        raise MediaError(
            f"{name} holds {size - start} of the {promised} bytes of sound its header names",
            remedy="Copy it again, whole.",
            code="truncated",
        )


def _tag_bytes(file: IO[bytes]) -> int:
    file.seek(0)
    head = file.read(10)
    if not head.startswith(b"ID3"):
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return length + 10
