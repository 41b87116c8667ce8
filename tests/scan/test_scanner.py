"""One pass after another over a real raw/: who is taken when, and what stays. The intake is the real one."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from tests import footage
from videogen.catalog import Catalog
from videogen.ffmpeg import FFmpeg
from videogen.probe import Prober
from videogen.scan import Arrivals, Hints, Intake, Journal, LoudnessRule, Pass, Scanner
from videogen.spool import Spool

QUIET_S = 2.0


class Yard:
    """A spool whose raw/ is scanned by two hands, and the events of raw/ as a test tells them."""

    def __init__(self, root: Path, ffmpeg: FFmpeg, quiet_s: float = QUIET_S) -> None:
        Spool(root).lay_out()
        self.root = root
        self.stop = Event()
        self.hints = Hints(Event())
        self.catalog = Catalog(root)
        intake = Intake(root, self.catalog, Prober(stop=self.stop), ffmpeg, LoudnessRule())
        arrivals = Arrivals(root / "raw", quiet_s, hints=self.hints)
        self.scanner = Scanner(
            root / "raw", arrivals, intake, self.stop, journal=Journal(root), wake=self.hints.wake, hands=2
        )
        self.passes: list[Pass] = []

    def drop(self, place: str, content: bytes) -> Path:
        """Write a file at its place; nobody is told."""
        path = self.root / "raw" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def until(self, done: Callable[[], object], within_s: float = 30.0) -> float:
        """Scan until something is so; give the seconds it took."""
        began = time.monotonic()
        while not done():
            assert time.monotonic() - began < within_s, self.passes[-1]
            self.passes.append(self.scanner.scan_once())
            self.hints.wake.wait(0.02)
            self.hints.wake.clear()
        return time.monotonic() - began

    @property
    def decided(self) -> list[str]:
        """The names of what was decided, in order."""
        return [Path(verdict.path).name for one in self.passes for verdict in one.decided]


@pytest.fixture
def yard(tmp_path: Path, ffmpeg: FFmpeg) -> Iterator[Yard]:
    """An empty spool."""
    made = Yard(tmp_path / "spool", ffmpeg)
    yield made
    made.stop.set()
    made.scanner.close()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The bytes of a few films, each another one."""
    folder = tmp_path_factory.mktemp("films")
    return [footage.clip(folder / f"{size}.mp4", size=(size, 64), seconds=1).read_bytes() for size in range(64, 80, 2)]


def test_a_closed_film_is_in_the_library_before_its_quiet_time(yard: Yard, films: list[bytes]) -> None:
    """A film whose close was told is taken at once; a sound of which nobody knows the end waits (P6)."""
    film = yard.drop("video/sea/a.mp4", films[0])
    yard.drop("story/sea/one/link/a.txt", b"https://example.org/\n")
    yard.hints.tell(film)

    took_s = yard.until(lambda: "a.mp4" in yard.decided)

    assert took_s < QUIET_S
    assert "a.txt" not in yard.decided
    yard.until(lambda: "a.txt" in yard.decided)


def test_a_bad_film_is_not_refused_before_its_quiet_time(yard: Yard, films: list[bytes]) -> None:
    """A film with a hole may still be filled by a writer that comes again: it is refused when it was quiet (P6)."""
    whole = films[0]
    half = len(whole) // 2
    film = yard.drop("video/sea/a.mp4", whole[:half] + bytes(len(whole) - half))
    yard.hints.tell(film)
    began = time.monotonic()
    yard.until(lambda: any(one.in_work for one in yard.passes))
    yard.until(lambda: not yard.passes[-1].in_work)
    assert not yard.decided

    with film.open("r+b") as file:
        file.seek(half)
        file.write(whole[half:])
    yard.hints.tell(film)
    yard.until(lambda: yard.decided)

    assert time.monotonic() - began < 3 * QUIET_S
    assert [asset.original_name for asset in yard.catalog.of_kind("video")] == ["a.mp4"]
    broken = yard.drop("video/sea/b.mp4", films[1][:half] + bytes(len(films[1]) - half))
    yard.hints.tell(broken)
    assert yard.until(lambda: "b.mp4" in yard.decided) >= QUIET_S
    assert yard.passes[-1].decided[0].error is not None


def test_several_files_are_in_work_at_once(yard: Yard, films: list[bytes]) -> None:
    """As many files are looked into side by side as there are hands, others wait right behind them; all are taken."""
    for number, film in enumerate(films):
        yard.hints.tell(yard.drop(f"video/sea/{number}.mp4", film))

    yard.until(lambda: len(yard.decided) == len(films))

    assert max(one.in_work for one in yard.passes) > 2
    assert yard.catalog.counts()["video"] == len(films)


def test_the_same_content_twice_at_once_is_one_asset(yard: Yard, films: list[bytes]) -> None:
    """Two copies of one film that are looked into side by side become one asset and one duplicate."""
    for name in ("a", "b"):
        yard.hints.tell(yard.drop(f"video/sea/{name}.mp4", films[0]))

    yard.until(lambda: len(yard.decided) == 2, within_s=30)

    errors = [verdict.error.word for one in yard.passes for verdict in one.decided if verdict.error]
    assert errors == ["duplicate"]
    assert yard.catalog.counts()["video"] == 1
    assert len(list((yard.root / "scanned").rglob("*.mp4"))) == 1


def test_no_folder_waits_for_the_end_of_another(yard: Yard) -> None:
    """Of many files in one folder and one in another, the one is among the first to be decided (T10)."""
    for number in range(30):
        yard.drop(f"story/a/flood/link/{number:02}.txt", f"https://example.org/{number}\n".encode())
    yard.drop("story/z/single/link/alone.txt", b"https://example.org/alone\n")

    yard.until(lambda: len(yard.decided) == 31)

    assert yard.decided.index("alone.txt") < 6


def test_nothing_is_given_out_while_it_is_held(yard: Yard, films: list[bytes]) -> None:
    """Before settings are read again what is in work ends, and nothing new begins."""
    yard.scanner.is_held = True
    yard.hints.tell(yard.drop("video/sea/a.mp4", films[0]))
    for _ in range(10):
        assert not yard.scanner.scan_once().in_work

    yard.scanner.is_held = False
    yard.until(lambda: yard.decided == ["a.mp4"])


def test_a_stop_leaves_the_file_and_ends_soon(tmp_path: Path, ffmpeg: FFmpeg) -> None:
    """Told to stop in the middle of a long look, the hands let go in time and the file lies in raw/ as before."""
    yard = Yard(tmp_path / "spool", ffmpeg, quiet_s=0.0)
    long = footage.clip(tmp_path / "long.mp4", size=(1280, 720), rate=50, seconds=30, sound=False)
    dropped = yard.drop("video/sea/long.mp4", long.read_bytes())
    incoming = yard.root / "scanned" / ".incoming"
    yard.until(lambda: incoming.is_dir() and list(incoming.iterdir()))
    time.sleep(0.3)

    yard.stop.set()
    began = time.monotonic()
    yard.scanner.close()

    assert time.monotonic() - began < 5
    assert dropped.exists()
    assert not list(incoming.iterdir())


def test_a_disk_that_cannot_be_written_puts_a_file_off(yard: Yard, films: list[bytes]) -> None:
    """A library that cannot be written is no fault of the file's: it stays, named with the reason (P9)."""
    (yard.root / "scanned" / "video" / "sea").write_bytes(b"in the way")
    film = yard.drop("video/sea/a.mp4", films[0])
    yard.hints.tell(film)

    yard.until(lambda: any(one.put_off for one in yard.passes))

    assert film.exists()
    assert not yard.decided
