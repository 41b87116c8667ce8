"""The choice of clips: a bag dealt to the end, the same for the same seed."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from videogen.assemble.choose import choose_clips, choose_track
from videogen.errors import MissingInput

POOLS = some.dictionaries(
    some.text("abcdefghij", min_size=1, max_size=3), some.integers(1, 400), min_size=1, max_size=12
)
SEEDS = some.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(POOLS, some.integers(1, 5000), SEEDS)
def test_clips_cover_the_need_and_no_more(pool: dict[str, int], need: int, seed: int) -> None:
    """Together they are long enough, and without the last one they are not (A18)."""
    chosen = choose_clips(list(pool.items()), need, seed)

    lengths = [pool[name] for name in chosen]
    assert sum(lengths) >= need > sum(lengths[:-1])


@settings(deadline=None)
@given(POOLS, some.integers(1, 5000), SEEDS)
def test_no_clip_again_before_all_were_shown(pool: dict[str, int], need: int, seed: int) -> None:
    """Every stretch as long as the pool, from the start, holds each clip once; never twice in a row (A18)."""
    chosen = choose_clips(list(pool.items()), need, seed)

    for start in range(0, len(chosen), len(pool)):
        bag = chosen[start : start + len(pool)]
        assert len(set(bag)) == len(bag)
    assert len(pool) == 1 or all(a != b for a, b in itertools.pairwise(chosen))


@settings(deadline=None)
@given(POOLS, some.integers(1, 3000), SEEDS, some.randoms())
def test_choice_is_the_seed_s_alone(pool: dict[str, int], need: int, seed: int, chance: object) -> None:
    """The order in which the library lists its clips changes nothing: the seed replays the choice (A18)."""
    listed = list(pool.items())
    chance.shuffle(listed)  # type: ignore[attr-defined]

    assert choose_clips(listed, need, seed) == choose_clips(list(pool.items()), need, seed)


def test_different_seeds_choose_differently() -> None:
    """Ten seeds do not all deal the same order."""
    pool = [(name, 30) for name in "abcdefgh"]

    assert len({choose_clips(pool, 200, seed) for seed in range(10)}) > 1


def test_empty_pools_are_named() -> None:
    """Nothing to choose from is a missing input that says where to drop some."""
    with pytest.raises(MissingInput, match="raw/video"):
        choose_clips([], 10, 1)
    with pytest.raises(MissingInput, match="raw/music"):
        choose_track([], 1)


@settings(deadline=None)
@given(some.lists(some.text(min_size=1, max_size=4), min_size=1, unique=True), SEEDS)
def test_track_is_of_the_pool_and_repeatable(pool: list[str], seed: int) -> None:
    """The drawn track is one of the pool, whatever its order."""
    assert choose_track(pool, seed) == choose_track(pool[::-1], seed)
    assert choose_track(pool, seed) in pool


def test_a_seed_deals_the_same_hand_for_ever() -> None:
    """What a seed in an old metadata.json chose, it chooses today, on every machine and Python (A18)."""
    pool = [(name, 10) for name in "abcdef"]

    assert "".join(choose_clips(pool, 150, 2025)) == "bcfdaefeabdcbcf"
    assert choose_track(list("abcdef"), 2025) == "e"


@settings(deadline=None)
@given(some.integers(1, 5000), SEEDS)
def test_the_only_clip_repeats(need: int, seed: int) -> None:
    """A pool of one is shown over and over, for as long as it takes."""
    assert choose_clips([("only", 7)], need, seed) == ("only",) * -(-need // 7)
