"""What the service manager is told: datagrams to the socket that NOTIFY_SOCKET names, and nothing where it is unset.

The protocol is one line of text per fact, so it is written here and not taken from a package: a library would be one
more thing to trust in every process, for one `sendto`. What cannot be sent costs nothing and is said nowhere: a daemon
must neither stop nor wait because nobody listens. Only the last change of state is owed, and goes out before whatever
is said next: a READY=1 that met a full socket would otherwise be a start that never ends.

Source: sd_notify(3), sd_watchdog_enabled(3).
"""

import os
import socket
from collections.abc import MutableMapping

WORKING_S = 120.0
STATUS_CHARACTERS = 500
"""A manager drops a datagram beyond 4096 bytes, and one character is at most four."""
USEC_DIGITS = 20
"""No count of microseconds of a manager is longer: it has 64 bits."""


class Notify:
    """One process's voice towards the manager that started it."""

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._is_heard = address[:1] in {"/", "@"}  # the manager of a virtual machine listens on another family
        self._watchdog_s = watchdog_s
        self._owed = b""

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ) -> "Notify":
        """Take the manager's words out of the environment: a child that inherited them would speak in our name."""
        address = environment.pop("NOTIFY_SOCKET", "")
        usec, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        is_number = usec.isdecimal() and len(usec) <= USEC_DIGITS
        is_meant = is_number and int(usec) > 0 and pid in {"", str(os.getpid())}
        return cls(address, int(usec) / 2e6 if is_meant else None)

    @property
    def watchdog_s(self) -> float | None:
        """How often to call `watchdog` at least: half of what the manager waits; None: it does not wait."""
        return self._watchdog_s

    def ready(self) -> None:
        """Tell that the start, or the reload, is over."""
        self._state("READY=1")

    def working(self, more_s: float = WORKING_S) -> None:
        """Tell that a start or a reload goes on, and may take so long until the next word of it."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(more_s * 1e6)}")
        self.watchdog()

    def reloading(self) -> None:
        """Tell that the settings are being read again; `ready` ends it."""
        self._state("RELOADING=1")

    def stopping(self) -> None:
        """Tell that the end has begun."""
        self._state("STOPPING=1")

    def status(self, text: str) -> None:
        """Tell people what is going on, in one line: a line end would begin a fact of its own."""
        self._send("STATUS=" + " ".join(text.replace("\0", " ").split())[:STATUS_CHARACTERS])

    def watchdog(self) -> None:
        """Tell that the loop goes round; from the loop itself, never from a thread beside it."""
        if self._watchdog_s is not None:
            self._send("WATCHDOG=1")

    def _state(self, line: str) -> None:
        self._owed = b""  # what was owed is no longer so
        if not self._send(line):
            self._owed = line.encode() + b"\n"

    def _send(self, line: str) -> bool:
        if not self._is_heard:
            return True
        try:
            # A socket for each word: nothing is held open, and none is bound to a manager that was started anew.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as voice:
                voice.setblocking(False)
                voice.sendto(self._owed + line.encode("utf-8", "replace"), self._address)
        except (OSError, ValueError):
            return False
        self._owed = b""
        return True
