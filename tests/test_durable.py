"""The promises of the disk, asked of real files, real full disks and real second filesystems."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from videogen import durable
from videogen.errors import MissingInput, RoomsApart

FORK = get_context("fork")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another filesystem than the test's own."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second filesystem: /dev/shm is missing, or the tests lie on it")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def names(folder: Path) -> list[str]:
    """List a folder, dot names and all."""
    return sorted(os.listdir(folder))


def open_descriptors() -> int:
    """Count what this process holds open."""
    return len(os.listdir("/dev/fd"))


# -- write -----------------------------------------------------------------------------------------------------------


def test_write_replaces_the_whole(tmp_path: Path) -> None:
    """A shorter content leaves nothing of the longer one before it, and no other name."""
    path = tmp_path / "paper"
    durable.write(path, b"a long content")

    durable.write(path, "short é caf\udce9")

    assert path.read_bytes() == b"short \xc3\xa9 caf\xe9"
    assert names(tmp_path) == ["paper"]


def test_write_is_never_seen_half_done(tmp_path: Path) -> None:
    """A reader that looks all the time sees the old content or the new one, whole, and never none."""
    path, contents = tmp_path / "paper", [b"a" * 300_000, b"b" * 300_000]
    durable.write(path, contents[0])

    with ProcessPoolExecutor(1, mp_context=FORK) as pool:
        writing = pool.submit(write_in_turn, path, contents, 60)
        seen = [path.read_bytes()]
        while not writing.done():
            seen.append(path.read_bytes())
        writing.result()

    assert set(seen) <= set(contents)
    assert len(seen) > 5


def write_in_turn(path: Path, contents: list[bytes], times: int) -> None:
    """Write each content in turn."""
    for number in range(times):
        durable.write(path, contents[number % len(contents)])


def test_a_write_that_cannot_be_named_leaves_nothing(tmp_path: Path) -> None:
    """Where a folder has the name, the write fails, the folder stays as it is, and no temporary file is left."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "kept").touch()

    with pytest.raises(OSError, match="taken"):
        durable.write(tmp_path / "taken", b"content")

    assert names(tmp_path) == ["taken"]
    assert names(tmp_path / "taken") == ["kept"]


FULL = """\
import os, sys
from pathlib import Path
from videogen import durable
from videogen.errors import NoSpace

folder, big = Path(sys.argv[1]), Path(sys.argv[2])
(folder / "kept").write_bytes(b"before")
try:
    ACTION
    print("no error")
except NoSpace as error:
    print(error.word)
print(sorted(os.listdir(folder)), (folder / "kept").read_text())
"""
WRITE = 'durable.write(folder / "kept", big.read_bytes())'
COPY = 'durable.copy(big, folder / "copied")'
MAKE = 'durable.make_folder(folder / "made" / "inner")'
LIMITED = ["prlimit", "--fsize=65536", "--"]


def mounted(options: str) -> list[str]:
    """Give the words that run a command with a small filesystem of its own over the folder it is given."""
    # $4 is the folder: the words after the script are python, -c, the program, the folder, the big file.
    return ["unshare", "-rm", "sh", "-c", f'mount -t tmpfs -o {options} full "$4" && exec "$@"', "sh"]


@pytest.mark.parametrize(
    ("around", "action"),
    [
        (LIMITED, WRITE),
        (LIMITED, COPY),
        (mounted("size=64k"), WRITE),
        (mounted("size=64k"), COPY),
        (mounted("nr_inodes=2"), WRITE),
        (mounted("nr_inodes=2"), COPY),
        (mounted("nr_inodes=2"), MAKE),
    ],
    ids=["limit-write", "limit-copy", "full-write", "full-copy", "inodes-write", "inodes-copy", "inodes-folder"],
)
def test_a_full_disk_is_named_and_leaves_no_trace(tmp_path: Path, around: list[str], action: str) -> None:
    """Out of bytes or of inodes, the error is NoSpace, what was there stays, and nothing half written is left."""
    folder, big = tmp_path / "folder", tmp_path / "big"
    folder.mkdir()
    big.write_bytes(b"x" * (1 << 20))
    if not can_run([*around, sys.executable, "-c", "", str(folder)]):
        pytest.skip(f"{around[0]} cannot be used here")

    argv = [*around, sys.executable, "-c", FULL.replace("ACTION", action), str(folder), str(big)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)

    assert done.stdout.splitlines() == ["no-space", "['kept'] before"], done.stderr


