"""Looking into a file from a safe distance: a child does it, and only its words come back.

The child lives on: it has PyAV in memory and looks into one file after the other. Each thread has a child of its own,
because the kernel ends a child with the thread that started it. A file is opened here and handed over as a descriptor,
so the child needs no name and no right to open anything.
"""

import json
import os
import socket
import stat
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from threading import Event
from typing import IO, cast

from pydantic import ValidationError

import videogen
from videogen import cage
from videogen.errors import Defect, MediaError, MissingInput, Stopped, TemporaryError
from videogen.model.media import Kind, Media
from videogen.probe.magic import WANTED

MEMORY_BYTES = 4 << 30
LONGEST_WAIT_S = 3600.0
BYTES_PER_S = 100_000
"""How slow an inspection may be: 15 MB of 4K screen recording are a minute of pictures, 100 s on two slow cores."""
CORES = 2
START_S = 60.0
"""A child that is not ready by then never will be; it takes half a second on a machine that is not overrun."""
FILES_A_LIFE = 500
"""After so many files a child is replaced, so that nothing one of them left behind lasts for ever."""
LIVES_A_FILE = 3
"""A file that ended so many children one after the other is at fault; a first one may have met a machine in trouble."""
ANSWER_BYTES = 4 << 20
LOOK_S = 0.2
TAIL_BYTES = 65536
LAST_WORDS_S = 2.0


class _Died(Exception):  # noqa: N818 -- not told to anyone: it is tried again, or becomes a verdict
    """The child ended in the middle of a file: its status, and the end of its stderr."""

    def __init__(self, status: int, stderr: str) -> None:
        super().__init__(f"status {status}{_last_of(stderr)}")
        self.status = status
        self.stderr = stderr


@dataclass
class _Child:
    """One inspector that lives, and what connects us to it."""

    process: cage.Child
    line: socket.socket
    words: IO[bytes]
    files: int = 0
    guard: "weakref.finalize[[], Prober] | None" = None
    """Ends it with its prober, or with the whole program."""

    def end(self) -> int:
        """End it and its group; give its exit status."""
        if self.guard is not None:
            self.guard.detach()
        self.line.close()
        status = cage.end(self.process, grace_s=0.0)
        self.words.close()
        return status

    def wait(self) -> None:
        """Let it end by itself, where it is about to: its own status says more than that of our signal."""
        until = time.monotonic() + LAST_WORDS_S
        while self.process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)

    def said(self) -> str:
        """Give the end of its stderr."""
        size = self.words.seek(0, os.SEEK_END)
        self.words.seek(max(0, size - TAIL_BYTES))
        return self.words.read().decode("utf-8", "replace")


class _Mine(threading.local):
    """The child of the thread that asks."""

    child: _Child | None = None


class Prober:
    """What a child that inspects may use, and the least time it is given; large files get more, up to an hour.

    Limits without `cpu_s` get as much CPU as two cores give in that time. Safe to use from several threads.
    Units: seconds.
    """

    def __init__(self, limits: cage.Limits | None = None, timeout_s: float = 60.0, stop: Event | None = None) -> None:
        self._limits = limits or cage.Limits(memory_bytes=MEMORY_BYTES, open_files=64)
        self._timeout_s = timeout_s
        self._stop = stop
        self._mine = _Mine()

    def probe(self, path: Path, kind: Kind, *, name: str | None = None) -> Media:
        """Give what a file holds; errors call it `name`, which is the file's own where none is given.

        Raises: MediaError: the file is not what its kind asks for (the child's code, message and remedy); or it ended
            the child LIVES_A_FILE times (poison), or took too long (too-slow). MissingInput: there is no such file.
            TemporaryError: no child can be started (inspector-unready).
        """
        if kind not in WANTED:
            raise Defect(f"a {kind} is no media file to inspect", remedy="Report it; links are read by crawl.")
        called = name if name is not None else path.name
        with _opened(path, called) as (descriptor, size):
            wait_s = max(self._timeout_s, min(LONGEST_WAIT_S, size / BYTES_PER_S))
            cpu_s = self._limits.cpu_s if self._limits.cpu_s is not None else ceil(wait_s * CORES)
            request = json.dumps({"kind": kind, "name": called, "cpu_s": cpu_s}).encode()
            for life in range(1, LIVES_A_FILE + 1):
                try:
                    return _media(self._asked(request, descriptor, wait_s, called))
                except _Died as died:
                    if life == LIVES_A_FILE:
                        why = f"{called} ended the program that looked into it, {life} times ({died})"
                        raise _poison(why, status=died.status, stderr=died.stderr) from died
        raise AssertionError("unreachable: the last life gives an answer or raises")

    def warm(self) -> None:
        """Have this thread's child ready, so that its first file does not wait for it. Raises: TemporaryError."""
        self._ready()

    def close(self) -> None:
        """End this thread's child, if it has one."""
        child, self._mine.child = self._mine.child, None
        if child is not None:
            child.end()

    def _ready(self) -> _Child:
        child = self._mine.child
        if child is not None and (child.files >= FILES_A_LIFE or child.process.poll() is not None):
            self.close()
            child = None
        if child is None:
            child = self._mine.child = _started(self._limits, self._stop)
            child.guard = weakref.finalize(self, child.end)
        return child

    def _asked(self, request: bytes, descriptor: int, wait_s: float, called: str) -> bytes:
        child = self._ready()
        child.files += 1
        try:
            socket.send_fds(child.line, [request + b"\n"], [descriptor])
            return _answer(child.line, wait_s, self._stop)
        except TimeoutError as error:
            self.close()
            raise MediaError(
                f"{called} could not be looked through in {wait_s:g} s",
                remedy="Cut it into shorter or smaller files and drop them again, or raise scan.probe_s.",
                code="too-slow",
            ) from error
        except OSError as error:
            self._mine.child = None
            child.wait()
            said = child.said()
            raise _Died(child.end(), said) from error
        except Stopped:
            self.close()
            raise


