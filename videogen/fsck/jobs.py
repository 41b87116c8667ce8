"""The check of what was taken of dropped folders, and of the pictures that were drawn for videos."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from videogen import durable
from videogen.catalog import picture_of, side_path
from videogen.fsck.finding import Finding, relative
from videogen.model.job import DESCRIPTIONS, PAPER, WAITING_TASK, Job
from videogen.spool import Spool, visible

PICTURES = Path("scanned") / ".pictures"
DROP_AGAIN = "Move it out of scanned/ and drop the folder again."


def jobs(spool: Spool) -> Iterator[Finding]:
    """Find folders of jobs without their paper, with files missing, or whose task was never made."""
    for recipe in DESCRIPTIONS:
        for folder in visible(spool.root / "scanned" / recipe):
            where = relative(spool, folder)
            try:
                job = Job.model_validate_json(durable.read(folder / PAPER))
            except (OSError, ValueError):
                if folder.exists():
                    said = f"{where} has no {PAPER} that can be read: nobody knows what was taken there"
                    yield Finding("library", "error", where, said, DROP_AGAIN)
                continue
            yield from _of_job(spool, folder, job)


def _of_job(spool: Spool, folder: Path, job: Job) -> Iterator[Finding]:
    where = relative(spool, folder)
    if job.path != where:
        said = f"{where} was taken as {job.path}: its task does not find it here"
        yield Finding("library", "error", where, said, f"Move it back to {job.path}.")
        return
    if not job.is_published and (folder / WAITING_TASK).exists():
        said = f"{where} has a task that was not made yet"
        yield Finding("no-task-yet", "note", where, said, "Start main: it makes it first of all.")
    for file in (*job.files, *job.brought):
        path = folder / file.name
        size = _size(path)
        if size != file.size_bytes:
            said = f"{where}/{file.name} " + ("is gone" if size is None else f"has {size} bytes of {file.size_bytes}")
            yield Finding("library", "error", f"{where}/{file.name}", said, DROP_AGAIN)
        elif not side_path(path).is_file():
            said = f"{where}/{file.name} has no side file: nothing can use it"
            yield Finding("library", "error", f"{where}/{file.name}", said, DROP_AGAIN)


def _size(path: Path) -> int | None:
    with suppress(OSError):
        return path.lstat().st_size
    return None


def wrong_files(spool: Spool) -> Iterator[Finding]:
    """Find files of jobs that have other bytes than were taken in; every one is read."""
    for recipe in DESCRIPTIONS:
        for folder in visible(spool.root / "scanned" / recipe):
            with suppress(OSError, ValueError):
                job = Job.model_validate_json(durable.read(folder / PAPER))
                for file in (*job.files, *job.brought):
                    where = f"{job.path}/{file.name}"
                    if _is_other(folder / file.name, file.sha256, file.size_bytes):
                        said = f"{where} has other bytes than were taken in"
                        yield Finding("library", "error", where, said, DROP_AGAIN)


def _is_other(path: Path, sha256: str, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes and durable.digest(path) != sha256
    except OSError:
        return False


# -- pictures --------------------------------------------------------------------------------------------------------


def wrong_pictures(spool: Spool) -> Iterator[Finding]:
    """Find pictures that are damaged, that a task waits for and are gone, and that no video shows any more."""
    kept = dict(_kept(spool.root / PICTURES))
    shown = _shown(spool)
    for sha256, path in sorted(kept.items()):
        where = relative(spool, path)
        if _is_other(path, sha256, path.stat().st_size if path.exists() else 0):
            said = f"{where} has other bytes than its name tells"
            remedy = "Remove it, and drop the folder of its video again."
            yield Finding("picture", "error", where, said, remedy)
        elif sha256 not in shown:
            said = f"{where} is shown by no task and no video"
            yield Finding("unused-picture", "note", where, said, "It may be removed.")
    for sha256, place in sorted(shown.items()):
        if sha256 not in kept and not picture_of(spool.root, sha256).exists():
            said = f"{place} shows the picture {sha256[:12]}, which is gone from {PICTURES}"
            yield Finding("picture", "error", place, said, "Drop the folder of its video again.")


def _kept(folder: Path) -> Iterator[tuple[str, Path]]:
    for where, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".png") and not name.startswith("."):
                yield name.removesuffix(".png"), Path(where, name)


def _shown(spool: Spool) -> dict[str, str]:
    """Give every picture that a task or a video is made of, with one of those that are."""
    found: dict[str, str] = {}
    for room in (spool.tasks, spool.processing, spool.output, spool.failed):
        for folder in visible(room):
            for sha256 in _pictures_of(folder):
                found.setdefault(sha256, relative(spool, folder))
    for recipe in DESCRIPTIONS:
        for folder in visible(spool.root / "scanned" / recipe):
            for sha256 in _in_paper(folder / WAITING_TASK):
                found.setdefault(sha256, relative(spool, folder))
    return found


def _pictures_of(folder: Path) -> list[str]:
    for name in ("manifest.json", "metadata.json"):
        if (folder / name).is_file():
            return _in_paper(folder / name)
    return []


def _in_paper(path: Path) -> list[str]:
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raw = durable.read(path)
        if b'"pictures"' in raw:
            paper = json.loads(raw)
            return [str(one) for one in paper.get("task", paper)["inputs"].get("pictures", [])]
    return []
