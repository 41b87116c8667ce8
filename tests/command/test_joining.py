"""Pieces become a whole only when all are there, or when it was said that they need not be."""

from fractions import Fraction

import pytest

from videogen.command.chunks import Chunk, chunks
from videogen.command.joining import expect_all, gaps, missing
from videogen.errors import Defect
from videogen.model.timebase import Range

PIECES = chunks(1200, Fraction(25), chunk_frames=200)
"""Six pieces."""


def test_missing_names_what_is_not_done() -> None:
    """What is not done is given in order, whatever the order of the rest (B5)."""
    assert [piece.id for piece in missing(PIECES[::-1], {5, 0, 3})] == [1, 2, 4]
    assert missing(PIECES, range(6)) == ()


def test_strict_joining_fails_and_says_which() -> None:
    """One piece missing fails the join and is named; all there is silence (B5)."""
    expect_all(PIECES, range(6))
    with pytest.raises(Defect) as caught:
        expect_all(PIECES, {0, 1, 3, 5})

    assert caught.value.message == "the video cannot be joined: piece 2, 4 of 6 missing"
    assert caught.value.facts == {"missing": [2, 4]}
    assert caught.value.word == "pieces-missing"


def test_permissive_joining_tells_the_black() -> None:
    """Neighbours that are missing are one stretch of black (B5)."""
    assert gaps(PIECES, {0, 3}) == (Range(start=200, end=600), Range(start=800, end=1200))
    assert gaps(PIECES, range(6)) == ()


def test_many_missing_pieces_are_counted() -> None:
    """A message does not list a thousand numbers."""
    many = chunks(20_000, Fraction(25), chunk_frames=200)
    with pytest.raises(Defect, match=r"piece 1, 2, 3, 4, 5, 6, 7, 8 and 91 more of 100 missing"):
        expect_all(many, {0})


HOLED = (PIECES[0], Chunk(id=1, span=Range(start=201, end=400)))

BROKEN = {
    "a number is missing": (PIECES[1:], {1}, "not numbered"),
    "a number stands twice": ((PIECES[0], PIECES[0]), {0}, "not numbered"),
    "spans do not touch": (HOLED, {0}, "do not touch"),
    "a stranger is done": (PIECES, {0, 6}, "nobody asked for piece 6"),
    "nothing is done": (PIECES, set[int](), "piece 0, 1, 2, 3, 4, 5 of 6 missing"),
    "there is nothing": ((), set[int](), "everything of 0 missing"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_joined_is_a_defect(case: str) -> None:
    """Even permissively, a sequence with holes in its numbers or frames, or nothing at all, is no video."""
    pieces, done, words = BROKEN[case]

    with pytest.raises(Defect, match=words):
        gaps(pieces, done)
