"""The command of a picture for each encoder (A8): where frames lie, and what of a device is in a key."""

from itertools import pairwise
from typing import get_args

import pytest

from tests.plan.test_keys import CLIP, PROFILE, over, segment
from videogen.model.profile import Encoder, EncoderName
from videogen.plan.encode import on_device
from videogen.plan.graph import OUTPUT

DEVICES = {"h264_vaapi": "/dev/dri/renderD131", "h264_qsv": "/dev/dri/renderD131", "h264_nvenc": "3"}


def argv_of(name: EncoderName) -> tuple[str, ...]:
    """Give the command that encodes ten seconds with a logo."""
    return segment(CLIP, over(), profile=PROFILE.model_copy(update={"encoder": Encoder(name=name)})).argv


def test_frames_are_uploaded_last() -> None:
    """VA-API takes frames on its device: the last thing done to them is to put them there, and nothing fetches them."""
    argv = argv_of("h264_vaapi")
    (graph,) = (value for option, value in pairwise(argv) if option == "-filter_complex")

    last, upload = graph.split(";")[-2:]
    assert "format=nv12" in last.replace("pix_fmts=", "")
    assert "hwupload" in upload
    assert argv[argv.index("-map") + 1] == upload[upload.rindex("[") :]
    assert "-pix_fmt" not in argv


@pytest.mark.parametrize("name", [name for name in get_args(EncoderName) if name != "h264_vaapi"])
def test_other_encoders_take_frames_from_memory(name: EncoderName) -> None:
    """No other command has an upload; each says in which format its encoder gets frames."""
    argv = argv_of(name)

    assert not any("hwupload" in word for word in argv)
    assert argv[argv.index("-pix_fmt") + 1] == ("nv12" if name == "h264_qsv" else "yuv420p")


@pytest.mark.parametrize("name", get_args(EncoderName))
def test_a_device_is_in_no_key(name: EncoderName) -> None:
    """A device is put into a command when it runs, in its place, and what the key was made of has no trace of it."""
    argv, device = argv_of(name), DEVICES.get(name, "")

    placed = on_device(argv, Encoder(name=name), device)

    assert not any("_device" in word or word == "-gpu" for word in argv)
    assert [word for word in placed if word in argv] == list(argv)
    assert (device in placed) is bool(device)
    if name == "h264_nvenc":
        assert placed[placed.index(OUTPUT) - 2 : placed.index(OUTPUT)] == ("-gpu", "3")
    elif device:
        assert placed[1] == device
