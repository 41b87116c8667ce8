"""A source is cut into pieces that are all of it, once."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videogen.command.chunks import chunks
from videogen.errors import RecipeError

FPS = Fraction(25)
SECONDS = st.fractions(min_value=-10, max_value=5000, max_denominator=1001)
RATES = st.sampled_from([Fraction(1), Fraction(25, 2), Fraction(24000, 1001), Fraction(25), Fraction(240)])


def spans(*arguments: int, chapters: tuple[float, ...] = (), length: int | None = None) -> list[tuple[int, int]]:
    """Cut frames at 25 a second; give where each piece begins and ends."""
    starts = tuple(Fraction(start) for start in chapters)
    return [(c.span.start, c.span.end) for c in chunks(arguments[0], FPS, chapters=starts, chunk_frames=length)]


CASES: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {
    "nothing gives nothing": (spans(0), []),
    "less than nothing gives nothing": (spans(-5), []),
    "one frame is a piece": (spans(1), [(0, 1)]),
    "ten minutes are the length unless said": (spans(40000), [(0, 15000), (15000, 30000), (30000, 40000)]),
    "a remainder of 5 s is a piece": (spans(1125, length=1000), [(0, 1000), (1000, 1125)]),
    "a remainder under 5 s joins": (spans(1124, length=1000), [(0, 1124)]),
    "exact pieces leave no remainder": (spans(2000, length=1000), [(0, 1000), (1000, 2000)]),
    "chapters cut": (spans(1000, chapters=(0, 10, 20)), [(0, 250), (250, 500), (500, 1000)]),
    "what is before the first chapter counts": (spans(500, chapters=(10,)), [(0, 250), (250, 500)]),
    "chapters in any order": (spans(750, chapters=(20, 10)), [(0, 250), (250, 500), (500, 750)]),
    "chapters on one frame are one": (spans(500, chapters=(10, 10.01)), [(0, 250), (250, 500)]),
    "chapters outside are none": (spans(500, chapters=(-3, 20, 99)), [(0, 500)]),
    "a short chapter stays a chapter": (spans(500, chapters=(1, 2)), [(0, 25), (25, 50), (50, 500)]),
    "a long chapter is cut": (spans(900, chapters=(10,), length=300), [(0, 250), (250, 550), (550, 900)]),
    "a remainder never joins the next chapter": (spans(700, chapters=(14,), length=300), [(0, 350), (350, 700)]),
}


@pytest.mark.parametrize("case", CASES)
def test_chunks_are_cut_as_said(case: str) -> None:
    """Each way of cutting gives exactly these pieces (B1)."""
    found, wanted = CASES[case]

    assert found == wanted


@given(st.integers(-3, 200_000), RATES, st.lists(SECONDS, max_size=8), st.none() | st.integers(50, 30_000))
def test_chunks_are_everything_once(frames: int, fps: Fraction, starts: list[Fraction], length: int | None) -> None:
    """Ids count from 0, spans touch, together they are all frames, and none is longer than allowed (B1)."""
    pieces = chunks(frames, fps, chapters=tuple(starts), chunk_frames=length)

    assert [piece.id for piece in pieces] == list(range(len(pieces)))
    edges = [0] + [piece.span.end for piece in pieces]
    assert [piece.span.start for piece in pieces] == edges[:-1]
    assert edges[-1] == max(0, frames)
    longest = length or 600 * fps
    assert all(piece.span.length < longest + min(5 * fps, longest) + 1 for piece in pieces)


@pytest.mark.parametrize(("fps", "length"), [(Fraction(0), None), (FPS, 0), (FPS, -1)])
def test_chunks_have_a_length(fps: Fraction, length: int | None) -> None:
    """A rate or a chunk of nothing is refused, not looped on."""
    with pytest.raises(RecipeError, match="no length"):
        chunks(100, fps, chunk_frames=length)
