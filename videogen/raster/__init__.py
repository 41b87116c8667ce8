"""What stands still becomes a PNG before a plan is made: words, images, tables of colours. FFmpeg sees nothing else.

Reads: fonts and images by their contents. Writes: nothing; it gives bytes.
Promises: no text, no font and no image of a user's reaches FFmpeg; the same content drawn twice gives the same bytes.
Fails with: MediaError: a font, an image or a table that cannot be drawn with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from videogen.model.timeline import Timeline
from videogen.raster.words import lettered

__all__ = ["Rasterised", "rasterised"]


@dataclass(frozen=True)
class Rasterised:
    """A timeline whose stills are all PNG, the bytes of each by SHA-256, and what a person should know."""

    timeline: Timeline
    images: Mapping[str, bytes]
    warnings: tuple[str, ...] = ()


def rasterised(timeline: Timeline, file_of: Callable[[str], Path]) -> Rasterised:
    """Draw everything that stands still. Raises: MediaError."""
    made = lettered(timeline, file_of)
    return Rasterised(made.timeline, made.images)
