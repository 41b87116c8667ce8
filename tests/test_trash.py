"""trash/invalid: every refused file keeps its bytes, gets a name of its own and has its reason beside it."""

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from videogen import __version__
from videogen.errors import Defect, MediaError, MissingInput
from videogen.model.task import Reason
from videogen.trash import HASH_BYTES, NOTE, Trash

FORK = get_context("fork")
BROKEN = MediaError(
    "the clip is broken", remedy="Export it again.", code="decode-error", frame=7, ratio=0.5, at=Path("x")
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with the two rooms a refused file goes between."""
    (tmp_path / "raw" / "video").mkdir(parents=True)
    (tmp_path / "trash" / "invalid").mkdir(parents=True)
    return tmp_path


def drop(root: Path, name: str, content: str = "content", *, below: str = "raw/video") -> Path:
    """Put a file where an operator would."""
    path = root / below / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def held(root: Path) -> list[str]:
    """List trash/invalid, dot names and all."""
    return sorted(os.listdir(root / "trash" / "invalid"))


def without_note(root: Path) -> list[str]:
    """List what lies in trash/invalid without its reason; a reason needs none."""
    names = held(root)
    return [name for name in names if not name.endswith(NOTE) and name + NOTE not in names]


def test_reason_says_why_and_what_to_do(root: Path) -> None:
    """The note beside a refused file has its code, words, place and facts, and reads back (A10, A19)."""
    path = drop(root, "clip.mp4", below="raw/video/nature")

    target = Trash(root).refuse(path, BROKEN, stage="scan")

    assert target == root / "trash" / "invalid" / "clip.mp4"
    reason = Reason.model_validate_json(target.with_name("clip.mp4.reason.json").read_bytes())
    assert reason.at.endswith("Z")
    assert reason.model_dump(exclude={"at"}) == {
        "version": 1,
        "code": "decode-error",
        "message": "the clip is broken",
        "remedy": "Export it again.",
        "stage": "scan",
        "path": "raw/video/nature/clip.mp4",
        "original_name": "clip.mp4",
        "sha256": hashlib.sha256(b"content").hexdigest(),
        "size_bytes": 7,
        "videogen": __version__,
        "facts": {"frame": 7, "ratio": 0.5, "at": "x"},
    }


def noted(target: Path) -> Reason:
    """Read the reason beside a refused file."""
    return Reason.model_validate_json(target.with_name(target.name + NOTE).read_bytes())


def test_a_large_file_is_not_read_for_its_reason(root: Path) -> None:
    """A file over the limit is refused at once with its size, and with a hash only where its reader tells it (P8)."""
    trash, hashes = Trash(root), []

    for told in ("", "a" * 64):
        path = drop(root, "huge.mp4")
        os.truncate(path, HASH_BYTES + 1)
        hashes.append(trash.refuse(path, BROKEN, sha256=told))

    assert [(noted(one).size_bytes, noted(one).sha256) for one in hashes] == [
        (HASH_BYTES + 1, ""),
        (HASH_BYTES + 1, "a" * 64),
    ]


def test_a_note_of_an_earlier_version_is_read(root: Path) -> None:
    """A reason that was written before it had a version, a hash and a size is still one (P25)."""
    old = {"code": "empty", "message": "m", "remedy": "r", "stage": "scan", "path": "raw/x", "at": "then", "facts": {}}

    reason = Reason.model_validate_json(json.dumps(old))

    assert (reason.version, reason.sha256, reason.size_bytes, reason.videogen) == (1, "", None, "")


@pytest.mark.parametrize(
    ("name", "second", "third"),
    [
        ("clip.mp4", "clip~2.mp4", "clip~3.mp4"),
        ("clip", "clip~2", "clip~3"),
        ("archive.tar.gz", "archive.tar~2.gz", "archive.tar~3.gz"),
        (".hidden", ".hidden~2", ".hidden~3"),
        ("-rf", "-rf~2", "-rf~3"),
        ("ends.", "ends~2.", "ends~3."),
        ("clip~2.mp4", "clip~2~2.mp4", "clip~2~3.mp4"),
    ],
)
def test_taken_names_are_counted_up(root: Path, name: str, second: str, third: str) -> None:
    """Files of one name lie side by side in the order they came, each with its own reason; none is overwritten."""
    trash, targets = Trash(root), []

    for content in ("first", "second", "third"):
        error = Defect(content, remedy="None.")
        targets.append(trash.refuse(drop(root, name, content), error))

    assert [target.name for target in targets] == [name, second, third]
    assert [target.read_text() for target in targets] == ["first", "second", "third"]
    notes = [json.loads(target.with_name(target.name + NOTE).read_text()) for target in targets]
    assert [note["message"] for note in notes] == ["first", "second", "third"]
    assert len(held(root)) == 6


ODD_NAMES = {
    "newline": b"two\nlines.mp4",
    "quotes": b'it\'s "so" `odd`.mp4',
    "emoji": "🎬 čtyři.mp4".encode(),
    "not UTF-8": b"caf\xe9.mp4",
    "leading dash": b"-y",
    "no extension": b"clip",
    "only an extension": b".mp4",
    "backslash and percent": b"a\\x41%03d.mp4",
    "200 bytes": b"x" * 196 + b".mp4",
    "201 bytes": b"x" * 197 + b".mp4",
    "244 bytes": b"x" * 240 + b".mp4",
    "255 bytes": b"x" * 251 + b".mp4",
    "255 bytes of emoji": "🎬".encode() * 62 + b".mp4",
    "255 bytes, no extension": b"x" * 255,
    "255 bytes, all extension": b"a." + b"x" * 253,
    "255 bytes, all emoji extension": b"a." + "🎬".encode() * 63,
    "255 bytes, not UTF-8": b"\xe9" * 251 + b".mp4",
}


@pytest.mark.parametrize("case", ODD_NAMES)
def test_odd_names_are_refused_like_any(root: Path, case: str) -> None:
    """Whatever a file is called, its bytes and a note that can be read land in trash/invalid, twice over (A10, P8)."""
    name, trash = os.fsdecode(ODD_NAMES[case]), Trash(root)

    first, second = (trash.refuse(drop(root, name, word), BROKEN) for word in ("one", "two"))

    assert (first.read_text(), second.read_text()) == ("one", "two")
    readable = ODD_NAMES[case].decode("utf-8", "backslashreplace")
    for target in (first, second):
        note = json.loads(target.with_name(target.name + NOTE).read_bytes().decode("utf-8"))
        assert (note["original_name"], note["path"]) == (readable, f"raw/video/{readable}")
    assert len(held(root)) == 4
    assert os.listdir(root / "raw" / "video") == []


def test_short_names_are_kept_and_long_ones_keep_their_extension(root: Path) -> None:
    """A name is changed only where its note would not fit beside it."""
    names = [os.fsdecode(ODD_NAMES[case]) for case in ("200 bytes", "255 bytes", "newline")]

    kept = [Trash(root).refuse(drop(root, name), BROKEN).name for name in names]

    assert kept[0] == names[0]
    assert kept[1] != names[1]
    assert kept[1].endswith(".mp4")
    assert kept[2] == names[2]


NO_FILES: dict[str, Callable[[Path], object]] = {
    "folder": lambda path: (path / "inner").mkdir(parents=True),
    "FIFO": os.mkfifo,
    "link": lambda path: path.symlink_to("/etc/hostname"),
    "dangling link": lambda path: path.symlink_to("nothing"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_is_moved_as_it_is(root: Path, kind: str) -> None:
    """A folder, a pipe or a link goes to trash/invalid itself, is not followed, and replaces nothing (A10)."""
    trash, source = Trash(root), root / "raw" / "video" / "odd"

    kept = []
    for _ in range(2):
        NO_FILES[kind](source)
        inode = os.lstat(source).st_ino
        target = trash.refuse(source, BROKEN)
        kept.append(target.name)
        assert os.lstat(target).st_ino == inode
        assert (noted(target).size_bytes, noted(target).sha256) == (None, "")

    assert kept == ["odd", "odd~2"]
    assert held(root) == ["odd", "odd.reason.json", "odd~2", "odd~2.reason.json"]


@pytest.mark.parametrize("names", [("a.mp4", "a.mp4.reason.json"), ("a.mp4.reason.json", "a.mp4")])
def test_a_file_named_like_a_note_is_no_note(root: Path, names: tuple[str, str]) -> None:
    """A dropped file that has the name of another's note neither replaces that note nor passes for it."""
    for name in names:
        Trash(root).refuse(drop(root, name, f"content of {name}"), BROKEN)

    notes = [name for name in held(root) if (root / "trash/invalid" / name).read_text().startswith("{")]
    files = [name for name in held(root) if name not in notes]
    assert sorted(notes) == sorted(name + NOTE for name in files)
    assert len(files) == 2


def test_what_is_gone_leaves_no_file_without_note(root: Path) -> None:
    """A file that its owner took back meanwhile is not refused, and the next one of its name is, with its own note."""
    trash = Trash(root)

    with pytest.raises(FileNotFoundError):
        trash.refuse(root / "raw" / "video" / "gone.mp4", BROKEN)
    target = trash.refuse(drop(root, "gone.mp4", "back"), MediaError("later", remedy="None."))

    assert json.loads(target.with_name(target.name + NOTE).read_text())["message"] == "later"
    assert without_note(root) == []


def test_two_refusers_never_lose_a_note(root: Path) -> None:
    """main and crawl refusing files of the same names at once leave each file with its own reason (A19, P25)."""
    for refuser in range(4):
        for number in range(60):
            drop(root, f"{number}.txt", f"{refuser}-{number}", below=f"raw/{refuser}")

    with ProcessPoolExecutor(4, mp_context=FORK) as pool:
        list(pool.map(partial(refuse_all, root), range(4)))

    assert without_note(root) == []
    files = [root / "trash/invalid" / name for name in held(root) if not name.endswith(NOTE)]
    assert len(files) == 240
    wrong = {f.name for f in files if json.loads(f.with_name(f.name + NOTE).read_text())["message"] != f.read_text()}
    assert wrong == set()


def refuse_all(root: Path, refuser: int) -> None:
    """Refuse one's files, each for its own content as the reason."""
    for number in range(60):
        Trash(root).refuse(root / f"raw/{refuser}/{number}.txt", Defect(f"{refuser}-{number}", remedy="None."))


# -- back to raw/ ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["clip.mp4", "clip~2.mp4", "no extension", "~2", "é 🌞.mp4", os.fsdecode(b"b\xff.mp4")]
)
def test_restored_file_has_its_name_and_place_again(root: Path, name: str) -> None:
    """However it was numbered in trash/invalid, it lies where it was dropped, byte for byte, and its reason is gone."""
    trash = Trash(root)
    first, second = (trash.refuse(drop(root, name, word, below="raw/video/sea"), BROKEN).name for word in ("1", "2"))
    assert first != second

    restored = trash.restore(second)

    assert restored == root / "raw/video/sea" / name
    assert restored.read_text() == "2"
    assert second not in held(root)
    assert without_note(root) == []
    with pytest.raises(MissingInput, match="is taken"):
        trash.restore(first)
    assert first in held(root)


