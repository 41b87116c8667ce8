"""One pass over raw/: decide everything that has settled. An event only says when; what is there is the truth."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import structlog

from videogen.errors import SetupError, TemporaryError
from videogen.scan.admit import Intake, StillChanging, Verdict
from videogen.scan.arrival import Arrivals, Signature

log = structlog.get_logger()

THE_FILE_S_OWN = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP, errno.ENOENT, None}
"""Errors that the same file would meet again; all others are the disk's, and pass."""

AGAIN_S = 5.0
"""A file left for a cause that passes is tried again this much later."""


@dataclass
class Pass:
    """What one look came to, by paths below raw/.

    `arriving` are not decided yet; `put_off` cannot be for a cause that passes (a full disk), which is named.
    """

    decided: list[Verdict] = field(default_factory=list)
    arriving: list[Path] = field(default_factory=list)
    put_off: dict[Path, str] = field(default_factory=dict)


class Scanner:
    """raw/ → scanned/ or trash/invalid, one file at a time; a bad one never stops the rest."""

    def __init__(
        self,
        raw: Path,
        arrivals: Arrivals,
        intake: Intake,
        stop: Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._raw = raw
        self._arrivals = arrivals
        self._intake = intake
        self._stop = stop
        self._clock = clock
        self._stuck: dict[Path, Signature] = {}
        self._put_off: dict[Path, tuple[float, str]] = {}

    def scan_once(self) -> Pass:
        """Look at all of raw/ and decide what has settled; stops between two files when asked to."""
        result = Pass()
        arrivals = self._arrivals.look()
        result.put_off |= {path.relative_to(self._raw): why for path, why in self._arrivals.unreadable.items()}
        for arrival in arrivals:
            path, relative = arrival.path, arrival.path.relative_to(self._raw)
            if self._stuck.get(path) == arrival.signature:
                continue  # it could be neither taken nor moved; the log said so, and it has not changed since
            again_at, reason = self._put_off.get(path, (0.0, ""))
            if reason and self._clock() < again_at:
                result.put_off[relative] = reason
                continue
            if not arrival.has_settled or self._stop.is_set():
                result.arriving.append(relative)
                continue
            verdict = self._decide(path, arrival.signature)
            if verdict is not None:
                self._put_off.pop(path, None)
                result.decided.append(verdict)
            elif path in self._put_off:
                result.put_off[relative] = self._put_off[path][1]
            elif self._stuck.get(path) != arrival.signature:
                result.arriving.append(relative)
        return result

    def _decide(self, path: Path, signature: Signature) -> Verdict | None:
        try:
            return self._intake.admit(path)
        except StillChanging:
            return None
        except FileNotFoundError as error:
            # Someone took the file back; anything else that is missing is ours.
            return self._set_aside(path, signature, error) if os.path.lexists(path) else None
        except TemporaryError as error:
            self._leave(path, error.message, code=error.word)
            return None
        except SetupError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno not in THE_FILE_S_OWN:
                # A disk that is full or read-only, a folder we may not write: no fault of the file's.
                self._leave(path, f"{type(error).__name__}: {error}", code="io")
                return None
            log.exception(f"Failed on {path.name}")
            return self._set_aside(path, signature, error)

    def _leave(self, path: Path, reason: str, *, code: str) -> None:
        if self._put_off.get(path, (0.0, ""))[1] != reason:
            log.warning(f"Left {path.name} in raw/ for now", code=code, because=reason)
        self._put_off[path] = self._clock() + AGAIN_S, reason

    def _set_aside(self, path: Path, signature: Signature, error: Exception) -> Verdict | None:
        try:
            return self._intake.refuse_defect(path, error)
        except OSError as trouble:
            self._stuck[path] = signature
            log.error(
                f"Cannot move {path.name} out of raw/",
                because=trouble.strerror,
                remedy="Give the videogen user write access to the folder, or remove the file by hand.",
            )
            return None
