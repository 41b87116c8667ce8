"""The sessions of a device, shared by all processes of this host: a driver's cap is met by waiting, not by failing.

A device runs few encodes at once, and what one more gets differs by vendor: an error, or a crawl. So each takes one of
a fixed number of lock files first. The kernel frees a lock when its holder dies, however it dies.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from videogen import durable
from videogen.model.profile import Encoder

LIMIT = 2
"""Encodes at once on one device. Source: the least cap that drivers of NVIDIA's desktop cards ever had."""


@dataclass(frozen=True)
class Sessions:
    """At most `limit` at once, over all processes that name the same folder; it should lie on a disk of this host's.

    On a filesystem that keeps no locks there is no cap, and the driver's own is met.
    """

    folder: Path
    limit: int = LIMIT

    @classmethod
    def of(cls, home: Path, encoder: Encoder, device: str, limit: int = LIMIT) -> "Sessions":
        """Give the sessions of a device under a folder of this host's; two ways to one render node share them."""
        name = Path(device).name if "/" in device else f"{encoder.name}.{device or 'any'}"
        return cls(home / name, limit)

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Hold a session until the block ends or the process dies; False at once where none is free.

        Raises: NoSpace: there is no room for a lock file.
        """
        with ExitStack() as stack:
            slots = (self.folder / f"{nth}.lock" for nth in range(self.limit))
            yield any(stack.enter_context(durable.alone(slot)) for slot in slots)


@dataclass(frozen=True)
class Device:
    """Where pictures are encoded: FFmpeg's name of it, empty for the first it finds, and the sessions it has."""

    name: str = ""
    sessions: Sessions | None = None

    @contextmanager
    def session(self, encoder: Encoder) -> Iterator[bool]:
        """Hold what an encode takes of the device: nothing where none is used. False: it has to wait."""
        if self.sessions is None or not encoder.is_hardware:
            yield True
            return
        with self.sessions.one() as is_free:
            yield is_free
