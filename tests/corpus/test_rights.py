"""Files and folders that main may not read or change, and a filesystem within raw/ that is not ours (N31-N33, N37)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.boxes import box
from tests.corpus.item import Stock
from tests.flow.house import House, clean_env

UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner,-linux_immutable")
"""Root that must keep to modes as everyone does."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A spool whose folders can be opened again for who clears up."""
    house = House(tmp_path / "spool")
    yield house
    for folder, _, _ in os.walk(house.root):
        Path(folder).chmod(0o755)
        for inner in Path(folder).iterdir():
            if inner.is_dir():
                inner.chmod(0o755)


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    """A good film."""
    return Stock(tmp_path / "stock").back


def run_as_anyone(house: House) -> str:
    """Run main once without root's power over modes; give its log."""
    prefix = UNPRIVILEGED if os.geteuid() == 0 else ()
    done = subprocess.run(
        [*prefix, *house.argv("main", "--once")], capture_output=True, env=clean_env(), timeout=90, check=False
    )
    assert done.returncode in {0, 65, 75}, done.stderr[-2000:]
    return house.log()


def test_file_nobody_may_read_is_refused(house: House, film: bytes) -> None:
    """A file of mode 000 is refused as unreadable, with what to do; a readable one beside it is taken in (N31)."""
    house.place("video/a/closed.mp4").write_bytes(film)
    house.place("video/a/closed.mp4").chmod(0)
    house.place("video/a/open.mp4").write_bytes(film)

    run_as_anyone(house)

    assert house.reason("closed.mp4")["code"] == "unreadable"
    assert [asset["original_name"] for asset in house.assets("video")] == ["open.mp4"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to another")
def test_file_of_another_user_is_judged_by_its_rights(house: House, film: bytes) -> None:
    """Another's file is taken in where it may be read, and refused where it may not (N32)."""
    for name, mode in (("shared.mp4", 0o644), ("private.mp4", 0o600)):
        path = house.place(f"video/a/{name}")
        path.write_bytes(film + box("free", name.encode()))
        path.chmod(mode)
        os.chown(path, 65534, 65534)

    run_as_anyone(house)

    assert house.reason("private.mp4")["code"] == "unreadable"
    assert [asset["original_name"] for asset in house.assets("video")] == ["shared.mp4"]


def test_folder_nobody_may_read_is_named(house: House, film: bytes) -> None:
    """A folder main may not look into waits in raw/ and is named in the log; the rest goes on (N31)."""
    house.place("video/closed/x.mp4").write_bytes(film)
    house.place("video/open/x.mp4").write_bytes(film)
    (house.root / "raw/video/closed").chmod(0)

    log = run_as_anyone(house)

    assert "raw/video/closed" in log
    assert [asset["category"] for asset in house.assets("video")] == ["open"]


@pytest.mark.parametrize("content", ["good", "bad"])
def test_folder_nobody_may_change_holds_up_nobody(house: House, film: bytes, content: str) -> None:
    """What cannot be taken out of its folder stays there, whole and in one place, and the log says why (N33)."""
    path = house.place("video/fixed/x.mp4")
    path.write_bytes(film if content == "good" else b"")
    path.parent.chmod(0o555)
    house.place("video/open/y.mp4").write_bytes(film + box("free", b"y"))

    log = run_as_anyone(house)

    assert path.read_bytes() == (film if content == "good" else b"")
    assert "y.mp4" in {asset["original_name"] for asset in house.assets("video")}
    assert len(house.assets("video")) <= 2
    assert house.visible("trash/invalid") == []
    assert "x.mp4" in log
    assert "Traceback" not in log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a file immutable")
def test_immutable_file_stays_and_is_named(house: House) -> None:
    """A bad file that cannot be moved stays, and the log names it with a remedy (N33)."""
    path = house.place("video/a/x.mp4")
    path.write_bytes(b"")
    if subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
        pytest.skip("this filesystem keeps no immutable files")
    try:
        log = run_as_anyone(house)
    finally:
        subprocess.run(["chattr", "-i", path], check=True)

    assert path.exists()
    assert "x.mp4" in log
    assert house.visible("trash/invalid") == []


def test_filesystem_within_raw_stops_nobody(house: House, film: bytes) -> None:
    """Bad and good files on a stick mounted below raw/ neither stop main nor are lost, and the rest goes on (N37)."""
    if subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no mounts of one's own")
    stick = house.place("video/stick/x").parent
    house.place("video/open/y.mp4").write_bytes(film)
    saved = house.root.parent / "saved"
    saved.mkdir()
    (saved / "good.mp4").write_bytes(film + box("free", b"stick"))
    (saved / "bad.mp4").write_bytes(b"")

    script = 'mount -t tmpfs stick "$1" && cp "$2"/* "$1"/ && shift 2 && "$@"; status=$?; ls "$STICK"; exit $status'
    argv = ["unshare", "-Urm", "sh", "-c", script, "sh", stick, saved, *house.argv("main", "--once")]
    env = clean_env() | {"STICK": str(stick)}
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, env=env, timeout=90, check=False)

    left = {name for name in ("good.mp4", "bad.mp4") if name in done.stdout.split()}
    assert done.returncode in {0, 65}, done.stderr[-2000:]
    assert {asset["original_name"] for asset in house.assets("video")} | left >= {"good.mp4", "y.mp4"}
    assert set(house.visible("trash/invalid")) | left >= {"bad.mp4"}


def test_tools_are_there() -> None:
    """What takes root's powers away here is part of every Linux; without it these tests would say nothing."""
    assert os.geteuid() != 0 or shutil.which("setpriv")
