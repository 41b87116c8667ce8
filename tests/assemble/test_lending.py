"""What the library lends to a mix: the least used first, enough of it, and never what is gone (E1)."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from tests.assemble.test_assembler import Library
from videogen.assemble import Rule, lent_clips
from videogen.catalog.uses import Use
from videogen.edit.mix import Wanted
from videogen.errors import MissingInput
from videogen.model.timeline import Canvas

CANVAS = Canvas(width=320, height=180, fps=Fraction(30))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Five clips of two categories, ten seconds each; two of them were shown in a video."""
    made = Library(tmp_path)
    for number in range(5):
        made.add("video", f"clip{number}", "sea" if number % 2 else "town", Fraction(10))
    return made


def lent(library: Library, frames: int, *, most: int | None = None, shared: int = 0, seed: int = 1) -> list[str]:
    """Ask for clips."""
    return list(lent_clips(library.root, library.catalog, Rule(), Wanted(frames, most, shared), CANVAS, seed))


def test_enough_is_lent_of_all_categories_without_repetition(library: Library) -> None:
    """All come before any comes again, and where they come again there are never two in a row."""
    order = lent(library, 3600)

    assert len(order) == 12
    assert len(set(order[:5])) == len(set(order[5:10])) == 5
    assert all(one != other for one, other in pairwise(order))
    assert order == lent(library, 3600)
    assert order != lent(library, 3600, seed=2)


@pytest.mark.parametrize(("most", "shared", "count"), [(None, 0, 3), (100, 0, 9), (None, 30, 4), (100, 30, 13)])
def test_what_is_shown_of_each_is_reckoned(library: Library, most: int | None, shared: int, count: int) -> None:
    """A clip shown in part covers less, and so does one that shares frames with the next."""
    assert len(lent(library, 900, most=most, shared=shared)) == count


def test_what_was_shown_less_comes_first(library: Library) -> None:
    """Clips that no video has shown yet come before those of the last one."""
    first = lent(library, 600)
    library.catalog.note_use(Use(task_id="video-1", category="mix", shown=tuple(first)))

    assert set(lent(library, 900)) == set(lent(library, 1500)) - set(first)


def test_a_clip_that_is_gone_is_not_lent(library: Library) -> None:
    """Another draw is made; of nothing nothing is lent."""
    paths = sorted(library.root.glob("scanned/video/*/*/*.mp4"))
    for path in paths[1:]:
        path.unlink()

    assert len(set(lent(library, 900))) == 1

    paths[0].unlink()
    with pytest.raises(MissingInput, match="no clip"):
        lent(library, 900)
