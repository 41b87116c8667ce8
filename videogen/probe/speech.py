"""Whether a voice sounds like speech: syllables and the rests between them.

Speech falls nearly silent many times a second; music, noise and tones seldom do. A second counts as speech when a
quarter of its windows hold less than a tenth of its mean power (after Lu, Zhang and Jiang, "Content Analysis for Audio
Classification and Segmentation", 2002: the share of low-energy frames). Music whose notes are short and apart passes
for speech as well, and speech over music or loud noise may not: it is a hint to a person, never a reason to refuse.

Source: tests/probe/test_level.py counts with real speech, real music, tones and noise.
"""

from array import array
from operator import mul

from av.audio.frame import AudioFrame

from videogen.probe.level import SILENCE_DB, graph_of, pulled

RATE = 8000
WINDOW = RATE // 40
LOW_POWER = 0.1
LOW_SHARE = 0.25
_SILENT_POWER = (32768 * 10 ** (SILENCE_DB / 20)) ** 2


class SpeechMeter:
    """Counts the seconds of the frames pushed that sound like speech."""

    def __init__(self, frame: AudioFrame) -> None:
        form = f"sample_fmts=s16:sample_rates={RATE}:channel_layouts=mono"
        self._graph = graph_of(frame, ("aformat", form))
        self._waiting: array[int] = array("h")
        self._seconds = 0
        self._spoken = 0

    def push(self, frame: AudioFrame | None) -> None:
        """Hear one frame more; None is the end."""
        for out in pulled(self._graph, frame):
            self._waiting.frombytes(bytes(out.planes[0])[: 2 * out.samples])
        while len(self._waiting) >= RATE:
            self._judge(self._waiting[:RATE])
            del self._waiting[:RATE]

    def share(self) -> float:
        """Give the share of all seconds that sound like speech; the last one counts where it is half a second."""
        self.push(None)
        if len(self._waiting) >= RATE // 2:
            self._judge(self._waiting)
        return round(self._spoken / max(1, self._seconds), 3)

    def _judge(self, second: "array[int]") -> None:
        windows = [second[at : at + WINDOW] for at in range(0, len(second) - WINDOW + 1, WINDOW)]
        powers = [sum(map(mul, window, window)) / WINDOW for window in windows]
        mean = sum(powers) / len(powers)
        low = sum(power < LOW_POWER * mean for power in powers)
        self._seconds += 1
        self._spoken += mean > _SILENT_POWER and low >= LOW_SHARE * len(powers)
