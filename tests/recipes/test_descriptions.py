"""Two hundred descriptions by chance: each valid one is a plan, each other one a sentence, no word reaches FFmpeg."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from tests import papers
from tests.recipes.descriptions import REAL, SMALL, Described, valid
from tests.recipes.shelf import stills
from tests.recipes.troubles import invalid
from videogen.assets import NAMES, shipped
from videogen.edit.composition import composition_timeline
from videogen.edit.golden_frame import golden_frame_timeline
from videogen.errors import RecipeError
from videogen.model.composition import Composition
from videogen.model.golden_frame import SHIPPED, GoldenFrame
from videogen.model.media import Media
from videogen.model.profile import Encoder, Profile
from videogen.model.stock import Edited, Stock
from videogen.model.timeline import Clip, ImageOverlay
from videogen.plan import compile_plan
from videogen.raster import rasterised
from videogen.raster.drawing import drawn_here
from videogen.raster.wishes import Drawn, Wish

MANY = 100


@dataclass(frozen=True)
class House:
    """What a description's names stand for."""

    stock: Stock
    files: dict[str, Path]

    def compiled(self, described: Described) -> Edited:
        """Check and compile a description."""
        words = json.dumps(described.words)
        if described.recipe == "golden_frame":
            return golden_frame_timeline(GoldenFrame.model_validate_json(words), self.stock)
        return composition_timeline(Composition.model_validate_json(words), self.stock)


