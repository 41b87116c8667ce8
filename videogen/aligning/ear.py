"""The program that listens for known words: `python -m videogen.aligning.ear CONTAINER CODEC SOUND TEXT`.

SOUND and TEXT are descriptors. It prints, as JSON, when each word of the text is spoken and how well that fits. It
loads its model, shuts itself in, and only then lets a decoder see the file.
"""

import importlib
import json
import math
import pkgutil
import re
import statistics
import sys
import unicodedata
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

from videogen import jail
from videogen.aligning.spelling import phones_of

RATE = 16000
FRAMES_A_SECOND = 100
LEAST_FIT = -3.4
"""Log-likelihood of a frame, by the median of the words. The right text comes to -1.7 to -2.2, another text, another
language or the same words in another order to -4.1 and below. Source: measured on speech, tests/aligning."""


ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spoken(word: str) -> list[str]:
    """Give what is listened for of a word as it is written: its parts in plain small letters.

    Numbers below a hundred are read out; how larger ones are read is anybody's choice, so they are not listened for.
    """
    digits = word.strip(".,;:!?()[]\"'")
    if re.fullmatch("[0-9]{1,2}", digits):
        number = int(digits)
        tens = [TENS[number // 10 - 2]] if number >= 20 else []
        return tens + ([ONES[number % 10 if number >= 20 else number]] if not tens or number % 10 else [])
    plain = unicodedata.normalize("NFKD", word.replace("\u2019", "'")).encode("ascii", "ignore").decode().lower()
    return [part.strip("'") for part in re.findall(r"[a-z']+", plain) if part.strip("'")]


def heard(samples: NDArray[np.int16], words: list[str], decoder: Any) -> dict[str, Any]:
    """Give for each word its start and end in seconds, or none; `fit`; and why there are none."""
    parts = [(nth, part) for nth, word in enumerate(words) for part in spoken(word)]
    if not parts:
        return {"at": [], "fit": None, "because": "there are no words of Latin letters in it"}
    for part in dict.fromkeys(part for _, part in parts):
        if decoder.lookup_word(part) is None:
            decoder.add_word(part, phones_of(part, decoder.lookup_word), False)
    decoder.set_align_text(" ".join(part for _, part in parts))
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), full_utt=True)
    decoder.end_utt()
    found = [one for one in decoder.seg() or () if not one.word.startswith(("<", "["))]
    if len(found) != len(parts):
        return {"at": [], "fit": None, "because": "the text does not fit the voice"}
    lengths = [one.end_frame - one.start_frame + 1 for one in found]
    fits = [math.log(max(one.ascore, 1e-300)) / length for one, length in zip(found, lengths, strict=True)]
    fit = statistics.median(fits)
    if fit < LEAST_FIT:
        return {"at": [], "fit": round(fit, 2), "because": f"the text does not fit the voice ({fit:.1f})"}
    at: list[list[float] | None] = [None] * len(words)
    for (nth, _), one in zip(parts, found, strict=True):
        start, end = one.start_frame / FRAMES_A_SECOND, (one.end_frame + 1) / FRAMES_A_SECOND
        known = at[nth]
        at[nth] = [known[0], end] if known else [start, end]
    return {"at": at, "fit": round(fit, 2), "because": ""}


def decoded(file: int, container: str, codec: str) -> NDArray[np.int16]:
    """Decode a sound to one channel."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    options = {"codec_whitelist": f"{codec},mp3float" if codec == "mp3" else codec}
    blocks: list[NDArray[np.int16]] = []
    given = open(file, "rb", closefd=False)  # noqa: SIM115 -- it ends with the process
    with av.open(given, "r", format=container or None, options=options) as source:
        for frame in source.decode(audio=0):
            blocks += [np.asarray(part.to_ndarray().reshape(-1), np.int16) for part in resampler.resample(frame)]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def listener() -> Any:
    """Load the model. Shape: it knows 130,000 English words."""
    return Decoder(lm=None, loglevel="FATAL")


def main(words: list[str]) -> None:
    """Listen, and print."""
    container, codec, sound, text = words
    with open(int(text), encoding="utf-8") as file:
        said = json.load(file)
    decoder = listener()
    av.AudioResampler(format="s16", layout="mono", rate=RATE)
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in {"av.__main__", "av.datasets"}:
            importlib.import_module(module.name)
    jail.enclose()
    sys.stdout.write(json.dumps(heard(decoded(int(sound), container, codec), said, decoder)))


if __name__ == "__main__":
    main(sys.argv[1:])
