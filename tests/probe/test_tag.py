"""The tags in front of an MP3: where they end, and how many pictures they hold (F57)."""

import io
import struct
from pathlib import Path

import pytest

from tests import footage
from tests.corpus.looks import png
from tests.corpus.sounds import cover, frame, tag, title
from videogen.errors import MediaError
from videogen.probe.inspector import inspect
from videogen.probe.tag import end_of, pictures_in

COVER = cover(png(64))
# ID3v2.2: three letters and three bytes of length; ID3v2.4: seven bits to a byte.
OLD = b"PIC" + struct.pack(">I", 100)[1:] + b"\0PNG\3\0" + bytes(94)
NEW = b"APIC\0\0\1\x48\0\0" + bytes(200)


@pytest.mark.parametrize(
    ("content", "pictures"),
    [
        (b"", 0),
        (b"ID3", 0),
        (tag(), 0),
        (tag(title(b"x"), COVER, title(b"x"), COVER), 2),
        (tag(COVER) + tag(COVER, COVER), 3),
        (tag(OLD, OLD, version=2), 2),
        (tag(NEW, NEW, NEW, version=4), 3),
        (tag(struct.pack(">IHI", 6, 0, 0), COVER, flags=0x40), 1),
        (tag(b"\0\0\0\6\1\0", NEW, flags=0x40, version=4), 1),
        (tag(COVER, bytes(500)) + b"APIC", 1),
        (tag(title(b"APIC" * 99)), 0),
        (tag(frame(b"TIT2", b"")) + tag(COVER), 1),
        (tag(COVER * 3, length=len(COVER)), 1),
    ],
)
def test_pictures_are_counted(content: bytes, pictures: int) -> None:
    """In every version, with and without an extended header, up to the padding and not behind the tag."""
    assert pictures_in(io.BytesIO(content)) == pictures


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"\xff\xfb\x90\x00", 0),
        (tag(title(b"x")), 22),
        (tag(title(b"x")) + tag(title(b"x")), 44),
        (tag(title(b"x"), version=4, flags=0x10) + b"3DI" + bytes(7), 32),
        (tag(length=(1 << 28) - 1), 10 + (1 << 28) - 1),
    ],
)
def test_end_of_tags_is_where_sound_begins(content: bytes, end: int) -> None:
    """Behind the last one and its footer, be that past the end of the file."""
    assert end_of(io.BytesIO(content + bytes(20))) == end


@pytest.mark.parametrize(("covers", "word"), [(15, ""), (16, "too-many-streams"), (10_000, "too-many-streams")])
def test_covers_have_a_number(tmp_path: Path, covers: int, word: str) -> None:
    """With the sound they are no more than the tracks of a film."""
    path = footage.voice_mp3(tmp_path / "x.mp3")
    path.write_bytes(tag(*[COVER] * covers) + path.read_bytes())

    if not word:
        assert inspect(path, "voice").sound
        return
    with pytest.raises(MediaError) as caught:
        inspect(path, "voice")
    assert caught.value.word == word
