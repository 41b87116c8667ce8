"""What a story may wear beside its voice, its clips and its music: what comes before and after, above and below."""

from typing import Literal

from videogen.model.timeline import Caption, Frames
from videogen.model.value import Digest, Value

FrameMode = Literal["screen", "chroma", "alpha"]
"""How a full-screen layer is seen through: where it is black, where it is green, where its own pixels say."""
CaptionMode = Literal["off", "soft", "burnt"]
"""Words that a player shows or hides, or that are part of the picture."""


class Dressing(Value):
    """Units: frames at the canvas rate. Captions are on the frames of the voice, from 0."""

    intro: Digest | None = None
    outro: Digest | None = None
    frame: Digest | None = None
    frame_mode: FrameMode = "screen"
    crossfade: Frames = 0
    title: str = ""
    title_length: Frames = 0
    captions: tuple[Caption, ...] = ()
    is_burnt: bool = False


def title_of(name: str) -> str:
    """Give the title that a story's folder is named after: the_raven is The Raven.

    Shape: one line. Underscores are spaces, and so are dashes where there is no space; a name that has large letters
    keeps its own.
    """
    words = name.replace("_", " ").strip()
    words = words if " " in words else words.replace("-", " ")
    words = " ".join(words.split())
    return words if words != words.lower() else " ".join(word[:1].upper() + word[1:] for word in words.split())