@pytest.mark.parametrize("path", ["raw/../../etc/x", "/etc/x", "scanned/video/x", "raw/a/.b/x", "", "x", "raw/link/x"])
def test_restore_goes_nowhere_but_to_raw(root: Path, path: str) -> None:
    """A reason that names another place, or one behind a link, brings nothing there (P8)."""
    (root / "elsewhere").mkdir()
    (root / "raw" / "link").symlink_to(root / "elsewhere")
    target = Trash(root).refuse(drop(root, "x"), BROKEN)
    note = target.with_name(target.name + NOTE)
    note.write_text(Reason.model_validate_json(note.read_bytes()).model_copy(update={"path": path}).to_json())

    with pytest.raises(MissingInput, match="no place to bring it back to"):
        Trash(root).restore("x")

    assert target.read_text() == "content"
    assert os.listdir(root / "elsewhere") == []


def test_links_that_the_crawler_refused_go_back_to_raw(root: Path) -> None:
    """What main had taken in and the crawler refused is dropped again where its kind is dropped (A4)."""
    path = drop(root, "list.txt", below="scanned/story/a/day/link")
    Trash(root).refuse(path, BROKEN, stage="crawl")

    assert Trash(root).restore("list.txt") == root / "raw/story/a/day/link/list.txt"


@pytest.mark.parametrize("name", ["../raw", ".tmp-1", "", "nothing", "x.mp4"])
def test_restore_of_what_is_not_there_says_so(root: Path, name: str) -> None:
    """A name that is none, or has no reason beside it, is refused in a sentence."""
    (root / "trash/invalid/x.mp4").write_text("loose")

    with pytest.raises(MissingInput):
        Trash(root).restore(name)

    assert held(root) == ["x.mp4"]
