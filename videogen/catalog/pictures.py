"""Stills and words as they were drawn for videos: `scanned/.pictures/<2 digits>/<sha256>.png`, each content once.

They stay: a video is made again from them, though a font or an image it was drawn from is gone.
"""

from pathlib import Path

from videogen import durable

FOLDER = Path("scanned") / ".pictures"


def keep_picture(root: Path, sha256: str, png: bytes) -> None:
    """Have a picture in the library for good, under its hash; one that is there already is not written again.

    Raises: NoSpace.
    """
    kept = picture_of(root, sha256)
    if not kept.exists():
        durable.make_folder(kept.parent)
        durable.write(kept, png)


def picture_of(root: Path, sha256: str) -> Path:
    """Name the file that a picture of this hash has, or would have."""
    return root / FOLDER / sha256[:2] / f"{sha256}.png"
