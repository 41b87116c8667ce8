"""The check of a whole spool: one token per task, nothing torn, nothing without its reason, nothing left over.

Work goes on meanwhile, so no look at the tree is of one moment: a task that moves is seen twice, or not at all. What
may have moved is looked at again, and only what every look found in the very same place is told. Bytes do not move: a
hash is read once.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from videogen import durable
from videogen.errors import MissingInput
from videogen.fsck.finding import Finding, relative
from videogen.fsck.jobs import jobs, wrong_files, wrong_pictures
from videogen.fsck.library import library, wrong_assets
from videogen.model.manifest import Manifest
from videogen.spool import Spool, Sweeper, paper_of, read_paper, visible
from videogen.spool.papers import HALF, PAPERS, REAPED, expect_task, read_lease, token
from videogen.trash import utc_now

PAUSES_S = (0.002, 0.03, 0.2)
"""Waited before each new look. A move takes two syncs: on a slow disk a tenth of a second."""
ID = re.compile(r"[0-9a-f-]{36}")
TOKEN = re.compile(r"(?:out|\.fenced)\.\d+")
STRAY = (".tmp-", ".next.")
TRASH = ("trash/invalid", "trash/failed", "trash/attempts")
TEMPORARY_ROOMS = ("tasks", "processing", "processing/.nodes", "output", *TRASH)
REMOTE_S = 3600.0
"""Over a network a boot of this machine ended nobody else's work: what changed within the hour may be in use."""
SWEEPS = 3
"""A claim put back at one look is taken up at the next; the last finds nothing."""


Check = Callable[[Spool], Iterator[Finding]]


def examine(spool: Spool, *, quick: bool) -> list[Finding]:
    """Look at everything there is, while work goes on; `quick` leaves the hashes of videos and of the library out.

    Shape: errors and notes, by check and path; empty for a sound spool.
    """
    found = [one for check in _CHECKS for one in _settled(spool, check)]
    return (
        found
        if quick
        else [*found, *_wrong_videos(spool), *wrong_assets(spool), *wrong_files(spool), *wrong_pictures(spool)]
    )


def _settled(spool: Spool, check: Check) -> list[Finding]:
    """Look until what is found stands still."""
    found = list(check(spool))
    for pause_s in PAUSES_S:
        if not found:
            break
        time.sleep(pause_s)
        again = set(check(spool))
        found = [one for one in found if one in again]
        if all(one.severity == "note" for one in found):
            break
    return found


# -- tokens ----------------------------------------------------------------------------------------------------------


def tokens(spool: Spool) -> dict[str, list[str]]:
    """Name the commit tokens of every task, in one look: paths from the root by the task's id.

    Shape: an id that lies anywhere is there, with one path if all is well; trash/failed itself is no token's place, as
    a task that was set aside may have none.
    """
    found: dict[str, list[str]] = {}
    for task_id, folder in _holders(spool):
        mine = found.setdefault(task_id, [])
        with suppress(FileNotFoundError, NotADirectoryError):
            mine += [f"{relative(spool, folder)}/{name}" for name in durable.listing(folder) if TOKEN.fullmatch(name)]
    for path in visible(spool.output):
        found.setdefault(path.name, []).append(f"output/{path.name}")
    return {task_id: sorted(paths) for task_id, paths in found.items() if ID.fullmatch(task_id)}


def _holders(spool: Spool) -> Iterator[tuple[str, Path]]:
    """Give every folder in which a token may lie, with the id of its task."""
    for room in (spool.tasks, spool.processing, spool.failed):
        yield from ((path.name, path) for path in visible(room) if path.is_dir())
    for path in _names(spool.processing):
        if match := HALF.fullmatch(path.name):
            yield match["id"], path
        elif match := REAPED.fullmatch(path.name):
            yield match["id"], path
            yield from ((match["id"], path / inner.name) for inner in _names(path) if inner.name.startswith(".next."))


