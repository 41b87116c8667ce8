"""Side files: what older ones lack is read as not measured, and what is measured stays small (A5, A20)."""

import json
from itertools import accumulate

import pytest

from tests import papers
from videogen.model.gops import gops_of
from videogen.model.media import Level, Media, View
from videogen.model.warning import WARNINGS, warnings_of

NEW_OF_PICTURE = {"is_sampled", "field_order", "angle_deg", "is_mirrored", "has_alpha", "gops", "view", "fingerprint"}


def test_older_side_files_say_nothing_of_what_they_did_not_measure() -> None:
    """A side file of before is read, has no warnings, and none can be made of it."""
    words = json.loads(papers.picture().to_json())
    del words["warnings"]
    for field in NEW_OF_PICTURE:
        del words["picture"][field]

    old = Media.model_validate_json(json.dumps(words))

    assert old.picture is not None
    assert (old.picture.gops, old.picture.view, old.picture.fingerprint) == (None, None, "")
    assert warnings_of(old.picture, papers.sound(44100).sound) == old.warnings == ()


def test_the_side_file_of_six_hours_is_small() -> None:
    """The most that six hours can say of keyframes and stretches takes less than 10 kB."""
    numbers = list(accumulate((20 + n * n % 89 for n in range(20_000)), initial=0))
    frames = 6 * 3600 * 60
    spans = tuple((frames - 9000 + 200 * n, frames - 8900 + 200 * n) for n in range(32))

    media = papers.picture(
        6 * 3600,
        rate=60,
        gops=gops_of(numbers, frames, is_closed=True),
        view=View(frames=frames, black=spans, black_frames=3200, frozen=spans, frozen_frames=3200),
        fingerprint="0123456789abcdef" * 8,
    )

    assert len(media.model_copy(update={"warnings": tuple(WARNINGS)}).to_json()) < 10_000


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ()),
        ({"clipped": 0.0009}, ()),
        ({"clipped": 0.001}, ("clipping",)),
        ({"silence_after_s": 3, "speech": 0.2}, ("long-silence", "little-speech")),
        ({"silence_before_s": 10, "silent_channels": 2, "speech": 0.0}, ("silent",)),
        ({"silent_channels": 1}, ("one-sided",)),
    ],
)
def test_levels_have_their_words(facts: dict[str, float], words: tuple[str, ...]) -> None:
    """Each warning begins at its threshold, in the order of the table, and silence says no more than that."""
    level = Level.model_validate({"silence_before_s": 0, "silence_after_s": 0, "clipped": 0, **facts})
    sound = papers.sound(441_000).sound

    assert sound is not None
    assert warnings_of(None, sound.model_copy(update={"level": level})) == words


def test_every_warning_has_its_sentence() -> None:
    """Each word stands for one whole sentence."""
    assert all(word.islower() and sentence[0].isupper() and sentence[-1] == "." for word, sentence in WARNINGS.items())
