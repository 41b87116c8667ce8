"""Kill a process before every single filesystem call of a task's life, recover, and look what is left."""

import io
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import papers
from tests.test_spool import fill, recovered
from videogen import durable, points
from videogen.catalog import Catalog, read_asset, side_path
from videogen.errors import MediaError, MissingInput
from videogen.model.task import Task
from videogen.spool import Claim, Spool, read_task
from videogen.trash import Trash

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
# Every call that changes a tree. A kill, unlike a power cut, leaves the same before and after a sync or a look.
CALLS = ("rename", "replace", "mkdir", "rmdir", "link", "unlink", "symlink")
MOST = 200
VIDEO = b"video"
BROKEN = MediaError("broken", remedy="Replace it.")
Life = Callable[[Spool, Task], object]


# -- the killer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Death:
    """How a child ended: the call it died before, or an empty word where it came to its end."""

    number: int
    before: str

    @property
    def is_death(self) -> bool:
        """Whether the child was killed."""
        return bool(self.before)


def die_before(number: int, life: Callable[[], object], sent: int = signal.SIGKILL) -> Death:
    """Fork a child that lives `life` and sends itself a signal right before its filesystem call `number`."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            count_calls(number, writing, sent)
            life()
            status = 0
        except BaseException:  # the child must never run the parent's test session on
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(status)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, said
    return Death(number, said if os.WIFSIGNALED(status) else "")


def count_calls(number: int, writing: int, sent: int) -> None:
    """Have this process tell its call `number` and signal itself before making it."""
    left = number

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                os.write(writing, f"{name}{args}".encode("utf-8", "backslashreplace"))
                os.kill(os.getpid(), sent)
            left -= 1
            return real(*args, **kwargs)

        return call

    for name in CALLS:
        setattr(os, name, counted(name, getattr(os, name)))
    reading, creating = io.open, counted("open", io.open)

    def opened(path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return (reading if mode in {"r", "rb"} else creating)(path, mode, *args, **kwargs)

    io.open = opened  # type: ignore[assignment]  # what pathlib opens with


def every_death(
    folder: Path, live: Callable[[Path], object], prepare: Callable[[Path], object] = lambda root: None
) -> Iterator[tuple[Death, Path]]:
    """Live once per call, each time in a root of its own, killed one call later; the last one comes to its end."""
    for number in range(MOST):
        root = folder / str(number)
        Spool(root).lay_out()
        prepare(root)
        death = die_before(number, lambda root=root: live(root))  # type: ignore[misc]
        yield death, root
        if not death.is_death:
            assert number >= 4, "too few calls were counted for this to prove anything"
            return
    raise AssertionError(f"no end after {MOST} calls")


# -- lives -----------------------------------------------------------------------------------------------------------


def claimed(spool: Spool, task: Task, node: str = "n1", incarnation: str = "i1") -> Claim:
    """Publish a task and claim it."""
    assert spool.publish(task, fill)
    claim = spool.claim(task.task_id, node, incarnation)
    assert claim is not None
    return claim


def finish(spool: Spool, task: Task) -> None:
    """Publish, claim, finish."""
    claim = claimed(spool, task)
    durable.write(claim.scratch / "piece", b"gigabytes")
    (claim.out / "final.mp4").write_bytes(VIDEO)
    spool.finish(claim, papers.manifest(task))


def release(spool: Spool, task: Task) -> None:
    """Publish, claim, give back after a failure that may pass."""
    spool.release(claimed(spool, task), counts=True, not_before_s=3)


def drain(spool: Spool, task: Task) -> None:
    """Publish, claim, give back as the operator stopped the node."""
    spool.release(claimed(spool, task), counts=False)


def discard(spool: Spool, task: Task) -> None:
    """Publish, claim, give up."""
    spool.discard(claimed(spool, task), BROKEN, stage="render", at="now")


def recover(spool: Spool, _: Task) -> None:
    """Come back after a death in mid-render."""
    recovered(spool, "n1", "i1.5")


LIVES: tuple[Life, ...] = (finish, release, drain, discard, recover)


@dataclass(frozen=True)
class Aftermath:
    """What was found after one kill, before and after the next start of the node."""

    death: Death
    spool: Spool
    task: Task
    was_made: bool
    changed_by_second: bool

    def __str__(self) -> str:
        return f"killed before call {self.death.number}, {self.death.before[:150]}"

    @property
    def rooms(self) -> list[str]:
        """The rooms that hold the task after recovery."""
        rooms = {"tasks": self.spool.tasks, "output": self.spool.output, "failed": self.spool.failed}
        return [name for name, room in rooms.items() if (room / self.task.task_id).is_dir()]


@pytest.fixture(scope="module", params=LIVES, ids=lambda life: str(life.__name__))
def aftermaths(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Aftermath]:
    """Every way in which one life can be cut short, each recovered once and then once more."""
    life: Life = request.param
    task, found = papers.task(), []
    folder = tmp_path_factory.mktemp(life.__name__)

    def live(root: Path) -> None:
        life(Spool(root), task)

    def prepare(root: Path) -> None:
        if life is recover:
            claimed(Spool(root), task)

    for death, root in every_death(folder, live, prepare):
        spool = Spool(root)
        was_made = spool.room_of(task.task_id) is not None
        recovered(spool, "n1", "i2")
        before = everything(spool)
        again = recovered(spool, "n1", "i3")
        found.append(Aftermath(death, spool, task, was_made, bool(again) or everything(spool) != before))
    return found


def everything(spool: Spool) -> list[tuple[str, bytes]]:
    """Give every name below the root and what it holds."""
    found = sorted(spool.root.rglob("*"))
    return [(str(path), path.read_bytes() if path.is_file() else b"") for path in found]


# -- what must hold --------------------------------------------------------------------------------------------------


def test_task_is_in_exactly_one_room(aftermaths: list[Aftermath]) -> None:
    """Wherever the kill falls, after recovery a task that was made is in tasks/, output/ or trash/failed, once (P1)."""
    wrong = [f"{one}: {one.rooms}" for one in aftermaths if len(one.rooms) != int(one.was_made)]

    assert wrong == []


def test_what_is_in_a_room_is_whole(aftermaths: list[Aftermath]) -> None:
    """output/ has the video and its manifest, trash/failed the reason and the log, tasks/ every paper (P5)."""
    wanted = {
        "output": {"final.mp4", "manifest.json"},
        "failed": {"metadata.json", "reason.json", "stderr.log"},
        "tasks": {"metadata.json", "voice.mp3", "video_list.txt"},
    }

    wrong = []
    for one in aftermaths:
        for room in one.rooms:
            where = one.spool.failed if room == "failed" else one.spool.root / room
            names = {path.name for path in (where / one.task.task_id).iterdir()}
            if not wanted[room] <= names:
                wrong.append(f"{one}: {room} holds {names}")

    assert wrong == []


def test_second_recovery_changes_nothing(aftermaths: list[Aftermath]) -> None:
    """Recovery finishes its work at the first try: another start finds nothing to do (P13)."""
    assert [str(one) for one in aftermaths if one.changed_by_second] == []


def test_nothing_is_left_over(aftermaths: list[Aftermath]) -> None:
    """No claim and no scratch stays in processing/, under whatever name, to fill the disk for ever (P26)."""
    left = {str(one): [path.name for path in one.spool.processing.iterdir()] for one in aftermaths}

    assert {one: names for one, names in left.items() if names != [".nodes"]} == {}


def test_one_life_costs_one_attempt_at_most(aftermaths: list[Aftermath]) -> None:
    """A task that was tried once, and whose node was killed once, has lost at most one of its attempts (P18)."""
    wrong = []
    for one in aftermaths:
        if one.rooms == ["tasks"]:
            attempts = read_task(one.spool.tasks / one.task.task_id).attempts
            wrong += [f"{one}: {attempts} attempts"] if attempts > 1 else []

    assert wrong == []


def test_task_can_still_become_a_video(aftermaths: list[Aftermath]) -> None:
    """What went back to tasks/ can be claimed and published by another node, with its links in place (P1, P13)."""
    for one in aftermaths:
        if one.rooms != ["tasks"]:
            continue
        claim = one.spool.claim(one.task.task_id, "n2", "other")
        assert claim is not None, str(one)
        assert (claim.folder / "voice.mp3").is_symlink(), str(one)
        one.spool.finish(claim, papers.manifest(claim.task))
        assert one.rooms == ["output"], str(one)


# -- the power --------------------------------------------------------------------------------------------------------


def test_what_is_shown_is_synced_before_and_after(tmp_path: Path) -> None:
    """All that lies in a task or a video is synced before the rename that shows it, and its room right after (P11)."""
    reading, writing = os.pipe()

    def live() -> None:
        watch_renames(tmp_path, writing)
        finish(Spool(tmp_path), papers.task())

    Spool(tmp_path).lay_out()
    die_before(MOST * 10, live)
    os.close(writing)
    with open(reading) as pipe:
        told = pipe.read().split("\n")

    assert [line for line in told if line.startswith("unsynced")] == []
    shown = [line for line in told if line.startswith(("shown", "synced"))]
    assert shown == ["shown tasks", "synced tasks", "shown output", "synced output"]


def watch_renames(root: Path, writing: int) -> None:
    """Have this process tell what was not synced when it was renamed into tasks/ or output/, and the sync after."""
    synced: set[int] = set()
    waiting: list[str] = []
    sync, rename = os.fsync, os.rename

    def synced_now(descriptor: int) -> None:
        sync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)
        if waiting and os.fstat(descriptor).st_ino == os.stat(root / waiting[0]).st_ino:
            os.write(writing, f"synced {waiting.pop()}\n".encode())

    def renamed(source: Path, target: Path) -> None:
        room = Path(target).parent.relative_to(root).as_posix()
        if room in {"tasks", "output"}:
            paths = [source, *(path for path in source.rglob("*") if not path.is_symlink())]
            lines = [f"unsynced {path}" for path in paths if path.stat().st_ino not in synced]
            os.write(writing, "\n".join([*lines, f"shown {room}", ""]).encode())
            waiting.append(room)
        rename(source, target)

    os.fsync, os.rename = synced_now, renamed  # type: ignore[assignment]


# -- two nodes -------------------------------------------------------------------------------------------------------


def test_recovery_sees_a_claim_that_is_half_done(tmp_path: Path) -> None:
    """A task given back by a dying node and just being claimed by another is not made a second time (P1, P3)."""
    task, looked = papers.task(), 0
    for death, root in every_death(tmp_path, lambda root: release(Spool(root), task)):
        spool = Spool(root)
        has_remains = any(spool.processing.glob(f".{task.task_id}.reaped.*"))
        if not has_remains or not (spool.tasks / task.task_id).is_dir():
            continue
        looked += 1
        mine = spool.processing / f".{task.task_id}.n2.2"
        durable.move(spool.tasks / task.task_id, mine)  # the first rename of a claim; the second is about to come

        recovered(spool, "n1", "i2")

        assert mine.is_dir(), death
        assert not (spool.tasks / task.task_id).exists(), f"made twice after a kill before {death.before}"
    assert looked > 0


def test_starting_node_lets_others_give_back(tmp_path: Path) -> None:
    """A node that starts while another is giving a task back neither disturbs it nor makes the task twice (A3, P13)."""
    task = papers.task()
    for number in range(MOST):
        spool = Spool(tmp_path / str(number))
        spool.lay_out()
        claim = claimed(spool, task)

        was_paused = recover_during(number, spool, lambda claim=claim, spool=spool: spool.release(claim, counts=True))  # type: ignore[misc]

        assert (spool.tasks / task.task_id).is_dir(), number
        again = spool.claim(task.task_id, "n2", "i2")
        assert again is not None
        assert again.epoch == 2, number
        if not was_paused:
            return
    raise AssertionError(f"no end after {MOST} calls")


def recover_during(number: int, spool: Spool, life: Callable[[], object]) -> bool:
    """Stop a child before its call `number`, start another node meanwhile, and let it go on; False: it had ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            count_calls(number, writing, signal.SIGSTOP)
            life()
            status = 0
        except BaseException:  # the child must never run the parent's test session on
            os.write(writing, b"\n" + traceback.format_exc().encode())
        finally:
            os._exit(status)
    os.close(writing)
    _, status = os.waitpid(pid, os.WUNTRACED)
    was_paused = os.WIFSTOPPED(status)
    if was_paused:
        try:
            recovered(spool, "n2", "i2")
        finally:
            os.kill(pid, signal.SIGCONT)
            _, status = os.waitpid(pid, 0)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    assert os.waitstatus_to_exitcode(status) == 0, f"another node was disturbed before call {number}: {said}"
    return was_paused


