"""The stock of a description: every file that it names found, hashed once, looked into once, and fit for its use."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from videogen import durable
from videogen.catalog import Looks
from videogen.cutting.naming import Held, Names, stamp_of
from videogen.cutting.pointing import shown
from videogen.errors import InputError, MediaError, MissingInput
from videogen.model.media import Media
from videogen.model.stock import Mention
from videogen.probe import Prober
from videogen.probe.magic import is_media
from videogen.raster import font_for, sizes_of
from videogen.raster.apart import drawn_apart
from videogen.raster.stills import Draw

TEXT_BYTES_MOST = 16 << 20


class Store:
    """The files of one description: found by `names`, looked into by `prober`, stills by `draw`.

    `contents`: by name; `media`: of what moves or sounds; `pictures`: sizes of stills in pixels; `texts`: of captions;
    `held`: where each content lies; `warnings`: what was done without.
    """

    def __init__(self, names: Names, prober: Prober, looks: Looks | None = None, draw: Draw = drawn_apart) -> None:
        self.names = names
        self._draw = draw
        self._prober = prober
        self._looks = looks
        self.contents: dict[str, str] = {}
        self.media: dict[str, Media] = {}
        self.pictures: dict[str, tuple[int, int]] = {}
        self.texts: dict[str, str] = {}
        self.held: dict[str, Held] = {}
        self.warnings: list[str] = []
        self._stills: list[Mention] = []
        self._unfit: dict[str, InputError] = {}

    def find(self, mentions: Iterable[Mention]) -> None:
        """Find and look into what is named; what is optional, and is not there or of no use, is a warning.

        Raises: MissingInput, RecipeError, MediaError: what is named cannot be what it is named for, and where.
        """
        named = list(mentions)
        self.look_ahead(one for one in named if one.use in {"clip", "sound"})
        for mention in named:
            self._tried(mention, self._find)
        self._measure()

    def media_of(self, held: Held) -> Media:
        """Look into what moves or sounds, once, also where that finds a fault. Raises: MediaError."""
        if held.content in self._unfit:
            raise self._unfit[held.content]
        if held.content not in self.media:
            try:
                self.media[held.content] = held.media or self._looked(held)
            except InputError as error:
                self._unfit[held.content] = error
                raise
        return self.media[held.content]

    def _looked(self, held: Held) -> Media:
        known = self._looks.of(held.content) if self._looks else None
        if known is not None:
            return known
        media = self._prober.probe(held.path, "source")
        if self._looks:
            self._looks.keep(held.content, media)
        return media

    def look_ahead(self, mentions: Iterable[Mention]) -> None:
        """Look into several files side by side, each a child of its own; what is wrong is told when its turn comes."""
        wanted: dict[str, Held] = {}
        for mention in mentions:
            with suppress(InputError):
                held = self.names.held(mention)
                if held.content not in self.media and held.content not in self._unfit:
                    wanted.setdefault(held.content, held)
        hands = min(len(wanted), len(os.sched_getaffinity(0)))
        if hands < 2:
            return
        # The largest is looked into first: it must not be what all others wait for at the end.
        left = sorted(wanted.values(), key=lambda held: held.stamp[2])
        with ThreadPoolExecutor(hands, thread_name_prefix="look") as pool:
            list(pool.map(lambda _: self._looked_ahead(left), range(hands)))

    def _looked_ahead(self, left: list[Held]) -> None:
        """Look into one file after the other until none is left; the child of this thread is ended in good order."""
        try:
            while True:
                with suppress(InputError):
                    self.media_of(left.pop())
        except IndexError:
            return
        finally:
            self._prober.close()

    def lend(self, contents: Iterable[str]) -> None:
        """Know the clips that the library lends, by their contents. Raises: MissingInput."""
        for content in dict.fromkeys(contents):
            held = self.names.held(Mention("", content, "clip"))
            self.held[content] = held
            self.media_of(held)

    # -- one file ------------------------------------------------------------------------------------------------------

    def _tried(self, mention: Mention, work: Callable[[Mention], None]) -> None:
        try:
            work(mention)
        except (MissingInput, MediaError) as error:
            if mention.is_optional:
                self.warn("missing" if isinstance(error, MissingInput) else "unusable", _led(mention, error.message))
                return
            if error.message.startswith(mention.pointer):
                raise
            said, facts = _led(mention, error.message), {**error.facts, "pointer": mention.pointer}
            raise type(error)(said, remedy=error.remedy, code=error.word, **facts) from error

    def _find(self, mention: Mention) -> None:
        if mention.use == "font" and not self.names.is_beside(mention):
            self._find_font(mention)
            return
        held = self.names.held(mention)
        self.held[held.content] = held
        match mention.use:
            case "clip" | "sound":
                self._expect_track(mention, held)
            case "overlay" if is_media(held.path):
                self._expect_track(mention, held)
            case "overlay" | "image":
                self._expect_still(mention, held)
            case "captions":
                self.texts[held.content] = _text(held.path)
            case "font" | "lut":  # they are read when they are drawn with
                pass
        self.contents[mention.name] = held.content

    def _find_font(self, mention: Mention) -> None:
        path, warning = font_for(mention.name)
        if warning:
            self.warn("font", f"{mention.pointer}: {warning.removeprefix('font: ')}")
        if path is not None:
            stamp = stamp_of(path)
            held = Held(durable.digest(path), path, stamp, "machine")
            self.contents[mention.name] = held.content
            self.held[held.content] = held

    def _expect_track(self, mention: Mention, held: Held) -> None:
        media = self.media_of(held)
        if mention.use == "sound" and media.sound is None:
            raise _unfit(mention, "has no sound", "Name a file that is heard.")
        if mention.use != "sound" and media.picture is None:
            raise _unfit(mention, "has no picture", "Name a film, or use it as a sound.")

    def _expect_still(self, mention: Mention, held: Held) -> None:
        if is_media(held.path):
            raise _unfit(mention, "is a film or a sound, and no picture", "Name a picture, or use it as a film.")
        self._stills.append(mention)

    def _measure(self) -> None:
        """Measure all stills by one child; where one of them is none, one after the other, to know which."""
        named = [one for one in self._stills if self.contents.get(one.name) not in self.pictures]
        self._stills.clear()
        paths = {self.contents[one.name]: self.held[self.contents[one.name]].path for one in named}
        try:
            self.pictures |= dict(zip(paths, sizes_of(list(paths.values()), draw=self._draw), strict=True))
        except MediaError:
            for mention in named:
                self._tried(mention, self._measure_one)

    def _measure_one(self, mention: Mention) -> None:
        content = self.contents.get(mention.name)
        if content is not None and content not in self.pictures:
            del self.contents[mention.name]
            (self.pictures[content],) = sizes_of([self.held[content].path], draw=self._draw)
            self.contents[mention.name] = content

    def warn(self, word: str, said: str) -> None:
        """Note what a person should know, once."""
        if (warning := f"{word}: {said}") not in self.warnings:
            self.warnings.append(warning)


def _led(mention: Mention, said: str) -> str:
    return said if said.startswith(mention.pointer) else f"{mention.pointer}: {said}"


def _unfit(mention: Mention, said: str, remedy: str) -> MediaError:
    message = f"{mention.pointer} names {shown(mention.name)}, which {said}"
    return MediaError(message, remedy=remedy, code="kind-mismatch", pointer=mention.pointer)


def _text(path: Path) -> str:
    """Read captions. Raises: MediaError: they are too large, or no text."""
    with path.open("rb") as file:
        raw = file.read(TEXT_BYTES_MOST + 1)
    if len(raw) > TEXT_BYTES_MOST:
        raise MediaError("the captions are too large", remedy="Give a file under 16 MB.", code="too-large")
    try:
        return raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise MediaError("the captions are not UTF-8", remedy="Save them as UTF-8.", code="bad-captions") from error
