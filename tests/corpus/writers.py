"""Those who bring files slowly, each as real copiers do: what they leave is known, what was seen of it is told.

A writer that lets go of its file between two writes cannot be told from one that is done, but by its pauses. So each
tells the longest pause it really made, since a busy machine stretches them: over the quiet time it proves nothing.
"""

import mmap
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

QUIET_S = 0.5
"""Files settle after this long in these trials."""
LONG_S, SHORT_S = 1.3 * QUIET_S, QUIET_S / 8
"""A pause longer than the quiet time, for who keeps the file open, and one much shorter, for who does not."""
STEPS = 5


@dataclass
class Try:
    """One file brought by one writer. `path` is where it comes to lie; `longest_s` the longest pause without a hold."""

    path: Path
    content: bytes
    dice: Random
    longest_s: float = 0.0
    _let_go: float = field(default=0.0, repr=False)

    def steps(self) -> Iterator[bytes]:
        """Give the content in pieces."""
        cuts = sorted(self.dice.sample(range(1, len(self.content)), STEPS - 1))
        for start, end in zip([0, *cuts], [*cuts, len(self.content)], strict=True):
            yield self.content[start:end]

    def held_pause(self) -> None:
        """Pause while the file is held open: short or longer than any quiet time."""
        time.sleep(self.dice.choice((SHORT_S, SHORT_S, LONG_S)))

    def let_go(self) -> None:
        """Note that nothing holds the file from now on."""
        self._let_go = time.monotonic()

    def back(self) -> None:
        """Note that the file is held or changed again."""
        if self._let_go:
            self.longest_s = max(self.longest_s, time.monotonic() - self._let_go)
        self._let_go = 0.0


def slow_copy(one: Try) -> None:
    """Write piece by piece into an open file."""
    with one.path.open("wb", buffering=0) as file:
        for piece in one.steps():
            file.write(piece)
            one.held_pause()


def stalling_dd(one: Try) -> None:
    """Have dd write what comes through a pipe that stalls."""
    argv = ["dd", f"of={one.path}", "bs=64", "status=none"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, bufsize=0) as dd:
        assert dd.stdin
        for piece in one.steps():
            dd.stdin.write(piece)
            one.held_pause()


def stopped_cat(one: Try) -> None:
    """Have a writer stopped in the middle, longer than the quiet time."""
    with one.path.open("wb") as file, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file, bufsize=0) as cat:
        assert cat.stdin
        for piece in one.steps():
            cat.stdin.write(piece)
            time.sleep(SHORT_S)
            os.kill(cat.pid, signal.SIGSTOP)
            one.held_pause()
            os.kill(cat.pid, signal.SIGCONT)


def preallocated(one: Try) -> None:
    """Give the file its length first, then fill it."""
    with one.path.open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, len(one.content))
        for piece in one.steps():
            one.held_pause()
            file.write(piece)


def dated_back(one: Try) -> None:
    """Fill a preallocated file and set its time back after each write, so that neither size nor mtime tells."""
    with one.path.open("wb", buffering=0) as file:
        os.ftruncate(file.fileno(), len(one.content))
        for piece in one.steps():
            file.write(piece)
            os.utime(file.fileno(), (1_000_000_000, 1_000_000_000))
            one.held_pause()


def mapped(one: Try) -> None:
    """Write through memory after the descriptor was closed."""
    with one.path.open("w+b") as file:
        os.ftruncate(file.fileno(), len(one.content))
        memory = mmap.mmap(file.fileno(), len(one.content))
    with memory:
        for piece in one.steps():
            one.held_pause()
            memory.write(piece)


def appended(one: Try) -> None:
    """Open, append, close; and again after a short while."""
    for piece in one.steps():
        with one.path.open("ab") as file:
            one.back()
            file.write(piece)
        one.let_go()
        time.sleep(SHORT_S)
    one.back()


def saved_again(one: Try) -> None:
    """Write another text, and right after it the true one over it, as editors do."""
    one.path.write_bytes(one.content[: len(one.content) // 2])
    one.let_go()
    time.sleep(SHORT_S)
    with one.path.open("wb", buffering=0) as file:
        one.back()
        for piece in one.steps():
            file.write(piece)
            one.held_pause()


def renamed_in(one: Try) -> None:
    """Write under a name nobody looks at, then rename."""
    hidden = one.path.with_name(f".{one.path.name}.{one.dice.randrange(10**6)}")
    _leisurely(one, hidden)
    hidden.rename(one.path)


def part(one: Try) -> None:
    """Write as FTP servers and browsers do, under a name that ends in .part."""
    coming = one.path.with_name(f"{one.path.name}.part")
    _leisurely(one, coming)
    coming.rename(one.path)


def _leisurely(one: Try, path: Path) -> None:
    """Write with pauses and without holding the file: the name alone must protect it."""
    for piece in one.steps():
        with path.open("ab") as file:
            file.write(piece)
        time.sleep(one.dice.choice((SHORT_S, LONG_S)))


def kept_times(one: Try) -> None:
    """Copy with cp -p, which sets the times of the source once all is written."""
    source = one.path.with_name(f".{one.path.name}.source")
    source.write_bytes(one.content)
    os.utime(source, (1_000_000_000, 1_000_000_000))
    subprocess.run(["cp", "-p", source, one.path], check=True)
    source.unlink()


def rsynced(one: Try) -> None:
    """Copy with rsync, which writes under a name with a dot."""
    _rsync(one)


def rsynced_inplace(one: Try) -> None:
    """Copy with rsync --inplace, over an older text of the same name, slowly."""
    _rsync(one, "--inplace")


def _rsync(one: Try, *words: str) -> None:
    source = one.path.with_name(f".{one.path.name}.source")
    source.write_bytes(one.content)
    subprocess.run(["rsync", "--bwlimit=400", *words, source, one.path], check=True)
    source.unlink()


Writer = Callable[[Try], None]
WRITERS: dict[str, Writer] = {
    writer.__name__: writer
    for writer in (
        slow_copy,
        stalling_dd,
        stopped_cat,
        preallocated,
        dated_back,
        mapped,
        appended,
        saved_again,
        renamed_in,
        part,
        kept_times,
        *((rsynced, rsynced_inplace) if shutil.which("rsync") else ()),
    )
}
