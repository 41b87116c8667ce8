"""Files that every kind of command is tried on, and names that a shell or FFmpeg could misread."""

from pathlib import Path

import pytest

from tests import footage
from videogen.ffmpeg import FFmpeg
from videogen.toolchain import find

HOSTILE = "-i concat:a|b $(touch pwned) `touch pwned` 'it''s' \"x\" \\ !! %03d ;&\n\tÜmläut ☃ *?[.mp4"
"""A file name that is an option, a protocol, a pattern, a command and two lines, and ends like a video."""


@pytest.fixture(scope="session")
def bundled() -> FFmpeg:
    """The FFmpeg that videogen finds by itself."""
    return FFmpeg(find("").program)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at 25 frames a second with two keyframes inside and B-frames, and a sound."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return footage.clip(path, size=(64, 48), seconds=3, extra=("-preset", "medium", "-g", 25))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where FFmpeg's words go; not in the folder that outputs are counted in."""
    folder = tmp_path / "words"
    folder.mkdir()
    return folder / "stderr.log"
