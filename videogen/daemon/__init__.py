"""The roles as they run: loops, signals, children. One process is one role; `up` is main with the others below it.

Reads: the settings, through wiring.py. Writes: processing/.nodes (locks, papers, requests to drain), and
    logs/metrics-*.prom.
Promises: the first SIGTERM drains, the second stops at once; either way nothing that was held is lost.
Fails with: SetupError (a role is taken, or its set-up is wrong).
Known limits: `up` has one node; a second main waits for nothing, it is refused.
"""

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
