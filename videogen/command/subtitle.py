"""Subtitle: lines of text beside a video as a stream, or drawn into its picture."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints, model_validator

from videogen.command.checked import FilePath
from videogen.command.command import BuiltCommand
from videogen.command.video import Crf, Threads, VideoCodec, encoder_options
from videogen.command.work import Work, source
from videogen.errors import MediaError, RecipeError
from videogen.model.profile import Preset

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$")]
"""A language by ISO 639-2, as in deu; und is undetermined."""

DEMUXERS = {".srt": "srt", ".vtt": "webvtt", ".ass": "ass"}

# What the first words of each must be. The filter that draws would open whatever a file turns out to be.
_BEGINNINGS = {
    ".srt": re.compile(r"\s*[0-9]+\s*\n\s*[0-9]+:[0-9]+:[0-9]+[,.][0-9]+\s*-->"),
    ".vtt": re.compile(r"WEBVTT(\s|\Z)"),
    ".ass": re.compile(r"(\s|;[^\n]*\n)*\[Script Info\]", re.IGNORECASE),
}
_HEAD_BYTES = 8192
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")

# MP4 knows one kind of text, WebM another; Matroska holds all, so there only ours is written anew.
_TEXT = {"mp4": ("c:s", "mov_text"), "webm": ("c:s", "webvtt")}


class SubtitleCommand(BuiltCommand):
    """Add a subtitle file to a video: as its first subtitle stream, all else copied, or burnt into the picture.

    Burnt in, the picture is encoded with `codec`, `crf`, `preset`, `threads`, without its own title and language, and
    the sound copied. There the path is part of a filter graph, so it may hold plain characters only: copy the file
    into a scratch folder first.
    """

    type: Literal["subtitle"] = "subtitle"
    input: FilePath
    subtitle: FilePath
    language: Language = "und"
    is_burnt: bool = False
    codec: VideoCodec = "libx264"
    crf: Crf = 23
    preset: Preset = "medium"
    threads: Threads | None = None

    @model_validator(mode="after")
    def _readable(self) -> "SubtitleCommand":
        if self.subtitle.suffix not in DEMUXERS:
            raise RecipeError(
                f"{self.subtitle.name} is no subtitle file we know", remedy=f"Use one of {' '.join(DEMUXERS)}."
            )
        if self.is_burnt and not _PLAIN_PATH.fullmatch(str(self.subtitle)):
            raise RecipeError(
                f"the subtitle file {str(self.subtitle)!r} cannot be burnt in from where it lies",
                remedy="Copy it to a path of the letters A to Z, digits and _ . / - only.",
            )
        return self

    @property
    def reads(self) -> tuple[Path, ...]:
        """The video, then the subtitle."""
        return (self.input, self.subtitle)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What holds picture and text: WebM holds no picture that we encode, MOV has no word for most languages."""
        return (".mp4", ".mov", ".mkv") if self.is_burnt else (".mp4", ".mkv", ".webm")

    def work(self) -> Work:
        """Give what FFmpeg is to do, all but where it writes."""
        return self._burnt() if self.is_burnt else self._beside()

    def expect_inputs(self) -> None:
        """Look whether all is there, and the subtitle what its name says. Raises: as `run`; MediaError: it is not."""
        super().expect_inputs()
        with self.subtitle.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = head.decode("utf-16" if wide else "utf-8-sig", "replace")
        if not _BEGINNINGS[self.subtitle.suffix].match(text):
            raise MediaError(
                f"{self.subtitle} does not begin like a {self.subtitle.suffix} file",
                remedy="Export the subtitles again, as text in UTF-8.",
            )

    def _beside(self) -> Work:
        demuxer = DEMUXERS[self.subtitle.suffix]
        film, text = source(self.input), source(self.subtitle, formats=demuxer, f=demuxer)
        streams = (film["v"], film["a?"], text["s:0"], film["s?"])
        name, codec = _TEXT.get(self.muxer, ("c:s:0", "ass" if demuxer == "ass" else "srt"))
        options = {"c": "copy", name: codec, "metadata:s:s:0": f"language={self.language}"}
        return Work((film, text), streams, options)

    def _burnt(self) -> Work:
        film = source(self.input)
        picture = film["v:0"].filter("subtitles", filename=self.subtitle)
        options = encoder_options(self.codec, self.muxer, crf=self.crf, preset=self.preset, threads=self.threads)
        return Work((film,), (picture, film["a?"]), {**options, "c:a": "copy", "disposition:v:0": "default"})
