"""tasks/ -> processing/ -> output/. Takes a task, compiles it, runs its plan, proves the video and publishes it.

Reads: tasks/, scanned/. Writes: processing/, output/<id>/ (final.mp4 and manifest.json, whole), trash/failed,
    trash/attempts.
Promises after a crash: a task is in exactly one room; an earlier life's claim goes back when the node starts again.
Fails with: InputError and Defect (the task goes to trash/failed), TemporaryError (back to tasks/, three attempts),
    SetupError (back, and the node ends).
Known limits: one task at a time, nothing is prefetched; the claim of a node that never comes back stays where it is.
"""

from videogen.render.node import Bench, Node, Outcome, compile_task

__all__ = ["Bench", "Node", "Outcome", "compile_task"]
