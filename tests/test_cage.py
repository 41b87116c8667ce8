"""Limits round a child, asked of real children that try to break out."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from videogen import cage
from videogen.cage import Limits
from videogen.errors import Stalled

NEEDS_CAGE = pytest.mark.skipif(
    shutil.which("setpriv") is None or shutil.which("prlimit") is None,
    reason="the cage is util-linux's setpriv and prlimit, and one is not installed",
)


def run_python(script: str, limits: Limits, timeout_s: float = 30) -> cage.Ended:
    """Run a Python script in a cage."""
    return cage.run([sys.executable, "-c", script], limits, timeout_s=timeout_s)


def is_gone(pid: int, within_s: float = 5.0) -> bool:
    """Tell whether a process ends in time; one that only waits to be reaped has ended."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def wait_for_program(pid: int, name: str) -> None:
    """Wait until a child is past the programs of the cage and is the one that was asked for."""
    deadline = time.monotonic() + 10
    while psutil.Process(pid).name() != name:
        assert time.monotonic() < deadline, f"{pid} never became {name}"
        time.sleep(0.01)


PARENT = """\
import sys
from videogen import cage
child = cage.spawn(["sleep", "60"], cage.Limits())
print(child.pid, flush=True)
child.wait()
"""


@NEEDS_CAGE
def test_child_dies_with_its_parent() -> None:
    """A child does not outlive a parent that was killed and could not clean up."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_for_program(child, "sleep")

    parent.kill()
    parent.communicate()

    assert is_gone(child)


@pytest.mark.parametrize(("parent", "said"), [(os.getpid, b"started\n"), (lambda: 1, b"")])
def test_orphan_does_not_start(parent: Callable[[], int], said: bytes) -> None:
    """A child whose parent was gone before it could ask to die with it ends before the program begins (P15)."""
    argv = ["sh", "-c", cage.ONLY_WITH_PARENT, str(parent()), "echo", "started"]

    assert subprocess.run(argv, capture_output=True, check=False).stdout == said


@NEEDS_CAGE
@pytest.mark.parametrize(("memory_bytes", "is_enough"), [(300 << 20, False), (None, True)])
def test_memory_is_limited(memory_bytes: int | None, is_enough: bool) -> None:
    """A child that wants more memory than it may have fails; without a limit the same child succeeds."""
    ended = run_python("import mmap; mmap.mmap(-1, 600 << 20)", Limits(memory_bytes=memory_bytes))

    assert (ended.status == 0) is is_enough
    assert (b"Cannot allocate memory" in ended.stderr) is not is_enough


@NEEDS_CAGE
def test_cpu_is_limited() -> None:
    """A child that computes for ever is ended by a signal when its seconds are used up, long before the timeout."""
    ended = run_python("while True: pass", Limits(cpu_s=1))

    assert ended.status in {-signal.SIGXCPU, -signal.SIGKILL}


@NEEDS_CAGE
def test_open_files_are_limited() -> None:
    """A child cannot hold more files open than it may."""
    script = "files = [open('/dev/null') for _ in range(40)]"

    assert run_python(script, Limits(open_files=64)).status == 0
    assert b"Too many open files" in run_python(script, Limits(open_files=32)).stderr


@NEEDS_CAGE
def test_child_leaves_no_core_and_gains_no_privilege() -> None:
    """Core dumps are off, and a setuid program gives a child nothing."""
    script = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)); print(open('/proc/self/status').read())"

    said = run_python(script, Limits()).stdout.decode().splitlines()

    assert said[0] == "(0, 0)"
    assert "NoNewPrivs:\t1" in said


def test_child_has_no_stdin() -> None:
    """A child that reads its stdin gets the end at once, whatever our own stdin is."""
    script = "import sys; from videogen import cage; print(cage.run(['cat'], cage.Limits(), timeout_s=20))"

    done = subprocess.run([sys.executable, "-c", script], input="typed", capture_output=True, text=True, check=True)

    assert "Ended(status=0, stdout=b''" in done.stdout


def test_arguments_are_never_read_by_a_shell() -> None:
    """A child gets each argument as it is."""
    odd = ["$(id)", "a;b", "*", "two words", "'", "-x", "", "caf\udce9"]
    script = "import os, sys; sys.stdout.buffer.write(b'|'.join(map(os.fsencode, sys.argv[1:])))"

    ended = cage.run([sys.executable, "-c", script, *odd], Limits(), timeout_s=20)

    assert ended.stdout == b"|".join(os.fsencode(one) for one in odd)


def test_child_sees_only_the_environment_it_is_given() -> None:
    """With an environment of its own a child sees nothing of ours."""
    script = "import os; print(os.environ.get('GIVEN'), os.environ.get('HOME'))"

    ended = cage.run([sys.executable, "-c", script], Limits(), timeout_s=20, env={"GIVEN": "yes"})

    assert ended.stdout == b"yes None\n"


FLOOD = """\
import sys
for stream in (sys.stdout.buffer, sys.stderr.buffer):
    for _ in range(20):
        stream.write(b"x" * (1 << 20))
    stream.write(b"the end")
