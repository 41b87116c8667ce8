"""Stock: what the names in a description stand for. A recipe is compiled from it, and from nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

from videogen.errors import RecipeError
from videogen.model.media import Media
from videogen.model.timeline import Timeline
from videogen.model.value import Digest

Use = Literal["clip", "sound", "image", "overlay", "font", "lut", "captions"]
"""What a description wants of a file; an overlay is an image or a film, as its content turns out."""


class Mention(NamedTuple):
    """One place of a description that names a file. `pointer` is a JSON pointer (RFC 6901)."""

    pointer: str
    name: str
    use: Use
    is_optional: bool = False
    """Whether the video is made without it, with a warning, where it is not there."""


class Beats(NamedTuple):
    """Where the beats of a sound are. Units: seconds, rising; `confidence` of 0 to 1. `because`: why there are none."""

    at_s: tuple[Fraction, ...] = ()
    confidence: float = 0.0
    because: str = ""


@dataclass(frozen=True)
class Stock:
    """The contents that a description names, and what is known of them.

    `contents`: by name as the description has it; a name that is optional and not there is missing. `media`: by
    content, of what moves or sounds. `pictures`: width and height of still images as a person sees them, in pixels.
    `texts`: what is in caption files. `pool`: the clips a recipe may draw from, by name in order; `is_drawn`: they were
    drawn for this video already and are in playing order.
    """

    contents: Mapping[str, Digest] = field(default_factory=dict)
    media: Mapping[Digest, Media] = field(default_factory=dict)
    pictures: Mapping[Digest, tuple[int, int]] = field(default_factory=dict)
    beats: Mapping[Digest, Beats] = field(default_factory=dict)
    texts: Mapping[Digest, str] = field(default_factory=dict)
    pool: tuple[Digest, ...] = ()
    is_drawn: bool = False
    seed: int = 0
    longest_s: Fraction | None = None
    """The longest video of this recipe that the house allows."""
    memory_mb: int | None = None
    """Memory that is free on this machine; None: nobody looked. With little of it a recipe takes a smaller canvas."""

    def content(self, mention: Mention) -> Digest:
        """Give the content of a name. Raises: RecipeError: it has none, and the video cannot be without."""
        if mention.name not in self.contents:
            raise RecipeError(
                f"{mention.pointer} names {mention.name!r}, which is not there",
                remedy="Put the file beside the description, or correct its name.",
                code="missing-file",
            )
        return self.contents[mention.name]


class Edited(NamedTuple):
    """What a description came to. `warnings`: what a person should know, a sentence each, its word before a colon."""

    timeline: Timeline
    warnings: tuple[str, ...] = ()