def shipped_files() -> dict[str, Path]:
    """Give what is shipped, by its name in a description."""
    return {SHIPPED + name: path for name in NAMES if (path := shipped(name))}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The files of the small shelf: stills and a table are real, since they are drawn; films are only looked up."""
    files = stills(tmp_path_factory.mktemp("shelf")) | shipped_files()
    media = {name: papers.picture(Fraction(str(lasts)), size=(160, 90)) for name, lasts in SMALL.films.items()}
    return House(_stock(files, media, SMALL.sounds), {papers.digest(name): path for name, path in files.items()})


def _stock(files: dict[str, Path], films: dict[str, Media], sounds: dict[str, float]) -> Stock:
    heard = {name: papers.sound(int(44_100 * lasts)) for name, lasts in sounds.items()}
    media = {
        **films,
        **heard,
        **{SHIPPED + name: papers.picture(4, size=(540, 960)) for name in ("glitter.mp4", "rain.mp4")},
    }
    pictures = {}
    for name, path in files.items():
        if name.endswith((".png", ".jpg")):
            with Image.open(path) as image:
                pictures[papers.digest(name)] = image.size
    return Stock(
        contents={name: papers.digest(name) for name in (*files, *media)},
        media={papers.digest(name): one for name, one in media.items()},
        pictures=pictures,
        longest_s=Fraction(180),
    )


def texts(words: Any) -> list[str]:
    """Give every text of a description that a person wrote: words to be shown, fonts, a name."""
    if isinstance(words, dict):
        own = [str(words[key]) for key in ("content", "text_overlay", "font", "name") if key in words]
        return own + [text for value in words.values() for text in texts(value)]
    return [text for one in words for text in texts(one)] if isinstance(words, list) else []


@cache
def _drawn(wish: Wish) -> Drawn:
    (made,) = drawn_here([wish])
    return made


def draw_once(wishes: Sequence[Wish], fonts: Sequence[Path] = ()) -> list[Drawn]:
    """Draw here, what is drawn alike once for all descriptions: a table takes half a second."""
    assert not fonts
    return [_drawn(wish) for wish in wishes]


def argv_of(edited: Edited, house: House) -> tuple[list[str], Edited]:
    """Give all that FFmpeg would be told for a video."""
    drawn = rasterised(edited.timeline, house.files.__getitem__, draw=draw_once, fonts=())
    profile = Profile(canvas=edited.timeline.canvas, encoder=Encoder())
    plan = compile_plan(drawn.timeline, house.stock.media, profile, segment_s=papers.HALF_MINUTE)
    return [word for step in plan.steps for word in step.argv], edited


def test_every_valid_description_is_a_plan_without_its_words(small: House) -> None:
    """A hundred descriptions with hostile words compile and are planned; nothing of them reaches FFmpeg (C11)."""
    for seed in range(MANY):
        described = valid(seed, SMALL)
        told, edited = argv_of(small.compiled(described), small)

        assert told
        assert edited.timeline.length >= 1
        for text in texts(described.words):
            pieces = [piece for piece in text.split("\n") if len(piece.strip()) > 3]
            assert not [word for word in told for piece in pieces if piece in word], f"seed {seed}: {text[:60]!r}"
            assert not any("drawtext" in word or "textfile" in word or "movie=" in word for word in told)


def test_the_same_description_is_the_same_plan(small: House) -> None:
    """Whatever is written in its words, the filter graph is the same but for the pictures drawn of them (C11)."""
    for seed in (0, 1, 2, 5):
        described = valid(seed, SMALL)

        assert argv_of(small.compiled(described), small)[0] == argv_of(small.compiled(valid(seed, SMALL)), small)[0]


def pointer_of(error: ValidationError, words: Any) -> str:
    """Give the place of the first trouble that pydantic tells, as a JSON pointer: of steps that are in the words."""
    found = ""
    for step in error.errors()[0]["loc"]:
        try:
            words = words[step]
        except (KeyError, TypeError):
            continue
        found = f"{found}/{step}"
    return found


def troubled(house: House, described: Described) -> tuple[str, str]:
    """Compile a description that is wrong; give where that is said, and the sentence."""
    try:
        house.compiled(described)
    except ValidationError as error:
        return pointer_of(error, described.words), error.errors()[0]["msg"]
    except RecipeError as error:
        return error.message.split(" ")[0], f"{error.message}. {error.remedy}"
    return "", "it was taken"


def test_every_invalid_description_says_where(small: House) -> None:
    """A hundred descriptions with one thing wrong each end with its JSON pointer and one sentence (C6)."""
    for seed in range(MANY):
        described = invalid(seed, SMALL)
        pointer, sentence = troubled(small, described)

        assert pointer == described.pointer, f"seed {seed}, {described.trouble}: {sentence}"
        assert "\n" not in sentence


def test_real_media_make_plans_as_well() -> None:
    """Descriptions over real films in real sizes compile to frames that lie within them, in order (C2, D1)."""
    films = {name: papers.picture(Fraction(str(lasts)), size=(640, 360)) for name, lasts in REAL.films.items()}
    house = House(_stock(shipped_files(), films, REAL.sounds), {})
    pictures = {papers.digest(name): (1200, 900) for name in REAL.images}
    contents = {name: papers.digest(name) for name in REAL.images}
    stock = Stock(
        contents={**house.stock.contents, **contents},
        media=house.stock.media,
        pictures={**house.stock.pictures, **pictures},
    )
    for seed in range(MANY):
        timeline = House(stock, {}).compiled(valid(seed, REAL)).timeline
        for at, part in timeline.placed():
            assert at.length == part.length
            if isinstance(part, Clip):
                there = stock.media[part.asset].duration_s * timeline.canvas.fps
                assert part.source.end <= there + Fraction(1, 2)
        assert all(
            one.zoom is None or one.zoom.end == Fraction(21, 20)
            for one in timeline.overlays
            if isinstance(one, ImageOverlay)
        )


def test_a_table_is_read_behind_walls(small: House) -> None:
    """A .cube file is read by the child that can open nothing else any more, and becomes a picture (C11)."""
    words = {"clips": [{"file": "a.mp4", "trim_end": 0.5, "lut": "warm.cube"}], "output": {"resolution": "160x90"}}
    timeline = small.compiled(Described("composition", words)).timeline

    drawn = rasterised(timeline, small.files.__getitem__, fonts=())

    (clip,) = drawn.timeline.picture
    assert isinstance(clip, Clip)
    assert clip.lut in drawn.images
