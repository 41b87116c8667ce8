"""What main is told to stop ends soon, whatever is in its hand (A2, P16)."""

from dataclasses import replace

import pytest

from tests.jobs.yard import Yard
from videogen import points
from videogen.catalog import Looks
from videogen.cutting import Cutting, Rules
from videogen.errors import Stopped
from videogen.model.media import Media
from videogen.probe import Prober


def test_no_drawing_goes_on_when_main_stops(yard: Yard) -> None:
    """Pictures are neither measured nor drawn any more: a stop would wait for all of them else."""
    folder = yard.composition()
    rules = Rules(stop=yard.stop)
    cutting = Cutting(Prober(), lambda: (yard.root, yard.catalog), rules)
    cutting.read(folder / "composition.json", yard.root.parent)
    yard.stop.set()

    with pytest.raises(Stopped):
        cutting.read(folder / "composition.json", yard.root.parent)
    cutting = Cutting(Prober(), lambda: (yard.root, yard.catalog), replace(rules, stop=None))
    assert cutting.read(folder / "composition.json", yard.root.parent).timeline.length == 10


def test_a_look_that_cannot_be_kept_is_made_again(yard: Yard) -> None:
    """A full disk forgets what was found out of a file, and fails nothing else (A10)."""
    looks = Looks(yard.root)
    points.arm({"VIDEOGEN_FAILPOINTS": "durable.write.before_rename=enospc"})
    try:
        looks.keep("a" * 64, Media())
    finally:
        points.arm({})

    assert looks.of("a" * 64) is None
