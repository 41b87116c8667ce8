"""What all roles wrote for a scraper, as one text; and a server that gives it, for a machine without a node exporter.

The server reads files and nothing else: it knows no role, writes nothing and starts nothing. It answers GET /metrics
and GET /healthz, to so many callers at once, each of which has to ask within a few seconds and in few words.
"""

import io
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from videogen import durable
from videogen.errors import ConfigError
from videogen.series import EXPORTED, PREFIX

FRESH_S = 45.0
"""A role writes every 10 s; one that did not for longer than four times that has stopped, or its disk stands still."""
CALLERS = 16
ASK_S = 5.0
"""Within this time a caller has asked, and within as long again it has taken the answer."""
HEAD_BYTES = 8192
TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"metrics-(?P<role>main|crawl|node)(?:-(?P<node>[A-Za-z0-9_-]+))?\.prom")
_COMMENT = re.compile(r"# (?P<what>HELP|TYPE) (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?P<said>.*)")
_LABELS = r'\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\}'
_SAMPLE = re.compile(rf"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?P<labels>{_LABELS})? (?P<value>-?[0-9.eE+-]+|[+-]Inf|NaN)")


@dataclass
class Family:
    """All samples of one name, as they stand in a text. Shape: `head` is its HELP and TYPE."""

    head: list[str]
    samples: list[str]


@dataclass(frozen=True)
class Text:
    """What one role wrote last. Shape: `families` by name. Units: seconds since it was written."""

    role: str
    node: str
    age_s: float
    families: Mapping[str, Family]
    trouble: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether the role said that it ends."""
        running = self.families.get(f"{PREFIX}running")
        return running is not None and all(float(line.rpartition(" ")[2]) == 0 for line in running.samples)

    @property
    def is_up(self) -> bool:
        """Whether the role wrote lately, and will write again."""
        return not (self.trouble or self.has_ended) and self.age_s <= FRESH_S


def texts(folder: Path) -> list[Text]:
    """Read what every role wrote last; one that cannot be read is there with the trouble."""
    found = []
    try:
        names = durable.listing(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    for name in sorted(names):
        if not (match := _NAME.fullmatch(name)):
            continue
        role, node = match["role"], match["node"] or ""
        try:
            age_s = max(0.0, time.time() - (folder / name).lstat().st_mtime)
            found.append(Text(role, node, age_s, _families(durable.read(folder / name).decode())))
        except FileNotFoundError:
            continue  # the hand that tidies up took it away
        except (OSError, ValueError) as error:
            found.append(Text(role, node, 0.0, {}, " ".join(str(error).split())[:200]))
    return found


def _families(text: str) -> dict[str, Family]:
    """Take a text apart. Raises: ValueError: a line is none of Prometheus' text format, or lies outside its family."""
    families: dict[str, Family] = {}
    current = ""
    for line in text.splitlines():
        if comment := _COMMENT.fullmatch(line):
            current = comment["name"]
            families.setdefault(current, Family([], [])).head.append(line)
        elif (sample := _SAMPLE.fullmatch(line)) and current and sample["name"].startswith(current):
            families[current].samples.append(line)
        elif line:
            raise ValueError(f"{line[:80]!r} is no line of a metrics text")
    return families


def merged(found: Iterable[Text]) -> str:
    """Give one text of all: each family once, and of each role whether it is up and how old its text is."""
    families: dict[str, Family] = {}
    known = list(found)
    for text in known:
        for name, family in text.families.items():
            one = families.setdefault(name, Family(family.head, []))
            one.samples += family.samples
    lines = [line for family in families.values() for line in (*family.head, *family.samples)]
    # One that ended as it should is not missed.
    told = [text for text in known if not (text.has_ended or text.trouble)]
    lines += _exported("up", [(_of(text), float(text.is_up)) for text in told])
    lines += _exported("text_age_seconds", [(_of(text), round(text.age_s, 1)) for text in told])
    lines += _exported("text_unreadable", [("", float(sum(bool(text.trouble) for text in known)))])
    return "".join(f"{line}\n" for line in lines)


