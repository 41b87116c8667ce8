"""Beats: of clicks to a hundredth of a second, none of silence or speech, and from a file behind walls. D2."""

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from videogen.beats import beats_of
from videogen.beats.ear import RATE, decoded, heard
from videogen.beats.grid import Grid, Onsets, followed
from videogen.model.media import Media
from videogen.probe import Prober

LENGTH_S = 20.0


def clicks(bpm: float, *, swing: float = 0.5, low_every: int = 1, offset_s: float = 0.31) -> NDArray[np.float64]:
    """Strike every beat low, and between two of them once, high and softer; at `swing` of the beat."""
    samples = np.zeros(int(LENGTH_S * RATE))
    ring = np.exp(-np.arange(2000) / 300)
    low, high = (ring * np.sin(2 * np.pi * hz * np.arange(2000) / RATE) for hz in (90, 3000))
    beat_s, nth = 60 / bpm, 0
    while (at := offset_s + nth * beat_s) + beat_s < LENGTH_S - 0.1:
        for moment, stroke in ((at, low if nth % low_every == 0 else high), (at + swing * beat_s, 0.4 * high)):
            first = int(moment * RATE)
            samples[first : first + 2000] += stroke
        nth += 1
    return samples


@pytest.mark.parametrize(
    ("bpm", "swing"), [(90.0, 0.5), (120.0, 0.5), (174.0, 0.5), (103.7, 0.5), (100.0, 2 / 3)], ids=str
)
def test_clicks_are_found_where_they_are(bpm: float, swing: float) -> None:
    """D2: every beat within 25 ms, tempo within 0.1 BPM, no octave off and no off-beat, straight or swung."""
    told = heard(clicks(bpm, swing=swing))
    at = np.array(told["at_s"])
    assert told["confidence"] > 0.3
    assert 60 / np.diff(at).mean() == pytest.approx(bpm, abs=0.1)
    off = (at - 0.31) / (60 / bpm)
    assert np.abs(off - np.round(off)).max() * 60 / bpm < 0.025


def test_what_has_no_beat_gets_none() -> None:
    """D2: silence, and noise, say why; a video then cuts by the clock."""
    noise = np.random.default_rng(7).normal(size=int(LENGTH_S * RATE)) * 0.1
    for samples in (np.zeros(int(LENGTH_S * RATE)), noise, clicks(120.0)[:RATE]):
        told = heard(samples)
        assert told["at_s"] == []
        assert told["because"]


def test_players_who_stumble_are_followed() -> None:
    """D2: where the beat jumps by half of it in the middle, each half keeps its own."""
    rate = 86.0
    curve = np.zeros(int(80 * rate))
    beats = [*np.arange(0.5, 40, 0.5), *np.arange(40.25, 79, 0.5)]
    curve[[round(at * rate) for at in beats]] = 1.0
    onsets = Onsets(curve, curve, rate)
    found = followed(onsets, Grid(0.5, 0.5))
    late = found[found > 45]
    assert np.abs((late - 0.25) / 0.5 - np.round((late - 0.25) / 0.5)).max() < 0.1
    early = found[found < 35]
    assert np.abs(early / 0.5 - np.round(early / 0.5)).max() < 0.1
    assert np.diff(found).min() > 0.25


def test_a_file_is_heard_behind_walls(tmp_path: Path) -> None:
    """D2, C11: a real file, decoded in a child that shut itself in; the beats come back in seconds of its sound."""
    path = tmp_path / "clicks.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((clicks(120.0) * 12000).astype("<i2").tobytes())
    beats = beats_of(path, Prober().probe(path, "source"))
    assert beats.because == ""
    assert abs(beats.at_s[3] - beats.at_s[2] - Fraction(1, 2)) < Fraction(1, 100)
    assert min(abs(at - Fraction(131, 100)) for at in beats.at_s) < Fraction(25, 1000)


def test_speech_has_no_beat(real_media: Path) -> None:
    """D2, D3: a voice gets no beats, and says how unsure they were; a file without sound is not even asked."""
    voice = real_media / "s02_interview_en_33s.mp3"
    with voice.open("rb") as file:
        told = heard(decoded(file.fileno(), "mp3", "mp3"))
    assert told["at_s"] == []
    assert "not sure" in told["because"]
    assert "no sound" in beats_of(voice, Media()).because
