"""What a power cut may take: nothing that was shown or acknowledged. Every sync and its order is watched (A1, A3, P11).

A file or folder counts as safe from its last sync until it is changed. A folder changes with each name in it.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from tests import papers
from tests.test_spool import BROKEN, claimed, published, recovered
from videogen import durable
from videogen.kernel import Kernel
from videogen.spool import Spool, read_task

SHOWN = ("tasks", "output", "trash/failed")
"""Rooms in which a folder is complete from its first moment."""
ROOMS = (*SHOWN, "processing", "trash/attempts")
VIDEO = b"video"


class Watch(Kernel):
    """The kernel, and what of a tree is not safe."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.safe: set[int] = set()
        self.changed: set[Path] = set()
        """Folders with a name that is not synced; names nobody sees, and locks, need none."""
        self.wrong: list[str] = []

    def fsync(self, descriptor: int) -> None:
        """Sync: what it was is safe now."""
        super().fsync(descriptor)
        self.safe.add(os.fstat(descriptor).st_ino)
        self.changed.discard(Path(os.readlink(f"/proc/self/fd/{descriptor}")))

    def _touch(self, path: Path) -> None:
        self.safe.discard(path.parent.stat().st_ino)
        if not path.name.startswith(".tmp") and not path.name.endswith(".lock"):
            self.changed.add(path.parent.resolve())

    def rename(self, source: Path, target: Path) -> None:
        """Look whether all is safe that comes to be seen."""
        if not target.name.startswith(".tmp"):
            self._look(source, target)
        super().rename(source, target)
        for path in (source, target):
            self._touch(path)
        if target.name.startswith(".tmp"):
            self.changed.discard(source.parent.resolve())

    def _look(self, source: Path, target: Path) -> None:
        is_whole = target.parent.relative_to(self.root).as_posix() in SHOWN
        inside = (path for path in source.rglob("*") if not path.is_symlink()) if source.is_dir() and is_whole else ()
        is_shown = is_whole or (
            source.is_file() and target.name != "final.mp4"
        )  # that one is shown when it is published
        for path in (*inside, *([source] if is_shown else [])):
            if path.stat().st_ino not in self.safe:
                self.wrong.append(f"{path.relative_to(self.root)} was shown as {target.name} before it was safe")

    def link(self, source: Path, target: Path) -> None:
        """Look whether the file is safe that gets one more name."""
        if source.stat().st_ino not in self.safe:
            self.wrong.append(f"{source.name} was shown as {target.name} before it was safe")
        super().link(source, target)
        self._touch(target)

    def symlink(self, target: str, link: Path) -> None:
        """Change a folder."""
        super().symlink(target, link)
        self._touch(link)

    def mkdir(self, folder: Path) -> None:
        """Change a folder, unless it is there already."""
        super().mkdir(folder)
        self._touch(folder)

    def unlink(self, path: Path) -> None:
        """Change a folder, if there was something; its number may soon be another's."""
        found = path.lstat()
        super().unlink(path)
        if found.st_nlink == 1:
            self.safe.discard(found.st_ino)
        self._touch(path)

    def open(self, path: Path, flags: int) -> int:
        """What is opened to be written is not safe any more."""
        descriptor = super().open(path, flags)
        if flags & (os.O_RDWR | os.O_WRONLY):
            self.safe.discard(os.fstat(descriptor).st_ino)
        return descriptor

    def create(self, path: Path) -> IO[bytes]:
        """A new file is not safe, nor is its name; a number may be that of a file long gone."""
        file = super().create(path)
        self.safe.discard(os.fstat(file.fileno()).st_ino)
        self._touch(path)
        return file

    def unsafe(self, *folders: str) -> list[str]:
        """Name the folders whose names may be lost."""
        here = {(self.root / name).resolve() for name in folders}
        return sorted(str(path.relative_to(self.root.resolve())) for path in self.changed if not here or path in here)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """A tree whose every change is watched."""
    Spool(tmp_path).lay_out()
    watching = Watch(tmp_path)
    before, durable.DISK.kernel = durable.DISK.kernel, watching
    yield watching
    durable.DISK.kernel = before


# -- single promises ---------------------------------------------------------------------------------------------------


def given(root: Path, name: str = "raw/given") -> Path:
    """Put a file there that is known to be safe."""
    durable.write(root / name, "given")
    return root / name


