"""What a description came to: a timeline of pictures that are drawn, and all that is known of its contents."""

from dataclasses import dataclass, field
from pathlib import Path

from videogen.cutting.naming import Held, Stamp, changed, stamp_of
from videogen.errors import MissingInput
from videogen.model.beside import texts_of
from videogen.model.media import Media
from videogen.model.profile import Preset
from videogen.model.timeline import Timeline
from videogen.model.value import readable


@dataclass
class Material:
    """A timeline without words in it, what is known of its contents, and the files they are in.

    `media`: of what moves or sounds. `quality`: the CRF it asks for, `gop`: its frames between keyframes, `preset`: the
    encoder's; None: the house's. `description`: the file it came from, None: a folder without one. `name`: what it is
    called for people; `said`: what it calls itself, empty where it does not. `warnings`: what was done without or
    otherwise, each begins with its word.
    """

    timeline: Timeline
    media: dict[str, Media] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    recipe: str = "timeline"
    description: Path | None = None
    name: str = ""
    said: str = ""
    quality: int | None = None
    gop: int | None = None
    preset: Preset | None = None
    warnings: tuple[str, ...] = ()

    def hold(self, held: Held) -> None:
        """Know where a content lies, and what the file was like when it was hashed."""
        self.files[held.content] = held.path
        self.stamps[held.content] = held.stamp

    def file_of(self, content: str) -> Path:
        """Give the file with a content.

        Raises: MissingInput: none is known. TemporaryError: `still-changing`: it is not the file it was.
        """
        if content not in self.files:
            raise MissingInput(f"no file holds the content {content[:12]}", remedy="Name it by its path.")
        path = self.files[content]
        if content in self.stamps and stamp_of(path) != self.stamps[content]:
            raise changed(readable(path.name))
        return path

    def texts(self) -> dict[str, str]:
        """Give the texts that belong beside the video, by the names of their files."""
        return texts_of(self.timeline, self.name, self.recipe)
