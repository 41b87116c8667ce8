"""Ten videos of one library, made by a real node: what every test here looks at, or has a copy of."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests import footage
from tests.flow.house import House, shared
from tests.verbs import Said, said_by
from videogen.model.manifest import Manifest

VOICES_S = (0.6, 0.9, 1.3, 1.7, 2.2, 2.6, 3.1, 3.4, 4.0, 4.3)
"""Seconds of the voices; what is not whole seconds ends inside a segment. Every other one has the logo."""
CLIPS_S = {"red": 1.2, "green": 1.5, "blue": 2.1}
ENV = {"VIDEOGEN_SEGMENTS__SECONDS": "0.5", "VIDEOGEN_NODE__WARM": "false"}


def prepare(house: House) -> None:
    """Make ten videos in two turns, with the operator's logo and after it was taken away."""
    house.set_up(resolution="96x54")
    for name, seconds in CLIPS_S.items():
        house.clip(f"{name}.mp4", size=(96, 54), seconds=seconds, sound=False, extra=("-vf", f"hue=h={len(name) * 70}"))
    house.music()
    logo = footage.logo_png(house.root / "logo.png", size=(16, 12))
    for lengths in (VOICES_S[::2], VOICES_S[1::2]):
        for seconds in lengths:
            house.voice(f"tales/s{VOICES_S.index(seconds)}", seconds)
        done = house.run("main", "--once")
        assert done.returncode == 0, done.stderr
        logo.unlink(missing_ok=True)
    done = house.run("node", "--once", env=ENV)
    assert done.returncode == 0, done.stderr
    assert len(house.visible("output")) == len(VOICES_S)


class Archive:
    """A spool with videos, and the command line on it."""

    def __init__(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        self.house = house
        self.root = house.root
        self._capsys = capsys

    def say(self, *words: str) -> Said:
        """Call a verb."""
        return said_by(self.root, self._capsys, *words)

    def told(self, *words: str) -> dict[str, Any]:
        """Call a verb that ends well, and read its JSON."""
        said = self.say(*words, "--json")
        assert said.status == 0, said.err
        found: dict[str, Any] = json.loads(said.out)
        return found

    def manifests(self) -> dict[str, Manifest]:
        """Read all manifests, by story."""
        folders = sorted((self.root / "output").iterdir())
        found = [Manifest.model_validate_json((folder / "manifest.json").read_bytes()) for folder in folders]
        return {one.task.story_name: one for one in found}

    def empty_store(self) -> None:
        """Take every encoded piece away."""
        shutil.rmtree(self.root / "scanned" / ".segments")

    def library(self, name: str) -> Path:
        """Find a clip or a track by the name it was dropped under."""
        (found,) = (self.root / "scanned").rglob(f"*_{name}")
        return found


@pytest.fixture(autouse=True)
def pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the command line use the settings of the node; its log goes again with the test."""
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    yield
    structlog.reset_defaults()


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> Archive:
    """Ten videos that nobody changes."""
    made, _ = shared(tmp_path_factory, "archive", prepare)
    return Archive(made, capsys)


@pytest.fixture
def own(archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Archive:
    """The same videos, to be changed."""
    shutil.copytree(archive.root, tmp_path / "spool", symlinks=True)
    return Archive(House(tmp_path / "spool"), capsys)
