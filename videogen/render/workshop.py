"""Where a plan runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from videogen.model.media import Media
from videogen.model.timeline import Timeline


@dataclass(frozen=True)
class Workshop:
    """Where a plan runs: what it shows, the files its contents are in, folders of its own, FFmpeg's words.

    `chosen`: what people call the contents that someone chose by name. Where such a clip was not decoded whole before,
    and is damaged where it is shown, that is an error; one that chance chose is shown as far as it goes.
    """

    timeline: Timeline
    media: Mapping[str, Media]
    file_of: Callable[[str], Path]
    scratch: Path
    pins: Path
    log: Path
    chosen: Mapping[str, str] = field(default_factory=dict)
