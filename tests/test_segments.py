"""The store of segments, asked with real files, real processes and real kills: a hit is bit-identical, or is a miss."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.crash.test_spool_crash import every_death
from tests.papers import digest
from videogen import durable
from videogen.errors import Defect
from videogen.model.segment import Name, Note, Structure
from videogen.segments import ORPHAN_S, Segments

FORK = get_context("fork")
LOOK, OTHER_LOOK = digest("look"), digest("another look")
NAME = Name(look=LOOK, key=digest("key"))
BYTES = b"a segment's bytes " * 100


def note_of(content: bytes, name: Name = NAME, title: str = "") -> Note:
    """Give the note of bytes that stand for a segment."""
    return Note(
        name=name,
        frames=2,
        structure=Structure(order=(0, 1), keys=(0,)),
        sha256=sha256(content).hexdigest(),
        size_bytes=len(content),
        offset=0,
        sizes=(len(content) - 1, 1),
        codec="h264",
        width=64,
        height=64,
        pix_fmt="yuv420p",
        timescale=30,
        tick=1,
        reorder=0,
        extradata_sha256=digest("extradata"),
        title=title,
    )


def numbered(number: int) -> Name:
    """Give one of many names, each of another look."""
    return Name(look=digest(f"look {number}"), key=digest(f"key {number}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store is; it makes itself."""
    return tmp_path / "scanned" / ".segments"


@pytest.fixture
def store(folder: Path) -> Segments:
    """An empty store."""
    return Segments(folder)


def encoded(store: Path, content: bytes = BYTES) -> Path:
    """Write a finished file beside a store, as an encoder would."""
    path = store.parent.parent / f"encoded-{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def put(store: Path, name: Name = NAME, content: bytes = BYTES, title: str = "") -> Note:
    """Publish bytes under a name; give the note of whoever won."""
    return Segments(store).publish(encoded(store, content), note_of(content, name, title))


def mp4_of(store: Path, name: Name = NAME) -> Path:
    """Where the layout says that an entry's bytes lie."""
    return store / name.look[:2] / name.look / f"{name.key}.mp4"


def side_of(store: Path, name: Name = NAME) -> Path:
    """Where the layout says that an entry's note lies."""
    return mp4_of(store, name).with_suffix(".json")


def age(path: Path, seconds: float) -> None:
    """Let a file have been changed, or an entry's note used, so long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)


def files_in(store: Path) -> list[str]:
    """Name every file of a store, dot names and all."""
    return sorted(path.name for path in store.rglob("*") if not path.is_dir())


# -- publish, find, pin ------------------------------------------------------------------------------------------------


def test_an_entry_is_what_was_published(folder: Path, store: Segments) -> None:
    """Another process's store finds the note and the bytes where the layout says; the encoder's file is gone."""
    made = encoded(folder)

    assert store.find(NAME) is None
    assert store.publish(made, note_of(BYTES)) == note_of(BYTES)

    assert Segments(folder).find(NAME) == note_of(BYTES)
    assert mp4_of(folder).read_bytes() == BYTES
    assert Note.model_validate_json(side_of(folder).read_bytes()) == note_of(BYTES)
    assert files_in(folder) == sorted([f"{NAME.key}.json", f"{NAME.key}.mp4"])
    assert not made.exists()
    assert store.total() == (1, len(BYTES))


def test_an_entry_is_never_overwritten(folder: Path, store: Segments) -> None:
    """Who publishes later gets the first one's note, and the first one's bytes and inode stay."""
    put(folder)
    inode = mp4_of(folder).stat().st_ino
    late = encoded(folder, b"other bytes")

    assert store.publish(late, note_of(b"other bytes")) == note_of(BYTES)

    assert (mp4_of(folder).read_bytes(), mp4_of(folder).stat().st_ino) == (BYTES, inode)
    assert not late.exists()


def test_of_writers_at_once_one_wins(folder: Path) -> None:
    """Processes that publish other bytes under one name all get one note, which is that of the bytes there (A13)."""
    contents = [bytes([number]) * 5000 for number in range(4)]

    with ProcessPoolExecutor(4, mp_context=FORK) as pool:
        rounds = [[pool.submit(put, folder, numbered(number), content) for content in contents] for number in range(10)]
        told = [{future.result() for future in futures} for futures in rounds]

    for number, notes in enumerate(told):
        (note,) = notes
        assert durable.digest(mp4_of(folder, numbered(number))) == note.sha256
    assert Segments(folder).verify() == (10, [])
    assert len(files_in(folder)) == 20


def test_a_file_that_is_not_the_notes_is_refused(folder: Path, store: Segments) -> None:
    """A file of another size than its note tells is a defect; it stays, and there is no entry."""
    made = encoded(folder, BYTES[:-1])

    with pytest.raises(Defect, match="is not the file its note tells of"):
        store.publish(made, note_of(BYTES))

    assert made.exists()
    assert store.find(NAME) is None


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another filesystem."""
    path = Path(f"/dev/shm/{tmp_path.name}-{os.getpid()}")
    if not path.parent.is_dir() or path.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second filesystem: /dev/shm is missing, or the tests lie on it")
    path.mkdir()
    yield path
    for inner in path.iterdir():
        inner.unlink()
    path.rmdir()


