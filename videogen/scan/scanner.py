"""One pass over raw/: decide everything that has settled. An event only says when; what is there is the truth."""

import errno
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import structlog

from videogen import durable
from videogen.errors import InputError, SetupError, Stopped, TemporaryError
from videogen.scan.admit import Intake, StillChanging, Verdict
from videogen.scan.arrival import Arrival, Arrivals
from videogen.scan.journal import Journal, is_given_up, poison
from videogen.scan.place import is_of_job

log = structlog.get_logger()

THE_FILE_S_OWN = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP, errno.ENOENT, None}
"""Errors that the same file would meet again; all others are the disk's, and pass."""

AGAIN_S = 5.0
"""A file left for a cause that passes is tried again this much later."""
IN_HAND = 16
"""Files given to each hand at a time: one in work, the others follow at once, however long a look at raw/ takes."""


@dataclass
class Pass:
    """What one look came to, by paths below raw/.

    `arriving` are not decided yet, `in_work` of them are in the hands; `put_off` cannot be for a cause that
    passes (a full disk), which is named. `beyond` are there and were not looked at yet.
    """

    decided: list[Verdict] = field(default_factory=list)
    arriving: list[Path] = field(default_factory=list)
    put_off: dict[Path, str] = field(default_factory=dict)
    in_work: int = 0
    beyond: int = 0
    in_folders: list[Arrival] = field(default_factory=list)
    """Files of folders that become videos: they are no business of this."""
    waited_s: list[float] = field(default_factory=list)
    """How long each of the decided lay as it is until its verdict."""


@dataclass(frozen=True)
class _Left:
    """A file that stays in raw/ for now: why, where that is worth telling."""

    reason: str = ""
    code: str = ""
    is_doubted: bool = False
    is_stuck: bool = False


