"""One pass over raw/: decide everything that has settled. An event only says when; what is there is the truth."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import structlog

from videogen.errors import TemporaryError
from videogen.scan.admit import Intake, StillChanging, Verdict
from videogen.scan.arrival import Arrivals, Signature

log = structlog.get_logger()


@dataclass
class Pass:
    """What one look came to. `arriving` are the paths below raw/ that are not decided yet."""

    decided: list[Verdict] = field(default_factory=list)
    arriving: list[Path] = field(default_factory=list)


class Scanner:
    """raw/ → scanned/ or trash/invalid, one file at a time; a bad one never stops the rest."""

    def __init__(self, raw: Path, arrivals: Arrivals, intake: Intake, stop: Event) -> None:
        self._raw = raw
        self._arrivals = arrivals
        self._intake = intake
        self._stop = stop
        self._stuck: dict[Path, Signature] = {}

    def scan_once(self) -> Pass:
        """Look at all of raw/ and decide what has settled; stops between two files when asked to."""
        result = Pass()
        for arrival in self._arrivals.look():
            if self._stuck.get(arrival.path) == arrival.signature:
                continue  # it could be neither taken nor moved; the log said so, and it has not changed since
            if not arrival.has_settled or self._stop.is_set():
                result.arriving.append(arrival.path.relative_to(self._raw))
                continue
            verdict = self._decide(arrival.path, arrival.signature)
            if verdict is not None:
                result.decided.append(verdict)
            elif self._stuck.get(arrival.path) != arrival.signature:
                result.arriving.append(arrival.path.relative_to(self._raw))
        return result

    def _decide(self, path: Path, signature: Signature) -> Verdict | None:
        try:
            return self._intake.admit(path)
        except (StillChanging, FileNotFoundError):
            return None
        except TemporaryError as error:
            log.warning(f"Left {path.name} in raw/ for now", code=error.word, because=error.message)
            return None
        except Exception as error:
            log.exception(f"Failed on {path.name}")
            return self._set_aside(path, signature, error)

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
