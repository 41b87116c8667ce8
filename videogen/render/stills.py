"""Single frames of a finished video, found by its index: an IDR needs nothing but itself, so it costs one decode.

A moment between two IDRs costs every frame up to it. Where a GOP holds several moments they are decoded on one way, as
far as a budget of pixels goes; beyond it the IDR stands for its GOP. So a short video shows each moment it was asked
for, and a long one costs as many decodes as moments.

Frames are scaled and coloured here, by Pillow, in whole numbers of its own: FFmpeg's scaler takes other ways on other
processors, and the same video is to give the same pictures everywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from videogen.errors import Defect

WALK_PX = 400_000_000
"""How many pixels may be decoded on the way from IDRs to moments: 48 frames of 3840x2160, or 434 of 1280x720."""

# Y, U, V in 8 bits of TV range to R, G, B. Source: ITU-R BT.709-6, with its scaling of 219 and 224 steps to 255.
_Y, _RV, _GU, _GV, _BU = 255 / 219, 1.792741, -0.213249, -0.532909, 2.112402
_RGB = (
    *(_Y, 0.0, _RV, -16 * _Y - 128 * _RV),
    *(_Y, _GU, _GV, -16 * _Y - 128 * (_GU + _GV)),
    *(_Y, _BU, 0.0, -16 * _Y - 128 * _BU),
)


@dataclass(frozen=True)
class Still:
    """One frame, scaled down; `planes` are Y, U and V, the last two of half the size."""

    at_s: Fraction
    planes: tuple[Image.Image, Image.Image, Image.Image]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.planes[0].size

    def coloured(self, size: tuple[int, int]) -> Image.Image:
        """Give the frame in RGB and in this size."""
        return Image.merge("RGB", [_scaled(plane, size) for plane in self.planes]).convert("RGB", _RGB)


def stills(video: Path, count: int, within: tuple[int, int]) -> Iterator[Still]:
    """Give up to `count` frames spread evenly over a video, each scaled down to lie within a box, never up.

    Shape: in order of time, none twice; fewer where the video has fewer, or where IDRs are so rare that the way to a
        moment between them costs too much.
    Units: `within` is width and height in pixels.
    Raises: Defect: no frame can be decoded. What PyAV raises.
    """
    with av.open(str(video), format="mov", options={"protocol_whitelist": "file"}) as container:
        stream = container.streams.video[0]
        for other in container.streams:
            if other is not stream:
                other.discard = av.stream.Discard.all
        stream.codec_context.thread_count = 1
        size = fitted((stream.width, stream.height), within)
        last = -1
        for frame in _frames(container, stream, _moments(stream, count)):
            at = frame.pts or 0
            if at > last:
                last = at
                yield Still(at * Fraction(stream.time_base or 0), _planes(frame, size))
        if last < 0:
            raise Defect("no frame of the finished video can be decoded", remedy="Report it.")


def fitted(size: tuple[int, int], within: tuple[int, int]) -> tuple[int, int]:
    """Give the largest size of that shape that lies within a box and is no larger than it was."""
    scale = min(Fraction(1), Fraction(within[0], size[0]), Fraction(within[1], size[1]))
    return max(2, int(size[0] * scale)), max(2, int(size[1] * scale))


def _moments(stream: VideoStream, count: int) -> list[int]:
    """Give where the middles of so many equal stretches lie, in ticks."""
    start, length = stream.start_time or 0, stream.duration or 0
    return [start + length * (2 * nth + 1) // (2 * count) for nth in range(count)]


def _frames(container: InputContainer, stream: VideoStream, moments: Sequence[int]) -> Iterator[VideoFrame]:
    """Give a frame for each moment that can be afforded, GOP by GOP."""
    entries = stream.index_entries
    # The index counts in DTS, moments and seeks in PTS; of an IDR the two are as far apart as of the first one.
    late = (stream.start_time or 0) - entries[0].timestamp
    groups = [
        (entries[key].timestamp + late, list(group))
        for key, group in groupby(moments, lambda moment: max(0, entries.search_timestamp(moment - late)))
    ]
    tick = Fraction(stream.duration or 1, max(1, stream.frames))
    reach = int(tick * WALK_PX / (stream.width * stream.height * len(groups)))
    for begin, wanted in groups:
        container.seek(wanted[0], stream=stream)
        reached = [moment for moment in wanted if moment - begin <= reach]
        if len(wanted) > 1 and reached:
            yield from _walk(container, stream, reached)
        else:
            yield from _first(container, stream)


def _first(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Give the IDR at which the container stands; drained at once, it comes out without those behind it."""
    for packet in container.demux(stream):
        if packet.size:
            yield from [*stream.codec_context.decode(packet), *stream.codec_context.decode(None)][:1]
            break
    stream.codec_context.flush_buffers()


def _walk(container: InputContainer, stream: VideoStream, moments: Sequence[int]) -> Iterator[VideoFrame]:
    """Decode from where the container stands, and give the first frame at or after each moment."""
    left = list(moments)
    for packet in container.demux(stream):
        for frame in stream.codec_context.decode(packet):
            if left and frame.pts is not None and frame.pts >= left[0]:
                yield frame
                left = [moment for moment in left if moment > frame.pts]
        if not left:
            break
    stream.codec_context.flush_buffers()


def _planes(frame: VideoFrame, size: tuple[int, int]) -> tuple[Image.Image, Image.Image, Image.Image]:
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    half = (-(-size[0] // 2), -(-size[1] // 2))
    planes: list[Any] = list(frame.planes)
    luma, *chroma = (
        Image.frombuffer("L", (plane.width, plane.height), plane, "raw", "L", plane.line_size, 1) for plane in planes
    )
    blue, red = (_scaled(plane, half) for plane in chroma)
    return _scaled(luma, size), blue, red


def _scaled(plane: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale by whole steps first, which is quick, and then by the little that is left; the copy is its own."""
    steps = (max(1, plane.width // size[0]), max(1, plane.height // size[1]))
    reduced = plane.reduce(steps) if max(steps) > 1 else plane
    return reduced.resize(size, Image.Resampling.BICUBIC) if reduced.size != size else reduced.copy()
