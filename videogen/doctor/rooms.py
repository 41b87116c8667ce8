"""The spool itself: renames, room, names, whose files they are, and who else works in it."""

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from pwd import getpwuid

from videogen import __version__, durable
from videogen.doctor.finding import Finding, Group, Patient, State
from videogen.errors import VideogenError
from videogen.model.node import ENDED
from videogen.spool import Spool, papers_in, read_paper
from videogen.spool.rooms import ROOMS

FREE_LEAST = 20 << 30
"""Bytes. Source: an hour of 4K at CRF 23 is about 4 GB, and a node holds a finished and a running one."""
SCRATCH_LEAST = 1 << 30
"""Bytes where temporary files lie. Source: what a child says is kept there, and pieces of `encode`."""
INODES_LEAST = 0.05
LOOKS, LOOK_S = 50_000, 2.0
"""So many files are looked at for their owners, for so long: in a library of a million the first ones tell."""
TRIAL_NAMES = ("Ä-composed", "A\u0308-decomposed", "日本語-🎬")
"""Names that filesystems change or refuse: two ways to write one letter, and letters beyond 16 bits."""


def look(patient: Patient) -> Iterator[Finding]:
    """Tell of renames, names, owners and nodes."""
    spool = patient.spool
    yield from renames(spool)
    if all((spool.root / name).is_dir() for name in ROOMS):
        yield from names(spool.nodes)
        yield from owners(spool.root, patient.machine.uid)
        yield from nodes(spool)


def space(patient: Patient) -> Iterator[Finding]:
    """Tell of the room that is left, for the spool and for unfinished work."""
    yield from disk(patient.spool.root)
    if patient.scratch:
        yield from _space("node.scratch", patient.scratch, FREE_LEAST)
    yield from _space("temporary files", Path(tempfile.gettempdir()), SCRATCH_LEAST)


def renames(spool: Spool) -> Iterator[Finding]:
    """Prove by renames that the rooms are one filesystem."""
    try:
        spool.prove()
        yield _said("spool", "good", f"{spool.root}: the rooms are one filesystem, proven by renames")
    except VideogenError as error:
        yield _said("spool", "bad", error.message, error.remedy)
    except OSError as error:
        remedy = f"`chown -R videogen: {spool.root}`, or run this as the user whose spool it is."
        yield _said("spool", "bad", f"{error.filename}: {error.strerror}", remedy)


def names(nodes: Path) -> Iterator[Finding]:
    """Prove with files that names of all languages come back as they were written."""
    wanted = {f".{name}.{os.getpid()}" for name in TRIAL_NAMES}
    try:
        durable.make_folder(nodes)
        for name in wanted:
            durable.write(nodes / name, "")
        lost = wanted - set(os.listdir(nodes))
    except PermissionError:
        return  # the trial by renames says so, with what to do
    except (OSError, VideogenError, ValueError) as error:
        lost, said = wanted, getattr(error, "strerror", None) or str(error)
    else:
        said = "they come back changed"
    finally:
        for name in wanted:
            with suppress(OSError):
                durable.remove(nodes / name)
    if lost:
        remedy = "Mount the filesystem with UTF-8 names, as by iocharset=utf8."
        yield _said("file names", "bad", f"names beyond ASCII cannot be kept: {said}", remedy)
    else:
        yield _said("file names", "good", "names of all languages come back as they were written")


# -- whose files -------------------------------------------------------------------------------------------------------


@dataclass
class _Owned:
    """What was met in the rooms. Shape: by the owner's number, one path of each."""

    count: Counter[int] = field(default_factory=Counter)
    example: dict[int, str] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)


