"""Settings of encoders in FFmpeg's words (A8): what each vendor is told, and where a device is named."""

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from videogen.model.profile import Encoder, EncoderName

HARDWARE = tuple(name for name in get_args(EncoderName) if name.startswith("h264_"))
# Options that every encoder has. Source: `ffmpeg -h full`, "AVCodecContext AVOptions", and those of the program itself.
COMMON = {"c:v", "pix_fmt", "g", "bf", "b:v", "q:v", "global_quality", "profile:v", "threads:v", "tag:v"} | {
    "color_primaries",
    "color_trc",
    "colorspace",
    "color_range",
}


@pytest.mark.parametrize("name", get_args(EncoderName))
def test_every_option_is_one_of_the_encoders(ffmpeg_program: Path, name: EncoderName) -> None:
    """What FFmpeg itself lists of an encoder has every option we give that is not common to all, and the format."""
    argv = [str(ffmpeg_program), "-hide_banner", "-h", f"encoder={name}"]
    listed = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False).stdout
    if f"Encoder {name} " not in listed:
        pytest.skip(f"this FFmpeg was built without {name}")

    options = Encoder(name=name).options()

    own = set(re.findall(r"^ +-([\w-]+) ", listed, re.MULTILINE))
    assert {option for option in options if option not in COMMON} <= own
    formats = re.findall(r"Supported pixel formats: (.*)", listed)[0].split()
    assert options.get("pix_fmt", "vaapi") in formats


@pytest.mark.parametrize("name", HARDWARE)
def test_hardware_makes_no_frames_out_of_order(name: EncoderName) -> None:
    """Every device is told to keep frames in order and IDRs apart: what it does by default differs by vendor."""
    options = Encoder(name=name, gop=60).options()

    assert (options["bf"], options["g"], options["profile:v"]) == (0, 60, "high")


@pytest.mark.parametrize(
    ("name", "device", "before", "own"),
    [
        ("h264_vaapi", "/dev/dri/renderD129", ("-vaapi_device", "/dev/dri/renderD129"), ()),
        ("h264_vaapi", "", ("-vaapi_device", "/dev/dri/renderD128"), ()),  # frames need a device to be put on
        ("h264_qsv", "/dev/dri/renderD129", ("-qsv_device", "/dev/dri/renderD129"), ()),
        ("h264_qsv", "", (), ()),
        ("h264_nvenc", "1", (), ("-gpu", "1")),
        ("h264_nvenc", "", (), ()),
        ("h264_amf", "", (), ()),
        ("libx264", "/dev/dri/renderD129", (), ()),  # software has no device
    ],
)
def test_a_device_is_named_in_its_place(
    name: EncoderName, device: str, before: tuple[str, ...], own: tuple[str, ...]
) -> None:
    """Each vendor's device stands where FFmpeg reads it: before the inputs, or among the options of the output."""
    assert Encoder(name=name).device_words(device) == (before, own)


def test_only_libraries_are_software() -> None:
    """Every encoder is either a library or needs a device."""
    assert {name for name in get_args(EncoderName) if not Encoder(name=name).is_hardware} == {"libx264", "libx265"}
