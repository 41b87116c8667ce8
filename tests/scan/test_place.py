"""The hierarchy of raw/: what lies where is what it is, and what lies elsewhere is told where to go."""

from pathlib import PurePosixPath

import pytest

from videogen.errors import MediaError
from videogen.scan.place import EXTENSION, Place, place_of, shown


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("video/sea/wave.mp4", Place("video", "sea", "", "wave")),
        ("frame/gold/border.mp4", Place("frame", "gold", "", "border")),
        ("music/calm/rain.mp3", Place("music", "calm", "", "rain")),
        ("story/tales/fox/voice/chapter_0001.mp3", Place("voice", "tales", "fox", "chapter_0001")),
        ("story/tales/fox/link/9b1d.txt", Place("link", "tales", "fox", "9b1d")),
        ("video/sea/WAVE.MP4", Place("video", "sea", "", "WAVE")),  # cameras shout
        ("music/calm/rain.Mp3", Place("music", "calm", "", "rain")),
        ("video/sea/a.b.mp4", Place("video", "sea", "", "a.b")),
        ('video/it\'s "fun" day/a.mp4', Place("video", 'it\'s "fun" day', "", "a")),
        ("story/märchen/🦊/voice/eins.mp3", Place("voice", "märchen", "🦊", "eins")),
        ("video/voice/link.mp4", Place("video", "voice", "", "link")),  # a place's name is a name like any other
        (f"video/{'é' * 100}/a.mp4", Place("video", "é" * 100, "", "a")),  # 200 bytes
    ],
)
def test_the_place_is_the_kind(path: str, place: Place) -> None:
    """Each place of the hierarchy gives its kind, category and story, and the name without the extension (A1)."""
    assert place_of(PurePosixPath(path)) == place


@pytest.mark.parametrize(
    "path",
    [
        "wave.mp4",
        "video/wave.mp4",  # no category
        "video/sea/deep/wave.mp4",
        "Video/sea/wave.mp4",
        "music/rain.mp3",
        "frame/gold/thin/border.mp4",
        "story/tales/chapter_0001.mp3",
        "story/tales/fox/chapter_0001.mp3",
        "story/tales/voice/chapter_0001.mp3",  # no story
        "story/tales/fox/voice/part/chapter_0001.mp3",
        "story/tales/fox/voices/chapter_0001.mp3",
        "podcast/tales/one.mp3",
    ],
)
def test_elsewhere_is_misplaced(path: str) -> None:
    """A file at no place of the hierarchy is refused with its path and all places there are (A19)."""
    with pytest.raises(MediaError) as caught:
        place_of(PurePosixPath(path))

    assert caught.value.word == "misplaced"
    assert path in caught.value.message
    for place in ("video/", "frame/", "music/", "voice/", "link/"):
        assert place in caught.value.remedy


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("video/sea/wave.mov", "video"),
        ("video/sea/wave.mp4.mkv", "video"),
        ("video/sea/mp4", "video"),
        ("video/sea/track.mp3", "video"),
        ("frame/gold/border.webm", "frame"),
        ("music/calm/rain.wav", "music"),
        ("story/tales/fox/voice/one.m4a", "voice"),
        ("story/tales/fox/link/page.html", "link"),
        ("story/tales/fox/link/page", "link"),
    ],
)
def test_another_kind_of_file_is_refused(path: str, kind: str) -> None:
    """A file whose extension its place does not take is refused with what the place takes (A5)."""
    with pytest.raises(MediaError) as caught:
        place_of(PurePosixPath(path))

    wanted = {str(name): extension for name, extension in EXTENSION.items()}[kind]
    assert caught.value.word == "kind-mismatch"
    assert f"{kind} takes, which is {wanted}" in caught.value.message
    assert wanted in caught.value.remedy


@pytest.mark.parametrize(
    "path",
    [
        "video/two\nlines/a.mp4",  # would leave the quotes of video_list.txt
        "video/\x1b[2Jgone/a.mp4",
        "video/a\u202eb/a.mp4",  # reads backwards
        "video/caf\udce9/a.mp4",  # Latin-1 on disk
        f"video/{'é' * 101}/a.mp4",
        "story/tab\tbed/fox/voice/a.mp3",
        "story/tales/nul\x00/voice/a.mp3",
        "story/tales/line\u2028end/link/a.txt",
    ],
)
def test_a_folder_that_cannot_be_written_down_is_refused(path: str) -> None:
    """A category or story whose name is not printable UTF-8 of 200 bytes is refused, in one printable line."""
    with pytest.raises(MediaError) as caught:
        place_of(PurePosixPath(path))

    assert caught.value.word == "bad-folder-name"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["plain.mov", "two\nlines.mov", "caf\udce9.mov", "\u202egpj.mov", "tab\t.mov"])
def test_a_refusal_is_one_line(name: str) -> None:
    """Whatever the file is called, the sentence about it is printable and can be written as UTF-8."""
    with pytest.raises(MediaError) as caught:
        place_of(PurePosixPath("video", "sea", name))

    assert str(caught.value).isprintable()
    assert str(caught.value).encode("utf-8")


def test_shown_keeps_what_reads_well() -> None:
    """A printable name is shown as it is; odd bytes as \\xNN; anything else as Python would write it."""
    assert shown("été 🦊") == "été 🦊"
    assert shown("caf\udce9") == "caf\\xe9"
    assert shown("a\nb") == "'a\\nb'"
