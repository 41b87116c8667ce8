"""Audio: one sound of a file, encoded on its own."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from videogen.command.checked import FilePath
from videogen.command.command import BuiltCommand
from videogen.command.filter import AUDIO_FILTERS, Filter, admitted, filtered
from videogen.command.work import ALONE, Stream, Work, given, source
from videogen.errors import RecipeError
from videogen.model.timebase import Range

AudioCodec = Literal["aac", "libmp3lame", "libopus", "flac", "alac", "pcm_s16le", "ac3"]

HOLDS: dict[str, tuple[AudioCodec, ...]] = {
    ".m4a": ("aac", "alac", "ac3"),
    ".mp4": ("aac", "libmp3lame", "libopus", "flac", "alac", "ac3"),
    ".mka": ("aac", "libmp3lame", "libopus", "flac", "alac", "pcm_s16le", "ac3"),
    ".mkv": ("aac", "libmp3lame", "libopus", "flac", "alac", "pcm_s16le", "ac3"),
    ".mp3": ("libmp3lame",),
    ".flac": ("flac",),
    ".wav": ("pcm_s16le",),
    ".aac": ("aac",),
    ".opus": ("libopus",),
}
"""Which sounds a container holds. Source: tests/command/test_audio.py, each pair written and read back."""


class AudioCommand(BuiltCommand):
    """Encode the first sound of a file. What is None stays as it is in the source.

    Units: `samples` is the stretch to keep, in samples at `sample_rate` after the sound's start; a source that ends
    before it goes on as silence, so that the output is exactly that long.
    """

    type: Literal["audio"] = "audio"
    input: FilePath
    codec: AudioCodec = "aac"
    bitrate_kbps: Annotated[int, Field(ge=8, le=1024)] | None = None
    channels: Annotated[int, Field(ge=1, le=8)] | None = None
    sample_rate: Annotated[int, Field(ge=8000, le=192000)] | None = None
    samples: Range | None = None
    filters: tuple[Filter, ...] = ()

    @field_validator("filters")
    @classmethod
    def _audible(cls, filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
        return admitted(filters, AUDIO_FILTERS)

    @model_validator(mode="after")
    def _fitting(self) -> "AudioCommand":
        if self.codec not in HOLDS[self.output.suffix.lower()]:
            raise RecipeError(
                f"{self.output.name} cannot hold {self.codec}",
                remedy=f"Use one of {', '.join(HOLDS[self.output.suffix.lower()])}, or another suffix.",
            )
        if self.samples is not None and self.sample_rate is None:
            raise RecipeError("a stretch in samples needs their rate", remedy="Give sample_rate as well.")
        return self

    @property
    def reads(self) -> tuple[Path, ...]:
        """The input alone."""
        return (self.input,)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What holds a sound."""
        return tuple(HOLDS)

    def work(self) -> Work:
        """Give what FFmpeg is to do, all but where it writes."""
        opened = source(self.input)
        sound = filtered(self._stretch(opened["a:0"]), self.filters)
        bitrate = self.bitrate_kbps and f"{self.bitrate_kbps}k"
        settings = given({"b:a": bitrate, "ac": self.channels, "ar": self.sample_rate})
        return Work((opened,), (sound,), {"c:a": self.codec, **settings, **ALONE})

    def _stretch(self, sound: Stream) -> Stream:
        if self.samples is None:
            return sound
        return (
            # Holes in the source's time stamps become silence first: a sample's number is then its time.
            sound.filter("aresample", self.sample_rate, **{"async": 1, "first_pts": 0})
            .filter("apad")
            .filter("atrim", start_sample=self.samples.start, end_sample=self.samples.end)
            .filter("asetpts", "N/SR/TB")
        )
