"""composition: clips on a timeline with transitions, words, pictures and films above them, music and a voice below."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, StringConstraints, model_validator

from videogen.model.lettering import STILL, Animated, Place, Position, Style
from videogen.model.stock import Mention
from videogen.model.style import Blend, ColourPreset, Family, Fit
from videogen.model.value import Value
from videogen.model.written import (
    Colour,
    Filed,
    Length,
    Lufs,
    Move,
    Name,
    Part,
    Rate,
    Scale,
    Seconds,
    Size,
    Some,
    Volume,
)
from videogen.model.written import Text as Words

TransitionWord = Literal["cut", "crossfade", Family]
"""`fade` goes through black, `crossfade` from picture to picture; any other is a crossfade of that look."""
_COLOUR_NAMES = AliasChoices("color", "colour")


class ClipEntry(Filed):
    """A stretch of a film. Units: seconds; `start_time` and `end_time` on the timeline, the trims in the file."""

    trim_start: Seconds = Fraction(0)
    trim_end: Seconds | None = Field(default=None, description="Left out: to the end of the file.")
    start_time: Seconds | None = Field(default=None, description="Left out: when the clip before it ends.")
    end_time: Seconds | None = Field(default=None, description="Left out: as long as the trims say.")
    transition_in: TransitionWord | None = None
    transition_out: TransitionWord | None = None
    transition_duration: Move | None = Field(default=None, description="s; of both transitions; left out: 0.5.")
    fit: Fit | None = None
    color: ColourPreset | None = Field(default=None, validation_alias=_COLOUR_NAMES)
    lut: Name | None = Field(default=None, description="A table of colours: a .cube file.")
    volume: Volume | None = Field(default=None, description="Of its own sound; left out: audio/clip_volume.")


class Audio(Value):
    """What is heard. A volume of 1 leaves a sound as it is. Units: seconds; times on the timeline."""

    music_url: Name | None = None
    music_file: Name | None = Field(default=None, description="The same as `music_url`.")
    voiceover_url: Name | None = None
    voiceover_file: Name | None = Field(default=None, description="The same as `voiceover_url`.")
    music_volume: Volume = Fraction(4, 5)
    voiceover_volume: Volume = Fraction(1)
    clip_volume: Volume = Field(default=Fraction(0), description="Of the clips' own sounds.")
    music_start_time: Seconds = Fraction(0)
    voiceover_start_time: Seconds = Fraction(0)
    music_trim_start: Seconds = Fraction(0)
    music_loop: bool = True
    music_fade_in: Seconds = Fraction(0)
    music_fade_out: Seconds = Fraction(2)
    voiceover_fade_in: Seconds = Fraction(0)
    voiceover_fade_out: Seconds = Fraction(0)
    ducking: bool = Field(default=False, description="Whether the music goes down while the voice speaks.")
    loudness: Lufs | None = Field(default=None, description="LUFS; the sum is brought there. -14 is usual on the web.")

    @model_validator(mode="after")
    def _is_named_once(self) -> "Audio":
        for one in ("music", "voiceover"):
            if getattr(self, f"{one}_url") is not None and getattr(self, f"{one}_file") is not None:
                raise ValueError(f"expected {one}_url or {one}_file, and not both")
        if self.ducking and self.voiceover is None:
            raise ValueError("ducking needs a voiceover_url: there is no voice that the music could go down for")
        return self

    @property
    def music(self) -> Mention | None:
        """Where the music is named."""
        return self._mention("music")

    @property
    def voiceover(self) -> Mention | None:
        """Where the voice is named."""
        return self._mention("voiceover")

    def _mention(self, one: str) -> Mention | None:
        for key in (f"{one}_url", f"{one}_file"):
            if name := getattr(self, key):
                return Mention(f"/audio/{key}", name, "sound")
        return None


class _Timed(Value):
    """What all overlays have. Units: seconds on the timeline; give `duration` or `end_time`, or neither."""

    position: Place = Position()
    start_time: Seconds = Fraction(0)
    duration: Seconds | None = None
    end_time: Seconds | None = None
    opacity: Some = Fraction(1)
    animation_in: Animated = STILL
    animation_out: Animated = STILL

    @model_validator(mode="after")
    def _ends_once(self) -> "_Timed":
        if self.duration is not None and self.end_time is not None:
            raise ValueError("expected duration or end_time, and not both")
        return self


class TextEntry(_Timed):
    """Words above the picture. Of a position in pixels, it is the corner of the words that lies there."""

    type: Literal["text"]
    content: Words
    style: Style = Style()


class Key(Value):
    """A colour that is seen through, as a green wall is."""

    color: Colour = "#00ff00"
    similarity: Some = Fraction(1, 5)
    smoothness: Part = Fraction(1, 10)


def _key(written: object) -> object:
    if isinstance(written, bool):
        return {} if written else None
    return {"color": written} if isinstance(written, str) else written


class _Pictured(_Timed, Filed):
    """What images and films above the picture have. Units: pixels; `scale` of its own size."""

    width: Length | None = None
    height: Length | None = None
    scale: Scale | None = None
    fit: Fit = Field(default="contain", description="Where width and height are both given.")
    blend: Blend = "normal"
    chroma_key: Annotated[
        Key | None, BeforeValidator(_key, json_schema_input_type=bool | str | Key | None)
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _is_sized_once(self) -> "_Pictured":
        if self.scale is not None and (self.width or self.height):
            raise ValueError("expected scale, or width and height, and not both")
        return self


class ImageEntry(_Pictured):
    """A still picture above the picture."""

    type: Literal["image"]


class VideoEntry(_Pictured):
    """A film above the picture; it is seen as long as it lasts, or again and again with `loop`."""

    type: Literal["video"]
    trim_start: Seconds = Fraction(0)
    loop: bool = False


OverlayEntry = Annotated[TextEntry | ImageEntry | VideoEntry, Field(discriminator="type")]


class Output(Value):
    """What comes out. `crf`: 0 is perfect and large, 51 is small and bad."""

    resolution: Size = (1280, 720)
    fps: Rate = Fraction(30)
    crf: Annotated[int, Field(ge=0, le=51)] = 21
    format: Literal["mp4"] = "mp4"


class Composition(Value):
    """The description of a composition: composition.json."""

    recipe: Literal["composition"] = "composition"
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    clips: Annotated[tuple[ClipEntry, ...], Field(min_length=1, max_length=500)]
    audio: Audio = Audio()
    overlays: Annotated[tuple[OverlayEntry, ...], Field(max_length=500)] = ()
    output: Output = Output()
    fit: Fit = Field(default="contain", description="Of clips that do not say otherwise.")
    color: ColourPreset = Field(
        default="none", validation_alias=_COLOUR_NAMES, description="Of clips that do not say otherwise."
    )
    lut: Name | None = Field(default=None, description="Of clips that do not say otherwise: a .cube file.")

    @property
    def quality(self) -> int:
        """Give the CRF it asks for."""
        return self.output.crf

    def mentions(self) -> Iterator[Mention]:
        """Give every place that names a file, in order; a font that is not there is replaced by another."""
        if self.lut is not None:
            yield Mention("/lut", self.lut, "lut")
        for nth, clip in enumerate(self.clips):
            yield clip.mention(f"/clips/{nth}", "clip")
            if clip.lut is not None:
                yield Mention(f"/clips/{nth}/lut", clip.lut, "lut")
        yield from (one for one in (self.audio.music, self.audio.voiceover) if one)
        for nth, overlay in enumerate(self.overlays):
            yield from _mentions(overlay, f"/overlays/{nth}")


def _mentions(overlay: TextEntry | ImageEntry | VideoEntry, pointer: str) -> Iterator[Mention]:
    if isinstance(overlay, TextEntry):
        if (face := overlay.style.face) is not None:
            yield Mention(f"{pointer}/style/font", face, "font", is_optional=True)
    else:
        yield overlay.mention(pointer, "image" if isinstance(overlay, ImageEntry) else "clip")
