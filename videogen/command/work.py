"""Work: what FFmpeg is to do, from files to one file, and the arguments that say so."""

import os
from collections.abc import Mapping
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any, NamedTuple

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.command.container import FORMATS, MOOV

Stream = Any  # ffmpeg-python has no types

ALONE: Mapping[str, object] = {"disposition": "default", "map_metadata": -1, "map_chapters": -1}
"""One stream in a file of its own, with none of its source's titles, chapters and marks."""


class Work(NamedTuple):
    """Every input in its order, the streams of the output in theirs, and the words on how they are written.

    Inputs of equal words are opened once: ffmpeg-python takes them for one, and counts the streams' inputs by that.
    """

    inputs: tuple[Stream, ...]
    streams: tuple[Stream, ...]
    options: Mapping[str, object]

    def to_args(self, muxer: str, path: Path) -> list[str]:
        """Give the arguments that write one output: moov in front, no clock and no program's name in the file."""
        front = {"movflags": "+faststart"} if muxer in MOOV else {}
        written = {**self.options, **front, "bitexact": None, "f": muxer}
        output = ffmpeg.output(*self.streams, filename=_file(path), **written)
        # ffmpeg-python counts inputs as it comes upon them, last node first. Titles and chapters are those of input 0.
        words = ffmpeg.get_args([output, *reversed(self.inputs)], overwrite_output=True)
        return [os.fsdecode(word) for word in words]


def source(path: Path, *, formats: str = FORMATS, **options: object) -> Stream:
    """Open one input: a file of this disk, whatever its name looks like."""
    return ffmpeg.input(_file(path), protocol_whitelist="file", format_whitelist=formats, **options)


def given(options: Mapping[str, object]) -> dict[str, object]:
    """Give the options that have a value; one that is None is left to FFmpeg."""
    return {name: value for name, value in options.items() if value is not None}


def seconds(time_s: Fraction) -> str:
    """Give seconds to the microsecond before, which is what FFmpeg keeps."""
    microseconds = floor(time_s * 1_000_000)
    sign, whole = "-" if microseconds < 0 else "", abs(microseconds)
    return f"{sign}{whole // 1_000_000}.{whole % 1_000_000:06d}"


def _file(path: Path) -> bytes:
    # As bytes: ffmpeg-python cannot take a name that is no text.
    return os.fsencode(f"file:{path}")
