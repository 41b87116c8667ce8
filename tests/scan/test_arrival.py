"""Which files have arrived, by a clock that the test turns."""

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from tests import footage
from tests.clock import HandClock as Clock
from videogen.scan import arrival
from videogen.scan.arrival import Arrival, Arrivals, is_ignored
from videogen.scan.hints import Hints


class Watched:
    """A raw/ with files in it, and what is known of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = Clock()
        self.arrivals = Arrivals(root, 5.0, self.clock)

    def file(self, name: str, content: bytes = b"one") -> Path:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def look(self, after_s: float = 0.0) -> dict[str, bool]:
        """Look some time later; give whether each file has settled."""
        self.clock.now += after_s
        return {str(one.path.relative_to(self.root)): one.has_settled for one in self.arrivals.look()}


@pytest.fixture
def raw(tmp_path: Path) -> Watched:
    """A raw/ that is empty."""
    return Watched(tmp_path)


def test_a_file_settles_when_it_was_quiet(raw: Watched) -> None:
    """A file has arrived when it was the same for the whole quiet time, and not a moment earlier (A2)."""
    raw.file("video/sea/a.mp4")

    assert raw.look() == {"video/sea/a.mp4": False}
    assert raw.look(after_s=4.9) == {"video/sea/a.mp4": False}
    assert raw.look(after_s=0.1) == {"video/sea/a.mp4": True}


def test_without_a_quiet_time_a_file_is_there_at_once(tmp_path: Path) -> None:
    """With a quiet time of nought the first look is enough."""
    (tmp_path / "a.mp4").write_bytes(b"one")

    assert [one.has_settled for one in Arrivals(tmp_path, 0.0, Clock()).look()] == [True]


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _replace(path: Path) -> None:
    # Same size, same stamps, another file: a copier that renames into place.
    stamps = path.stat()
    other = path.with_name(".other")
    other.write_bytes(b"two")
    os.utime(other, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    other.rename(path)


def _backdate(path: Path) -> None:
    # rsync -t and cp -p set the time last; it may lie in the past, and in the future of a wrong clock.
    os.utime(path, (10**9, 10**9))


@pytest.mark.parametrize("change", [_grow, _replace, _backdate])
def test_a_change_starts_anew(raw: Watched, change: Callable[[Path], None]) -> None:
    """A file that grew, was replaced, or got another time stamp waits for the whole quiet time again."""
    path = raw.file("a.mp4")
    raw.look()
    raw.look(after_s=4)

    change(path)

    assert raw.look(after_s=4) == {"a.mp4": False}
    assert raw.look(after_s=4.9) == {"a.mp4": False}
    assert raw.look(after_s=0.1) == {"a.mp4": True}


def test_a_stamp_is_not_believed(raw: Watched) -> None:
    """A file that says it is ten years old has not arrived when it is first seen."""
    os.utime(raw.file("old.mp4"), (10**9, 10**9))

    assert raw.look() == {"old.mp4": False}


def test_a_file_that_went_and_came_starts_anew(raw: Watched) -> None:
    """A name that was away for a look is a new file when it is back."""
    path = raw.file("a.mp4")
    raw.look()
    kept = raw.root.parent / "kept"
    path.rename(kept)

    assert raw.look(after_s=5) == {}
    kept.rename(path)
    assert raw.look(after_s=5) == {"a.mp4": False}
    assert raw.look(after_s=5) == {"a.mp4": True}


def test_one_change_disturbs_no_other_file(raw: Watched) -> None:
    """While one file grows the others settle, and all are listed in order of path."""
    for name in ("b/2.mp4", "a.mp4", "b/1.mp4"):
        raw.file(name)
    raw.look()

    _grow(raw.root / "b" / "1.mp4")

    assert list(raw.look(after_s=5).items()) == [("a.mp4", True), ("b/1.mp4", False), ("b/2.mp4", True)]


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        (".DS_Store", True),
        (".a.mp4.x7Gh2k", True),  # rsync
        ("~$notes.txt", True),
        ("a.mp4.part", True),
        ("a.mp4.PARTIAL", True),
        ("a.tmp", True),
        ("a.mp4.crdownload", True),
        ("a.mp4.filepart", True),  # WinSCP
        ("a.mp4.download", True),
        ("@eaDir", True),
        ("Thumbs.db", True),
        ("desktop.ini", True),
        ("a.mp4", False),
        ("part.mp4", False),
        ("a.mp4~", False),  # left over and wrong: it is refused with a reason, not ignored for ever
        ("~a.mp4", False),
        ("notes.txt.bak", False),
    ],
)
def test_names_of_what_is_not_there_yet_are_ignored(raw: Watched, name: str, *, ignored: bool) -> None:
    """Unfinished copies and the litter of file managers are never listed; all else is, also in "Chapter.Part"/."""
    raw.file(name)
    raw.file(f"sub/{name}/inner.mp4")
    hides_a_folder = (ignored and "." not in name.lstrip(".@~$")) or name in {"Thumbs.db", "desktop.ini"}
    hides_a_folder = hides_a_folder or name.startswith((".", "~$"))

    assert is_ignored(name) is ignored
    assert is_ignored(name, is_folder=True) is hides_a_folder
    listed = ([] if ignored else [name]) + ([] if hides_a_folder else [f"sub/{name}/inner.mp4"])
    assert raw.look() == dict.fromkeys(listed, False)


def test_what_is_no_file_is_listed_and_not_followed(raw: Watched, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A symbolic link and a pipe are listed as they are, and what a link points at is not walked into (A19)."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.mp4").write_bytes(b"secret")
    (raw.root / "folder").symlink_to(outside)
    (raw.root / "file.mp4").symlink_to(outside / "secret.mp4")
    (raw.root / "nowhere.mp4").symlink_to(outside / "gone.mp4")
    (raw.root / "loop").symlink_to(raw.root)
    os.mkfifo(raw.root / "pipe.mp4")

    raw.look()

    names = ("file.mp4", "folder", "loop", "nowhere.mp4", "pipe.mp4")
    assert raw.look(after_s=5) == dict.fromkeys(names, True)


def test_a_name_of_odd_bytes_is_listed(raw: Watched) -> None:
    """A name that is not UTF-8 is seen like any other, so it can be refused with a reason."""
    path = os.fsencode(raw.root) + b"/caf\xe9.mp4"
    with open(path, "wb") as file:
        file.write(b"one")

    assert [os.fsencode(one.path) for one in raw.arrivals.look()] == [path]


def test_no_folder_is_no_file(tmp_path: Path) -> None:
    """A raw/ that is gone gives nothing to do, and empty folders are nothing."""
    (tmp_path / "raw" / "video" / "sea").mkdir(parents=True)

    assert Arrivals(tmp_path / "raw", 0.0).look() == []
    assert Arrivals(tmp_path / "gone", 0.0).look() == []


class Told(Watched):
    """A raw/ whose events come, when a test says so."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.hints = Hints(Event())
        self.deaf: set[Path] = set()
        self.arrivals = Arrivals(root, 5.0, self.clock, hints=self.hints, is_deaf=lambda path: path.parent in self.deaf)

    def arrival(self, after_s: float = 0.0) -> Arrival:
        """Look some time later at the only file."""
        self.clock.now += after_s
        (found,) = self.arrivals.look()
        return found


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A raw/ that is empty, with events."""
    return Told(tmp_path)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a whole film."""
    return footage.clip(tmp_path_factory.mktemp("film") / "a.mp4", seconds=1).read_bytes()


