"""Where a file goes in the library, and what it is called there: names tell kind, category, size, length and stem."""

import re
from collections.abc import Iterator

from videogen.errors import MissingInput
from videogen.model.media import Kind, Media
from videogen.model.timebase import rounded

SAFE_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def shelf_of(kind: Kind, media: Media, *, category: str, story: str) -> tuple[str, str, str]:
    """Give the folder of a file from the root, what its name begins with, and what it ends with.

    Raises: MissingInput: there is no shelf for such a file.
    """
    match kind:
        case "video" | "frame":
            if media.picture is None:
                raise MissingInput(f"a {kind} without a picture has no shelf", remedy="Drop a clip.")
            width, height = media.picture.display_size
            return f"scanned/{kind}/{category}/mp4_w{width}_h{height}", f"{_seconds(media)}_", ".mp4"
        case "music":
            return f"scanned/music/{category}/mp3", f"{_seconds(media)}_", ".mp3"
        case "voice":
            return f"scanned/story/{category}/{story}/voice", "", ".mp3"
        case "text":
            return f"scanned/story/{category}/{story}/voice", "", ".txt"
        case "link":
            return f"scanned/story/{category}/{story}/link", "", ".txt"
        case "source":
            raise MissingInput("a source for encoding has no shelf", remedy="Drop clips into raw/video.")


def is_safe(stem: str) -> bool:
    """Whether a stem means the same to a shell, a list and any filesystem."""
    return bool(SAFE_NAME.fullmatch(stem)) and stem[0] not in ".-"


def numbered(folder: str, stem: str, extension: str) -> Iterator[str]:
    """Give the names that files of one stem have, in order: the stem, then `~2`, `~3`, ..."""
    yield f"{folder}/{stem}{extension}"
    for number in range(2, 1_000_000):
        yield f"{folder}/{stem}~{number}{extension}"


def _seconds(media: Media) -> str:
    tenths = rounded(media.duration_s * 10)
    return f"{tenths // 10}.{tenths % 10}"
