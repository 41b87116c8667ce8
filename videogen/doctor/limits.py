"""What the kernel lets us have: watches, memory, processors, and the walls round children."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from videogen import cage
from videogen.doctor.finding import Finding, Machine, Patient, State

WATCHES_LEAST = 65536
NEARLY = 0.9
LOOK_S = 2.0
BYTES_A_PIXEL = 190
"""Of one encode. Source: libx264 medium, one thread, 90 frames of testsrc2 with noise at 3840x2160 took 1515 MiB."""
NO_LANDLOCK = "Boot Linux 5.13 or newer with landlock in the kernel's list of modules (lsm=landlock,...)."


def look(patient: Patient) -> Iterator[Finding]:
    """Tell of watches, memory and processors."""
    yield from inotify(patient.machine, patient.spool.root / "raw")
    yield from memory(patient)
    yield from processors(patient)


# -- inotify -----------------------------------------------------------------------------------------------------------


def inotify(machine: Machine, raw: Path) -> Iterator[Finding]:
    """Tell how many watches and watchers one user may have, has, and needs."""
    limits = machine.proc / "sys/fs/inotify"
    if not (limits / "max_user_watches").is_file():
        remedy = "Nothing: raw/ is looked at by the clock, every scan.poll_s."
        yield Finding("inotify", "note", "not on this system", remedy)
        return
    watchers, watches = _in_use(machine)
    most, wanted = int((limits / "max_user_watches").read_text()), _folders(raw)
    found = f"{most} watches, {watches} in use; raw/ needs {wanted}"
    is_short = most < WATCHES_LEAST or watches + wanted > NEARLY * most
    yield Finding("inotify", "note" if is_short else "good", found, _raise("watches", 524288) if is_short else "")
    most = int((limits / "max_user_instances").read_text())
    is_short = watchers > NEARLY * most
    found = f"{most} watchers, {watchers} in use"
    remedy = _raise("instances", 1024) if is_short else ""
    yield Finding("inotify instances", "note" if is_short else "good", found, remedy)


def _raise(what: str, to: int) -> str:
    word = f"fs.inotify.max_user_{what}={to}"
    return f"`sysctl {word}`; for good: `echo {word} > /etc/sysctl.d/60-videogen.conf`"


def _in_use(machine: Machine) -> tuple[int, int]:
    """Count the watchers and watches of all this user's processes that can be looked at."""
    watchers = watches = 0
    for process in machine.proc.glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid != machine.uid:
                continue
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    if os.readlink(descriptor) == "anon_inode:inotify":
                        watchers += 1
                        told = (process / "fdinfo" / descriptor.name).read_text()
                        watches += sum(line.startswith("inotify ") for line in told.splitlines())
    return watchers, watches


def _folders(raw: Path) -> int:
    until, count = time.monotonic() + LOOK_S, 0
    for _ in os.walk(raw):
        count += 1
        if time.monotonic() > until:
            break
    return count


# -- memory and processors ---------------------------------------------------------------------------------------------


def memory(patient: Patient) -> Iterator[Finding]:
    """Hold the memory that this process may have against what encodes side by side take."""
    try:
        told = (patient.machine.proc / "meminfo").read_text()
        there = next(int(line.split()[1]) << 10 for line in told.splitlines() if line.startswith("MemTotal:"))
    except (OSError, StopIteration):
        return
    least = min([there, *_caps(patient.machine, "memory", "memory.max", "memory.limit_in_bytes")])
    wanted = patient.encodes * patient.frame_px * BYTES_A_PIXEL
    found = f"{least / 2**30:.1f} GiB; {patient.encodes} encodes at once take about {wanted / 2**30:.1f}"
    is_short = wanted > NEARLY * least
    fewer = max(1, int(NEARLY * least / (patient.frame_px * BYTES_A_PIXEL)))
    remedy = f"Set node.encodes = {fewer}, or a smaller render.resolution." if is_short else ""
    yield Finding("memory", "note" if is_short else "good", found, remedy)


def processors(patient: Patient) -> Iterator[Finding]:
    """Hold the processors that this process may use against the encodes at once."""
    there = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    quotas = [quota for quota in _quotas(patient.machine) if quota < there]
    least = min([there, *quotas])
    found = f"{least:g} for us; {patient.encodes} encodes at once"
    if patient.encodes > least + 0.5:
        remedy = "`videogen doctor --tune` measures how many are best; 0 in node.encodes takes it."
        yield Finding("processors", "note", found, remedy)
    else:
        yield Finding("processors", "good", found)


def _caps(machine: Machine, controller: str, name: str, old_name: str) -> Iterator[int]:
    """Give the limits that this process's groups set, of both versions of cgroups."""
    for path in _groups(machine, controller, name, old_name):
        with suppress(OSError, ValueError):
            yield int(path.read_text().split()[0])


def _quotas(machine: Machine) -> Iterator[float]:
    for path in _groups(machine, "cpu", "cpu.max", "cpu.cfs_quota_us"):
        with suppress(OSError, ValueError, IndexError):
            words = path.read_text().split()
            period = words[1] if len(words) > 1 else path.with_name("cpu.cfs_period_us").read_text()
            if int(words[0]) > 0:
                yield int(words[0]) / int(period)


def _groups(machine: Machine, controller: str, name: str, old_name: str) -> Iterator[Path]:
    """Give the papers of this process's group and of those above. Source: cgroups(7)."""
    with suppress(OSError):
        for line in (machine.proc / "self/cgroup").read_text().splitlines():
            _, controllers, place = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            top = machine.sys / "fs/cgroup" / (controllers and controller)
            here = top / place.strip("/")
            for folder in (here, *here.parents):
                if folder == top.parent:
                    break
                yield folder / (old_name if controllers else name)


# -- walls -------------------------------------------------------------------------------------------------------------


def enclosures(patient: Patient) -> Iterator[Finding]:
    """Tell which programs and which walls there are that keep a child in."""
    for tool in ("setpriv", "prlimit"):
        path = patient.machine.which(tool)
        remedy = "" if path else "`apt-get install util-linux`: without it children have no limits."
        yield Finding(tool, "good" if path else "note", path or "not found", remedy, "Walls")
    yield walls(cage.walls_that_hold())


def walls(found: tuple[str, ...]) -> Finding:
    """Say which walls stand round a child that reads strangers' bytes, and how to have those that are missing."""
    told, state, remedy = ", ".join(found) or "none", "good", ""
    if not any(wall.startswith("landlock") for wall in found):
        told, state, remedy = f"{told}: FFmpeg can read every file that we can", "note", NO_LANDLOCK
    elif "seccomp" not in found:
        state, remedy = "note", "Run on x86-64 or ARM64, with a kernel that has seccomp filters."
    known: State = "note" if state == "note" else "good"
    return Finding("walls", known, told, remedy, "Walls")
