"""The clips of the library that a mix shows which brings none: a mix waits for them, as a voice does."""

from collections.abc import Callable, Iterable
from pathlib import Path

from videogen.catalog import Catalog
from videogen.cutting import Cutting
from videogen.errors import InputError
from videogen.jobs.folder import Folder
from videogen.jobs.waiting import SOON_S, TRACKS, Waits
from videogen.probe.magic import is_media


class Borrowing:
    """Which folders show clips of the library, and what stands in the way.

    `settle_s`: how long clips are waited for that are arriving while there are others.
    """

    def __init__(self, catalog: Catalog, settle_s: float, clock: Callable[[], float]) -> None:
        self._catalog = catalog
        self._settle_s = settle_s
        self._clock = clock
        self._since: dict[Path, tuple[object, float]] = {}

    def keep_only(self, folders: Iterable[Folder]) -> None:
        """Forget every other folder, and what changed since."""
        marks = {folder.path: _state(folder) for folder in folders}
        self._since = {path: row for path, row in self._since.items() if marks.get(path) == row[0]}

    def lacks(self, folder: Folder, coming: int) -> Waits | None:
        """Say what a folder that shows clips of the library would wait for; `coming` films are arriving in raw/."""
        if not self._catalog.count("video", None):
            return Waits("it shows clips of the library, and there are none: it waits for some in raw/video/", None)
        since = self._since.get(folder.path, (None, self._clock()))[1]
        if coming and self._clock() - since < self._settle_s:
            return Waits(f"it shows clips of the library, and {coming} video files are still arriving in raw/", SOON_S)
        return None

    def waits(self, folder: Folder, coming: int) -> Waits | None:
        """Say what a folder waits for that is known to show clips of the library; None: nothing, or it is not known."""
        return self.lacks(folder, coming) if folder.path in self._since else None

    def note(self, folder: Folder) -> None:
        """Know of a folder that it shows clips of the library."""
        self._since.setdefault(folder.path, (_state(folder), self._clock()))


def is_borrower(cutting: Cutting, folder: Folder) -> bool:
    """Whether a folder shows clips of the library, as far as its description and the heads of its files tell."""
    if folder.recipe != "mix" or any(_is_film(folder.path / name) for name in folder.files):
        return False
    path = folder.path / folder.descriptions[0] if folder.descriptions else folder.path
    try:
        return cutting.is_lent_clips(path, recipe=folder.recipe)
    except InputError:
        return False  # it is refused for that, in good order


def _state(folder: Folder) -> frozenset[tuple[str, object]]:
    return frozenset((name, arrival.signature) for name, arrival in folder.files.items())


def _is_film(path: Path) -> bool:
    """Whether a file may be a film: none that is called as sounds are."""
    if path.name.lower().endswith(TRACKS) or path.is_symlink() or not path.is_file():
        return False
    try:
        return is_media(path)
    except OSError:
        return True  # whoever copies it tells what is wrong with it
