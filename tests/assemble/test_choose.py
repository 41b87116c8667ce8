"""The choice of clips: the least used first, near twins as one, the same for the same seed and the same facts."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests import papers
from videogen.assemble.choose import Hand, choose_clips, choose_track
from videogen.errors import MissingInput
from videogen.model.choice import Candidate

SEEDS = some.integers(0, 2**32 - 1)
NEEDS = some.integers(1, 500)
"""Frames: a dozen times what the longest clip has, so that a pool is gone through twice and more."""


def candidate(name: str, frames: int = 30, **more: object) -> Candidate:
    """Give a candidate by its name; its lot is that of the name's hash."""
    return Candidate.model_validate({"path": name, "sha256": papers.digest(name), "frames": frames, **more})


@some.composite
def pools(draw: some.DrawFn, most: int = 14) -> list[Candidate]:
    """Draw pools with uses, weights, twins and clips that rest."""
    names = draw(some.lists(some.text("abcdefghij", min_size=1, max_size=3), min_size=1, max_size=most, unique=True))
    return [
        candidate(
            name,
            draw(some.integers(1, 40)),
            uses=draw(some.integers(0, 3)),
            weight=draw(some.sampled_from([0.5, 1.0, 1.0, 2.0, 3.7])),
            twin=draw(some.sampled_from(["", "", "x", "y"])),
            is_resting=draw(some.booleans()),
        )
        for name in names
    ]


def faces(chosen: tuple[Candidate, ...] | list[Candidate]) -> list[str]:
    """Give the faces of what was chosen."""
    return [one.face for one in chosen]


@given(pools(), NEEDS, SEEDS)
def test_clips_cover_the_need_and_no_more(pool: list[Candidate], need: int, seed: int) -> None:
    """Together they are long enough, and without the last one they are not (A18)."""
    lengths = [one.frames for one in choose_clips(Hand(pool), need, seed)]

    assert sum(lengths) >= need > sum(lengths[:-1])


@given(pools(), NEEDS, SEEDS)
def test_no_face_again_before_all_were_shown(pool: list[Candidate], need: int, seed: int) -> None:
    """Every stretch as long as the pool has faces shows each once; no two near twins in a row, of two faces (A18)."""
    count = len(set(faces(pool)))

    shown = faces(choose_clips(Hand(pool), need, seed))

    for start in range(0, len(shown), count):
        bag = shown[start : start + count]
        assert len(set(bag)) == len(bag)
    assert count == 1 or all(a != b for a, b in itertools.pairwise(shown))


@given(pools(), NEEDS, SEEDS, some.randoms())
def test_order_of_the_library_changes_nothing(pool: list[Candidate], need: int, seed: int, chance: Random) -> None:
    """However the library lists its clips, the seed gives the same choice (A18)."""
    listed = list(pool)
    chance.shuffle(listed)

    assert choose_clips(Hand(listed), need, seed) == choose_clips(Hand(pool), need, seed)


@given(pools(), NEEDS, SEEDS)
def test_what_was_chosen_chooses_itself(pool: list[Candidate], need: int, seed: int) -> None:
    """The rule over nothing but what it chose gives the same again: recording that is enough to replay it (A18)."""
    chosen = choose_clips(Hand(pool), need, seed)

    assert choose_clips(Hand(sorted(set(chosen), key=lambda one: one.path)), need, seed) == chosen


@given(pools(), SEEDS)
def test_first_bag_goes_by_rest_and_level(pool: list[Candidate], seed: int) -> None:
    """What rests comes last, and else what was used least for its weight comes first (A18)."""
    plain = [one.model_copy(update={"twin": ""}) for one in pool]

    chosen = choose_clips(Hand(plain), sum(one.frames for one in plain), seed)

    order = [(one.is_resting, one.level) for one in chosen]
    assert order == sorted(order)
    assert len(chosen) == len(plain)


