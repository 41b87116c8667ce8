"""Where a plan runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from videogen.model.media import Media
from videogen.model.timeline import Timeline
from videogen.model.value import readable


@dataclass(frozen=True)
class Workshop:
    """Where a plan runs: what it shows, the files its contents are in, folders of its own, FFmpeg's words.

    `is_strict`: a clip that was not decoded whole before, and is damaged where it is shown, is an error. A story shows
    it as far as it goes: no person chose that clip for it. `names`: what people call a content, where its file has
    another name.
    """

    timeline: Timeline
    media: Mapping[str, Media]
    file_of: Callable[[str], Path]
    scratch: Path
    pins: Path
    log: Path
    is_strict: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, content: str) -> str:
        """Give what an error calls a content."""
        return readable(self.names.get(content) or self.file_of(content).name)
