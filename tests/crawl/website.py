"""A small web site on loopback: what each path answers is a function, and what was asked is kept."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]

STORY = "The fox saw the grapes and wanted them. They hung too high, and the fox went away with nothing."
HTML = f"""<html><head><title>The Fox &amp; the Grapes</title></head><body><nav><a href="/">Home</a></nav>
<article><h1>A fable</h1><p>{STORY}</p><p>It is easy to despise what you cannot get, said the crow, who had
watched it all from a branch of the old oak tree above the vineyard.</p></article></body></html>"""


def answer(
    body: bytes | str = b"", content_type: str = "text/plain; charset=utf-8", status: int = 200, **headers: str
) -> Answer:
    """Give an answer with a body; underscores in header names become dashes."""
    raw = body.encode() if isinstance(body, str) else body

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(raw)

    return send


def redirect(to: str) -> Answer:
    """Give an answer that sends the asker elsewhere."""
    return answer(status=302, Location=to)


def raw(*parts: bytes, every_s: float = 0.0, times: int = 1) -> Answer:
    """Give an answer of these very bytes; the last part is sent so many times, with a pause before each."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        for part in parts[:-1]:
            handler.wfile.write(part)
        for _ in range(times):
            time.sleep(every_s)
            handler.wfile.write(parts[-1])

    return send


def head(*lines: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    """Give the head of an answer."""
    return "\r\n".join(("HTTP/1.1 200 OK", f"Content-Type: {kind}", *lines, "", "")).encode()


class Site(ThreadingHTTPServer):
    """The server; `pages` may be changed while it runs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    @property
    def host(self) -> str:
        """The site's host and port, as they stand in an address and among the allowed hosts."""
        return f"127.0.0.1:{self.server_port}"

    def url(self, path: str) -> str:
        """Give the address of a path of this site."""
        return f"http://{self.host}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up early is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, Site)
        site.asked.append(self.path)
        site.headers.append({name.lower(): value for name, value in self.headers.items()})
        site.pages.get(self.path, answer(status=404))(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Site]:
    """Run a site for as long as the block lasts."""
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()
