"""Whether a dropped folder is complete: what it waits for, by its description or by quiet time."""

import os
import posixpath
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from videogen.cutting.listing import FILES_MOST
from videogen.cutting.naming import ELSEWHERE, NAME_LETTERS_MOST, is_content
from videogen.errors import RecipeError
from videogen.jobs.folder import Folder, copies_under_way, is_meant
from videogen.model.job import DESCRIPTIONS
from videogen.model.stock import Mention
from videogen.scan import AGAIN_S
from videogen.scan.admit import StillChanging
from videogen.scan.arrival import Signature, is_ignored
from videogen.scan.place import shown

QUIET_FACTOR = 3
"""Nothing says that a folder of tracks alone is complete, so it is waited for longer than for a single file."""
SOON_S = 0.25
NAMED = 3
"""So many files are named of those that are waited for."""
TRACKS = (".mp3", ".wav", ".flac", ".m4a", ".ogg", ".opus", ".aac", ".aif", ".aiff")
SMALL_BYTES = 1 << 20
"""What is no larger goes along though nothing names it: notes, lists."""
FONT_FILES = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2", ".pfb")
Reader = Callable[[Folder], "Future[tuple[Mention, ...]]"]


@dataclass(frozen=True)
class Patience:
    """How long is waited.

    Units: seconds: for a file to be quiet; from the last change for files that are named; from when a folder is
        complete for clips that are arriving and that it may show.
    """

    quiet_s: float
    folder_wait_s: float
    settle_s: float = 0.0


class Waits(NamedTuple):
    """Why a folder is not taken yet. `due_s`: when only time can change that; None where something has to come."""

    reason: str
    due_s: float | None = SOON_S


@dataclass
class _Known:
    """One folder since it was first seen. `since`: when something in it changed last."""

    files: frozenset[tuple[str, Signature]]
    since: float
    partials: frozenset[tuple[str, Signature]] = frozenset()
    reading: "tuple[Signature, Future[tuple[Mention, ...]]] | None" = None
    is_doubted: bool = False
    wants: tuple[Mention, ...] = field(default=())


