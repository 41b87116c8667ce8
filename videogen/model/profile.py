"""Profile: how frames become bits. Canvas, encoder settings and toolchain identity: all of it is part of every key."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from videogen.model.timeline import Canvas
from videogen.model.value import Value

Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
EncoderName = Literal["libx264", "libx265", "h264_nvenc", "h264_qsv", "h264_videotoolbox", "h264_amf", "h264_vaapi"]


def gop_of_cuts(fps: Fraction) -> int:
    """Give the frames between keyframes of a video with many cuts: 0.8 s, so that a clip is entered cheaply.

    Source: tests/plan/test_reencoded.py. A film of 1280x720 is 1.4 times as large as with a GOP of 250 frames, whose
    clips cost 4 s to enter, and 1.25 times where little moves (measured).
    """
    return max(1, round(fps * 4 / 5))


FIRST_RENDER_NODE = "/dev/dri/renderD128"
"""What VA-API opens where no device is named. Source: Linux, DRM render nodes are counted from 128."""


class Encoder(Value):
    """Settings of the picture's encoder, and FFmpeg's words for them.

    `quality` is CRF for libx264 and the nearest thing elsewhere. On which device it runs is no setting: the same
    settings give the same profile on each.
    """

    name: EncoderName = "libx264"
    preset: Preset = "medium"
    quality: Annotated[int, Field(ge=0, le=51)] = 23
    gop: Annotated[int, Field(gt=0)] = 250
    threads: Annotated[int, Field(ge=0)] = 1
    """Threads of one encode: other counts give other bytes, so it is the same on every node. Encodes run side by side.
    """

    @property
    def is_hardware(self) -> bool:
        """Whether a device encodes, of which a machine has few, and which may be taken, broken or not there."""
        return not self.name.startswith("lib")

    @property
    def upload(self) -> tuple[tuple[str, str], ...]:
        """Filters at the end of the chain, name and argument, that put frames where the encoder takes them from."""
        return (("format", "nv12"), ("hwupload", "")) if self.name == "h264_vaapi" else ()

    def device_words(self, device: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give the arguments that name a device: those before all inputs, and those among the output's options.

        Shape: `device` is a render node's path for VA-API and Quick Sync, CUDA's number for NVENC; where it is empty,
            FFmpeg takes the first it finds.
        """
        match self.name:
            case "h264_vaapi":
                return ("-vaapi_device", device or FIRST_RENDER_NODE), ()
            case "h264_qsv" if device:
                return ("-qsv_device", device), ()
            case "h264_nvenc" if device:
                return (), ("-gpu", device)
        return (), ()

    def options(self) -> dict[str, object]:
        """Give FFmpeg's options of the output: closed GOPs that begin with an IDR, the same headers for every piece."""
        options: dict[str, object] = {
            "c:v": self.name,
            "pix_fmt": "yuv420p",
            "g": self.gop,
            "color_primaries": "bt709",
            "color_trc": "bt709",
            "colorspace": "bt709",
            "color_range": "tv",
        }
        match self.name:
            case "libx264":
                options |= {"preset": self.preset, "crf": self.quality, "profile:v": "high", "bf": 3}
                # stitchable: the headers say nothing of one piece that another could not say.
                options |= {"threads:v": self.threads, "x264-params": "stitchable=1:open-gop=0"}
            case "libx265":
                options |= {"preset": self.preset, "crf": self.quality, "tag:v": "hvc1"}
                options |= {"x265-params": self._x265_words()}
            case "h264_nvenc":
                options |= {"preset": "p5", "rc": "vbr", "cq": self.quality, "b:v": 0, "profile:v": "high"}
                options |= {"bf": 0, "forced-idr": 1, "no-scenecut": 1}
            case "h264_qsv":
                options |= {"pix_fmt": "nv12", "preset": "medium", "global_quality": self.quality, "profile:v": "high"}
                options |= {"bf": 0, "forced_idr": 1}
            case "h264_videotoolbox":
                # VideoToolbox counts quality upwards from 1 to 100; CRF 23 is about 60.
                options |= {"q:v": max(1, min(100, 106 - 2 * self.quality)), "profile:v": "high", "bf": 0}
            case "h264_amf":
                options |= {"rc": "cqp", "qp_i": self.quality, "qp_p": self.quality, "profile:v": "high", "bf": 0}
            case "h264_vaapi":
                # Frames are on the device by then: a pixel format here would ask for them back.
                del options["pix_fmt"]
                options |= {"rc_mode": "CQP", "qp": self.quality, "profile:v": "high", "bf": 0, "idr_interval": 0}
        return options

    def _x265_words(self) -> str:
        """Give libx265's own options: closed GOPs, one frame at a time, no banner of its settings in the stream.

        One frame thread and no pool is what makes the bytes the same everywhere.
        """
        pools = "none" if self.threads == 1 else str(self.threads or "*")
        return f"open-gop=0:keyint={self.gop}:info=0:frame-threads=1:pools={pools}:log-level=warning"


class Profile(Value):
    """Everything that shapes the bits besides the sources. `toolchain` is FFmpeg's own version word."""

    canvas: Canvas
    encoder: Encoder = Encoder()
    audio_kbps: Annotated[int, Field(ge=32, le=512)] = 192
    toolchain: str = ""
