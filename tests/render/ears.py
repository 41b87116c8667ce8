"""What tests of sound share: sounds written sample by sample, and the mix that a timeline's own command makes."""

import subprocess
import wave
from array import array
from collections.abc import Sequence
from math import pi, sin
from pathlib import Path

from tests import footage
from tests.render.studio import Shelf
from videogen.model.media import Loudness
from videogen.model.profile import Profile
from videogen.model.timeline import Timeline
from videogen.plan.encode import encode_sound

RATE = 48000
Ear = Sequence[float]


def wav(path: Path, *ears: Ear, rate: int = RATE) -> Path:
    """Write samples of -1 to 1 as 16 bits, one channel for each ear."""
    mixed = array("h", (round(32767 * sample) for both in zip(*ears, strict=True) for sample in both))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(ears))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(mixed.tobytes())
    return path


def tone(hz: int, seconds: float, peak: float = 0.5, rate: int = RATE) -> list[float]:
    """Give a sine from phase 0."""
    return [peak * sin(2 * pi * hz * n / rate) for n in range(int(seconds * rate))]


def take(shelf: Shelf, path: Path, peak_dbtp: float | None = None, lufs: float = -20) -> str:
    """Put a sound on the shelf, with a true peak and a loudness where those are known."""
    asset = shelf.take(path, "source")
    heard = shelf.media[asset].sound
    if peak_dbtp is not None and heard is not None:
        loudness = Loudness(integrated_lufs=lufs, true_peak_dbtp=peak_dbtp, range_lu=1)
        shelf.media[asset] = shelf.media[asset].model_copy(
            update={"sound": heard.model_copy(update={"loudness": loudness})}
        )
    return asset


def mixed(shelf: Shelf, timeline: Timeline) -> tuple[Ear, Ear]:
    """Run the sound's own command with plain samples in place of AAC: left and right."""
    argv = encode_sound(timeline, shelf.media, Profile(canvas=timeline.canvas))
    begin, end = argv.index("-map"), argv.index("step:out")
    plain = [*argv[: begin + 2], "-c:a", "pcm_f32le", "-f", "f32le", *argv[end:]]
    both = array("f", words_raw([shelf.argument(word) for word in plain]))
    return both[0::2], both[1::2]


def words_raw(argv: Sequence[str]) -> bytes:
    """Run the FFmpeg that is always there and give the bytes it wrote."""
    whole = [str(footage.program()), "-hide_banner", "-nostdin", "-v", "error", *argv]
    return subprocess.run(whole, capture_output=True, check=True, timeout=60).stdout
