"""What breaks such systems, looked for on this machine: each finding with a remedy, grouped by subject.

Reads: the kernel's own papers, the settings, the rooms; asks FFmpeg and systemd. Writes: proofs of encoders; a trial
    folder and trial files in the rooms, which are gone when it ends.
Promises: a thing that cannot be asked is a finding, never an error; no question takes longer than its limit.
Known limits: of a spool with very many files it looks at the first ones for their owners.
"""

from videogen.doctor import encoding, limits, machine, mounts, rooms, service, settings
from videogen.doctor.finding import Finding, Group, Machine, Patient
from videogen.doctor.limits import walls

__all__ = ["Finding", "Group", "Machine", "Patient", "examine", "walls"]


def examine(patient: Patient) -> list[Finding]:
    """Look at FFmpeg, the spool, its disk, the machine, the walls, the service and the settings, in this order.

    Every encoder is tried anew, whatever was proven before; that is kept, and else nothing that changes here stays.
    """
    return [
        *encoding.look(patient),
        *rooms.look(patient),
        *mounts.look(patient),
        *rooms.space(patient),
        *limits.look(patient),
        *machine.look(patient),
        *limits.enclosures(patient.machine),
        *service.look(patient),
        *settings.look(patient),
    ]
