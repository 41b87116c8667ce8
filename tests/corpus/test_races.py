"""Files that are swapped, taken back or dropped again while main looks at them, and rooms that go and come (P7, P8)."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.corpus.boxes import box
from tests.corpus.item import Stock
from tests.flow.house import House, soon

SWAPS_S = 4.0
ROUNDS = 12


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool, whose files settle at once."""
    house = House(tmp_path / "spool")
    settings = house.root / "videogen.toml"
    settings.write_text(settings.read_text().replace("quiet_s = 0.2", "quiet_s = 0.05"))
    return house


@pytest.fixture
def film(tmp_path: Path) -> Callable[[str], bytes]:
    """Films that differ by a word."""
    content = Stock(tmp_path / "stock").back
    return lambda word: content + box("free", word.encode())


@pytest.fixture
def main(house: House) -> Iterator[psutil.Process]:
    """A main that goes on."""
    process = house.start("main")
    try:
        assert soon(lambda: '"Started"' in house.log())
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def put(path: Path, content: bytes) -> None:
    """Drop a file whole, by a rename."""
    whole = path.with_name(f".{path.name}.whole")
    whole.write_bytes(content)
    whole.rename(path)


def is_in_work(house: House) -> bool:
    """Whether main holds a copy of something."""
    with suppress(FileNotFoundError):
        return bool(os.listdir(house.root / "scanned" / ".incoming"))
    return False


def shelved(house: House) -> set[str]:
    """Give the hashes of all films in the library, of their bytes."""
    films = (house.root / "scanned" / "video").rglob("*.mp4")
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in films}


def digest(content: bytes) -> str:
    """Give a content's hash."""
    return hashlib.sha256(content).hexdigest()


def is_alive(main: psutil.Process) -> bool:
    """Whether main still runs."""
    return main.is_running() and main.status() != psutil.STATUS_ZOMBIE


def test_swapped_link_is_never_followed(house: House, film: Callable[[str], bytes], tmp_path: Path) -> None:
    """A name that is a film at one look and a link at the next never brings in what the link names (N5, T5, T6)."""
    settings = house.root / "videogen.toml"
    settings.write_text(settings.read_text().replace("quiet_s = 0.05", "quiet_s = 0"))
    secret = film("secret")
    (tmp_path / "secret.mp4").write_bytes(secret)
    path = house.place("video/swaps/x.mp4")
    process = house.start("main")

    try:
        assert soon(lambda: '"Started"' in house.log())
        swaps = swapped(path, film("bait"), tmp_path / "secret.mp4")
    finally:
        process.kill()
        process.wait()

    assert swaps > 1000
    assert house.assets("video") or house.visible("trash/invalid")  # main did try
    assert digest(secret) not in shelved(house)


def swapped(path: Path, bait: bytes, target: Path) -> int:
    """Make a name a film, then a link, then a film, for a while; give how often."""
    other, until, swaps = path.with_name(".other"), time.monotonic() + SWAPS_S, 0
    while time.monotonic() < until:
        if swaps % 2:
            other.symlink_to(target)
        else:
            other.write_bytes(bait)
        other.rename(path)
        swaps += 1
        if swaps % 50 < 2:
            time.sleep(0.01)
    return swaps


def test_raw_that_went_and_came_is_watched_again(
    house: House, main: psutil.Process, film: Callable[[str], bytes]
) -> None:
    """After raw/ was deleted and made again, what is dropped there is found (N38, A20)."""
    put(house.place("video/a/before.mp4"), film("before"))
    assert soon(lambda: len(house.assets("video")) == 1)
    shutil.rmtree(house.root / "raw")
    time.sleep(1.5)

    put(house.place("video/a/after.mp4"), film("after"))

    assert soon(lambda: len(house.assets("video")) == 2)
    assert is_alive(main)


def test_same_name_dropped_again_meanwhile(house: House, main: psutil.Process, film: Callable[[str], bytes]) -> None:
    """A film put in the place of one that is being looked at is taken in as well: both are in the library (N40)."""
    path = house.place("video/again/x.mp4")
    wanted = set()
    for turn in range(ROUNDS // 2):
        for word in (f"first {turn}", f"second {turn}"):
            put(path, film(word))
            wanted.add(digest(film(word)))
            assert soon(lambda: is_in_work(house) or not path.exists())
        assert soon(lambda: not path.exists() and not is_in_work(house))

    assert soon(lambda: shelved(house) == wanted)
    assert house.visible("trash/invalid") == []
    assert is_alive(main)


def test_film_taken_back_meanwhile(house: House, main: psutil.Process, film: Callable[[str], bytes]) -> None:
    """A film that is deleted while it is looked at troubles nobody: it is whole in the library or nowhere (N41)."""
    path = house.place("video/back/x.mp4")
    wanted = set()
    for turn in range(ROUNDS):
        put(path, film(f"{turn}"))
        wanted.add(digest(film(f"{turn}")))
        assert soon(lambda: is_in_work(house) or not path.exists())
        time.sleep(0.02 * (turn % 6))
        path.unlink(missing_ok=True)
        assert soon(lambda: not is_in_work(house))

    assert shelved(house) <= wanted
    assert house.visible("trash/invalid") == []
    assert "Traceback" not in house.log()
    assert is_alive(main)


def test_film_written_on_by_who_kept_it_open(house: House, main: psutil.Process, film: Callable[[str], bytes]) -> None:
    """What a kept descriptor writes after the drop is in the library with it, or not at all: never half (N7, P7)."""
    path = house.place("video/kept/x.mp4")
    allowed = set()
    for turn in range(ROUNDS // 4):
        before = film(f"{turn}")
        after = before[:2000] + b"\xff" * 500 + before[2500:]
        allowed |= {digest(before), digest(after)}
        path.write_bytes(before)
        with path.open("r+b", buffering=0) as held:
            held.seek(2000)
            time.sleep(0.5)
            held.write(b"\xff" * 250)
            time.sleep(0.5)
            held.write(b"\xff" * 250)
        assert soon(lambda: not path.exists())

    assert shelved(house) <= allowed
    assert all(digest((house.root / one["path"]).read_bytes()) == one["sha256"] for one in house.assets("video"))
    assert len(house.assets("video")) + len(house.visible("trash/invalid")) // 2 >= ROUNDS // 4
    assert is_alive(main)