def test_a_file_from_another_filesystem_is_copied(folder: Path, store: Segments, elsewhere: Path) -> None:
    """What cannot be renamed into the store is copied, and is gone from where it was all the same."""
    (elsewhere / "made.mp4").write_bytes(BYTES)

    store.publish(elsewhere / "made.mp4", note_of(BYTES))

    assert store.verify() == (1, [])
    assert list(elsewhere.iterdir()) == []
    assert len(files_in(folder)) == 2


def test_a_pin_is_a_second_name_of_the_bytes(folder: Path, store: Segments, tmp_path: Path) -> None:
    """The pin is `<key>.mp4` in the folder asked for, no copy; pinning twice gives the same."""
    put(folder)

    entry = store.pin(NAME, tmp_path / "pins")

    assert entry is not None
    assert entry.note == note_of(BYTES)
    assert entry.path == tmp_path / "pins" / f"{NAME.key}.mp4"
    assert entry.path.samefile(mp4_of(folder))
    assert store.pin(NAME, tmp_path / "pins") == entry
    assert [path.name for path in (tmp_path / "pins").iterdir()] == [f"{NAME.key}.mp4"]
    assert store.pin(numbered(1), tmp_path / "pins") is None


@pytest.mark.parametrize("takes_out", [Segments.clear, partial(Segments.drop, name=NAME, because="test")])
def test_a_pin_outlives_its_entry(
    folder: Path, store: Segments, tmp_path: Path, takes_out: Callable[[Segments], object]
) -> None:
    """What is pinned can be read after the entry was evicted or dropped; the next pin is of what came then (P21)."""
    put(folder)
    entry = store.pin(NAME, tmp_path / "pins")
    assert entry is not None

    takes_out(store)
    assert store.find(NAME) is None
    assert store.pin(NAME, tmp_path / "pins") is None
    assert entry.path.read_bytes() == BYTES

    put(folder, content=b"made anew")
    again = store.pin(NAME, tmp_path / "pins")
    assert again is not None
    assert durable.digest(again.path) == again.note.sha256


def test_without_hard_links_the_pin_is_the_stores_file(folder: Path, store: Segments, elsewhere: Path) -> None:
    """Where a pin would be a copy, the bytes are read where they lie."""
    put(folder)

    entry = store.pin(NAME, elsewhere)

    assert entry is not None
    assert entry.path == mp4_of(folder)
    assert list(elsewhere.iterdir()) == []


def test_a_lost_claims_folder_is_not_made_again(folder: Path, store: Segments, tmp_path: Path) -> None:
    """Where the folder that the pins should lie in was taken away, pinning fails and makes nothing."""
    put(folder)

    with pytest.raises(FileNotFoundError):
        store.pin(NAME, tmp_path / "processing" / "task" / ".pins.1")

    assert not (tmp_path / "processing").exists()


def test_another_profile_of_a_look_is_known(folder: Path, store: Segments) -> None:
    """A look under another key is told; the same key, another look and a dot name are none."""
    other = Name(look=LOOK, key=digest("another profile"))
    put(folder, numbered(1))
    put(folder, NAME)
    durable.temporary_in(mp4_of(folder).parent).with_suffix(".json").touch()

    assert not store.has_other_profile(NAME)
    assert store.has_other_profile(other)
    assert not store.has_other_profile(Name(look=OTHER_LOOK, key=NAME.key))