# -- the library and the trash ---------------------------------------------------------------------------------------


def test_refused_file_is_never_without_its_reason(tmp_path: Path) -> None:
    """Wherever the kill falls, the file is in raw/ or in trash/invalid, and there never without its note (A10, P8)."""

    def live(root: Path) -> None:
        (root / "raw/video/clip.mp4").write_bytes(VIDEO)
        Trash(root).refuse(root / "raw/video/clip.mp4", BROKEN)

    for death, root in every_death(tmp_path, live):
        there, refused = root / "raw/video/clip.mp4", root / "trash/invalid/clip.mp4"
        if death.number:  # before the very first call the file was not dropped yet
            assert there.exists() or refused.exists(), death
        if refused.exists():
            assert refused.read_bytes() == VIDEO, death
            assert (root / "trash/invalid/clip.mp4.reason.json").read_text().startswith("{"), death


@pytest.mark.parametrize(
    "where", ["move_new.before_link", "move_new.after_link", "move_new.after_unlink", "create.after_link"]
)
def test_refused_file_keeps_its_reason_on_a_failing_disk(tmp_path: Path, where: str) -> None:
    """Where the disk fails halfway through a refusal, what got to trash/invalid has its reason there (A10, P8, P25)."""
    Spool(tmp_path).lay_out()
    (tmp_path / "raw/video/clip.mp4").write_bytes(VIDEO)
    points.arm({"VIDEOGEN_FAILPOINTS": f"durable.{where}=eio@1"})
    try:
        with pytest.raises(OSError, match="fail point"):
            Trash(tmp_path).refuse(tmp_path / "raw/video/clip.mp4", BROKEN)
    finally:
        points.arm({})

    refused = tmp_path / "trash/invalid"
    assert (tmp_path / "raw/video/clip.mp4").exists() or (refused / "clip.mp4").exists()
    assert [path for path in refused.glob("*.mp4") if not (refused / f"{path.name}.reason.json").exists()] == []


def test_asset_is_never_without_its_measurements(tmp_path: Path) -> None:
    """Wherever the kill falls, a file in the library has its side file, and is whole; else it is not there (P13)."""
    path = "scanned/video/nature/mp4_w1280_h720/2.0_sea.mp4"
    asset = papers.asset("video", path, papers.picture(), category="nature")

    def live(root: Path) -> None:
        catalog = Catalog(root)
        content = catalog.entrance()
        durable.write(content, VIDEO)
        catalog.add(asset, content)

    for death, root in every_death(tmp_path, live):
        after = Catalog(root)
        after.clear_entrance()
        after.load()
        assert list(after.of_kind("video")) == ([asset] if (root / path).exists() else []), death
        if (root / path).exists():
            assert side_path(root / path).is_file(), death
            assert (root / path).read_bytes() == VIDEO, death
        else:
            with pytest.raises(MissingInput):
                read_asset(root, path)
