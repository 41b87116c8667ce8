"""The line that a unit starts, started: what the role tells the service manager, and its work behind the unit's walls.

The line is taken from the installed unit; only the places are a test's own. Serves A2, A3, A4.
"""

import ctypes.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.crawl.website import HTML, answer, serving
from tests.flow.house import House, clean_env, ffmpeg_that, frames_in, spoken_frames, tasked
from tests.systemd.manager import Manager
from tests.systemd.unit import CHECKOUT, SERVICES, Unit, installed, needs
from videogen.errors import SetupError

PROGRAM = Path(sys.executable).with_name("videogen")
WATCHDOG_S = 4.0
START_S = 30.0
PATIENCE_S, SLOW_S = 3.0, 4
ANY_PORT = {"VIDEOGEN_METRICS_LISTEN": "127.0.0.1:0"}
SLOW = {"VIDEOGEN_NODE__POLL_S": "60", "VIDEOGEN_CRAWL__POLL_S": "60", "VIDEOGEN_SCAN__RESCAN_S": "60"}
"""Looks far rarer than the manager's patience: a loop that pings only when it looks would be killed."""

Prepare = Callable[[House, pytest.TempPathFactory], None]
each_service = pytest.mark.parametrize("name", SERVICES)
each_parent = pytest.mark.parametrize("name", [name for name in SERVICES if "metrics" not in name])  # it has no child
NEEDS_WALLS = pytest.mark.skipif(
    ctypes.util.find_library("seccomp") is None, reason="libseccomp is not installed (apt: systemd)"
)


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the units, installed below a root of the test's own."""
    return installed(tmp_path_factory.mktemp("root"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool; its encoder is libx264."""
    return House(tmp_path / "spool")


@contextmanager
def started(unit: Unit, root: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a unit's own line, and end what is left of it."""
    process = subprocess.Popen(
        unit.argv(PROGRAM, root, "1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_env() | environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


# -- the manager is told -------------------------------------------------------------------------------------------


@each_service
def test_a_life_as_the_manager_sees_it(units: Path, house: House, tmp_path: Path, name: str) -> None:
    """A role says READY, pings within the manager's patience, reloads at SIGHUP, and ends with 0 at SIGTERM."""
    told = {"NOTIFY_SOCKET": f"{tmp_path}/notify", "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))} | SLOW | ANY_PORT
    with Manager(told["NOTIFY_SOCKET"]) as manager, started(Unit(units / name), house.root, told) as process:
        assert not any(fact.startswith("WATCHDOG") for fact in manager.expect("READY=1", within_s=START_S)[:-1])
        for _ in range(3):
            manager.expect("WATCHDOG=1", within_s=WATCHDOG_S)
        assert any(fact.startswith("STATUS=") and len(fact) > len("STATUS=") for fact in manager.facts)

        process.send_signal(signal.SIGHUP)
        manager.expect("RELOADING=1", "READY=1", "WATCHDOG=1", within_s=WATCHDOG_S)

        process.send_signal(signal.SIGTERM)
        manager.expect("STOPPING=1", within_s=START_S)
        assert process.wait(START_S) == 0
        assert manager.speakers == {process.pid}  # NotifyAccess=main: nobody else would be believed


def pings_until(manager: Manager, is_done: Callable[[], bool]) -> None:
    """Listen until the work is done; a silence longer than the manager's patience is a failure."""
    until = time.monotonic() + START_S
    while not is_done():
        assert time.monotonic() < until
        manager.expect("WATCHDOG=1", within_s=PATIENCE_S)


def a_quiet_track(house: House, _: pytest.TempPathFactory) -> None:
    """Drop a track that has to be levelled."""
    house.music(lufs=-30)


def a_task(house: House, factory: pytest.TempPathFactory) -> None:
    """Make a task to render."""
    shutil.rmtree(house.root)
    tasked(factory, house.root)


@pytest.mark.parametrize(
    ("name", "prepare", "done"),
    [
        ("videogen-main.service", a_quiet_track, "scanned/music/*/*/*.mp3"),
        ("videogen-node@.service", a_task, "output/*/final.mp4"),
    ],
)
def test_work_is_no_silence(
    units: Path, house: House, tmp_path_factory: pytest.TempPathFactory, name: str, prepare: Prepare, done: str
) -> None:
    """A role pings while one FFmpeg takes longer than the manager's patience: it would be killed in it."""
    prepare(house, tmp_path_factory)
    folder = tmp_path_factory.mktemp("slow")
    slow = ffmpeg_that(folder / "ffmpeg", f"sleep {SLOW_S}", where="-c:a")
    told = {"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": str(int(PATIENCE_S * 1e6))} | slow
    with Manager(told["NOTIFY_SOCKET"]) as manager, started(Unit(units / name), house.root, told):
        manager.expect("READY=1", within_s=START_S)
        pings_until(manager, lambda: any(house.root.glob(done)))


def test_slow_pages_are_no_silence(units: Path, house: House, tmp_path: Path) -> None:
    """The crawler pings while the addresses of one link file take longer than the manager's patience."""

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.5)
        answer(HTML, "text/html")(handler)

    with serving() as site, Manager(f"{tmp_path}/notify") as manager:
        site.pages = dict.fromkeys(["/1", "/2", "/3", "/4"], slowly)
        house.place("story/tales/fox/link/list.txt").write_text("\n".join(map(site.url, site.pages)))
        assert house.run("main", "--once").returncode == 0
        told = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(int(PATIENCE_S * 1e6))}
        allowed = {"VIDEOGEN_CRAWL__ALLOWED_HOSTS": f'["{site.host}"]'}
        with started(Unit(units / "videogen-crawl.service"), house.root, told | allowed):
            manager.expect("READY=1", within_s=START_S)
            pings_until(manager, lambda: any(house.root.glob("scanned/story/*/*/chunk_0004.txt")))


@each_service
def test_wrong_setup_is_not_ready(units: Path, tmp_path: Path, name: str) -> None:
    """Where there is no spool a role ends with the status that the unit does not restart, and was never READY."""
    unit = Unit(units / name)
    told = {"NOTIFY_SOCKET": f"{tmp_path}/notify", "WATCHDOG_USEC": "4000000"} | ANY_PORT
    with Manager(told["NOTIFY_SOCKET"]) as manager, started(unit, tmp_path / "absent", told) as process:
        assert process.wait(START_S) == SetupError.exit_code == int(unit.the("RestartPreventExitStatus"))
        manager.heard()

        assert "READY=1" not in manager.facts


# -- behind the walls ----------------------------------------------------------------------------------------------


def walled(unit: Path, argv: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end behind the walls of a unit."""
    return subprocess.run(
        [sys.executable, "-m", "tests.systemd.walls", str(unit), *argv],
        cwd=CHECKOUT,
        env=clean_env() | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def works(unit: Path, house: House, **environment: str) -> None:
    """Have a unit's own line work until idle behind the unit's walls."""
    done = walled(unit, [*Unit(unit).argv(PROGRAM, house.root, "1"), "--once"], **environment)
    assert done.returncode == 0, done.stderr


ATTEMPTS = """
import mmap, os, socket
for what, attempt in {
    "internet": lambda: socket.socket(socket.AF_INET),
    "local": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
    "chroot": lambda: os.chroot("/"),
    "priority": lambda: os.nice(1),
    "written and run": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
}.items():
    try:
        attempt()
    except OSError:
        print(what)
"""


@needs("systemd-analyze")
@NEEDS_WALLS
@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("videogen-main.service", {"internet", "chroot", "priority", "written and run"}),
        ("videogen-crawl.service", {"chroot", "priority", "written and run"}),
        ("videogen-metrics.service", {"chroot", "priority", "written and run"}),
        ("videogen-node@.service", {"internet", "chroot"}),  # encoders set priorities, GPU drivers compile
    ],
)
def test_the_walls_stand(units: Path, name: str, refused: set[str]) -> None:
    """What a unit forbids is refused behind the walls that the next tests work behind, and no more than that."""
    done = walled(units / name, [sys.executable, "-c", ATTEMPTS])

    assert set(done.stdout.splitlines()) == refused


@needs("systemd-analyze")
@NEEDS_WALLS
@each_parent
def test_children_can_wall_themselves_in(units: Path, name: str) -> None:
    """What a unit lets pass is enough for a child to build all of its own walls (T24)."""
    script = "from videogen import cage; print(*cage.walls_that_hold())"

    done = walled(units / name, [sys.executable, "-c", script])

    assert [wall.partition("-")[0] for wall in done.stdout.split()] == ["no", "landlock", "seccomp"], done.stderr


@needs("systemd-analyze")
@NEEDS_WALLS
def test_video_is_made_behind_the_walls(units: Path, house: House) -> None:
    """Main and a node, each behind its unit's walls, make a whole video of a voice, music and a clip."""
    house.clip(seconds=1)
    house.music()
    frames = spoken_frames(house.voice(seconds=1))

    works(units / "videogen-main.service", house)
    works(units / "videogen-node@.service", house)

    assert frames_in(house.final()) == frames


@needs("systemd-analyze")
@NEEDS_WALLS
def test_page_is_read_behind_the_walls(units: Path, house: House) -> None:
    """Main and the crawler, each behind its unit's walls, turn a dropped link into a chunk of text."""
    with serving() as site:
        site.pages["/story"] = answer(HTML, "text/html")
        house.place("story/tales/fox/link/list.txt").write_text(site.url("/story"))

        works(units / "videogen-main.service", house)
        works(units / "videogen-crawl.service", house, VIDEOGEN_CRAWL__ALLOWED_HOSTS=f'["{site.host}"]')

    assert any(path.endswith("chunk_0001.txt") for path in house.files("scanned"))