# -- damage ------------------------------------------------------------------------------------------------------------


def put_a_link(path: Path) -> None:
    """Let a symbolic link have a file's name."""
    path.unlink()
    path.symlink_to("/dev/null")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": lambda store: os.truncate(mp4_of(store), len(BYTES) - 1),
    "longer": lambda store: mp4_of(store).write_bytes(BYTES + b"x"),
    "mp4 gone": lambda store: mp4_of(store).unlink(),
    "mp4 a link": lambda store: put_a_link(mp4_of(store)),
    "note empty": lambda store: side_of(store).write_bytes(b""),
    "note cut": lambda store: os.truncate(side_of(store), 50),
    "note no UTF-8": lambda store: side_of(store).write_bytes(b"\xff\xfe"),
    "note zeroed": lambda store: side_of(store).write_bytes(bytes(500)),
    "note of another": lambda store: side_of(store).write_text(note_of(BYTES, numbered(1)).to_json()),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("ask", ["find", "pin", "verify"])
def test_a_damaged_entry_is_never_served(folder: Path, store: Segments, tmp_path: Path, kind: str, ask: str) -> None:
    """Damage that shows without hashing is a miss for whoever looks, is counted and told once, and can be mended."""
    put(folder)
    DAMAGE[kind](folder)

    with capture_logs() as lines:
        match ask:
            case "find":
                assert store.find(NAME) is None
            case "pin":
                assert store.pin(NAME, tmp_path / "pins") is None
            case _:
                sound, told = store.verify()
                assert sound == 0
                assert [NAME.key in sentence for sentence in told] == [True]
        assert store.find(NAME) is None

    assert store.damaged == 1
    assert [line["log_level"] for line in lines] == ["warning"]
    assert files_in(folder) == []
    assert put(folder) == note_of(BYTES)
    assert store.find(NAME) == note_of(BYTES)


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_entry_gives_way_to_a_sound_one(folder: Path, store: Segments, kind: str) -> None:
    """Publishing where a damaged entry lies replaces it."""
    put(folder)
    DAMAGE[kind](folder)

    assert store.publish(encoded(folder, b"new"), note_of(b"new")) == note_of(b"new")

    assert store.verify() == (1, [])
    assert store.damaged == 1


def test_flipped_bytes_are_found_by_hashing(folder: Path, store: Segments) -> None:
    """A bit that flipped in one of three entries costs that one, which is named; the others stay (P22)."""
    for number in range(3):
        put(folder, numbered(number), BYTES)
    content = bytearray(BYTES)
    content[777] ^= 4
    mp4_of(folder, numbered(1)).write_bytes(content)

    sound, told = store.verify()

    assert sound == 2
    assert told == [f"The segment {numbered(1).key} was dropped: its bytes are not those that were published."]
    assert [store.find(numbered(number)) is None for number in range(3)] == [False, True, False]
    assert store.damaged == 1
    assert store.verify() == (2, [])


def test_what_a_reader_found_damaged_is_dropped(folder: Path, store: Segments) -> None:
    """An entry that a stitch found wrong is gone, counted and told with the reason."""
    put(folder)

    with capture_logs() as lines:
        store.drop(NAME, "its hash differs")

    assert store.find(NAME) is None
    assert store.damaged == 1
    assert [line["because"] for line in lines] == ["its hash differs"]
    assert files_in(folder) == []


# -- death -------------------------------------------------------------------------------------------------------------


def test_a_writer_killed_anywhere_leaves_all_or_nothing(tmp_path: Path) -> None:
    """Killed before any call of publish, the entry is whole or is not; the next publish works; the rest is cleared."""
    for death, root in every_death(tmp_path / "roots", lambda root: put(root / "scanned" / ".segments")):
        folder = root / "scanned" / ".segments"
        store = Segments(folder)

        left = store.find(NAME)

        assert left in ({note_of(BYTES), None} if death.is_death else {note_of(BYTES)}), death
        assert side_of(folder).exists() is (left is not None), death
        winner = store.publish(encoded(folder, b"later"), note_of(b"later"))
        assert winner == (left or note_of(b"later")), death
        assert store.verify() == (1, []), death
        assert store.damaged == 0, death
        for path in folder.rglob("*"):
            age(path, ORPHAN_S + 60)
        assert store.evict() == (0, 0)
        assert files_in(folder) == sorted([f"{NAME.key}.json", f"{NAME.key}.mp4"]), death