def can_run(argv: list[str]) -> bool:
    """Tell whether a command runs here at all."""
    if shutil.which(argv[0]) is None:
        return False
    return subprocess.run(argv, capture_output=True, timeout=30, check=False).returncode == 0


# -- folders ---------------------------------------------------------------------------------------------------------


def test_make_folder_leaves_what_is_there(tmp_path: Path) -> None:
    """Parents are made, and a folder that holds something keeps it."""
    durable.make_folder(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "kept").touch()

    durable.make_folder(tmp_path / "a" / "b")

    assert names(tmp_path / "a" / "b") == ["kept"]


def test_remove_tree_takes_everything_but_what_links_point_at(tmp_path: Path) -> None:
    """A tree goes with all it holds; what its links name stays, and a tree that is gone already is fine."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "file").touch()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "outside")

    durable.remove_tree(tmp_path / "tree")
    durable.remove_tree(tmp_path / "tree")

    assert names(tmp_path) == ["outside"]
    assert names(tmp_path / "outside") == ["kept"]


def test_remove_tree_is_never_seen_half_done(tmp_path: Path) -> None:
    """While a big tree goes, its name stands for all of it or for nothing."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(2000):
        (tree / str(number)).touch()

    with ProcessPoolExecutor(1, mp_context=FORK) as pool:
        removing = pool.submit(durable.remove_tree, tree)
        seen = set()
        while not removing.done():
            seen.add(held_in(tree))
        removing.result()

    assert seen <= {2000, None}
    assert names(tmp_path) == []


def held_in(folder: Path) -> int | None:
    """Count the names in a folder; None where it is gone, and gone for good."""
    try:
        count = len(os.listdir(folder))
    except FileNotFoundError:
        return None
    # The folder may have got its dot name while it was being listed: only a name that still stands counts.
    return count if folder.exists() else None


def test_remove_is_content_with_nothing(tmp_path: Path) -> None:
    """A file goes; a file that is gone, or whose folder is gone, is no error."""
    (tmp_path / "file").touch()

    for path in (tmp_path / "file", tmp_path / "file", tmp_path / "no" / "folder"):
        durable.remove(path)

    assert names(tmp_path) == []


# -- move ------------------------------------------------------------------------------------------------------------


def test_move_between_filesystems_is_refused(tmp_path: Path, elsewhere: Path) -> None:
    """A move that would be a copy is RoomsApart, for a file and for a folder, and the source stays whole."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"content")

    for name, move in (("file", durable.move), ("folder", durable.move), ("file", durable.move_new)):
        with pytest.raises(RoomsApart, match="not on one filesystem"):
            move(tmp_path / name, elsewhere / name)

    assert names(tmp_path) == ["file", "folder"]
    assert names(elsewhere) == []


def test_move_never_puts_a_folder_over_a_full_one(tmp_path: Path) -> None:
    """A folder that holds something keeps its name and content, and the one that came late stays where it was."""
    for name in ("first", "late"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()

    with pytest.raises(OSError, match="late"):
        durable.move(tmp_path / "late", tmp_path / "first")

    assert names(tmp_path / "first") == ["first"]
    assert names(tmp_path / "late") == ["late"]


def test_move_of_what_is_gone_says_so(tmp_path: Path) -> None:
    """The loser of a race learns it by FileNotFoundError, which the spool reads."""
    with pytest.raises(FileNotFoundError):
        durable.move(tmp_path / "gone", tmp_path / "target")


KINDS: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.write_bytes(path.name.encode()),
    "folder": Path.mkdir,
    "dangling link": lambda path: path.symlink_to(f"nothing-{path.name}"),
    "FIFO": os.mkfifo,
}


@pytest.mark.parametrize("taken", KINDS)
@pytest.mark.parametrize("moved", KINDS)
def test_move_new_never_replaces(tmp_path: Path, moved: str, taken: str) -> None:
    """Whatever has the name keeps it, and what should have got it stays where it was."""
    KINDS[moved](tmp_path / "source")
    KINDS[taken](tmp_path / "target")
    before = {name: os.lstat(tmp_path / name).st_ino for name in names(tmp_path)}

    was_moved = durable.move_new(tmp_path / "source", tmp_path / "target")

    assert not was_moved
    assert {name: os.lstat(tmp_path / name).st_ino for name in names(tmp_path)} == before


@pytest.mark.parametrize("moved", KINDS)
def test_move_new_gives_a_free_name(tmp_path: Path, moved: str) -> None:
    """Where the name is free the very thing gets it, and its old name is gone."""
    KINDS[moved](tmp_path / "source")
    inode = os.lstat(tmp_path / "source").st_ino

    was_moved = durable.move_new(tmp_path / "source", tmp_path / "target")

    assert was_moved
    assert names(tmp_path) == ["target"]
    assert os.lstat(tmp_path / "target").st_ino == inode


def test_move_new_has_one_winner(tmp_path: Path) -> None:
    """Of four processes that want the same names for their own files, exactly one gets each, and no file is lost."""
    for mover in range(4):
        for number in range(50):
            (tmp_path / f"{mover}-{number}").write_text(f"{mover}-{number}")

    with ProcessPoolExecutor(4, mp_context=FORK) as pool:
        won = [one for wins in pool.map(partial(move_all, tmp_path), range(4)) for one in wins]

    assert sorted(name.partition("-")[2] for name in won) == sorted(str(number) for number in range(50))
    assert {(tmp_path / f"won-{name.partition('-')[2]}").read_text() for name in won} == set(won)
    assert len(names(tmp_path)) == 200


def move_all(folder: Path, mover: int) -> list[str]:
    """Try to give each of one's files a name the others want too; give those that got it."""
    tried = [f"{mover}-{number}" for number in range(50)]
    return [name for name in tried if durable.move_new(folder / name, folder / f"won-{name.partition('-')[2]}")]


