"""Captions of a known text: spoken when they say, readable, and none where the text is not what is spoken."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.typing import NDArray

from videogen.aligning import aligned
from videogen.aligning.cues import LINE, LINES, Word, cues_of, lines_of
from videogen.aligning.ear import RATE, decoded, heard, listener, spoken
from videogen.aligning.spelling import phones_of
from videogen.model.media import Media, Sound
from videogen.probe import Prober

SPEECH = "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country."


@pytest.fixture(scope="module")
def decoder() -> Any:
    """The model, loaded once."""
    return listener()


def samples_of(path: Path, container: str, codec: str) -> NDArray[np.int16]:
    """Decode a voice."""
    with path.open("rb") as file:
        return decoded(file.fileno(), container, codec)


def silences(samples: NDArray[np.int16]) -> list[float]:
    """Give both edges, in seconds, of each stretch of a sixth of a second that is 25 dB under the loudest."""
    step = RATE // 50
    loud = np.sqrt(np.mean(samples[: len(samples) // step * step].reshape(-1, step).astype(float) ** 2, axis=1))
    quiet = np.concatenate([[False], loud < loud.max() * 10 ** (-25 / 20), [False]])
    turns = np.flatnonzero(quiet[1:] != quiet[:-1]).reshape(-1, 2)
    return [float(edge) / 50 for start, end in turns if end - start >= 8 for edge in (start, end)]


def test_phrases_begin_and_end_where_the_voice_does(real_media: Path) -> None:
    """A sonnet of 53 s through the walls: each line its caption, each beginning within 0.3 s of a pause."""
    voice = real_media / "s01_sonnet1_en_53s.mp3"
    text = (real_media / "s01_sonnet1_en.txt").read_text(encoding="utf-8")
    found = aligned(voice, text, Prober().probe(voice, "voice"))

    assert found.because == ""
    lines = text.split("\n")
    assert [cue.text.replace("\n", " ") for cue in found.cues if len(cue.text) > 20][3] == lines[4]
    edges = silences(samples_of(voice, "mp3", "mp3"))
    assert len(found.cues) == 15
    for cue in found.cues:
        assert min(abs(cue.start_s - edge) for edge in edges) <= 0.3, cue
    for cue in found.cues:
        assert cue.end_s - cue.start_s <= 7
        assert all(len(line) <= LINE for line in cue.text.split("\n"))
    assert "nothing to hear" in aligned(voice, text, Media()).because


def test_what_is_too_long_is_said() -> None:
    """A voice over ten minutes, and a text of more words than are spoken in them, each by its own figure (D9)."""
    long, short = (
        Media(sound=Sound(codec="mp3float", sample_rate=48000, channels=1, samples=48000 * seconds))
        for seconds in (630, 11)
    )

    assert "lasts 10.5 minutes, and none over 10" in aligned(Path("voice.mp3"), SPEECH, long).because
    assert "5001 words" in aligned(Path("voice.mp3"), "word " * 5001, short).because


@pytest.mark.parametrize(
    "text",
    [
        "Habe nun, ach! Philosophie, Juristerei und Medizin durchaus studiert mit heissem Bemuehn.",
        "From fairest creatures we desire increase, that thereby beauty's rose might never die",
        " ".join(SPEECH.split()[::-1]),
        "世界",
    ],
    ids=["another language", "another text", "backwards", "no letters it knows"],
)
def test_what_is_not_spoken_gets_no_captions(text: str, real_media: Path, decoder: Any) -> None:
    """Nonsense is worse than nothing: it says that the text does not fit, or holds nothing to listen for."""
    samples = samples_of(real_media / "s03_jfk_en_11s.flac", "flac", "flac")
    told = heard(samples, text.split(), decoder)
    assert told["at"] == []
    assert told["because"]
    assert heard(samples, SPEECH.split(), decoder)["because"] == ""


def test_words_in_no_dictionary_are_guessed(decoder: Any) -> None:
    """By the known words inside, else by letters; a guess is always phones that the model has."""
    lookup = decoder.lookup_word
    assert phones_of("country", lookup) == lookup("country")
    assert phones_of("mak'st", lookup) == f"{lookup('make')} S T"
    assert phones_of("sunflowerhouse", lookup) == f"{lookup('sunflower')} {lookup('house')}"
    known = {phone for word in ("the", "beige", "oysters", "jaws", "thing") for phone in lookup(word).split()}
    assert known
    for word in ("xqzpt", "'", "schtroumpf", "a" * 500):
        assert all(phone.isalpha() and phone.isupper() for phone in phones_of(word, lookup).split())


def test_numbers_and_signs_are_read_as_people_do() -> None:
    """Small numbers are words, apostrophes of any kind are one, accents fall away, signs alone are nothing."""
    assert spoken("42,") == ["forty", "two"]
    assert spoken("1") == ["one"]
    assert spoken("1609") == []
    assert spoken("Self-substantial") == ["self", "substantial"]
    assert spoken("feed\u2019st") == ["feed'st"]
    assert spoken("naïve—") == ["naive"]
    assert spoken("—") == []


@given(
    some.lists(
        some.tuples(
            some.text("abcdefgh,.;é", min_size=1, max_size=30),
            some.fractions(0, 2),
            some.fractions(0, 3),
            some.booleans(),
        ),
        max_size=60,
    )
)
def test_captions_rise_and_fit(parts: list[tuple[str, Fraction, Fraction, bool]]) -> None:
    """Whatever the words: every word once and in order, two lines of 42, none over the next, none without time."""
    words, now = [], 0.0
    for text, lasts, pause, ends in parts:
        start = now + float(pause)
        now = start + max(0.05, float(lasts))
        words.append(Word(text, start, now, ends))

    cues = cues_of(words)

    assert " ".join(cue.text.replace("\n", " ") for cue in cues) == " ".join(word.text for word in words)
    for before, cue in pairwise(cues):
        assert before.end_s <= cue.start_s
    for cue in cues:
        assert cue.start_s < cue.end_s
        assert len(cue.text.split("\n")) <= LINES
        assert all(len(line) <= LINE for line in cue.text.split("\n"))


def test_lines_are_about_equally_long() -> None:
    """What does not fit into one line is parted near its middle."""
    assert lines_of("Feed'st thy light's flame with self-substantial fuel,") == [
        "Feed'st thy light's flame", "with self-substantial fuel,",
    ]  # fmt: skip
