"""Recipes: what a person asks for, validated and versioned. Each has one compiler of the same name in edit/."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from videogen.model.value import Digest, Value


class Story(Value):
    """A voice from beginning to end, music under it, clips above it in this order, a logo over all."""

    recipe: Literal["story"] = "story"
    version: Literal[1] = 1
    voice: Digest
    music: Digest
    clips: Annotated[tuple[Digest, ...], Field(min_length=1)]
    logo: Digest | None = None
    voice_gain: Fraction = Fraction(1)
    music_gain: Fraction = Fraction(1, 4)
