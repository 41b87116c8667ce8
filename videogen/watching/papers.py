"""Files that others write over: read again when they changed, and never twice as they are."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from videogen import durable

ThingT = TypeVar("ThingT")
SERIES = (b"videogen_cache_hit_total{", b"videogen_cache_miss_total{")


class Latest(Generic[ThingT]):
    """One file as it was read last."""

    def __init__(self, parse: Callable[[bytes], ThingT]) -> None:
        self._parse = parse
        self._stamp = (0, 0)
        self._value: ThingT | None = None

    def read(self, path: Path) -> ThingT | None:
        """Give what it says; None where it is not there, or cannot be read."""
        try:
            found = path.lstat()
            if (stamp := (found.st_mtime_ns, found.st_ino)) != self._stamp:
                self._stamp, self._value = stamp, None
                self._value = self._parse(durable.read(path))
        except (OSError, ValueError):
            return None
        return self._value


def hits_and_misses(text: bytes) -> tuple[float, float]:
    """Find in a text for a scraper how often the store had a segment, and how often not; 0 where it is not told."""
    found = []
    for series in SERIES:
        _, is_there, rest = text.partition(b"\n" + series)
        value = 0.0
        with suppress(ValueError):
            value = float(rest.partition(b"\n")[0].rpartition(b" ")[2]) if is_there else 0.0
        found.append(value)
    return found[0], found[1]
