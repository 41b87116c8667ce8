"""The pictures that lie beside a video: made of the finished file, written where one rename publishes both.

They are for people. Whatever goes wrong with them, the video is right and is published; the log and the manifest say
what is missing.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import structlog

from videogen import durable
from videogen.errors import VideogenError
from videogen.model.manifest import Manifest

log = structlog.get_logger()


@dataclass
class Album:
    """Pictures by the name of their file, and why some are not there; empty where none were wanted."""

    pictures: dict[str, bytes] = field(default_factory=dict)
    trouble: str = ""

    @classmethod
    def of(cls, video: Path) -> "Album":
        """Make the pictures of a finished video; never raises for what is wrong with them."""
        from videogen.render.pictures import draw  # noqa: PLC0415 -- a node starts sooner without Pillow

        try:
            return cls(draw(video))
        except Exception as error:  # a picture less is no reason to lose a video, whatever the reason
            return cls(trouble=f"{type(error).__name__}: {error}")

    def put(self, folder: Path, manifest: Manifest) -> Manifest:
        """Write the pictures into a folder, whole and synced, and give the manifest that names them."""
        named: dict[str, str] = {}
        trouble = self.trouble
        try:
            for name, raw in self.pictures.items():
                durable.write(folder / name, raw)
                named[name] = sha256(raw).hexdigest()
        except (OSError, VideogenError) as error:
            trouble = f"{type(error).__name__}: {error}"
        if trouble:
            log.warning("Published without all pictures", task=manifest.task.task_id, because=trouble)
        return manifest.model_copy(update={"pictures": named, "pictures_trouble": trouble})