def test_an_evictor_killed_anywhere_leaves_no_damage(tmp_path: Path) -> None:
    """Killed before any call of an eviction, an entry is whole or is not, and is nothing that had to be dropped."""

    def prepare(root: Path) -> None:
        put(root / "scanned" / ".segments")

    def live(root: Path) -> object:
        return Segments(root / "scanned" / ".segments").clear()

    for death, root in every_death(tmp_path / "roots", live, prepare):
        store = Segments(root / "scanned" / ".segments")

        store.find(NAME)

        assert store.damaged == 0, death
        assert put(root / "scanned" / ".segments") == note_of(BYTES)
        assert store.verify() == (1, []), death


def test_what_dead_writers_left_goes_when_it_is_old(folder: Path, store: Segments) -> None:
    """An mp4 without a note, a temporary file and a free lock stay while young; old, they go and their folder too."""
    put(folder)
    look = mp4_of(folder, numbered(1)).parent
    look.mkdir(parents=True)
    orphans = [look / f"{numbered(1).key}.mp4", look / ".tmp-1", look / f".{numbered(1).key}.making", folder / ".tmp-2"]
    for path in orphans:
        path.touch()
        age(path, ORPHAN_S - 60)

    store.evict()
    assert all(path.exists() for path in orphans)

    for path in orphans:
        age(path, ORPHAN_S + 60)
    assert store.evict() == (0, 0)
    assert not look.exists()
    assert len(files_in(folder)) == 2
    assert store.find(NAME) == note_of(BYTES)


def test_what_a_writer_may_be_about_to_note_stays(folder: Path, store: Segments) -> None:
    """An mp4's age begins when it is published, however long ago it was encoded."""
    made = encoded(folder)
    age(made, 10 * ORPHAN_S)
    store.publish(made, note_of(BYTES))
    side_of(folder).unlink()

    store.evict(0)

    assert files_in(folder) == [f"{NAME.key}.mp4"]


def test_what_is_no_part_of_the_store_stays(folder: Path, store: Segments) -> None:
    """Files of other names, however old, are not counted and not taken away."""
    put(folder)
    strangers = [folder / "README", folder / "ab" / "notes.txt", mp4_of(folder).parent / "frame.png"]
    for path in strangers:
        path.parent.mkdir(exist_ok=True)
        path.touch()
        age(path, 10 * ORPHAN_S)

    store.clear()

    assert store.total() == (0, 0)
    assert all(path.exists() for path in strangers)


# -- eviction ----------------------------------------------------------------------------------------------------------


def test_the_least_recently_used_go_first(folder: Path, tmp_path: Path) -> None:
    """Entries go in order of their last use, and a pin is a use, until the rest fits the limit."""
    store = Segments(folder, max_bytes=2 * len(BYTES))
    for number in range(5):
        put(folder, numbered(number))
        age(side_of(folder, numbered(number)), 1000 - 100 * number)
    store.pin(numbered(0), tmp_path / "pins")

    assert store.evict() == (3, 3 * len(BYTES))

    assert [store.find(numbered(number)) is not None for number in range(5)] == [True, False, False, False, True]
    assert store.total() == (2, 2 * len(BYTES))
    assert len(files_in(folder)) == 4
    assert store.evict() == (0, 0)


@pytest.mark.parametrize(
    ("used_s_ago", "goes"),
    [
        (0, False),  # somebody found it, and is about to pin it
        (50, False),
        (70, True),
        (-50, False),  # another machine's clock is a little ahead
        (-400_000_000, True),  # the clock was years ahead once: what was used then must not stay for ever
    ],
)
def test_what_was_just_used_is_not_evicted(folder: Path, store: Segments, used_s_ago: int, *, goes: bool) -> None:
    """An entry used within the last minute stays above any limit; whoever asks for all gets all."""
    put(folder)
    age(side_of(folder), used_s_ago)

    assert store.evict(0) == ((1, len(BYTES)) if goes else (0, 0))

    put(folder)
    assert store.clear() == (1, len(BYTES))
    assert files_in(folder) == []


