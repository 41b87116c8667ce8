"""A shelf of tiny clips, and a house that renders them."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tests import footage
from tests.render.studio import STORE, House, Shelf, noisy, story
from videogen.model.timeline import Timeline
from videogen.render.video import Done
from videogen.segments import Segments

UsualOf = Callable[..., tuple[House, Done]]


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder on another filesystem."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        pytest.skip("no second filesystem: /dev/shm is missing or the same")
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """Everything that was ever measured in this run."""
    return Shelf()


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> str:
    """Six seconds at 25 frames a second: 150 frames, none like another."""
    return shelf.take(noisy(tmp_path_factory.mktemp("film") / "film.mp4", 25, 6))


@pytest.fixture(scope="session")
def other_film(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> str:
    """Three seconds at 29.97 frames a second."""
    return shelf.take(noisy(tmp_path_factory.mktemp("other") / "other.mp4", Fraction(30000, 1001), 3))


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> str:
    """Two seconds that rise and fall like speech."""
    return shelf.take(footage.voice_mp3(tmp_path_factory.mktemp("voice") / "voice.mp3"), "voice")


@pytest.fixture(scope="session")
def timeline(film: str, other_film: str, voice: str) -> Timeline:
    """Asks for all that a maker does."""
    return story(film, other_film, voice)


@pytest.fixture(scope="session")
def usual(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf, timeline: Timeline) -> UsualOf:
    """The video of the timeline, made once in a house of its own for each length of segments."""
    made = dict[int, tuple[House, Done]]()

    def of(segment_s: int = 2) -> tuple[House, Done]:
        if segment_s not in made:
            folder = tmp_path_factory.mktemp("usual")
            house = House(folder, shelf, Segments(folder / STORE))
            made[segment_s] = house, house.render(timeline, segment_s=segment_s)
        return made[segment_s]

    return of


@pytest.fixture
def warm_house(house: House, usual: UsualOf) -> House:
    """A house whose store holds all that the timeline asks for."""
    shutil.copytree(usual()[0].folder / STORE, house.folder / STORE)
    return house


@pytest.fixture
def house(tmp_path: Path, shelf: Shelf) -> House:
    """An empty store, and all that the shelf holds."""
    return House(tmp_path, shelf, Segments(tmp_path / STORE))
