"""Titles and artists, read behind walls from every container that has them (E2, D7)."""

from pathlib import Path

import pytest

from tests import footage
from tests.corpus.sounds import frame, tag
from videogen.model.media import Kind, Tags
from videogen.probe import Prober

PROBER = Prober()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Half a second of MP3 without any tag."""
    path = tmp_path_factory.mktemp("tags") / "plain.mp3"
    none = ("-id3v2_version", 0, "-map_metadata", -1)
    footage.make("-f", "lavfi", "-i", "sine=duration=0.6", "-c:a", "libmp3lame", *none, path)
    return path.read_bytes()


def said(path: Path, kind: Kind = "source") -> Tags:
    """Ask the jailed child."""
    return PROBER.probe(path, kind).tags


def utf16(words: str) -> bytes:
    """Give the words as ID3 has UTF-16: a byte order mark, and an encoding of 1."""
    return b"\1" + words.encode("utf-16")


V1 = b"TAG" + "Caf\xe9".encode("latin-1").ljust(30, b"\0") + b"Ren\xe9".ljust(30, b"\0") + bytes(64) + b"\xff"

TAGS: dict[str, tuple[bytes, bytes, tuple[str, str]]] = {
    "Latin-1": (tag(frame(b"TIT2", b"\0Caf\xe9"), frame(b"TPE1", b"\0Ren\xe9")), b"", ("Caf\u00e9", "Ren\u00e9")),
    "UTF-16": (
        tag(frame(b"TIT2", utf16("\u05e9\u05dc\u05d5\u05dd \U0001f3b5"))),
        b"",
        ("\u05e9\u05dc\u05d5\u05dd \U0001f3b5", ""),
    ),
    "UTF-8": (tag(frame(b"TIT2", b"\3" + "\u97f3\u697d".encode()), version=4), b"", ("\u97f3\u697d", "")),
    "UTF-8 that says Latin-1": (tag(frame(b"TIT2", b"\0" + "Bj\u00f6rk".encode())), b"", ("Bj\u00f6rk", "")),
    "ID3v1": (b"", V1, ("Caf\u00e9", "Ren\u00e9")),
    "artist of the album": (tag(frame(b"TPE2", b"\0Various")), b"", ("", "Various")),
    "controls": (tag(frame(b"TIT2", b"\0\x1b[2Ja\nb\x07")), b"", ("[2Ja b", "")),
    "200 kB": (tag(frame(b"TIT2", b"\0" + b"x" * 200_000)), b"", ("x" * 199 + "\u2026", "")),
    "broken UTF-16": (tag(frame(b"TIT2", b"\1\xff\xfe\x00\xd8\x2e")), b"", ("", "")),
    "none": (b"", b"", ("", "")),
}


@pytest.mark.parametrize("case", TAGS)
def test_an_mp3_says_what_it_is_called(tmp_path: Path, plain: bytes, case: str) -> None:
    """In every coding that taggers write, right or wrong; what is no word is none."""
    before, after, expected = TAGS[case]
    path = tmp_path / "song.mp3"
    path.write_bytes(before + plain + after)

    tags = said(path)

    assert (tags.title, tags.artist) == expected


@pytest.mark.parametrize(
    ("name", "coder"),
    [("s.flac", "flac"), ("s.ogg", "libvorbis"), ("s.opus", "libopus"), ("s.m4a", "aac"), ("s.wav", "pcm_s16le")],
)
def test_other_containers_say_it_too(tmp_path: Path, name: str, coder: str) -> None:
    """An Ogg has its words at the stream, the others at the file."""
    words = ("-metadata", "title=\u97f3\u697d \U0001f3b5", "-metadata", "artist=Ann", "-metadata", "album=LP")
    footage.make("-f", "lavfi", "-i", "sine=duration=0.6", "-c:a", coder, *words, tmp_path / name)

    assert said(tmp_path / name) == Tags(title="\u97f3\u697d \U0001f3b5", artist="Ann", album="LP")


def test_music_that_is_dropped_says_it_too(tmp_path: Path, plain: bytes) -> None:
    """The library's tracks have their titles in their side files."""
    path = tmp_path / "song.mp3"
    path.write_bytes(tag(frame(b"TIT2", b"\0Song")) + plain)

    assert said(path, "music").title == "Song"


def test_real_tracks_are_called_what_they_are(real_media: Path) -> None:
    """Of tracks from the wild, two name themselves and one does not."""
    found = [said(next(real_media.glob(name)), "music") for name in ("m01*", "m02*", "m03*")]

    assert found[0] == Tags(title="Outfoxing the Fox", artist="Kevin MacLeod", album="Miami Nights")
    assert (found[1].artist, found[2]) == ("Rezoner", Tags())
