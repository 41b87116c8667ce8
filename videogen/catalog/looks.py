"""What was found out about files that are no assets: `scanned/.looks/<2 digits>/<sha256>.json`, by content.

A look decodes a whole file. What is rendered by hand again and again, and what is dropped once more, is looked into
once. Removing the folder forgets, and nothing else.
"""

from pathlib import Path

from videogen import __version__, durable
from videogen.errors import NoSpace
from videogen.model.media import Media
from videogen.model.value import Value

FOLDER = Path("scanned") / ".looks"


class Look(Value):
    """One look. `videogen` is the version that looked: another one may find out more, and looks again."""

    videogen: str
    media: Media


class Looks:
    """The looks of a root that is a spool; safe to use from several threads and processes."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def of(self, content: str) -> Media | None:
        """Give what this version found out about a content; None: nothing, or not readable."""
        try:
            look = Look.model_validate_json(durable.read(self._path(content)))
        except (OSError, ValueError):
            return None
        return look.media if look.videogen == __version__ else None

    def keep(self, content: str, media: Media) -> None:
        """Remember a look; where that cannot be done it is made again next time."""
        path = self._path(content)
        try:
            durable.make_folder(path.parent)
            durable.write(path, Look(videogen=__version__, media=media).to_json())
        except (OSError, NoSpace):
            return

    def _path(self, content: str) -> Path:
        return self._folder / content[:2] / f"{content}.json"
