"""What stands still becomes a PNG before a plan is made: words, images, tables of colours. FFmpeg sees nothing else.

Reads: fonts, images and tables by their contents; the fonts of the machine. Writes: nothing; it gives bytes.
Promises: no text, no font, no image and no table of a user's reaches FFmpeg; the same content drawn twice on one
machine gives the same bytes; what decodes a stranger's bytes is a child behind walls.
Fails with: MediaError: a font, an image or a table that cannot be drawn with.

What it gives is imported when it is asked for: the child that draws has no need of a timeline.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videogen.raster.fonts import Found, default_font, find_font, font_for
    from videogen.raster.stills import Rasterised, rasterised, size_of, sizes_of

__all__ = [
    "Found",
    "Rasterised",
    "default_font",
    "find_font",
    "font_for",
    "rasterised",
    "size_of",
    "sizes_of",
]

_HOME = {
    "Found": "fonts",
    "Rasterised": "stills",
    "default_font": "fonts",
    "find_font": "fonts",
    "font_for": "fonts",
    "rasterised": "stills",
    "size_of": "stills",
    "sizes_of": "stills",
}
"""Which module has what."""


def __getattr__(name: str) -> object:
    """Give what a module of this package has. Raises: AttributeError: none has it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
