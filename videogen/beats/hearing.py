"""Asking for the beats of a file: a child decodes and listens, and only its numbers come back."""

import importlib.util
import json
import os
import sys
from fractions import Fraction
from pathlib import Path
from threading import Event

from videogen import cage
from videogen.errors import Stalled
from videogen.model.media import Media
from videogen.model.stock import Beats

LIMITS = cage.Limits(memory_bytes=6 << 30, open_files=256)
"""Half an hour of samples and what librosa's libraries reserve; the spectrum is made a minute at a time."""
WALL_S = 300.0
ABSENT = "librosa is not installed; install videogen with its extra `beats`"


def beats_of(path: Path, media: Media, stop: Event | None = None) -> Beats:
    """Find the beats of a sound.

    Shape: rising; none where the sound has no steady beat that is sure enough, or cannot be heard, and then `because`
        says why.
    Raises: Stopped: `stop` was set.
    """
    if media.sound is None:
        return Beats(because="there is no sound in it")
    if importlib.util.find_spec("librosa") is None:
        return Beats(because=ABSENT)
    argv = [sys.executable, "-P", "-m", "videogen.beats.ear", media.container, media.sound.codec]
    calm = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "NUMBA_CACHE_DIR") if name in os.environ}
    try:
        with path.open("rb") as file:
            ended = cage.run(
                [*argv, str(file.fileno())],
                LIMITS,
                timeout_s=WALL_S,
                env=cage.child_environment() | kept | calm,
                stop=stop,
                pass_fds=[file.fileno()],
            )
    except Stalled:
        return Beats(because=f"they were not found in {WALL_S:g} s")
    except OSError as error:
        return Beats(because=f"the sound cannot be read ({error.strerror})")
    return _beats(ended.stdout, ended.status)


def _beats(answer: bytes, status: int) -> Beats:
    try:
        told = json.loads(answer)
        return Beats(
            tuple(Fraction(round(at * 1000), 1000) for at in told["at_s"]),
            float(told["confidence"]),
            str(told["because"]),
        )
    except (ValueError, KeyError, TypeError):
        return Beats(because=f"what listens for beats failed on it (status {status})")
