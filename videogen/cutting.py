"""Timelines written by people: a JSON file whose assets are paths, read, checked and looked into.

In the file every `asset` and `font` is either a path, relative to the file, or the SHA-256 of something in the library.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from videogen import durable
from videogen.catalog import Catalog
from videogen.errors import MediaError, MissingInput, RecipeError
from videogen.model.media import Media
from videogen.model.timeline import Clip, ImageOverlay, TextOverlay, Timeline, VideoOverlay
from videogen.probe import Prober
from videogen.raster import default_font, rasterised

FILE_BYTES_MOST = 16 << 20
PNG = b"\x89PNG\r\n\x1a\n"
_DIGITS = frozenset("0123456789abcdef")


@dataclass
class Material:
    """A timeline without words in it, what is known of its contents, and the files they are in."""

    timeline: Timeline
    media: dict[str, Media] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def file_of(self, content: str) -> Path:
        """Give the file with a content. Raises: MissingInput: none is known."""
        if content not in self.files:
            raise MissingInput(f"no file holds the content {content[:12]}", remedy="Name it by its path.")
        return self.files[content]


class Cutting:
    """Reads timeline files: with the library of a root for what is named by its hash."""

    def __init__(self, prober: Prober, library: Callable[[], tuple[Path, Catalog]]) -> None:
        self._prober = prober
        self._library = library

    def read(self, path: Path, pictures: Path) -> Material:
        """Read a timeline; pictures of its words are put into the folder `pictures`.

        Raises: RecipeError: it is no timeline: where, and what was expected. MissingInput: an asset is not there.
            MediaError: an asset cannot be what the timeline takes it for.
        """
        words = _json(path)
        files: dict[str, Path] = {}
        known: dict[str, Media] = {}
        for holder, key in list(_named(words)):
            holder[key] = self._content(str(holder[key]), path.parent, files, known)
        material = Material(_timeline(words, path), files=files)
        for content in _moving(material.timeline):
            material.media[content] = known.get(content) or self._prober.probe(files[content], "source")
        _expect_kinds(material)
        self._letter(material, pictures)
        return material

    def _content(self, word: str, folder: Path, files: dict[str, Path], known: dict[str, Media]) -> str:
        if len(word) == 64 and set(word) <= _DIGITS:
            root, catalog = self._library()
            asset = catalog.of_content(word)
            if asset is None:
                raise MissingInput(
                    f"the library holds nothing with the hash {word[:12]}", remedy="Name it by its path."
                )
            files[word], known[word] = root / asset.path, asset.media
            return word
        path = folder / word
        try:
            if path.exists() and not path.is_file():  # a pipe would be waited for without end
                raise MissingInput(f"{word} is no regular file", remedy="Name a file.")
            content = durable.digest(path)
        except OSError as error:
            raise MissingInput(f"{word} cannot be read ({error.strerror})", remedy="Correct its path.") from error
        files[content] = path.absolute()
        return content

    @staticmethod
    def _letter(material: Material, pictures: Path) -> None:
        _give_font(material)
        made = rasterised(material.timeline, material.file_of)
        material.timeline = made.timeline
        for content, png in made.images.items():
            material.files[content] = pictures / f"{content}.png"
            durable.write(material.files[content], png)


def _give_font(material: Material) -> None:
    """Let words that name no font be drawn in one of the system's, where there is one that knows more than English."""
    plain = [one for one in material.timeline.overlays if isinstance(one, TextOverlay) and one.font is None]
    found = default_font()
    if not plain or found is None:
        return
    content = durable.digest(found)
    material.files[content] = found
    overlays = tuple(
        one.model_copy(update={"font": content}) if one in plain else one for one in material.timeline.overlays
    )
    material.timeline = material.timeline.model_copy(update={"overlays": overlays})


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > FILE_BYTES_MOST:
            raise RecipeError(f"{path} is larger than a timeline can be", remedy="Give a file under 16 MB.")
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MissingInput(
            f"{path} cannot be read ({error.strerror})", remedy="Give the path of a timeline."
        ) from error
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{path} is not JSON ({error})", remedy="Correct it there.") from error


def _named(words: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Find every place that names a content."""
    if isinstance(words, dict):
        for key, value in words.items():
            if key in {"asset", "font"} and isinstance(value, str):
                yield words, key
            else:
                yield from _named(value)
    elif isinstance(words, list):
        for one in words:
            yield from _named(one)


def _timeline(words: Any, path: Path) -> Timeline:
    try:
        return Timeline.model_validate_json(json.dumps(words))
    except ValidationError as error:
        first = error.errors()[0]
        place = "/" + "/".join(_steps(words, first["loc"]))
        said = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise RecipeError(f"{path} is no timeline at {place}: {said}", remedy="Correct it there.") from error


def _steps(words: Any, place: tuple[int | str, ...]) -> Iterator[str]:
    """Give the steps to a place in the file; where a thing may be of several kinds, pydantic names its kind as one."""
    for before, step in pairwise((None, *place)):
        if isinstance(before, int) and isinstance(words, dict) and step == words.get("type"):
            continue
        yield str(step)
        is_there = step in words if isinstance(words, dict) else isinstance(words, list) and step in range(len(words))
        words = words[step] if is_there else None


def _moving(timeline: Timeline) -> Iterator[str]:
    """Give the contents that have to be looked into: what moves and what sounds."""
    used = [item.asset for item in timeline.picture if isinstance(item, Clip)]
    used += [overlay.asset for overlay in timeline.overlays if isinstance(overlay, VideoOverlay)]
    yield from dict.fromkeys([*used, *(sound.asset for sound in timeline.sounds)])


def _expect_kinds(material: Material) -> None:
    """Prove that each asset has what it is used for. Raises: MediaError."""
    timeline = material.timeline
    for content in _moving(timeline):
        media = material.media[content]
        is_shown = any(isinstance(item, Clip) and item.asset == content for item in timeline.picture)
        is_shown = is_shown or any(isinstance(one, VideoOverlay) and one.asset == content for one in timeline.overlays)
        if is_shown and media.picture is None:
            raise MediaError(f"{material.files[content].name} has no picture", remedy="Use it as a sound.")
        if any(sound.asset == content for sound in timeline.sounds) and media.sound is None:
            raise MediaError(f"{material.files[content].name} has no sound", remedy="Leave it out of `sounds`.")
    for overlay in timeline.overlays:
        if isinstance(overlay, ImageOverlay) and not _is_png(material.file_of(overlay.asset)):
            name = material.file_of(overlay.asset).name
            raise MediaError(f"{name} is no PNG, as an image overlay must be", remedy="Convert it to a PNG.")


def _is_png(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(PNG)) == PNG
