"""What a video was found to be before it left: numbers, the limits they are held to, and a word for each."""

import zlib
from base64 import b64decode, b64encode
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import Field

from videogen.model.value import Value

Check = Literal[
    "hash",
    "tracks",
    "size",
    "rate",
    "frames",
    "pieces",
    "decode",
    "lengths",
    "index",
    "edits",
    "colour",
    "black",
    "freeze",
    "flash",
    "silence",
    "loudness",
    "peak",
    "clipping",
    "click",
]
"""What is asked of every video, in the order in which a person wants to know it."""
CHECKS: tuple[Check, ...] = get_args(Check)
Verdict = Literal["good", "warn", "bad", "off"]

COLUMNS, ROWS = 8, 6
BLOCKS = COLUMNS * ROWS
"""Blocks of a small picture: enough to tell one picture from another, and a frame costs 50 bytes."""
STEPS = 32
"""Steps of a level in which the change from frame to frame is kept."""


class Limits(Value):
    """What numbers a video may have. `warn` and `off` name checks that refuse nothing, and that are not judged.

    Units: seconds; levels of 256; LU; dB of full scale, true peak; shares of 0 to 1.
    """

    black_s: Annotated[float, Field(gt=0)] = 1.0
    freeze_s: Annotated[float, Field(gt=0)] = 2.5
    flash_levels: Annotated[float, Field(gt=0, le=255)] = 20.0
    silence_s: Annotated[float, Field(gt=0)] = 1.0
    louder_lu: Annotated[float, Field(gt=0)] = 4.0
    quieter_lu: Annotated[float, Field(gt=0)] = 12.0
    peak_dbtp: float = 0.0
    clipped: Annotated[float, Field(ge=0, le=1)] = 0.001
    click_db: Annotated[float, Field(gt=0)] = 18.0
    warn: tuple[Check, ...] = ()
    off: tuple[Check, ...] = ()

    def verdict(self, check: Check) -> Verdict:
        """Give what it means for a video to fail a check."""
        return "off" if check in self.off else "warn" if check in self.warn else "bad"


class Figure(Value):
    """One number and what came of it. `at` are the frames of the trouble, half-open; empty where there is none."""

    check: Check
    verdict: Verdict
    value: int | float | str | None = None
    limit: int | float | str | None = None
    unit: str = ""
    said: str = ""
    """What is wrong, for people; empty where nothing is."""
    at: tuple[tuple[int, int], ...] = ()


class Quality(Value):
    """Everything that was measured of one video, in the order of the checks."""

    version: Literal[1] = 1
    figures: tuple[Figure, ...] = ()

    def of(self, verdict: Verdict) -> tuple[Figure, ...]:
        """Give the figures with a verdict."""
        return tuple(figure for figure in self.figures if figure.verdict == verdict)

    def figure(self, check: Check) -> Figure | None:
        """Give what was found of one thing."""
        return next((figure for figure in self.figures if figure.check == check), None)


class Heard(Value):
    """What was measured of a sound. Units: LUFS, dB of full scale, seconds from its first sample.

    `true_peak_dbtp` is measured where `is_peak_true`, else what it cannot exceed. `loudness_lufs` None: it is silent.
    """

    samples: int
    sample_rate: int
    loudness_lufs: float | None = None
    peak_dbfs: float | None = None
    true_peak_dbtp: float | None = None
    is_peak_true: bool = False
    clipped: float = 0.0
    silences: tuple[tuple[float, float], ...] = ()
    clicks: tuple[tuple[float, float], ...] = ()
    """Places of joins, in seconds, and by how many dB a jump there stands out of the sound around it."""


Sort = Literal["black", "still", "odd"]
"""What a picture may be that a video should not show unless its source does; `odd` is unlike the frames beside it."""


class Spell(Value):
    """A stretch of frames of one sort, half-open. `is_own`: its source is so as well; None: it could not be asked."""

    sort: Sort
    start: int
    end: int
    is_own: bool | None = None


class Look(Value):
    """What every frame of a segment looks like: enough to judge any cut of it without decoding it again.

    Shape: `trace` holds three columns, packed: how far each frame is from the one before, how many of its points are
        light, and its small picture. Units: 1/STEPS of a level; thousandths of the points, at most 255.
    """

    version: Literal[1] = 1
    frames: int
    trace: str
    spells: tuple[Spell, ...] = ()

    @classmethod
    def of(cls, changes: bytes, lights: bytes, pictures: bytes) -> "Look":
        """Pack the columns."""
        packed = zlib.compress(changes + lights + _apart(pictures), 6)
        return cls(frames=len(changes), trace=b64encode(packed).decode("ascii"))

    @cached_property
    def _columns(self) -> bytes:
        raw = zlib.decompress(b64decode(self.trace))
        if len(raw) != self.frames * (2 + BLOCKS):
            raise ValueError("the trace is not as long as its frames")
        return raw

    @property
    def changes(self) -> bytes:
        """How far each frame is from the one before; of the first, nothing is known: 0."""
        return self._columns[: self.frames]

    @property
    def lights(self) -> bytes:
        """How many points of each frame are light."""
        return self._columns[self.frames : 2 * self.frames]

    def picture(self, frame: int) -> bytes:
        """Give a frame's small picture."""
        return self._pictures[frame * BLOCKS : (frame + 1) * BLOCKS]

    @cached_property
    def _pictures(self) -> bytes:
        return _together(self._columns[2 * self.frames :])


def _apart(pictures: bytes) -> bytes:
    """Put the blocks of all pictures one after another, each as its difference to the picture before: it packs well."""
    out = bytearray()
    for block in range(BLOCKS):
        levels = pictures[block::BLOCKS]
        out += bytes((level - before) % 256 for before, level in zip(b"\0" + levels, levels, strict=False))
    return bytes(out)


def _together(raw: bytes) -> bytes:
    frames = len(raw) // BLOCKS
    out = bytearray(len(raw))
    for block in range(BLOCKS):
        level = 0
        for nth, step in enumerate(raw[block * frames : (block + 1) * frames]):
            level = (level + step) % 256
            out[nth * BLOCKS + block] = level
    return bytes(out)


def difference(one: bytes, other: bytes) -> float:
    """Give how far two small pictures are apart, in levels."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / BLOCKS
