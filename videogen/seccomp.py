"""System calls that a jailed process has no use for, as a filter that the kernel runs before each call.

What Landlock cannot say is said here: no socket to anywhere, no look into other processes, no mounts and namespaces, no
change of modes, owners and times, no descriptor by any other way than open. A call of another processor's, and on x86
one of the second numbering (x32), would be read by the wrong table: the first ends the process, the second is refused.
Calls newer than the table are answered as by a kernel that has not got them.

Source: seccomp(2); asm/unistd_64.h and asm-generic/unistd.h of Linux 6.18; the tests compare with libseccomp's table.
"""

import struct
import sys

MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""The kernel's word for the processor (AUDIT_ARCH), and the column of the table."""

# Each call with its number on x86_64 and on aarch64; 0 where a processor has no such call.
REFUSED: dict[str, tuple[int, int]] = {
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "migrate_pages": (256, 238), "move_pages": (279, 239), "tkill": (200, 130),
    "setsid": (112, 157), "setpgid": (109, 154),
    # mounts, namespaces, files by number
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "statmount": (457, 457), "listmount": (458, 458),
    "unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    # large or rarely looked at parts of the kernel
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "lookup_dcookie": (212, 18), "personality": (135, 92),
    "memfd_secret": (447, 447), "modify_ldt": (154, 0), "iopl": (172, 0), "ioperm": (173, 0),
    # the machine
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116),
    "settimeofday": (164, 170), "adjtimex": (159, 171), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "sethostname": (170, 161), "setdomainname": (171, 162), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "vhangup": (153, 58),
    # what Landlock lets pass: modes, owners, times and marks of files, and news of what happens to them
    "chmod": (90, 0), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, 0),
    "fchown": (93, 55), "lchown": (94, 0), "fchownat": (260, 54), "utime": (132, 0), "utimes": (235, 0),
    "futimesat": (261, 0), "utimensat": (280, 88), "truncate": (76, 45), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "inotify_init": (253, 0), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27), "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    # connections, and memory and queues that processes share by name
    "connect": (42, 203), "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190), "msgget": (68, 186),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "execveat": (322, 281),
}  # fmt: skip
DEVICELESS: dict[str, tuple[int, int]] = {
    "bind": (49, 200), "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242), "memfd_create": (319, 279),
}  # fmt: skip
"""Refused where no device is given: drivers talk to themselves through such."""
STARTING: dict[str, tuple[int, int]] = {"execve": (59, 221), "fork": (57, 0), "vfork": (58, 0)}
JUDGED: dict[str, tuple[int, int]] = {
    "socket": (41, 198), "socketpair": (53, 199), "sendto": (44, 206), "clone": (56, 220), "kill": (62, 129),
    "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "prctl": (157, 167),
    "prlimit64": (302, 261), "ioctl": (16, 29),
}  # fmt: skip
"""Calls that depend on an argument."""
CLONE3 = 435
NEWEST = 462
"""The last call of the table's time (mseal): numbers above it are the same everywhere, and not known here."""

X32 = 0x40000000
AF_UNIX, AF_NETLINK, SOCK_TYPES, SOCK_DGRAM = 1, 16, 0xF, 2
CLONE_NEW, CLONE_THREAD = 0x7E020000, 0x00010000
PR_SET_PDEATHSIG, PR_SET_PTRACER = 1, 0x59616D61
TIOCSTI, TIOCLINUX = 0x5412, 0x541C

_EPERM, _ENOSYS = 1, 38
_LOAD, _AND, _EQUAL, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x45, 0x06
_ALLOW, _REFUSE, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050000 | _EPERM, 0x00050000 | _ENOSYS, 0x80000000

Step = tuple[int, int, int, int]


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> Step:
    return (code, yes, no, value)


_NO, _YES = _step(_RETURN, _REFUSE), _step(_RETURN, _ALLOW)


def _argument(nth: int, *, high: bool = False) -> Step:
    return _step(_LOAD, 16 + 8 * nth + 4 * high)


def _one_of(nth: int, values: tuple[int, ...], found: Step, otherwise: Step) -> list[Step]:
    """Answer by whether an argument is one of some values."""
    looks = [_step(_EQUAL, value, yes=len(values) - at) for at, value in enumerate(values)]
    return [_argument(nth), *looks, otherwise, found]


def _bits(nth: int, mask: int, found: Step, otherwise: Step) -> list[Step]:
    return [_argument(nth), _step(_ANY_BIT, mask, 0, 1), found, otherwise]


def program(machine: str, pid: int, *, starts: bool, forks: bool, devices: bool) -> bytes:
    """Give the filter of a process as the kernel reads it; empty for a processor that is not in the table.

    `starts`: it may become another program; `forks`: it may have children; threads it may always have.
    """
    if machine not in MACHINES or sys.byteorder != "little":
        return b""
    arch, column = MACHINES[machine]
    steps = [_step(_LOAD, 4), _step(_EQUAL, arch, yes=1), _step(_RETURN, _KILL), _step(_LOAD, 0)]
    steps += [_step(_ABOVE, X32 - 1, no=1), _NO, _step(_ABOVE, NEWEST, no=1), _step(_RETURN, _UNKNOWN)]
    # Its flags lie in memory, where no filter can read them: the C library takes clone instead.
    steps += [_step(_EQUAL, CLONE3, no=1), _step(_RETURN, _UNKNOWN)]
    starting = {name: number for name, number in STARTING.items() if not (starts if name == "execve" else forks)}
    for numbers in [*REFUSED.values(), *starting.values(), *([] if devices else DEVICELESS.values())]:
        if number := numbers[column]:
            steps += [_step(_EQUAL, number, no=1), _NO]
    for name, body in _judged(pid, forks=forks, devices=devices).items():
        steps += [_step(_EQUAL, JUDGED[name][column], no=len(body)), *body]
    return b"".join(struct.pack("<HBBI", *step) for step in [*steps, _YES])


def _judged(pid: int, *, forks: bool, devices: bool) -> dict[str, list[Step]]:
    """Give the steps after the number of each call that is judged by an argument; each ends with an answer."""
    own = _one_of(0, (pid,), _YES, _NO)
    spaces = _bits(0, CLONE_NEW, _NO, _YES)
    # A datagram socket sends to any name of this machine, without connecting.
    stream = [_argument(1), _step(_AND, SOCK_TYPES), _step(_EQUAL, SOCK_DGRAM, 0, 1), _NO, _YES]
    is_null = _step(_EQUAL, 0, yes=1)
    family = [_argument(0), _step(_EQUAL, AF_NETLINK, 0, 1), _YES, _step(_EQUAL, AF_UNIX, 1, 0), _NO, *stream]
    return {
        "socket": family if devices else [_NO],
        "socketpair": stream,
        "sendto": [_argument(4), is_null, _NO, _argument(4, high=True), is_null, _NO, _YES],
        "clone": spaces if forks else [*spaces[:-1], *_bits(0, CLONE_THREAD, _YES, _NO)],
        "kill": _one_of(0, (pid, 0), _YES, _NO),
        "tgkill": own,
        "rt_sigqueueinfo": own,
        "rt_tgsigqueueinfo": own,
        "prctl": _one_of(0, (PR_SET_PDEATHSIG, PR_SET_PTRACER), _NO, _YES),
        "prlimit64": _one_of(0, (0, pid), _YES, _NO),
        "ioctl": _one_of(1, (TIOCSTI, TIOCLINUX), _NO, _YES),
    }
