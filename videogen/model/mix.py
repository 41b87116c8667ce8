"""Mix: tracks one after the other, clips for as long as they sound, and the name of each track on the picture."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from videogen.model.stock import Mention
from videogen.model.style import Anchor, Family, Fit
from videogen.model.timeline import Canvas
from videogen.model.value import Value
from videogen.model.written import Colour, Lasting, Lufs, Moment, Name, Rate, Size

FIELDS = ("artist", "title", "album", "number")
"""What a template may name in braces."""


class Change(Value):
    """How one clip becomes the next: a cut, a fade through black, or a crossfade of any family."""

    kind: Literal["cut", "fade", "crossfade"] | Family = Field(
        "crossfade", description="cut, fade (through black), crossfade, or what a crossfade looks like, as wipeleft"
    )
    seconds: Moment = Field(Fraction(1), description="s; as long as it takes; at most half of a clip")

    @property
    def is_cut(self) -> bool:
        """Whether nothing lies between two clips."""
        return self.kind == "cut" or self.seconds == 0

    @property
    def is_black(self) -> bool:
        """Whether it goes through black; "fade" is that, as people write it."""
        return self.kind == "fade"

    @property
    def family(self) -> Family:
        """Give what a crossfade looks like."""
        return "fade" if self.kind == "cut" or self.kind == "crossfade" else self.kind  # noqa: PLR1714 -- mypy narrows by ==


class Titles(Value):
    """The name of each track on the picture, for a while from its beginning."""

    show: bool = Field(True, description="whether there are any")
    seconds: Moment = Field(Fraction(6), description="s; how long each is seen, its fades in it")
    fade_s: Moment = Field(Fraction(1, 2), description="s; how long it takes to come, and to go")
    delay_s: Moment = Field(Fraction(1, 2), description="s; how long after its track it begins")
    font: Name | None = Field(None, description="a font file beside the description, or a font's name")
    size: Annotated[int, Field(ge=8, le=400)] | None = Field(
        None, description="pixels; none is a twentieth of the picture's height; drawn smaller where it must be to fit"
    )
    colour: Colour = Field("#ffffff", description="as #ff8800, #f80 or white")
    position: Anchor = Field("bottom-left", description="where in the title-safe area")
    template: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        "{artist} - {title}", description="{artist}, {title}, {album} and {number}; what a track lacks is left out"
    )

    @model_validator(mode="after")
    def _names_fields(self) -> "Titles":
        rest = self.template
        for word in FIELDS:
            rest = rest.replace("{" + word + "}", "")
        if "{" in rest or "}" in rest or rest == self.template:
            named = ", ".join("{" + word + "}" for word in FIELDS)
            raise ValueError(f"the template {self.template[:80]!r} names none of {named}, or has other braces in it")
        return self


class Picture(Value):
    """What every frame has in common."""

    resolution: Size = Field((1920, 1080), description="720p, 1080p, 4k, square, vertical, or even numbers as 1280x720")
    fps: Rate = Field(Fraction(30), description="frames per second: 25, 29.97, 30000/1001, ...")

    @property
    def canvas(self) -> Canvas:
        """Give the canvas."""
        return Canvas(width=self.resolution[0], height=self.resolution[1], fps=self.fps)


class Mix(Value):
    """A long video of music: everything may be left out, so that a folder of tracks alone is a mix.

    Units: seconds, but for `minutes`.
    """

    recipe: Literal["mix"] = "mix"
    name: Annotated[str, StringConstraints(max_length=200)] = Field("", description="what the tracklist is headed with")
    tracks: Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="files of sound, in order; none: all of the folder, shuffled"
    )
    clips: Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="films to show; none: all of the folder, else the library's, the least used first"
    )
    minutes: Annotated[Lasting, Field(le=1440)] | None = Field(
        None, description="min; how long the video is; none: all tracks once"
    )
    duration_s: Lasting | None = Field(None, description="s; the same in seconds")
    shuffle: bool | Literal["tracks", "clips"] | None = Field(
        None, description="true, false, tracks or clips; none: what the folder holds is shuffled, what is named is not"
    )
    seed: Annotated[int, Field(ge=0, lt=1 << 63)] | None = Field(
        None, description="the same number gives the same order; none: a number of the video's own"
    )
    crossfade_s: Annotated[Moment, Field(le=30)] = Field(
        Fraction(0), description="s; how long tracks fade into each other; 0 is gapless, to the sample"
    )
    fade_out_s: Moment = Field(Fraction(4), description="s; how long a last track goes out that is cut at the end")
    loudness_lufs: Lufs | None = Field(Fraction(-14), description="LUFS; each track is brought there; null: as it is")
    transition: Change = Field(Change(), description="between clips")
    clip_s: Lasting | None = Field(None, description="s; the most that is shown of a clip at a time; none: all of it")
    fit: Fit = Field("contain", description="contain: bars round a clip of another shape; cover: its edges are cut")
    titles: Titles = Field(Titles(), description="track titles on the picture")
    tracklist: bool = Field(True, description="whether there are chapters and a tracklist.txt")
    canvas: Picture = Field(Picture(), description="size and rate of the picture")
    crf: Annotated[int, Field(ge=0, le=51)] | None = Field(
        None, description="quality, lower is better; none: the house's"
    )

    @model_validator(mode="after")
    def _has_one_length(self) -> "Mix":
        if self.minutes is not None and self.duration_s is not None:
            raise ValueError("minutes and duration_s both say how long it is: leave one of them out")
        return self

    @property
    def length_s(self) -> Fraction | None:
        """Give the wished length; None: all tracks once."""
        return self.duration_s if self.minutes is None else self.minutes * 60

    @property
    def quality(self) -> int | None:
        """Give the CRF, where it is another than the house's."""
        return self.crf

    def is_shuffled(self, what: Literal["tracks", "clips"]) -> bool:
        """Whether tracks, or clips, come in an order of chance."""
        if self.shuffle is None:
            return (self.tracks if what == "tracks" else self.clips) is None
        return self.shuffle is True or self.shuffle == what

    def filled(self, sounds: Sequence[str], films: Sequence[str]) -> "Mix":
        """Give the description with what its folder holds where it names no tracks or no clips.

        Shape: the names rise; whether they are shuffled is decided as it was before.
        """
        is_so = {(True, True): True, (True, False): "tracks", (False, True): "clips", (False, False): False}
        return self.model_copy(
            update={
                "tracks": self.tracks or tuple(sorted(sounds)) or None,
                "clips": self.clips or tuple(sorted(films)) or None,
                "shuffle": is_so[self.is_shuffled("tracks"), self.is_shuffled("clips")],
            }
        )

    def mentions(self) -> Iterator[Mention]:
        """Name every file it asks for."""
        yield from (Mention(f"/tracks/{nth}", name, "sound") for nth, name in enumerate(self.tracks or ()))
        yield from (Mention(f"/clips/{nth}", name, "clip") for nth, name in enumerate(self.clips or ()))
        if self.titles.show and self.titles.font:
            yield Mention("/titles/font", self.titles.font, "font", is_optional=True)