CALLS: dict[str, Callable[[Path], object]] = {
    "write": lambda root: durable.write(root / "raw/a", "content"),
    "create": lambda root: durable.create(root / "raw/a", "content"),
    "copy": lambda root: durable.copy(given(root), root / "raw/.tmp-copy"),  # its name is the caller's business
    "overwrite": lambda root: durable.overwrite(given(root), b"other"),
    "append": lambda root: durable.append(given(root), b"a line\n"),
    "append first": lambda root: durable.append(root / "raw/a", b"a line\n"),
    "make_folder": lambda root: durable.make_folder(root / "raw/a/b/c"),
    "move": lambda root: durable.move(given(root), root / "scanned/a"),
    "move_new": lambda root: durable.move_new(given(root), root / "scanned/a"),
    "remove": lambda root: durable.remove(given(root)),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_a_call_did_survives_its_return(watch: Watch, name: str) -> None:
    """When a call of durable.py returns, its bytes and names are synced, and were synced in the right order (P11)."""
    CALLS[name](watch.root)

    assert (watch.wrong, watch.unsafe()) == ([], [])
    for path in (path for path in watch.root.joinpath("raw").rglob("*") if path.is_file()):
        assert path.stat().st_ino in watch.safe, path


def test_sync_tree_leaves_nothing_out(watch: Watch) -> None:
    """Every file and folder below is synced, however deep, and a folder after what it holds (P11)."""
    (watch.root / "raw/a/b").mkdir(parents=True)
    for name in ("one", "b/two"):
        (watch.root / "raw/a" / name).write_text("bytes")

    durable.sync_tree(watch.root / "raw/a")

    paths = [watch.root / "raw/a", *(watch.root / "raw/a").rglob("*")]
    assert [path for path in paths if path.stat().st_ino not in watch.safe] == []


# -- the protocol ------------------------------------------------------------------------------------------------------


def finished(spool: Spool) -> None:
    """Render on the spool's own disk and publish."""
    claim = claimed(spool, published(spool))
    (claim.scratch / "final.mp4").write_bytes(VIDEO)
    spool.upload(claim, claim.scratch / "final.mp4", papers.digest("video"))
    spool.finish(claim, papers.manifest(claim.task))


def retried(spool: Spool) -> None:
    """Give up, and try again."""
    claim = claimed(spool, published(spool))
    spool.discard(claim, BROKEN, stage="render", at="now")
    spool.retry(claim.task.task_id)


def swept(spool: Spool) -> None:
    """Die in mid-render, and be found."""
    claimed(spool, published(spool))
    recovered(spool, "n1", "i2")


LIVES: dict[str, Callable[[Spool], object]] = {
    "publish": published,
    "claim": lambda spool: claimed(spool, published(spool)),
    "finish": finished,
    "release": lambda spool: spool.release(claimed(spool, published(spool)), counts=True),
    "discard": lambda spool: spool.discard(claimed(spool, published(spool)), BROKEN, stage="render", at="now"),
    "retry": retried,
    "sweep": swept,
}


@pytest.mark.parametrize("name", LIVES)
def test_what_a_room_shows_survives(watch: Watch, name: str) -> None:
    """Whatever comes into a room is synced before, the room after: on return nothing of it can be lost (P1, P11)."""
    LIVES[name](Spool(watch.root))

    assert watch.wrong == []
    assert watch.unsafe(*ROOMS) == []


def test_a_verdict_is_safe_before_it_is_followed(watch: Watch) -> None:
    """What says whether a task goes back or has failed is synced when its claim is moved aside (P11)."""
    spool = Spool(watch.root)
    task = published(spool)
    spool.release(claimed(spool, task), counts=True)

    again = watch.root / "tasks" / task.task_id

    assert read_task(again).attempts == 1
    assert all(path.lstat().st_ino in watch.safe for path in again.rglob("*") if not path.is_symlink())


def test_watch_sees_what_is_not_synced(watch: Watch) -> None:
    """The watch itself: a folder shown without a sync, and a name without one, are told."""
    building = watch.root / "tasks" / ".tmp-x"
    building.mkdir()
    (building / "paper").write_text("not synced")

    durable.DISK.rename(building, watch.root / "tasks" / "x")

    assert len(watch.wrong) == 2
    assert watch.unsafe("tasks") == ["tasks"]
