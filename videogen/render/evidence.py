"""Pictures of the trouble: frames of a video as PNG, for the eyes of whoever looks into trash/."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import av
from av.video.frame import VideoFrame
from PIL import Image

from videogen import durable
from videogen.model.quality import Figure

PICTURES_MOST = 12
WIDEST_PX = 960


def troubled(figures: Iterable[Figure], frames: int) -> list[int]:
    """Give the frames worth a look: of each stretch the frame before, its first, its middle, its last, the one after.

    Shape: rising, each once, at most PICTURES_MOST.
    """
    wanted: dict[int, None] = {}
    for figure in figures:
        for start, end in figure.at:
            for frame in (start, (start + end) // 2, end - 1, start - 1, end):
                if 0 <= frame < frames:
                    wanted[frame] = None
    return sorted(list(wanted)[:PICTURES_MOST])


def pictures(video: Path, wanted: Sequence[int], folder: Path) -> list[str]:
    """Write frames of a video as `frame-000123.png`, at most WIDEST_PX wide; give the names of those that decode."""
    left, names = set(wanted), []
    if not left:
        return []
    try:
        with av.open(str(video), options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.video[0]
            rate = stream.average_rate or 25
            for number in sorted(left):
                at = round(number / rate / (stream.time_base or 1)) + (stream.start_time or 0)
                container.seek(at, stream=stream)
                frame = next((one for one in container.decode(stream) if (one.pts or 0) >= at), None)
                if frame is not None:
                    names.append(f"frame-{number:06d}.png")
                    durable.write(folder / names[-1], _png(frame))
    except (av.error.FFmpegError, IndexError):
        return names  # a video that cannot be decoded has been told of already
    return names


def _png(frame: VideoFrame) -> bytes:
    image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV gives this one no types
    image.thumbnail((WIDEST_PX, WIDEST_PX), Image.Resampling.BILINEAR)
    out = BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()
