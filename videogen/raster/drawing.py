"""Drawing in this very process: what the child does, and what tests of pixels look at."""

from collections.abc import Sequence
from pathlib import Path

from videogen.raster.images import drawn_photo, looked_at
from videogen.raster.tables import drawn_table
from videogen.raster.wishes import Drawn, Look, Photo, Table, Wish, Words
from videogen.raster.words import drawn_words


def drawn(wish: Wish, fonts: Sequence[Path] = ()) -> Drawn:
    """Draw one thing. Raises: MediaError: it cannot be drawn, and why."""
    match wish:
        case Words():
            return drawn_words(wish, fonts)
        case Photo():
            return drawn_photo(wish)
        case Table():
            return drawn_table(wish)
        case Look():
            return looked_at(wish)


def drawn_here(wishes: Sequence[Wish], fonts: Sequence[Path] = ()) -> list[Drawn]:
    """Draw everything without walls. Shape: in the order of the wishes. Raises: MediaError."""
    return [drawn(wish, fonts) for wish in wishes]