def test_a_whole_film_has_arrived_when_it_is_closed(told: Told, film: bytes) -> None:
    """A film that reaches to its last byte, and that nobody writes to, does not wait for quiet time (P6)."""
    path = told.file("a.mp4", film)
    with path.open("ab"):
        assert not told.arrival().has_settled
    assert not told.arrival().has_settled, "nothing changed, and nobody told of the close"

    told.hints.tell(path)

    found = told.arrival()
    assert (found.has_settled, found.is_early) == (True, True)
    assert told.arrival(after_s=1).has_settled


def test_a_whole_film_that_nobody_told_of_has_arrived(told: Told, film: bytes) -> None:
    """A folder may be filled before its events come: a film that is whole when it is first seen waits for nothing."""
    told.file("new/a.mp4", film)

    assert told.arrival().is_early


@pytest.mark.parametrize("cut", [1, 8, 500])
def test_a_film_that_lacks_bytes_waits(told: Told, film: bytes, cut: int) -> None:
    """A film whose last box is not there to its end, or not there at all, waits for quiet time (P6)."""
    path = told.file("a.mp4", film[:-cut])
    told.hints.tell(path)

    assert not told.arrival().has_settled


def test_a_film_with_a_writer_waits(told: Told, film: bytes) -> None:
    """A whole film that someone still has open for writing waits, whatever was closed (P6)."""
    path = told.file("a.mp4", film)
    with path.open("r+b"):
        told.hints.tell(path)
        assert not told.arrival().has_settled

    told.hints.tell(path)
    assert told.arrival().has_settled