# -- copy ------------------------------------------------------------------------------------------------------------


def test_copy_tells_what_it_read(tmp_path: Path) -> None:
    """The hash, size and stamps are those of the source, and the bytes are the same over several blocks."""
    source, target, content = tmp_path / "source", tmp_path / "target", os.urandom(2 * durable.COPY_BYTES + 17)
    source.write_bytes(content)

    copied = durable.copy(source, target)

    stamps = source.stat()
    assert target.read_bytes() == content
    assert copied == durable.Copied(
        hashlib.sha256(content).hexdigest(), len(content), stamps.st_mtime_ns, stamps.st_ino
    )
    assert durable.digest(target) == copied.sha256


def test_copy_never_replaces(tmp_path: Path) -> None:
    """A target that is there stays as it is."""
    (tmp_path / "source").write_bytes(b"new")
    (tmp_path / "target").write_bytes(b"old")

    with pytest.raises(FileExistsError):
        durable.copy(tmp_path / "source", tmp_path / "target")

    assert (tmp_path / "target").read_bytes() == b"old"


def a_socket(path: Path) -> None:
    """Leave the name of a socket; its server is gone."""
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)  # a socket's path may have 107 bytes at most
        server.bind(path.name)
        os.chdir(here)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "link to a file": lambda path: path.symlink_to(__file__),
    "dangling link": lambda path: path.symlink_to("nothing"),
    "folder": Path.mkdir,
    "FIFO without a writer": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": a_socket,
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("kind", NO_FILES)
def test_copy_refuses_what_is_no_file(tmp_path: Path, kind: str) -> None:
    """What is no regular file is refused at once, nothing is written, and nothing stays open (A10)."""
    NO_FILES[kind](tmp_path / "source")
    held = open_descriptors()

    with pytest.raises((MissingInput, OSError)):
        durable.copy(tmp_path / "source", tmp_path / "target")

    assert not (tmp_path / "target").exists()
    assert open_descriptors() == held


GROW = """\
import sys
with open(sys.argv[1], "ab", buffering=0) as file:
    while True:
        file.write(b"more" * 1000)
        print("wrote", flush=True)
"""


def test_copy_notices_a_file_that_grows(tmp_path: Path) -> None:
    """A file that someone writes to while it is read is refused as still changing, and its copy goes (A5)."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * (64 << 20))
    writer = subprocess.Popen([sys.executable, "-c", GROW, str(source)], stdout=subprocess.PIPE)
    try:
        assert writer.stdout is not None
        writer.stdout.readline()

        with pytest.raises(MissingInput) as caught:
            durable.copy(source, tmp_path / "target")
    finally:
        writer.kill()
        writer.communicate()

    assert caught.value.word == "still-changing"
    assert names(tmp_path) == ["source"]


# -- what many share -------------------------------------------------------------------------------------------------


def test_stamp_is_now_by_the_filesystems_clock(tmp_path: Path) -> None:
    """A file and a folder of long ago have, once stamped, the time of what is written then."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for name in ("file", "folder"):
        os.utime(tmp_path / name, (1, 1))
        durable.stamp(tmp_path / name)
    (tmp_path / "later").touch()

    later = (tmp_path / "later").stat().st_mtime
    assert all(0 <= later - (tmp_path / name).stat().st_mtime < 5 for name in ("file", "folder"))


