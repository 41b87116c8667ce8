"""A recipe of two keys and a folder of small files, to read descriptions with."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from PIL import Image

from tests import footage
from videogen import cage
from videogen.catalog import Catalog
from videogen.cutting import RECIPES, Cutting, Material, Recipe
from videogen.model.stock import Edited, Mention, Stock
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, ImageOverlay, SoundTrack, TextOverlay, Timeline
from videogen.model.value import Value
from videogen.probe import Prober

CANVAS = {"width": 160, "height": 90, "fps": 25}


class Title(Value):
    """Words, and what they are drawn in."""

    words: str = "Hello"
    font: str | None = None
    align: Literal["left", "right"] = "left"


class Reel(Value):
    """A recipe for tests: films one after the other, a sound, a badge, a title."""

    films: tuple[str, ...] = ()
    sound: str | None = None
    badge: str | None = None
    title: Title = Title()
    seconds: Fraction = Fraction(1)
    quality: int | None = None

    def mentions(self) -> Iterator[Mention]:
        """Name what it names; the badge may be missing."""
        yield from (Mention(f"/films/{nth}", name, "clip") for nth, name in enumerate(self.films))
        if self.sound:
            yield Mention("/sound", self.sound, "sound")
        if self.badge:
            yield Mention("/badge", self.badge, "overlay", is_optional=True)
        if self.title.font:
            yield Mention("/title/font", self.title.font, "font", is_optional=True)


def reel_timeline(reel: Reel, stock: Stock) -> Edited:
    """Lay it out: each film for `seconds`."""
    canvas = Canvas.model_validate(CANVAS)
    each = int(reel.seconds * canvas.fps)
    whole = Range(start=0, end=each * len(reel.films))
    badge = stock.contents.get(reel.badge or "")
    font = stock.contents.get(reel.title.font or "")
    clips = (Clip(asset=stock.contents[name], source=Range(start=0, end=each)) for name in reel.films)
    return Edited(
        Timeline(
            canvas=canvas,
            picture=tuple(clips),
            overlays=(
                TextOverlay(text=reel.title.words, x=10, y=10, size=20, at=whole, font=font),
                *([ImageOverlay(asset=badge, x=100, y=40, at=whole)] if badge in stock.pictures else []),
            ),
            sounds=(SoundTrack(asset=stock.contents[reel.sound]),) if reel.sound else (),
        ),
        (f"seed: {stock.seed}",),
    )


def filled(reel: Reel, sounds: Sequence[str], films: Sequence[str]) -> Reel:
    """Take what the folder holds for what is not named."""
    return reel.model_copy(
        update={"films": reel.films or tuple(films), "sound": reel.sound or next(iter(sounds), None)}
    )


REEL = Recipe("reel", "reel", Reel, ("reel.json", "reel.toml"), frozenset({"films"}), reel_timeline, filled)


class Room(NamedTuple):
    """A folder with a description, and what reads it."""

    folder: Path
    pictures: Path
    cutting: Cutting

    def write(self, words: object, name: str = "reel.json") -> Path:
        """Write a description."""
        path = self.folder / name
        path.write_text(words if isinstance(words, str) else json.dumps(words))
        return path

    def read(self, words: object, **more: Any) -> Material:
        """Read words as the description of the folder."""
        self.write(words)
        return self.cutting.read(self.folder, self.pictures, **more)


def library_of(root: Path) -> Callable[[], tuple[Path, Catalog]]:
    """Give the library of a root."""

    def library() -> tuple[Path, Catalog]:
        catalog = Catalog(root)
        catalog.load()
        return root, catalog

    return library


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two films of two seconds, one silent, a sound, a badge, a text."""
    folder = tmp_path_factory.mktemp("files")
    footage.clip(folder / "red.mp4", size=(160, 90), rate=25, seconds=2)
    footage.clip(folder / "mute.mp4", size=(160, 90), rate=25, seconds=2, sound=False)
    footage.music_mp3(folder / "calm.mp3", seconds=2)
    Image.new("RGBA", (20, 12), (255, 255, 255, 255)).save(folder / "badge.png")
    (folder / "notes.txt").write_text("nothing")
    return folder


@pytest.fixture(scope="session")
def prober() -> Iterator[Prober]:
    """One that looks into files, for all tests here."""
    made = Prober(cage.Limits(memory_bytes=4 << 30, open_files=64))
    yield made
    made.close()


RECIPES_HERE: Mapping[str, Recipe] = {**RECIPES, REEL.name: REEL}


@pytest.fixture
def room(files: Path, prober: Prober, tmp_path: Path) -> Room:
    """A folder of one's own with the files, as one that was dropped."""
    folder, pictures = tmp_path / "mine", tmp_path / "pictures"
    folder.mkdir()
    pictures.mkdir()
    for path in files.iterdir():
        (folder / path.name).hardlink_to(path)
    return Room(folder, pictures, Cutting(prober, library_of(tmp_path / "root"), recipes=RECIPES_HERE))
