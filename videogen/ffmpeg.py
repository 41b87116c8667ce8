"""The only door to FFmpeg: an argument list goes in, progress and a verdict come out.

Every run is supervised: no shell and no stdin, stderr in a file, progress on a descriptor of its own, a process group
that dies with us, and an end when the frame counter stands still (not when a slow encode is merely slow). What
FFmpeg said at its end becomes one of our errors (complaints.py).

Every run is enclosed: of the files it can open only the inputs and outputs that its arguments name, and it has no
network. An output is made before FFmpeg starts, so that it need not have the right to make files beside it.
"""

import os
import re
import select
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import psutil

from videogen import cage, content, durable
from videogen.complaints import verdict
from videogen.errors import Stalled, Stopped, ToolchainError

TAIL_BYTES = 65536
FILE = "file:"
"""What every name of a file begins with among our arguments."""
SUBTITLES = re.compile(r"\bsubtitles=filename=([\w./-]+)")
"""The one filter of ours that reads a file; `command/subtitle.py` gives it no name with other characters."""
FONTS = ["/etc/fonts", "/var/cache/fontconfig", *map(os.path.expanduser, ("~/.fonts", "~/.local/share/fonts"))]
ON_A_DEVICE = re.compile(r"_(?:nvenc|qsv|vaapi|amf|videotoolbox)$")
"""Encoders that open a device."""
LARGE_PAGES = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432"
    ":glibc.malloc.trim_threshold=268435456:glibc.malloc.top_pad=67108864"
}
"""What an encoder's environment is given: a picture of 4K is 12 MB, which malloc fetches from the kernel and gives back
each time unless it is told otherwise. Other libraries of C do not know the word.

Source: 30 frames of 3840x2160, libx264 medium in one thread: 7.5 to 9.5 s without, 7.1 to 7.9 s with; two frames 0.8 s
without, 0.43 s with. The bytes are the same.
"""
LOOK_S = 0.2
END_LOOK_S = 0.01
END_GRACE_S = 0.5
WORKING_SHARE = 0.02
"""Less than this share of one processor is no work but a child that waits."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands. Units: output frames written, of all; seconds since it began; bytes written so far."""

    frame: int
    total: int
    elapsed_s: float
    size_bytes: int = 0

    @property
    def fps(self) -> float:
        """Frames written in a second, on the average so far; 0 while nothing is known."""
        return self.frame / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds to go at the rate so far; None while nothing is known."""
        if self.frame <= 0 or self.total <= 0:
            return None
        return self.elapsed_s * max(0, self.total - self.frame) / self.frame


@dataclass(frozen=True)
class Watch:
    """How long a run may stand still, and run in all. Units: seconds; None is without end."""

    stall_s: float = 60.0
    wall_s: float | None = None


def files_in(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give the files that arguments read, and those they write."""
    subtitles = [path for word in arguments for path in SUBTITLES.findall(word)]
    read, written = subtitles + (FONTS if subtitles else []), list[str]()
    for before, word in zip(("", *arguments), arguments, strict=False):
        if word.startswith(FILE):
            (read if before == "-i" else written).append(word.removeprefix(FILE))
    return read, written


