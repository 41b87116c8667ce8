"""The connections of one request: dialled to checked addresses only, and cut when the time is over.

The trap is that a name can be looked up twice: once for a check, once more for the connection, with another answer.
So the check sits inside the connect. The connection looks its host up once, refuses when any answer is not public,
and connects to the very address it checked; there is no second look-up. A time limit per read does not stop a server
that sends one byte a second, so a timer shuts the socket down when the time is over.
"""

import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from videogen import __version__
from videogen.crawl.address import is_allowed_private, is_public, shown
from videogen.errors import ConfigError, InputError, TemporaryError

CONTENT_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
Where = tuple[Any, ...]


@dataclass(frozen=True)
class FetchRules:
    """What a fetch may do. `wall_s` holds for the whole fetch with its redirects; `max_bytes` for the unpacked body.

    `allowed_hosts` are "host" or "host:port": they may be private, and any port of theirs may be asked. `ca_file`
    holds the authorities to be trusted instead of the usual ones. With `is_rest_ignored` a body that is too large is
    cut at `max_bytes` instead of being refused; without `content_types` any is taken.
    Source: design/security.md, 3.4 (the limits).
    """

    allowed_hosts: tuple[str, ...] = ()
    lookup_s: float = 3.0
    connect_s: float = 5.0
    read_s: float = 5.0
    wall_s: float = 15.0
    max_bytes: int = 10_000_000
    max_redirects: int = 5
    content_types: frozenset[str] | None = CONTENT_TYPES
    is_rest_ignored: bool = False
    ca_file: str = ""
    is_robots_asked: bool = True
    user_agent: str = f"videogen/{__version__}"

    def __post_init__(self) -> None:
        """Prove that the authorities can be read. Raises: ConfigError: they cannot."""
        if not self.ca_file:
            return
        try:
            ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise ConfigError(
                f"crawl.ca_file, {self.ca_file}, cannot be read as PEM ({error})",
                remedy="Name a file of certificates, or leave it empty.",
            ) from error


class Line:
    """The connections of one request, which has `wall_s` from now on; that is what is left of the rules' `wall_s`."""

    def __init__(self, rules: FetchRules, wall_s: float) -> None:
        self.rules = rules
        self.deadline = time.monotonic() + wall_s
        self.is_over = False
        self._watched: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(0.0, wall_s), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._watched:
                watched.close()
            self._watched.clear()

    def _cut(self) -> None:
        with self._lock:
            self.is_over = True
            for watched in self._watched:
                with suppress(OSError):
                    watched.shutdown(socket.SHUT_RDWR)

    @property
    def left_s(self) -> float:
        """What is left of the time."""
        return self.deadline - time.monotonic()

    def check_time(self, host: str) -> None:
        """Raise TemporaryError, `timeout`, once the time is over."""
        if self.is_over or self.left_s <= 0:
            raise late(host, self.rules.wall_s)

    def _watch(self, connected: socket.socket) -> None:
        # A duplicate: TLS takes the socket itself over, and leaves us one without a descriptor.
        with self._lock:
            self._watched.append(connected.dup())
            if self.is_over:  # the timer ran while this one was being made, and did not see it
                with suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

    def dial(self, host: str, port: int, options: Any) -> socket.socket:
        """Look a host up once, and connect to one of the very addresses that were checked.

        Raises: InputError: `address-not-public`, `no-such-host`. TemporaryError: `connection`: its name cannot be
        looked up now, or nobody answers.
        """
        named = f"[{host}]" if ":" in host else host
        found = looked_up(named, host, port, min(self.rules.lookup_s, self.left_s))
        if not is_allowed_private(named, port, self.rules.allowed_hosts):
            for _, where in found:
                if not is_public(str(where[0])):
                    raise InputError(
                        f"{shown(named)} may not be fetched: {where[0]} is not a public address",
                        remedy="Only public pages are crawled.",
                        code="address-not-public",
                    )
        failed: OSError | None = None
        for family, where in found:
            self.check_time(named)
            try:
                connected = self._connected(family, where, options)
            except OSError as error:
                failed = error
                continue
            self._watch(connected)
            return connected
        raise unreachable(named, failed) from failed

    def _connected(self, family: int, where: Where, options: Any) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in options or ():
                made.setsockopt(*option)
            made.settimeout(max(0.001, min(self.rules.connect_s, self.left_s)))
            made.connect(where)
        except BaseException:
            made.close()
            raise
        return made


def late(host: str, wall_s: float) -> TemporaryError:
    """Say that the time for a whole fetch is over."""
    return TemporaryError(
        f"{shown(host)} did not finish within {wall_s:g} s", remedy="It is tried again later.", code="timeout"
    )


def unreachable(host: str, why: object) -> TemporaryError:
    """Say that a host cannot be talked to now."""
    return TemporaryError(
        f"{shown(host)} could not be reached ({why})", remedy="It is tried again later.", code="connection"
    )


def looked_up(named: str, host: str, port: int, limit_s: float) -> list[tuple[int, Where]]:
    """Give the addresses of a host, in the resolver's order.

    getaddrinfo takes no time limit, so it runs in a thread that is left behind when the limit is over.
    Raises: InputError: `no-such-host`: the resolver knows that there is none. TemporaryError: `connection`.
    """
    found: list[tuple[int, Where]] = []
    failed: list[BaseException] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend((family, where) for family, _, _, _, where in answers)
        except (OSError, UnicodeError) as error:
            failed.append(error)

    asking = threading.Thread(target=look_up, daemon=True)
    asking.start()
    asking.join(max(0.0, limit_s))
    if asking.is_alive():
        raise unreachable(named, "its name was not looked up in time")
    if failed and isinstance(failed[0], socket.gaierror) and failed[0].errno in NO_SUCH_NAME:
        raise InputError(
            f"{shown(named)} is no name of a host", remedy="Check how it is spelled.", code="no-such-host"
        ) from failed[0]
    if failed or not found:
        raise unreachable(named, failed[0] if failed else "it has no address")
    return found
