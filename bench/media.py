"""The real clips, music and speech that every row works on, found by the first letters of their names."""

import os
from pathlib import Path

VARIABLE = "VIDEOGEN_TEST_MEDIA"


class MissingMediaError(Exception):
    """There is nothing to work on; the message says what to do."""


class Media:
    """A folder of real media."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def named(cls) -> "Media":
        """Give the folder that the environment names. Raises: MissingMediaError."""
        folder = os.environ.get(VARIABLE)
        if not folder or not Path(folder).is_dir():
            raise MissingMediaError(f"Set {VARIABLE} to a folder with v01*.mp4, v05*.mp4, s01*.mp3, m01*.mp3 and more.")
        return cls(Path(folder))

    def path(self, start: str) -> Path:
        """Give the file whose name begins so. Raises: MissingMediaError: there is none."""
        for path in sorted(self._folder.glob(f"{start}_*")):
            if path.suffix != ".txt":
                return path
        raise MissingMediaError(f"{VARIABLE} names a folder without {start}*.")

    def paths(self, *starts: str) -> list[Path]:
        """Give several files. Raises: MissingMediaError."""
        return [self.path(start) for start in starts]
