"""Mutants of small real files: each is made of one number, and of that number again the same bytes."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.corpus.item import SIZE, X264, Stock
from videogen.model.media import Kind

BOXES = b"ftyp moov mvhd trak tkhd edts elst mdia mdhd hdlr minf stbl stsd avc1 avcC hvc1 hvcC stts stss stsc".split()
BOXES += b"stsz stco moof tfhd trun mdat".split()
LURES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x0FFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers that code stumbles over."""


@dataclass(frozen=True)
class Seed:
    """A good file to begin with."""

    name: str
    kind: Kind
    content: bytes


@dataclass(frozen=True)
class Mutant:
    """What one number makes of the seeds."""

    number: int
    seed: Seed
    how: str
    content: bytes


def seeds(folder: Path) -> tuple[Seed, ...]:
    """Make the good files."""
    stock = Stock(folder)
    hevc = stock.film("hevc.mp4", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
    tiny = stock.film(
        "tiny.mp4", *X264, "-movflags", "+faststart", source=f"color=red:size={SIZE[0]}x{SIZE[1]}:rate=10:duration=1"
    )
    xing = stock.sound("xing.mp3", "-metadata", "title=A title")
    links = "".join(f"https://example.org/{n}\n" for n in range(20))
    return (
        Seed("front.mp4", "video", stock.front),
        Seed("back.mp4", "video", stock.back),
        Seed("tiny.mp4", "video", tiny.read_bytes()),
        Seed("pieces.mp4", "video", stock.pieces),
        Seed("hevc.mp4", "video", hevc.read_bytes()),
        Seed("xing.mp3", "voice", xing.read_bytes()),
        Seed("voice.mp3", "voice", stock.voice),
        Seed("links.txt", "link", links.encode()),
    )


def mutant_of(number: int, seeds: tuple[Seed, ...]) -> Mutant:
    """Give the mutant of a number: one seed, changed in one to three ways."""
    dice = Random(number)  # noqa: S311, nothing secret
    seed = dice.choice(seeds)
    content, words = seed.content, []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        how = dice.choice(HOWS)
        content = how(dice, content, seeds)
        words.append(how.__name__)
    return Mutant(number, seed, "+".join(words), content)


# -- ways --------------------------------------------------------------------------------------------------------------

Seeds = tuple[Seed, ...]


def bits(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Flip some bits."""
    out = bytearray(content)
    for _turn in range(dice.choice((1, 2, 8, 64))):
        if out:
            out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)
    return bytes(out)


def header_bits(dice: Random, content: bytes, seeds: Seeds) -> bytes:
    """Flip some bits near the start."""
    head = dice.choice((32, 256, 1024))
    return bits(dice, content[:head], seeds) + content[head:]


def swap(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Let two stretches change places."""
    length = dice.choice((1, 2, 4, 64))
    if len(content) < 2 * length + 2:
        return content
    at, to = sorted(dice.sample(range(len(content) - length), 2))
    if to < at + length:
        return content
    return (
        content[:at]
        + content[to : to + length]
        + content[at + length : to]
        + content[at : at + length]
        + content[to + length :]
    )


def truncate(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Cut the end off."""
    return content[: dice.randrange(len(content) + 1)]


def behead(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Cut some of the start off."""
    return content[dice.choice((1, 4, 8, 100)) :]


def double(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Repeat a block."""
    at, length = dice.randrange(len(content) + 1), dice.choice((1, 16, 512, 4096))
    return content[: at + length] + content[at:]


def drop(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Leave a block out."""
    at = dice.randrange(len(content) + 1)
    return content[:at] + content[at + dice.choice((1, 16, 512, 4096)) :]


def hollow(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Put zeros or ones over a block."""
    at, length = dice.randrange(len(content) + 1), dice.choice((4, 64, 512, 4096))
    kept = content[:at]
    return kept + dice.choice((b"\0", b"\xff")) * min(length, len(content) - at) + content[at + length :]


def lie(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Write a number that lures where a number may stand."""
    if len(content) < 16:
        return content
    top = content.find(b"moov")
    near = range(top, min(top + 1500, len(content) - 4)) if top > 0 and dice.random() < 0.8 else range(len(content) - 4)
    at = dice.choice(near) if len(near) else 0
    return content[:at] + struct.pack(">I", dice.choice(LURES)) + content[at + 4 :]


def resize(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Write another size before a box."""
    names = [name for name in BOXES if content.find(name) >= 4]
    if not names:
        return content
    at = content.find(dice.choice(names)) - 4
    (size,) = struct.unpack(">I", content[at : at + 4])
    other = dice.choice((*LURES, size + 1, size - 1, size + 8, size // 2, size * 2)) % (1 << 32)
    return content[:at] + struct.pack(">I", other) + content[at + 4 :]


def rename(dice: Random, content: bytes, _: Seeds) -> bytes:
    """Give a box the name of another."""
    names = [name for name in BOXES if content.find(name) >= 0]
    if not names:
        return content
    at = content.find(dice.choice(names))
    return content[:at] + dice.choice(BOXES) + content[at + 4 :]


def splice(dice: Random, content: bytes, seeds: Seeds) -> bytes:
    """Put the end of another seed behind the start of this one."""
    other = dice.choice(seeds).content
    share = dice.random()
    return content[: int(len(content) * share)] + other[int(len(other) * share) :]


How = Callable[[Random, bytes, Seeds], bytes]
HOWS: tuple[How, ...] = (
    bits,
    header_bits,
    swap,
    truncate,
    behead,
    double,
    drop,
    hollow,
    lie,
    lie,
    resize,
    resize,
    rename,
    splice,
)
