"""A small internet of our own, and a real crawl in it: run as `unshare -rnm python -m tests.corpus.web.world FOLDER`.

In a network namespace without a way out, public addresses and forbidden ones are all ours: a name server tells what
each item's host resolves to, servers do what the items say, and somebody listens at every forbidden address and counts
who comes. The crawl runs under strace, so every connection it tries is written down. What came of it stands in
FOLDER/told.json.
"""

import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.corpus.web.items import FORBIDDEN, ITEMS, SERVER, WALL_S, Item
from tests.crawl.website import answer

BY_HOST = {item.host: item for item in ITEMS}
PROGRAM = Path(sys.executable).with_name("videogen")
TRACED = "trace=connect,sendto,sendmsg,sendmmsg"


def settle(folder: Path) -> None:
    """Make this network: our addresses on loopback, and a resolver that asks us."""
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:10 attempts:1\n")
    subprocess.run(["mount", "--bind", resolver, "/etc/resolv.conf"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (SERVER, *FORBIDDEN):
        length = 128 if ":" in address else 32
        with suppress(subprocess.CalledProcessError):  # loopback has its own already
            add = ["ip", "address", "add", f"{address}/{length}", "dev", "lo"]
            subprocess.run([*add, *(["nodad"] if length == 128 else [])], check=True, capture_output=True)


class Names(threading.Thread):
    """A name server; an item's next look-up may have another answer than its last."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self._asked: dict[tuple[str, int], int] = {}

    def run(self) -> None:
        """Answer for ever."""
        while True:
            query, asker = self._socket.recvfrom(4096)
            if told := self._answer(query):
                self._socket.sendto(told, asker)

    def _answer(self, query: bytes) -> bytes:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12 : at + 5]
        (kind,) = struct.unpack(">H", query[at + 1 : at + 3])
        item = BY_HOST.get(".".join(labels).lower())
        number = self._asked[labels[0], kind] = self._asked.get((labels[0], kind), -1) + 1
        if item is None or not item.names:
            return query[:2] + b"\x81\x83" + struct.pack(">HHHH", 1, 0, 0, 0) + question
        found = item.names[number % len(item.names)]
        if not found:
            return b""
        family, wanted = (socket.AF_INET6, ":") if kind == 28 else (socket.AF_INET, ".")
        packed = [socket.inet_pton(family, address) for address in found if wanted in address and kind in {1, 28}]
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(each)) + each for each in packed)
        return query[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, len(packed), 0, 0) + question + records


class Server(ThreadingHTTPServer):
    """The server of all items; each is known by its host."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        super().__init__((SERVER, port), Handler)
        self._context = context
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the thread of the request."""
        if self._context:
            request = self._context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what this is about."""


class Handler(BaseHTTPRequestHandler):
    """One request, answered as its item says."""

    def do_GET(self) -> None:
        """Answer."""
        item = BY_HOST[self.headers["Host"].partition(":")[0]]
        served = item.robots if self.path == "/robots.txt" else item.serve
        (served or answer(status=404))(self)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Canary(threading.Thread):
    """Somebody who listens where nobody may come, and counts who does."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__(daemon=True)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.where = (address, port)
        self.visits = 0
        self._listening = socket.create_server(self.where, family=family)
        self.start()

    def run(self) -> None:
        """Count visits for ever."""
        while True:
            visitor, _ = self._listening.accept()
            visitor.close()
            self.visits += 1


def certificates(folder: Path) -> ssl.SSLContext:
    """Make an authority, and certificates that are good, expired, another host's, and signed by nobody else."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ours")
    contexts: dict[str, ssl.SSLContext] = {}
    for name, host, days in (
        ("w19", "w19.example", "2"),
        ("w32a", "", "2"),
        ("w32b", "w32b.example", "-1"),
        ("w32c", "other.example", "2"),
        ("w32d", "w32d.example", "2"),
    ):
        subject = f"/CN={host or 'w32a.example'}"
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host or 'w32a.example'}")
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"] if host else ["-signkey", f"{name}.key"]
        asked = ["-in", f"{name}.csr", "-out", f"{name}.pem", "-days", days, "-extfile", f"{name}.ext"]
        openssl("x509", "-req", *asked, *signed)
        contexts[f"{name}.example"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[f"{name}.example"].load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")

    def chosen(shaking: ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> None:
        shaking.context = contexts[host or ""]

    first = contexts["w32d.example"]
    first.sni_callback = chosen
    return first


def spool(folder: Path) -> Path:
    """Make a spool with a story for each item, each with one link file that names its address."""
    root = folder / "spool"
    subprocess.run([PROGRAM, "--root", root, "init"], check=True, capture_output=True)
    (root / "videogen.toml").write_text(f'[crawl]\nwall_s = {WALL_S}\nca_file = "{folder}/ca.pem"\n')
    for item in ITEMS:
        link = root / "scanned/story/corpus" / item.id / "link" / f"{item.id}.txt"
        link.parent.mkdir(parents=True)
        link.write_text(f"{item.url}\n")
        link.with_name(f"{link.name}.json").write_text("{}")
    return root


def crawl(root: Path, trace: Path) -> tuple[int, int]:
    """Crawl under strace; give its exit status, and the most memory its main process had, in bytes."""
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"), "http://127.0.0.1:80")
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-yy", "-e", TRACED, "-e", "signal=none", "-o", str(trace)]
    program = [str(PROGRAM), "--root", str(root), "crawl", "--once"]
    with (root / "said.txt").open("wb") as said:
        running = subprocess.Popen([*strace, *program], env=os.environ | proxies, stdout=said, stderr=said)
        most = 0
        while running.poll() is None:
            with suppress(OSError, ValueError, IndexError):
                (pid, *_) = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
                lines = Path(f"/proc/{pid}/status").read_text().split("\n")
                most = max([most, *(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))])
            time.sleep(0.1)
    return running.returncode, most


def outcome(root: Path, item: Item) -> dict[str, object]:
    """Give what a person finds of an item: its chunk, its reason, or its link file still there."""
    story = root / "scanned/story/corpus" / item.id
    reason = root / "trash/invalid" / f"{item.id}.txt.reason.json"
    return {
        "text": "".join(chunk.read_text() for chunk in sorted(story.glob("chunk_*.txt"))),
        "reason": json.loads(reason.read_text()) if reason.exists() else None,
        "is_waiting": (story / "link" / f"{item.id}.txt").exists(),
        "is_reported": (story / "link" / f".{item.id}.txt.crawl.json").exists(),
    }


def main() -> None:
    """Make the world, let the crawl run in it, and write down what came of it."""
    folder = Path(sys.argv[1])
    settle(folder)
    Names().start()
    context = certificates(folder)
    _servers = (Server(80), Server(443, context))
    canaries = [Canary(address, port) for address in FORBIDDEN for port in (80, 443)]
    for canary in canaries:
        socket.create_connection(canary.where, 5).close()
    time.sleep(0.2)
    reached = [canary.visits for canary in canaries]
    began = time.monotonic()
    root = spool(folder)
    status, most = crawl(root, folder / "trace.txt")
    told = {
        "status": status,
        "most_bytes": most,
        "seconds": time.monotonic() - began,
        "reached": reached,
        "visits": [canary.visits for canary in canaries],
        "log": (root / "logs/crawl.log").read_text(),
        "items": {item.id: outcome(root, item) for item in ITEMS},
    }
    (folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