class Waiting:
    """What is known of the folders that are not taken yet. `reader` has a description read, in its own time."""

    def __init__(self, patience: Patience, reader: Reader, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._reader = reader
        self._clock = clock
        self._known: dict[Path, _Known] = {}

    def keep_only(self, folders: Iterable[Folder]) -> None:
        """Forget every other folder."""
        there = {folder.path for folder in folders}
        self._known = {path: known for path, known in self._known.items() if path in there}

    def doubt(self, folder: Folder) -> None:
        """Note that a folder was found bad before all of its files were quiet: a writer may come back."""
        if folder.path in self._known:
            self._known[folder.path].is_doubted = True

    def wants(self, folder: Folder) -> tuple[Mention, ...]:
        """Give what the description of a folder that does not wait names; empty where it has none."""
        return self._known[folder.path].wants

    def judge(self, folder: Folder) -> Waits | None:
        """Say what a folder waits for; None: it is complete.

        Raises: InputError: it can become nothing, or what it names did not come in time. Defect: reading it failed.
        """
        known = self._changed(folder)
        if known.is_doubted and any(arrival.is_early for arrival in folder.files.values()):
            return Waits("something is wrong with it, and it is looked at again once it was quiet")
        if not folder.descriptions:
            return self._without_description(folder, known)
        name = folder.descriptions[0]
        if not folder.files[name].has_settled:
            return Waits(f"{shown(name)} is still changing")
        if len(folder.descriptions) > 1:
            raise RecipeError(
                f"{shown(folder.name)} has both {' and '.join(folder.descriptions)}",
                remedy="Leave one of them.",
                code="bad-description",
            )
        reading = self._read(folder, name, known)
        if not reading.done():
            return Waits(f"{shown(name)} is being read")
        try:
            known.wants = reading.result()
        except StillChanging:
            known.reading = None
            return Waits(f"{shown(name)} cannot be read just now", AGAIN_S)
        return self._without_files(folder, known)

    def _changed(self, folder: Folder) -> _Known:
        files = frozenset((name, arrival.signature) for name, arrival in folder.files.items())
        known = self._known.get(folder.path)
        if known is None:
            known = self._known[folder.path] = _Known(files, folder.since)
        elif known.files != files:
            known.files, known.since, known.is_doubted = files, self._clock(), False
        return known

    def _read(self, folder: Folder, name: str, known: _Known) -> "Future[tuple[Mention, ...]]":
        signature = folder.files[name].signature
        if known.reading is None or known.reading[0] != signature:
            known.reading = signature, self._reader(folder)
        return known.reading[1]

    # -- what it waits for -------------------------------------------------------------------------------------------

    def _without_description(self, folder: Folder, known: _Known) -> Waits | None:
        wanted = " or ".join(DESCRIPTIONS[folder.recipe])
        known.wants = ()
        if folder.recipe != "mix":
            return Waits(f"it waits for {wanted}, which says what becomes of it{_nearly(folder)}", None)
        if not any(name.lower().endswith(TRACKS) for name in folder.files):
            return Waits(f"it waits for tracks, or for {wanted}{_nearly(folder)}", None)
        return self._arriving(folder.files, folder) or self._still(
            folder, known, QUIET_FACTOR * self._patience.quiet_s, f"nothing but quiet tells that it has no {wanted}"
        )

    def _without_files(self, folder: Folder, known: _Known) -> Waits | None:
        """Say which of the files that it names a folder waits for."""
        inside = meant_in(folder, known.wants)
        names = frozenset(name for _, name in inside)
        used = [one for one in folder.files if folder.recipe == "mix" or is_meant(one, names) or _is_small(folder, one)]
        if waits := self._arriving(used, folder):
            return waits
        if unseen := next((name for _, name in inside if _is_unseen(folder, name)), ""):
            return Waits(f"{shown(unseen)} is looked at when other files of raw/ are decided")
        missing = [mention for mention, name in inside if not _is_there(folder, name)]
        needed = [mention for mention in missing if not mention.is_optional]
        if not missing:
            return None
        most_s = self._patience.folder_wait_s
        if not needed:
            most_s = min(most_s, QUIET_FACTOR * self._patience.quiet_s)
        if waits := self._still(folder, known, most_s, f"it names {_listed(needed or missing)}, not there yet"):
            return waits
        if needed:
            raise missing_file(folder, needed[0])
        return None

    @staticmethod
    def _arriving(names: Iterable[str], folder: Folder) -> Waits | None:
        arriving = [name for name in names if not folder.files[name].has_settled]
        if not arriving:
            return None
        more = f" and {len(arriving) - 1} more" if len(arriving) > 1 else ""
        return Waits(
            f"{shown(arriving[0])}{more} still changing" if more else f"{shown(arriving[0])} is still changing"
        )

    def _still(self, folder: Folder, known: _Known, most_s: float, because: str) -> Waits | None:
        """Wait until nothing has changed for so long, copies under way among it; None: it was long enough."""
        if (left_s := known.since + most_s - self._clock()) <= 0:
            partials = copies_under_way(folder.path)
            if partials == known.partials:
                return None
            known.partials, known.since, left_s = partials, self._clock(), most_s
        return Waits(f"{because}: it is taken as it is after {most_s:g} s without a change", max(SOON_S, left_s))


def missing_file(folder: Folder, mention: Mention) -> RecipeError:
    """Give the error of a folder whose description names what did not come."""
    hidden = " Names that begin with a dot are never looked at." if "/." in f"/{mention.name}" else ""
    return RecipeError(
        f"{folder.descriptions[0]} names {shown(mention.name)} at {mention.pointer}, which is not in the folder",
        remedy=f"Put it there, or correct the name, and drop the folder again.{hidden}",
        code="missing-file",
        pointer=mention.pointer,
    )


def looked_for(folder: Folder, wants: Iterable[Mention]) -> tuple[Mention, ...]:
    """Give of mentions the first of each name and use, for every look at a folder looks for all of them.

    Raises: RecipeError: there are more than a folder may hold.
    """
    first: dict[tuple[str, str, bool], Mention] = {}
    for mention in wants:
        first.setdefault((mention.name, mention.use, mention.is_optional), mention)
    if sum(bool(name_inside(mention.name)) for mention in first.values()) > FILES_MOST:
        raise RecipeError(
            f"{folder.descriptions[0]} names more than {FILES_MOST} files",
            remedy="Make several folders of it.",
            code="too-many-files",
        )
    return tuple(first.values())


def meant_in(folder: Folder, wants: Iterable[Mention]) -> list[tuple[Mention, str]]:
    """Give the mentions that mean a file of the folder, each with its name there."""
    named = [(mention, folder.spelled(name)) for mention in wants if (name := name_inside(mention.name))]
    # A font may be a family that the machine has.
    return [
        (mention, name)
        for mention, name in named
        if mention.use != "font" or name in folder.files or name.lower().endswith(FONT_FILES)
    ]


def name_inside(name: str) -> str:
    """Give the name that a file of the folder would have; empty for a hash, for what lies elsewhere, for no such name.

    Names that lead out of the folder, and names longer than any, are refused by who reads the description.
    """
    if len(name) > NAME_LETTERS_MOST or is_content(name) or name.startswith(ELSEWHERE):
        return ""
    plain = posixpath.normpath(name)
    return "" if plain.startswith(("/", "../")) or plain in {"..", "."} or "\0" in plain else plain


def _is_small(folder: Folder, name: str) -> bool:
    """Whether a file goes along though nothing names it."""
    return folder.files[name].signature[0] <= SMALL_BYTES


def _is_there(folder: Folder, name: str) -> bool:
    return folder.holds(name) or folder.is_behind_a_link(name)


def _is_unseen(folder: Folder, name: str) -> bool:
    """Whether a file is there that is not followed yet, since raw/ holds more than is followed at a time."""
    if folder.holds(name) or folder.is_behind_a_link(name):
        return False
    # Not `Path.is_file`, which raises at a name that no file can have.
    return not any(is_ignored(part) for part in name.split("/")) and os.path.isfile(folder.path / name)


def _listed(mentions: Sequence[Mention]) -> str:
    words = ", ".join(f"{shown(mention.name)} ({mention.pointer})" for mention in mentions[:NAMED])
    return words + (f" and {len(mentions) - NAMED} more" if len(mentions) > NAMED else "")


def _nearly(folder: Folder) -> str:
    """Name a file that is called nearly as the description must be."""
    wanted = DESCRIPTIONS[folder.recipe]
    stems = {name.rpartition(".")[0] for name in wanted}
    near = [name for name in folder.files if name.lower() in wanted or name.lower().partition(".")[0] in stems]
    return f"; {shown(near[0])} is not called so" if near else ""
