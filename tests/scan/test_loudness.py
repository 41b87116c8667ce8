"""One linear gain: how much, and what becomes of the file."""

import os
from pathlib import Path

import av
import pytest

from tests import footage
from videogen.errors import VideogenError
from videogen.ffmpeg import FFmpeg
from videogen.model.media import Loudness
from videogen.probe.prober import Prober
from videogen.scan.loudness import apply_gain, gain_for


def heard(path: Path) -> Loudness:
    """Measure a track."""
    found = Prober().probe(path, "music").sound
    assert found is not None
    assert found.loudness is not None
    return found.loudness


@pytest.mark.parametrize(
    ("lufs", "peak_dbtp", "gain_db"),
    [
        (-20.0, -10.0, 4.0),  # quiet, with room: to the target
        (-11.0, 0.2, -5.0),  # loud: down to the target, which takes the peak below the ceiling too
        (-20.0, -3.0, 2.0),  # quiet, little room: only up to the ceiling
        (-20.0, -1.2, 0.0),  # quiet, no room: what the ceiling leaves is inaudible
        (-20.0, 0.5, -1.5),  # quiet, above the ceiling already: the ceiling wins
        (-16.4, -4.0, 0.0),  # close enough: the bytes are kept
        (-15.6, 0.9, 0.0),  # close enough, though over the ceiling: no generation is lost for that
    ],
)
def test_gain_is_the_smaller_of_target_and_ceiling(lufs: float, peak_dbtp: float, gain_db: float) -> None:
    """The gain reaches the target or the ceiling, whichever comes first, and is 0 where it would not be heard."""
    loudness = Loudness(integrated_lufs=lufs, true_peak_dbtp=peak_dbtp, range_lu=5)

    assert gain_for(loudness, -16.0) == pytest.approx(gain_db)


def test_a_quiet_track_reaches_the_target(tmp_path: Path, ffmpeg: FFmpeg) -> None:
    """A chord at -28 LUFS measures -16 after its gain, and lasts as long as before."""
    quiet, levelled = footage.music_mp3(tmp_path / "quiet.mp3", 4, -28.0), tmp_path / "levelled.mp3"

    apply_gain(ffmpeg, quiet, levelled, gain_for(heard(quiet), -16.0), tmp_path / "log")

    assert heard(levelled).integrated_lufs == pytest.approx(-16.0, abs=0.2)
    assert Prober().probe(levelled, "music").duration_s == Prober().probe(quiet, "music").duration_s


def test_tags_stay_and_the_cover_goes(tmp_path: Path, ffmpeg: FFmpeg) -> None:
    """The title is kept, the picture is not, whatever the file is called."""
    plain, cover = footage.music_mp3(tmp_path / "plain.mp3"), footage.logo_png(tmp_path / "cover.png")
    source, target = tmp_path / "-y 'a:b'%03d.mp3", tmp_path / "out%d.mp3"
    footage.make("-i", plain, "-i", cover, "-map", "0:a", "-map", "1:v", "-c", "copy", f"file:{source}")

    apply_gain(ffmpeg, source, target, -3.0, tmp_path / "log")

    with av.open(str(target)) as container:
        assert container.metadata["title"] == "Chord"
        assert [stream.type for stream in container.streams] == ["audio"]


def test_what_is_no_mp3_gets_no_gain(tmp_path: Path, ffmpeg: FFmpeg) -> None:
    """A playlist in place of the track is not followed: the demuxer is MP3's, whatever the bytes say."""
    track = footage.music_mp3(tmp_path / "track.mp3")
    lure = tmp_path / "lure.mp3"
    lure.write_text(f"ffconcat version 1.0\nfile {os.path.basename(track)}\n")

    with pytest.raises(VideogenError):
        apply_gain(ffmpeg, lure, tmp_path / "out.mp3", -3.0, tmp_path / "log")


@pytest.mark.media
@pytest.mark.parametrize(
    "name",
    ["m01_outfoxing_97s.mp3", "m02_vonsh_play_48s.mp3", "m03_vonsh_idle_45s.mp3", "m04_to_be_happy_165s.mp3"],
)
def test_real_music_comes_to_the_target(real_media: Path, tmp_path: Path, ffmpeg: FFmpeg, name: str) -> None:
    """Real music measures within 0.5 LU of -16 LUFS after its gain, or as near as its peak lets it."""
    track, levelled = tmp_path / "track.mp3", tmp_path / "levelled.mp3"
    footage.make("-t", 40, "-i", real_media / name, "-c", "copy", track)
    before = heard(track)
    gain_db = gain_for(before, -16.0)

    apply_gain(ffmpeg, track, levelled, gain_db, tmp_path / "log")

    after = heard(levelled)
    is_bound = gain_db < -16.0 - before.integrated_lufs
    assert after.integrated_lufs == pytest.approx(before.integrated_lufs + gain_db if is_bound else -16.0, abs=0.5)
