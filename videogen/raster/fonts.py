"""Fonts of the machine, found by name: "Arial", "DejaVu Sans Bold", "Inter-Bold.ttf". No other program is asked.

A name is held against file names, full names and families, without regard to case, spaces and hyphens; words of style
at its end ("Bold", "Light Italic") choose within a family. A font that is not there is stood in for by one whose
letters are as wide (Liberation for Arial and its like), else by one of its kind.

What the machine has is read once per process: a font installed later is seen after a restart.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from videogen.model.readable import readable
from videogen.raster.face import Names, names_of

SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc"})
FILES_MOST = 50_000
"""Far above any machine: a folder that is no folder of fonts is not read to its end."""

PLAIN = ("dejavusans", "notosansregular", "liberationsansregular", "arialunicode", "arial", "helvetica", "segoeui")
"""The beginnings of files that words without a font are in, in this order: those that know the most letters first."""

# Same widths first, then the same kind. Source: fontconfig's 30-metric-aliases.conf, and what the fonts say.
_SANS = ("Liberation Sans", "Arimo", "DejaVu Sans")
_SERIF = ("Liberation Serif", "Tinos", "DejaVu Serif")
_MONO = ("Liberation Mono", "Cousine", "DejaVu Sans Mono")
_GENERIC = frozenset({"sansserif", "serif", "monospace"})
ALIASES: dict[str, tuple[str, ...]] = {
    "arial": _SANS, "helvetica": _SANS, "helveticaneue": _SANS, "sansserif": ("DejaVu Sans", *_SANS),
    "timesnewroman": _SERIF, "times": _SERIF, "serif": ("DejaVu Serif", *_SERIF),
    "couriernew": _MONO, "courier": _MONO, "monospace": ("DejaVu Sans Mono", *_MONO), "consolas": ("DejaVu Sans Mono",),
    "calibri": ("Carlito", *_SANS), "cambria": ("Caladea", *_SERIF), "georgia": ("Gelasio", "DejaVu Serif"),
    "verdana": ("DejaVu Sans",), "tahoma": ("DejaVu Sans",), "segoeui": ("Noto Sans", *_SANS),
    "roboto": ("Noto Sans", *_SANS),
    "arialblack": ("Archivo Black", "DejaVu Sans Bold"),
    "impact": ("Anton", "Oswald Bold", "DejaVu Sans Condensed Bold"),
    "garamond": ("EB Garamond", "DejaVu Serif"), "symbol": ("DejaVu Sans",),
}  # fmt: skip
_KINDS = {"mono": "DejaVu Sans Mono", "serif": "DejaVu Serif"}

_WEIGHTS = {
    "thin": 100, "hairline": 100, "extralight": 200, "ultralight": 200, "light": 300, "book": 400, "regular": 400,
    "normal": 400, "roman": 400, "medium": 500, "semibold": 600, "demibold": 600, "demi": 600, "bold": 700,
    "extrabold": 800, "ultrabold": 800, "heavy": 900, "black": 900,
}  # fmt: skip
_SLANTS = frozenset({"italic", "oblique"})
_REGULAR, _BOLD = 400, 700
_STYLED = re.compile("bold|italic|oblique|condensed|mono|serif|light|thin|black|narrow|math|display|emoji")
_LAST = re.compile("lastresort|adobeblank|unifont|symbol|fallback")


class Wanted(NamedTuple):
    """A name taken apart."""

    name: str
    family: str
    weight: int
    is_italic: bool


class Found(NamedTuple):
    """A font, None where the machine has none; and what a person should know, empty where it is the one asked for."""

    path: Path | None
    warning: str = ""


def find_font(
    name: str, folders: Sequence[Path] = (), *, is_bold: bool = False, is_italic: bool = False
) -> Path | None:
    """Give the file of a font by its family, its full name or its file's name; None where nothing like it is there.

    `folders` are looked through before the machine's own. A name is only compared: it opens no path.
    """
    files = [*_files(folders), *machine_fonts()]
    wanted = _wanted(name, is_bold=is_bold, is_italic=is_italic)
    for one in (wanted, *(_as(wanted, other) for other in _aliases(wanted.family))):
        if found := _match(one, files):
            return found
    return None


def font_for(name: str, folders: Sequence[Path] = ()) -> Found:
    """Give a font by its name, else one that stands in for it and a warning that says so."""
    path = find_font(name, folders)
    if path is None:
        other = default_font()
        called = readable(other.stem) if other else "one with little beyond English"
        return Found(other, f"font: there is no font {readable(name)} here, so its words are drawn in {called}")
    wanted = _wanted(name)
    if wanted.family in _GENERIC or _is_called(path, wanted):
        return Found(path)
    return Found(path, f"font: there is no font {readable(name)} here; {readable(path.stem)} stands in for it")


def default_font() -> Path | None:
    """Give the font of words that name none: the machine's one with the most letters, None where it has no font."""
    return next(iter(machine_fonts()), None)