class FFmpeg:
    """One FFmpeg program and the limits its children get: their walls name what each may reach besides its files."""

    def __init__(self, program: Path, limits: cage.Limits | None = None, watch: Watch | None = None) -> None:
        self.program = program
        self._limits = limits or cage.Limits()
        self._watch = watch or Watch()

    def ask(self, arguments: Sequence[str], *, timeout_s: float = 30.0) -> cage.Ended:
        """Run a short question such as -version to its end and give the answer, whatever its status.

        Raises: ToolchainError: the program cannot be started. Stalled: no answer in time.
        """
        self._expect_program()
        argv = [str(self.program), "-hide_banner", *arguments]
        return cage.run(argv, self._enclosed(arguments), timeout_s=timeout_s)

    def run(
        self,
        arguments: Sequence[str],
        *,
        log: Path,
        total: int = 0,
        on_progress: Callable[[Progress], None] | None = None,
        stop: Event | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Run FFmpeg to success; its stderr is added to `log`, the command line first. It replaces its outputs.

        Units: `total` is the number of frames the run will write, for the progress.
        Raises: Stalled: the frame counter stood still, or the time ran out. Stopped: `stop` was set. Otherwise
            what the table of this module makes of FFmpeg's words.
        """
        self._expect_program()
        with _there(files_in(arguments)[1]), log.open("ab") as stderr:
            reading, writing = os.pipe()
            try:
                argv = [str(self.program), "-hide_banner", "-nostdin", "-y", "-v", "warning", "-nostats"]
                argv += ["-progress", f"pipe:{writing}", "-stats_period", "0.5", *arguments]
                stderr.write(f"$ {shlex.join(argv)}\n".encode("utf-8", "backslashreplace"))
                stderr.flush()
                began, limits = stderr.tell(), self._enclosed(arguments)
                process = cage.spawn(argv, limits, stderr=stderr, pass_fds=[writing], env=env)
            except BaseException:
                os.close(reading)
                raise
            finally:
                os.close(writing)
            try:
                follow = _Follow(process, total, self._watch, on_progress or (lambda _: None), stop or Event())
                follow.to_the_end(reading)
            finally:
                os.close(reading)
                # What it was writing is thrown away: it need not flush its look-ahead first.
                status = cage.end(process, grace_s=END_GRACE_S)
            if status != 0:
                raise verdict(status, _tail(log, began), argv)

    def _enclosed(self, arguments: Sequence[str]) -> cage.Limits:
        """Give the limits of a run that reaches the files of its arguments, and what every run may."""
        walls, (read, written) = self._limits.walls or cage.Walls(), files_in(arguments)
        walls = cage.Walls(
            read=(*walls.read, *read),
            write=(*walls.write, *written),
            devices=any(map(ON_A_DEVICE.search, arguments)),
        )
        return replace(self._limits, walls=walls)

    def _expect_program(self) -> None:
        # The child starts through setpriv and prlimit, whose own "not found" would read like a missing input.
        if not os.access(self.program, os.X_OK) or self.program.is_dir():
            raise ToolchainError(
                f"FFmpeg cannot be started: {self.program} is no program",
                remedy="Run `videogen doctor`, or set ffmpeg.path to one that works.",
            )


@contextmanager
def _there(outputs: Sequence[str]) -> Iterator[None]:
    """Have the files to write be there; one that was made here and is empty after a failure is gone again."""
    made = [path for path in map(Path, outputs) if content.make_place(path)]
    try:
        yield
    except BaseException:
        for path in made:
            if path.exists() and path.stat().st_size == 0:
                durable.remove(path)
        raise


def _tail(log: Path, began: int) -> str:
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(began, size - TAIL_BYTES))
        return file.read().decode("utf-8", "replace")


def _whole(fields: Mapping[bytes, bytes], name: bytes) -> int:
    """Give a number that FFmpeg told; 0 where it says that it has none."""
    text = fields.get(name, b"").strip()
    return int(text) if text.isdigit() else 0


class _Follow:
    """What is known of a run while it goes on."""

    def __init__(
        self, process: cage.Child, total: int, watch: Watch, tell: Callable[[Progress], None], stop: Event
    ) -> None:
        self._process = process
        self._total = total
        self._watch = watch
        self._tell = tell
        self._stop = stop
        self._began = self._moved = time.monotonic()
        self._last = ("", "")
        self._cpu_s = 0.0

    def to_the_end(self, reading: int) -> None:
        """Read progress until the child has ended. Raises: Stalled, Stopped."""
        pending = b""
        while True:
            ready, _, _ = select.select([reading], [], [], LOOK_S)
            self._judge(time.monotonic())
            if not ready:
                continue
            block = os.read(reading, 65536)
            if not block:
                break
            *lines, pending = (pending + block).split(b"\n")
            self._take(dict(line.split(b"=", 1) for line in lines if b"=" in line))
        # It has nothing more to tell; that it also ends is watched like the rest.
        while self._process.poll() is None:
            self._judge(time.monotonic())
            time.sleep(END_LOOK_S)

    def _take(self, fields: dict[bytes, bytes]) -> None:
        now = time.monotonic()
        # FFmpeg leaves out what it does not know yet, and a run without a picture has no frame: read tolerantly.
        here = tuple(fields.get(name, b"").decode("ascii", "replace").strip() for name in (b"frame", b"out_time_us"))
        if any(here) and here != self._last:
            self._last, self._moved = (here[0], here[1]), now
            self._cpu_s = self._used_s()
        with suppress(ValueError):
            self._tell(Progress(int(self._last[0] or 0), self._total, now - self._began, _whole(fields, b"total_size")))

    def _judge(self, now: float) -> None:
        watch = self._watch
        if self._stop.is_set():
            raise Stopped("the render was stopped", remedy="The task went back and is taken up again.")
        if now - self._moved > watch.stall_s and not self._is_working(now):
            raise Stalled(
                f"FFmpeg made no progress for {watch.stall_s:g} s at frame {self._last[0] or 0}",
                remedy="It is tried again; if a network mount is slow, raise render.stall_s.",
            )
        if watch.wall_s is not None and now - self._began > watch.wall_s:
            raise Stalled(
                f"FFmpeg was not done after {watch.wall_s:g} s",
                remedy="It is tried again; raise render.wall_s if this machine is that slow.",
            )

    def _is_working(self, now: float) -> bool:
        """Whether it used the processor or the disk meanwhile; then it gets as long again.

        A slow preset looks ahead for minutes before its first frame, and moving the index of a large file to the
        front counts no frame at all.
        """
        used_s = self._used_s()
        works = used_s - self._cpu_s > WORKING_SHARE * self._watch.stall_s
        self._cpu_s = used_s
        if works:
            self._moved = now
        return works

    def _used_s(self) -> float:
        try:
            spent = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return self._cpu_s
        return float(spent.user + spent.system + getattr(spent, "iowait", 0.0))
