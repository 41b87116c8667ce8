"""A tune out of nothing: forty seconds of arpeggios over four slow chords, in stereo.

`python -m tests.tune OUT.wav` writes one to listen to. Plain Python and no NumPy: each note is computed once per
pitch and then laid into the bars, which takes about five seconds.
"""

import subprocess
import sys
import wave
from array import array
from functools import cache
from math import exp, log, pi, sin
from pathlib import Path

RATE = 44100
BAR_S = 5.0
STEPS = 16
PEAK = 0.5
"""The loudest sample, of full scale: room for the overshoot of an MP3 encoder."""

# Four tones a bar, in semitones from A4: A minor 7, F major 7, C over G, G with its ninth.
CHORDS = ((-12, -5, -2, 3), (-16, -9, -5, 0), (-14, -9, -5, -2), (-14, -10, -7, 0))
PATTERN = (0, 1, 2, 3, 2, 1, 3, 2)
BARS = 8


def _frequency_hz(semitone: int) -> float:
    return 440.0 * exp(semitone * log(2) / 12)


@cache
def _pluck(semitone: int) -> "array[float]":
    """Give a struck note that dies away in two seconds."""
    step = 2 * pi * _frequency_hz(semitone) / RATE
    return array(
        "d",
        (
            min(1.0, i / 200) * exp(-i / (0.45 * RATE)) * (sin(step * i) + 0.3 * sin(2 * step * i))
            for i in range(2 * RATE)
        ),
    )


@cache
def _pad(semitone: int) -> "array[float]":
    """Give a note that swells and fades over one bar."""
    step, length = 2 * pi * _frequency_hz(semitone) / RATE, int(BAR_S * RATE)
    return array("d", (sin(pi * i / length) * (sin(step * i) + 0.2 * sin(1.003 * step * i)) for i in range(length)))


def _lay(track: "array[float]", note: "array[float]", at_s: float, gain: float) -> None:
    """Add a note to a track; what would run past the end is left out."""
    start = int(at_s * RATE)
    end = min(len(track), start + len(note))
    track[start:end] = array("d", (old + gain * new for old, new in zip(track[start:end], note, strict=False)))


def _composed() -> "tuple[array[float], array[float]]":
    """Give the left and the right ear."""
    ears = tuple(array("d", bytes(8 * int(BARS * BAR_S * RATE))) for _ in range(2))
    for bar in range(BARS):
        chord = CHORDS[bar % len(CHORDS)]
        for tone in chord[:3]:
            for ear in ears:
                _lay(ear, _pad(tone - 12), bar * BAR_S, 0.3)
        for step in range(STEPS):
            note = _pluck(chord[PATTERN[step % len(PATTERN)]] + (12 if step >= STEPS // 2 else 0))
            # High and low notes sit a little to either side.
            lean = 0.2 * (PATTERN[step % len(PATTERN)] - 1.5) / 1.5
            for ear, gain in zip(ears, (0.5 - lean, 0.5 + lean), strict=True):
                _lay(ear, note, bar * BAR_S + step * BAR_S / STEPS, gain)
    return ears[0], ears[1]


def write_tune(wav: Path) -> None:
    """Write the tune: 40 s, stereo, 44,100 Hz, its loudest sample at `PEAK`, silent at both ends."""
    left, right = _composed()
    scale = PEAK * 32767 / max(abs(sample) for ear in (left, right) for sample in ear)
    length, edge = len(left), RATE
    mixed = array("h")
    for i, ears in enumerate(zip(left, right, strict=True)):
        fade = min(1.0, i / (edge / 20), (length - 1 - i) / (2 * edge))
        mixed.extend(int(scale * fade * sample) for sample in ears)
    if sys.byteorder == "big":
        mixed.byteswap()
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(mixed.tobytes())


def encode_mp3(ffmpeg: Path, wav: Path, mp3: Path) -> None:
    """Write the same sound as an MP3 of good quality."""
    argv = [str(ffmpeg), "-v", "error", "-nostdin", "-y", "-i", str(wav), "-c:a", "libmp3lame", "-q:a", "3", str(mp3)]
    subprocess.run(argv, check=True)


if __name__ == "__main__":
    write_tune(Path(sys.argv[1]))