"""


def test_a_flood_neither_blocks_nor_fills_memory() -> None:
    """Of 20 MiB on both channels, the start of stdout and the last 64 KiB of stderr are kept."""
    ended = run_python(FLOOD, Limits())

    assert ended.status == 0
    assert ended.stdout == b"x" * cage.CAPTURE_BYTES
    assert len(ended.stderr) == 65536
    assert ended.stderr.endswith(b"the end")


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("kill -TERM $$", -signal.SIGTERM), ("exit 0", 0)])
def test_status_is_the_childs_own(script: str, status: int) -> None:
    """The status tells an exit and a signal apart."""
    assert cage.run(["sh", "-c", script], Limits(), timeout_s=20).status == status


# The grandchild ignores SIGTERM, so only SIGKILL to the whole group ends it.
STUBBORN = 'trap \'\' TERM; sleep 60 & echo $! > "$0".part; mv "$0".part "$0"'


def written_pid(path: Path) -> int:
    """Wait for a child to write a process id."""
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, "the child wrote no id"
        time.sleep(0.02)
    return int(path.read_text())


def test_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    """A child that runs too long is Stalled, and neither it nor what it started is left."""
    began = time.monotonic()

    with pytest.raises(Stalled, match=r"sh was still running after 0\.5 s"):
        cage.run(
            ["sh", "-c", f"{STUBBORN}; echo $$ > {tmp_path}/own; wait", f"{tmp_path}/pid"], Limits(), timeout_s=0.5
        )

    assert time.monotonic() - began < 4
    assert is_gone(written_pid(tmp_path / "pid"))
    assert is_gone(written_pid(tmp_path / "own"))


def test_what_a_child_leaves_behind_goes_too(tmp_path: Path) -> None:
    """A child that ends well takes what it started in the background with it."""
    ended = cage.run(["sh", "-c", STUBBORN, f"{tmp_path}/pid"], Limits(), timeout_s=20)

    assert ended.status == 0
    assert is_gone(written_pid(tmp_path / "pid"))


@pytest.mark.parametrize(
    ("before", "status"),
    [("", -signal.SIGTERM), ("trap '' TERM;", -signal.SIGKILL), ("trap 'exit 7' TERM;", 7)],
    ids=["dies of TERM", "ignores TERM", "cleans up"],
)
def test_end_is_gentle_first_and_then_sure(tmp_path: Path, before: str, status: int) -> None:
    """A child may clean up on SIGTERM; one that will not hear is killed after its grace."""
    script = f"{before} echo $$ > {tmp_path}/part; mv {tmp_path}/part {tmp_path}/pid; while :; do sleep 0.05; done"
    process = cage.spawn(["sh", "-c", script], Limits())
    assert written_pid(tmp_path / "pid") == process.pid

    assert cage.end(process, grace_s=0.5) == status
    assert cage.end(process) == status


def test_child_has_a_session_of_its_own() -> None:
    """A Ctrl-C in our terminal does not reach a child: its group and session are its own."""
    process = cage.spawn(["sleep", "60"], Limits())
    try:
        assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid
    finally:
        cage.end(process)
