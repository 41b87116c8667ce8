"""The program that listens: `python -m videogen.beats.ear CONTAINER CODEC DESCRIPTOR` prints the beats as JSON.

It imports and tries all it will need, shuts itself in, and only then lets a decoder see the file: what is in a file is
anybody's. So librosa, which reads from the disk and compiles when it is first used, is used on a few clicks before.
"""

import importlib
import json
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame

from videogen import jail
from videogen.beats.grid import Curve, Onsets, fitted, followed, sureness

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import librosa

RATE = 22050
HOP = 256
"""Samples: 11.6 ms, a sixth of what is heard as together."""
FRAME = 2048
EARLY_S = 0.0255
"""A stroke shows in the spectrum as soon as a frame's edge meets it. Source: measured on clicks, tests/beats."""
LONGEST_S = 1800
BLOCK = 4096
"""Moments whose spectrum is in memory at a time: 48 s, 40 MB."""
BASS_HZ = 200.0
LEAST_SURE = 0.12
"""Below it are speech (0.04 to 0.08) and noise. Source: measured, tests/beats."""
FEW_S = 3.0
"""A short sound meets some grid by chance: the least is this over its length. Speech of 11 s comes to 0.11."""


def heard(samples: Curve) -> dict[str, Any]:
    """Give the beats of a sound, how sure they are, and why there are none."""
    onsets = onsets_of(samples)
    grid = fitted(onsets)
    if grid is None:
        return _none("nothing begins in it, or it is shorter than four beats")
    beats = followed(onsets, grid)
    sure = sureness(onsets, beats)
    least = max(LEAST_SURE, FEW_S / onsets.length_s)
    if sure < least:
        return _none(f"its beat is not sure enough ({sure:.2f} of 1, and {least:.2f} is the least)", sure)
    at_s = [round(float(at) + EARLY_S, 4) for at in beats if at + EARLY_S >= 0]
    return {"at_s": at_s, "confidence": round(sure, 3), "because": ""}


def _none(because: str, sure: float = 0.0) -> dict[str, Any]:
    return {"at_s": [], "confidence": round(sure, 3), "because": because}


def onsets_of(samples: Curve) -> Onsets:
    """Measure how much begins, by the spectral flux of librosa: in mel bands, and in those of the bass."""
    padded = np.pad(samples.astype(np.float32), FRAME // 2)
    whole: list[Curve] = []
    bass: list[Curve] = []
    moments = max(1, (len(padded) - FRAME) // HOP + 1)
    for first in range(0, moments, BLOCK):
        # One moment more before each block: a flux is a difference.
        begin = max(0, first - 1)
        piece = padded[begin * HOP : (first + BLOCK - 1) * HOP + FRAME]
        power = np.abs(librosa.stft(y=piece, n_fft=FRAME, hop_length=HOP, center=False)) ** 2
        for curves, bands in ((whole, _MEL), (bass, _BASS)):
            level = librosa.power_to_db(bands @ power, ref=1.0, top_db=None)
            flux = librosa.onset.onset_strength(S=np.maximum(level, -40.0), sr=RATE, hop_length=HOP, center=False)
            curves.append(flux[first - begin :])
    return Onsets(np.concatenate(whole), np.concatenate(bass), RATE / HOP)


def decoded(file: int, container: str, codec: str) -> Curve:
    """Decode a sound to one channel. What breaks off is as long as it goes."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    blocks: list[Curve] = []
    have = 0
    options = {"codec_whitelist": f"{codec},mp3float" if codec == "mp3" else codec}
    with (
        open(file, "rb", closefd=False) as given,
        av.open(given, "r", format=container or None, options=options) as source,
    ):
        for frame in _frames(source.decode(audio=0)):
            for part in resampler.resample(frame):
                block = np.asarray(part.to_ndarray().reshape(-1), dtype=np.float64)
                blocks.append(block)
                have += len(block)
            if have > LONGEST_S * RATE:
                break
    return np.concatenate(blocks) if blocks else np.zeros(0)


def _frames(given: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    try:
        yield from given
    except av.FFmpegError:
        return


def _try_all() -> None:
    """Use everything once, while what it needs can still be read from the disk."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in {"av.__main__", "av.datasets"}:
            importlib.import_module(module.name)
    clicks = np.zeros(12 * RATE)
    clicks[:: RATE // 2] = 1.0
    onsets_of(clicks)
    av.AudioResampler(format="flt", layout="mono", rate=RATE)


_MEL = librosa.filters.mel(sr=RATE, n_fft=FRAME)
_BASS = librosa.filters.mel(sr=RATE, n_fft=FRAME, n_mels=8, fmax=BASS_HZ)


def main(words: list[str]) -> None:
    """Listen, and print."""
    warnings.simplefilter("ignore")  # what a person should know is in the answer
    container, codec, descriptor = words
    _try_all()
    jail.enclose()
    told = heard(decoded(int(descriptor), container, codec))
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
