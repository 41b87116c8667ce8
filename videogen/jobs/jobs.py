"""The folders of raw/ that become videos: which are complete, which wait and for what; one is taken at a time."""

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import structlog

from videogen.assemble import NoClips
from videogen.errors import Defect, InputError, SetupError, Stopped, TemporaryError, VideogenError
from videogen.jobs.folder import Folder, folders_of
from videogen.jobs.taking import Taker, defect_of
from videogen.jobs.waiting import SOON_S, Patience, Waiting, Waits, looked_for
from videogen.model.stock import Mention
from videogen.model.value import readable
from videogen.scan import AGAIN_S, Journal, Verdict
from videogen.scan.admit import StillChanging
from videogen.scan.arrival import Arrival, signature_of
from videogen.scan.journal import is_given_up, poison
from videogen.scan.scanner import THE_FILE_S_OWN

log = structlog.get_logger()


@dataclass
class Look:
    """What one look came to. `waits`: folders by path from the root, each with what it waits for.

    `is_moving`: something is in work, or time alone will change it; `due_s`: when the next look is of use at the
    latest, None where something has to come first.
    """

    decided: list[Verdict] = field(default_factory=list)
    waits: dict[str, str] = field(default_factory=dict)
    is_moving: bool = False
    due_s: float | None = None

    def wait(self, place: str, waits: Waits) -> None:
        """Note a folder that is not taken yet."""
        self.waits[place] = waits.reason
        if waits.due_s is not None:
            self.is_moving = True
            self.due_s = waits.due_s if self.due_s is None else min(self.due_s, waits.due_s)


@dataclass(frozen=True)
class _Left:
    """A folder that stays in raw/ for now: why, where that is worth telling."""

    reason: str = ""
    code: str = ""
    is_doubted: bool = False
    is_stuck: bool = False
    is_borrower: bool = False


