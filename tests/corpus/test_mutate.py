"""Mutants of good files before the inspector: the first of those of tests.corpus.mutate (P8)."""

from pathlib import Path

from tests.corpus.mutants import mutant_of, seeds
from tests.corpus.mutate import Judged, Tally, apart, tried

HERE = 200
"""A minute of them; `python -m tests.corpus.mutate` tries 2,000, and ten thousand with `--long`."""
SLOWEST_S = 10.0


def test_every_mutant_is_taken_or_refused_with_a_known_code(tmp_path: Path) -> None:
    """None kills the inspector, takes 1 GB or 10 s; FFmpeg decodes and counts what is taken as it did (P8, P25).

    Some are taken and some refused, for many reasons: neither the mutator nor the judge is blind.
    """
    tally = tried(tmp_path, 0, HERE)

    assert tally.troubles == []
    assert tally.codes.total() == HERE
    assert tally.codes["scanned"] > HERE // 10
    assert len(tally.codes) > 6
    assert tally.slowest
    assert tally.slowest.seconds < SLOWEST_S


def test_mutant_of_a_number_is_always_the_same(tmp_path: Path) -> None:
    """A number is enough to repeat a mutant, byte for byte, in another place and run."""
    first, again = seeds(tmp_path / "a"), seeds(tmp_path / "b")

    assert [seed.content for seed in first] == [seed.content for seed in again]
    assert all(mutant_of(number, first) == mutant_of(number, again) for number in range(200))


def test_child_that_dies_is_counted(tmp_path: Path) -> None:
    """A child that ends without an answer is told from one that refuses (the judge can fail)."""
    answer, status, _ = apart(tmp_path / "is not there.mp4", "source")
    tally = Tally()

    tally.add(Judged(7, "x.mp4", "bits", "died", "the inspector died of it"))

    assert answer.get("code", "") == "not-regular" or (answer, status) == ({}, 256)
    assert tally.troubles == ["7 (x.mp4, bits): the inspector died of it"]
