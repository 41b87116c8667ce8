"""A program that tries what no jailed process may: `breakout.py FACTS` prints what came of each attempt, as JSON.

FACTS is JSON: how to be enclosed, or null; and the places and processes that the attempts are about. Each attempt does
no harm where it succeeds. Everything is imported and every descriptor opened before the walls are built.
"""

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from videogen import jail, seccomp

_libc = ctypes.CDLL(None, use_errno=True)
_COLUMN = seccomp.MACHINES[platform.machine()][1]
_NUMBERS = {**seccomp.REFUSED, **seccomp.DEVICELESS, **seccomp.JUDGED}
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
NEW_UTS, MNT_DETACH = 0x04000000, 2


def call(name: str, *words: int | bytes | None) -> int:
    """Make a system call. Raises: OSError: the kernel refused."""
    arguments = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    answer = int(_libc.syscall(ctypes.c_long(_NUMBERS[name][_COLUMN]), *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), name)
    return answer


def closing(name: str, *words: int | bytes | None) -> None:
    """Make a system call that gives a descriptor, and let go of it."""
    os.close(call(name, *words))


def attempts(facts: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """Give each attempt by its name; those that need root begin with that word."""
    away, victim = Path(facts["away"]), int(facts["victim"])
    return {
        **_files(away, victim, Path(facts["within"])),
        **_sockets(facts),
        **_processes(victim, facts),
        **_kernel(away),
    }


def _files(away: Path, victim: int, within: Path) -> dict[str, Callable[[], object]]:
    reading = os.open(within / "in", os.O_RDONLY)
    handle = struct.pack("=Ii", 128, 0) + bytes(128)
    mount_id = bytes(8)
    folder = os.open(away, os.O_RDONLY)
    call("name_to_handle_at", folder, b"secret", handle, mount_id, 0)
    return {
        "read the users": Path("/etc/passwd").read_bytes,
        "read an environment": Path(f"/proc/{victim}/environ").read_bytes,
        "read memory": lambda: os.close(os.open(f"/proc/{victim}/mem", os.O_RDWR)),
        "list a folder": lambda: os.listdir(away),
        "list the root": lambda: os.listdir("/"),
        "read a file": (away / "secret").read_bytes,
        "read through a link": (within / "link").read_bytes,
        "read by a folder that is open": lambda: os.close(os.open("secret", os.O_RDONLY, dir_fd=folder)),
        "root: read by a handle": lambda: closing("open_by_handle_at", folder, handle, os.O_RDONLY),
        "ask for a handle": lambda: call("name_to_handle_at", folder, b"secret", bytes(handle), mount_id, 0),
        "make a file": (away / "new").touch,
        "make a file beside the output": (within / "beside").touch,
        "write into an input": lambda: os.close(os.open(within / "in", os.O_WRONLY)),
        "empty a file": lambda: os.truncate(away / "full", 0),
        "remove a file": (away / "doomed").unlink,
        "rename a file": lambda: os.rename(away / "old", away / "renamed"),
        "link a file": lambda: os.link(within / "in", away / "linked"),
        "make a link": lambda: os.symlink("/etc", away / "symlink"),
        "make a folder": (away / "folder").mkdir,
        "remove a folder": (away / "empty").rmdir,
        "make a pipe": lambda: os.mkfifo(away / "pipe"),
        "root: make a device": lambda: os.mknod(away / "device", 0o20600, os.makedev(1, 3)),
        "change a mode": lambda: os.chmod(away / "secret", 0o640),
        "change the mode of an input": lambda: os.fchmod(reading, 0o640),
        "change an owner": lambda: os.chown(away / "secret", os.getuid(), os.getgid()),
        "change a time": lambda: os.utime(away / "secret", (1, 1)),
        "set a mark": lambda: os.setxattr(away / "secret", "user.mark", b"x"),
        "watch a folder": lambda: closing("inotify_init1", 0),
        "root: change the root": lambda: os.chroot("/"),
    }


def _sockets(facts: dict[str, Any]) -> dict[str, Callable[[], object]]:
    def connect(family: int, kind: int, address: Any) -> None:
        with socket.socket(family, kind) as one:
            one.connect(address)

    def datagram() -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, theirs:
            ours.sendto(b"x", facts["datagrams"])

    def listen() -> None:
        with socket.create_server(("127.0.0.1", 0)):
            pass

    unix, stream, port = socket.AF_UNIX, socket.SOCK_STREAM, facts["port"]
    return {
        "connect": lambda: connect(socket.AF_INET, stream, ("127.0.0.1", port)),
        "connect by IPv6": lambda: connect(socket.AF_INET6, stream, ("::ffff:127.0.0.1", port)),
        "send a datagram": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", port)),
        "send a datagram by IPv6": lambda: connect(socket.AF_INET6, socket.SOCK_DGRAM, ("::1", port)),
        "listen": listen,
        "root: send raw packets": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close(),
        "root: send frames": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
        "ask for routes": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "connect to a service": lambda: connect(unix, stream, facts["service"]),
        "connect to an abstract service": lambda: connect(unix, stream, "\0" + facts["abstract"]),
        "send to a service": datagram,
    }


def _processes(victim: int, facts: dict[str, Any]) -> dict[str, Callable[[], object]]:
    pidfd = os.pidfd_open(victim)
    own = ctypes.create_string_buffer(8)
    ours = struct.pack("@2P", ctypes.addressof(own), 8)
    theirs = struct.pack("@2P", facts["address"], 8)
    spaces = os.open("/proc/self/ns/uts", os.O_RDONLY)

    def trace() -> None:
        call("ptrace", PTRACE_ATTACH, victim, 0, 0)
        os.waitpid(victim, 0x40000000)
        call("ptrace", PTRACE_DETACH, victim, 0, 0)

    def fork() -> None:
        if not (child := os.fork()):
            os._exit(0)
        os.waitpid(child, 0)

    return {
        "signal": lambda: os.kill(victim, 0),
        "signal everyone in a group": lambda: os.kill(-os.getpgid(victim), 0),
        "signal by descriptor": lambda: signal.pidfd_send_signal(pidfd, 0),
        "trace": trace,
        "read another's memory": lambda: call("process_vm_readv", victim, ours, 1, theirs, 1, 0),
        "write another's memory": lambda: call("process_vm_writev", victim, ours, 0, theirs, 0, 0),
        "compare descriptors": lambda: call("kcmp", os.getpid(), victim, 0, 0, 0),
        "take a descriptor": lambda: closing("pidfd_getfd", pidfd, 0, 0),
        "change another's limits": lambda: resource.prlimit(victim, resource.RLIMIT_CORE, (0, 0)),
        "leave the group": lambda: os.setpgid(0, 0),
        "leave the session": lambda: fork_and(os.setsid),
        "outlive the parent": lambda: call("prctl", 1, 0, 0, 0, 0),
        "have a child": fork,
        "start a program": lambda: subprocess.run(["/bin/ls", "/usr"], check=True, capture_output=True),
        "root: enter a namespace": lambda: call("setns", spaces, NEW_UTS),
        "root: make a namespace": lambda: call("unshare", NEW_UTS),
    }


def fork_and(act: Callable[[], object]) -> None:
    """Do something in a child. Raises: OSError: it could not be done, or there could be no child."""
    if not (child := os.fork()):
        try:
            act()
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    if status := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise OSError(status, "in a child")


def _kernel(away: Path) -> dict[str, Callable[[], object]]:
    target = os.fsencode(away / "mount")
    ring = bytes(120)
    map_of_one = struct.pack("=4I", 2, 4, 4, 1) + bytes(104)
    event = struct.pack("=2IQ", 1, 112, 0) + bytes(96)  # a software clock

    def mount() -> None:
        call("mount", b"none", target, b"tmpfs", 0, None)
        call("umount2", target, MNT_DETACH)

    return {
        "root: mount": mount,
        "root: open a filesystem": lambda: closing("fsopen", b"tmpfs", 0),
        "root: use BPF": lambda: closing("bpf", 0, map_of_one, len(map_of_one)),
        "root: count events": lambda: closing("perf_event_open", event, 0, -1, -1, 0),
        "root: handle faults": lambda: closing("userfaultfd", 0),
        "use io_uring": lambda: closing("io_uring_setup", 2, ring),
        "ask for keys": lambda: call("keyctl", 0, -3, 1),
        "add a key": lambda: call("add_key", b"user", b"videogen-test", b"x", 1, -2),
        "make a program in memory": lambda: closing("memfd_create", b"x", 0),
        "change what it is": lambda: call("personality", 0),
        "share memory": lambda: _libc.shmctl(call("shmget", 0, 4096, 0o1600), 0, None),
        "root: read the kernel's log": lambda: call("syslog", 10, None, 0),
        "root: name the host": lambda: call("sethostname", os.uname().nodename.encode(), len(os.uname().nodename)),
    }


def main(facts: dict[str, Any]) -> None:
    """Build the walls that are asked for, try all, and tell."""
    made = attempts(facts)
    walls = None if facts["walls"] is None else jail.enclose(**facts["walls"])
    came = {}
    for name, attempt in made.items():
        try:
            attempt()
            came[name] = ""
        except OSError as error:
            came[name] = errno.errorcode.get(error.errno or 0, "?")
    sys.stdout.write(json.dumps({"walls": walls, "came": came}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