class Jobs:
    """raw/<recipe>/<name>/ → scanned/ and tasks/, or trash/invalid; a bad folder never stops the rest."""

    def __init__(
        self, taker: Taker, patience: Patience, *, wake: Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = taker.root
        self._taker = taker
        self._journal = Journal(taker.root)
        self._wake = wake
        self._clock = clock
        # One thread for its life: it has a child of its own to look into files, which ends with it.
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="jobs")
        self._waiting = Waiting(patience, self._read, clock)
        self._borrowing = taker.borrowing(patience.settle_s, clock)
        self._coming = 0
        self._in_work: tuple[Folder, Future[Verdict | _Left]] | None = None
        self._put_off: dict[Path, tuple[float, str]] = {}
        self._stuck: dict[Path, object] = {}
        self._said: dict[str, str] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a folder is being taken."""
        return self._in_work is not None

    def open(self, tick: Callable[[], None] = lambda: None) -> None:
        """Finish what an earlier life promoted; called once, before the first look."""
        self._taker.finish(tick)

    def close(self) -> None:
        """Wait for what is in work, which ends soon once all is told to stop, and let the hand go."""
        self._hand.shutdown(wait=True, cancel_futures=True)

    def look(
        self, arrivals: Iterable[Arrival], *, is_held: bool = False, is_scan_idle: bool = True, coming: int = 0
    ) -> Look:
        """Gather what was decided since the last time, and take the next folder that is complete.

        `arrivals` are all that lies in such folders now. `is_held`: nothing new is begun. `is_scan_idle`: no file is in
        work elsewhere, so that a folder over which main died can be judged alone. `coming`: how many clips for the
        library lie in raw/ undecided.
        """
        result = Look()
        self._coming = coming
        self._gather(result)
        folders = folders_of(self._root / "raw", arrivals)
        self._waiting.keep_only(folders)
        self._borrowing.keep_only(folders)
        self._put_off = {path: row for path, row in self._put_off.items() if os.path.lexists(path)}
        for folder in folders:
            place = readable(str(folder.path.relative_to(self._root)))
            waits = self._looked_at(folder, is_held=is_held, is_scan_idle=is_scan_idle)
            if waits is not None:
                result.wait(place, waits)
        self._tell(result.waits)
        return result

    def _looked_at(self, folder: Folder, *, is_held: bool, is_scan_idle: bool) -> Waits | None:
        """Judge one folder, and give it out where it is complete and nothing else is in work; None: it is no news."""
        again_at, reason = self._put_off.get(folder.path, (0.0, ""))
        if reason and self._clock() < again_at:
            return Waits(reason, again_at - self._clock())
        if self._stuck.get(folder.path) == folder.mark:
            return None
        if self._in_work is not None and self._in_work[0].path == folder.path:
            return Waits("it is being taken", AGAIN_S)
        if self._taker.left_behind(folder):
            return self._given_out(folder, is_held=is_held, is_scan_idle=is_scan_idle, wants=())
        try:
            waits = self._waiting.judge(folder)
        except (InputError, Defect) as error:
            return self._given_out(folder, is_held=is_held, is_scan_idle=is_scan_idle, error=error)
        wants = self._waiting.wants(folder)
        waits = waits or self._borrowing.waits(folder, self._coming)
        return waits or self._given_out(folder, is_held=is_held, is_scan_idle=is_scan_idle, wants=wants)

    def _given_out(
        self,
        folder: Folder,
        *,
        is_held: bool,
        is_scan_idle: bool,
        wants: tuple[Mention, ...] = (),
        error: VideogenError | None = None,
    ) -> Waits | None:
        if self._in_work is not None or is_held:
            return Waits("it is complete and waits its turn", AGAIN_S)
        path, signature = folder.mark
        if signature is None:
            return Waits("it is still changing")
        if self._journal.crashes(path, signature) and not is_scan_idle:
            return Waits("main ended while it was taken, so it is judged alone, after what is in work")
        lacks_clips = self._borrowing.lacks(folder, self._coming) is not None
        work = self._hand.submit(self._decide, folder, wants, error, lacks_clips=lacks_clips)
        self._in_work = folder, work
        work.add_done_callback(lambda _: self._wake.set())
        return Waits("it is being taken", AGAIN_S)

    def _read(self, folder: Folder) -> "Future[tuple[Mention, ...]]":
        reading = self._hand.submit(self._mentions, folder)
        reading.add_done_callback(lambda _: self._wake.set())
        return reading

    def _gather(self, result: Look) -> None:
        if self._in_work is None or not self._in_work[1].done():
            return
        folder, work = self._in_work
        self._in_work = None
        if work.cancelled():
            return
        became = work.result()
        if isinstance(became, Verdict):
            self._put_off.pop(folder.path, None)
            result.decided.append(became)
        else:
            self._leave(folder, became)

    def _leave(self, folder: Folder, left: _Left) -> None:
        if left.is_doubted:
            self._waiting.doubt(folder)
        if left.is_borrower:
            self._borrowing.note(folder)
            if waits := self._borrowing.waits(folder, self._coming):
                log.info(f"Waiting: {readable(str(folder.path.relative_to(self._root)))}", because=waits.reason)
        if left.is_stuck:
            self._stuck[folder.path] = folder.mark
        if left.reason:
            if self._put_off.get(folder.path, (0.0, ""))[1] != left.reason:
                log.warning(f"Left {readable(folder.name)} in raw/ for now", code=left.code, because=left.reason)
            self._put_off[folder.path] = self._clock() + AGAIN_S, left.reason

    def _tell(self, waits: dict[str, str]) -> None:
        """Say once in the log what a folder waits for."""
        for place, reason in waits.items():
            kind = reason.partition(":")[0]
            if place not in self._said:
                log.info(f"Waiting: {place}", because=reason)
            self._said[place] = kind
        self._said = {place: kind for place, kind in self._said.items() if place in waits}

    # -- in the hand -------------------------------------------------------------------------------------------------

    def _mentions(self, folder: Folder) -> tuple[Mention, ...]:
        try:
            return looked_for(folder, self._taker.mentions(folder))
        except VideogenError:
            raise
        except OSError as error:
            raise StillChanging from error
        except Exception as error:
            raise defect_of(error) from error

    def _decide(
        self, folder: Folder, wants: tuple[Mention, ...], error: VideogenError | None, *, lacks_clips: bool
    ) -> Verdict | _Left:
        is_final = not any(arrival.is_early for arrival in folder.files.values())
        path, signature = folder.mark
        try:
            if error is not None:
                return self._taker.refuse(folder, error) if is_final else _Left(is_doubted=True)
            if signature is None:
                return _Left()
            if is_given_up(crashes := self._journal.crashes(path, signature)):
                verdict = self._taker.refuse(folder, poison(crashes))
                self._journal.end(path, signature)
                return verdict
            with self._journal.judging(path, signature):
                return self._taker.take(folder, wants, is_final=is_final, lacks_clips=lacks_clips)
        except InputError as told:  # only where it is not final, or only the library's clips are missing
            is_borrower = isinstance(told, NoClips)
            return _Left(is_borrower=is_borrower, is_doubted=not is_borrower)
        except SetupError:
            raise
        except Exception as trouble:
            return self._left_after(folder, trouble)

    def _left_after(self, folder: Folder, trouble: Exception) -> Verdict | _Left:
        if isinstance(trouble, StillChanging | Stopped) or signature_of(folder.path) is None:
            return _Left()
        if isinstance(trouble, TemporaryError):
            return _Left(trouble.message, trouble.word)
        if isinstance(trouble, OSError) and trouble.errno not in THE_FILE_S_OWN:
            return _Left(f"{type(trouble).__name__}: {trouble}", "io")
        log.error(f"Failed on {readable(folder.name)}", exc_info=trouble)
        try:
            return self._taker.refuse(folder, trouble if isinstance(trouble, VideogenError) else defect_of(trouble))
        except TemporaryError as full:
            return _Left(full.message, full.word)
        except OSError as again:
            log.error(
                f"Cannot move {readable(folder.name)} out of raw/",
                because=again.strerror,
                remedy="Give the videogen user write access to the folder, or remove it by hand.",
            )
            return _Left(is_stuck=True)


__all__ = ["SOON_S", "Jobs", "Look"]