@given(pools(), SEEDS)
def test_track_is_of_the_lowest(pool: list[Candidate], seed: int) -> None:
    """The track is one that rested, if there is one, and of these one of the least used for its weight (A18)."""
    track = choose_track(Hand(pool), seed)

    lowest = min((one.is_resting, one.level) for one in pool)
    assert (track.is_resting, track.level) == lowest


def test_heavier_clips_come_more_often() -> None:
    """Over many videos a clip of weight 3 is shown three times as often as one of weight 1 (A18)."""
    uses = dict.fromkeys("abcdefgh", 0)
    for seed in range(100):
        pool = [candidate(name, uses=used, weight=3.0 if name == "a" else 1.0) for name, used in uses.items()]
        for one in choose_clips(Hand(pool), 60, seed):
            uses[one.path] += 1

    assert sum(uses.values()) == 200
    assert {uses[name] for name in "bcdefgh"} <= {19, 20, 21}
    assert uses["a"] in {58, 59, 60, 61, 62}


def test_every_clip_has_its_turn() -> None:
    """Over many videos of few clips each, the most and the least used are one use apart (A18)."""
    uses = {f"clip {nth}": 0 for nth in range(50)}
    for seed in range(33):
        pool = [candidate(name, uses=used) for name, used in uses.items()]
        for one in choose_clips(Hand(pool), 7 * 30, seed):
            uses[one.path] += 1
        assert max(uses.values()) - min(uses.values()) <= 1

    assert sum(uses.values()) == 33 * 7


def test_clips_meet_by_chance() -> None:
    """Of 1,000 equals two videos share as few clips as chance has it, and each order is another: no neighbours."""
    pool = Hand([candidate(f"clip {nth}") for nth in range(1000)])

    dealt = [faces(choose_clips(pool, 600, seed)) for seed in range(100)]

    pairs = [pair for one in dealt for pair in itertools.pairwise(one)]
    assert len(set(pairs)) > 0.98 * len(pairs)
    shared = [len(set(a) & set(b)) for a, b in itertools.combinations(dealt, 2)]
    assert 0.2 < sum(shared) / len(shared) < 0.6  # 20 of 1,000 twice: 0.4
    assert len({face for one in dealt for face in one}) > 800  # 1000 * (1 - 0.98^100) = 867


def test_more_than_are_sorted_first_come_in_one_order() -> None:
    """A draw that goes beyond the few that are sorted first goes on where they end, each once."""
    pool = [candidate(f"clip {nth}") for nth in range(700)]

    whole = choose_clips(Hand(pool), 700 * 30, 5)

    assert len(set(faces(whole))) == 700
    assert choose_clips(Hand(pool), 200 * 30, 5) == whole[:200]


def test_different_seeds_choose_differently() -> None:
    """Ten seeds do not all deal the same order."""
    pool = Hand([candidate(name) for name in "abcdefgh"])

    assert len({choose_clips(pool, 200, seed) for seed in range(10)}) > 5


def test_empty_pools_are_named() -> None:
    """Nothing to choose from is a missing input that says where to drop some."""
    with pytest.raises(MissingInput, match="raw/video"):
        choose_clips(Hand([]), 10, 1)
    with pytest.raises(MissingInput, match="raw/music"):
        choose_track(Hand([]), 1)


def test_a_seed_deals_the_same_hand_for_ever() -> None:
    """What a seed in a metadata.json chose, it chooses on every machine and Python to come (A18)."""
    pool = Hand([candidate(name, 10) for name in "abcdef"])

    assert "".join(one.path for one in choose_clips(pool, 150, 2025)) == "befdacebdfcadca"
    assert choose_track(pool, 2025).path == "b"


@given(NEEDS, SEEDS)
def test_the_only_clip_repeats(need: int, seed: int) -> None:
    """A pool of one is shown over and over, for as long as it takes."""
    assert [one.path for one in choose_clips(Hand([candidate("only", 7)]), need, seed)] == ["only"] * -(-need // 7)
