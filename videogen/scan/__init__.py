"""raw/ -> scanned/. Watches, waits until a file has arrived, inspects it in a child, and gives it its place.

Reads: raw/. Writes: scanned/ (a file and its side file), trash/invalid.
Promises after a crash: a dropped file is in raw/, in scanned/ or in trash/invalid, whole; the next pass goes on.
Fails with: InputError for one file (it goes to trash/invalid); TemporaryError (it stays in raw/).
Known limits: arrival is told by quiet time alone; one file is inspected at a time.
"""

from videogen.scan.admit import Intake, LoudnessRule, Verdict
from videogen.scan.arrival import Arrivals
from videogen.scan.scanner import AGAIN_S, Pass, Scanner
from videogen.scan.watch import watching

__all__ = ["AGAIN_S", "Arrivals", "Intake", "LoudnessRule", "Pass", "Scanner", "Verdict", "watching"]
