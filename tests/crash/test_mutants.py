"""The teeth of these tests: source with one promise left out must not pass them (A3, A10; P1 to P5, P11, P14, P18).

All mutants are tried by `python -m tests.torture`; here it is some, and that all of them still fit the source.
"""

import ast
from pathlib import Path

import pytest

from tests.crash.mutants import MUTANTS, POWER, ROOT, SPOOL, Mutant, Nursery
from videogen import durable

SOME = ("a task is not synced", "the epoch is not raised", "a video is put over another", "a death is no attempt")


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Nursery:
    """A copy in which mutants may live."""
    return Nursery(tmp_path_factory.mktemp("nursery"))


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_mutant_fits_the_source(mutant: Mutant) -> None:
    """The text that a mutant changes stands in the source once, what comes of it is Python, and its tests are there."""
    source = mutant.source(ROOT / "videogen")

    ast.parse(source)
    assert mutant.old != mutant.new
    assert [name for name in mutant.tests if not (ROOT / name).is_file()] == []


def test_there_are_mutants_enough() -> None:
    """At least 25 promises are left out, each in a way of its own, in every module of the protocol."""
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS) >= 25
    assert {mutant.file for mutant in MUTANTS} >= {
        "content.py",
        "disk.py",
        "durable.py",
        "locks.py",
        "spool/heart.py",
        "spool/queue.py",
        "spool/returning.py",
        "spool/rooms.py",
        "spool/sweep.py",
    }


def test_the_source_itself_passes(nursery: Nursery) -> None:
    """Unchanged, the copy passes the tests that some mutants below fail: it is they that are caught."""
    assert nursery.trouble((POWER, SPOOL)) == ""


@pytest.mark.parametrize("why", SOME)
def test_mutant_is_caught(nursery: Nursery, why: str) -> None:
    """A test fails where this promise is left out."""
    (mutant,) = [mutant for mutant in MUTANTS if mutant.why == why]

    assert nursery.is_caught(mutant)


def test_nursery_leaves_the_package_alone(nursery: Nursery) -> None:
    """A mutant lives in the copy only, and not after its time."""
    mutant = MUTANTS[0]
    copy, original = nursery.folder / "videogen" / mutant.file, Path(durable.__file__).parent / mutant.file
    before = original.read_text(encoding="utf-8")

    with nursery.changed(mutant):
        assert copy.read_text(encoding="utf-8") != before
        assert original.read_text(encoding="utf-8") == before

    assert copy.read_text(encoding="utf-8") == before
