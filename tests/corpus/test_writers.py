"""A file that is still being brought is never promoted, and never refused for not being whole yet (P6, A20, P12)."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import footage
from tests.corpus.boxes import box
from tests.corpus.bringing import FLOOD, SHORT, brought, flooded
from tests.corpus.item import Stock
from tests.corpus.writers import QUIET_S, WRITERS
from tests.flow.house import House, soon


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A spool whose files settle soon."""
    house = House(tmp_path / "spool")
    settings = house.root / "videogen.toml"
    settings.write_text(settings.read_text().replace("quiet_s = 0.2", f"quiet_s = {QUIET_S}"))
    return house


@pytest.fixture
def main(house: House) -> Iterator[subprocess.Popen[bytes]]:
    """A main that goes on."""
    process = house.start("main")
    try:
        assert soon(lambda: '"Started"' in house.log())
        yield process
    finally:
        process.kill()
        process.wait()


def test_nothing_is_taken_before_its_writer_is_done(tmp_path: Path) -> None:
    """Whoever brings it, however slowly: what is in the library is byte for byte what was meant (P6).

    Most tries of each writer prove something: no busy machine stretched its pauses over the quiet time.
    """
    many = brought(tmp_path / "spool", SHORT, 1)

    assert many.troubles == []
    assert many.tries.keys() == WRITERS.keys()
    assert many.tries.total() == SHORT
    assert all(many.void[writer] <= many.tries[writer] // 2 for writer in WRITERS)


@pytest.mark.usefixtures("main")
@pytest.mark.parametrize("flags", ["", "+faststart", "+frag_keyframe+empty_moov"])
def test_film_that_is_still_encoded_waits(house: House, flags: str) -> None:
    """FFmpeg writing into raw/ in real time is waited for: the index last, moved to the front, or in pieces (P6)."""
    path = house.place("video/live/x.mp4")
    source = ["-re", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=3"]
    words = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "5",
        "-flush_packets",
        "1",
        *(["-movflags", flags] if flags else []),
    ]

    footage.make(*source, *words, path)

    assert soon(lambda: len(house.assets("video")) == 1)
    (asset,) = house.assets("video")
    assert asset["media"]["picture"]["frames"] == 30
    assert house.visible("trash/invalid") == []


@pytest.mark.usefixtures("main")
@pytest.mark.parametrize("is_front", [True, False])
def test_film_that_comes_in_two_visits_within_the_quiet_time(house: House, tmp_path: Path, is_front: bool) -> None:
    """A copier that closes the file halfway and comes back at once is not taken for done (P6)."""
    stock = Stock(tmp_path / "stock")
    content = (stock.front if is_front else stock.back) + box("free", b"visits")
    path = house.place("video/visits/x.mp4")
    half = len(content) // 2

    path.write_bytes(content[:half])
    time.sleep(QUIET_S / 4)
    with path.open("ab") as file:
        file.write(content[half:])
        file.flush()
        time.sleep(2 * QUIET_S)

    assert soon(lambda: len(house.assets("video")) == 1)
    assert (house.root / house.assets("video")[0]["path"]).read_bytes() == content
    assert house.visible("trash/invalid") == []


def test_drops_behind_a_flood_of_events_are_all_found(tmp_path: Path) -> None:
    """While main sleeps its queue of events overflows; once awake it finds every drop, and none twice (P12, A20)."""
    assert flooded(tmp_path / "spool", FLOOD) == []


def test_rsync_is_among_the_writers() -> None:
    """Real rsync is one of those who bring files, where this machine has it."""
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed")
    assert {"rsynced", "rsynced_inplace"} <= WRITERS.keys()
