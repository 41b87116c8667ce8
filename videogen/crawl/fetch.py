"""One page brought in from the public internet, and nothing else: checked addresses, bounded time, bounded size.

The trap is that a name can be looked up twice: once for a check, once more for the connection, with another answer.
So the check sits inside the connect. The connection looks its host up once, refuses when any answer is not public,
and connects to the very address it checked; there is no second look-up. Redirects are followed by hand, each one
checked like the first address. `requests` offers a Session for all this, but even with `allow_redirects=False` it
reads the body of a redirect to its end, and it asks the environment for proxies and passwords: only its adapter is
used here. A time limit per read does not stop a server that sends one byte a second, so a timer shuts the socket
down when the time for the whole fetch is over.
"""

import hashlib
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError
from urllib3.exceptions import HTTPError as TransportError

from videogen import __version__
from videogen.crawl.address import Address, is_allowed_private, is_public, parse, shown
from videogen.errors import InputError, TemporaryError

REDIRECTS = {301, 302, 303, 307, 308}
LATER = {408, 425, 429}
CONTENT_TYPES = {"text/html", "application/xhtml+xml", "text/plain"}
READ_BYTES = 1 << 16


@dataclass(frozen=True)
class FetchRules:
    """What a fetch may do. `wall_s` holds for the whole fetch with its redirects; `max_bytes` for the unpacked body.

    `allowed_hosts` are "host" or "host:port": they may be private, and any port of theirs may be asked.
    Source: design/security.md, 3.4 (the limits).
    """

    allowed_hosts: tuple[str, ...] = ()
    connect_s: float = 5.0
    read_s: float = 5.0
    wall_s: float = 15.0
    max_bytes: int = 10_000_000
    max_redirects: int = 5
    user_agent: str = f"videogen/{__version__}"


@dataclass(frozen=True)
class Page:
    """A page as it came. `charset` is what the server declared, empty if nothing; the hash is that of `body`."""

    final_url: str
    status: int
    content_type: str
    charset: str
    body: bytes
    fetched_sha256: str


class Line:
    """The connections of one fetch: dialled to checked addresses only, cut when the time is over."""

    def __init__(self, rules: FetchRules) -> None:
        self.rules = rules
        self.deadline = time.monotonic() + rules.wall_s
        self.is_over = False
        self._watched: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(rules.wall_s, self._cut)
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

    def check_time(self, host: str) -> None:
        """Raise TemporaryError, `timeout`, once the time for the whole fetch is over."""
        if self.is_over or time.monotonic() >= self.deadline:
            raise _late(host, self.rules.wall_s)

    def _watch(self, connected: socket.socket) -> None:
        # A duplicate: TLS takes the socket itself over, and leaves us one without a descriptor.
        with self._lock:
            self._watched.append(connected.dup())

    def dial(self, host: str, port: int, options: Any) -> socket.socket:
        """Look a host up once, and connect to one of the very addresses that were checked.

        Raises: InputError: `address-not-public`. TemporaryError: no such host now, or nobody answers.
        """
        named = f"[{host}]" if ":" in host else host
        found = _looked_up(named, host, port, min(self.rules.connect_s, self.deadline - time.monotonic()))
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
        raise _unreachable(named, failed) from failed

    def _connected(self, family: int, where: tuple[Any, ...], options: Any) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in options or ():
                made.setsockopt(*option)
            made.settimeout(max(0.001, min(self.rules.connect_s, self.deadline - time.monotonic())))
            made.connect(where)
        except BaseException:
            made.close()
            raise
        return made


def _late(host: str, wall_s: float) -> TemporaryError:
    return TemporaryError(
        f"{shown(host)} did not finish within {wall_s:g} s", remedy="It is tried again later.", code="timeout"
    )


def _unreachable(host: str, why: object) -> TemporaryError:
    return TemporaryError(
        f"{shown(host)} could not be reached ({why})", remedy="It is tried again later.", code="connection"
    )


def _looked_up(named: str, host: str, port: int, limit_s: float) -> list[tuple[int, tuple[Any, ...]]]:
    """Give the addresses of a host, in the resolver's order.

    getaddrinfo takes no time limit, so it runs in a thread that is left behind when the limit is over.
    """
    found: list[tuple[int, tuple[Any, ...]]] = []
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
        raise _unreachable(named, "its name was not looked up in time")
    if failed or not found:
        raise _unreachable(named, failed[0] if failed else "it has no address")
    return found


class _Dialled:
    """Connections that are made by the fetch's line. `line` is set by the pool right after construction."""

    line: Line
    host: str
    port: int
    socket_options: Any

    def _new_conn(self) -> socket.socket:
        return self.line.dial(self.host, self.port, self.socket_options)


class _Plain(_Dialled, HTTPConnection):
    pass


class _Encrypted(_Dialled, HTTPSConnection):
    pass


def _pool(kind: type[HTTPConnectionPool], connection: type[HTTPConnection], line: Line) -> type[HTTPConnectionPool]:
    class Pool(kind):  # type: ignore[misc,valid-type]  # one class per fetch: the manager offers no other way in
        ConnectionCls = connection

        def _new_conn(self) -> Any:
            made = super()._new_conn()
            made.line = line
            return made

    return Pool


class _Adapter(HTTPAdapter):
    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, _Plain, self._line),
            "https": _pool(HTTPSConnectionPool, _Encrypted, self._line),
        }


