"""Recipes: what a person asks for, validated and versioned. Each has one compiler of the same name in edit/."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from videogen.model.timebase import Range
from videogen.model.value import Digest, Value


class Story(Value):
    """A voice from beginning to end, music under it, clips above it in this order, a logo over all."""

    recipe: Literal["story"] = "story"
    version: Literal[1] = 1
    voice: Digest
    music: Digest
    clips: Annotated[tuple[Digest, ...], Field(min_length=1)]
    shown: tuple[Range, ...] = ()
    """Which frames of each clip, at the video's rate; empty: each of them whole."""
    logo: Digest | None = None
    voice_gain: Fraction = Fraction(1)
    music_gain: Fraction = Fraction(1, 4)

    @model_validator(mode="after")
    def _each_is_shown(self) -> "Story":
        if self.shown and len(self.shown) != len(self.clips):
            raise ValueError(f"{len(self.clips)} clips, and {len(self.shown)} ranges of them")
        return self
