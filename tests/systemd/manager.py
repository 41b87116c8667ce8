"""The other end of NOTIFY_SOCKET: a real socket that is read as the service manager reads it."""

import array
import socket
import time
from pathlib import Path

CREDENTIALS = array.array("i")
"""Three of these: the process, its user and its group, as the kernel knows them."""


class Manager:
    """Listens at an address, a path or an abstract name after `@`; keeps every fact, and which processes spoke."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.facts: list[str] = []
        self.speakers: set[int] = set()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def __enter__(self) -> "Manager":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        if self.address.startswith("/"):
            Path(self.address).unlink()

    def heard(self, within_s: float = 0.0) -> list[str]:
        """Give the facts of the next datagram; none came in time: the empty list."""
        self._socket.settimeout(max(within_s, 1e-6))
        try:
            datagram, passed, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.itemsize * 3))
        except (TimeoutError, BlockingIOError):
            return []
        ((_, _, credentials),) = passed
        self.speakers.add(array.array("i", credentials)[0])
        facts = datagram.decode().splitlines()
        self.facts += facts
        return facts

    def expect(self, *beginnings: str, within_s: float) -> list[str]:
        """Listen until facts that begin so have come, in this order; give all that came meanwhile."""
        before, wanted, until = len(self.facts), list(beginnings), time.monotonic() + within_s
        while wanted:
            for fact in self.heard(until - time.monotonic()):
                if wanted and fact.startswith(wanted[0]):
                    del wanted[0]
            assert not wanted or time.monotonic() < until, f"{wanted} did not come; heard: {self.facts[before:]}"
        return self.facts[before:]
