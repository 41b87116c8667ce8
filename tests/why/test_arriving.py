"""What keeps a thing in raw/: every cause that the disk can tell has its own state (B5, P8)."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.why.conftest import Place
from videogen.scan.admit import RESERVE_BYTES
from videogen.scan.arrival import signature_of
from videogen.scan.journal import Journal
from videogen.why import Explainer, arriving

CLIP = "raw/video/sea/clip.mp4"


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ("raw/video/sea/clip.mp4.part", "clip.mp4.part"),
        ("raw/video/sea/.clip.mp4.Ab12", ".clip.mp4.Ab12"),
        ("raw/video/sea/~$clip.mp4", "~$clip.mp4"),
        ("raw/video/@eaDir/clip.mp4", "@eaDir"),
        ("raw/video/.hidden/deep/clip.mp4", ".hidden"),
        ("raw/video/sea/Thumbs.db", "Thumbs.db"),
    ],
)
def test_an_ignored_name_is_named(place: Place, where: str, named: str) -> None:
    """What main never looks at says so, with the very name on the way that is to blame, and nothing else."""
    place.put(where)

    found = place.only(where)

    assert found.state == "ignored"
    assert named in found.because
    assert "Rename" in found.remedy
    assert found.notes == []


@pytest.mark.parametrize(
    ("where", "state", "code"),
    [
        ("raw/clip.mp4", "misplaced", "misplaced"),
        ("raw/video/clip.mp4", "misplaced", "misplaced"),
        ("raw/video/sea/deep/clip.mp4", "misplaced", "misplaced"),
        ("raw/video/sea/clip.avi", "refusable", "kind-mismatch"),
        ("raw/music/sea/track.wav", "refusable", "kind-mismatch"),
        ("raw/video/two\nlines/clip.mp4", "refusable", "bad-folder-name"),
    ],
)
def test_a_coming_refusal_is_told_before_it_happens(place: Place, where: str, state: str, code: str) -> None:
    """A file whose place or name main will refuse says so at once, with the code and the remedy it will have."""
    place.put(where)

    found = place.only(place.root / where)

    assert (found.state, found.code) == (state, code)
    assert found.remedy


def test_a_file_that_grows_is_told_from_one_that_rests(place: Place) -> None:
    """A file that is written to between the two looks is growing; the same file a moment later is not (A2, B1)."""
    path, done = place.put(CLIP), threading.Event()

    def grow() -> None:
        while not done.is_set():
            with path.open("ab") as file:
                file.write(b"more")
            time.sleep(0.02)

    writer = threading.Thread(target=grow)
    writer.start()
    growing = place.explainer.explain(CLIP)
    done.set()
    writer.join()

    assert [one.state for one in growing] == ["growing"]
    assert place.only(CLIP).state == "no-main"


def test_an_open_writer_is_seen_without_a_byte(place: Place) -> None:
    """A file that a program has open for writing is growing though nothing is added to it (A2)."""
    path = place.put(CLIP)

    with path.open("ab"):
        assert place.only(CLIP).because == "a program has it open for writing"

    assert place.only(CLIP).state == "no-main"


def test_the_wait_for_quiet_is_told_in_seconds(place: Place) -> None:
    """While main runs, a file that was dropped a moment ago says how long it was still and how long it must be."""
    place.put(CLIP)
    asked = Explainer(place.spool, quiet_s=60, category_rule="prefer")

    with place.spool.holding("main"):
        (settling,) = asked.explain(CLIP)
        ready = place.only(CLIP)

    assert (settling.state, ready.state) == ("settling", "ready")
    assert "main takes it once it was for 60 s" in settling.because
    assert settling.facts["still_s"] < 60


def test_a_time_stamp_of_the_past_does_not_hide_an_arrival(place: Place) -> None:
    """A copier that sets the file's times to 1999 or 2099 does not make it older or newer than it is (B1)."""
    path, asked = place.put(CLIP), Explainer(place.spool, quiet_s=60, category_rule="prefer")

    for year_s in (9e8, 4e9):
        os.utime(path, (year_s, year_s))
        with place.spool.holding("main"):
            assert asked.explain(CLIP)[0].state == "settling"


def test_a_full_disk_is_a_cause(place: Place) -> None:
    """A file larger than what is left says how much it needs, and has the code that main's log has (P9)."""
    path = place.put(CLIP)
    free = os.statvfs(place.root).f_bavail * os.statvfs(place.root).f_frsize
    os.truncate(path, free - RESERVE_BYTES + (1 << 30))

    with place.spool.holding("main"):
        found = place.only(CLIP)

    assert (found.state, found.code) == ("put-off", "no-space")
    assert "GB left" in found.because


def test_crashes_are_told(place: Place) -> None:
    """A file over which main died twice says so while main is down, and that it is in work while main is up (P8)."""
    path = place.put(CLIP)
    signature = signature_of(path)
    assert signature is not None
    for _ in range(2):
        Journal(place.root).begin(path, signature)

    down = place.only(CLIP)
    with place.spool.holding("main"):
        up = place.only(CLIP)

    assert down.state == "crashed"
    assert "2 times" in down.because
    assert up.state == "judging"
    assert place.only(next((place.root / "scanned" / ".judging").iterdir())).path == CLIP


MAKERS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "link": lambda path: path.symlink_to("/etc/hostname"),
    "dangling": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_no_file_is_never_opened(place: Place, kind: str) -> None:
    """A pipe, a link and a link to nowhere are told as what they are, and no look waits for a writer (B1)."""
    path = place.root / CLIP
    path.parent.mkdir(parents=True)
    MAKERS[kind](path)

    found = place.only(CLIP)

    assert (found.state, found.code) == ("refusable", "not-a-file")
    assert found.facts == {}


def test_a_folder_is_told_as_one(place: Place) -> None:
    """A folder that main looks into is no thing by itself; one too deep for any place is, and is misplaced."""
    place.put("raw/video/sea/clip.mp4")
    deep = "raw/a/b/c/d/e/f/g"
    (place.root / deep).mkdir(parents=True)

    assert place.only("raw/video/sea").state == "folder"
    assert place.only(deep).state == "misplaced"


def test_two_looks_are_all_it_costs(place: Place) -> None:
    """A path is answered without a look at the rest: ten thousand neighbours add nothing that is felt."""
    for number in range(10_000):
        (place.root / f"raw/video/{number}.part").touch()
    place.put(CLIP)

    began = time.monotonic()
    found = place.explainer.explain(CLIP)

    assert time.monotonic() - began < arriving.LOOK_S + 0.5
    assert found[0].state == "no-main"