def test_a_store_that_is_not_there_is_empty(store: Segments, folder: Path) -> None:
    """Nothing is listed, verified or evicted, and nothing is made."""
    assert (list(store.entries()), store.total(), store.verify()) == ([], (0, 0), (0, []))
    assert (store.evict(), store.clear()) == ((0, 0), (0, 0))
    assert not store.has_other_profile(NAME)
    assert not folder.exists()


def test_entries_are_listed_for_people(folder: Path, store: Segments) -> None:
    """Each sound entry has its line with size, title and last use; a damaged one is left out and left alone."""
    for number in range(3):
        put(folder, numbered(number), BYTES, f"clip {number}")
    age(side_of(folder, numbered(0)), 5000)
    side_of(folder, numbered(1)).write_text("{}")

    lines = {line.title: line for line in store.entries()}

    assert set(lines) == {"clip 0", "clip 2"}
    assert (lines["clip 2"].name, lines["clip 2"].size_bytes, lines["clip 2"].frames) == (numbered(2), len(BYTES), 2)
    assert 4990 < time.time() - lines["clip 0"].used_s < 5010
    assert side_of(folder, numbered(1)).exists()
    assert store.damaged == 0


FULL = """\
import os, sys
from pathlib import Path
from tests.test_segments import age, numbered, put, side_of
from videogen.segments import Segments

folder = Path(sys.argv[1]) / "scanned" / ".segments"
put(folder, numbered(1))
age(side_of(folder, numbered(1)), 1000)
try:
    for number in range(1000):
        (folder / f"filler{number}").touch()
except OSError:
    print(Segments(folder).evict(0), len(Segments(folder).verify()[1]))
"""


def test_a_full_disk_can_be_evicted_from(tmp_path: Path) -> None:
    """Where there is no room even for a lock file, entries still go."""
    around = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o nr_inodes=40 full "$1" && shift && exec "$@"', "sh"]
    argv = [*around, str(tmp_path), sys.executable, "-c", FULL, str(tmp_path)]
    if subprocess.run([*around, str(tmp_path), "true"], capture_output=True, check=False).returncode:
        pytest.skip("a filesystem cannot be mounted here")

    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)

    assert done.stdout.splitlines() == [f"(1, {len(BYTES)}) 0"], done.stderr


# -- one maker ---------------------------------------------------------------------------------------------------------

MAKER = """\
import sys
from pathlib import Path
from videogen.model.segment import Name
from videogen.segments import Segments

with Segments(Path(sys.argv[1])).making(Name(look=sys.argv[2], key=sys.argv[3])) as is_ours:
    print(is_ours, flush=True)
    sys.stdin.readline()
"""


def maker(store: Path, name: Name = NAME) -> tuple["subprocess.Popen[str]", str]:
    """Start a process that makes a segment until its standard input ends; give what it was told."""
    argv = [sys.executable, "-c", MAKER, str(store), name.look, name.key]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_segment_has_one_maker_among_processes(folder: Path, store: Segments) -> None:
    """While a process makes it others are told so, of this key alone; its kill frees it, whatever it left (A14)."""
    process, told = maker(folder)
    with process:
        assert told == "True"
        with store.making(NAME) as is_ours, store.making(Name(look=LOOK, key=digest("other"))) as is_other_ours:
            assert (is_ours, is_other_ours) == (False, True)

        process.send_signal(signal.SIGKILL)
        process.wait()

        with store.making(NAME) as is_ours:
            assert is_ours
            late, told = maker(folder)
            with late:
                assert told == "False"
                late.communicate()


def test_a_segment_has_one_maker_among_threads(folder: Path, store: Segments) -> None:
    """Of threads that want to make it at once, one is told that it may, again and again, and no lock file is left."""
    making, most, times = [0], [0], [0]

    def work() -> None:
        for _ in range(60):
            with store.making(NAME) as is_ours:
                if is_ours:
                    making[0] += 1
                    most[0] = max(most[0], making[0])
                    times[0] += 1
                    time.sleep(0.0005)
                    making[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]
    assert times[0] >= 60 / 4
    assert files_in(folder) == []


