"""Keyframes in few words: what is written is read back, and stays small however long the clip is."""

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from videogen.model.gops import MAX_RUNS, gops_of


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(0, 5))
def test_keyframes_are_read_back(steps: list[int], first: int) -> None:
    """Whatever stands between them, the keyframes listed are those that were given, and the longest GOP is told."""
    numbers = list(accumulate(steps, initial=first))
    frames = numbers[-1] + 7

    gops = gops_of(numbers, frames, is_closed=True)

    assert gops is not None
    assert (list(gops.numbers()), gops.keyframes, gops.is_every) == (numbers, len(numbers), True)
    assert gops.longest == max(after - before for before, after in pairwise([0, *numbers, frames]))


def test_six_hours_of_keyframes_alone_are_one_run() -> None:
    """A clip of nothing but keyframes takes no more room than one of a few."""
    gops = gops_of(list(range(1_296_000)), 1_296_000, is_closed=True)

    assert gops is not None
    assert (gops.steps, gops.longest, gops.is_every) == ("0 1*1295999", 1, True)


def test_many_uneven_gops_are_thinned() -> None:
    """Where keyframes are too many to list, those listed are still keyframes, spread over the whole clip."""
    numbers = list(accumulate((50 + n * n % 97 for n in range(20_000)), initial=0))

    gops = gops_of(numbers, numbers[-1] + 50, is_closed=None)

    assert gops is not None
    listed = list(gops.numbers())
    assert (gops.keyframes, gops.is_every) == (20_001, False)
    assert set(listed) < set(numbers)
    assert MAX_RUNS / 2 < len(gops.steps.split()) <= MAX_RUNS
    assert len(gops.steps) < 6000
    assert listed[-1] > numbers[-1] * 0.95


def test_no_keyframe_is_no_gop() -> None:
    """A clip without a keyframe has no GOPs to tell of."""
    assert gops_of([], 5, is_closed=True) is None
