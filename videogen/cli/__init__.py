"""The command line. stdout is data, stderr is progress and log; every number it exits with is in EXITS.

Reads: the arguments, the settings of --root. Writes: stdout, stderr, what its verbs write.
Fails with: one sentence on stderr, and the exit status of the error's family.
"""

from videogen.cli import (
    cache,
    checking,
    completing,
    explaining,
    looking,
    making,
    nodes,
    previewing,
    recounting,
    remaking,
    repairing,
    replaying,
    roles,
    tasks,
    telling,
    tidying,
    top,
    tracing,
    trashing,
    verifying,
)
from videogen.cli.app import app, run
from videogen.cli.verbs import EXITS, dress

__all__ = [
    "EXITS",
    "app",
    "cache",
    "checking",
    "completing",
    "explaining",
    "looking",
    "making",
    "nodes",
    "previewing",
    "recounting",
    "remaking",
    "repairing",
    "replaying",
    "roles",
    "run",
    "tasks",
    "telling",
    "tidying",
    "top",
    "tracing",
    "trashing",
    "verifying",
]

dress(app)