def owners(root: Path, uid: int) -> Iterator[Finding]:
    """Tell who owns the spool, which files in it are another's, and what in raw/ cannot be taken in."""
    owner = root.stat().st_uid
    if uid != owner:
        remedy = f"`sudo -u {user(owner)} videogen --root {root} doctor`"
        found = f"you are {user(uid)} and the spool is {user(owner)}'s: what you make here it cannot move"
        yield _said("user", "note", found, remedy)
    else:
        yield _said("user", "good", f"{user(uid)}, whose spool it is")
    met = _met(root, owner, time.monotonic() + LOOK_S)
    for other, count in met.count.items():
        found = f"{count} files in the rooms are {user(other)}'s, as {met.example[other]}"
        yield _said("owners", "bad", found, f"`chown -R {user(owner)}: {root}`")
    if not met.count:
        yield _said("owners", "good", f"all that was looked at is {user(owner)}'s")
    if met.closed:
        remedy = f"`chgrp -R videogen {root}/raw; chmod -R g+rwX {root}/raw`"
        found = f"{len(met.closed)} folders of raw/ do not let files be taken out, as {met.closed[0]}"
        yield _said("raw", "bad", found, remedy)
    yield from _umask(root)


def _met(root: Path, owner: int, until: float) -> _Owned:
    """Look at the files of the rooms, raw/ only for whether we may take out of its folders."""
    met, looks = _Owned(), 0
    for room in ROOMS:
        for folder, _, files in os.walk(root / room):
            here = Path(folder)
            if room == "raw":
                if not os.access(here, os.W_OK | os.X_OK | os.R_OK):
                    met.closed.append(str(here.relative_to(root)))
                files.clear()  # whose they are is the operators' affair
            else:
                for path in (here, *(here / name for name in files)):
                    _note(met, path, root, owner)
            looks += 1 + len(files)
            if looks > LOOKS or time.monotonic() > until:
                return met
    return met


def _note(met: _Owned, path: Path, root: Path, owner: int) -> None:
    with suppress(OSError):
        found = path.lstat().st_uid
        if found != owner:
            met.count[found] += 1
            met.example.setdefault(found, str(path.relative_to(root)))


def _umask(root: Path) -> Iterator[Finding]:
    mask = os.umask(0o077)
    os.umask(mask)
    is_shared = bool(root.stat().st_mode & 0o2000)
    if is_shared and mask & 0o070:
        found = f"{mask:04o}: the group of {root} may not read what is made here"
        yield _said("umask", "note", found, "`umask 007`, as the units have it.")
    else:
        yield _said("umask", "good", f"{mask:04o}")


def user(uid: int) -> str:
    """Name a user; by number where the system does not know it."""
    try:
        return getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


# -- who works here ----------------------------------------------------------------------------------------------------


def nodes(spool: Spool) -> Iterator[Finding]:
    """Tell whether all nodes of the spool are of one version, which is ours."""
    papers = [paper for path in papers_in(spool.nodes) if (paper := read_paper(path))]
    others = [paper for paper in papers if paper.state not in ENDED and paper.version != __version__]
    for paper in others:
        found = f"{paper.node} on {paper.host} runs {paper.version or 'an unknown version'}, this is {__version__}"
        yield _said("versions", "note", found, "Update both, then `systemctl restart videogen.target` there.")
    if not others:
        yield _said("versions", "good", f"{__version__}, as all nodes that work here" if papers else __version__)


# -- room --------------------------------------------------------------------------------------------------------------


def disk(root: Path) -> Iterator[Finding]:
    """Tell how many bytes and how many files the spool's disk has left."""
    if not root.is_dir():
        return
    yield from _space("disk", root, FREE_LEAST)
    there = os.statvfs(root)
    if there.f_files:  # a filesystem that makes them as it goes says 0
        share = there.f_favail / there.f_files
        remedy = "Remove many small files, or make the filesystem anew with more inodes."
        state: State = "good" if share >= INODES_LEAST else "note"
        found = f"{there.f_favail} files can be made, {share:.0%} of all"
        yield _said("inodes", state, found, "" if state == "good" else remedy, "Disk")


def _space(subject: str, folder: Path, least: int) -> Iterator[Finding]:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield _said(subject, "bad", f"{folder}: {error.strerror}", f"`mkdir -p {folder}`", "Disk")
        return
    found = f"{free / 2**30:.1f} GiB free in {folder}"
    if free < least:
        remedy = f"Keep {least >> 30} GiB free: `videogen trash empty`, `videogen cache gc --max-gb 10`."
        yield _said(subject, "note", found, remedy, "Disk")
    else:
        yield _said(subject, "good", found, group="Disk")


def _said(subject: str, state: State, found: str, remedy: str = "", group: Group = "Spool") -> Finding:
    return Finding(subject, state, found, remedy, group)
