"""Beats found against beats known: `python -m bench.beats`.

Truth is the tempo map of MIDI files that people wrote (Debian's openttd-openmsx), played by fluidsynth with
timgm6mb-soundfont. Librosa's own tracker is shown beside ours, by the measures of mir_eval: F within 70 ms, and AMLt,
the share of beats that go on evenly at the tempo or at half or double of it. Wants the extra `scores` as well.
"""

import statistics
import subprocess
import sys
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import row
from bench.media import Media, MissingMediaError
from videogen.beats import beats_of
from videogen.probe import Prober

TUNES = Path("/usr/share/games/openttd/baseset/openmsx")
FONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
RATE = 22050


@dataclass(frozen=True)
class Form:
    """How many tunes, spread over all there are by name, and how many seconds of each."""

    tunes: int
    seconds: int


FORMS = {"full": Form(10, 60), "short": Form(4, 60), "tiny": Form(1, 20)}


def played(midi: Path, wav: Path, seconds: int) -> Path:
    """Play a MIDI file into a WAV file of so many seconds at most."""
    whole = wav.with_suffix(".whole.wav")
    words = ["fluidsynth", "-ni", "-g", "0.6", "-r", str(RATE), "-F", str(whole), str(FONT), str(midi)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with wave.open(str(whole)) as source, wave.open(str(wav), "wb") as cut:
        cut.setparams(source.getparams())
        cut.writeframes(source.readframes(seconds * RATE))
    whole.unlink()
    return wav


def truth_of(midi: Path, seconds: int) -> Any:
    """Give the beats of a MIDI file's tempo map, in seconds."""
    import pretty_midi  # noqa: PLC0415 -- of the extra `scores`

    beats = pretty_midi.PrettyMIDI(str(midi)).get_beats()
    return beats[beats < seconds]


def scored(truth: Any, found: Any) -> tuple[float, float]:
    """Give F and AMLt, the first five seconds left out."""
    import mir_eval  # noqa: PLC0415 -- of the extra `scores`
    import numpy as np  # noqa: PLC0415

    known, told = (mir_eval.beat.trim_beats(np.asarray(one, dtype=float)) for one in (truth, found))
    if len(told) < 2:
        return 0.0, 0.0
    return float(mir_eval.beat.f_measure(known, told)), float(mir_eval.beat.continuity(known, told)[3])


def plain(wav: Path) -> Any:
    """Give what librosa's own tracker says."""
    import librosa  # noqa: PLC0415

    samples, rate = librosa.load(wav, sr=RATE)
    _, frames = librosa.beat.beat_track(y=samples, sr=rate)
    return librosa.frames_to_time(frames, sr=rate)


def measure(table: row.Row, form: Form, _media: Media, folder: Path) -> None:
    """Score both on the same tunes."""
    if not TUNES.is_dir() or not FONT.is_file():
        raise MissingMediaError("Install fluidsynth, timgm6mb-soundfont and openttd-openmsx.")
    every = sorted(TUNES.glob("*.mid"))
    tunes = every[:: max(1, len(every) // form.tunes)][: form.tunes]
    table.describe(f"{len(tunes)} tunes of openttd-openmsx, {form.seconds} s of each, beats by their tempo map")
    ours, theirs, seconds = [], [], []
    for tune in tunes:
        wav = played(tune, folder / f"{tune.stem}.wav", form.seconds)
        truth = truth_of(tune, form.seconds)
        media = Prober().probe(wav, "source")
        began = time.monotonic()
        found = beats_of(wav, media)
        seconds.append(time.monotonic() - began)
        ours.append(scored(truth, [float(at) for at in found.at_s]))
        theirs.append(scored(truth, plain(wav)))
    for name, scores in (("librosa", theirs), ("videogen", ours)):
        for measure_name, nth in (("F", 0), ("AMLt", 1)):
            table.figure(f"{name}, {measure_name}", statistics.mean(score[nth] for score in scores), "of 1")
    table.figure("videogen, a tune", statistics.median(seconds), "s")


if __name__ == "__main__":
    sys.exit(row.program("beats", FORMS, measure))
