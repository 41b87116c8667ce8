"""What a choice of clips and music was drawn from: enough of it stands in a task to make the same choice again."""

from typing import Annotated, Literal

from pydantic import Field

from videogen.model.value import Digest, Value

Scope = Literal["category", "all"]
"""Whose videos a cool-down counts: those of the same category, or all."""


_WHERE_ANY = Field(exclude_if=lambda value: value is None)
"""Left out of papers where it says nothing."""


class Candidate(Value):
    """An asset as it stood when it was drawn. Units: frames at the video's rate that it adds to the video.

    `uses` are those of all near twins together; `last` is the id of the last video that showed one of them.
    """

    path: str
    sha256: Digest
    frames: Annotated[int, Field(gt=0)] = 1
    uses: Annotated[int, Field(ge=0)] = 0
    weight: Annotated[float, Field(gt=0)] = 1.0
    twin: str = ""
    """The same word for clips that look alike; empty for one that looks like no other."""
    last: str = ""
    is_resting: bool = False
    """Whether the cool-down held it back when it was drawn: it came only after all that had rested."""

    @property
    def lot(self) -> int:
        """Give the number it is drawn by."""
        return lot_of(self.sha256)

    @property
    def face(self) -> str:
        """Give what an eye would know it by: near twins have one face."""
        return self.twin or self.sha256

    @property
    def level(self) -> float:
        """Give how often it was used for its weight: the lowest comes first."""
        return self.uses / self.weight


class Draw(Value):
    """One draw. Shape: `pool` counts all that might have come; `drawn` are those that did, each once, by path."""

    pool: Annotated[int, Field(gt=0)]
    drawn: tuple[Candidate, ...]


class Choice(Value):
    """How a task's clips and track were chosen. Units: `cooldown` in videos."""

    rule: Literal["least-used-1"] = "least-used-1"
    seed: int
    cooldown: int
    scope: Scope
    clips: Draw
    music: Draw
    frame: Annotated[Draw | None, _WHERE_ANY] = None
    """The layer above the clips, where there is one."""
    need: Annotated[int | None, _WHERE_ANY] = None
    """Frames the clips had to cover, each less what it shares with the one before; None: all of the task."""


def lot_of(sha256: str) -> int:
    """Give the lot of a content: 63 bits of its hash, as chance has made them."""
    return int(sha256[:16], 16) >> 1
