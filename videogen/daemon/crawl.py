"""The crawler as it runs."""

import time

import structlog

from videogen.daemon.signals import Signals
from videogen.notify import Notify
from videogen.wiring import House

log = structlog.get_logger()

TICK_S = 0.5


def run_crawl(house: House, signals: Signals, notify: Notify, *, once: bool) -> None:
    """Be the crawler until stopped; with `once` until every link file is decided.

    Raises: SetupError: another one runs here.
    """
    with house.spool.holding("crawl"):
        notify.ready()
        while not signals.stop.is_set():
            notify.status("crawling")
            house.crawler.crawl_once(notify.watchdog)
            if once:
                break
            if signals.reload.is_set():
                signals.reload.clear()
                notify.reloading()
                house = house.reloaded()
                notify.ready()
            notify.status("waiting for link files")
            until = time.monotonic() + house.settings.crawl.poll_s
            while not (signals.stop.is_set() or signals.reload.is_set()) and time.monotonic() < until:
                notify.watchdog()
                signals.wake.wait(min(TICK_S, max(0.0, until - time.monotonic())))
                signals.wake.clear()
        notify.stopping()
