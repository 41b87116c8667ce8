"""Main killed before every filesystem call of a folder's way to a task: one task, nothing lost (A1, A2; P1, P5)."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.test_spool_crash import every_death
from tests.crash.tree import memory
from tests.jobs.yard import Yard, described
from videogen.fsck import examine

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def prepare(root: Path) -> None:
    """Drop a folder with a description, a picture deeper down, and notes; nothing in it has to be drawn."""
    files = {"composition.json": described(), "stills/a.png": "", "notes.txt": "remember"}
    Yard(root).drop("composition/first", files)


def take(root: Path) -> None:
    """Take the folder, as main's hand does."""
    yard = Yard(root)
    folder, wants = yard.folder("composition/first")
    yard.taker.take(folder, wants)


def again(root: Path) -> Yard:
    """Start main again on what is left, and let it come to rest."""
    yard = Yard(root)
    yard.catalog.clear_entrance()
    yard.jobs.open()
    for _ in range(3):
        yard.settled()
    yard.jobs.close()
    return yard


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in memory, where there is one: a kill is the same there, and takes less time."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        yield Path(folder)


def test_taking_survives_every_death(place: Path) -> None:
    """Wherever main dies, its next start makes the one task, clears raw/, and leaves nothing half done."""
    for death, root in every_death(place, take, prepare):
        there = {path.name for path in (root / "raw/composition/first").rglob("*") if path.is_file()}
        promoted = (root / "scanned/composition/first").is_dir()
        assert promoted or there == {"composition.json", "a.png", "notes.txt"}, death

        yard = again(root)

        assert len(yard.tasks()) == 1, death
        assert yard.files("raw") == [], death
        assert list((root / "trash/invalid").iterdir()) == [], death
        assert os.listdir(root / "scanned/.incoming") == [], death
        assert [one for one in examine(yard.spool, quick=False) if one.code != "stray"] == [], death
        shutil.rmtree(root)


def prepare_bad(root: Path) -> None:
    """Drop a folder that can become nothing."""
    Yard(root).drop("composition/first", {"composition.json": "{", "stills/a.png": "", "notes.txt": "remember"})


def refuse(root: Path) -> None:
    """Refuse the folder, as main's hand does."""
    yard = Yard(root)
    yard.settled()
    yard.jobs.close()


def test_refusing_survives_every_death(place: Path) -> None:
    """Wherever main dies, the folder is in raw/ or in trash/invalid, whole, and in the end there with its reason."""
    for death, root in every_death(place, refuse, prepare_bad):
        yard = again(root)

        notes = list((root / "trash/invalid").glob("*.reason.json"))
        folders = [note.with_name(note.name.removesuffix(".reason.json")) for note in notes]
        (whole,) = [folder for folder in folders if folder.is_dir()]
        told = str(whole.relative_to(root))
        assert yard.files(told) == ["composition.json", "notes.txt", "stills/a.png"], death
        assert yard.files("raw") == [], death
        assert yard.tasks() == [], death
        shutil.rmtree(root)