def test_a_maker_may_publish_and_its_lock_outlives_eviction(folder: Path, store: Segments) -> None:
    """Publishing inside the block works, and a lock that is held is not cleared however old it is."""
    with store.making(NAME) as is_ours:
        assert is_ours
        put(folder)
        for path in folder.rglob("*"):
            age(path, 2 * ORPHAN_S)
        assert store.clear() == (1, len(BYTES))
        with store.making(NAME) as is_again_ours:
            assert not is_again_ours

    with store.making(NAME) as is_ours:
        assert is_ours


def test_a_maker_that_fails_frees_the_segment(store: Segments) -> None:
    """An error in the block comes out as it is, and the next one may make it."""
    with pytest.raises(KeyError), store.making(NAME):
        raise KeyError

    with store.making(NAME) as is_ours:
        assert is_ours


# -- in between --------------------------------------------------------------------------------------------------------


@contextmanager
def another_at_work(folder: Path, call: Callable[[], object]) -> Iterator["Future[object]"]:
    """Start a call while another process's work on the entry, the block, is going on; give what will come of it."""
    with ThreadPoolExecutor(1) as pool, durable.alone(mp4_of(folder).parent / f".{NAME.key}.commit") as is_alone:
        assert is_alone
        called = pool.submit(call)
        with pytest.raises(TimeoutError):
            called.result(timeout=0.1)
        yield called


def test_what_is_being_exchanged_is_not_damaged(folder: Path, store: Segments) -> None:
    """An entry that looks damaged is looked at again when whoever works on it is done."""
    put(folder)
    os.truncate(mp4_of(folder), 1)

    with another_at_work(folder, lambda: store.find(NAME)) as found:
        mp4_of(folder).write_bytes(BYTES)

    assert found.result() == note_of(BYTES)
    assert store.damaged == 0
    assert mp4_of(folder).exists()


def test_what_is_used_at_the_last_moment_stays(folder: Path, store: Segments) -> None:
    """An entry that was chosen for eviction and is used before it goes is not evicted."""
    put(folder)
    age(side_of(folder), 1000)

    with another_at_work(folder, lambda: store.evict(0)) as evicted:
        durable.stamp(side_of(folder))

    assert evicted.result() == (0, 0)
    assert store.find(NAME) == note_of(BYTES)


@pytest.mark.parametrize("then", [None, b"x" * len(BYTES)])
def test_what_goes_between_finding_and_pinning_is_no_entry(
    folder: Path, store: Segments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: bytes | None
) -> None:
    """Evicted right before the link, and made anew with other bytes of that size or not, the old note is not given."""
    put(folder)
    linking = os.link

    def late_link(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", linking)
        Segments(folder).clear()
        if then is not None:
            put(folder, content=then)
        linking(source, target)

    monkeypatch.setattr(os, "link", late_link)

    assert store.pin(NAME, tmp_path / "pins") is None
    assert store.damaged == 0


# -- all at once -------------------------------------------------------------------------------------------------------


def live_at_random(folder: Path, pins: Path, seed: int) -> tuple[int, int, int]:
    """Publish, pin, evict and look for a while; give the pins that were given, the wrong ones, and the damage seen."""
    chance, store, given, wrong = random.Random(seed), Segments(folder), 0, 0  # noqa: S311 - no secret
    pins.mkdir()
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        name = numbered(chance.randrange(3))
        match chance.randrange(8):
            case 0 | 1 | 2:
                # Of one size, whoever makes it: only the hash can tell a note beside another's bytes.
                content = chance.randbytes(4000)
                store.publish(encoded(folder, content), note_of(content, name))
            case 3:
                store.clear()
            case 4:
                store.find(name)
            case _:
                entry = store.pin(name, pins)
                if entry is not None:
                    given += 1
                    wrong += durable.digest(entry.path) != entry.note.sha256
    return given, wrong, store.damaged


def test_every_pin_that_is_given_is_right(folder: Path, tmp_path: Path) -> None:
    """However processes publish, pin and evict at once, a pin's bytes are its note's, and nothing sound is dropped."""
    with ProcessPoolExecutor(4, mp_context=FORK) as pool:
        lives = [pool.submit(live_at_random, folder, tmp_path / f"pins{number}", number) for number in range(4)]
        told = [life.result() for life in lives]

    assert sum(given for given, _, _ in told) > 20
    assert [(wrong, damaged) for _, wrong, damaged in told] == [(0, 0)] * 4
    assert Segments(folder).verify()[1] == []
