"""Every class of failure that a person looks for has its error, told apart by FFmpeg's own words (E4)."""

from pathlib import Path

import pytest

from tests import footage
from videogen.complaints import verdict
from videogen.errors import MediaError, NoSpace, Stalled, TemporaryError, VideogenError
from videogen.ffmpeg import FFmpeg
from videogen.verdicts import RULINGS

# The words of seed 000, and those that FFmpeg 5.1 and 9.0 really say.
CLASSES: dict[str, tuple[str, type[VideogenError], str]] = {
    "timeout": ("file:in.mp4: Operation timed out", Stalled, "stalled"),
    "timeout of a mount": ("Error opening input: Connection timed out", Stalled, "stalled"),
    "memory": ("Error initializing filters: Cannot allocate memory", TemporaryError, "temporary"),
    "format": ("file:in.mp4: Invalid data found when processing input", MediaError, "media"),
    "codec": ("Codec not found", MediaError, "codec-not-allowed"),
    "codec of a stream": ("Decoding requested, but no decoder found for: eac3", MediaError, "codec-not-allowed"),
    "permission": ("Error opening input: Permission denied", TemporaryError, "unreadable"),
    "permission to write": ("Error opening output files: Permission denied", TemporaryError, "unreadable"),
    "a mount that may be read alone": ("file:out.mp4: Read-only file system", TemporaryError, "unreadable"),
    "io": ("av_interleaved_write_frame(): Input/output error", TemporaryError, "temporary"),
    "io of a mount": ("file:in.mp4: Stale file handle", TemporaryError, "temporary"),
    "a full disk": ("av_interleaved_write_frame(): No space left on device", NoSpace, "no-space"),
}


@pytest.mark.parametrize("case", CLASSES)
def test_each_class_has_its_error(case: str) -> None:
    """What passes is tried again, what is theirs is not, and each word is in the table of verdicts."""
    words, family, code = CLASSES[case]

    error = verdict(1, f"frame= 10\n{words}\nConversion failed!", ["ffmpeg"])

    assert (type(error), error.word) == (family, code)
    assert words in error.message
    assert error.remedy
    assert code in RULINGS


PROVOKED: dict[str, tuple[str, type[VideogenError], str]] = {
    # What no argument of ours names is behind the wall.
    "permission": ("-i {i}/good.mp4 -f null -", TemporaryError, "unreadable"),
    "codec": ("-c:v nosuch -i file:{i}/good.mp4 -f null -", MediaError, "codec-not-allowed"),
    "io": ("-i file:/proc/self/mem -f null -", TemporaryError, "temporary"),
}


@pytest.mark.parametrize("case", PROVOKED)
def test_the_program_says_so_itself(ffmpeg: FFmpeg, tmp_path: Path, case: str) -> None:
    """A wall, a decoder that is not there, a file whose reads fail."""
    footage.clip(tmp_path / "good.mp4", size=(64, 64), seconds=0.2, sound=False)
    line, family, code = PROVOKED[case]

    with pytest.raises(VideogenError) as caught:
        ffmpeg.run([word.format(i=tmp_path) for word in line.split()], log=tmp_path / "log")

    assert (type(caught.value), caught.value.word) == (family, code), (tmp_path / "log").read_text()