def live(found: Iterable[Text]) -> list[Text]:
    """Give the texts without the samples of those who are not up: what they said last is not so any more."""
    return [one if one.is_up else Text(one.role, one.node, one.age_s, _ending(one), one.trouble) for one in found]


def _ending(text: Text) -> Mapping[str, Family]:
    name = f"{PREFIX}running"
    return {name: text.families[name]} if text.has_ended else {}


def _of(text: Text) -> str:
    return f'{{node="{text.node}",role="{text.role}"}}'


def _exported(name: str, samples: Iterable[tuple[str, float]]) -> list[str]:
    shown = EXPORTED[name].shown
    head = [f"# HELP {shown} {EXPORTED[name].about}", f"# TYPE {shown} gauge"]
    return [*head, *(f"{shown}{labels} {value:g}" for labels, value in samples)]


# -- the server ------------------------------------------------------------------------------------------------------


def address_of(listen: str) -> tuple[str, int]:
    """Read ADDRESS:PORT; a port alone is on the loopback. Raises: ConfigError: it is none."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise ConfigError(f"{listen!r} is no address to listen at", remedy="Give one such as 127.0.0.1:9464.")
    return host or "127.0.0.1", int(port)


class Server(ThreadingHTTPServer):
    """Gives the texts of a folder to whoever asks; `close` it, and it gives no more."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = CALLERS

    def __init__(self, folder: Path, address: tuple[str, int]) -> None:
        self.folder = folder
        self._free = BoundedSemaphore(CALLERS)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            super().__init__(address, _Caller)
        except (OSError, UnicodeError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise ConfigError(
                f"cannot listen at {address[0]}:{address[1]} ({said})",
                remedy="Give another address with --listen; the unit's is in its ExecStart.",
            ) from error

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, where one is free; else at once that there is none."""
        if not self._free.acquire(blocking=False):
            request.settimeout(0.2)
            _tell(request.sendall, b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one caller, and let the next one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a caller that went away in the middle is no trouble of ours."""


def _tell(send: Callable[[bytes], object], words: bytes) -> None:
    try:
        send(words)
    except OSError:
        return


class _Caller(BaseHTTPRequestHandler):
    """One connection, one question."""

    server: Server
    server_version = "videogen"
    sys_version = ""
    protocol_version = "HTTP/1.0"

    def handle(self) -> None:
        """Read the whole question first, within its time and length."""
        head = self._head()
        if head is None:
            return
        self.rfile = io.BufferedReader(io.BytesIO(head))
        self.connection.settimeout(ASK_S)
        self.handle_one_request()

    def _head(self) -> bytes | None:
        until, head = time.monotonic() + ASK_S, b""
        while b"\r\n\r\n" not in head and b"\n\n" not in head:
            left = until - time.monotonic()
            if left <= 0 or len(head) > HEAD_BYTES:
                status = b"408 Request Timeout" if left <= 0 else b"431 Request Header Fields Too Large"
                _tell(self.connection.sendall, b"HTTP/1.0 " + status + b"\r\nContent-Length: 0\r\n\r\n")
                return None
            self.connection.settimeout(left)
            try:
                more = self.connection.recv(HEAD_BYTES)
            except TimeoutError:
                continue
            except OSError:
                return None
            if not more:
                return None
            head += more
        return head

    def do_GET(self) -> None:
        """Give the metrics, or whether all roles are up."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, TYPE, merged(live(texts(self.server.folder))))
        elif path == "/healthz":
            down = [one for one in texts(self.server.folder) if not (one.is_up or one.has_ended)]
            words = "".join(f"down: {one.role} {one.node}".rstrip() + "\n" for one in down)
            self._answer(503 if down else 200, "text/plain; charset=utf-8", words or "ok\n")
        else:
            self._answer(404, "text/plain; charset=utf-8", "Ask for /metrics or /healthz.\n")

    def _answer(self, status: int, kind: str, words: str) -> None:
        body = words.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a line for each scrape would be most of the log."""
