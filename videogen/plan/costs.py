"""What things cost: a pure model of seconds, memory and bytes, from measurements, for order, tokens and estimates."""

from collections.abc import Iterator

from videogen.model.profile import Profile
from videogen.model.timeline import Canvas, Clip, ImageOverlay, TextOverlay, Timeline, Transition, VideoOverlay

PIXELS_PER_S = 34e6
"""Pixels one processor scales, overlays and encodes in a second with libx264 medium in one thread.

Source: bench/memory.py: 30 million at 1280x720, 35 million at 3840x2160, the other processor idle.
"""
START_S = 0.15
"""Starting FFmpeg, opening a clip and seeking in it."""
SOUND_PER_S = 70.0
"""Seconds of sound mixed and encoded in a second. Source: FFmpeg's AAC at 192 kbit/s, stereo, one processor."""
STITCH_BYTES_PER_S = 300e6
BITS_PER_PIXEL = 0.03
"""What a pixel of real footage costs at CRF 23. Source: 57.9 MB for 53.3 s of 3840x2160 at 30 fps are 0.035."""
_PRESET_COST = {
    "ultrafast": 0.2,
    "superfast": 0.3,
    "veryfast": 0.4,
    "faster": 0.6,
    "fast": 0.8,
    "medium": 1.0,
    "slow": 1.7,
    "slower": 3.0,
    "veryslow": 6.0,
}


_LOOKS_MS = {
    "table": 38.0,
    "crossfade": 11.0,
    "moving picture": 2.5,
    "zoom": 45.0,
    "blend": 18.0,
    "film": 3.5,
    "key": 60.0,
}
"""Milliseconds of one processor per megapixel that a look adds. Source: bench/looks.py at 1280x720."""


def pixels(canvas: Canvas, frames: int) -> float:
    """Give the pixels of so many frames."""
    return float(frames) * canvas.width * canvas.height


def encode_s(timeline: Timeline, profile: Profile) -> float:
    """Reckon the seconds one processor takes to encode a slice, with all that it shows."""
    factor = _PRESET_COST.get(profile.encoder.preset, 1.0) * (4.0 if profile.encoder.name == "libx265" else 1.0)
    shown_s = sum(_LOOKS_MS[look] * area * 1e-9 for look, area in _looks(timeline))
    return START_S + factor * pixels(timeline.canvas, timeline.length) / PIXELS_PER_S + shown_s


def _looks(timeline: Timeline) -> Iterator[tuple[str, float]]:
    """Give what a slice shows beside clips and pictures that stand still, each with the pixels it touches."""
    canvas = timeline.canvas
    for item in timeline.picture:
        if isinstance(item, Clip) and item.lut:
            yield "table", pixels(canvas, item.length)
        if isinstance(item, Transition) and item.kind == "crossfade":
            yield "crossfade", pixels(canvas, item.length)
    for overlay in timeline.overlays:
        if isinstance(overlay, TextOverlay):
            continue
        is_sized = overlay.width is not None and overlay.height is not None
        whole = canvas.width * canvas.height
        area = float(overlay.at.length) * ((overlay.width or 0) * (overlay.height or 0) if is_sized else whole)
        yield from ((look, area) for look in _of_overlay(overlay))


def _of_overlay(overlay: ImageOverlay | VideoOverlay) -> Iterator[str]:
    if isinstance(overlay, VideoOverlay):
        yield "film"
        if overlay.key:
            yield "key"
    elif overlay.zoom and overlay.zoom.start != overlay.zoom.end:
        yield "zoom"
    elif overlay.fade_in or overlay.fade_out:
        yield "moving picture"
    if overlay.blend != "normal":
        yield "blend"


def encode_memory_mb(canvas: Canvas, clips: int) -> int:
    """Reckon the peak memory of one encode.

    Source: bench/memory.py, libx264 medium in one thread: 264 MB at 1280x720, 469 at 1920x1080, 1506 at 3840x2160.
    """
    return int(120 + clips * canvas.width * canvas.height / 100_000 + canvas.width * canvas.height / 6300)


def another_encode_mb(canvas: Canvas) -> int:
    """Reckon what one more encode in the same FFmpeg adds to its memory.

    Source: libx264 medium, four outputs beside one: 87 MB each at 1280x720, 188 at 1920x1080; with a third to spare.
    """
    return int(10 + canvas.width * canvas.height / 8000)


def sound_s(frames: int, canvas: Canvas) -> float:
    """Reckon the seconds it takes to mix and encode the sound."""
    return 0.1 + float(frames / canvas.fps) / SOUND_PER_S


def picture_bytes(canvas: Canvas, frames: int) -> int:
    """Reckon the bytes of so many frames."""
    return int(pixels(canvas, frames) * BITS_PER_PIXEL / 8)


def stitch_s(size_bytes: int) -> float:
    """Reckon the seconds it takes to copy packets."""
    return 0.05 + size_bytes / STITCH_BYTES_PER_S
