"""What lies beside a video: pictures made of the finished file, texts made of its timeline; one rename publishes all.

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
    """Pictures and texts by the names of their files, and why some are not there; empty where none were wanted."""

    pictures: dict[str, bytes] = field(default_factory=dict)
    trouble: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, video: Path) -> "Album":
        """Make the pictures of a finished video; never raises for what is wrong with them."""
        from videogen.render.pictures import draw  # noqa: PLC0415 -- a node starts sooner without Pillow

        try:
            return cls(draw(video))
        except Exception as error:  # a picture less is no reason to lose a video, whatever the reason
            return cls(trouble=f"{type(error).__name__}: {error}")

    def put(self, folder: Path, manifest: Manifest) -> Manifest:
        """Write all of it into a folder, whole and synced, and give the manifest that names it."""
        files = self.pictures | {name: text.encode() for name, text in self.texts.items()}
        named: dict[str, str] = {}
        trouble = self.trouble
        try:
            for name, raw in files.items():
                durable.write(folder / name, raw)
                named[name] = sha256(raw).hexdigest()
        except (OSError, VideogenError) as error:
            trouble = f"{type(error).__name__}: {error}"
        if trouble:
            log.warning("Published without all pictures", task=manifest.task.task_id, because=trouble)
        pictures = {name: digest for name, digest in named.items() if name in self.pictures}
        papers = {name: digest for name, digest in named.items() if name in self.texts}
        return manifest.model_copy(update={"pictures": pictures, "papers": papers, "pictures_trouble": trouble})
