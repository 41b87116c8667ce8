"""The table of what a person may write: how each is recognised, what holds it, and what makes a timeline of it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from videogen.cutting.pointing import expect_object, nearest, placed, shown, trouble_of
from videogen.edit.composition import composition_timeline
from videogen.edit.golden_frame import golden_frame_timeline
from videogen.edit.mix import Wanted, mix_timeline, wanted_of
from videogen.errors import RecipeError
from videogen.model.composition import Composition
from videogen.model.golden_frame import GoldenFrame
from videogen.model.job import DESCRIPTIONS
from videogen.model.mix import Mix
from videogen.model.stock import Edited, Mention, Stock
from videogen.model.timeline import Canvas, Timeline

TIMELINE = "timeline"


class Description(Protocol):
    """What a person asks for, checked in itself."""

    @property
    def quality(self) -> int | None:
        """The CRF it asks for; None: the house's."""

    def mentions(self) -> Iterator[Mention]:
        """Give every place that names a file, in order."""


@dataclass(frozen=True)
class Recipe:
    """One thing that a person may write.

    `files`: what its description is called in a folder of its own. `marks`: keys that only it has.
    `filled`: takes the description and the names of the sounds and films of its folder, and gives the description with
    those it does not name itself; a folder of such a recipe needs no description.
    `beats_of`: the sound whose beats it wants, None: none. `lends`: what it asks of the library's clips, None: nothing.
    `has_cuts`: clips are entered and left everywhere, so that short GOPs save more than they cost.
    """

    name: str
    noun: str
    model: type[BaseModel]
    files: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    compile: Callable[[Any, Stock], Edited] | None = None
    filled: Callable[[Any, Sequence[str], Sequence[str]], Any] | None = None
    beats_of: Callable[[Any], Mention | None] = lambda _: None
    lends: Callable[[Any, Stock], tuple[Wanted, Canvas] | None] = lambda *_: None
    has_cuts: bool = False

    def described(self, words: Any, name: str) -> Any:
        """Check what was written. Raises: RecipeError: what is wrong, and where."""
        try:
            return self.model.model_validate_json(json.dumps(words))
        except ValidationError as error:
            is_time = self.name == TIMELINE
            trouble = trouble_of(
                error, words, self.model, value_code="invalid-timeline" if is_time else "bad-description"
            )
            raise RecipeError(
                f"{name} is no {self.noun} {placed(trouble.pointer)}: {trouble.said}",
                remedy=trouble.remedy,
                code=trouble.code,
                pointer=trouble.pointer,
            ) from error


RECIPES: dict[str, Recipe] = {
    one.name: one
    for one in (
        Recipe(TIMELINE, "timeline", Timeline, marks=frozenset({"picture"})),
        Recipe(
            "mix",
            "mix",
            Mix,
            DESCRIPTIONS["mix"],
            frozenset({"tracks", "titles", "minutes", "crossfade_s"}),
            mix_timeline,
            Mix.filled,
            lends=lambda mix, stock: None if mix.clips else (wanted_of(mix, stock), mix.canvas.canvas),
        ),
        Recipe(
            "golden_frame",
            "golden frame",
            GoldenFrame,
            DESCRIPTIONS["golden_frame"],
            frozenset({"images"}),
            golden_frame_timeline,
            beats_of=lambda golden: golden.beats_of,
        ),
        Recipe(
            "composition",
            "composition",
            Composition,
            DESCRIPTIONS["composition"],
            frozenset({"clips"}),
            composition_timeline,
            has_cuts=True,
        ),
    )
}


def recipe_of(words: Any, file_name: str, recipes: Mapping[str, Recipe], name: str) -> Recipe:
    """Tell what was written: by the key `recipe`, by the file's name, by the keys that only one has.

    Raises: RecipeError: `bad-description`: it is nothing that is known.
    """
    expect_object(words, f"{name} is no description")
    if "recipe" in words:
        asked = words["recipe"]
        if isinstance(asked, str) and asked in recipes:
            return recipes[asked]
        meant = nearest(asked, recipes) if isinstance(asked, str) else ""
        raise RecipeError(
            f"{name} is no description at /recipe: there is no recipe {shown(asked)}",
            remedy=f"Did you mean {shown(meant)}?" if meant else f"Known: {', '.join(sorted(recipes))}.",
            code="bad-description",
            pointer="/recipe",
        )
    for one in recipes.values():
        if file_name in one.files:
            return one
    for one in recipes.values():
        if one.marks & words.keys():
            return one
    raise RecipeError(
        f"{name} is no description at its top: nothing in it says of what",
        remedy=f'Give it a key "recipe": one of {", ".join(sorted(recipes))}.',
        code="bad-description",
        pointer="",
    )
