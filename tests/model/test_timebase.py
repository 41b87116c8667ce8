"""Exact time: nothing here may ever round twice or drift."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError

from videogen.errors import RecipeError
from videogen.model.timebase import (
    Range,
    frames_of,
    parse_rate,
    parse_resolution,
    rounded,
    samples_of,
    track_timescale,
)

RATES = some.sampled_from([Fraction(r) for r in ("24000/1001", "24", "25", "30000/1001", "30", "60000/1001", "25/2")])


@settings(deadline=None)
@given(some.fractions())
def test_rounding_goes_to_the_nearest(value: Fraction) -> None:
    """The result is at most half away, and a half goes up."""
    assert -Fraction(1, 2) < rounded(value) - value <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (Fraction(1, 2), 1),  # round() would say 0
        (Fraction(5, 2), 3),  # round() would say 2
        (Fraction(-3, 2), -1),
        (Fraction(2**60 * 2 + 1, 2), 2**60 + 1),  # a float has no halves this high
    ],
)
def test_halves_go_up(value: Fraction, whole: int) -> None:
    """A half goes up at any size and on either side of nought."""
    assert rounded(value) == whole


@settings(deadline=None)
@given(some.integers(0, 10**7), RATES)
def test_frames_come_back(frames: int, fps: Fraction) -> None:
    """A length of whole frames is that many frames."""
    assert frames_of(frames / fps, fps) == frames


@settings(deadline=None)
@given(some.integers(0, 10**6), some.integers(0, 10**6), RATES)
def test_samples_of_parts_stay_within_one(first: int, second: int, fps: Fraction) -> None:
    """Samples are reckoned from the beginning, so parts never drift by more than one from the whole (A7)."""
    whole = samples_of(first + second, fps, 48000)

    assert abs(samples_of(first, fps, 48000) + samples_of(second, fps, 48000) - whole) <= 1
    assert abs(Fraction(whole, 48000) - (first + second) / fps) <= Fraction(1, 96000)


@pytest.mark.parametrize(
    ("fps", "scale"),
    [
        (Fraction(1), 16384),  # 512, doubled until it is 10000 or more
        (Fraction(25), 12800),
        (Fraction(25, 2), 12800),
        (Fraction(30000, 1001), 30000),
        (Fraction(2997, 100), 2997 * 512),
        (Fraction(9999, 1000), 9999 * 512),  # one below the limit
        (Fraction(10000, 1001), 10000),
    ],
)
def test_a_frame_is_whole_ticks(fps: Fraction, scale: int) -> None:
    """A track's ticks per second hold every frame exactly, and are fine enough."""
    assert track_timescale(fps) == scale
    assert (scale / fps).denominator == 1


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 2), (-1, 4)])
def test_range_is_not_empty_and_not_before_zero(start: int, end: int) -> None:
    """A range that holds nothing, or begins before the clip, is refused."""
    with pytest.raises(ValidationError):
        Range(start=start, end=end)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("30", Fraction(30)),
        ("29.97", Fraction(2997, 100)),
        ("30000/1001", Fraction(30000, 1001)),
        (" 25 ", Fraction(25)),
        ("1", Fraction(1)),
        ("240", Fraction(240)),
    ],
)
def test_rates_are_read_exactly(text: str, rate: Fraction) -> None:
    """A rate is the fraction that was written."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "fast", "0", "-25", "1/0", "241", "0.99", "240.01", "30,5", "30 fps", "nan", "inf"]
)
def test_wrong_rates_are_refused(text: str) -> None:
    """What is no rate is named in one sentence."""
    with pytest.raises(RecipeError, match="frame rate"):
        parse_rate(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1920",
        "1920x",
        "x1080",
        "1921x1080",
        "1920X1080",
        "0x0",
        "8194x8194",
        "-2x2",
        "14x16",
        "16x14",
        "1920x1081",
        "1920×1080",
        "1920 x 1080",
        "1920x1080x3",
        "١٦x١٦",
        "²x²",
    ],
)
def test_wrong_resolutions_are_refused(text: str) -> None:
    """What is no even picture size is named in one sentence."""
    with pytest.raises(RecipeError, match="resolution"):
        parse_resolution(text)


def test_resolution_is_width_then_height() -> None:
    """The first number is the width."""
    assert parse_resolution("3840x2160") == (3840, 2160)
