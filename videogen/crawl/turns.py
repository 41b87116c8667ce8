"""Whose turn it is: one connection to a host at a time, a pause after each, and only what its robots.txt lets us ask.

Threads that crawl side by side share one of these. A turn is held for one request, never while another is waited for:
a page that redirects to another host ends its turn at the first before it takes one at the second, so nobody waits in
a ring.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from videogen.crawl.address import Address, shown
from videogen.crawl.fetch import fetch
from videogen.crawl.line import FetchRules
from videogen.crawl.robots import PARSED_BYTES, Robots, parse_robots
from videogen.errors import InputError, Stopped, TemporaryError

BETWEEN_REQUESTS_S = 1.0
BACK_OFF_S = (1.0, 4.0)
"""What is waited before the second and the third try."""
HOSTS_KEPT = 1000
ROBOTS_S = 86400.0
"""A robots.txt is believed for a day. Source: RFC 9309, 2.4."""
AWAY_S = 300.0
"""A robots.txt that cannot be had is not asked for again in this time: its site has trouble enough."""
PRODUCT = "videogen"
"""What a robots.txt calls us."""
LOOK_S = 0.2

Got = TypeVar("Got")


def patiently(ask: Callable[[], Got], wait: Callable[[TemporaryError, float], object]) -> Got:
    """Give what `ask` gives; what may pass is tried three times, with a wait of so many seconds before each more.

    Raises: what the last try raised. `robots-unreachable` was tried three times by then, and Stopped is no trouble:
    neither is tried again.
    """
    for back_off_s in BACK_OFF_S:
        try:
            return ask()
        except TemporaryError as error:
            if isinstance(error, Stopped) or error.word == "robots-unreachable":
                raise
            wait(error, back_off_s)
    return ask()


@dataclass
class _Site:
    """The robots.txt of one scheme, host and port; who holds `busy` is asking for it."""

    busy: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    robots: Robots | None = None
    """None: it cannot be had now, so nothing may be asked for."""


@dataclass
class _Host:
    """What is known of a host; who holds `busy` has its turn there."""

    busy: threading.Lock = field(default_factory=threading.Lock)
    not_before: float = 0.0
    sites: dict[tuple[str, int], _Site] = field(default_factory=dict)


class Turns:
    """Gives turns at hosts. `pause` waits that many seconds, and raises Stopped when the work is to end."""

    def __init__(self, rules: FetchRules, pause: Callable[[float], object]) -> None:
        self._rules = replace(rules, max_bytes=PARSED_BYTES + 1, content_types=None, is_rest_ignored=True)
        self._pause = pause
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def at(self, address: Address) -> Iterator[None]:
        """Hold the turn to ask for an address, once its site allows it and the pause after the last one is over.

        Raises: InputError: `robots-disallowed`. TemporaryError: `robots-unreachable`. Stopped.
        """
        robots = self._robots(address) if self._rules.is_robots_asked else Robots()
        if not robots.allows(address.path):
            raise InputError(
                f"{shown(address.url)} may not be fetched: the robots.txt of {shown(address.host)} forbids it",
                remedy="Give another page, or set crawl.robots = false where the pages are yours.",
                code="robots-disallowed",
            )
        with self._turn(address, max(BETWEEN_REQUESTS_S, robots.delay_s)):
            yield

    def _known(self, address: Address) -> tuple[_Host, _Site]:
        with self._lock:
            host = self._hosts.setdefault(address.host, _Host())
            self._hosts.move_to_end(address.host)
            if len(self._hosts) > HOSTS_KEPT:
                # Each host in between took a second of one of a few threads: the oldest one's turn is long over.
                self._hosts.popitem(last=False)
            return host, host.sites.setdefault((address.scheme, address.port), _Site())

    @contextmanager
    def _turn(self, address: Address, delay_s: float) -> Iterator[None]:
        host, _ = self._known(address)
        with self._held(host.busy):
            self._pause(host.not_before - time.monotonic())
            try:
                yield
            finally:
                host.not_before = time.monotonic() + delay_s

    @contextmanager
    def _held(self, lock: threading.Lock) -> Iterator[None]:
        while not lock.acquire(timeout=LOOK_S):
            self._pause(0)
        try:
            yield
        finally:
            lock.release()

    def _robots(self, address: Address) -> Robots:
        """Give the rules of an address's site, asked for at most once a day.

        Raises: TemporaryError: `robots-unreachable`: they cannot be had, and may forbid what we want. Source: RFC 9309,
        2.3.1.4.
        """
        _, site = self._known(address)
        with self._held(site.busy):
            if time.monotonic() >= site.until:
                site.robots = self._fetched(address)
                site.until = time.monotonic() + (AWAY_S if site.robots is None else ROBOTS_S)
            if site.robots is None:
                raise TemporaryError(
                    f"the robots.txt of {shown(address.host)} cannot be read, so nobody knows what it forbids",
                    remedy="It is tried again later; set crawl.robots = false where the pages are yours.",
                    code="robots-unreachable",
                )
            return site.robots

    def _fetched(self, address: Address) -> Robots | None:
        url = replace(address, path="/robots.txt").url
        turn = lambda at: self._turn(at, BETWEEN_REQUESTS_S)  # noqa: E731 -- a robots.txt needs nobody's leave
        try:
            page = patiently(lambda: fetch(url, self._rules, turn=turn), lambda _, seconds: self._pause(seconds))
        except Stopped:
            raise
        except TemporaryError:
            return None
        except InputError:
            return Robots()  # there is none, or none that we may read: nothing is forbidden. RFC 9309, 2.3.1.3.
        return parse_robots(page.body, PRODUCT)
