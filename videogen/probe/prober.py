"""Looking into a file from a safe distance: a child does it, and only its words come back."""

import json
import os
import sys
from dataclasses import replace
from math import ceil
from pathlib import Path
from threading import Event
from typing import cast

from pydantic import ValidationError

import videogen
from videogen import cage
from videogen.errors import Defect, MediaError, MissingInput, NoSpace, Stalled
from videogen.model.media import Kind, Media
from videogen.probe.magic import WANTED

MEMORY_BYTES = 4 << 30
LONGEST_WAIT_S = 3600.0
BYTES_PER_S = 100_000
"""How slow an inspection may be: 15 MB of 4K screen recording are a minute of pictures, 100 s on two slow cores."""
CORES = 2
FLUSH_FAILED = 120
"""What Python exits with when its last words did not fit the disk."""


class Prober:
    """What a child that inspects may use, and the least time it is given; large files get more, up to an hour.

    Limits without `cpu_s` get as much CPU as two cores give in that time. Units: seconds.
    """

    def __init__(self, limits: cage.Limits | None = None, timeout_s: float = 60.0, stop: Event | None = None) -> None:
        self._limits = limits or cage.Limits(memory_bytes=MEMORY_BYTES, open_files=64)
        self._timeout_s = timeout_s
        self._stop = stop

    def probe(self, path: Path, kind: Kind, *, name: str | None = None) -> Media:
        """Give what a file holds; errors call it `name`, which is the file's own where none is given.

        Raises: MediaError: the file is not what its kind asks for (the child's code, message and remedy); or the child
            died of it (inspector-died) or ran out of time (too-slow). MissingInput: there is no such file.
        """
        try:
            return self._probe(path, kind)
        except MediaError as error:
            if name is None:
                raise
            said = error.message.replace(path.name, name)
            raise MediaError(said, remedy=error.remedy, code=error.word) from error

    def _probe(self, path: Path, kind: Kind) -> Media:
        if kind not in WANTED:
            raise Defect(f"a {kind} is no media file to inspect", remedy="Report it; links are read by crawl.")
        wait_s = self._wait_s(path)
        limits = self._limits
        if limits.cpu_s is None:
            limits = replace(limits, cpu_s=ceil(wait_s * CORES))
        argv = [sys.executable, "-P", "-m", "videogen.probe.inspector", kind, str(path.absolute())]
        try:
            ended = cage.run(argv, limits, timeout_s=wait_s, env=_environment(), stop=self._stop)
        except Stalled as error:
            raise MediaError(
                f"{path.name} could not be looked through in {wait_s:g} s",
                remedy="Cut it into shorter or smaller files and drop them again, or raise scan.probe_s.",
                code="too-slow",
            ) from error
        return _media(path, ended)

    def _wait_s(self, path: Path) -> float:
        try:
            size = path.stat().st_size
        except OSError as error:
            raise MissingInput(f"{path.name} is not there ({error.strerror})", remedy="Drop it again.") from error
        return max(self._timeout_s, min(LONGEST_WAIT_S, size / BYTES_PER_S))


def _environment() -> dict[str, str]:
    """Give the child the way to our own code, and what the operator set for libraries and files; nothing else."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    root = str(Path(videogen.__file__).parent.parent)
    return kept | {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": root}


def _media(path: Path, ended: cage.Ended) -> Media:
    try:
        answer = json.loads(ended.stdout)
        if "media" in answer and ended.status == 0:
            return Media.model_validate_json(json.dumps(answer["media"]))
        refused = cast("dict[str, str]", answer["refused"])
        raise MediaError(refused["message"], remedy=refused["remedy"], code=refused["code"])
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        lines = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        if ended.status == FLUSH_FAILED:
            raise NoSpace("the answer of an inspection could not be written", remedy="Free space in TMPDIR.") from error
        raise MediaError(
            f"{path.name} ended the program that looked into it (status {ended.status}{_said(lines)})",
            remedy="Export it anew from the original; if it happens with many files, run `videogen doctor`.",
            code="inspector-died",
        ) from error


def _said(lines: list[str]) -> str:
    return f", {lines[-1][:200]}" if lines else ""
