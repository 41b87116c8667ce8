"""Files whose words are not true, or true and awkward: each has its stable word, warning or refusal (A5, F41-F85)."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests import footage
from videogen.errors import MediaError
from videogen.model.media import Media, Picture
from videogen.probe.prober import Prober

KEYS: tuple[object, ...] = ("-encryption_scheme", "cenc-aes-ctr")
KEYS += ("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb")
KEYS += ("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")


def probed(path: Path) -> tuple[Media, Picture]:
    """Look into a source that must be taken and have a picture."""
    found = Prober().probe(path, "source")
    assert found.picture is not None
    return found, found.picture


def _copied(path: Path, *before: object) -> Path:
    footage.make(*before, "-i", footage.clip(path.with_name("plain.mp4"), sound=False), "-c", "copy", path)
    return path


def _patched(path: Path, box: bytes, offset: int, value: bytes) -> Path:
    content = bytearray(footage.clip(path, sound=False).read_bytes())
    at = content.index(box, content.index(b"moov")) + 4 + offset
    content[at : at + len(value)] = value
    path.write_bytes(content)
    return path


def _late(path: Path) -> Path:
    plain = footage.clip(path.with_name("plain.mp4"), sound=False)
    footage.make("-i", plain, "-c", "copy", "-output_ts_offset", 100_000_000, path)
    return path


def _picture(path: Path, source: str, *coding: object) -> Path:
    footage.make("-f", "lavfi", "-i", source, *coding, path)
    return path


def _hdr(transfer: str) -> Callable[[Path], Path]:
    words = f"log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    return lambda path: footage.clip(path, codec="libx265", pix_fmt="yuv420p10le", extra=("-x265-params", words))


def _fields(first: str) -> Callable[[Path], Path]:
    source = f"testsrc2=size=160x120:rate=50:duration=1,tinterlace=mode=interleave_{first}"
    source += ",setfield=bff" if first == "bottom" else ""
    order = "bff=1" if first == "bottom" else "tff=1"
    return lambda path: _picture(path, source, "-flags", "+ildct+ilme", "-x264-params", order)


TAKEN: dict[str, tuple[str, Callable[[Path], Path], dict[str, Any], tuple[str, ...]]] = {
    "F41 header says 16384": (
        "clip.mp4",
        lambda path: _patched(path, b"avc1", 24, b"\x40\x00\x40\x00"),
        {"width": 160, "height": 120},
        (),
    ),
    "F42 three years in": ("clip.mp4", _late, {"frames": 25, "duration_s": 1, "start_s": 100_000_000}, ()),
    "F43 length of years": (
        "clip.mp4",
        lambda path: _patched(path, b"mvhd", 16, b"\x7f\xff\xff\xff"),
        {"frames": 25, "duration_s": 1},
        (),
    ),
    "F45 one picture": (
        "clip.mp4",
        lambda path: footage.clip(path, rate=10, seconds=0.1, sound=False),
        {"frames": 1, "duration_s": Fraction(1, 10)},
        ("single-picture",),
    ),
    "F60 vfr": ("clip.mp4", lambda path: footage.clip(path, seconds=2, vfr=True, sound=False), {}, ("vfr",)),
    "F62 one picture in 100 s": (
        "clip.mp4",
        lambda path: footage.clip(path, rate=Fraction(1, 100), seconds=300, sound=False),
        {"frames": 3, "rate": Fraction(1, 100), "duration_s": 300, "is_sampled": True},
        ("slow",),
    ),
    "F63 on its side": (
        "clip.mp4",
        lambda path: _copied(path, "-display_rotation", -90),
        {"rotation": 90, "angle_deg": 90, "is_mirrored": False, "display_size": (120, 160)},
        (),
    ),
    "F64 aslant": (
        "clip.mp4",
        lambda path: _copied(path, "-display_rotation", 37),
        {"rotation": 0},
        ("odd-rotation",),
    ),
    "F65 mirrored": ("clip.mp4", lambda path: _copied(path, "-display_hflip"), {"is_mirrored": True}, ("mirrored",)),
    "F66 PQ": ("clip.mp4", _hdr("smpte2084"), {"pix_fmt": "yuv420p10le"}, ("hdr",)),
    "F67 HLG": ("clip.mp4", _hdr("arib-std-b67"), {}, ("hdr",)),
    "F69 alpha beside": (
        "clip.webm",
        lambda path: footage.clip(path, codec="libvpx-vp9", pix_fmt="yuva420p", sound=False, seconds=0.4),
        {"has_alpha": True},
        ("alpha",),
    ),
    "F70 alpha inside": (
        "clip.mov",
        lambda path: footage.clip(path, codec="prores_ks", pix_fmt="yuva444p10le", sound=False, seconds=0.4),
        {"has_alpha": True},
        ("alpha",),
    ),
    "F72 wide pixels": (
        "clip.mp4",
        lambda path: footage.clip(path, sar="2:1", sound=False),
        {"sar": 2, "display_size": (320, 120)},
        (),
    ),
    "F73 top first": ("clip.mp4", _fields("top"), {"field_order": "tff"}, ("interlaced",)),
    "F73 bottom first": ("clip.mp4", _fields("bottom"), {"field_order": "bff"}, ("interlaced",)),
    "F75 twelve streams": (
        "clip.mp4",
        lambda path: _picture(path, "testsrc2=size=64x64:rate=10:duration=0.5", *["-map", "0:v"] * 12),
        {"frames": 5},
        (),
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_awkward_files_are_taken_for_what_they_show(tmp_path: Path, name: str) -> None:
    """What is decoded counts, not what the header says, and what a person should know is said in stable words."""
    file, make, expected, warnings = TAKEN[name]

    found, picture = probed(make(tmp_path / file))

    assert {field: getattr(picture, field) for field in expected} == expected
    assert found.warnings == warnings


def _resized(path: Path) -> Path:
    parts = [path.with_name(f"{width}.ts") for width in (64, 96)]
    for part, width in zip(parts, (64, 96), strict=True):
        _picture(part, f"testsrc2=size={width}x64:rate=10:duration=1")
    joined = path.with_name("joined.ts")
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    footage.make("-i", joined, "-c", "copy", path)
    return path


def _crowd(path: Path) -> Path:
    return _picture(path, "testsrc2=size=16x16:rate=10:duration=0.1", *["-map", "0:v"] * 200, "-c:v", "mpeg4")


REFUSED: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "F53 PNG": ("clip.mp4", lambda path: footage.clip(path, codec="png", pix_fmt="rgb24"), "codec-not-allowed"),
    "F54 MagicYUV": (
        "clip.mov",
        lambda path: footage.clip(path, codec="magicyuv", pix_fmt="yuv420p"),
        "codec-not-allowed",
    ),
    "F55 GIF": ("clip.mov", lambda path: footage.clip(path, codec="gif", pix_fmt="pal8"), "codec-not-allowed"),
    "F61 1000 fps": ("clip.mp4", lambda path: footage.clip(path, rate=1000, seconds=0.2), "too-fast"),
    "F74 changes size": ("clip.mp4", _resized, "size-changes"),
    "F76 crowd": ("clip.mp4", _crowd, "too-many-streams"),
    "F85 encrypted": ("clip.mp4", lambda path: footage.clip(path, sound=False, extra=KEYS), "encrypted"),
    "F85 encrypted sound": ("song.m4a", lambda path: _picture(path, "sine=duration=1", *KEYS), "encrypted"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_render_can_use_is_refused(tmp_path: Path, name: str) -> None:
    """Each has its stable word."""
    file, make, code = REFUSED[name]

    with pytest.raises(MediaError) as caught:
        Prober().probe(make(tmp_path / file), "source")

    assert caught.value.word == code


@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        (("-g", 10, "-bf", 2, "-sc_threshold", 0), (5, 10, True, "0 10*4")),
        (("-g", 1), (50, 1, True, "0 1*49")),
        (
            ("-x264-params", "open-gop=1:bframes=3:keyint=10:min-keyint=10:scenecut=0:b-adapt=0"),
            (5, 10, False, "0 10*4"),
        ),
    ],
)
def test_gops_are_told(tmp_path: Path, coding: tuple[object, ...], expected: tuple[int, int, bool, str]) -> None:
    """Keyframes stand where the encoder was told to put them, and an open GOP is not called closed."""
    clip = tmp_path / "clip.mp4"
    _picture(clip, "testsrc2=size=96x64:rate=25:duration=2", *coding)

    gops = probed(clip)[1].gops

    assert gops is not None
    assert (gops.keyframes, gops.longest, gops.is_closed, gops.steps) == expected