def _names(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in durable.listing(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _tokens(spool: Spool) -> Iterator[Finding]:
    for task_id, paths in sorted(tokens(spool).items()):
        if len(paths) > 1:
            said = f"the task {task_id} is in more than one place: {', '.join(paths)}"
            yield Finding("two-tokens", "error", paths[0], said, "Report it; keep the video, or the newest claim.")
        elif not paths and not (spool.failed / task_id).is_dir():
            waits = (spool.tasks / task_id).is_dir()
            where = f"tasks/{task_id}" if waits else f"processing/{task_id}"
            remedy = "Drop its voice into raw/ again; a repair moves what is left to trash/failed."
            yield Finding("no-token", "error", where, f"the task {task_id} can never be published", remedy, waits)


# -- tasks and claims ------------------------------------------------------------------------------------------------


def _tasks(spool: Spool) -> Iterator[Finding]:
    for folder in visible(spool.tasks):
        where = f"tasks/{folder.name}"
        with suppress(FileNotFoundError, NotADirectoryError):
            try:
                if token(folder) is not None or not (folder.is_dir() and ID.fullmatch(folder.name)):
                    expect_task(folder)
            except MissingInput as error:
                yield Finding("broken-task", "error", where, error.message, error.remedy, is_repairable=True)
                continue
            for name in PAPERS[1:]:
                if (folder / name).is_symlink() and not (folder / name).exists():
                    said = f"{where}/{name} points to {(folder / name).readlink()}, which is not there"
                    yield Finding("broken-task", "error", where, said, "Drop that file into raw/ again.")
            if (folder / "lease.json").exists():
                said, remedy = f"{where} has the lease of a claim that went back", "A repair takes it away."
                yield Finding("leftover-lease", "note", where, said, remedy, is_repairable=True)


def _claims(spool: Spool) -> Iterator[Finding]:
    for path in _names(spool.processing):
        half, reaped, lease = HALF.fullmatch(path.name), REAPED.fullmatch(path.name), read_lease(path)
        if half:
            yield from _held(spool, path, half["node"], "")
        elif lease and (reaped or not path.name.startswith(".")):
            yield from _held(spool, path, lease.node, lease.incarnation)
        elif not path.name.startswith("."):
            said = f"processing/{path.name} has no lease.json: no node put it there"
            remedy = "Look at it, then move it out of processing/."
            yield Finding("foreign", "error", f"processing/{path.name}", said, remedy)


def _held(spool: Spool, path: Path, node: str, incarnation: str) -> Iterator[Finding]:
    """Tell of a claim, whole or on its way, whose node is dead, or may be."""
    paper = read_paper(paper_of(spool.nodes, node))
    where, whose = relative(spool, path), f"{relative(spool, path)} is held by the node {node}"
    if paper is not None and Sweeper.is_here(paper):
        if incarnation in {"", paper.incarnation} and durable.is_locked(spool.lock_of(f"node-{node}")):
            return
        remedy = "Any running node or main brings it back; so does a repair."
        yield Finding("dead-claim", "note", where, f"{whose}, whose process ended", remedy, is_repairable=True)
    elif paper is None or _age_s(paper_of(spool.nodes, node)) > paper.lease_s:
        remedy = "Any running node or main brings it back once it has seen it silent for the whole lease."
        yield Finding("dead-claim", "note", where, f"{whose}, which is silent and may live", remedy)


def _age_s(path: Path) -> float:
    with suppress(FileNotFoundError):
        return time.time() - path.lstat().st_mtime
    return 0.0


# -- what came to its end --------------------------------------------------------------------------------------------


def _outputs(spool: Spool) -> Iterator[Finding]:
    for folder in visible(spool.output):
        if said := _torn(folder):
            yield _torn_output(folder, said)


def _torn(folder: Path) -> str:
    """Say why a video is not whole; empty where it is, as far as can be told without reading it."""
    try:
        manifest = Manifest.model_validate_json(durable.read(folder / "manifest.json"))
        size = (folder / "final.mp4").stat().st_size
    except OSError as error:
        return f"{Path(error.filename or folder).name}: {error.strerror}" if folder.exists() else ""
    except ValueError:
        return "manifest.json is no manifest"
    return "" if size == manifest.size_bytes else f"final.mp4 has {size} bytes of {manifest.size_bytes}"


def _torn_output(folder: Path, said: str) -> Finding:
    remedy = f"Use `videogen rebuild {folder.name}`; where its manifest is torn too, take it out and drop its voice."
    return Finding("torn-output", "error", f"output/{folder.name}", f"output/{folder.name} is torn: {said}", remedy)


def _wrong_videos(spool: Spool) -> Iterator[Finding]:
    for folder in visible(spool.output):
        with suppress(OSError, ValueError):
            manifest = Manifest.model_validate_json(durable.read(folder / "manifest.json"))
            is_whole = (folder / "final.mp4").stat().st_size == manifest.size_bytes
            if is_whole and durable.digest(folder / "final.mp4") != manifest.sha256:
                yield _torn_output(folder, "final.mp4 has not the bytes that its manifest was written for")


def _reasons(spool: Spool) -> Iterator[Finding]:
    for room in ("invalid", "failed"):
        folder = spool.root / "trash" / room
        there = {path.name for path in visible(folder)}
        for name in sorted(there):
            beside = f"{name}.reason.json"
            is_note = name.endswith(".reason.json") and beside not in there
            if not is_note and beside not in there and not (folder / name / "reason.json").exists():
                where = f"trash/{room}/{name}"
                remedy = "Look at it; drop it into raw/ again, or retry it, or remove it."
                yield Finding("no-reason", "error", where, f"{where} does not say why it is there", remedy)


# -- what was left over ----------------------------------------------------------------------------------------------


def _strays(spool: Spool) -> Iterator[Finding]:
    for room in TEMPORARY_ROOMS:
        for path in _names(spool.root / room):
            if path.name.startswith(STRAY) and _is_abandoned(path):
                where, holds = relative(spool, path), any(TOKEN.fullmatch(inner.name) for inner in _names(path))
                said = f"{where} was left half done before this machine started"
                remedy = "Look at it: it holds a token and is never removed." if holds else "A repair takes it away."
                yield Finding("stray", "note", where, said, remedy, is_repairable=not holds)


def _is_abandoned(path: Path) -> bool:
    try:
        changed = path.lstat().st_mtime
    except FileNotFoundError:
        return False
    now = time.time()
    booted = now - durable.boot_s()
    limit = min(booted, now - REMOTE_S) if durable.is_remote(path.parent) else booted
    return changed < limit


# -- repair ----------------------------------------------------------------------------------------------------------


def repair(spool: Spool, findings: list[Finding], *, lease_s: float = 60.0) -> list[Finding]:
    """Do what can be done without a person; give those findings that are no more, each with what became of it.

    Each is looked at again before it is touched: it may have gone on by itself, and live work is left alone.
    """
    wanted = [one for one in findings if one.is_repairable]
    done = [*_cleared(spool, wanted), *_swept(spool, wanted, lease_s)]
    for one in wanted:
        path = spool.root / one.path
        if one.code == "leftover-lease":
            durable.remove(path / "lease.json")
            done.append(replace(one, message=f"{one.path}/lease.json was taken away"))
        elif one.code == "stray" and one in set(_strays(spool)):
            (durable.remove_tree if path.is_dir() and not path.is_symlink() else durable.remove)(path)
            done.append(replace(one, message=f"{one.path} was taken away"))
    return done


def _cleared(spool: Spool, wanted: list[Finding]) -> Iterator[Finding]:
    names = {Path(one.path).name: one for one in wanted if one.path.startswith("tasks/") and one.severity == "error"}
    for name, error in spool.clear_broken(utc_now(), names) if names else ():
        yield replace(names[name], message=f"tasks/{name} went to trash/failed: {error.message}")


def _swept(spool: Spool, wanted: list[Finding], lease_s: float) -> Iterator[Finding]:
    claims = [one for one in wanted if one.code == "dead-claim"]
    if not claims:
        return
    sweeper = Sweeper(spool, lease_s=lease_s)
    rooms: dict[str, str] = {}
    for _ in range(SWEEPS):
        rooms |= {one.task_id: one.room for one in sweeper.look(utc_now())}
        time.sleep(PAUSES_S[0])
    for one in claims:
        if not (spool.root / one.path).exists():
            task_id = next((task_id for task_id in rooms if task_id in one.path), "")
            became = f"went to {rooms[task_id]}/" if task_id else "went on by itself"
            yield replace(one, message=f"{one.path} {became}")


_CHECKS: tuple[Check, ...] = (_tokens, _tasks, _claims, _outputs, _reasons, library, jobs, _strays)
