"""What breaks such systems, looked for on this machine: each finding with a remedy, grouped by subject.

Reads: the kernel's own papers, the settings, the rooms; asks FFmpeg and systemd. Writes: proofs of encoders; a trial
    folder and trial files in the rooms, which are gone when it ends.
Promises: a thing that cannot be asked is a finding, never an error; no question takes longer than its limit.
Known limits: of a spool with very many files it looks at the first ones for their owners.
"""

from collections.abc import Callable, Iterator

from videogen.doctor import encoding, limits, machine, mounts, rooms, service, settings
from videogen.doctor.finding import Finding, Group, Machine, Patient
from videogen.doctor.limits import walls
from videogen.errors import VideogenError

__all__ = ["Finding", "Group", "Machine", "Patient", "examine", "walls"]


_LOOKS: tuple[tuple[Group, Callable[[Patient], Iterator[Finding]]], ...] = (
    ("FFmpeg", encoding.look),
    ("Spool", rooms.look),
    ("Disk", mounts.look),
    ("Disk", rooms.space),
    ("Machine", limits.look),
    ("Machine", machine.look),
    ("Walls", limits.enclosures),
    ("Service", service.look),
    ("Settings", settings.look),
)


def examine(patient: Patient) -> list[Finding]:
    """Look at FFmpeg, the spool, its disk, the machine, the walls, the service and the settings, in this order.

    Every encoder is tried anew, whatever was proven before; that is kept, and else nothing that changes here stays.
    """
    found: list[Finding] = []
    for group, look in _LOOKS:
        try:
            found.extend(look(patient))
        except VideogenError as error:
            found.append(Finding("this look", "bad", error.message, error.remedy, group))
        except OSError as error:
            said = f"broke off at {error.filename or 'a call'}: {error.strerror}"
            found.append(Finding("this look", "bad", said, "Give the user that runs videogen access to it.", group))
    return found