class Scanner:
    """raw/ → scanned/ or trash/invalid, `hands` files at a time; a bad one never stops the rest."""

    def __init__(  # noqa: PLR0913 -- the parts of a scan, built once in wiring
        self,
        raw: Path,
        arrivals: Arrivals,
        intake: Intake,
        stop: Event,
        *,
        journal: Journal,
        wake: Event,
        hands: int = 2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        durable.hear_no_leases()
        journal.tidy()
        self._raw = raw
        self._arrivals = arrivals
        self._intake = intake
        self._stop = stop
        self._wake = wake
        self._journal = journal
        self._clock = clock
        self._most = IN_HAND * hands
        # Their threads live as long as this: each has a child of its own, which ends with its thread.
        self._hands = ThreadPoolExecutor(hands, thread_name_prefix="intake", initializer=intake.warm)
        self._in_work: dict[Path, tuple[Arrival, Future[Verdict | _Left]]] = {}
        self._put_off: dict[Path, tuple[float, str]] = {}
        self._is_alone = False
        self.is_held = False
        """Whether nothing new is given out; what is in work ends."""
        self.has_company = False
        """Whether others look into files meanwhile: what main died over is judged when they are done."""

    def close(self) -> None:
        """Wait for what is in work, which ends soon once `stop` is set, and let the hands go."""
        self._hands.shutdown(wait=True, cancel_futures=True)

    def scan_once(self) -> Pass:
        """Gather what was decided since the last time, look at raw/, and give out what has settled.

        Raises: SetupError: nothing can be taken in before the operator did something.
        """
        result = Pass()
        self._gather(result)
        arrivals = self._arrivals.look()
        result.put_off |= {path.relative_to(self._raw): why for path, why in self._arrivals.unreadable.items()}
        suspects: list[Arrival] = []
        for arrival in _in_turn(arrivals):
            path, relative = arrival.path, arrival.path.relative_to(self._raw)
            if is_of_job(relative):
                result.in_folders.append(arrival)
                continue
            again_at, reason = self._put_off.get(path, (0.0, ""))
            if reason and self._clock() < again_at:
                result.put_off[relative] = reason
                continue
            result.arriving.append(relative)
            is_wanted = arrival.has_settled and path not in self._in_work
            if is_wanted and self._has_room():
                if self._journal.crashes(path, arrival.signature):
                    suspects.append(arrival)
                else:
                    self._give_out(arrival)
        # Over which of several files main died is found out by judging each of them alone, after all others.
        if suspects and not self._in_work and not self.has_company:
            self._give_out(suspects[0])
            self._is_alone = True
        self._put_off = {path: row for path, row in self._put_off.items() if os.path.lexists(path)}
        result.in_work, result.beyond = len(self._in_work), self._arrivals.beyond
        return result

    def _has_room(self) -> bool:
        """Whether a file may be given out now."""
        is_full = self._is_alone or len(self._in_work) >= self._most
        return not (is_full or self.is_held or self._stop.is_set())

    def _give_out(self, arrival: Arrival) -> None:
        work = self._hands.submit(self._decide, arrival)
        self._in_work[arrival.path] = arrival, work
        work.add_done_callback(lambda _: self._wake.set())

    def _gather(self, result: Pass) -> None:
        for path, (arrival, work) in list(self._in_work.items()):
            if not work.done():
                continue
            del self._in_work[path]
            self._is_alone = False
            if work.cancelled():
                continue
            became = work.result()
            if isinstance(became, Verdict):
                self._put_off.pop(path, None)
                result.decided.append(became)
                result.waited_s.append(self._clock() - arrival.since)
            else:
                self._leave(arrival, became)

    def _leave(self, arrival: Arrival, left: _Left) -> None:
        path = arrival.path
        if left.is_doubted:
            self._arrivals.doubt(arrival)
        if left.is_stuck:
            self._arrivals.pass_over(arrival)
        if left.reason:
            if self._put_off.get(path, (0.0, ""))[1] != left.reason:
                log.warning(f"Left {path.name} in raw/ for now", code=left.code, because=left.reason)
            self._put_off[path] = self._clock() + AGAIN_S, left.reason

    def _decide(self, arrival: Arrival) -> Verdict | _Left:
        path, signature = arrival.path, arrival.signature
        try:
            crashes = self._journal.crashes(path, signature)
            if is_given_up(crashes):
                verdict = self._intake.refuse(path, poison(crashes))
                self._journal.end(path, signature)
                return verdict
            with self._journal.judging(path, signature):
                return self._intake.admit(path, is_final=not arrival.is_early)
        except InputError:
            return _Left(is_doubted=True)  # told only where it is not final
        except SetupError:
            raise
        except Exception as error:
            return self._left_after(arrival.path, error)

    def _left_after(self, path: Path, error: Exception) -> Verdict | _Left:
        is_gone = isinstance(error, FileNotFoundError) and not os.path.lexists(path)
        if is_gone or isinstance(error, StillChanging | Stopped):
            return _Left()
        if isinstance(error, TemporaryError):
            return _Left(error.message, error.word)
        if isinstance(error, OSError) and error.errno not in THE_FILE_S_OWN:
            # A disk that is full or read-only, a folder we may not write: no fault of the file's.
            return _Left(f"{type(error).__name__}: {error}", "io")
        log.error(f"Failed on {path.name}", exc_info=error)
        return self._set_aside(path, error)

    def _set_aside(self, path: Path, error: Exception) -> Verdict | _Left:
        try:
            return self._intake.refuse_defect(path, error)
        except OSError as trouble:
            log.error(
                f"Cannot move {path.name} out of raw/",
                because=trouble.strerror,
                remedy="Give the videogen user write access to the folder, or remove the file by hand.",
            )
            return _Left(is_stuck=True)


def _in_turn(arrivals: Iterable[Arrival]) -> list[Arrival]:
    """Give the first of every folder, then the second of every folder, and so on: no folder waits for another's end."""
    before: Counter[Path] = Counter()
    turns = []
    for arrival in arrivals:
        turns.append((before[arrival.path.parent], arrival))
        before[arrival.path.parent] += 1
    return [arrival for _, arrival in sorted(turns, key=lambda turn: turn[0])]
