"""Sessions of a device (A8): never more at once than it has, over threads and processes, and none lost to the dead."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier, Thread

import pytest

from videogen.model.profile import Encoder
from videogen.render.sessions import LIMIT, Device, Sessions

HOLDER = """\
import sys
from pathlib import Path
from videogen.render.sessions import Sessions
with Sessions(Path(sys.argv[1]), int(sys.argv[2])).one() as is_free:
    print("held" if is_free else "none", flush=True)
    sys.stdin.read()
"""


@contextmanager
def process(sessions: Sessions) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Have another process ask for a session; give it and what it got, until the block ends."""
    argv = [sys.executable, "-c", HOLDER, str(sessions.folder), str(sessions.limit)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


def is_free(sessions: Sessions) -> bool:
    """Whether one could be had now."""
    with sessions.one() as got:
        return got


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_more_than_the_limit(tmp_path: Path, limit: int) -> None:
    """So many are had at once, the next is refused at once, and whoever gives one back makes room for one."""
    sessions = Sessions(tmp_path / "device", limit)
    with ExitStack() as held:
        assert [held.enter_context(sessions.one()) for _ in range(limit + 1)] == [True] * limit + [False]
        assert not is_free(sessions)

    assert is_free(sessions)


def test_processes_share_the_sessions(tmp_path: Path) -> None:
    """Of three processes on a device of two sessions two get one; a device beside it has its own."""
    sessions = Sessions(tmp_path / "device")
    assert sessions.limit == LIMIT == 2
    with process(sessions) as (_, first), process(sessions) as (_, second):
        assert (first, second) == ("held", "held")
        assert not is_free(sessions)
        assert is_free(Sessions(tmp_path / "other"))


def test_the_dead_hold_nothing(tmp_path: Path) -> None:
    """A process that is killed in the middle of an encode leaves its session to the next."""
    sessions = Sessions(tmp_path / "device", 1)
    with process(sessions) as (child, got):
        assert got == "held"
        assert not is_free(sessions)

        child.send_signal(signal.SIGKILL)
        child.wait()

        assert is_free(sessions)


def test_threads_count_like_processes(tmp_path: Path) -> None:
    """Eight threads that ask at once get as many sessions as there are."""
    sessions, got = Sessions(tmp_path / "device", 3), list[bool]()
    asked, done = Barrier(8), Barrier(8)

    def ask() -> None:
        asked.wait()
        with sessions.one() as one:
            got.append(one)
            done.wait()

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == [False] * 5 + [True] * 3


def test_software_takes_no_session(tmp_path: Path) -> None:
    """An encode without a device waits for nobody, and leaves no trace in the folder."""
    device = Device(sessions=Sessions(tmp_path / "device", 0))

    with device.session(Encoder()) as software, device.session(Encoder(name="h264_qsv")) as hardware:
        assert (software, hardware) == (True, False)

    assert not (tmp_path / "device").exists()


@pytest.mark.parametrize(
    ("encoder", "device", "folder"),
    [
        ("h264_vaapi", "/dev/dri/renderD128", "renderD128"),
        ("h264_qsv", "/dev/dri/renderD128", "renderD128"),  # the same silicon
        ("h264_vaapi", "/dev/dri/renderD129", "renderD129"),
        ("h264_nvenc", "0", "h264_nvenc.0"),
        ("h264_nvenc", "", "h264_nvenc.any"),
        ("h264_videotoolbox", "", "h264_videotoolbox.any"),
    ],
)
def test_each_device_has_its_own(tmp_path: Path, encoder: str, device: str, folder: str) -> None:
    """Sessions are counted for each device, and two ways to one device are counted together."""
    settings = Encoder.model_validate({"name": encoder})

    assert Sessions.of(tmp_path, settings, device) == Sessions(tmp_path / folder, LIMIT)
