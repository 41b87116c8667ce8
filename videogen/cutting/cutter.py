"""From a description to its material: read, found, compiled, drawn."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from videogen import durable
from videogen.assemble import Rule, lent_clips
from videogen.catalog import Looks
from videogen.cutting.listing import described_in, films_and_sounds
from videogen.cutting.material import Material
from videogen.cutting.naming import Library, Names
from videogen.cutting.reading import words_of
from videogen.cutting.recipes import RECIPES, TIMELINE, Recipe, recipe_of
from videogen.cutting.stocking import Store
from videogen.cutting.timelines import mentions_of, with_contents
from videogen.errors import MissingInput, VideogenError
from videogen.model.media import Media
from videogen.model.profile import Preset, gop_of_cuts
from videogen.model.stock import Beats, Edited, Mention, Stock
from videogen.model.value import readable
from videogen.probe import Prober
from videogen.raster import rasterised
from videogen.raster.apart import drawn_apart
from videogen.raster.stills import Draw

HEARD_MOST = 100
"""Sounds whose beats are remembered, so that a description read again does not wait for them again."""


@dataclass(frozen=True)
class Written:
    """A description as it was read: of which recipe, from which file, None: a folder that needs none."""

    recipe: Recipe
    words: Any
    file: Path | None
    folder: Path

    @property
    def name(self) -> str:
        """What errors call it."""
        return readable(str(self.file or self.folder))

    @property
    def title(self) -> str:
        """What people call it: what it says itself, else its folder's name, else the file's."""
        own = {name for one in RECIPES.values() for name in one.files}
        is_alone = self.file is not None and self.file.name not in own
        path = self.file if self.file is not None and is_alone else self.folder.absolute()
        return self.said or readable(path.stem if is_alone else path.name)

    @property
    def said(self) -> str:
        """What it calls itself; empty where it does not."""
        said = self.words.get("name") if isinstance(self.words, dict) else None
        return said if isinstance(said, str) else ""

    def mentions(self) -> tuple[Mention, ...]:
        """Give every place that names a file. Raises: RecipeError: it is no such description."""
        if self.recipe.name == TIMELINE:
            return tuple(mentions_of(self.words))
        return tuple(self.recipe.described(self.words, self.name).mentions())


@dataclass(frozen=True)
class Rules:
    """What the house says of descriptions.

    `longest_s`: the longest video, by recipe. `presets`: the encoder's, by recipe, where it has its own.
    `draw`: what the library lends. `beats_of`: how beats are found, None: not at all. `memory_mb`: how much memory is
    free, None: nobody looks. `looks`: what was found out before. `stop`: ends a drawing that goes on.
    """

    longest_s: Mapping[str, Fraction] = field(default_factory=dict)
    presets: Mapping[str, Preset] = field(default_factory=dict)
    draw: Rule = field(default_factory=Rule)
    beats_of: Callable[[Path, Media], Beats] | None = None
    memory_mb: Callable[[], int] | None = None
    looks: Looks | None = None
    stop: Event | None = None


class Cutting:
    """Reads descriptions: with the library of a root for what is named by its hash."""

    def __init__(
        self,
        prober: Prober,
        library: Library,
        rules: Rules = Rules(),
        *,
        recipes: Mapping[str, Recipe] = RECIPES,
    ) -> None:
        self._prober = prober
        self._library = library
        self._rules = rules
        self._recipes = recipes
        self._heard: dict[str, Beats] = {}

    def mentions(self, path: Path, *, recipe: str | None = None) -> tuple[Mention, ...]:
        """Give every place of a description that names a file, in order; nothing is opened but the description.

        `path` is the file, or a folder with one in it. `recipe` is the only one it may be of, where one is told.
        Raises: RecipeError: it is no description: where, and what was expected. MissingInput: it cannot be read.
        """
        return self._written(path, recipe).mentions()

    def is_lent_clips(self, path: Path, *, recipe: str) -> bool:
        """Whether a description, or a folder of such a recipe without one, leaves it to others which clips it shows.

        Raises: as `mentions`.
        """
        written = self._written(path, recipe if path.is_dir() else None)
        return written.recipe.filled is not None and all(one.use != "clip" for one in written.mentions())

    def read(  # noqa: PLR0913 -- each says another thing of one reading, by its name
        self,
        path: Path,
        pictures: Path,
        *,
        recipe: str | None = None,
        seed: int = 0,
        is_by_hand: bool = False,
        hashed: Mapping[str, str] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Material:
        """Read a description and make a timeline of it; what stands still is put as PNG into the folder `pictures`.

        `path` and `recipe` as above; `seed` is what chance goes by. `is_by_hand`: its names may lead out of its folder.
        `hashed`: the contents of files of the folder, by name, as far as they are known. `changes`: what is otherwise
        than it is written, by key.
        Raises: RecipeError: it is no description, or asks for what cannot be: where, and what was expected.
            MissingInput: a file is not there. MediaError: a file cannot be what it is named for.
            TemporaryError: `still-changing`.
        """
        written = _changed(self._written(path, recipe), changes or {})
        names = Names(written.folder, self._library, is_free=is_by_hand, hashed=hashed or {})
        draw = partial(drawn_apart, stop=self._rules.stop)
        store = Store(names, self._prober, self._rules.looks, draw)
        with _told_of(written.name):
            edited, quality = self._edited(written, store, seed)
            material = Material(
                edited.timeline,
                store.media,
                recipe=written.recipe.name,
                description=written.file,
                name=written.title,
                said=written.said,
                quality=quality,
                gop=gop_of_cuts(edited.timeline.canvas.fps) if written.recipe.has_cuts else None,
                preset=self._rules.presets.get(written.recipe.name),
                warnings=(*store.warnings, *edited.warnings),
            )
            for held in store.held.values():
                material.hold(held)
            _draw(material, pictures, draw)
        for content in material.stamps:
            material.file_of(content)
        return material

    # -- reading -----------------------------------------------------------------------------------------------------

    def _written(self, path: Path, asked: str | None) -> Written:
        folder, file = (path, described_in(path, self._recipes, asked)) if path.is_dir() else (path.parent, path)
        if file is None:
            alone = [one for one in self._recipes.values() if one.filled and asked in {None, one.name}]
            if not alone:
                names = ", ".join(name for one in self._recipes.values() for name in one.files)
                raise MissingInput(
                    f"{readable(str(path))} holds no description",
                    remedy=f"Put one into it: {names}.",
                    code="missing-file",
                )
            return Written(alone[0], {}, None, folder)
        words = words_of(file)
        name = readable(str(file))
        found = self._recipes[asked] if asked else recipe_of(words, file.name, self._recipes, name)
        if found.name == TIMELINE and isinstance(words, dict) and words.get("recipe") == TIMELINE:
            del words["recipe"]
        return Written(found, words, file, folder)

    # -- compiling ---------------------------------------------------------------------------------------------------

    def _edited(self, written: Written, store: Store, seed: int) -> tuple[Edited, int | None]:
        recipe = written.recipe
        if recipe.compile is None:
            store.find(written.mentions())
            words = with_contents(json.loads(json.dumps(written.words)), store.contents)
            return Edited(recipe.described(words, written.name)), None
        description = recipe.described(written.words, written.name)
        if recipe.filled is not None and recipe.filled(description, ("x",), ("x",)) != description:
            films, sounds = films_and_sounds(written.folder, written.file, store)
            description = recipe.filled(description, sounds, films)
        store.find(description.mentions())
        stock = self._stock(recipe, description, store, seed)
        if (lent := recipe.lends(description, stock)) is not None:
            root, catalog = self._library()
            pool = lent_clips(root, catalog, self._rules.draw, *lent, seed)
            store.lend(pool)
            stock = replace(stock, pool=pool, is_drawn=True)
        return recipe.compile(description, stock), description.quality

    def _stock(self, recipe: Recipe, description: Any, store: Store, seed: int) -> Stock:
        return Stock(
            contents=store.contents,
            media=store.media,
            pictures=store.pictures,
            beats=self._beats(recipe.beats_of(description), store),
            texts=store.texts,
            seed=seed,
            longest_s=self._rules.longest_s.get(recipe.name),
            memory_mb=self._rules.memory_mb() if self._rules.memory_mb else None,
        )

    def _beats(self, mention: Mention | None, store: Store) -> dict[str, Beats]:
        content = store.contents.get(mention.name) if mention else None
        if content is None or self._rules.beats_of is None:
            return {}
        if content not in self._heard:
            if len(self._heard) >= HEARD_MOST:
                self._heard.clear()
            self._heard[content] = self._rules.beats_of(store.held[content].path, store.media[content])
        return {content: self._heard[content]}


def _changed(written: Written, changes: Mapping[str, Any]) -> Written:
    words = written.words
    if not changes or not isinstance(words, dict):
        return written
    inner = {key: {**words[key], **value} for key, value in changes.items() if isinstance(words.get(key), dict)}
    return replace(written, words={**words, **changes, **inner})


# -- drawing -----------------------------------------------------------------------------------------------------------


def _draw(material: Material, pictures: Path, draw: Draw) -> None:
    """Have all that stands still drawn. Raises: MediaError."""
    made = rasterised(material.timeline, material.file_of, draw=draw)
    material.timeline = made.timeline
    material.warnings += tuple(one for one in made.warnings if one not in material.warnings)
    for content, png in made.images.items():
        material.files[content] = pictures / f"{content}.png"
        durable.write(material.files[content], png)


@contextmanager
def _told_of(name: str) -> Iterator[None]:
    """Let what is wrong at a place of a description begin with the description's name."""
    try:
        yield
    except VideogenError as error:
        pointer = error.facts.get("pointer")
        if not isinstance(pointer, str) or not error.message.startswith(pointer) or not pointer:
            raise
        message = f"{name}: {error.message}"
        raise type(error)(message, remedy=error.remedy, code=error.word, **error.facts) from error
