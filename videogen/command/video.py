"""Video: the picture of a file, or an exact stretch of it, encoded on its own.

A stretch is named by frames of an output grid (`fps`), and they are the frames one run over the whole file would give.
Seconds cannot name a frame exactly, so FFmpeg only begins to read somewhat before the stretch (`-ss` before `-i`), the
file's own time stamps are kept (`-copyts`), and the cut is made by frame number on the grid. A file whose suffix
promises no index is read from its beginning instead: slower, and as exact.
"""

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from videogen.command.checked import FilePath
from videogen.command.command import BuiltCommand
from videogen.command.container import INDEXED, INDEXED_SUFFIXES, MOOV
from videogen.command.filter import VIDEO_FILTERS, Filter, admitted, filtered
from videogen.command.work import ALONE, Stream, Work, given, seconds, source
from videogen.errors import RecipeError
from videogen.model.profile import Preset
from videogen.model.timebase import Range, track_timescale

VideoCodec = Literal["libx264", "libx265"]
Crf = Annotated[int, Field(ge=0, le=51)]
Threads = Annotated[int, Field(ge=1, le=128)]
Rate = Annotated[Fraction, Field(ge=1, le=240)]

# Pieces of one video are joined later: no header may depend on a piece's own pictures, no GOP reach into the next.
# Source: x264's and x265's own words on stitchable and open-gop.
_JOINABLE = {
    "libx264": ("x264-params", "stitchable=1:open-gop=0"),
    "libx265": ("x265-params", "open-gop=0:log-level=error"),
}


def encoder_options(
    codec: VideoCodec, muxer: str, *, crf: int, preset: Preset, threads: int | None
) -> dict[str, object]:
    """Give the options of one H.264 or H.265 encode at constant quality, 4:2:0 and 8 bits.

    H.265 in MP4 bears the name that Apple's players know it by.
    """
    name, params = _JOINABLE[codec]
    if codec == "libx265" and threads is not None:
        params += f":pools={threads}"
    tag = {"tag:v": "hvc1"} if codec == "libx265" and muxer in MOOV else {}
    quality = {"c:v": codec, "preset": preset, "crf": crf, "pix_fmt": "yuv420p", "flags:v": "+bitexact"}
    return {**quality, **given({"threads:v": threads}), name: params, **tag}


class VideoCommand(BuiltCommand):
    """Encode the first picture of a file at a constant rate where `fps` is given, else frame for frame.

    A filter sees the frames of `span` alone: one that looks at neighbours sees none beyond its ends.

    Units: `span` in frames of the grid `fps`, whose frame 0 is the picture's first; `origin_s` is when that one is
    shown, in seconds by the file's own time stamps; `margin_s` is how far before the span reading begins and must
    reach over the longest stretch the source shows one frame.
    """

    type: Literal["video"] = "video"
    input: FilePath
    codec: VideoCodec = "libx264"
    crf: Crf = 23
    preset: Preset = "medium"
    threads: Threads | None = None
    gop: Annotated[int, Field(ge=1, le=1000)] = 250
    fps: Rate | None = None
    span: Range | None = None
    origin_s: Fraction = Fraction(0)
    margin_s: Annotated[Fraction, Field(ge=0)] = Fraction(2)
    filters: tuple[Filter, ...] = ()

    @field_validator("filters")
    @classmethod
    def _visible(cls, filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
        return admitted(filters, VIDEO_FILTERS)

    @model_validator(mode="after")
    def _on_a_grid(self) -> "VideoCommand":
        if self.span is not None and self.fps is None:
            raise RecipeError("a span needs the rate its frames are counted at", remedy="Give fps as well.")
        return self

    @property
    def reads(self) -> tuple[Path, ...]:
        """The input alone."""
        return (self.input,)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What holds H.264 and H.265."""
        return (".mp4", ".mov", ".mkv")

    @property
    def frames(self) -> int | None:
        """The length of the span."""
        return None if self.span is None else self.span.length

    def work(self) -> Work:
        """Give what FFmpeg is to do, all but where it writes."""
        opened = self._source()
        picture = filtered(self._on_grid(opened["v:0"]), self.filters)
        options = encoder_options(self.codec, self.muxer, crf=self.crf, preset=self.preset, threads=self.threads)
        return Work((opened,), (picture,), {**options, "g": self.gop, **self._timing(), **ALONE})

    def _timing(self) -> dict[str, object]:
        if self.fps is None:
            return {"fps_mode": "vfr"}
        scale = {"video_track_timescale": track_timescale(self.fps)} if self.muxer in MOOV else {}
        return {"r": str(self.fps), "fps_mode": "cfr", **scale}

    def _source(self) -> Stream:
        if self.span is None or self.fps is None:
            return source(self.input)
        ahead_s = Fraction(self.span.start) / self.fps - self.margin_s
        if ahead_s <= 0 or self.input.suffix.lower() not in INDEXED_SUFFIXES:
            return source(self.input, copyts=None)
        # Not accurate: else FFmpeg would drop frames by its own reckoning of the file's start. The grid drops them.
        seek = {"noaccurate_seek": None, "seek_timestamp": 1, "ss": seconds(self.origin_s + ahead_s)}
        return source(self.input, formats=INDEXED, copyts=None, **seek)

    def _on_grid(self, picture: Stream) -> Stream:
        if self.fps is None:
            return picture
        if self.span is None:
            return picture.filter("setpts", "PTS-STARTPTS").filter("fps", fps=str(self.fps))
        if self.origin_s:
            # setpts computes in doubles and cuts off the rest: round() gives the whole tick that is meant.
            picture = picture.filter("setpts", f"round(PTS-({self.origin_s})/TB)")
        return (
            picture.filter("fps", fps=str(self.fps))
            # Durations are rounded: a file may be one frame shorter than was reckoned.
            .filter("tpad", stop=1, stop_mode="clone")
            .filter("trim", start_pts=self.span.start, end_pts=self.span.end)
            .filter("setpts", "PTS-STARTPTS")
        )