def _told(error: Exception, line: Line, host: str) -> InputError | TemporaryError:
    """Give our word for what went wrong below us."""
    if line.is_over:
        return _late(host, line.rules.wall_s)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return InputError(f"{host} has no valid certificate", remedy="Ask its owner.", code="certificate")
    if isinstance(error, requests.exceptions.InvalidURL):
        return InputError(f"{host} is not a valid host", remedy="Check the address.", code="url-not-allowed")
    if isinstance(error, DecodeError):
        return InputError(f"{host} sent a body that cannot be unpacked", remedy="Ask its owner.", code="bad-body")
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        message = f"{host} was silent for too long"
        return TemporaryError(message, remedy="It is tried again later.", code="timeout")
    return _unreachable(host, type(error).__name__)


def _ask(address: Address, line: Line, adapter: HTTPAdapter) -> requests.Response:
    request = requests.PreparedRequest()
    request.prepare(
        method="GET",
        url=address.url,
        headers={
            "User-Agent": line.rules.user_agent,
            "Accept": "text/html, application/xhtml+xml, text/plain;q=0.5",
            "Accept-Encoding": "gzip",
            "Connection": "close",
        },
    )
    # No proxies are given and none are looked for: the environment speaks to a Session, never to an adapter.
    return adapter.send(request, stream=True, timeout=(line.rules.connect_s, line.rules.read_s), verify=True)


def _next_address(response: requests.Response, here: Address, rules: FetchRules) -> Address:
    # Header bytes arrive as latin-1; servers put UTF-8 there.
    location = response.headers["location"].encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        there = parse(urljoin(here.url, location), rules.allowed_hosts)
    except ValueError as error:
        raise InputError(
            f"{shown(here.url)} redirects to what is no address", remedy="Ask its owner.", code="url-not-allowed"
        ) from error
    if here.scheme == "https" and there.scheme == "http":
        raise InputError(
            f"{shown(here.url)} redirects from https to http", remedy="Give the https page.", code="url-not-allowed"
        )
    return there


def _refuse_status(response: requests.Response, url: str) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    message, code = f"{shown(url)} answered with status {status}", f"http-{status}"
    if status >= 500 or status in LATER:
        raise TemporaryError(message, remedy="It is tried again later.", code=code)
    raise InputError(message, remedy="Check the address in a browser.", code=code)


def _declared(response: requests.Response, url: str) -> tuple[str, str]:
    """Give content type and charset as declared, lower case, once the type is one that can hold a text."""
    content_type, _, rest = response.headers.get("content-type", "").lower().partition(";")
    if (content_type := content_type.strip()) not in CONTENT_TYPES:
        raise InputError(
            f"{shown(url)} is {shown(content_type) or 'of no declared type'}, not a page of text",
            remedy="Give the address of an HTML or plain text page.",
            code="content-type",
        )
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed not in {"", "identity", "gzip", "x-gzip"}:
        raise InputError(
            f"{shown(url)} is packed as {shown(packed)}, which was not asked for",
            remedy="Ask its owner to send gzip or nothing.",
            code="content-encoding",
        )
    fields = dict(field.strip().partition("=")[::2] for field in rest.split(";"))
    return content_type, fields.get("charset", "").strip("\"' ")


def _body(response: requests.Response, url: str, line: Line) -> bytes:
    """Read a body and unpack it in small steps: a bomb is stopped at the limit, not after it went off."""
    body = bytearray()
    for block in response.raw.stream(READ_BYTES, decode_content=True):
        body += block
        if len(body) > line.rules.max_bytes:
            raise InputError(
                f"{shown(url)} is larger than {line.rules.max_bytes} bytes",
                remedy="Give the address of a smaller page.",
                code="too-large",
            )
        line.check_time(url)
    # A socket that was shut down reads like a body that ended.
    line.check_time(url)
    return bytes(body)


def _answer(address: Address, line: Line) -> Page | Address:
    """Ask one address: a page, or the address it sends us to."""
    adapter = _Adapter(line)
    url = address.url
    try:
        with _ask(address, line, adapter) as response:
            # A socket that was shut down reads like headers that ended.
            line.check_time(url)
            if response.status_code in REDIRECTS and "location" in response.headers:
                return _next_address(response, address, line.rules)
            _refuse_status(response, url)
            content_type, charset = _declared(response, url)
            body = _body(response, url, line)
    except (requests.RequestException, TransportError, OSError) as error:
        raise _told(error, line, f"{address.host}:{address.port}") from error
    finally:
        adapter.close()
    return Page(url, response.status_code, content_type, charset, body, hashlib.sha256(body).hexdigest())


def fetch(url: str, rules: FetchRules, *, before_request: Callable[[str], object] = lambda host: None) -> Page:
    """Bring in the page an address leads to; `before_request` is called with the host before each request.

    Raises: InputError: `url-not-allowed`, `address-not-public`, `too-many-redirects`, `content-type`,
    `content-encoding`, `bad-body`, `too-large`, `certificate` or `http-404` and the like.
    TemporaryError: `timeout`, `connection`, or `http-503` and the like.
    """
    address = parse(url, rules.allowed_hosts)
    before_request(address.host)
    with Line(rules) as line:
        answer = _answer(address, line)
        for _ in range(rules.max_redirects):
            if isinstance(answer, Page):
                break
            before_request(answer.host)
            answer = _answer(answer, line)
    if isinstance(answer, Page):
        return answer
    raise InputError(
        f"{shown(url)} redirects more than {rules.max_redirects} times",
        remedy="Give the address it ends at.",
        code="too-many-redirects",
    )
