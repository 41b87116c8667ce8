"""Black and frozen stretches: those FFmpeg's own blackdetect and freezedetect find, on made and on real clips (A5)."""

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from tests import footage
from videogen.model.media import Kind, Picture
from videogen.probe.prober import Prober

Spans = list[tuple[float, float]]

MOVING = "testsrc2=size=160x90:rate=25:duration=1,format=yuv420p"

# What stands in the middle, how it is encoded, the file.
MADE: dict[str, tuple[str, tuple[object, ...], str]] = {
    "black": ("color=black:size=160x90:rate=25:duration=1.2", (), "clip.mp4"),
    "dark-enough": ("color=0x181818:size=160x90:rate=25:duration=1.2", (), "clip.mp4"),
    "not-dark-enough": ("color=0x1c1c1c:size=160x90:rate=25:duration=1.2", (), "clip.mp4"),
    "too-short": ("color=black:size=160x90:rate=25:duration=0.4", (), "clip.mp4"),
    "still": ("color=gray:size=160x90:rate=25:duration=2.4", (), "clip.mp4"),
    "noisy": ("color=gray:size=160x90:rate=25:duration=2.4,noise=alls=6:allf=t", ("-qp", 4), "clip.mp4"),
    "full-range": ("color=black:size=160x90:rate=25:duration=2.4", ("-pix_fmt", "yuvj420p"), "clip.mkv"),
    "ten-bits": ("color=black:size=160x90:rate=25:duration=2.4", ("-pix_fmt", "yuv420p10le"), "clip.mp4"),
    "twelve-bits": (
        "color=gray:size=160x90:rate=25:duration=2.4",
        ("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"),
        "clip.mov",
    ),
    "rgb": ("color=0x101010:size=160x90:rate=25:duration=2.4", ("-c:v", "libx264rgb"), "clip.mp4"),
}


def measured(path: Path, kind: Kind = "source") -> Picture:
    """Look into a clip that must be taken and looked at."""
    found = Prober().probe(path, kind).picture
    assert found is not None
    assert found.view is not None
    return found


def told(program: Path, path: Path) -> tuple[Spans, Spans]:
    """Give the black and the frozen stretches that FFmpeg's filters find, in seconds."""
    chain = "blackdetect=d=0.5:pic_th=0.98:pix_th=0.10,freezedetect=n=-60dB:d=2"
    argv = [str(program), "-nostdin", "-hide_banner", "-i", str(path), "-an", "-vf", chain, "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120).stderr
    black = re.findall(r"black_start:([\d.]+) black_end:([\d.]+)", said)
    frozen = zip(re.findall(r"freeze_start: ([\d.]+)", said), re.findall(r"freeze_end: ([\d.]+)", said), strict=True)
    return [(float(start), float(end)) for start, end in black], [(float(start), float(end)) for start, end in frozen]


def ours(picture: Picture) -> tuple[Spans, Spans]:
    """Give the stretches we found, in seconds by the clip's clock."""
    view, start_s = picture.view, picture.start_s or Fraction(0)
    assert view is not None
    black, frozen = (
        [tuple(float(number / picture.rate + start_s) for number in span) for span in spans]
        for spans in (view.black, view.frozen)
    )
    return black, frozen  # type: ignore[return-value]  # pairs stay pairs


@pytest.mark.parametrize("name", MADE)
def test_stretches_are_those_of_ffmpeg(tmp_path: Path, ffmpeg_program: Path, name: str) -> None:
    """A stretch between two moving ones is black or frozen where FFmpeg says so, to the frame, in every format."""
    middle, coding, file = MADE[name]
    inputs = [word for chain in (MOVING, middle, MOVING) for word in ("-f", "lavfi", "-i", chain)]
    clip = tmp_path / file
    footage.make(*inputs, "-filter_complex", "concat=n=3", *coding, clip)

    found, expected = ours(measured(clip)), told(ffmpeg_program, clip)

    for mine, theirs in zip(found, expected, strict=True):
        assert len(mine) == len(theirs)
        for span, other in zip(mine, theirs, strict=True):
            assert span == pytest.approx(other, abs=0.021)


def test_a_black_end_is_a_stretch(tmp_path: Path) -> None:
    """What is black until the last picture ends with it, and all of it is counted."""
    clip = tmp_path / "clip.mp4"
    black = "color=black:size=64x64:rate=10:duration=3"
    footage.make("-f", "lavfi", "-i", black, clip)

    found = Prober().probe(clip, "video")

    assert found.picture is not None
    view = found.picture.view
    assert view is not None
    assert (view.frames, view.black, view.frozen) == (30, ((0, 30),), ((0, 30),))
    assert found.warnings == ("mostly-black", "mostly-frozen")


def test_long_clips_are_looked_at_in_samples(tmp_path: Path) -> None:
    """Of a clip over a minute the frames looked at are those decoded, and no stretch reaches across what was not."""
    clip = tmp_path / "clip.mp4"
    black = "color=black:size=64x64:rate=10:duration=70"
    footage.make("-f", "lavfi", "-i", black, "-g", 10, "-bf", 0, clip)

    found = measured(clip)

    assert found.is_sampled
    assert found.view is not None
    assert found.view.black == ((0, 50), (600, 700))
    assert found.view.black_frames == found.view.frames == 150


@pytest.mark.media
@pytest.mark.parametrize("name", ["v03_timecode_card_720p30.mp4", "v04_screencast_720p30.mp4", "v07_chaplin"])
def test_real_clips_stand_still_where_ffmpeg_says(real_media: Path, ffmpeg_program: Path, name: str) -> None:
    """Of real clips the share that stands still is FFmpeg's; a drift under the noise may begin a stretch elsewhere."""
    clip = next(real_media.glob(name + "*"))

    found = measured(clip, "video")

    black, frozen = (sum(end - start for start, end in spans) for spans in told(ffmpeg_program, clip))
    assert found.view is not None
    assert found.view.black_frames / found.rate == pytest.approx(black, abs=0.1)
    assert found.view.frozen_frames / found.rate == pytest.approx(frozen, abs=0.03 * float(found.duration_s))
