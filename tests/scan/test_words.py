"""The words beside a voice: taken where they can be read, refused with a reason where not, and told from voices."""

from pathlib import Path, PurePosixPath

import pytest

from videogen.errors import MediaError
from videogen.scan.place import place_of
from videogen.scan.words import TEXT_BYTES, check_words

SRT = b"1\n00:00:00,500 --> 00:00:02,000\nOnce upon a midnight dreary\n"


@pytest.mark.parametrize("name", ["chapter_0001.srt", "chapter_0001.VTT", "chapter_0001.txt"])
def test_words_lie_beside_their_voice(name: str) -> None:
    """In a voice's folder a text is a text, whatever its case; an .mp3 there is a voice still, and others are told."""
    place = place_of(PurePosixPath(f"story/poems/raven/voice/{name}"))
    assert (place.kind, place.category, place.story, place.stem) == ("text", "poems", "raven", "chapter_0001")
    assert place_of(PurePosixPath("story/poems/raven/voice/a.mp3")).kind == "voice"
    with pytest.raises(MediaError, match="not a file that voice takes"):
        place_of(PurePosixPath("story/poems/raven/voice/a.doc"))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.srt", b"these are no captions", "bad-captions"),
        ("a.vtt", b"WEBVTT\n\n00:02.000 --> 00:01.000\nbackwards\n", "bad-captions"),
        ("a.srt", SRT.replace(b"midnight", b"mid\x07night"), "bad-captions"),
        ("a.txt", b" \n", "empty"),
        ("a.txt", "Fuchs".encode("utf-16"), "not-text"),
        ("a.txt", b"a\0b", "not-text"),
        ("a.txt", b"a" * (TEXT_BYTES + 1), "too-large"),
    ],
)
def test_words_that_cannot_be_read_are_refused(name: str, content: bytes, code: str, tmp_path: Path) -> None:
    """C11: size, encoding and captions are judged before anything is promoted; the code says which."""
    path = tmp_path / "content"
    path.write_bytes(content)
    with pytest.raises(MediaError) as refused:
        check_words(path, name)
    assert refused.value.word == code


def test_words_that_can_be_read_are_taken(tmp_path: Path) -> None:
    """Captions with a mark of UTF-8 at their front, and any text."""
    for name, content in (("a.srt", b"\xef\xbb\xbf" + SRT), ("a.txt", "Über alles, 世界.".encode())):
        path = tmp_path / name
        path.write_bytes(content)
        check_words(path, name)
