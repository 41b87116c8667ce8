"""tasks/ -> processing/ -> output/. Takes a task, compiles it, runs its plan, proves the video and publishes it.

Reads: tasks/, scanned/. Writes: processing/, scanned/.segments/, output/<id>/ (final.mp4 and manifest.json, whole),
    trash/failed, trash/attempts.
Promises after a crash: a task is in exactly one room; an earlier life's claim goes back when the node starts again;
    finished segments are in the store, so what was encoded is not encoded again.
Fails with: InputError and Defect (the task goes to trash/failed), TemporaryError (back to tasks/, three attempts),
    SetupError (back, and the node ends).
Known limits: one task renders at a time; a task that was fetched ahead waits for its node, though another may be idle.
"""

from videogen.render.bench import Bench, is_device_trouble
from videogen.render.check import Proof
from videogen.render.executor import Executor
from videogen.render.fetch import Way
from videogen.render.maker import Maker
from videogen.render.node import Node, Outcome, Setup
from videogen.render.orders import Order, compile_task, known_of
from videogen.render.pipeline import Pipeline
from videogen.render.sessions import Device, Sessions
from videogen.render.video import Done
from videogen.render.warm import House, Warmed, Warmer
from videogen.render.workshop import Workshop

__all__ = [
    "Bench",
    "Device",
    "Done",
    "Executor",
    "House",
    "Maker",
    "Node",
    "Order",
    "Outcome",
    "Pipeline",
    "Proof",
    "Sessions",
    "Setup",
    "Warmed",
    "Warmer",
    "Way",
    "Workshop",
    "compile_task",
    "is_device_trouble",
    "known_of",
]
