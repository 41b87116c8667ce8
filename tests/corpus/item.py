"""One bad input: what it is, how it is made, and what must become of it."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from tests import footage

Verdict = Literal["S", "I", "W", "-"]
"""Scanned; invalid, in trash with its code; waits in raw/; is not looked at."""
SIZE = (64, 64)
VIDEO, VOICE, LINK = "video/{id}/x.mp4", "story/corpus/{id}/voice/x.mp3", "story/corpus/{id}/link/x.txt"


class Stock:
    """Sound files that others are made of, each made once; deterministic, since one thread encodes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, name: str, *arguments: object) -> Path:
        """Give the file of that name, made by FFmpeg with these arguments where it is not there yet."""
        path = self.folder / name
        if not path.exists():
            footage.make(*arguments, path)
        return path

    def film(self, name: str, *arguments: object, source: str = "", sound: bool = False) -> Path:
        """Give a film of 20 pictures at 10 a second, coded by these arguments."""
        picture = source or f"testsrc2=size={SIZE[0]}x{SIZE[1]}:rate=10:duration=2"
        inputs: list[object] = ["-f", "lavfi", "-i", picture]
        inputs += ["-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac"] if sound else []
        return self.file(name, *inputs, "-threads", 1, *arguments)

    @cached_property
    def front(self) -> bytes:
        """An MP4 with sound whose index lies in front."""
        return self.film("front.mp4", *X264, "-movflags", "+faststart", sound=True).read_bytes()

    @cached_property
    def back(self) -> bytes:
        """A silent MP4 whose index lies behind the media."""
        return self.film("back.mp4", *X264).read_bytes()

    @cached_property
    def pieces(self) -> bytes:
        """A fragmented MP4 of four fragments."""
        words = ("-g", 5, "-movflags", "+frag_keyframe+empty_moov+default_base_moof")
        return self.film("pieces.mp4", *X264, *words).read_bytes()

    @cached_property
    def voice(self) -> bytes:
        """An MP3 without tags or a header frame: frames and nothing else."""
        return self.sound("voice.mp3", "-write_xing", 0, "-id3v2_version", 0).read_bytes()

    def sound(self, name: str, *arguments: object, source: str = "") -> Path:
        """Give two seconds of a voice-like sound, coded by these arguments."""
        words = source or "aevalsrc='0.4*sin(2*PI*180*t)*pow(sin(2*PI*1.7*t),2)':sample_rate=44100:duration=2"
        return self.file(name, "-f", "lavfi", "-i", words, *arguments)


X264: tuple[object, ...] = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", 10)
Maker = Callable[[Stock, Path], object]


@dataclass(frozen=True)
class Item:
    """One row. `place` is below raw/ and may hold any bytes; `{id}` in it is the row's own folder.

    `size` and `frames` are what a scanned clip must show, where the row says so.
    """

    id: str
    what: str
    make: Maker = field(repr=False)
    verdict: Verdict
    code: str = ""
    place: str = VIDEO
    notes: str = ""
    size: tuple[int, int] | None = None
    frames: int | None = None

    @property
    def path(self) -> str:
        """Where it is dropped, below raw/."""
        return self.place.replace("{id}", self.id.lower())


def bytes_of(give: Callable[[Stock], bytes]) -> Maker:
    """Make a file of the bytes that a function gives."""
    return lambda stock, path: path.write_bytes(give(stock))


def text_of(words: str, encoding: str = "utf-8") -> Maker:
    """Make a file of a text."""
    return lambda stock, path: path.write_bytes(words.encode(encoding))


def ffmpeg_of(*arguments: object) -> Maker:
    """Make a file by FFmpeg with these arguments before its name."""
    return lambda stock, path: footage.make(*arguments, path)


def film_of(*arguments: object, source: str = "", sound: bool = False, suffix: str = ".mp4") -> Maker:
    """Make a film of 20 pictures coded by these arguments, in the container of the suffix, whatever the place says."""

    def make(stock: Stock, path: Path) -> None:
        made = stock.film(f"{path.parent.name}{suffix}", *arguments, source=source, sound=sound)
        path.write_bytes(made.read_bytes())

    return make


def sound_of(*arguments: object, source: str = "", suffix: str = ".mp3") -> Maker:
    """Make two seconds of sound coded by these arguments, in the container of the suffix, whatever the place says."""

    def make(stock: Stock, path: Path) -> None:
        # A voice lies in <item>/voice/, music in <item>/.
        made = stock.sound(f"{path.parent.parent.name}-{path.parent.name}{suffix}", *arguments, source=source)
        path.write_bytes(made.read_bytes())

    return make


def noise(length: int, seed: int = 7) -> bytes:
    """Give the same bytes without a pattern, every time."""
    return random.Random(seed).randbytes(length)  # noqa: S311, nothing secret


def hole(path: Path, length: int, head: bytes = b"") -> None:
    """Make a file of that length, or of as much as the filesystem allows, that takes no room but for its head."""
    with path.open("wb") as file:
        file.write(head)
        while length > len(head):
            try:
                os.truncate(file.fileno(), length)
            except OSError:
                length //= 2
            else:
                return
