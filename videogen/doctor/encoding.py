"""Which FFmpeg is there, what is known of its version, and which encoders really encode."""

import grp
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from videogen.doctor.finding import Finding, Patient, State
from videogen.errors import VideogenError
from videogen.ffmpeg import FFmpeg
from videogen.toolchain import Toolchain, Trial

Version = tuple[int, ...]


@dataclass(frozen=True)
class Known:
    """A fault of some versions, from the first to before the last. `word` names the part of a build that it is in."""

    since: Version
    until: Version
    word: str
    fault: str
    is_fatal: bool = False


KNOWN = (
    # Source: github.com/rust-av/Av1an/pull/1261.
    Known((0,), (5, 1), "", "it has no -fps_mode, which every encode needs", is_fatal=True),
    # Source: github.com/ErsatzTV/legacy/issues/1728 and pull/1754.
    Known((7, 0), (7, 1), "vaapi qsv vpl", "regressions of VA-API and QSV were met; libx264 is not touched"),
    # Source: github.com/Jellman86/optimisarr/pull/145.
    Known((7, 1), (7, 1, 2), "libx265", "with x265 4.2 every encode of libx265 crashes; libx264 is not touched"),
)
"""Versions that others met trouble with."""
LIBRARIES = ("libx264", "libx265", "nvenc", "libvpl", "vaapi", "amf", "videotoolbox")


def look(patient: Patient) -> Iterator[Finding]:
    """Tell of the program, of each encoder on each device, of the choice, and of who may open the devices."""
    try:
        toolchain = patient.toolchain()
        yield Finding("ffmpeg", "good", f"{toolchain.version} at {toolchain.program}", group="FFmpeg")
    except VideogenError as error:
        yield Finding("ffmpeg", "bad", error.message, error.remedy, "FFmpeg")
        return
    yield from build(toolchain.version, _configuration(toolchain))
    yield from encoders(toolchain, patient.wanted_encoder)
    yield from devices(patient.machine.dev)


def _configuration(toolchain: Toolchain) -> str:
    """Give what a build was told to contain; empty where it does not say."""
    try:
        said = FFmpeg(toolchain.program).ask(["-version"]).stdout.decode("utf-8", "replace")
    except VideogenError:
        return ""
    return next((line for line in said.splitlines() if line.startswith("configuration:")), "")


def build(version: str, configuration: str) -> Iterator[Finding]:
    """Tell what a build was made with, and what is known of its version."""
    there = [name for name in LIBRARIES if re.search(rf"--enable-{name}\b", configuration)]
    said = ", ".join(there) or "it does not say"
    number = _number(version)
    faults = [known for known in KNOWN if number and _concerns(known, number, configuration)]
    yield Finding("ffmpeg build", "good", f"made with {said}", group="FFmpeg")
    for known in faults:
        remedy = 'Set ffmpeg.path to a newer one, or to "" for the one that came with videogen.'
        state: State = "bad" if known.is_fatal else "note"
        yield Finding("ffmpeg version", state, f"{version}: {known.fault}", remedy, "FFmpeg")
    if not faults:
        told = "nothing bad is known of it" if number else f"{version} names no release, so nothing is known of it"
        yield Finding("ffmpeg version", "good", told, group="FFmpeg")


def _number(version: str) -> Version:
    """Give the release that a version names; a build of a day ("N-118000-g...", "git-2026-...") names none."""
    told = re.match(r"n?(\d+(?:\.\d+)+)", version)
    return tuple(map(int, told[1].split("."))) if told else ()


def _concerns(known: Known, number: Version, configuration: str) -> bool:
    is_built_in = not known.word or any(word in configuration for word in known.word.split())
    return known.since <= number < known.until and is_built_in


def encoders(toolchain: Toolchain, wanted: str) -> Iterator[Finding]:
    """Try every encoder anew on every device, whatever was proven before, and tell which one is taken."""
    toolchain.forget()  # whoever asks has just changed something
    for trial in toolchain.trials:
        yield _encoder(trial)
    try:
        yield Finding("encoder chosen", "good", toolchain.choose(wanted).title, group="FFmpeg")
    except VideogenError as error:
        yield Finding("encoder chosen", "bad", error.message, error.remedy, "FFmpeg")


def _encoder(trial: Trial) -> Finding:
    subject, said = f"encoder {trial.title}", re.sub(r"\[[^\]]* @ 0x[0-9a-f]+\] ?", "", trial.said)
    match trial.state:
        case "works":
            return Finding(subject, "good", "encodes", group="FFmpeg")
        case "busy":
            found = f"there, with no session free: {said}"
            return Finding(subject, "note", found, "Ask again when less runs on it; renders wait for it.", "FFmpeg")
    return Finding(subject, "note", f"does not encode: {said}", right_to(Path(trial.device)), "FFmpeg")


def devices(dev: Path) -> Iterator[Finding]:
    """Tell which render devices are there, and which of them this user may not open."""
    there = sorted((*dev.glob("dri/renderD*"), *dev.glob("nvidia[0-9]*")))
    closed = [path for path in there if right_to(path)]
    if not there:
        yield Finding("devices", "good", "none here: videos are encoded by the processors", group="FFmpeg")
    for path in closed:
        yield Finding("devices", "note", f"{path} cannot be opened", right_to(path), "FFmpeg")
    if there and not closed:
        yield Finding("devices", "good", ", ".join(map(str, there)), group="FFmpeg")


def right_to(path: Path) -> str:
    """Name the group that a user must join to open a device; empty where it may, or where there is none."""
    if not path.is_absolute() or not path.exists() or os.access(path, os.R_OK | os.W_OK):
        return ""
    gid = path.stat().st_gid
    try:
        group = grp.getgrgid(gid).gr_name
    except KeyError:
        group = f"'#{gid}'"
    return f"`usermod -aG {group} videogen`, then start the nodes again: {path} belongs to that group."
