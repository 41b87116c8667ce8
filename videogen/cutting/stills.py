"""Stills and fonts as they are now: PNG pictures, and the machine's plainest font."""

from collections.abc import Sequence
from pathlib import Path

from videogen.errors import MediaError
from videogen.model.value import readable

FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
)
"""Tried in this order where words name no font; Pillow's own, the last resort, has little beyond English."""
PNG = b"\x89PNG\r\n\x1a\n"


def sizes_of(paths: Sequence[Path]) -> list[tuple[int, int]]:
    """Give width and height of pictures. Raises: MediaError: one is no PNG."""
    return [_size_of(path) for path in paths]


def _size_of(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        head = file.read(24)
    if not head.startswith(PNG) or len(head) < 24:
        raise MediaError(f"{readable(path.name)} is no PNG", remedy="Convert it to a PNG.", code="kind-mismatch")
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def default_font() -> Path | None:
    """Give the font of words that name none."""
    return next((path for path in map(Path, FONTS) if path.is_file()), None)


def font_for(name: str) -> tuple[Path | None, str]:
    """Give a font by its name, and what a person should know."""
    return default_font(), f"there is no font {readable(name)} here"
