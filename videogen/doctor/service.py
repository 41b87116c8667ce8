"""The units of systemd: installed, enabled, running, and giving a node the time that it wants."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from videogen.doctor.finding import Finding, Machine, Patient, State

UNITS = ("videogen.target", "videogen-main.service", "videogen-crawl.service", "videogen-node@*.service")
KEYS = "Id,LoadState,ActiveState,UnitFileState,Result,NRestarts,TimeoutStopUSec"
MARGIN_S = 15.0
"""A node that gave its video back still syncs, writes its last paper and ends its children."""
_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
Unit = dict[str, str]


def look(patient: Patient) -> Iterator[Finding]:
    """Tell how the units stand."""
    there = units(patient.machine)
    yield from judged(there, patient.drain_s)
    if any(unit.get("LoadState") == "loaded" for unit in there or ()):
        yield from interpreter(Path(sys.executable), Path(sys.prefix))


def units(machine: Machine) -> list[Unit] | None:
    """Ask the manager for our units, those of nodes that it knows among them; None: no manager answers."""
    done = machine.asked("systemctl", "show", "--no-pager", f"--property={KEYS}", *UNITS)
    if done is None or done.status != 0:
        return None
    blocks = done.stdout.decode("utf-8", "replace").strip().split("\n\n")
    rows = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    return [row for row in rows if row.get("Id")]


def judged(there: list[Unit] | None, drain_s: float) -> Iterator[Finding]:
    """Tell of each unit what is wrong with it, and of all how they are where nothing is."""
    if there is None:
        yield _said("systemd", "good", "not here: `videogen up` runs everything in one process tree")
        return
    installed = [unit for unit in there if unit.get("LoadState") == "loaded"]
    if not installed:
        yield _said("systemd", "note", "no unit of videogen is installed", "`sudo make install-systemd`")
        return
    for unit in there:
        yield from _of(unit, drain_s)
    if not any(unit["Id"].startswith("videogen-node@") for unit in installed):
        yield _said("videogen-node@", "note", "no node is enabled", "`systemctl enable --now videogen-node@1`")


def _of(unit: Unit, drain_s: float) -> Iterator[Finding]:
    name, state = unit["Id"], unit.get("ActiveState", "")
    if unit.get("LoadState") != "loaded":
        yield _said(name, "note", f"is {unit.get('LoadState', 'not there')}", "`sudo make install-systemd`")
    elif state == "failed":
        found = f"failed ({unit.get('Result', 'unknown')})"
        yield _said(name, "bad", found, f"`journalctl -u {name} -n 50`, then `systemctl restart {name}`")
    elif state != "active":
        yield _said(name, "note", f"is {state}", f"`systemctl enable --now {name}`")
    elif unit.get("UnitFileState") == "disabled":
        yield _said(name, "note", "runs, and will not after the next boot", f"`systemctl enable {name}`")
    else:
        restarts = unit.get("NRestarts", "0")
        told = f", started again {restarts} times" if restarts not in {"", "0"} else ""
        yield _said(name, "good", f"active{told}")
    stop_s = seconds(unit.get("TimeoutStopUSec", ""))
    if name.startswith("videogen-node@") and stop_s is not None and stop_s < drain_s + MARGIN_S:
        found = f"is killed {stop_s:g} s after a stop, while node.drain_s lets a video have {drain_s:g} s"
        remedy = f"`systemctl edit {name}`: [Service] TimeoutStopSec={drain_s + MARGIN_S + 15:.0f}"
        yield _said(name, "bad", found, remedy)


def interpreter(program: Path, prefix: Path) -> Iterator[Finding]:
    """Tell where Python itself lies in a home, which units cannot see, though its environment does not."""
    real = Path(os.path.realpath(program))
    for home in (Path("/root"), Path("/home")):
        if real.is_relative_to(home) and not prefix.is_relative_to(home):
            found = f"Python itself is {real}, which units (ProtectHome=) and other users cannot see"
            yield _said("python", "note", found, "`make clean setup PYTHON=/usr/bin/python3`")


def seconds(told: str) -> float | None:
    """Read a length of time as systemd writes it, `1min 30s`; None: it is none, or without end."""
    parts = re.findall(r"([\d.]+)\s*([a-z]+)", told)
    if not parts or any(unit not in _UNITS_S for _, unit in parts):
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def _said(subject: str, state: State, found: str, remedy: str = "") -> Finding:
    return Finding(subject, state, found, remedy, "Service")