def test_remove_empty_takes_only_what_is_empty(tmp_path: Path) -> None:
    """An empty folder goes; one that holds something stays, and one that is gone is no error."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "full" / "inner").mkdir(parents=True)

    for name in ("empty", "full", "gone"):
        durable.remove_empty(tmp_path / name)

    assert names(tmp_path) == ["full"]


def test_make_inner_makes_no_parents(tmp_path: Path) -> None:
    """A folder is made where its parent is there, twice without harm, and nowhere else."""
    for _ in range(2):
        durable.make_inner(tmp_path / "inner")

    with pytest.raises(FileNotFoundError):
        durable.make_inner(tmp_path / "gone" / "inner")

    assert names(tmp_path) == ["inner"]


@pytest.mark.parametrize("before", [None, "the same", "other bytes", "a dangling link"])
def test_link_holds_the_bytes_whatever_had_the_name(tmp_path: Path, before: str | None) -> None:
    """The second name is of the very file, outlives the first, and other bytes that had it keep their other names."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"content")
    (tmp_path / "other").write_bytes(b"other")
    match before:
        case "the same":
            os.link(source, target)
        case "other bytes":
            os.link(tmp_path / "other", target)
        case "a dangling link":
            target.symlink_to("nothing")
        case _:
            pass

    assert durable.link(source, target)

    source.unlink()
    assert target.read_bytes() == b"content"
    assert (tmp_path / "other").read_bytes() == b"other"
    assert names(tmp_path) == ["other", "target"]


def test_link_tells_what_it_cannot_do(tmp_path: Path, elsewhere: Path) -> None:
    """Across filesystems there is no second name, which is told; what is gone is an error."""
    (tmp_path / "source").touch()

    assert not durable.link(tmp_path / "source", elsewhere / "target")

    assert names(elsewhere) == []
    with pytest.raises(FileNotFoundError):
        durable.link(tmp_path / "gone", tmp_path / "target")


def test_alone_is_one_at_a_time(tmp_path: Path) -> None:
    """Of processes that add one to a number, each waiting for its turn, none sees another's half-done sum."""
    with ProcessPoolExecutor(4, mp_context=FORK) as pool:
        waited = list(pool.map(partial(add_ones, tmp_path), range(4)))

    assert all(waited)
    assert (tmp_path / "number").read_text() == "200"
    assert names(tmp_path) == ["number"]


def add_ones(folder: Path, _adder: int) -> bool:
    """Add one to a number in a file 50 times; tell whether the lock was had each time."""
    had = True
    for _ in range(50):
        with durable.alone(folder / "locks" / ".lock", patience_s=30) as is_alone:
            had = had and is_alone
            number = int((folder / "number").read_text()) if (folder / "number").exists() else 0
            (folder / "number").write_text(str(number + 1))
        durable.remove_empty(folder / "locks")
    durable.remove_empty(folder / "locks")
    return had


def test_alone_waits_no_longer_than_asked(tmp_path: Path) -> None:
    """Who may not wait is told at once, who may wait is told after that time, and the holder keeps its lock."""
    lock, held = tmp_path / ".lock", open_descriptors()
    with durable.alone(lock) as is_first:
        for patience_s in (0.0, 0.05):
            began = time.monotonic()
            with durable.alone(lock, patience_s=patience_s) as is_second:
                assert (is_first, is_second) == (True, False)
            assert patience_s <= time.monotonic() - began < patience_s + 2
        assert names(tmp_path) == [".lock"]

    assert names(tmp_path) == []
    assert open_descriptors() == held


def test_a_forked_child_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    """A child forked inside the block, and alive after it, has the lock's descriptor and yet holds nothing up."""
    with ExitStack() as children:
        with durable.alone(tmp_path / ".lock"):
            pool = children.enter_context(ProcessPoolExecutor(1, mp_context=FORK))
            pool.submit(os.getpid).result()
            os.link(tmp_path / ".lock", tmp_path / ".kept")  # the very lock: a new file would be free anyhow
        os.rename(tmp_path / ".kept", tmp_path / ".lock")

        with durable.alone(tmp_path / ".lock") as is_alone:
            assert is_alone


