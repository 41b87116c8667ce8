"""Logos that videos were made with: `scanned/.logos/<sha256>.png`, kept so that a video can be made again.

An operator's logo is one file that changes in place; a video of last year shows the one of last year.
"""

from pathlib import Path

from videogen import durable

FOLDER = Path("scanned") / ".logos"


def keep_logo(root: Path, logo: Path, sha256: str) -> None:
    """Have a logo in the library for good, under its hash; one that is there already is not written again.

    Raises: NoSpace.
    """
    kept = logo_of(root, sha256)
    if kept.exists():
        return
    durable.make_folder(kept.parent)
    arriving = durable.temporary_in(kept.parent)
    if durable.copy(logo, arriving).sha256 == sha256:
        durable.move(arriving, kept)
    else:  # it was changed in between: its new form is kept when a task is made with it
        durable.remove(arriving)


def logo_of(root: Path, sha256: str) -> Path:
    """Name the file that a logo of this hash has, or would have."""
    return root / FOLDER / f"{sha256}.png"
