"""Limits and walls round any child process: it cannot outlive us, outgrow its memory, gain a privilege, or look round.

Every child starts through `spawn`. It gets an argument list (no shell), a process group of its own, no stdin, and on
Linux it runs through util-linux's setpriv and prlimit, which cost about 3 ms where a Python preexec_fn cost 28 ms in
a large process. The kernel's death signal follows the *thread* that spawned, so spawn from one that lives until the
child has ended. Where setpriv or prlimit is missing (macOS), the process group is all there is.

A child that is given walls starts through `jail.launch` instead, which does all that and encloses itself: some 12 ms
more, which is less than FFmpeg takes to begin.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event
from typing import IO

from videogen import jail
from videogen.errors import Stalled, Stopped

Child = subprocess.Popen[bytes]
"""A running child."""

ONLY_WITH_PARENT = '[ "$PPID" = "$0" ] && exec "$@"'
"""A parent that died before setpriv asked for the signal never sends it: whoever is an orphan by then does not start.

A fixed text; what is run are its arguments, which no shell reads.
"""
SCRIPTS_RUN = ("/usr", "/bin", sys.prefix, sys.base_prefix)
STOP_LOOK_S = 0.2
CAPTURE_BYTES = 4 << 20
"""What `run` keeps of a child's stdout; more than that is no answer but a flood."""


@dataclass(frozen=True)
class Walls:
    """What a child may reach: files or folders, links followed, with all that lies below. It has no network.

    Its own program and the machine's libraries it may always read. What it may `write` it may read. Where `devices` is
    set it may open those that encode. A script may start the system's programs and those that came with videogen; any
    other program starts nothing.
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    devices: bool = False


@dataclass(frozen=True)
class Limits:
    """What a child may use; None is unlimited, and without `walls` it may reach what we may.

    Units: bytes of address space, seconds of CPU, open files, bytes of any one file it writes.
    """

    memory_bytes: int | None = None
    cpu_s: int | None = None
    open_files: int = 1024
    file_bytes: int | None = None
    walls: Walls | None = None


@dataclass(frozen=True)
class Ended:
    """A child that ended by itself. `status` is negative for a signal, as in subprocess."""

    status: int
    stdout: bytes
    stderr: bytes


@cache
def _tool(name: str) -> str | None:
    return shutil.which(name) if sys.platform == "linux" else None


def caged(argv: Sequence[str], limits: Limits) -> list[str]:
    """Give the argument list that starts `argv` under `limits` and ties its life to ours."""
    if limits.walls is not None and sys.platform == "linux":
        return [*_launcher(), *_limit_words(limits), *_wall_words(argv[0], limits.walls), "--", *argv]
    wrapped: list[str] = []
    if setpriv := _tool("setpriv"):
        wrapped += [setpriv, "--pdeathsig", "KILL", "--no-new-privs"]
    if prlimit := _tool("prlimit"):
        wrapped += [prlimit, "--core=0", f"--nofile={limits.open_files}"]
        if limits.memory_bytes is not None:
            wrapped.append(f"--as={limits.memory_bytes}")
        if limits.cpu_s is not None:
            wrapped.append(f"--cpu={limits.cpu_s}")
        if limits.file_bytes is not None:
            wrapped.append(f"--fsize={limits.file_bytes}")
        wrapped.append("--")
    if setpriv and (shell := _tool("sh")):
        wrapped += [shell, "-c", ONLY_WITH_PARENT, str(os.getpid())]
    return wrapped + list(argv)


def _launcher() -> list[str]:
    # No site, no user's modules, no environment: it imports ctypes and us, and starts in 10 ms.
    package = str(Path(__file__).parents[1])
    return [sys.executable, "-I", "-S", "-c", jail.BOOT, package, str(os.getpid())]


def _limit_words(limits: Limits) -> list[str]:
    given = {"nofile": limits.open_files, "as": limits.memory_bytes, "cpu": limits.cpu_s, "fsize": limits.file_bytes}
    return ["core=0", *(f"{name}={value}" for name, value in given.items() if value is not None)]


def _wall_words(program: str, walls: Walls) -> list[str]:
    path = Path(shutil.which(program) or program)
    # A build of one's own has its libraries beside it.
    libraries = [*filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":")), path.resolve().parent.parent / "lib"]
    is_script = _is_script(path)
    run = [path, *(SCRIPTS_RUN if is_script else ())]
    words = [f"read={one}" for one in (*libraries, *walls.read)] + [f"write={one}" for one in walls.write]
    words += [f"run={one}" for one in run]
    return words + ["forks=1"] * is_script + ["devices=1"] * walls.devices


def _is_script(program: Path) -> bool:
    with suppress(OSError), program.open("rb") as file:
        return file.read(2) == b"#!"
    return False


def walls_that_hold() -> tuple[str, ...]:
    """Give the names of the walls that this machine can build round a child, as a child found them."""
    if sys.platform != "linux":
        return ()
    ended = run([*_launcher(), "tell=1", "--"], Limits(), timeout_s=30)
    return tuple(ended.stdout.decode().split())


def child_environment() -> dict[str, str]:
    """Give a child that runs our own code what it needs to find its modules, and nothing that is secret."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(place for place in sys.path if place),
    }


def spawn(
    argv: Sequence[str],
    limits: Limits,
    *,
    stdout: int | IO[bytes] | None = subprocess.DEVNULL,
    stderr: int | IO[bytes] | None = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
) -> Child:
    """Start a child in a process group of its own, without stdin, under `limits`."""
    return subprocess.Popen(
        caged(argv, limits),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=tuple(pass_fds),
        env=dict(env) if env is not None else None,
        start_new_session=True,
    )


def end(process: Child, *, grace_s: float = 5.0) -> int:
    """End a child and its whole group: SIGTERM, a grace, then SIGKILL. Give its exit status."""
    for sent, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
            break
    # The leader is gone; whatever it started itself goes too.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.returncode


def run(
    argv: Sequence[str],
    limits: Limits,
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    stop: Event | None = None,
    pass_fds: Sequence[int] = (),
) -> Ended:
    """Run a child to its end and keep what it said.

    Shape: at most CAPTURE_BYTES of stdout, and the last 64 KiB of stderr.
    Raises: Stalled: it ran longer than `timeout_s`. Stopped: `stop` was set. In both cases it and its group are gone.
    """
    # Files, not pipes: a child that floods its output can neither block nor fill our memory.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = spawn(argv, limits, stdout=out, stderr=err, env=env, pass_fds=pass_fds)
        try:
            _wait(process, timeout_s, stop)
        except subprocess.TimeoutExpired as error:
            raise Stalled(
                f"{Path(argv[0]).name} was still running after {timeout_s:g} s",
                remedy="It was ended; try again, or raise the time limit in videogen.toml.",
            ) from error
        finally:
            end(process, grace_s=0.0 if process.returncode is None else 5.0)
        out.seek(0)
        size = err.seek(0, os.SEEK_END)
        err.seek(max(0, size - 65536))
        return Ended(process.returncode, out.read(CAPTURE_BYTES), err.read())


def _wait(process: Child, timeout_s: float, stop: Event | None) -> None:
    if stop is None:
        process.wait(timeout_s)
        return
    until = time.monotonic() + timeout_s
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(STOP_LOOK_S, max(0.0, until - time.monotonic())))
            return
        if stop.is_set():
            raise Stopped("the work was stopped", remedy="It is taken up again at the next start.")
        if time.monotonic() >= until:
            raise subprocess.TimeoutExpired(process.args, timeout_s)
