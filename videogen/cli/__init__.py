"""The command line. stdout is data, stderr is progress and log; every number it exits with is in EXITS.

Reads: the arguments, the settings of --root. Writes: stdout, stderr, what its verbs write.
Fails with: one sentence on stderr, and the exit status of the error's family.

A verb's module is imported when the verb is asked for (`MODULES`), and a part when it is built (wiring.py).
"""

from videogen.cli.app import MODULES, app, program, run
from videogen.cli.verbs import EXITS

__all__ = ["EXITS", "MODULES", "app", "program", "run"]