@cache
def machine_fonts() -> tuple[Path, ...]:
    """Give every font file of this machine, those first that are plain and know much."""
    return tuple(sorted(_files(font_folders()), key=_rank))


def font_folders() -> tuple[Path, ...]:
    """Give the folders in which this machine keeps fonts, a person's own first. Source: XDG Base Directories 0.8."""
    home = Path(os.path.expanduser("~"))  # a service may have none: then it stays "~", which is not there
    own = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    folders = [own / "fonts", home / ".fonts", *(Path(one) / "fonts" for one in shared.split(":") if one)]
    folders += [Path("/usr/share/fonts"), Path("/run/current-system/sw/share/X11/fonts")]
    if sys.platform == "darwin":
        folders += [home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    return tuple(folder for folder in dict.fromkeys(folders) if folder.is_dir())


def _rank(path: Path) -> tuple[object, ...]:
    stem = squeezed(path.stem)
    plain = next((nth for nth, begins in enumerate(PLAIN) if stem == begins), len(PLAIN))
    return plain, bool(_LAST.search(stem)), len(_STYLED.findall(stem)), stem, str(path)


def _files(folders: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(path for folder in folders for path in _below(folder)))


def _below(folder: Path) -> Iterator[Path]:
    count = 0
    for place, names, files in os.walk(folder):
        names.sort()
        yield from (Path(place, name) for name in sorted(files) if Path(name).suffix.lower() in SUFFIXES)
        count += len(files) + len(names)
        if count > FILES_MOST:
            return


# -- names -------------------------------------------------------------------------------------------------------------


def squeezed(name: str) -> str:
    """Give a name without what people write in several ways: case, spaces, hyphens."""
    return "".join(one for one in name.casefold() if one.isalnum())


def _wanted(name: str, *, is_bold: bool = False, is_italic: bool = False) -> Wanted:
    if Path(name).suffix.lower() in SUFFIXES:
        name = Path(name).stem
    words = re.split(r"[\s\-_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).strip().casefold())
    weight = _BOLD if is_bold else _REGULAR
    while len(words) > 1 and (words[-1] in _WEIGHTS or words[-1] in _SLANTS):
        last = words.pop()
        is_italic = is_italic or last in _SLANTS
        weight = _WEIGHTS.get(last, weight)
    return Wanted(squeezed(name), "".join(map(squeezed, words)), weight, is_italic)


def _aliases(family: str) -> tuple[str, ...]:
    kind = next((_KINDS[one] for one in _KINDS if one in family and "sans" not in family.replace("sansmono", "")), None)
    return ALIASES.get(family, (kind,) if kind else ())


def _as(wanted: Wanted, other: str) -> Wanted:
    """Give another family's name in the style that was asked for."""
    named = _wanted(other)
    weight = named.weight if wanted.weight == _REGULAR else wanted.weight
    return Wanted(named.name, named.family, weight, wanted.is_italic or named.is_italic)


@cache
def _names(path: Path) -> Names | None:
    return names_of(path)


def _match(wanted: Wanted, files: Sequence[Path]) -> Path | None:
    plain = wanted.weight == _REGULAR and not wanted.is_italic
    # A file's name is cheap to look at, and mostly all that is needed.
    if wanted.name != wanted.family or plain:
        for path in files:
            if squeezed(path.stem) == wanted.name and names_of(path):
                return path
    named = [(path, names) for path in files if (names := _names(path))]
    if wanted.name != wanted.family:
        for path, names in named:
            if wanted.name in map(squeezed, names.full):
                return path
    family = [(path, names) for path, names in named if wanted.family in map(squeezed, names.families)]
    return min(family, key=lambda one: _distance(wanted, *one))[0] if family else None


def _distance(wanted: Wanted, path: Path, names: Names) -> tuple[object, ...]:
    return names.is_italic != wanted.is_italic, abs(names.weight - wanted.weight), len(path.stem), str(path)


def _is_called(path: Path, wanted: Wanted) -> bool:
    names = _names(path)
    called = {squeezed(path.stem), *map(squeezed, (*names.families, *names.full) if names else ())}
    return bool({wanted.name, wanted.family} & called)
