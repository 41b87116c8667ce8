"""Timeline: the edit as a frozen value, in frames of its canvas. What to show and to hear, not how to make it."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from videogen.model.timebase import Range
from videogen.model.value import Digest, Value

Positive = Annotated[int, Field(gt=0)]


class Canvas(Value):
    """What every frame of a video has in common. Units: pixels, frames per second, samples per second."""

    width: Positive
    height: Positive
    fps: Fraction
    sample_rate: Positive = 48000
    channels: Literal[1, 2] = 2
    pix_fmt: Literal["yuv420p"] = "yuv420p"


class Clip(Value):
    """A stretch of one asset, fitted into the canvas with black bars; `source` counts its frames at canvas fps."""

    type: Literal["clip"] = "clip"
    asset: Digest
    source: Range

    @property
    def length(self) -> int:
        """Frames shown."""
        return self.source.length


class Gap(Value):
    """Black for a while."""

    type: Literal["gap"] = "gap"
    length: Positive


class ImageOverlay(Value):
    """A still picture above the base track, unscaled, its corner at `x`, `y`; `at` is on the timeline."""

    type: Literal["image"] = "image"
    asset: Digest
    x: int
    y: int
    at: Range


class SoundTrack(Value):
    """One sound from its beginning to the end of the timeline, cut or padded with silence, looped when asked.

    `gain` is linear: 1.0 leaves the sound as it is.
    """

    asset: Digest
    gain: Annotated[Fraction, Field(ge=0)]
    is_looped: bool = False


class Timeline(Value):
    """The whole edit. The base track gives the length; overlays lie above it in order; sounds are summed."""

    version: Literal[1] = 1
    canvas: Canvas
    picture: Annotated[tuple[Annotated[Clip | Gap, Field(discriminator="type")], ...], Field(min_length=1)]
    overlays: tuple[ImageOverlay, ...] = ()
    sounds: tuple[SoundTrack, ...] = ()

    @model_validator(mode="after")
    def _overlays_inside(self) -> "Timeline":
        for overlay in self.overlays:
            if overlay.at.end > self.length:
                raise ValueError(f"an overlay lies at {overlay.at}, past the timeline's {self.length} frames")
        return self

    @property
    def length(self) -> int:
        """Frames of the whole video."""
        return sum(part.length for part in self.picture)

    def assets(self) -> tuple[Digest, ...]:
        """Every asset the timeline touches, each once, in order of first use."""
        used = [part.asset for part in self.picture if isinstance(part, Clip)]
        used += [overlay.asset for overlay in self.overlays]
        used += [sound.asset for sound in self.sounds]
        return tuple(dict.fromkeys(used))

    def listing(self) -> str:
        """Give the timeline as text, one line per thing, for people and goldens.

        Units: frames of the canvas, half-open; assets by the first 12 digits of their hash.
        """
        canvas = self.canvas
        lines = [f"canvas {canvas.width}x{canvas.height} {canvas.fps} fps, {canvas.sample_rate} Hz x {canvas.channels}"]
        at = 0
        for part in self.picture:
            here = Range(start=at, end=at + part.length)
            lines.append(
                f"clip   {here} {part.asset[:12]} {part.source}" if isinstance(part, Clip) else f"gap    {here}"
            )
            at += part.length
        for image in self.overlays:
            lines.append(f"image  {image.at} {image.asset[:12]} at {image.x}:{image.y}")
        for sound in self.sounds:
            loop = " looped" if sound.is_looped else ""
            lines.append(f"sound  {Range(start=0, end=at)} {sound.asset[:12]} gain {float(sound.gain):g}{loop}")
        return "\n".join(lines) + "\n"
