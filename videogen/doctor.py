"""What breaks such systems, looked for on this machine: each finding with a remedy."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from videogen import cage
from videogen.errors import VideogenError
from videogen.spool import Spool
from videogen.toolchain import Toolchain, Trial

WATCHES_LEAST = 65536
NO_LANDLOCK = "Boot Linux 5.13 or newer with landlock in the kernel's list of modules (lsm=landlock,...)."
FREE_LEAST = 20 << 30
"""Bytes. Source: an hour of 4K at CRF 23 is about 4 GB, and a node holds a finished and a running one."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. Only `bad` ends doctor with a status that is not 0."""

    subject: str
    state: Literal["good", "note", "bad"]
    found: str
    remedy: str = ""


def examine(spool: Spool, toolchain: Toolchain, wanted_encoder: str) -> list[Finding]:
    """Look at FFmpeg, the encoders, the spool, the disk and the kernel's limits.

    Every encoder is tried anew, whatever was proven before; that is kept, and else nothing that changes here stays.
    """
    return [
        *_ffmpeg(toolchain, wanted_encoder),
        *_spool(spool),
        *_disk(spool.root),
        *_inotify(),
        *_cage(),
        walls(cage.walls_that_hold()),
    ]


def _ffmpeg(toolchain: Toolchain, wanted: str) -> Iterator[Finding]:
    yield Finding("ffmpeg", "good", f"{toolchain.version} at {toolchain.program}")
    toolchain.forget()  # whoever asks has just changed something
    for trial in toolchain.trials:
        yield _encoder(trial)
    try:
        yield Finding("encoder chosen", "good", toolchain.choose(wanted).title)
    except VideogenError as error:
        yield Finding("encoder chosen", "bad", error.message, error.remedy)


def _encoder(trial: Trial) -> Finding:
    subject = f"encoder {trial.title}"
    match trial.state:
        case "works":
            return Finding(subject, "good", "encodes")
        case "busy":
            found = f"there, with no session free: {trial.said}"
            return Finding(subject, "note", found, "Ask again when less runs on it; renders wait for it.")
    return Finding(subject, "note", f"does not encode: {trial.said}", _right_to(trial.device))


def _right_to(device: str) -> str:
    """Name the group that a user must be in to open a device; empty where it may, or where there is none."""
    path = Path(device)
    if not path.is_absolute() or not path.exists() or os.access(path, os.R_OK | os.W_OK):
        return ""
    return f"Give the videogen user the group {path.stat().st_gid}, which {device} belongs to."


def _spool(spool: Spool) -> Iterator[Finding]:
    try:
        spool.prove()
        yield Finding("spool", "good", f"{spool.root}: the rooms are one filesystem, proven by renames")
    except VideogenError as error:
        yield Finding("spool", "bad", error.message, error.remedy)
    except OSError as error:
        yield Finding("spool", "bad", f"{error.filename}: {error.strerror}", "Give the videogen user write access.")


def _disk(root: Path) -> Iterator[Finding]:
    if not root.is_dir():
        return
    free = shutil.disk_usage(root).free
    found = f"{free / 2**30:.1f} GiB free"
    if free < FREE_LEAST:
        yield Finding("disk", "note", found, f"Keep {FREE_LEAST >> 30} GiB free for 4K work.")
    else:
        yield Finding("disk", "good", found)


def _inotify() -> Iterator[Finding]:
    path = Path("/proc/sys/fs/inotify/max_user_watches")
    if not path.is_file():
        yield Finding("inotify", "note", "not on this system", "raw/ is looked at by the clock (scan.rescan_s).")
        return
    watches = int(path.read_text())
    if watches < WATCHES_LEAST:
        yield Finding("inotify", "note", f"{watches} watches", "Raise: sysctl fs.inotify.max_user_watches=524288")
    else:
        yield Finding("inotify", "good", f"{watches} watches")


def walls(found: tuple[str, ...]) -> Finding:
    """Say which walls stand round a child that reads strangers' bytes, and how to have those that are missing."""
    told = ", ".join(found) or "none"
    if not any(wall.startswith("landlock") for wall in found):
        return Finding("walls", "note", f"{told}: FFmpeg can read every file that we can", NO_LANDLOCK)
    if "seccomp" not in found:
        return Finding("walls", "note", told, "Run on x86-64 or ARM64, with a kernel that has seccomp filters.")
    return Finding("walls", "good", told)


def _cage() -> Iterator[Finding]:
    for tool in ("setpriv", "prlimit"):
        if path := shutil.which(tool):
            yield Finding(tool, "good", path)
        else:
            yield Finding(tool, "note", "not found", "Install util-linux: without it children have no limits.")
