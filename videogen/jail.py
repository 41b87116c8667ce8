"""Walls round this very process, for good: what it may read, write and start, and nothing else.

Strangers' bytes are read by large programs in C, and one of them will have a bug that runs what the bytes say. Such
code then finds a process that opens no file but its own, has no network, sees no other process and cannot get out:

1. no_new_privs: no program of another user's rights. Capabilities are dropped, but those to read what is ours.
2. Landlock: files below the given paths alone; no TCP, and no signals or abstract sockets to the outside.
3. seccomp: the calls of `seccomp.py`.

`enclose` shuts in a process that has imported and opened all it needs. `launch` is a program that shuts itself in and
turns into another: cage.py starts it by BOOT, where it also takes the limits and ties its life to its parent's. It
imports little, since each FFmpeg waits for it.

A wall that this kernel has not got is left out, and the answer says so: a render on an old kernel is better than none.
Source: landlock(7), seccomp(2), prctl(2), capabilities(7) of Linux 6.18.
"""

import ctypes
import os
import struct
import sys
from stat import S_ISDIR

from videogen import seccomp

TYPE_CHECKING = False
if TYPE_CHECKING:  # at run time typing costs as much as all the rest
    from collections.abc import Iterable, Iterator

BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from videogen.jail import launch; launch(sys.argv[1:])"
"""What `python -I -S -c` runs; its arguments are the folder of our package and those of `launch`."""
NOT_STARTED = 126

# Rights of Landlock on files, by the kernel's own numbers. Source: linux/landlock.h.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in (7, 8, 13, 14, 15))
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER
KNOWN = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights on files a version of Landlock has; one that is not named has those of the one before."""
NET_SINCE, SCOPES_SINCE, ALL_TCP, ALL_SCOPES = 4, 6, 3, 3
NEWEST_KNOWN = 7

LIBRARIES = (
    "/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store", "/etc/ld.so.cache", "/etc/ld.so.preload",
    "/etc/alternatives",
)  # fmt: skip
"""Where programs' own parts lie: the same on every machine, so reading them tells nothing."""
MACHINE = ("/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/kernel/mm/transparent_hugepage")
"""What malloc and encoders ask of the machine."""
HARMLESS = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
DRIVERS_READ = (
    "/sys", "/proc/self", "/proc/driver", "/proc/devices", "/proc/modules", "/proc/cpuinfo", "/proc/meminfo",
    "/proc/sys/vm", "/etc/vulkan", "/etc/OpenCL", "/etc/libva.conf", "/etc/nvidia", "/etc/drirc", "/run/udev",
)  # fmt: skip
DEVICES = ("dri", "nvidia", "kfd", "dxg")
"""Beginnings of names in /dev of what encodes."""

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SECCOMP_FILTER, _SPEC_ALLOW = 1, 4
_SET_PDEATHSIG, _CAPBSET_DROP, _SET_NO_NEW_PRIVS = 1, 24, 38
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAP_VERSION_3 = 0x20080522
KEPT_CAPABILITIES = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: without them root cannot open what another user dropped."""
_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25

_libc = ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: "int | bytes | None") -> int:
    """Make a call by its number; give its answer, -1 where the kernel refuses it."""
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(_libc.syscall(ctypes.c_long(number), *words))


def enclose(
    read: "Iterable[str]" = (),
    write: "Iterable[str]" = (),
    run: "Iterable[str]" = (),
    *,
    forks: bool = False,
    devices: bool = False,
) -> "tuple[str, ...]":
    """Shut this process in for good; give the walls that hold: no-new-privs, landlock-<version>, seccomp.

    Of `read` and `write` all below is meant, links followed, and what is written may be read; a path that is not there
    is left out. `run` are programs it may turn into: without one it can start nothing. Descriptors that are open stay
    usable, whatever they are of. Threads can be made later, and are behind the same walls.

    Raises: Defect: the process has other threads, and they would stay outside.
    """
    if sys.platform != "linux":
        return ()
    _expect_one_thread()
    run = tuple(run)
    walls = []
    if _libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        walls.append("no-new-privs")
    _drop_capabilities()
    if version := _landlock(_rules(read, write, run, devices=devices)):
        walls.append(f"landlock-{version}")
    if _load(seccomp.program(os.uname().machine, os.getpid(), starts=bool(run), forks=forks, devices=devices)):
        walls.append("seccomp")
    return tuple(walls)


def _expect_one_thread() -> None:
    try:
        threads = len(os.listdir("/proc/self/task"))
    except OSError:
        return  # no /proc: who calls knows
    if threads > 1:
        from videogen.errors import Defect  # noqa: PLC0415 -- the launcher never needs it, and it costs 3 ms

        raise Defect(
            f"a process with {threads} threads cannot be enclosed: only one of them would be",
            remedy="Report it; enclose before threads are started, and import NumPy with OPENBLAS_NUM_THREADS=1.",
        )


# -- capabilities ------------------------------------------------------------------------------------------------------


def _drop_capabilities() -> None:
    """Keep none but those to open files; who has none loses nothing."""
    for capability in range(64):
        if capability not in KEPT_CAPABILITIES:
            _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    kept = sum(1 << capability for capability in KEPT_CAPABILITIES) if os.geteuid() == 0 else 0
    header = struct.pack("=Ii", _CAP_VERSION_3, 0)
    if number := _CAPSET.get(os.uname().machine):
        _syscall(number, header, struct.pack("=6I", kept, kept, 0, 0, 0, 0))


# -- Landlock ----------------------------------------------------------------------------------------------------------


def _rules(
    read: "Iterable[str]", write: "Iterable[str]", run: "tuple[str, ...]", *, devices: bool
) -> "Iterator[tuple[str, int]]":
    """Give each path with what may be done below it."""
    for path in (*LIBRARIES, *MACHINE, *read):
        yield path, READ
    for path in HARMLESS:
        yield path, READ | WRITE_FILE | TRUNCATE
    for path in write:
        yield path, WRITE
    for path in run:
        yield path, READ | EXECUTE
        if loader := _loader(path):
            yield loader, READ | EXECUTE
    if devices:
        yield from ((path, READ) for path in DRIVERS_READ)
        for name in os.listdir("/dev"):
            if name.startswith(DEVICES):
                yield f"/dev/{name}", READ | WRITE_FILE | IOCTL_DEV


def _loader(program: str) -> str:
    """Give the program that loads another one's libraries, which the kernel starts first; empty where there is none.

    Source: elf(5), PT_INTERP in the header of a 64-bit program.
    """
    try:
        with open(program, "rb") as file:
            head = file.read(64)
            if head[:5] != b"\x7fELF\x02":
                return ""
            (table,), (size, count) = struct.unpack_from("<Q", head, 32), struct.unpack_from("<2H", head, 54)
            file.seek(table)
            rows = file.read(size * count)
            for at in range(0, size * count, size):
                if struct.unpack_from("<I", rows, at) == (3,):
                    offset, _, _, length = struct.unpack_from("<4Q", rows, at + 8)
                    file.seek(offset)
                    return os.fsdecode(file.read(length).rstrip(b"\0"))
    except (OSError, struct.error):
        pass
    return ""


def landlock_version() -> int:
    """Give the version of the kernel's Landlock, 0 where it has none."""
    return max(0, _syscall(_LANDLOCK_CREATE, None, 0, 1))


