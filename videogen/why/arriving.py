"""A thing in raw/: what keeps main from taking it in, as far as the disk tells."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from videogen import durable
from videogen.errors import MediaError
from videogen.model.intake import INTAKE, Intake
from videogen.model.value import readable
from videogen.scan.admit import RESERVE_BYTES
from videogen.scan.arrival import DEAF_FACTOR, DEEPEST, is_ignored, signature_of
from videogen.scan.journal import Journal
from videogen.scan.place import place_of, shown
from videogen.scan.whole import is_whole_film
from videogen.spool import Spool
from videogen.why.answer import Answer, relative

LOOK_S = 0.3
"""Between two looks at a file: a copy over a slow network adds something in that time, as it writes block by block."""


@dataclass(frozen=True)
class Finding:
    """One thing that stands between a file and the library."""

    state: str
    because: str
    remedy: str = ""
    code: str = ""


def explain(spool: Spool, path: Path, quiet_s: float) -> Answer:
    """Say why a thing lies in raw/ still; the weightiest cause is the state, the others are notes.

    Raises: FileNotFoundError: it is not there, or went while we looked.
    """
    is_at = path.lstat()
    found = list(_findings(spool, path, quiet_s))
    first, others = found[0], found[1:]
    is_file = stat.S_ISREG(is_at.st_mode)
    return Answer(
        path=relative(spool.root, path),
        room="raw",
        state=first.state,
        because=first.because,
        remedy=first.remedy,
        code=first.code,
        notes=[f"{one.because}. {one.remedy}".rstrip() if one.remedy else one.because for one in others],
        facts={"size_bytes": is_at.st_size, "still_s": _still_s(path)} if is_file else {},
    )


def _findings(spool: Spool, path: Path, quiet_s: float) -> Iterator[Finding]:
    ignored = _ignored(spool.root / "raw", path)
    if ignored:
        yield ignored
        return
    if path.is_dir() and not path.is_symlink() and len(_parts(spool, path)) <= DEEPEST:
        yield Finding("folder", "it is a folder", "Ask for a file in it.")
        return
    yield from _refusal(spool, path)
    yield from _moving(path)
    yield from _crashes(spool, path)
    if not durable.is_locked(spool.lock_of("main")):
        yield Finding("no-main", "main is not running, so nothing is taken in", "Start it: `videogen main`.")
    yield from _no_room(spool, path)
    deaf = _deaf(spool, path)
    if deaf:
        said = f"events do not arrive from this mount ({deaf}), so it is looked at by the clock"
        yield Finding("by-the-clock", f"waiting: {said}", "Wait; it takes some seconds more than elsewhere.")
    yield from _settling(path, quiet_s * (DEAF_FACTOR if deaf else 1))


def _deaf(spool: Spool, path: Path) -> str:
    """Say why main hears no events of a file, as it told last; empty where it does, or does not run."""
    with suppress(OSError, ValueError):
        intake = Intake.model_validate_json(durable.read(spool.nodes / INTAKE))
        asked = (readable(os.path.abspath(path)), readable(os.path.realpath(path.parent)) + "/")
        for folder, because in intake.deaf.items():
            if any(one.startswith(folder.rstrip("/") + "/") for one in asked):
                return because
    return ""


def _settling(path: Path, quiet_s: float) -> Iterator[Finding]:
    """Say what main waits for: time, or only its next look where a film proves by itself that it is whole."""
    still_s = _still_s(path)
    if still_s >= quiet_s:
        yield Finding("ready", "main takes it at one of its next looks", "Wait; what lies before it comes first.")
    elif path.name.lower().endswith(".mp4") and is_whole_film(path):
        said = "nobody writes to it and it reaches to its last byte, so main need not wait"
        yield Finding("ready", said, f"Wait; if something is wrong with it, it is looked at again after {quiet_s:g} s.")
    else:
        said = f"it has been still for {still_s:.1f} s; main takes it once it was for {quiet_s:g} s"
        yield Finding("settling", said, "Wait; a file that goes on growing starts anew.")


def _parts(spool: Spool, path: Path) -> tuple[str, ...]:
    return path.relative_to(spool.root / "raw").parts


def _ignored(raw: Path, path: Path) -> Finding | None:
    """Find the name on the way to it for which main never looks at it."""
    relative_path = path.relative_to(raw)
    for place in (relative_path, *relative_path.parents):
        is_folder = place != relative_path or (path.is_dir() and not path.is_symlink())
        if place.name and is_ignored(place.name, is_folder=is_folder):
            what = "folder" if is_folder else "name"
            said = f"main ignores the {what} {shown(place.name)}: such names are for what is not whole, or for others"
            return Finding("ignored", said, "Rename it; what copiers leave under such a name is not finished.")
    return None


def _refusal(spool: Spool, path: Path) -> Iterator[Finding]:
    """Tell what main will say of it whatever is in it."""
    try:
        place_of(PurePosixPath(path.relative_to(spool.root / "raw").as_posix()))
    except MediaError as error:
        said = f"it will be refused once it is still: {error.message}"
        yield Finding("misplaced" if error.word == "misplaced" else "refusable", said, error.remedy, error.word)
    is_at = path.lstat()
    if not stat.S_ISREG(is_at.st_mode):
        yield Finding("refusable", "it is no regular file", "Copy the file itself.", "not-a-file")
    elif not os.access(path, os.R_OK):
        said = "it cannot be read by the user that asks"
        yield Finding("unreadable", said, "Let the videogen user read it.", "unreadable")
    if not os.access(path.parent, os.W_OK):
        said = "its folder cannot be written by the user that asks, so it could not be moved out"
        yield Finding("stuck", said, "Let the videogen user write to the folder.")


def _moving(path: Path) -> Iterator[Finding]:
    """Look twice, and ask who has it open."""
    before = signature_of(path)
    durable.hear_no_leases()
    if durable.writers(path) == "some":
        yield Finding("growing", "a program has it open for writing", "Wait until the copy is done.", "still-changing")
        return
    time.sleep(LOOK_S)
    if signature_of(path) != before:
        yield Finding("growing", "it changed while we looked", "Wait until the copy is done.", "still-changing")
    path.lstat()  # who took it meanwhile has another answer for it


def _crashes(spool: Spool, path: Path) -> Iterator[Finding]:
    signature = signature_of(path)
    crashes = Journal(spool.root).crashes(path, signature) if signature else 0
    if not crashes:
        return
    if durable.is_locked(spool.lock_of("main")):
        before = f"; {crashes - 1} times before that did not come to an end" if crashes > 1 else ""
        yield Finding("judging", f"main looks into it, or is about to again{before}", "Wait.")
    else:
        said = f"main ended {crashes} times while it looked into this file; at the third it is refused"
        yield Finding("crashed", said, "If the machine was switched off, nothing; else export it anew.")


def _no_room(spool: Spool, path: Path) -> Iterator[Finding]:
    size, free = path.lstat().st_size, shutil.disk_usage(spool.root).free
    if size + RESERVE_BYTES > free:
        said = f"the disk has {free / 1e9:.2f} GB left, and the file needs {(size + RESERVE_BYTES) / 1e9:.2f} GB"
        yield Finding("put-off", said, "Free space on this disk; it is tried again by itself.", "no-space")


def _still_s(path: Path) -> float:
    """Give how long a file is as it is, by the time its bytes or name last changed, which no copier can set."""
    return max(0.0, round(time.time() - path.lstat().st_ctime, 1))
