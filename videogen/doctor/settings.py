"""What is set, what is set and read by nobody, and the packages below it all."""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from videogen.config import FILE_NAME, Settings
from videogen.doctor.finding import Finding, Machine, Patient, State

OURS = {"VIDEOGEN_ROOT"}
HANDS = {"VIDEOGEN_LIAR": "calls of the disk are answered falsely", "VIDEOGEN_FAILPOINTS": "processes are killed"}
"""Hands that only tests may have in it."""


def look(patient: Patient) -> Iterator[Finding]:
    """Tell of the settings, the environment, the nodes' own lines, and the packages."""
    if patient.trouble:
        yield _said("settings", "bad", patient.trouble.message, patient.trouble.remedy)
    else:
        count = patient.changed
        told = f"{count} differ from their defaults" if count else "all are the defaults"
        yield _said("settings", "good", f"{told}; {FILE_NAME} and the environment can be read")
    yield from environment(patient.machine.environ)
    for file in sorted(patient.machine.env_files.glob("node-*.env")):
        yield from lines(file)
    yield from packages(patient.machine)


def environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Tell of variables that look like ours and that nobody reads, and of those that only tests set."""
    for name in sorted(environ):
        if name in HANDS:
            yield _said(name, "bad", f"a test's hand is in it: {HANDS[name]}", f"`unset {name}`")
        elif trouble := _unread(name, is_strict=False):
            yield _said(name, "note", *trouble)


def lines(file: Path) -> Iterator[Finding]:
    """Tell of the lines of a node's file that name no setting."""
    try:
        text = file.read_text("utf-8", "replace")
    except OSError as error:
        yield _said(str(file), "note", f"cannot be read: {error.strerror}", "Run doctor as root to have it looked at.")
        return
    wrong = []
    for line in text.splitlines():
        name, is_one, _ = line.strip().partition("=")
        if is_one and not line.lstrip().startswith(("#", ";")) and (trouble := _unread(name, is_strict=True)):
            wrong.append(_said(str(file), "bad", *trouble))
    yield from wrong or [_said(str(file), "good", "every line names a setting, or is not ours")]


def _unread(name: str, *, is_strict: bool) -> tuple[str, str] | None:
    """Say what is wrong with a variable's name, and what to write; None: it is one that is read, or none of ours."""
    upper = name.upper()
    if not upper.startswith("VIDEOGEN_") or upper in OURS:
        return None
    word = upper.removeprefix("VIDEOGEN_").lower()
    table, is_nested, field = word.partition("__")
    if is_nested:
        known = Settings.model_fields.get(table)
        is_known = known is not None and field in getattr(known.annotation, "model_fields", {})
        return None if is_known or not is_strict else (f"{name} names no setting", "`videogen config` lists them all.")
    table, _, field = word.partition("_")
    known = Settings.model_fields.get(table)
    if known is not None and field in getattr(known.annotation, "model_fields", {}):
        return f"nobody reads {name}", f"Write it with two lines: VIDEOGEN_{table.upper()}__{field.upper()}"
    return (f"nobody reads {name}", "`videogen config` lists every setting.") if is_strict else None


# -- packages ----------------------------------------------------------------------------------------------------------


def packages(machine: Machine) -> Iterator[Finding]:
    """Tell whether every package is there, in the version that all was tested with."""
    pinned = re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;#]+)", _text(machine.constraints))
    wanted = {_plain(name): number for name, number in pinned}
    there = {_plain(name): _version(name) for name in _needed()}
    missing = sorted(name for name, number in there.items() if not number)
    other = sorted(
        f"{name} {number} (not {wanted[name]})"
        for name, number in there.items()
        if number and wanted.get(name, number) != number
    )
    if missing:
        yield _said("packages", "bad", f"not installed: {', '.join(missing)}", "`make setup`")
    if other:
        yield _said("packages", "note", f"others than tested: {', '.join(other)}", "`make setup`")
    if not missing and not other:
        told = "as tested" if wanted else "there; no constraints.txt says which versions were tested"
        python = ".".join(map(str, sys.version_info[:3]))
        yield _said("packages", "good", f"Python {python}; {len(there)} packages are {told}")


def _needed() -> list[str]:
    try:
        lines = requires("videogen") or []
    except PackageNotFoundError:
        return []
    return [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in lines if "extra ==" not in line]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _plain(name: str) -> str:
    """Write a package's name as all spellings of it are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError:
        return ""


def _said(subject: str, state: State, found: str, remedy: str = "") -> Finding:
    return Finding(subject, state, found, remedy, "Settings")
