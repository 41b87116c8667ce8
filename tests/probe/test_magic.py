"""What a file is called by its first bytes: exactly what they are, or nothing (F5, F101, F116, F119, M16)."""

import subprocess

import pytest

from tests import footage
from videogen.errors import MediaError
from videogen.probe.magic import HEAD_BYTES, family_of, likeness_of, sniffed

WORDS = "Not one picture is in it.\n" * 400


@pytest.mark.parametrize(
    ("head", "noun"),
    [
        (b"\xff" * HEAD_BYTES, ""),
        (b"\xff\xf1" + b"\xff" * 100, ""),
        (b"\xff\xf1\x50\x80\x00\x1f\xfc\x00", ""),  # AAC whose frame is shorter than its header
        (b"\xff\xf1\x7c\x80\x2e\x7f\xfc\x00", ""),  # AAC at a rate there is not
        (b"\xff\xfb\x00\x00" + bytes(100), ""),  # layer III, free bit rate
        (b"\xff\xfb\x9c\x00" + bytes(100), ""),  # layer III at a rate there is not
        (b"\xff\xed\x90\x00" + bytes(100), ""),  # layer II of a version there is not
        (b"\xff\xff\x90\x00" + bytes(100), "MPEG sound that is not layer III"),  # layer I
        (b"\xff", ""),
        (WORDS.encode("utf-16")[:HEAD_BYTES], "a text"),
        (b"\xfe\xff" + WORDS.encode("utf-16-be")[: HEAD_BYTES - 2], "a text"),
        (b"\xff\xfe" + ("a" + "🎬" * HEAD_BYTES).encode("utf-16-le")[: HEAD_BYTES - 2], "a text"),  # the last is cut
        (b"\xff\xfea", ""),
        (b"\xff\xfe" + bytes(100), ""),
        ("мая ".encode("cp1251") * 99, "a text"),
    ],
)
def test_first_bytes_are_called_what_they_are(head: bytes, noun: str) -> None:
    """Neither ones, nor a header with a reserved value in it, nor a text in UTF-16 is called a sound."""
    assert likeness_of(head) == noun


@pytest.mark.parametrize(
    ("coding", "form", "noun"),
    [
        ("aac", "adts", "AAC sound"),
        ("mp2", "mp2", "MPEG sound that is not layer III"),
        ("libmp3lame", "mp3", "an MP3"),
    ],
)
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_real_sounds_are_called_by_their_names(coding: str, form: str, noun: str, rate: int) -> None:
    """What an encoder writes is known without any tag, at the rates of MPEG-1 and MPEG-2."""
    head = _encoded(coding, form, rate)[:HEAD_BYTES]

    assert likeness_of(head) == noun
    assert (family_of(head) == "mp3") == (form == "mp3")


def _encoded(coding: str, form: str, rate: int) -> bytes:
    words = f"sine=duration=0.5:sample_rate={rate}"
    argv = [str(footage.program()), "-v", "error", "-f", "lavfi", "-i", words, "-c:a", coding, "-id3v2_version", "0"]
    argv = argv if form == "mp3" else argv[:-2]
    return subprocess.run([*argv, "-f", form, "-"], capture_output=True, check=True, timeout=60).stdout


def test_ones_have_no_kind() -> None:
    """A block that was never written is no media file at all, whatever its place asks for."""
    with pytest.raises(MediaError) as caught:
        sniffed("x.mp4", b"\xff" * HEAD_BYTES, "video")

    assert caught.value.word == "bad-magic"
