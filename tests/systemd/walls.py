"""Become a program behind the walls of a unit that a kernel can build without a service manager.

    python -m tests.systemd.walls UNIT PROGRAM ARGUMENT...

The system calls that the unit allows, memory that is never both written and run, its address families, its umask and
its open files. All of it is the unit's own text: groups such as @system-service are asked of systemd-analyze. What
needs a mount or a user namespace (ProtectSystem=, PrivateUsers=) or a control group is not built here.
"""

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from errno import EAFNOSUPPORT, EPERM
from pathlib import Path
from socket import AddressFamily

from tests.systemd.unit import Unit

ALLOW, ERRNO = 0x7FFF0000, 0x00050000  # seccomp.h: SCMP_ACT_ALLOW, SCMP_ACT_ERRNO
EQUAL, MASKED_EQUAL = 4, 7
WRITE, EXECUTE, SHARED_EXECUTE = 2, 4, 0o100000
FAMILIES = 46
UNKNOWN = -1  # no such call on this processor: it cannot be made either


class Compare(ctypes.Structure):
    """One condition on an argument of a system call: struct scmp_arg_cmp."""

    _fields_ = (("argument", ctypes.c_uint), ("how", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class Filter:
    """One seccomp filter; several may stand behind one another, and the strictest word counts."""

    def __init__(self, default: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action: int, call: str, *conditions: Compare) -> None:
        """Add a rule for one system call."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number != UNKNOWN:
            array = (Compare * len(conditions))(*conditions)
            action_32, count = ctypes.c_uint32(action), ctypes.c_uint(len(conditions))
            status = self._library.seccomp_rule_add_array(self._context, action_32, number, count, array)
            assert status in {0, -EPERM}, f"{call}: {status}"  # -EPERM: the rule says what the default says

    def load(self) -> None:
        """Build the wall round this process; there is no way back."""
        assert self._library.seccomp_load(self._context) == 0


def calls_of(word: str) -> Iterator[str]:
    """Give the system calls of a name or of a group of systemd's."""
    if not word.startswith("@"):
        yield word
        return
    argv = ["systemd-analyze", "--no-pager", "syscall-filter", word]
    for line in subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()[1:]:
        if (inner := line.strip()) and not inner.startswith("#"):
            yield from calls_of(inner)


def allowed(unit: Unit) -> set[str]:
    """Give the system calls that the lines of SystemCallFilter= leave; @default is always among them."""
    calls = set(calls_of("@default"))
    for line in unit.lines("SystemCallFilter"):
        named = {call for word in line.removeprefix("~").split() for call in calls_of(word)}
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def walls(unit: Unit) -> Iterator[Filter]:
    """Give the filters that the manager would build from a unit, in the order in which they can be loaded."""
    families = Filter(ALLOW)
    kept = {AddressFamily[name] for name in unit.all("RestrictAddressFamilies")}
    for family in set(range(1, FAMILIES)) - kept:
        families.add(ERRNO | EAFNOSUPPORT, "socket", Compare(0, EQUAL, family))
    yield families
    if unit.lines("MemoryDenyWriteExecute"):
        memory = Filter(ALLOW)
        both = WRITE | EXECUTE
        memory.add(ERRNO | EPERM, "mmap", Compare(2, MASKED_EQUAL, both, both))
        for call in ("mprotect", "pkey_mprotect"):
            memory.add(ERRNO | EPERM, call, Compare(2, MASKED_EQUAL, EXECUTE, EXECUTE))
        memory.add(ERRNO | EPERM, "shmat", Compare(2, MASKED_EQUAL, SHARED_EXECUTE, SHARED_EXECUTE))
        yield memory
    calls = Filter(ERRNO | EPERM)
    for call in allowed(unit):
        calls.add(ALLOW, call)
    yield calls


def become(unit: Unit, argv: list[str]) -> None:
    """Turn into a program behind the unit's walls."""
    filters = list(walls(unit))
    os.umask(int(unit.the("UMask"), 8))
    for files in unit.lines("LimitNOFILE"):
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(files), int(files)))
    for one in filters:
        one.load()
    os.execv(argv[0], argv)  # noqa: S606 -- the test's own words, and no shell is wanted


if __name__ == "__main__":
    become(Unit(Path(sys.argv[1])), sys.argv[2:])
