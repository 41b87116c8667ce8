"""Profile: how frames become bits. Canvas, encoder settings and toolchain identity: all of it is part of every key."""

from typing import Annotated, Literal

from pydantic import Field

from videogen.model.timeline import Canvas
from videogen.model.value import Value

EncoderName = Literal["libx264", "libx265", "h264_nvenc", "h264_qsv", "h264_videotoolbox", "h264_amf"]


class Encoder(Value):
    """Settings of the picture's encoder. `quality` is CRF for libx264 and the nearest thing elsewhere."""

    name: EncoderName = "libx264"
    preset: str = "medium"
    quality: Annotated[int, Field(ge=0, le=51)] = 23
    gop: Annotated[int, Field(gt=0)] = 250
    threads: Annotated[int, Field(ge=0)] = 1
    """Threads of one encode: other counts give other bytes, so it is the same on every node. Encodes run side by side.
    """


class Profile(Value):
    """Everything that shapes the bits besides the sources. `toolchain` is FFmpeg's own version word."""

    canvas: Canvas
    encoder: Encoder = Encoder()
    audio_kbps: Annotated[int, Field(ge=32, le=512)] = 192
    toolchain: str = ""
