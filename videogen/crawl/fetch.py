"""One page brought in from the public internet, and nothing else: checked addresses, bounded time, bounded size.

`line.py` makes the connections. Redirects are followed by hand, each one checked like the first address. `requests`
offers a Session for all this, but even with `allow_redirects=False` it reads the body of a redirect to its end, and it
asks the environment for proxies and passwords: only its adapter is used here.
"""

import hashlib
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, InvalidChunkLength, InvalidHeader
from urllib3.exceptions import HTTPError as TransportError

from videogen.crawl.address import Address, parse, shown
from videogen.crawl.line import FetchRules, Line, late, unreachable
from videogen.crawl.page import Page
from videogen.errors import InputError, TemporaryError

REDIRECTS = {301, 302, 303, 307, 308}
LATER = {408, 425, 429}
READ_BYTES = 1 << 16
LOGIN = {401, 402, 403, 407, 451, 511}

Turn = Callable[[Address], AbstractContextManager[object]]
"""What is entered before each request and left after it: it may wait, and it may refuse."""


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


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and all that lies below it: each library wraps what the one under it said, in its own way."""
    seen: list[BaseException] = []
    found = [error] if error else []
    while found:
        cause = found.pop()
        if cause not in seen:
            seen.append(cause)
            yield cause
            below = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
            found += [other for other in below if isinstance(other, BaseException)]


def _is_no_http(error: BaseException) -> bool:
    """Say whether an answer broke the rules of HTTP, and not merely off."""
    if isinstance(error, http.client.RemoteDisconnected | http.client.IncompleteRead):
        return isinstance(error, InvalidChunkLength)
    return isinstance(error, http.client.HTTPException | InvalidHeader)


def _theirs(error: Exception, host: str) -> InputError | None:
    """Give our word for an answer that would be the same next time; None where it might not."""
    owner = "Ask its owner."
    if "CERTIFICATE_VERIFY_FAILED" in str(error) or "doesn't match" in str(error):
        return InputError(f"{host} has no valid certificate", remedy=owner, code="certificate")
    if isinstance(error, requests.exceptions.InvalidURL):
        return InputError(f"{host} is not a valid host", remedy="Check the address.", code="url-not-allowed")
    if isinstance(error, DecodeError):
        return InputError(f"{host} sent a body that cannot be unpacked", remedy=owner, code="bad-body")
    if any(map(_is_no_http, _causes(error))):
        return InputError(f"{host} sent an answer that is not proper HTTP", remedy=owner, code="bad-answer")
    return None


def _told(error: Exception, line: Line, host: str) -> InputError | TemporaryError:
    """Give our word for what went wrong below us."""
    if line.is_over:
        return late(host, line.rules.wall_s)
    if theirs := _theirs(error, host):
        return theirs
    if any(isinstance(cause, http.client.IncompleteRead) for cause in _causes(error)):
        message = f"{host} broke off in the midst of its answer"
        return TemporaryError(message, remedy="It is tried again later.", code="connection")
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        message = f"{host} was silent for too long"
        return TemporaryError(message, remedy="It is tried again later.", code="timeout")
    return unreachable(host, type(error).__name__)


def _ask(address: Address, rules: FetchRules, adapter: HTTPAdapter) -> requests.Response:
    request = requests.PreparedRequest()
    request.prepare(
        method="GET",
        url=address.url,
        headers={
            "User-Agent": rules.user_agent,
            "Accept": "text/html, application/xhtml+xml, text/plain;q=0.5",
            "Accept-Encoding": "gzip",
            "Connection": "close",
        },
    )
    # No proxies are given and none are looked for: the environment speaks to a Session, never to an adapter.
    return adapter.send(request, stream=True, timeout=(rules.connect_s, rules.read_s), verify=rules.ca_file or True)


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
    asks = "Its owner lets nobody in without a login: give a page that anyone may read."
    raise InputError(message, remedy=asks if status in LOGIN else "Check the address in a browser.", code=code)


def _declared(response: requests.Response, url: str, rules: FetchRules) -> tuple[str, str]:
    """Give content type and charset as declared, lower case, once the type is one that can hold a text."""
    content_type, _, rest = response.headers.get("content-type", "").lower().partition(";")
    content_type = content_type.strip()
    if rules.content_types is not None and content_type not in rules.content_types:
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


def _too_large(url: str, max_bytes: int) -> InputError:
    return InputError(
        f"{shown(url)} is larger than {max_bytes} bytes", remedy="Give the address of a smaller page.", code="too-large"
    )


def _body(response: requests.Response, url: str, line: Line) -> bytes:
    """Read a body and unpack it in small steps: a bomb is stopped at the limit, not after it went off."""
    body, rules = bytearray(), line.rules
    for block in response.raw.stream(READ_BYTES, decode_content=True):
        body += block
        line.check_time(url)
        if len(body) > rules.max_bytes:
            if rules.is_rest_ignored:
                return bytes(body[: rules.max_bytes])
            raise _too_large(url, rules.max_bytes)
    # A socket that was shut down reads like a body that ended.
    line.check_time(url)
    return bytes(body)


def _answer(address: Address, line: Line) -> Page | Address:
    """Ask one address: a page, or the address it sends us to."""
    adapter = _Adapter(line)
    url = address.url
    try:
        with _ask(address, line.rules, adapter) as response:
            # A socket that was shut down reads like headers that ended.
            line.check_time(url)
            if response.status_code in REDIRECTS and "location" in response.headers:
                return _next_address(response, address, line.rules)
            _refuse_status(response, url)
            content_type, charset = _declared(response, url, line.rules)
            body = _body(response, url, line)
    except (requests.RequestException, TransportError, http.client.HTTPException, OSError) as error:
        raise _told(error, line, f"{address.host}:{address.port}") from error
    finally:
        adapter.close()
    fetched_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sha256 = hashlib.sha256(body).hexdigest()
    return Page(url, response.status_code, content_type, charset, body, sha256, fetched_at)


def fetch(url: str, rules: FetchRules, *, turn: Turn = lambda _: nullcontext()) -> Page:
    """Bring in the page an address leads to; each request is made within a `turn`, whose waiting costs no time here.

    Raises: InputError: `url-not-allowed`, `address-not-public`, `no-such-host`, `too-many-redirects`, `content-type`,
    `content-encoding`, `bad-body`, `bad-answer`, `too-large`, `certificate` or `http-404` and the like.
    TemporaryError: `timeout`, `connection`, or `http-503` and the like. Whatever `turn` raises.
    """
    answer: Page | Address = parse(url, rules.allowed_hosts)
    left_s = rules.wall_s
    for _ in range(rules.max_redirects + 1):
        if isinstance(answer, Page):
            break
        with turn(answer), Line(rules, left_s) as line:
            began = time.monotonic()
            answer = _answer(answer, line)
            left_s -= time.monotonic() - began
    if isinstance(answer, Page):
        return answer
    raise InputError(
        f"{shown(url)} redirects more than {rules.max_redirects} times",
        remedy="Give the address it ends at.",
        code="too-many-redirects",
    )
