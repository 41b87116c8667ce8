"""The roles as they run: loops, signals, children. One process is one role; `up` is main with the others below it.

Reads: the settings, through wiring.py. Writes: processing/.nodes (locks, papers, requests to drain), and
    logs/metrics-*.prom.
Promises: the first SIGTERM drains, the second stops at once; either way nothing that was held is lost.
Fails with: SetupError (a role is taken, or its set-up is wrong).
Known limits: `up` has one node; a second main waits for nothing, it is refused.

What it gives is imported when it is asked for: a node has no need of what main imports.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videogen.daemon.crawl import run_crawl
    from videogen.daemon.main import MainReport, run_main
    from videogen.daemon.node import run_node, run_warm
    from videogen.daemon.signals import Pulse, Signals, stopping, told
    from videogen.daemon.up import UpReport, run_up, run_up_once

__all__ = [
    "MainReport",
    "Pulse",
    "Signals",
    "UpReport",
    "run_crawl",
    "run_main",
    "run_node",
    "run_up",
    "run_up_once",
    "run_warm",
    "stopping",
    "told",
]

_HOME = {
    "MainReport": "main",
    "Pulse": "signals",
    "Signals": "signals",
    "UpReport": "up",
    "run_crawl": "crawl",
    "run_main": "main",
    "run_node": "node",
    "run_up": "up",
    "run_up_once": "up",
    "run_warm": "node",
    "stopping": "signals",
    "told": "signals",
}
"""Which module has what."""


def __getattr__(name: str) -> object:
    """Give what a module of this package has. Raises: AttributeError: none has it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
