"""When a clip's pictures and chapters begin: compared with the time stamps that FFmpeg's own demuxer writes out."""

import json
import subprocess
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from tests import footage, papers
from videogen.model.media import Media, Picture
from videogen.probe.inspector import MAX_CHAPTERS
from videogen.probe.prober import Prober


def picture(path: Path) -> Picture:
    """Probe a clip that must have a picture."""
    found = Prober().probe(path, "video").picture
    assert found is not None
    return found


def stamps(program: Path, clip: Path) -> list[Fraction]:
    """Give the PTS of every picture FFmpeg shows, in seconds."""
    argv = [str(program), "-v", "error", "-nostdin", "-copyts", "-i", str(clip), "-map", "0:v:0"]
    argv += ["-fps_mode", "passthrough", "-enc_time_base", "demux", "-f", "framecrc", "-"]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    timebase = next(Fraction(line.split()[-1]) for line in lines if line.startswith("#tb"))
    return [int(line.split(",")[2]) * timebase for line in lines if not line.startswith("#")]


def _shifted(path: Path, *before: object) -> Path:
    whole = footage.clip(path.with_name("whole.mp4"), seconds=1, sound=False)
    footage.make(*before, "-i", whole, "-c", "copy", path)
    return path


def _lone(path: Path) -> Path:
    return footage.clip(path, rate=10, seconds=0.1, sound=False)


def _long(path: Path) -> Path:
    """Write 65 s of 5 pictures a second that begin a second late and rest for two seconds in the middle."""
    chain = "testsrc2=size=64x64:rate=5:duration=65,select='not(between(n,151,159))'"
    whole = path.with_name("whole.mp4")
    footage.make("-f", "lavfi", "-i", chain, "-fps_mode", "passthrough", "-preset", "ultrafast", "-bf", 2, whole)
    footage.make("-itsoffset", 1, "-i", whole, "-c", "copy", path)
    return path


TIMES: dict[str, tuple[Callable[[Path], Path], Fraction, Fraction]] = {
    "cfr": (lambda path: footage.clip(path, sound=False), Fraction(0), Fraction(1, 25)),
    "59.94": (footage.fast_rate, Fraction(0), Fraction(1001, 60000)),
    "vfr": (lambda path: footage.clip(path, seconds=2, vfr=True), Fraction(0), Fraction(3, 25)),
    "cut-by-edit-list": (lambda path: _shifted(path, "-ss", 0.5), Fraction(0), Fraction(1, 25)),
    "late-by-edit-list": (lambda path: _shifted(path, "-itsoffset", 0.5), Fraction(1, 2), Fraction(1, 25)),
    "lone-picture": (_lone, Fraction(0), Fraction(1, 10)),
    "too-long-to-decode-whole": (_long, Fraction(1), Fraction(2)),
}


@pytest.mark.parametrize("name", TIMES)
def test_start_and_gap_are_those_ffmpeg_shows(tmp_path: Path, ffmpeg_program: Path, name: str) -> None:
    """The first PTS and the longest distance of two pictures are exact, and the same FFmpeg writes."""
    make, start_s, longest_gap_s = TIMES[name]
    clip = make(tmp_path / "clip.mp4")

    found, shown = picture(clip), stamps(ffmpeg_program, clip)

    assert (found.start_s, found.longest_gap_s) == (start_s, longest_gap_s)
    assert shown[0] == start_s
    assert len(shown) == 1 or max(after - before for before, after in pairwise(shown)) == longest_gap_s


@pytest.mark.media
@pytest.mark.parametrize(
    "name",
    ["v02_phone_1080p_vfr_short.mp4", "v04_screencast_720p30.mp4", "v11_fire_720p_vfr_rot180_mono.mp4"],
)
def test_real_clips_start_and_rest_as_ffmpeg_shows(real_media: Path, ffmpeg_program: Path, name: str) -> None:
    """Of clips that phones and screens made, late or uneven, start and longest gap are FFmpeg's."""
    found, shown = picture(real_media / name), stamps(ffmpeg_program, real_media / name)

    assert found.start_s == shown[0]
    assert found.longest_gap_s == max(after - before for before, after in pairwise(shown))


def _with_chapters(path: Path, *starts_ms: int) -> Path:
    words = ";FFMETADATA1\n"
    for start in starts_ms:
        words += f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={start + 100}\ntitle=At {start}\n"
    notes = path.with_suffix(".txt")
    notes.write_text(words)
    plain = footage.clip(path.with_name("plain.mp4"), seconds=2, sound=False)
    footage.make("-i", plain, "-i", notes, "-map", "0:v", "-map_chapters", 1, "-c", "copy", path)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_chapters_are_told_by_their_starts(tmp_path: Path, suffix: str) -> None:
    """Each chapter is a start in exact seconds, rising, in a MOV and in a Matroska file."""
    clip = _with_chapters(tmp_path / f"clip{suffix}", 0, 320, 1250)

    found = Prober().probe(clip, "source")

    assert found.chapters == (Fraction(0), Fraction(8, 25), Fraction(5, 4))


def test_chapters_have_a_number(tmp_path: Path) -> None:
    """Of more than a side file should hold, the first ones are told, and it stays small (P8)."""
    clip = _with_chapters(tmp_path / "clip.mkv", *range(0, 2 * MAX_CHAPTERS * 7, 7))

    found = Prober().probe(clip, "source")

    assert found.chapters == tuple(Fraction(7 * number, 1000) for number in range(MAX_CHAPTERS))
    assert len(found.to_json()) < 10_000


def test_kinds_name_their_container(tmp_path: Path, clips: dict[str, Path]) -> None:
    """A clip says mov, a voice mp3, and neither has chapters where none were made."""
    voice = footage.voice_mp3(tmp_path / "voice.mp3")

    found = [Prober().probe(clips["plain"], "video"), Prober().probe(voice, "voice")]

    assert [(one.container, one.chapters) for one in found] == [("mov", ()), ("mp3", ())]


def test_older_side_files_are_read(clips: dict[str, Path]) -> None:
    """What was written before these times were measured is read, and says that they were not."""
    words = json.loads(papers.picture().to_json())
    del words["container"], words["chapters"], words["picture"]["start_s"], words["picture"]["longest_gap_s"]

    old = Media.model_validate_json(json.dumps(words))

    assert old.picture is not None
    assert (old.container, old.chapters, old.picture.start_s, old.picture.longest_gap_s) == ("", (), None, None)
    new = Prober().probe(clips["vfr"], "video")
    assert Media.model_validate_json(new.to_json()) == new
