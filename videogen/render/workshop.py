"""Where a plan runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from videogen.model.media import Media
from videogen.model.timeline import Timeline


@dataclass(frozen=True)
class Workshop:
    """Where a plan runs: what it shows, the files its contents are in, folders of its own, FFmpeg's words."""

    timeline: Timeline
    media: Mapping[str, Media]
    file_of: Callable[[str], Path]
    scratch: Path
    pins: Path
    log: Path
