"""Thousands of mutants before the inspector: `python -m tests.corpus.mutate [--long] [--count N] [--first N]`.

Each ends scanned, or refused with a known code; none kills the inspector, takes long or much memory; and what is taken
decodes to its end by FFmpeg, which counts as many pictures or samples. `--first N --count 1` repeats one.

A child per mutant is forked from a process that has everything loaded, with the limits of an inspector: an interpreter
for each would take half a second. What runs in it is the inspector's own judgement.
"""

import argparse
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from tests import footage
from tests.corpus.mutants import Mutant, Seed, mutant_of, seeds
from tests.corpus.table import ITEMS
from videogen.errors import InputError
from videogen.model.media import Kind
from videogen.probe.inspector import inspect
from videogen.scan.admit import check_link

SHORT, LONG = 2000, 10_000
WAIT_S, CPU_S, MEMORY_BYTES, PEAK_BYTES = 30.0, 20, 4 << 30, 1 << 30
DECODED_S = 60
KNOWN = {item.code for _, item in ITEMS.values() if item.verdict == "I"} | {"no-media"}
"""The codes of the corpus, and nothing else."""
BATCH = 50
ONE_BYTE = "scale=1:1,format=gray"


@dataclass(frozen=True)
class Judged:
    """What became of a mutant: `code` is empty where it was taken. Units: seconds, bytes."""

    number: int
    name: str
    how: str
    code: str = ""
    trouble: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0


@dataclass
class Tally:
    """What became of many."""

    codes: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    slowest: Judged | None = None
    largest: Judged | None = None

    def add(self, one: Judged) -> None:
        """Count one."""
        self.codes[one.code or "scanned"] += 1
        if one.trouble:
            self.troubles.append(f"{one.number} ({one.name}, {one.how}): {one.trouble}")
        self.slowest = max(self.slowest or one, one, key=lambda judged: judged.seconds)
        self.largest = max(self.largest or one, one, key=lambda judged: judged.peak_bytes)

    def table(self) -> str:
        """Give the counts, most frequent first."""
        rows = [f"{count:7,} {code}" for code, count in self.codes.most_common()]
        if self.slowest and self.largest:
            rows.append(f"slowest {self.slowest.seconds:.2f} s ({self.slowest.number})")
            rows.append(f"largest {self.largest.peak_bytes >> 20} MiB ({self.largest.number})")
        return "\n".join([*rows, *self.troubles])


def main() -> None:
    """Judge many, print what became of them; exit with 1 where one did what none may do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = tried(Path(folder), given.first, given.count or (LONG if given.long else SHORT))
    print(f"{tally.table()}\n{time.monotonic() - began:.0f} s")
    sys.exit(bool(tally.troubles))


def tried(folder: Path, first: int, count: int) -> Tally:
    """Judge so many mutants in two processes, from the one of that number on."""
    made, tally = seeds(folder / "stock"), Tally()
    starts = range(first, first + count, BATCH)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(batch, folder, made, range(start, min(start + BATCH, first + count))) for start in starts]
        for job in jobs:
            for one in job.result():
                tally.add(one)
    return tally


def batch(folder: Path, made: tuple[Seed, ...], numbers: Iterable[int]) -> list[Judged]:
    """Judge some mutants, one after the other."""
    with tempfile.TemporaryDirectory(dir=folder) as inner:
        return list(_batch(Path(inner), made, numbers))


def _batch(folder: Path, made: tuple[Seed, ...], numbers: Iterable[int]) -> Iterator[Judged]:
    for number in numbers:
        mutant = mutant_of(number, made)
        path = folder / mutant.seed.name
        path.write_bytes(mutant.content)
        yield judged(mutant, path)


def judged(mutant: Mutant, path: Path) -> Judged:
    """Have a child judge a file, and FFmpeg what the child took."""
    began = time.monotonic()
    answer, status, peak_bytes = apart(path, mutant.seed.kind)
    seconds = time.monotonic() - began
    code, trouble = str(answer.get("code", "")), ""
    if not answer:
        code, trouble = "died", f"the inspector died of it (status {status})"
    elif code and code not in KNOWN:
        trouble = f"an unknown code, {code}: {answer.get('message')}"
    elif peak_bytes > PEAK_BYTES:
        trouble = f"it took {peak_bytes >> 20} MiB"
    elif not code:
        trouble = contradicted(path, mutant.seed.kind, answer)
    return Judged(mutant.number, mutant.seed.name, mutant.how, code, trouble, seconds, peak_bytes)


def apart(path: Path, kind: Kind) -> tuple[dict[str, object], int, int]:
    """Judge a file in a forked child; give its answer (none where it died), its status, and its peak of memory."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        _live(path, kind, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], WAIT_S)
        said = pipe.read() if ready else b""
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return json.loads(said or b"{}"), status, usage.ru_maxrss * 1024


def _live(path: Path, kind: Kind, writing: int) -> None:
    """Be the child: judge, say so, end. Whatever else happens ends it without a word."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.write(writing, json.dumps(answer_to(path, kind)).encode())
        os._exit(0)
    finally:
        os._exit(1)


def answer_to(path: Path, kind: Kind) -> dict[str, object]:
    """Judge a file as intake does; give what it shows or sounds like, or the code it is refused with."""
    try:
        if kind == "link":
            if not path.stat().st_size:
                return {"code": "empty"}
            check_link(path)
            return {"units": 0, "seconds": 0.0}
        media = inspect(path, kind)
    except InputError as error:
        return {"code": error.word, "message": error.message}
    if media.picture:
        return {"units": media.picture.frames, "seconds": float(media.duration_s)}
    return {"units": media.sound.samples if media.sound else 0, "seconds": float(media.duration_s)}


def contradicted(path: Path, kind: Kind, answer: dict[str, object]) -> str:
    """Say where FFmpeg's own decode of a file that was taken fails, or counts otherwise; empty where it agrees.

    Of an MP3 errors at its edges are let pass, as players do, so only the count is held against it.
    """
    if kind == "link" or float(str(answer["seconds"])) > DECODED_S:
        return ""
    argv = [str(footage.program()), "-v", "error", "-nostdin"]
    argv += ["-xerror", "-f", "mov"] if kind == "video" else ["-f", "mp3"]
    argv += ["-i", f"file:{path}", "-map", "0:v:0" if kind == "video" else "0:a:0"]
    # Raw bytes have no time stamps, so no muxer finds fault with them: each picture is made one gray pixel.
    argv += (
        ["-ac", "1", "-f", "u8"] if kind == "voice" else ["-fps_mode", "passthrough", "-vf", ONE_BYTE, "-f", "rawvideo"]
    )
    done = subprocess.run([*argv, "-"], capture_output=True, timeout=120, check=False)
    if done.returncode:
        return f"FFmpeg cannot decode what was taken: {done.stderr[-300:]!r}"
    units = len(done.stdout)
    return "" if units == answer["units"] else f"FFmpeg counts {units}, the inspector {answer['units']}"


if __name__ == "__main__":
    main()
