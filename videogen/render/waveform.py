"""The sound of a finished video as a picture: its peaks, its effective value, and where it is silent.

The track is decoded once, block by block, in memory that does not grow with its length. Pillow finds the highest sample
and the mean square of each column, so no sample ever becomes a number of Python's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import cast

import av
from PIL import Image, ImageDraw, ImageMath

SIZE = (1600, 200)
SILENCE = 10 ** (-60 / 20)
"""A column with no sample above this is marked as silent: -60 dBFS, what no microphone gives."""
BLOCK_SAMPLES = 1 << 17
"""So many samples of a channel are measured at once: enough to make the calls cheap, half a MiB."""

# The palette: behind, behind silence, the middle line, peaks, effective value.
_BEHIND, _SILENT, _LINE, _PEAK, _EFFECTIVE = range(5)
_COLOURS = (16, 20, 26, 92, 32, 36, 70, 80, 92, 61, 111, 181, 156, 196, 255)


@dataclass(frozen=True)
class Column:
    """What is heard in one stretch, over all channels. Units: of full scale."""

    peak: float
    effective: float


def columns(video: Path, count: int = SIZE[0]) -> list[Column]:
    """Measure the sound of a video in so many stretches of equal length; fewer where it has fewer samples.

    Shape: in order of time; empty where there is no sound.
    Raises: what PyAV raises of a track that cannot be decoded.
    """
    with av.open(str(video), format="mov", options={"protocol_whitelist": "file"}) as container:
        if not container.streams.audio:
            return []
        stream = container.streams.audio[0]
        for other in container.streams:
            if other is not stream:
                other.discard = av.stream.Discard.all
        samples = int((stream.duration or 0) * (stream.time_base or 1) * stream.rate)
        each = max(1, -(-samples // count))
        resampler = av.AudioResampler(format="fltp")
        blocks: list[bytearray] = []
        found: list[Column] = []
        for frame in container.decode(stream):
            for floats in resampler.resample(frame):
                blocks = blocks or [bytearray() for _ in floats.planes]
                for block, plane in zip(blocks, floats.planes, strict=True):
                    block.extend(memoryview(plane)[: 4 * floats.samples])
            if blocks and len(blocks[0]) >= 4 * max(BLOCK_SAMPLES, each):
                found += _measured(blocks, each)
        if blocks and blocks[0]:
            for block in blocks:  # what is left of a column is filled up with silence
                block.extend(bytes(-len(block) % (4 * each)))
            found += _measured(blocks, each)
        return found[: -(-samples // each)]


def waveform(video: Path) -> Image.Image:
    """Draw the sound of a video: peaks dark, the effective value light, full scale at the edges, silence red."""
    heard = columns(video)
    width, height = SIZE
    image = Image.new("P", SIZE, _BEHIND)
    image.putpalette(_COLOURS)
    pen, middle = ImageDraw.Draw(image), (height - 1) / 2
    for x in range(width):
        column = heard[x * len(heard) // width] if heard else Column(0.0, 0.0)
        if column.peak < SILENCE:
            pen.line((x, 0, x, height - 1), _SILENT)
        for share, colour in ((column.peak, _PEAK), (column.effective, _EFFECTIVE)):
            reach = round(min(1.0, share) * middle)
            pen.line((x, int(middle) - reach, x, int(middle) + 1 + reach), colour if reach else _LINE)
    return image


def _measured(blocks: list[bytearray], each: int) -> Iterator[Column]:
    """Take whole columns off the front of the channels' blocks and measure them."""
    rows = len(blocks[0]) // (4 * each)
    peaks, squares = [0.0] * rows, [0.0] * rows
    for block in blocks:
        floats = Image.frombuffer("F", (each, rows), bytes(block[: 4 * each * rows]), "raw", "F", 0, 1)
        del block[: 4 * each * rows]
        square = ImageMath.lambda_eval(lambda given: given["it"] * given["it"], it=floats)
        means = memoryview(square.resize((1, rows), Image.Resampling.BOX).tobytes()).cast("f")
        for row in range(rows):
            low, high = cast("tuple[float, float]", floats.crop((0, row, each, row + 1)).getextrema())
            peaks[row] = max(peaks[row], -low, high)
            squares[row] += means[row] / len(blocks)
    return (Column(peak, sqrt(square)) for peak, square in zip(peaks, squares, strict=True))
