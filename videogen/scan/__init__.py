"""raw/ -> scanned/. Watches, waits until a file has arrived, inspects it in a child, and gives it its place.

Reads: raw/. Writes: scanned/ (a file and its side file), trash/invalid.
Promises after a crash: a dropped file is in raw/, in scanned/ or in trash/invalid, whole; the next pass goes on.
Fails with: InputError for one file (it goes to trash/invalid); TemporaryError (it stays in raw/).
Known limits: a sound or a text proves its end only by quiet time, or by being renamed into place; a file of another
owner cannot be proven to have no writer, so it waits for quiet time too.
"""

from videogen.scan.admit import Intake, LoudnessRule, Verdict
from videogen.scan.arrival import Arrivals
from videogen.scan.hints import Hints
from videogen.scan.journal import Journal
from videogen.scan.scanner import AGAIN_S, Pass, Scanner
from videogen.scan.watch import Watch

__all__ = ["AGAIN_S", "Arrivals", "Hints", "Intake", "Journal", "LoudnessRule", "Pass", "Scanner", "Verdict", "Watch"]