def test_a_film_that_is_mapped_for_writing_waits(told: Told, film: bytes) -> None:
    """A mapping that outlived its descriptor is a writer too (P6)."""
    path = told.file("a.mp4", film)
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    told.hints.tell(path)
    assert not told.arrival().has_settled

    mapped.close()
    told.hints.tell(path)
    assert told.arrival().has_settled


def test_a_change_after_the_event_takes_it_back(told: Told, film: bytes) -> None:
    """What was proven of a film holds for its bytes as they were; another change starts anew (P6)."""
    path = told.file("a.mp4", film)
    told.hints.tell(path)
    assert told.arrival().has_settled

    with path.open("ab") as file:
        file.write(b"more")
        file.flush()
        assert not told.arrival().has_settled


def test_bad_news_of_an_early_film_waits_for_quiet(told: Told, film: bytes) -> None:
    """A film in doubt has not arrived before its quiet time is over, and then not early (P6)."""
    path = told.file("a.mp4", film)
    told.hints.tell(path)
    told.arrivals.doubt(told.arrival())

    assert not told.arrival(after_s=4).has_settled
    told.hints.tell(path)
    assert told.arrival().is_early  # it was written to once more, and closed
    told.arrivals.doubt(told.arrival())
    found = told.arrival(after_s=1)
    assert (found.has_settled, found.is_early) == (True, False)


def test_a_rename_into_place_is_an_arrival(told: Told) -> None:
    """Copiers rename when they are done: any kind of file has arrived then, unless someone writes to it (P6)."""
    path = told.file("a.mp3")
    told.hints.tell(path, "closed")
    assert not told.arrival().has_settled

    told.hints.tell(path, "moved")

    assert told.arrival().is_early


def test_where_no_events_come_quiet_is_longer(told: Told) -> None:
    """A file on a mount that is deaf waits three times as long: its writer sits behind a network (P6)."""
    told.file("nas/a.mp3")
    told.deaf.add(told.root / "nas")
    assert not told.arrival().has_settled

    assert not told.arrival(after_s=14.9).has_settled
    assert told.arrival(after_s=0.1).has_settled


def test_a_flood_holds_up_no_other_folder(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each folder some files are followed at a time, and the rest is counted; all have their turn (T10)."""
    monkeypatch.setattr(arrival, "FOLLOWED_OF_A_FOLDER", 10)
    for number in range(25):
        told.file(f"video/flood/{number}.mp4")
    told.file("video/sea/a.mp4")

    names = {one.path.parent.name: one.path for one in told.arrivals.look()}

    assert names["sea"].name == "a.mp4"
    assert told.arrivals.beyond == 15
    seen = set()
    for _ in range(3):
        for one in told.arrivals.look():
            seen.add(one.path)
            one.path.unlink()
    assert len(seen) == 26
    assert told.arrivals.beyond == 0


def test_what_cannot_be_moved_takes_no_place(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that can neither be taken nor moved is passed over until it changes, and others come forward."""
    monkeypatch.setattr(arrival, "FOLLOWED", 1)
    for name in ("a.mp3", "b.mp3"):
        told.file(name)
    first = told.arrival()
    told.arrivals.pass_over(first)

    second = told.arrival()

    assert second.path != first.path
    second.path.unlink()
    assert told.arrivals.look() == []
    _grow(first.path)
    assert told.arrival().path == first.path


def test_a_slow_walk_is_not_made_each_time(told: Told, film: bytes) -> None:
    """Where walking takes long, what is followed and what events name is looked at in between (T10)."""
    told.file("a.mp3")

    class Slow(Clock):
        def __call__(self) -> float:
            self.now += 1.0
            return self.now

    told.arrivals = Arrivals(told.root, 5.0, Slow(), hints=told.hints)
    assert len(told.arrivals.look()) == 1
    new, named = told.file("new.mp4", film), told.file("video/sea/named.mp4", film)
    hidden = told.file(".hidden/b.mp4", film)
    told.hints.tell(named)
    told.hints.tell(hidden)

    found = {one.path.name: one.has_settled for one in told.arrivals.look()}

    assert found == {"a.mp3": False, "named.mp4": True}
    for _ in range(8):
        found = {one.path.name: one.has_settled for one in told.arrivals.look()}
    assert new.name in found


def test_a_missing_raw_is_said(tmp_path: Path) -> None:
    """A raw/ that is not mounted is named with what to do, and is there again without a restart (A20)."""
    arrivals = Arrivals(tmp_path / "raw", 0.0)

    assert arrivals.look() == []
    assert "cannot be read" in arrivals.unreadable[tmp_path / "raw"]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.mp3").write_bytes(b"one")
    assert len(arrivals.look()) == 1
    assert not arrivals.unreadable
