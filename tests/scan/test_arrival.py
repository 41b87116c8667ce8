"""Which files have arrived, by a clock that the test turns."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from videogen.scan.arrival import Arrivals, is_ignored


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


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
