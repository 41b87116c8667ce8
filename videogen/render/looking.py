"""Every frame of a file, decoded once and remembered small."""

from math import ceil
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageChops

from videogen.model.quality import BLOCKS, COLUMNS, ROWS, STEPS, Look, difference
from videogen.probe.luma import ROWS as GRID_ROWS
from videogen.probe.luma import points_of

LIGHT = 24
"""What is brighter is light. Source: black is 16; letters and noise of an encoder stay under it, a dark scene does not.
"""
_DARK = bytes(range(LIGHT + 1))
POP_LEVELS = 4.0
"""A keyframe is encoded anew: nothing moved where its small picture is this near to the one before. One frame that
moves with all around it is no stretch, so a generous number hides nothing."""


class Eye:
    """Takes frames in playing order and gives the look of them all."""

    def __init__(self) -> None:
        self._changes, self._lights, self._pictures = bytearray(), bytearray(), bytearray()
        self._before: Image.Image | None = None

    @property
    def frames(self) -> int:
        """How many were seen."""
        return len(self._changes)

    def see(self, frame: VideoFrame) -> None:
        """See one frame more."""
        levels = points_of(frame).levels
        rows = min(GRID_ROWS, frame.height)
        grid = Image.frombuffer("L", (len(levels) // rows, rows), levels, "raw", "L", 0, 1)
        small = grid.resize((COLUMNS, ROWS), Image.Resampling.BOX).tobytes()
        is_pop = (
            bool(frame.key_frame and self._pictures)
            and difference(bytes(self._pictures[-BLOCKS:]), small) <= POP_LEVELS
        )
        self._changes.append(0 if is_pop else self._change(grid))
        self._lights.append(min(255, ceil(1000 * len(levels.translate(None, _DARK)) / len(levels))))
        self._pictures += small
        self._before = grid

    def look(self) -> Look:
        """Give what was seen."""
        return Look.of(bytes(self._changes), bytes(self._lights), bytes(self._pictures))

    def _change(self, grid: Image.Image) -> int:
        if self._before is None or self._before.size != grid.size:
            return 255 if self._before is not None else 0
        counts = ImageChops.difference(self._before, grid).histogram()
        levels = sum(level * count for level, count in enumerate(counts)) / (grid.width * grid.height)
        return min(255, ceil(levels * STEPS))


class UndecodableError(Exception):
    """A frame cannot be decoded: which one, and what the decoder said."""

    def __init__(self, frame: int, said: str) -> None:
        super().__init__(said)
        self.frame = frame
        self.said = said


def look_at(container: InputContainer, stream: VideoStream, eye: Eye | None = None) -> Look:
    """Decode a stream wholly, from its first packet on.

    Raises: UndecodableError: a frame is damaged.
    """
    eye = eye or Eye()
    stream.codec_context.options = {"err_detect": "explode"}
    try:
        for frame in container.decode(stream):
            if frame.is_corrupt:
                raise UndecodableError(eye.frames, "it is damaged")
            eye.see(frame)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise UndecodableError(eye.frames, error.strerror or "no reason given") from error
    return eye.look()


def look_into(path: Path) -> Look:
    """Decode a segment wholly. Raises: UndecodableError: a frame is damaged, or it cannot be opened."""
    try:
        with av.open(str(path), format="mov", options={"protocol_whitelist": "file"}) as container:
            return look_at(container, container.streams.video[0])
    except (av.error.FFmpegError, IndexError) as error:
        raise UndecodableError(0, str(error)) from error
