"""The crawler as it runs."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from videogen import durable
from videogen.daemon.keeper import Keeper
from videogen.daemon.reporting import Reporting
from videogen.daemon.signals import Signals
from videogen.metrics import Meter
from videogen.notify import Notify
from videogen.wiring import House

if TYPE_CHECKING:
    from videogen.crawl.report import Crawled

log = structlog.get_logger()

TICK_S = 0.5


def run_crawl(house: House, signals: Signals, notify: Notify, *, once: bool) -> None:
    """Be the crawler until stopped; with `once` until every link file is decided.

    Raises: SetupError: another one runs here.
    """
    with house.spool.holding("crawl"):
        meter = Meter()
        durable.observer = meter.note
        reporting = Reporting(house, "crawl", meter, lambda: {"links_waiting": float(len(house.crawler.waiting()))})
        try:
            with Keeper(*reporting.chores()):
                _crawl(house, signals, notify, meter, once=once)
        finally:
            reporting.end()
        notify.stopping()


def _crawl(house: House, signals: Signals, notify: Notify, meter: Meter, *, once: bool) -> None:
    notify.ready()
    while not signals.stop.is_set():
        notify.status("crawling")
        _count(meter, house.crawler.crawl_once(notify.watchdog))
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


def _count(meter: Meter, crawled: "Iterable[Crawled]") -> None:
    for link in crawled:
        meter.count("links", verdict="refused" if link.is_refused else "put-off" if link.is_put_off else "taken")
        for page in link.results:
            meter.count("pages", verdict="taken" if page.is_ok else page.code)
            if not page.same_as:
                meter.observe("page_s", page.seconds)
