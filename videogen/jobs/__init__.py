"""Folders dropped into raw/mix, raw/composition and raw/golden_frame: each becomes one task.

Reads: raw/<recipe>/<name>/. Writes: scanned/<recipe>/<name>/ (by one rename, each file with its side file),
scanned/.pictures, tasks/, trash/invalid.
Promises after a crash: a dropped folder is in raw/, in scanned/ or in trash/invalid, whole; the next start goes on, and
makes no second task.
Fails with: InputError for a folder (it goes to trash/invalid with its reason); TemporaryError (it stays in raw/).
Known limits: one folder is taken at a time. A mix without a description is known to be complete only by quiet time.
"""

from videogen.jobs.jobs import Jobs, Look
from videogen.jobs.ordering import Orders
from videogen.jobs.papers import Papers
from videogen.jobs.taking import Taker
from videogen.jobs.waiting import Patience

__all__ = ["Jobs", "Look", "Orders", "Papers", "Patience", "Taker"]