def _landlock(rules: "Iterable[tuple[str, int]]") -> int:
    """Build the wall; give its version as far as we know it, 0 where there is none."""
    version = min(landlock_version(), NEWEST_KNOWN)
    if not version:
        return 0
    handled = (1 << max(count for since, count in KNOWN.items() if since <= version)) - 1
    net = ALL_TCP if version >= NET_SINCE else 0
    scopes = ALL_SCOPES if version >= SCOPES_SINCE else 0
    attributes = struct.pack("=3Q", handled, net, scopes)
    ruleset = _syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    if ruleset < 0:
        return 0
    try:
        for path, rights in rules:
            _allow(ruleset, path, rights & handled)
        return version if _syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there cannot be opened later either: making it is a right of its own
    try:
        if not S_ISDIR(os.stat(place).st_mode):
            rights &= OF_A_FILE
        _syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


# -- seccomp -----------------------------------------------------------------------------------------------------------


def _load(program: bytes) -> bool:
    if not program:
        return False
    steps = ctypes.create_string_buffer(program, len(program))
    pointer = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(steps))
    # Without SPEC_ALLOW kernels before 5.16 slow all code behind a filter down, which is meant for browsers.
    number = _SECCOMP[os.uname().machine]
    return _syscall(number, _SECCOMP_FILTER, _SPEC_ALLOW, pointer) == 0


# -- the launcher ------------------------------------------------------------------------------------------------------


def launch(words: "list[str]") -> None:
    """Become another program behind walls: PARENT [NAME=VALUE...] -- PROGRAM ARGUMENT...

    `read=`, `write=` and `run=` name paths, as in `enclose`; the first of `run` is PROGRAM's. `forks=1` and `devices=1`
    are as there; `as=`, `cpu=`, `nofile=`, `core=` and `fsize=` are limits of setrlimit(2). An orphan does not start.
    `tell=1` prints the walls that hold, and a program need not follow.
    """
    end = words.index("--")
    parent, argv = int(words[0]), words[end + 1 :]
    given: dict[str, list[str]] = {}
    for name, _, value in (word.partition("=") for word in words[1:end]):
        given.setdefault(name, []).append(value)
    # A parent that died before this asked for the signal never sends it.
    _libc.prctl(_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(NOT_STARTED)
    _limit(given)
    _as_before_python()
    walls = enclose(
        given.get("read", ()),
        given.get("write", ()),
        given.get("run", ()),
        forks="forks" in given,
        devices="devices" in given,
    )
    if "tell" in given:
        print(" ".join(walls), flush=True)
    if not argv:
        return
    try:
        os.execv(given["run"][0], argv)  # noqa: S606 -- no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{argv[0]} cannot be started here: {error.strerror}\n")
        sys.exit(NOT_STARTED)


def _limit(given: "dict[str, list[str]]") -> None:
    import resource  # noqa: PLC0415 -- not on Windows, and only the launcher needs it

    for name in ("core", "nofile", "fsize", "cpu", "as"):
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        _, most = resource.getrlimit(kind)
        for value in given.get(name, ()):
            limit = int(value) if most == resource.RLIM_INFINITY else min(int(value), most)
            resource.setrlimit(kind, (limit, limit))


def _as_before_python() -> None:
    """Undo what Python does to signals at its start: a program that ignores them would not end of them."""
    for number in (_SIGPIPE, _SIGXFSZ):
        _libc.signal(number, None)  # Python's own `signal` takes 5 ms to import
