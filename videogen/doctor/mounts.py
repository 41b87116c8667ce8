"""What the rooms lie on: one mount for all, with options under which the promises of the disk hold."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videogen.doctor.finding import Finding, Patient, State
from videogen.kernel import REMOTE, REPEATING
from videogen.spool.rooms import INNER, ROOMS

WITHOUT_LINKS = {"vfat", "msdos", "exfat"}
LONGEST_CACHE_S = 60
_BESIDE = ("logs",)
"""No room: nothing is renamed into it from outside."""

# option | state | what follows from it | what to do
_OPTIONS = """
soft | bad | a write that times out is lost without a word | Mount it with hard.
softerr | bad | a write that times out is lost without a word | Mount it with hard.
noac | note | every look asks the server, so each takes long | Mount it without noac.
nolock | note | locks hold on this machine alone | Mount it without nolock, by NFS 4.1 or later.
local_lock=all | note | locks hold on this machine alone | Mount it with local_lock=none.
local_lock=flock | note | locks hold on this machine alone | Mount it with local_lock=none.
vers=2 | bad | its server forgets who holds what | Mount it with vers=4.1 or later.
vers=3 | note | its locks are another service's, and handles go stale | Mount it with vers=4.1 or later.
"""
"""Options of NFS. Source: nfs(5), which says of soft that it can corrupt data in silence; tox-dev/filelock#669 of 3."""


@dataclass(frozen=True)
class Mount:
    """One line of the kernel's table."""

    where: Path
    kind: str
    source: str
    options: frozenset[str]


def look(patient: Patient) -> Iterator[Finding]:
    """Tell what the spool lies on, and which rooms, or folders in them, are mounts of their own."""
    table = mounts(patient.machine.proc / "self" / "mountinfo")
    root = Path(os.path.realpath(patient.spool.root))
    below = mount_of(root, table)
    if below is None:
        yield Finding("mount", "note", "the system does not tell its mounts", group="Disk")
        return
    trouble = list(judged(below))
    if not trouble:
        yield Finding("mount", "good", f"{below.kind}, {below.source} on {below.where}", group="Disk")
    yield from trouble
    yield from _inside(root, below, table)


def mounts(table: Path) -> list[Mount]:
    """Read the kernel's table; empty where there is none. Source: proc_pid_mountinfo(5)."""
    found = []
    with suppress(OSError):
        for line in table.read_text("utf-8", "surrogateescape").splitlines():
            before, _, after = line.partition(" - ")
            words, (kind, source, *more) = before.split(), after.split()
            options = frozenset(",".join((words[5], *more)).split(","))
            found.append(Mount(Path(_unescaped(words[4])), kind, _unescaped(source), options))
    return found


def _unescaped(word: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), word)


def mount_of(path: Path, table: list[Mount]) -> Mount | None:
    """Give the mount that a path lies on: the deepest, and of those the last."""
    found = None
    for mount in table:
        if path.is_relative_to(mount.where) and (found is None or mount.where.is_relative_to(found.where)):
            found = mount
    return found


def judged(mount: Mount) -> Iterator[Finding]:
    """Tell what is wrong with what the spool lies on."""
    at = f"{mount.where} ({mount.kind})"
    if "ro" in mount.options:
        yield _said("bad", f"{at} is mounted read-only", f"`mount -o remount,rw {mount.where}`")
    if mount.kind in WITHOUT_LINKS:
        yield _said("bad", f"{at} keeps no links, which every task is made of", "Use ext4, XFS, Btrfs, ZFS or NFS.")
    if mount.kind in {"tmpfs", "ramfs"}:
        yield _said("note", f"{at} is memory, and empty after the next start", "Move the spool to a disk.")
    if mount.kind in REPEATING:
        yield from _of_nfs(at, mount.options)


def _of_nfs(at: str, options: frozenset[str]) -> Iterator[Finding]:
    for row in _OPTIONS.strip().splitlines():
        option, state, meaning, remedy = (cell.strip() for cell in row.split("|"))
        if option in options or (option.startswith("vers=") and option.replace("vers", "nfsvers") in options):
            yield _said("bad" if state == "bad" else "note", f"{at} has {option}: {meaning}", remedy)
    for option in sorted(options):
        name, _, seconds = option.partition("=")
        if name in {"actimeo", "acdirmax"} and seconds.isdigit() and int(seconds) > LONGEST_CACHE_S:
            yield _said("note", f"{at} has {option}: others' files are seen that late", f"Mount it with {name}=60.")


def _inside(root: Path, below: Mount, table: list[Mount]) -> Iterator[Finding]:
    for mount in table:
        if mount.where == below.where or not mount.where.is_relative_to(root):
            continue
        place = mount.where.relative_to(root).as_posix()
        if place in {*ROOMS, *INNER} or not place.startswith(("raw/", *_BESIDE)):
            found = f"{place}/ is a mount of its own: a rename into it is refused, though it be the same disk"
            yield _said("bad", found, f"`umount {mount.where}`, and mount the folder above all rooms once.")
        elif mount.kind in REMOTE:
            yield _said("good", f"{place} ({mount.kind}) is looked at by the clock: no events come from there")


def _said(state: State, found: str, remedy: str = "") -> Finding:
    return Finding("mount", state, found, remedy, "Disk")
