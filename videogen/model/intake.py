"""What main tells of raw/ while it runs, for whoever asks."""

from pydantic import Field

from videogen.model.value import Value

INTAKE = ".intake.json"
"""The paper's name in processing/.nodes/."""


WAITS = 20
"""So many of the voices that wait are named: a person reads no more, and the paper stays small."""


class Intake(Value):
    """raw/ at one moment. Units: files.

    `arriving` have not settled or wait their turn, `in_work` are in the hands, `beyond` were not looked at yet.
    """

    arriving: int = 0
    in_work: int = 0
    beyond: int = 0
    put_off: int = 0
    deaf: dict[str, str] = Field(default_factory=dict)
    """Folders whose events do not come, by name, each with the reason; they are looked at by the clock."""
    poll_s: float = 0.0
    """How often that is."""
    waiting: int = 0
    """Voices without a task yet."""
    waits: dict[str, str] = Field(default_factory=dict)
    """The first of them, each with its reason."""
    folders: int = 0
    """Folders that become videos and are not taken yet."""
    folder_waits: dict[str, str] = Field(default_factory=dict)
    """The first of them, by path from the root, each with what it waits for."""
