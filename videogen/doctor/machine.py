"""The machine's clock, its language, and what letters are drawn with."""

import ctypes
import os
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from PIL import features

from videogen import durable
from videogen.doctor.finding import Finding, Machine, Patient
from videogen.errors import VideogenError

APART_S = 2.0
"""Beyond this, ages that `status` tells are visibly wrong; nothing else goes by another's clock."""
_TIMEX_BYTES, _STATUS_AT, _UNSYNCED = 256, 40, 0x40
"""Source: adjtimex(2); struct timex of 64-bit Linux, where five words lie before the status; STA_UNSYNC."""
_HEAR_OF_TIME = "`timedatectl set-ntp true`, or install chrony."


def look(patient: Patient) -> Iterator[Finding]:
    """Tell of the clock, the language and the letters."""
    yield clock(is_synced(), apart_s(patient.spool.nodes))
    yield locale(patient.machine)
    yield from letters(freetype=bool(features.check("freetype2")), raqm=bool(features.check("raqm")))


# -- clock -------------------------------------------------------------------------------------------------------------


def is_synced() -> bool | None:
    """Whether the kernel says that its clock is kept right by others; None: it does not say."""
    if sys.platform != "linux" or struct.calcsize("P") != 8:
        return None
    answer = ctypes.create_string_buffer(_TIMEX_BYTES)  # no mode is set: it only asks
    with suppress(AttributeError, OSError):
        if ctypes.CDLL(None, use_errno=True).adjtimex(answer) >= 0:
            (status,) = struct.unpack_from("i", answer, _STATUS_AT)
            return not status & _UNSYNCED
    return None


def apart_s(folder: Path) -> float:
    """Give how far the clock that stamps files there is ahead of ours; 0 where nothing can be written.

    Units: seconds.
    """
    trial = folder / f".clock.{os.getpid()}"
    try:
        before = time.time()
        durable.write(trial, "")
        stamped, after = trial.stat().st_mtime, time.time()
    except (OSError, VideogenError):
        return 0.0
    finally:
        with suppress(OSError):
            durable.remove(trial)
    # The kernel's clock of files goes by ticks: it may be a few ms behind.
    return min(0.0, stamped - before + 0.02) or max(0.0, stamped - after)


def clock(is_kept: bool | None, ahead_s: float) -> Finding:
    """Say whether the clock is kept right, and whether the spool's own agrees with it."""
    if abs(ahead_s) > APART_S:
        word = "ahead of" if ahead_s > 0 else "behind"
        found = f"the clock of the spool's files is {abs(ahead_s):.0f} s {word} ours"
        return Finding("clock", "note", found, f"On both machines: {_HEAR_OF_TIME}")
    if is_kept is None:
        return Finding("clock", "note", "the system does not say whether it is kept right", _HEAR_OF_TIME)
    if not is_kept:
        return Finding("clock", "note", "nothing keeps it right", _HEAR_OF_TIME)
    return Finding("clock", "good", "kept right, and the spool's files agree with it")


# -- language ----------------------------------------------------------------------------------------------------------


def locale(machine: Machine) -> Finding:
    """Say whether the terminal's language can show every name; videogen itself takes UTF-8 whatever it is."""
    asked = ("LC_ALL", "LC_CTYPE", "LANG")
    told = next((machine.environ[name] for name in asked if machine.environ.get(name)), "")
    if told.lower().replace("-", "").endswith("utf8") or ".utf8@" in told.lower().replace("-", ""):
        return Finding("locale", "good", told)
    found = f"{told or 'none is set'}: other programs may show names wrongly; videogen takes UTF-8"
    return Finding("locale", "note", found, "`export LANG=C.UTF-8`")


def letters(*, freetype: bool, raqm: bool) -> Iterator[Finding]:
    """Say what words over a picture are drawn with."""
    if not freetype:
        yield Finding("letters", "note", "Pillow has no FreeType: no words can be drawn", "`make setup`")
    elif not raqm:
        found = "Pillow has no Raqm: Arabic, Hebrew and Indic words are drawn letter by letter"
        yield Finding("letters", "note", found, "`apt-get install libraqm0`")
    else:
        yield Finding("letters", "good", "FreeType and Raqm: words of all scripts; the font comes with Pillow")
