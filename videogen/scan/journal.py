"""Which files are being judged: a file over which main dies again and again must not keep it from all the others.

An entry is a beginning without an end. It is made before anything is read of a file and taken away in every orderly
way out, so what is found there was left by a life that was killed. There is nothing to recover and nothing to add up at
a start: the entries are the count. Files that were in work side by side each have one, so a file with an entry is best
judged alone: the innocent lose theirs, and the guilty one is found.

`scanned/.judging/<key>.<n>` is a symbolic link to the file, <key> the hash of its path and signature: other bytes under
the name are another file. A link is one call, whole or not there, and shows people what it is about. Beginnings are not
synced, as it is the death of a process that counts; the copy that follows syncs them on a filesystem with a journal.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from videogen import durable
from videogen.errors import MediaError
from videogen.model.task import ATTEMPTS
from videogen.scan.arrival import Signature, signature_of

FOLDER = Path("scanned", ".judging")


class Journal:
    """The beginnings under one root. One process writes them; its threads may, each for a file of its own."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / FOLDER

    def crashes(self, path: Path, signature: Signature) -> int:
        """Count the beginnings of a file, as it is now, that never ended; one under way is among them."""
        return sum(1 for _ in self._entries(path, signature))

    def begin(self, path: Path, signature: Signature) -> None:
        """Note that the judgement of a file begins; until `end` or `put_back` this counts as a crash."""
        durable.make_folder(self._folder)
        entry = self._entry(path, signature, self.crashes(path, signature) + 1)
        durable.point_at(entry, os.path.relpath(path, self._folder))

    def end(self, path: Path, signature: Signature) -> None:
        """Forget a file: it was decided, and should it come again it is a new one."""
        for entry in reversed(list(self._entries(path, signature))):
            durable.remove(entry)

    def put_back(self, path: Path, signature: Signature) -> None:
        """Take the last beginning away: the judgement was left in good order. The crashes before it stay."""
        for entry in list(self._entries(path, signature))[-1:]:
            durable.remove(entry)

    @contextmanager
    def judging(self, path: Path, signature: Signature) -> Iterator[None]:
        """Note a beginning, and at the end of the block what became of it: decided, or left where it raises."""
        self.begin(path, signature)
        try:
            yield
        except BaseException:
            self.put_back(path, signature)
            raise
        self.end(path, signature)

    def tidy(self) -> None:
        """Take away what stands for files that are gone, or are others by now."""
        for name in durable.listing(self._folder) if self._folder.is_dir() else ():
            entry = self._folder / name
            path = self._path_of(entry)
            signature = signature_of(path) if path else None
            if path is None or signature is None or not name.startswith(f"{self._key(path, signature)}."):
                durable.remove(entry)

    def _path_of(self, entry: Path) -> Path | None:
        try:
            return Path(os.path.normpath(self._folder / entry.readlink()))
        except OSError:
            return None

    def _entries(self, path: Path, signature: Signature) -> Iterator[Path]:
        number = 1
        while (entry := self._entry(path, signature, number)).is_symlink():
            yield entry
            number += 1

    def _entry(self, path: Path, signature: Signature, number: int) -> Path:
        return self._folder / f"{self._key(path, signature)}.{number}"

    def _key(self, path: Path, signature: Signature) -> str:
        told = os.fsencode(path.relative_to(self._root)) + b"\0" + repr(signature).encode()
        return hashlib.sha256(told).hexdigest()[:32]


def is_given_up(crashes: int) -> bool:
    """Whether a file with so many crashes is not judged any more."""
    return crashes >= ATTEMPTS


def poison(crashes: int) -> MediaError:
    """Give the reason of a file over which main died too often."""
    return MediaError(
        f"videogen ended {crashes} times while it looked into this file",
        remedy="Drop it again if the machine was switched off each time; else export it anew, and report it.",
        code="poison",
        crashes=crashes,
    )
