"""The tables of settings of the recipes."""

from typing import Annotated

from pydantic import Field, field_validator

from videogen.config.tables import Table
from videogen.errors import RecipeError
from videogen.model.dressing import CaptionMode, FrameMode
from videogen.model.profile import Preset
from videogen.model.timebase import parse_rate, parse_resolution
from videogen.model.value import library_path

_Gain = Annotated[float, Field(ge=0, le=4)]
_Crossfade = Annotated[float, Field(ge=0, le=10)]
_Title = Annotated[float, Field(ge=0, le=60)]


class OfCategory(Table):
    """What the stories of one category have otherwise; what is not said is as for all."""

    logo: str | None = None
    resolution: str | None = None
    frame_rate: str | None = None
    music_gain: _Gain | None = None
    intro: str | None = None
    outro: str | None = None
    frame: bool | None = None
    frame_mode: FrameMode | None = None
    crossfade_s: _Crossfade | None = None
    title_s: _Title | None = None
    captions: CaptionMode | None = None

    @field_validator("intro", "outro")
    @classmethod
    def _in_library(cls, text: str | None) -> str | None:
        return text and library_path(text)

    @field_validator("resolution")
    @classmethod
    def _is_size(cls, text: str | None) -> str | None:
        try:
            parse_resolution(text or "2x2")
        except RecipeError as error:
            raise ValueError(error.message) from error
        return text

    @field_validator("frame_rate")
    @classmethod
    def _is_rate(cls, text: str | None) -> str | None:
        try:
            parse_rate(text or "30")
        except RecipeError as error:
            raise ValueError(error.message) from error
        return text


class Story(Table):
    """What a story has besides voice, clips, music and logo; as it is here it has nothing else."""

    intro: Annotated[
        str, Field(description="clip of scanned/, by its path from the root, shown before the voice; empty is none.")
    ] = ""
    outro: Annotated[
        str, Field(description="clip of scanned/, by its path from the root, shown after the voice; empty is none.")
    ] = ""
    frame: Annotated[
        bool, Field(description="a clip of scanned/frame/<category>/ lies over all clips, looped; none there is none.")
    ] = False
    frame_mode: Annotated[
        FrameMode, Field(description="seen through where it is black (screen), green (chroma), or clear (alpha).")
    ] = "screen"
    crossfade_s: Annotated[
        _Crossfade, Field(description="s; clips go over into each other this long; each such second is encoded anew.")
    ] = 0.0
    title_s: Annotated[
        _Title, Field(description="s; the story's name stands over the first clips this long; 0 is no title.")
    ] = 0.0
    captions: Annotated[
        CaptionMode,
        Field(description="soft: of the .srt, .vtt or .txt beside the voice or the crawled text; burnt: drawn in."),
    ] = "off"
    category: dict[str, OfCategory] = Field(
        default_factory=dict,
        description="`[story.category.<name>]`: logo, resolution, frame_rate, music_gain and these, otherwise.",
    )

    @field_validator("intro", "outro")
    @classmethod
    def _in_library(cls, text: str) -> str:
        return text and library_path(text)


class Composition(Table):
    """What a composition may be."""

    max_s: Annotated[
        float,
        Field(gt=0, le=86400, description="s; a composition that would last longer is refused: it fills the queue."),
    ] = 180.0
    preset: Annotated[
        Preset,
        Field(description="libx264's; few of its pieces serve another video, so time counts more than bytes."),
    ] = "veryfast"


class GoldenFrame(Table):
    """What a golden frame may be."""

    max_s: Annotated[
        float,
        Field(gt=0, le=86400, description="s; one told to last longer is refused, one of longer music ends there."),
    ] = 180.0
    preset: Annotated[
        Preset,
        Field(description="libx264's; none of its pieces serves another video, so time counts more than bytes."),
    ] = "veryfast"


class Mix(Table):
    """What a mix may be."""

    max_s: Annotated[
        float,
        Field(gt=0, le=86400, description="s; a mix that would last longer is refused: it fills queue and disk."),
    ] = 21600.0
