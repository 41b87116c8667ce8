"""Mixing: streams of several files, chosen one by one, in one file."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from videogen.command.audio import AudioCodec
from videogen.command.checked import FilePath
from videogen.command.command import BuiltCommand
from videogen.command.video import Crf, Threads, VideoCodec, encoder_options
from videogen.command.work import Work, given, seconds, source
from videogen.errors import RecipeError
from videogen.model.profile import Preset

_MAP = re.compile(r"([0-9]{1,2}):[vas]:[0-9]{1,2}")


class MixingCommand(BuiltCommand):
    """Put streams of several files into one, copied unless a codec is named.

    Inputs are counted from 0, `videos` first, then `sounds`. Without `maps` the first picture of each video and the
    first sound of each sound are taken, in that order; with them exactly the streams named, as in 1:a:0.

    Units: `length_s` is the longest the output may be, in seconds; `is_shortest` ends it with its shortest stream.
    """

    type: Literal["mixing"] = "mixing"
    videos: tuple[FilePath, ...] = ()
    sounds: tuple[FilePath, ...] = ()
    maps: tuple[str, ...] = ()
    video_codec: VideoCodec | Literal["copy"] = "copy"
    audio_codec: AudioCodec | Literal["copy"] = "copy"
    crf: Crf = 23
    preset: Preset = "medium"
    threads: Threads | None = None
    bitrate_kbps: Annotated[int, Field(ge=8, le=1024)] | None = None
    length_s: Annotated[Fraction, Field(gt=0)] | None = None
    is_shortest: bool = False

    @model_validator(mode="after")
    def _mapped(self) -> "MixingCommand":
        if not self.reads:
            raise RecipeError("a mix of nothing cannot be made", remedy="Give at least one video or sound.")
        for one in self.maps:
            found = _MAP.fullmatch(one)
            if not found or int(found[1]) >= len(self.reads):
                raise RecipeError(
                    f"{one!r} names no stream of the {len(self.reads)} inputs",
                    remedy="Write input:kind:number, as in 0:v:0 or 1:a:0; videos are counted first.",
                )
        return self

    @property
    def input(self) -> Path:
        """The first of the inputs."""
        return self.reads[0]

    @property
    def reads(self) -> tuple[Path, ...]:
        """Videos, then sounds."""
        return (*self.videos, *self.sounds)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What holds several streams."""
        return (".mp4", ".mov", ".m4a", ".mkv", ".mka", ".webm")

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams of the output, in order, each by the input it comes from."""
        pictures = tuple(f"{nth}:v:0" for nth in range(len(self.videos)))
        return self.maps or (*pictures, *(f"{nth}:a:0" for nth in range(len(pictures), len(self.reads))))

    def work(self) -> Work:
        """Give what FFmpeg is to do, all but where it writes."""
        inputs = tuple(source(path) for path in self.reads)
        chosen = (one.split(":", 1) for one in self.streams)
        streams = tuple(inputs[int(nth)][kind] for nth, kind in chosen)
        return Work(inputs, streams, {"c": "copy", **self._picture(), **self._sound(), **self._length()})

    def _picture(self) -> dict[str, object]:
        if self.video_codec == "copy":
            return {}
        return encoder_options(self.video_codec, self.muxer, crf=self.crf, preset=self.preset, threads=self.threads)

    def _sound(self) -> dict[str, object]:
        if self.audio_codec == "copy":
            return {}
        bitrate = self.bitrate_kbps and f"{self.bitrate_kbps}k"
        return {"c:a": self.audio_codec, **given({"b:a": bitrate})}

    def _length(self) -> dict[str, object]:
        shortest = {"shortest": None} if self.is_shortest else {}
        return {**shortest, **given({"t": self.length_s and seconds(self.length_s)})}
