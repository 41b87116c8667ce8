"""An MP3 that is as long as it should be and not filled: its first frame tells (M1b, M13, A5)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import footage
from videogen.errors import MediaError
from videogen.model.media import Kind, Sound
from videogen.probe.inspector import inspect
from videogen.probe.promise import promise_of

WORDS = "aevalsrc='0.4*sin(2*PI*180*t)*pow(sin(2*PI*1.7*t),2)':sample_rate={}:duration=3"


def _made(path: Path, *coding: object, rate: int = 44_100) -> Path:
    footage.make("-f", "lavfi", "-i", WORDS.format(rate), "-c:a", "libmp3lame", *coding, path)
    return path


def _bare(path: Path) -> Path:
    return _made(path, "-write_xing", 0, "-id3v2_version", 0, "-b:a", "96k")


def _vbri(path: Path) -> Path:
    """Put the header of Fraunhofer's encoder before frames of sound; its bytes are those of its own frame as well."""
    sound = _bare(path).read_bytes()
    frames = inspect(path, "voice").sound.samples // 1152  # type: ignore[union-attr]  # a voice has a sound
    words = b"VBRI\0\1\0\0\0\x50" + (len(sound) + 313).to_bytes(4, "big") + frames.to_bytes(4, "big")
    path.write_bytes(sound[:4] + (bytes(32) + words).ljust(309, b"\0") + sound)
    return path


PROMISING: dict[str, Callable[[Path], Path]] = {
    "CBR with Info": lambda path: _made(path, "-b:a", "96k"),
    "VBR with Xing": lambda path: _made(path, "-q:a", 5),
    "a tag before it": lambda path: _made(path, "-metadata", f"title={'long ' * 99}"),
    "MPEG-2": lambda path: _made(path, "-b:a", "64k", rate=22_050),
    "MPEG-2.5": lambda path: _made(path, "-b:a", "32k", rate=8000),
    "two channels, checked": lambda path: _made(path, "-ac", 2, "-b:a", "128k"),
    "VBRI": _vbri,
}


def _hollow(path: Path, share: int, filling: bytes = b"\0") -> Path:
    content = path.read_bytes()
    kept = content[: len(content) * share // 100]
    path.write_bytes(kept + filling * (len(content) - len(kept)))
    return path


def _sound(path: Path, kind: Kind = "voice") -> Sound:
    sound = inspect(path, kind).sound
    assert sound is not None
    return sound


def _refused(path: Path, kind: Kind = "voice") -> str:
    with pytest.raises(MediaError) as caught:
        inspect(path, kind)
    return caught.value.word


@pytest.mark.parametrize("name", PROMISING)
def test_what_is_whole_holds_what_it_promises(tmp_path: Path, name: str) -> None:
    """Delay and padding are reckoned with: as many samples are heard as the first frame says."""
    path = PROMISING[name](tmp_path / "x.mp3")

    with path.open("rb") as file:
        promise = promise_of(file)

    assert promise.samples == _sound(path).samples
    assert 0.9 * path.stat().st_size < promise.start + promise.bytes <= path.stat().st_size


@pytest.mark.parametrize("kind", ["voice", "music", "source"])
@pytest.mark.parametrize("name", PROMISING)
def test_what_was_not_filled_is_truncated(tmp_path: Path, name: str, kind: Kind) -> None:
    """A file as long as its original whose end are zeros is refused, as what any place asks for."""
    path = PROMISING[name](tmp_path / "x.mp3")

    assert _refused(_hollow(path, 60), kind) == "truncated"


@pytest.mark.parametrize("share", [20, 50, 80, 90])
def test_any_large_part_that_is_missing_is_missed(tmp_path: Path, share: int) -> None:
    """From three tenths of a second upwards nothing is lost in silence."""
    path = PROMISING["CBR with Info"](tmp_path / "x.mp3")

    assert _refused(_hollow(path, share)) == "truncated"


def test_without_a_promise_there_is_what_can_be_heard(tmp_path: Path) -> None:
    """Frames alone say nothing of their number: what is there is taken."""
    path = _bare(tmp_path / "x.mp3")
    whole = _sound(path).samples

    found = _sound(_hollow(path, 60)).samples

    assert 0.55 * whole < found < 0.65 * whole


@pytest.mark.parametrize("named", [1, 10_000, 1 << 30, (1 << 32) - 1])
def test_a_number_that_lies_loses_no_sound(tmp_path: Path, named: int) -> None:
    """Where all its bytes are there, a wrong number of frames is a wrong number (M13)."""
    path = PROMISING["CBR with Info"](tmp_path / "x.mp3")
    whole, content = _sound(path).samples, path.read_bytes()
    at = content.index(b"Info") + 8

    path.write_bytes(content[:at] + named.to_bytes(4, "big") + content[at + 4 :])

    assert _sound(path, "source").samples >= (whole if named > 1 else 1)


def test_what_tag_editors_leave_is_let_pass(tmp_path: Path) -> None:
    """A tag behind, and a few frames taken off the end by an editor that left the header alone, are no loss."""
    path = PROMISING["CBR with Info"](tmp_path / "x.mp3")
    whole, content = _sound(path).samples, path.read_bytes()

    path.write_bytes(content[: -3 * 313] + bytes(3 * 313) + b"TAG" + bytes(125))

    assert whole - 5 * 1152 < _sound(path).samples < whole


def test_frames_alone_are_a_promise(tmp_path: Path) -> None:
    """A header that names frames and no bytes is believed."""
    path = PROMISING["CBR with Info"](tmp_path / "x.mp3")
    content = path.read_bytes()
    at = content.index(b"Info")
    # The flag of the bytes taken away, the bytes with it; what follows moves up.
    moved = content[at + 8 : at + 12] + content[at + 16 : at + 160] + bytes(4)
    path.write_bytes(content[: at + 7] + bytes([content[at + 7] & ~2]) + moved + content[at + 160 :])

    with path.open("rb") as file:
        promise = promise_of(file)

    assert (promise.bytes, promise.samples) == (0, _sound(path).samples)
    assert _refused(_hollow(path, 60)) == "truncated"


@pytest.mark.parametrize("name", ["s01_sonnet1_en_53s.mp3", "s02_interview_en_33s.mp3"])
def test_real_ones_are_taken_whole_and_missed_in_part(real_media: Path, tmp_path: Path, name: str) -> None:
    """Speech that others encoded is taken as it is, and refused where a tenth of it is zeros."""
    path = tmp_path / name
    path.write_bytes((real_media / name).read_bytes())

    assert _sound(path).samples > 30 * 44_100
    assert _refused(_hollow(path, 90)) == "truncated"
