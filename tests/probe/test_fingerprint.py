"""Fingerprints: two encodes of one clip are near each other, two clips are far apart (A18, A5)."""

from itertools import combinations
from pathlib import Path

import pytest

from tests import footage
from videogen.model.fingerprint import BITS, NEAR_BITS, distance
from videogen.probe.inspector import inspect

REAL = (
    "v02_phone_1080p_vfr_short.mp4",
    "v05_cars_768x432_12.5fps.mp4",
    "v07_chaplin_640x360_25fps_mp3audio.mp4",
    "v08_rabbit_320x240_30fps.mp4",
    "v11_fire_720p_vfr_rot180_mono.mp4",
    "v13_launch_640x360_24fps.webm",
)
FORMS: dict[str, tuple[object, ...]] = {
    "tiny.mp4": ("-vf", "scale=160:-2", "-c:v", "libx264", "-preset", "ultrafast", "-crf", 38),
    "film.mkv": ("-r", 25, "-vf", "scale=256:256", "-c:v", "mpeg4", "-b:v", "600k"),
    "tape.ts": ("-r", "30000/1001", "-vf", "eq=brightness=0.05", "-c:v", "mpeg2video", "-b:v", "2M"),
}


def fingerprint(path: Path) -> str:
    """Look into a clip that must have one."""
    found = inspect(path, "source").picture
    assert found is not None
    assert len(found.fingerprint) == BITS // 4
    return found.fingerprint


@pytest.fixture(scope="module")
def originals(real_media: Path) -> dict[str, str]:
    """The fingerprints of real clips."""
    return {name: fingerprint(real_media / name) for name in REAL}


@pytest.mark.media
@pytest.mark.parametrize("name", REAL)
def test_other_encodes_are_near(real_media: Path, originals: dict[str, str], tmp_path: Path, name: str) -> None:
    """A real clip made smaller, squeezed, re-timed or brightened, in other codecs and containers, is still near."""
    for form, coding in FORMS.items():
        footage.make("-i", real_media / name, "-map", "0:v:0", *coding, tmp_path / form)

    distances = {form: distance(originals[name], fingerprint(tmp_path / form)) for form in FORMS}

    assert max(distances.values()) <= NEAR_BITS, distances


@pytest.mark.media
def test_other_clips_are_far(originals: dict[str, str]) -> None:
    """No two different real clips come anywhere near each other."""
    distances = {pair: distance(originals[pair[0]], originals[pair[1]]) for pair in combinations(REAL, 2)}

    assert min(distances.values()) > 2 * NEAR_BITS - 12, distances


@pytest.mark.parametrize(
    "matrix",
    [
        ("-display_rotation", -90),
        ("-display_rotation", 180),
        ("-display_rotation", 90),
        ("-display_hflip",),
        ("-display_vflip",),
        ("-display_rotation", 90, "-display_hflip"),
        ("-display_rotation", 90, "-display_vflip"),
    ],
)
def test_turned_clips_are_known_by_what_is_shown(tmp_path: Path, matrix: tuple[object, ...]) -> None:
    """A clip that asks to be turned or mirrored is near the one that FFmpeg made of it by doing so."""
    plain = footage.clip(tmp_path / "plain.mp4", size=(320, 192), sound=False)
    asked, done = tmp_path / "asked.mp4", tmp_path / "done.mp4"
    footage.make(*matrix, "-i", plain, "-c", "copy", asked)
    footage.make("-i", asked, done)

    assert distance(fingerprint(asked), fingerprint(done)) <= 16
    assert distance(fingerprint(plain), fingerprint(done)) > NEAR_BITS


def test_long_clips_are_near_however_they_are_read(tmp_path: Path) -> None:
    """Samples of a clip over a minute are of the same moments as those of its re-encode without an index."""
    long, other = tmp_path / "long.mp4", tmp_path / "other.mkv"
    moving = "mandelbrot=size=96x64:rate=5,trim=duration=64"
    footage.make("-f", "lavfi", "-i", moving, "-c:v", "libx264", "-preset", "ultrafast", long)
    footage.make("-i", long, "-vf", "scale=64:48", "-g", 7, "-c:v", "mpeg4", "-b:v", "500k", other)

    assert distance(fingerprint(long), fingerprint(other)) <= NEAR_BITS


def test_plain_clips_have_no_fingerprint(tmp_path: Path) -> None:
    """Backgrounds without a shape would all look alike, so they are like nothing; one with a shape has its own."""
    plain, shaped = tmp_path / "plain.mp4", tmp_path / "shaped.mp4"
    for path, source in ((plain, "color=blue:"), (shaped, "testsrc2=")):
        footage.make("-f", "lavfi", "-i", f"{source}size=64x64:duration=1", path)

    found = inspect(plain, "source").picture
    assert found is not None
    assert found.fingerprint == ""
    assert fingerprint(shaped)


def test_what_was_not_measured_is_far_from_all() -> None:
    """A side file of before has no fingerprint, and is no duplicate of anything, nor of another such one."""
    assert distance("", "0" * (BITS // 4)) == distance("", "") == BITS
    assert distance("f" * (BITS // 4), "f" * (BITS // 4)) == 0
