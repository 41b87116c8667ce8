"""What a program takes: seconds from its start to its exit, and the most memory it and its children held at once."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_S = 0.02


@dataclass(frozen=True)
class Used:
    """What was used. Units: seconds; MB, `pss_mb` with shared pages counted once, None where it is not to be had."""

    seconds: float
    rss_mb: float
    pss_mb: float | None

    @property
    def memory_mb(self) -> float:
        """The truer of the two: resident memory counts a page again in each process that shares it."""
        return self.rss_mb if self.pss_mb is None else self.pss_mb


def timed(argv: Sequence[str], env: Mapping[str, str] | None = None) -> float:
    """Run a program to success and give its seconds. Raises: CalledProcessError."""
    began = time.monotonic()
    subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def beside(commands: Sequence[Sequence[str]]) -> float:
    """Run programs side by side to success and give the seconds until the last ended. Raises: CalledProcessError."""
    began = time.monotonic()
    running = [subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for argv in commands]
    statuses = [process.wait() for process in running]
    for argv, status in zip(commands, statuses, strict=True):
        if status != 0:
            raise subprocess.CalledProcessError(status, argv)
    return time.monotonic() - began


def metered(argv: Sequence[str], env: Mapping[str, str] | None = None) -> Used:
    """Run a program to success and look at its memory every 20 ms. Raises: CalledProcessError.

    The looks take processor time of their own: times are measured in a run without them.
    """
    began = time.monotonic()
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rss, pss = 0.0, 0.0
    while process.poll() is None:
        with suppress(psutil.Error):
            now = _held(psutil.Process(process.pid))
            rss, pss = max(rss, now[0]), max(pss, now[1])
        time.sleep(EVERY_S)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, argv)
    return Used(time.monotonic() - began, rss / 1e6, pss / 1e6 if pss else None)


def peak_mb(pid: int | None = None) -> float:
    """Give the most memory a process ever held, this very one where none is named. Units: MB."""
    status = Path(f"/proc/{pid or 'self'}/status")
    if status.exists():
        # Not getrusage, whose figure is that of the parent where the parent was larger.
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 / 1e6
    return psutil.Process().memory_info().rss / 1e6


def _held(root: psutil.Process) -> tuple[float, float]:
    rss = pss = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.Error):
            held = process.memory_full_info()
            rss += held.rss
            pss += getattr(held, "pss", 0.0)
    return rss, pss
