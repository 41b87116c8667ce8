"""The very pixels of a timeline: its graph run by a real FFmpeg, before any encoder, looked at in Python."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg
from PIL import Image

from tests import footage
from videogen import durable
from videogen.model.media import Media
from videogen.model.timeline import Timeline
from videogen.plan.filters import picture_stream
from videogen.plan.graph import placed
from videogen.probe.inspector import inspect

OTHER = Path("/usr/bin/ffmpeg")
"""The machine's own FFmpeg, an older one, where there is one."""
PROGRAMS = [footage.program(), *([OTHER] if OTHER.exists() else [])]
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Frame:
    """One picture as the encoder gets it: 4:2:0, BT.709, limited range."""

    width: int
    height: int
    planes: bytes

    def yuv(self, x: int, y: int) -> Rgb:
        """Give the three levels of one point."""
        luma, half = self.width * self.height, self.width // 2
        at = luma + (y // 2) * half + x // 2
        return self.planes[y * self.width + x], self.planes[at], self.planes[at + half * (self.height // 2)]

    def rgb(self, x: int, y: int) -> Rgb:
        """Give the colour of one point by the BT.709 matrix."""
        level, blue, red = self.yuv(x, y)
        luma, u, v = (level - 16) / 219, (blue - 128) / 224, (red - 128) / 224
        found = (luma + 1.5748 * v, luma - 0.1873 * u - 0.4681 * v, luma + 1.8556 * u)
        return tuple(min(255, max(0, round(255 * one))) for one in found)  # type: ignore[return-value]  # three of them

    @property
    def luma(self) -> bytes:
        """The brightness of every point, row by row."""
        return self.planes[: self.width * self.height]


@dataclass
class Shelf:
    """Contents by their hash: where their files are, and what is known of them."""

    folder: Path
    files: dict[str, str] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)

    def image(self, picture: Image.Image) -> str:
        """Put a still picture there."""
        path = self.folder / f"image{len(self.files)}.png"
        picture.save(path)
        return self._kept(path)

    def film(self, name: str, *arguments: object) -> str:
        """Put a film there that FFmpeg makes by these words."""
        path = self.folder / name
        footage.make(*arguments, path)
        digest = self._kept(path)
        self.media[digest] = inspect(path, "source")
        return digest

    def _kept(self, path: Path) -> str:
        digest = durable.digest(path)
        self.files[digest] = f"file:{path}"
        return digest

    def frames(self, timeline: Timeline, program: Path = PROGRAMS[0]) -> list[Frame]:
        """Give every frame of a timeline."""
        canvas = timeline.canvas
        stream = picture_stream(timeline, self.media.__getitem__)
        words: Mapping[str, Any] = {"f": "rawvideo", "frames:v": timeline.length, "r": str(canvas.fps)}
        argv = ffmpeg.output(stream, "-", **words).global_args("-copyts").get_args()
        ready = [placed(word, self.files, {}) for word in argv]
        done = subprocess.run([program, "-nostdin", "-v", "error", *ready], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        size = canvas.width * canvas.height * 3 // 2
        return [
            Frame(canvas.width, canvas.height, done.stdout[at : at + size]) for at in range(0, len(done.stdout), size)
        ]


def is_near(found: Rgb, wanted: Rgb, by: int = 3) -> bool:
    """Whether two colours are the same to a few levels."""
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))