def test_a_lock_is_seen_without_being_taken(tmp_path: Path) -> None:
    """A lock that another process holds is seen, its holder keeps it, and it is free once that process was killed."""
    assert not durable.is_locked(tmp_path / ".lock")
    script = "import sys; from pathlib import Path; from videogen import durable\n"
    script += "with durable.alone(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    argv = [sys.executable, "-c", script, str(tmp_path / ".lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        seen = [durable.is_locked(tmp_path / ".lock") for _ in range(2)]
        with durable.alone(tmp_path / ".lock") as is_alone:
            seen.append(not is_alone)
        holder.kill()
        holder.wait()

    assert seen == [True, True, True]
    assert names(tmp_path) == [".lock"]
    assert not durable.is_locked(tmp_path / ".lock")


@pytest.mark.parametrize("content", [b"new", b"new and longer than before", b""])
def test_overwrite_keeps_the_very_file(tmp_path: Path, content: bytes) -> None:
    """The new bytes are all there is, in the same inode; what is not there is not made."""
    path = tmp_path / "paper"
    path.write_bytes(b"old and long")
    inode = path.stat().st_ino

    durable.overwrite(path, content)

    assert (path.read_bytes(), path.stat().st_ino) == (content, inode)
    with pytest.raises(FileNotFoundError):
        durable.overwrite(tmp_path / "gone", content)
    assert names(tmp_path) == ["paper"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, b"new\n"), (b"", b"new\n"), (b"one\n", b"one\nnew\n"), (b"one\nto", b"one\nto\nnew\n")],
)
def test_append_adds_a_line_after_whole_lines(tmp_path: Path, before: bytes | None, after: bytes) -> None:
    """A line is added to what is there, and after what a write cut short left, which stays a line of its own (P11)."""
    path = tmp_path / "record"
    if before is not None:
        path.write_bytes(before)

    durable.append(path, b"new\n")

    assert path.read_bytes() == after
    assert names(tmp_path) == ["record"]


def test_overwrite_needs_no_room(tmp_path: Path) -> None:
    """On a disk that has no room for one more file, new bytes still go over old ones."""
    around = mounted("size=8k,nr_inodes=2")
    if not can_run([*around, sys.executable, "-c", "", str(tmp_path)]):
        pytest.skip("unshare cannot be used here")
    action = 'durable.overwrite(folder / "kept", b"after!")'

    argv = [*around, sys.executable, "-c", FULL.replace("ACTION", action), str(tmp_path), str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)

    assert done.stdout.splitlines() == ["no error", "['kept'] after!"], done.stderr


def test_one_filesystem_is_where_a_rename_works(tmp_path: Path, elsewhere: Path) -> None:
    """Two folders of one mount are one; another disk is another, and so is a second mount of the same disk."""
    (tmp_path / "inner").mkdir()

    assert durable.is_one_filesystem(tmp_path, tmp_path / "inner")
    assert not durable.is_one_filesystem(tmp_path, elsewhere)
    assert not durable.is_remote(tmp_path)


BOUND = """\
import sys
from pathlib import Path
from videogen import durable
from videogen.errors import RoomsApart

folder = Path(sys.argv[1])
print(durable.is_one_filesystem(folder / "a", folder / "b"), (folder / "a").stat().st_dev == folder.stat().st_dev)
try:
    durable.move(folder / "a" / "file", folder / "b" / "file")
except RoomsApart as error:
    print(error.word)
"""


def test_two_mounts_of_one_disk_are_two(tmp_path: Path) -> None:
    """A folder bound over itself has the same device, and yet a rename out of it is refused: it is told apart."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "file").touch()
    around = ["unshare", "-rm", "sh", "-c", 'mount --bind "$4/a" "$4/a" && exec "$@"', "sh"]
    if not can_run([*around, sys.executable, "-c", "", str(tmp_path)]):
        pytest.skip("unshare cannot be used here")

    argv = [*around, sys.executable, "-c", BOUND, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)

    assert done.stdout.splitlines() == ["False True", "rooms-apart"], done.stderr


def test_boot_is_the_same_for_all_processes() -> None:
    """Every process of this boot names it alike, and it is a name where the kernel gives one."""
    script = "from videogen import durable; print(durable.boot_id())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.strip() == durable.boot_id()
    assert bool(durable.boot_id()) is Path("/proc/sys/kernel/random/boot_id").exists()
