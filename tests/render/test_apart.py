"""A look at anybody's file is taken behind walls, in a process that may die (A17; security: every decoder is caged)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from tests import footage
from videogen.cage import walls_that_hold
from videogen.errors import MediaError, Stopped
from videogen.model.quality import Limits, Quality
from videogen.render.apart import looked_at


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that takes some seconds to look at."""
    return footage.clip(tmp_path_factory.mktemp("film") / "film.mp4", size=(1280, 720), rate=50, seconds=16)


def look(film: Path, stop: Event | None = None, into: Path | None = None) -> tuple[Quality, list[str]]:
    """Look at it without a manifest."""
    return looked_at(film, Limits(), None, into, lambda _done, _all: None, stop or Event())


def children() -> list[psutil.Process]:
    """Find those who look, behind their walls."""
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE
        and "videogen.render.apart" in one.cmdline()
        and "Seccomp:\t2" in Path(f"/proc/{one.pid}/status").read_text()
    ]


@contextmanager
def caught() -> Iterator[list[psutil.Process]]:
    """Have somebody look out for the child while it works, and do what must be done to it."""
    found: list[psutil.Process] = []
    over = Event()

    def watch() -> None:
        while not found and not over.is_set():
            try:
                found.extend(children())
            except (psutil.Error, OSError):
                continue  # it is just being born, or dies
            time.sleep(0.01)
        for one in found:
            status = Path(f"/proc/{one.pid}/status").read_text()
            walls.append("no-new-privs" if "NoNewPrivs:\t1" in status else "")
            one.kill()

    walls: list[str] = []
    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
    assert walls == ["no-new-privs"]


@pytest.mark.skipif("seccomp" not in walls_that_hold(), reason="NOT TESTED: this kernel has no seccomp filter")
def test_the_look_is_behind_walls_and_its_death_is_told(film: Path) -> None:
    """The child has no new rights and a filter of calls; killed in the middle, the file is refused."""
    with caught() as found, pytest.raises(MediaError, match=r"a decoder died of film\.mp4 \(status -9") as told:
        look(film)

    assert told.value.word == "decode-error"
    assert len(found) == 1


def test_a_look_can_be_stopped(film: Path) -> None:
    """Who has had enough is obeyed within a moment, and no process is left."""
    stop = Event()
    stop.set()

    with pytest.raises(Stopped):
        look(film, stop)

    assert children() == []


def test_what_is_no_video_is_refused_with_its_sentence(tmp_path: Path) -> None:
    """The child's own words come back: what is wrong, and what to do."""
    path = tmp_path / "letter.mp4"
    path.write_bytes(b"dear all, " * 100)

    with pytest.raises(MediaError, match=r"letter\.mp4 cannot be opened") as told:
        look(path)

    assert told.value.remedy
