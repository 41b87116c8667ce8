"""What the library lends to a mix that brings no clips of its own: the least used first, as for stories."""

from pathlib import Path

from videogen.assemble.choose import choose_clips
from videogen.assemble.drawing import GoneError, LibraryPool, Rule
from videogen.catalog import Catalog
from videogen.edit.mix import Wanted
from videogen.model.choice import Candidate
from videogen.model.timeline import Canvas


class _Shown(LibraryPool):
    """A library's clips, each as long as the mix shows it alone."""

    def __init__(self, catalog: Catalog, canvas: Canvas, resting: frozenset[int], wanted: Wanted) -> None:
        super().__init__(catalog, "video", None, canvas, resting)
        self._wanted = wanted

    def candidate(self, lot: int) -> Candidate:
        """Give what is known of one. Raises: GoneError."""
        found = super().candidate(lot)
        most = self._wanted.most or found.frames
        return found.model_copy(update={"frames": max(1, min(found.frames, most) - self._wanted.shared)})


def lent_clips(root: Path, catalog: Catalog, rule: Rule, wanted: Wanted, canvas: Canvas, seed: int) -> tuple[str, ...]:
    """Give the contents of clips in playing order, enough for the mix; all of them are there now.

    Shape: those used least come first, chance decides among equals, and what the last videos showed comes last; none
        comes again before all have come, or twice in a row.
    Raises: NoClips: the library has none.
    """
    while True:
        try:
            return _lent(root, catalog, rule, wanted, canvas, seed)
        except GoneError:
            continue  # each time the library has one less: it comes to an end


def _lent(root: Path, catalog: Catalog, rule: Rule, wanted: Wanted, canvas: Canvas, seed: int) -> tuple[str, ...]:
    pool = _Shown(catalog, canvas, catalog.resting("video", None, rule.cooldown), wanted)
    clips = choose_clips(pool, wanted.frames, seed)
    gone = {one.path for one in clips if not (root / one.path).is_file()}
    for path in sorted(gone):
        catalog.forget(path)
    if gone:
        raise GoneError
    return tuple(one.sha256 for one in clips)
