"""Descriptions by chance become videos: as long as their timelines, decoded in silence.

`VIDEOGEN_RENDERS=100` renders that many of them; in the suite a handful does.
"""

import json
import os
import subprocess
from pathlib import Path
from threading import Event

import pytest

from tests import footage
from tests.flow.house import House, frames_in
from tests.recipes import shelf
from tests.recipes.descriptions import SMALL, valid
from videogen.wiring import House as Wired

MANY = int(os.environ.get("VIDEOGEN_RENDERS", "3"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shelf as real files, in the folder where descriptions are written, within a spool."""
    house = House(tmp_path_factory.mktemp("rendered") / "spool")
    folder = house.root / "mine"
    folder.mkdir()
    shelf.fill(folder)
    return folder


@pytest.mark.parametrize("seed", range(MANY))
def test_a_valid_description_renders(files: Path, seed: int) -> None:
    """Whatever its words, its times and its sizes, it becomes a video of exactly its frames (C2, C11, D1)."""
    described = valid(seed, SMALL)
    file = files / f"{seed}.json"
    file.write_text(json.dumps({"recipe": described.recipe, **described.words}))
    desk = Wired(files.parent, Event()).desk
    target = files / f"{seed}.mp4"

    done = desk.render(file, target, lambda progress: None)

    said = subprocess.run(
        [str(footage.program()), "-v", "warning", "-i", str(target), "-f", "null", "-"], capture_output=True, check=True
    )
    assert (frames_in(target), said.stderr) == (done.proof.frames, b"")
    assert done.proof.frames >= 1
