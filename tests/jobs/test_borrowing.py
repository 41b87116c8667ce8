"""A mix without clips of its own waits for the library's, as a voice does, and is never refused for lack of them."""

from pathlib import Path

import pytest

from tests import footage
from tests.assemble.test_assembler import Library
from tests.jobs.yard import Yard
from videogen.jobs import Jobs, Patience

TAPE = "raw/mix/tape"
SETTLE_S = 60.0
SMALL = 'duration_s = 1\n[canvas]\nresolution = "64x36"\nfps = 25\n[titles]\nshow = false\n'


@pytest.fixture
def shelf(yard: Yard) -> Library:
    """The yard's library, and a way to put clips into it; folders in the yard wait for clips that are arriving."""
    yard.jobs.close()
    patience = Patience(yard.jobs._waiting._patience.quiet_s, 60.0, SETTLE_S)
    yard.jobs = Jobs(yard.taker, patience, wake=yard.jobs._wake, clock=yard.clock)
    library = Library(yard.root)
    library.catalog = yard.catalog
    return library


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A second of music."""
    return footage.music_mp3(tmp_path_factory.mktemp("song") / "one.mp3", seconds=1.0).read_bytes()


def drop(yard: Yard, song: bytes, words: str = SMALL) -> Path:
    """Drop a mix of one track; no words: only the track."""
    return yard.drop("mix/tape", {"mix.toml": words, "one.mp3": song} if words else {"one.mp3": song})


@pytest.mark.parametrize("words", [SMALL, ""])
def test_a_mix_waits_for_the_library_s_first_clip(yard: Yard, shelf: Library, song: bytes, words: str) -> None:
    """Without a clip anywhere it waits without end, nothing of it copied; when one is there it goes on (E1)."""
    drop(yard, song, words)

    found = yard.settled(after_s=1000.0)
    assert found.decided == []
    assert yard.tasks() == []
    assert "there are none" in found.waits[TAPE]
    assert (found.is_moving, found.due_s) == (False, None)
    assert yard.files("scanned") == yard.files("trash") == []

    shelf.add("video", "sea")
    assert [verdict.error for verdict in yard.settled().decided] == [None]
    (task,) = yard.tasks()
    assert next(clip["path"] for clip in task["inputs"]["clips"]).endswith("sea.mp4")


def test_clips_that_are_arriving_are_waited_for(yard: Yard, shelf: Library, song: bytes) -> None:
    """While films lie in raw/ undecided it waits for them, with their number, and for no longer than is set (E1)."""
    shelf.add("video", "sea")
    drop(yard, song)
    yard.settled()
    assert len(yard.tasks()) == 1

    other = yard.drop("mix/other", {"mix.toml": SMALL + "#", "one.mp3": song})
    looks = []
    for _ in range(6):
        looks.append(yard.jobs.look(yard.arrivals.look(), coming=2))
        yard.clock.now += 5.0
        yard.jobs._hand.submit(lambda: None).result()
    assert "2 video files are still arriving" in looks[-1].waits["raw/mix/other"]
    assert looks[-1].is_moving

    yard.clock.now += SETTLE_S
    yard.jobs.look(yard.arrivals.look(), coming=2)
    yard.jobs._hand.submit(lambda: None).result()
    assert len(yard.tasks()) == 2
    assert not other.exists()


def test_a_library_that_loses_its_last_clip_is_waited_for(yard: Yard, shelf: Library, song: bytes) -> None:
    """A clip that was taken out of its folder by hand is found out by the draw; the mix waits, and is not refused."""
    clip = shelf.add("video", "sea")
    (yard.root / clip.path).unlink()
    drop(yard, song)

    found = yard.settled()

    assert "there are none" in found.waits[TAPE]
    assert found.decided == []
    assert sorted(path.name for path in (yard.root / TAPE).iterdir()) == ["mix.toml", "one.mp3"]


def test_a_mix_with_a_film_waits_for_no_other(yard: Yard, shelf: Library, song: bytes) -> None:
    """A film in the folder, or one that is named, is all that is shown; the library may be empty (E1)."""
    folder = drop(yard, song)
    footage.clip(folder / "own.mp4", size=(64, 36), seconds=1.0)

    assert [verdict.error for verdict in yard.settled().decided] == [None]


def test_a_mix_is_called_as_it_calls_itself(yard: Yard, shelf: Library, song: bytes) -> None:
    """The name in mix.toml heads its tracklist; the task is found by the folder's name all the same (E2, A6)."""
    shelf.add("video", "sea")
    drop(yard, song, f'name = "Songs for the rain"\n{SMALL}')

    yard.settled()

    assert [(task["story_name"], task["title"]) for task in yard.tasks()] == [("tape", "Songs for the rain")]