def _poison(message: str, **facts: object) -> MediaError:
    remedy = "Export it anew from the original; if it happens with many files, run `videogen doctor`."
    return MediaError(message, remedy=remedy, code="poison", **facts)


def _last_of(stderr: str) -> str:
    lines = stderr.strip().splitlines()
    return f", {lines[-1][:200]}" if lines else ""


@contextmanager
def _opened(path: Path, called: str) -> Iterator[tuple[int, int]]:
    """Give a descriptor of a regular file and its size; what a name stands for cannot change behind it."""
    try:
        # Opening a FIFO would wait for a writer that never comes.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise MissingInput(f"{called} is not there ({error.strerror})", remedy="Drop it again.") from error
    except OSError as error:
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            raise _not_regular(called) from error
        raise MediaError(
            f"{called} cannot be read ({error.strerror})",
            remedy="Give the user videogen runs as the right to read it.",
            code="unreadable",
        ) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _not_regular(called)
        yield descriptor, found.st_size
    finally:
        os.close(descriptor)


def _not_regular(called: str) -> MediaError:
    return MediaError(f"{called} is not a regular file", remedy="Drop the file itself.", code="not-regular")


def _started(limits: cage.Limits, stop: Event | None) -> _Child:
    """Start a child and wait until it is ready. Raises: TemporaryError: it is not."""
    ours, theirs = socket.socketpair()
    words = tempfile.TemporaryFile()  # noqa: SIM115 -- closed when the child is ended
    try:
        argv = [sys.executable, "-P", "-m", "videogen.probe.inspector", "--serve", str(theirs.fileno())]
        # What one file may use of the processor is set by the child, file by file.
        within = replace(limits, cpu_s=None)
        process = cage.spawn(argv, within, stderr=words, pass_fds=[theirs.fileno()], env=_environment())
    except OSError:
        ours.close()
        words.close()
        raise
    finally:
        theirs.close()
    child = _Child(process, ours, words)
    try:
        _answer(ours, START_S, stop)
    except Stopped:
        child.end()
        raise
    except OSError as error:
        child.wait()
        said = child.said()
        raise TemporaryError(
            f"the program that looks into files does not start (status {child.end()}{_last_of(said)})",
            remedy="Run `videogen doctor`; scan.probe_memory_gb may be too low.",
            code="inspector-unready",
        ) from error
    return child


def _answer(line: socket.socket, wait_s: float, stop: Event | None) -> bytes:
    """Wait for one line. Raises: TimeoutError; Stopped; ConnectionError: the child is gone."""
    until, answer = time.monotonic() + wait_s, bytearray()
    while not answer.endswith(b"\n"):
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        line.settimeout(min(LOOK_S, left_s))
        try:
            block = line.recv(1 << 16)
        except TimeoutError:
            if stop is not None and stop.is_set():
                raise Stopped("the work was stopped", remedy="It is taken up again at the next start.") from None
            continue
        answer += block
        if not block or len(answer) > ANSWER_BYTES:
            raise ConnectionResetError
    return bytes(answer)


def _environment() -> dict[str, str]:
    """Give the child the way to our own code, and what the operator set for libraries and files; nothing else."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    root = str(Path(videogen.__file__).parent.parent)
    # Its decoders have threads of their own; a pool for matrices would only take address space.
    calm = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return kept | calm | {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": root}


def _media(answer: bytes) -> Media:
    try:
        told = json.loads(answer)
        if "media" in told:
            return Media.model_validate_json(json.dumps(told["media"]))
        refused = cast("dict[str, str]", told["refused"])
        raise MediaError(refused["message"], remedy=refused["remedy"], code=refused["code"])
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        # What writes such words is no longer our program.
        raise _poison("the program that looked into the file gave an answer that is none") from error
