"""Asking when a text is spoken: a child decodes and listens, and only its numbers come back."""

import importlib.util
import json
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from videogen import cage
from videogen.aligning.cues import Cue, Word, cues_of
from videogen.errors import Stalled
from videogen.model.media import Media

LIMITS = cage.Limits(memory_bytes=2 << 30, open_files=64)
LONGEST_S = 600
"""Ten minutes take about one of a core, and the assembler waits for it."""
WALL_S = 240.0
WORDS_MOST = 5000
ABSENT = "pocketsphinx is not installed; install videogen with its extra `captions`"


class Aligned(NamedTuple):
    """Captions in seconds of the voice; `because`: why there are none. `fit`: log-likelihood of a frame, about -2."""

    cues: tuple[Cue, ...] = ()
    fit: float | None = None
    because: str = ""


def aligned(voice: Path, text: str, media: Media, stop: Event | None = None) -> Aligned:
    """Find when a text is spoken in a voice, and lay it out as captions.

    Raises: Stopped: `stop` was set.
    """
    lines = [line.split() for line in text.splitlines() if line.split()]
    words = [word for line in lines for word in line]
    if media.sound is None or not words:
        return Aligned(because="there is nothing to hear, or nothing to read")
    if because := _too_long(media.sound.duration_s, len(words)):
        return Aligned(because=because)
    if importlib.util.find_spec("pocketsphinx") is None:
        return Aligned(because=ABSENT)
    told = _told(voice, words, (media.container, media.sound.codec), stop)
    if told is None:
        return Aligned(because="what listens for words failed on it")
    if told["because"]:
        return Aligned(fit=told["fit"], because=str(told["because"]))
    return Aligned(tuple(cues_of(_timed(words, told["at"], set(_ends(lines))))), told["fit"])


def _too_long(lasts_s: Fraction, words: int) -> str:
    """Say what is more than is listened to; empty where nothing is."""
    if lasts_s > LONGEST_S:
        lasts = f"the voice lasts {float(lasts_s) / 60:.1f} minutes"
        return f"{lasts}, and none over {LONGEST_S // 60} is aligned; put an .srt beside it"
    is_much = words > WORDS_MOST
    return f"it has {words} words, and none over {WORDS_MOST} is aligned; cut it to the voice" if is_much else ""


def _ends(lines: list[list[str]]) -> list[int]:
    ends, nth = [], 0
    for line in lines:
        nth += len(line)
        ends.append(nth - 1)
    return ends


def _timed(words: list[str], at: list[list[float] | None], ends: set[int]) -> list[Word]:
    """Give each word its time; one that was not listened for has none of its own, and goes with the one before."""
    timed: list[Word] = []
    first = next((one[0] for one in at if one), 0.0)
    for nth, (word, one) in enumerate(zip(words, at, strict=True)):
        before = timed[-1].end_s if timed else first
        start, end = one or (before, before)
        timed.append(Word(word, start, end, nth in ends))
    return timed


def _told(voice: Path, words: list[str], how: tuple[str, str], stop: Event | None) -> dict[str, Any] | None:
    argv = [sys.executable, "-P", "-m", "videogen.aligning.ear", *how]
    calm = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        with voice.open("rb") as sound, tempfile.TemporaryFile() as text:
            text.write(json.dumps(words).encode())
            text.seek(0)
            given = [sound.fileno(), text.fileno()]
            ended = cage.run(
                [*argv, *map(str, given)],
                LIMITS,
                timeout_s=WALL_S,
                env=cage.child_environment() | calm,
                stop=stop,
                pass_fds=given,
            )
        answer = json.loads(ended.stdout)
        return answer if isinstance(answer, dict) else None
    except (OSError, ValueError, Stalled):
        return None
