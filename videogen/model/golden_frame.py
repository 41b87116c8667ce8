"""golden_frame: images one after another within a golden frame, glitter behind them, words above, cuts on the beat."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from videogen.model.lettering import Style
from videogen.model.stock import Mention
from videogen.model.value import Value
from videogen.model.written import Lufs, Name, Rate, Seconds, Size, Volume

SHIPPED = "shipped:"
"""What a name of a file that comes with videogen begins with; the rest is its name in `videogen.assets`."""
ATMOSPHERES = ("glitter", "rain")
BORDER = f"{SHIPPED}golden_border.png"
"""The frame that is drawn by rule: a line of #D4AF37, 10 pixels wide, 10 pixels from the edge."""
FRAME = f"{SHIPPED}golden_frame.png"
HOOK_MOST = 500
"""Source: seed 004, input validation."""

ShownFor = Annotated[Seconds, Field(ge=1, le=600)]


class GoldenFrame(Value):
    """The description of a golden frame: job.json. Every file may be missing, but one image must be there."""

    recipe: Literal["golden_frame"] = "golden_frame"
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    images: Annotated[tuple[Name, ...], Field(min_length=1, max_length=500)]
    music: Name | None = None
    audio: Name | None = Field(default=None, description="The same as `music`.")
    text_overlay: Annotated[str, StringConstraints(max_length=HOOK_MOST)] = Field(
        default="", description="The hook at the top; made smaller until it fits."
    )
    text_style: Style = Style()
    overlay: Name = Field(default="glitter", description="A film or an image, or glitter, rain, none.")
    frame: Name = Field(
        default="default", description="An image, or default, or procedural (a plain golden border), or none."
    )
    duration: Annotated[Seconds, Field(ge=1)] | None = Field(
        default=None, description="s; left out: the music's, or 3 for every image."
    )
    seconds_per_image: ShownFor | None = Field(
        default=None, description="s; left out: 3, or what is left to each image, up to 6."
    )
    beats: Literal["auto", "off"] = Field(default="auto", description="Whether cuts wait for the music's beats.")
    music_volume: Volume = Fraction(1)
    loudness: Lufs = Field(default=Fraction(-14), description="LUFS; the music is brought there.")
    resolution: Size = Field(default=(1080, 1920), description="Of the shape 9:16, upright; 540x960 for a quick look.")
    fps: Rate = Fraction(30)
    crf: Annotated[int, Field(ge=0, le=51)] = 20

    @field_validator("resolution")
    @classmethod
    def _is_upright(cls, size: tuple[int, int]) -> tuple[int, int]:
        if abs(Fraction(size[0], size[1]) - Fraction(9, 16)) > Fraction(1, 100):
            raise ValueError("expected a size of the shape 9:16, as 1080x1920, 720x1280 or 540x960")
        return size

    @model_validator(mode="after")
    def _plays_once(self) -> "GoldenFrame":
        if self.music is not None and self.audio is not None:
            raise ValueError("expected music or audio, and not both")
        return self

    @property
    def quality(self) -> int:
        """Give the CRF it asks for."""
        return self.crf

    @property
    def sound(self) -> Mention | None:
        """Where the music is named."""
        for key, name in (("/music", self.music), ("/audio", self.audio)):
            if name is not None:
                return Mention(key, name, "sound", is_optional=True)
        return None

    @property
    def atmosphere(self) -> Mention | None:
        """Where the film behind the images is named; None where none is wished."""
        if self.overlay == "none":
            return None
        name = f"{SHIPPED}{self.overlay}.mp4" if self.overlay in ATMOSPHERES else self.overlay
        return Mention("/overlay", name, "overlay", is_optional=True)

    @property
    def frames(self) -> tuple[Mention, ...]:
        """Where the frame is named, and what is taken where it is not there; the last one always is."""
        border = Mention("/frame", BORDER, "image", is_optional=True)
        if self.frame == "none":
            return ()
        if self.frame == "procedural":
            return (border,)
        name = FRAME if self.frame == "default" else self.frame
        return (Mention("/frame", name, "image", is_optional=True), border)

    @property
    def beats_of(self) -> Mention | None:
        """The sound whose beats the cuts wait for; None where nobody asks."""
        return self.sound if self.beats == "auto" else None

    def mentions(self) -> Iterator[Mention]:
        """Give every place that names a file, in order; the video is made without any of them but the last image."""
        for nth, name in enumerate(self.images):
            yield Mention(f"/images/{nth}", name, "image", is_optional=True)
        yield from (one for one in (self.sound, self.atmosphere) if one)
        yield from self.frames
        if (face := self.text_style.face) is not None:
            yield Mention("/text_style/font", face, "font", is_optional=True)
