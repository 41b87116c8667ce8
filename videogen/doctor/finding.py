"""What doctor says of one thing, and what it is told of the factory and of the machine it looks at."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from videogen import cage
from videogen.errors import ConfigError, VideogenError
from videogen.spool import Spool
from videogen.toolchain import Toolchain

Group = Literal["FFmpeg", "Spool", "Disk", "Machine", "Walls", "Service", "Settings"]
State = Literal["good", "note", "bad"]
ASK_S = 5.0
"""So long another program may take to answer: a service manager that hangs must not hang doctor."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. Only `bad` ends doctor with a status that is not 0."""

    subject: str
    state: State
    found: str
    remedy: str = ""
    group: Group = "Machine"


@dataclass(frozen=True)
class Machine:
    """Where this machine tells of itself; a test gives folders of its own."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    env_files: Path = Path("/etc/videogen")
    constraints: Path = Path(__file__).parents[2] / "constraints.txt"
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    uid: int = field(default_factory=os.geteuid)

    def which(self, program: str) -> str:
        """Give the path of a program; empty where there is none."""
        return shutil.which(program, path=self.environ.get("PATH", os.defpath)) or ""

    def asked(self, *argv: str) -> cage.Ended | None:
        """Ask a program; None: it is not there, or did not answer in time."""
        program = self.which(argv[0])
        if not program:
            return None
        try:
            return cage.run([program, *argv[1:]], cage.Limits(), timeout_s=ASK_S, env={**self.environ, "LC_ALL": "C"})
        except (OSError, VideogenError):
            return None


@dataclass(frozen=True)
class Patient:
    """The factory as it is set up. Units: seconds; `frame_px` pixels of one frame.

    `encodes` run side by side; `changed` settings differ from their defaults; `trouble` is why they cannot be read.
    """

    spool: Spool
    toolchain: Callable[[], Toolchain]
    wanted_encoder: str = "auto"
    encodes: int = 1
    frame_px: int = 3840 * 2160
    drain_s: float = 60.0
    scratch: Path | None = None
    changed: int = 0
    trouble: ConfigError | None = None
    machine: Machine = field(default_factory=Machine)
