"""How many encodes run side by side on this machine: measured, and kept for the node of that name.

Threads of one encode belong to the profile and are the same on every node, since other counts give other bytes; how
many encodes run at once changes nothing but the time.
"""

import json
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

from videogen import durable
from videogen.errors import SetupError
from videogen.model.timeline import Canvas
from videogen.render import Bench
from videogen.spool import Spool

TRIAL_FRAMES = 48
WORTH = 1.03
"""One more encode at a time must bring this much: it takes memory from the page cache."""


@dataclass(frozen=True)
class Trial:
    """So many at once. Units: frames a second of all together; MB of memory of the largest one."""

    encodes: int
    frames_per_s: float
    memory_mb: int


def tune(bench: Bench, canvas: Canvas, scratch: Path, tell: Callable[[Trial], None]) -> Trial:
    """Try one, two, ... encodes at once until more brings nothing, and give the best number of them.

    Raises: what FFmpeg raises: this machine cannot encode at all.
    """
    best: Trial | None = None
    for encodes in range(1, len(os.sched_getaffinity(0)) + 1):
        trial = _tried(bench, canvas, scratch, encodes)
        tell(trial)
        if best is not None and trial.frames_per_s < best.frames_per_s * WORTH:
            break
        best = trial
        if (encodes + 1) * trial.memory_mb > psutil.virtual_memory().available / 1e6:
            break
    if best is None:
        raise SetupError("this machine has no processor to encode on", remedy="Look at its CPU affinity.")
    return best


def _tried(bench: Bench, canvas: Canvas, scratch: Path, encodes: int) -> Trial:
    failures: list[BaseException] = []

    def work(nth: int) -> None:
        try:
            bench.ffmpeg(600).run(_argv(bench, canvas), log=scratch / f"{nth}.log", total=TRIAL_FRAMES, stop=Event())
        except BaseException as error:
            failures.append(error)

    began = time.monotonic()
    threads = [Thread(target=work, args=(nth,)) for nth in range(encodes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    # The largest child so far; all of them encode the same.
    memory_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return Trial(encodes, encodes * TRIAL_FRAMES / (time.monotonic() - began), memory_mb)


def _argv(bench: Bench, canvas: Canvas) -> list[str]:
    """Encode a moving test picture: a clip would do as well, but there may be none yet."""
    source = f"testsrc2=s={canvas.width}x{canvas.height}:r={canvas.fps},noise=alls=12:allf=t"
    encoder, device = bench.encoder, bench.device.name
    chain = ",".join(f"{name}={value}" if value else name for name, value in encoder.upload)
    options = [word for name, value in encoder.options().items() for word in (f"-{name}", str(value))]
    before, own = encoder.device_words(device)
    arguments = [*before, "-f", "lavfi", "-i", source, "-frames:v", str(TRIAL_FRAMES)]
    return [*arguments, *(["-vf", chain] if chain else []), *options, *own, "-f", "null", "-"]


def kept(root: Path, node: str) -> int:
    """Give what was measured for a node; 0 where nothing was."""
    try:
        return max(0, int(json.loads(durable.read(_paper(root, node)))["encodes"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # the last for brackets without end
        return 0


def keep(root: Path, node: str, trial: Trial) -> Path:
    """Write down what was measured; nodes of that name use it from their next start on."""
    words = {"encodes": trial.encodes, "frames_per_s": round(trial.frames_per_s, 2), "memory_mb": trial.memory_mb}
    durable.make_folder(_paper(root, node).parent)
    durable.write(_paper(root, node), json.dumps(words, indent=2) + "\n")
    return _paper(root, node)


def _paper(root: Path, node: str) -> Path:
    return Spool(root).nodes / f"{node}.tune.json"
