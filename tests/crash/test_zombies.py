"""Holders that sleep past their lease, at every step, and wake when others have gone on (A3; P3, P4, P13, P14)."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count, product
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests import papers
from tests.crash.lives import BROKEN, LEASE_S, Life
from tests.crash.tree import Tree, forked
from tests.test_spool import ENDS, claimed, fill, published
from videogen import durable, points
from videogen.errors import LeaseLost, TemporaryError
from videogen.kernel import Liar
from videogen.model.node import NodePaper
from videogen.spool import Claim, Spool, Sweeper, visible

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
CLAIMING = ("claim.after_first", "claim.after_lease", "claim.after_second")
FINISHING = ("upload.after_copy", "upload.after_rename", "publish.before_rename", "publish.after_rename")
BACK = (
    "fence.after_rename",
    "back.after_verdict",
    "aside.after_rename",
    "reaped.after_verdict",
    "back.before_token",
    "back.after_token",
    "back.after_rename",
)
BURYING = (
    "fence.after_rename",
    "bury.after_verdict",
    "aside.after_rename",
    "reaped.after_verdict",
    "bury.after_rename",
)
Step = tuple[str, str]
STEPS: tuple[Step, ...] = (
    *product(("send",), (*CLAIMING, *FINISHING)),
    *product(("release",), BACK),
    *product(("discard",), BURYING),
    *product(("retry",), ("retry.after_rename", "reaped.after_verdict", "back.before_token", "back.after_token")),
)
"""What a holder does, and where it falls asleep."""
MEANWHILE = ("sweep", "claim", "finish", "discard", "release")
"""How far others go on: they take the task back, and then one of them may hold it, or end it."""
FORK = get_context("fork")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A spool of one task; a sleeper that retries finds it in trash/failed."""
    far = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else tmp_path
    made = Tree(tmp_path, tmp_path)
    object.__setattr__(made.place, "far", far)  # what is rendered lies on another disk, so that it is sent
    made.life("n1", 1).publish()
    return made


def asleep(tree: Tree, verb: str, point: str, said: Path) -> int:
    """Start a holder, and give its process when it has fallen asleep."""
    if verb == "retry":
        tree.life("n1", 1).discard()

    def life() -> None:
        one = tree.life("n1", 2)
        with tree.spool.holding("node-n1"):
            one.beat()
            points.arm({"VIDEOGEN_FAILPOINTS": f"{point}=stop@1"})
            with suppress(LeaseLost, TemporaryError, OSError):  # it wakes up and finds that it has lost
                getattr(Life, verb)(one)

    pid = forked(life, said)
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), f"{verb} never came to {point}: {said.read_text()}"
    return pid


def others_go_on(tree: Tree, how: str) -> None:
    """Take everything back from whoever sleeps; then go on with the task as said."""
    other = tree.life("n2", 3)
    other.sweep()
    if how == "claim":
        other.leave()
    elif how != "sweep":
        getattr(other, how)()


@pytest.mark.parametrize("how", MEANWHILE)
@pytest.mark.parametrize(("verb", "point"), STEPS)
def test_sleeper_wakes_to_nothing(tree: Tree, tmp_path: Path, verb: str, point: str, how: str) -> None:
    """Whatever others did while it slept, a holder that wakes loses, doubles and tears nothing; the task goes on."""
    if point == "upload.after_copy" and durable.is_one_filesystem(tree.place.far, tmp_path):
        pytest.skip("NOT TESTED: an upload, since /dev/shm is missing or the same filesystem")
    pid = asleep(tree, verb, point, tmp_path / "said")
    try:
        others_go_on(tree, how)
        before = tree.troubles()
    finally:
        os.kill(pid, signal.SIGCONT)
        _, status = os.waitpid(pid, 0)

    assert status == 0, (tmp_path / "said").read_text()
    assert before == []
    assert tree.troubles() == []
    assert tree.worked_off() == []


@pytest.mark.parametrize(("end", "room"), [("finish", "output"), ("release", "tasks"), ("discard", "trash")])
@pytest.mark.parametrize("verb", ["release", "discard"])
def test_next_holder_has_the_word(tree: Tree, tmp_path: Path, verb: str, end: str, room: str) -> None:
    """A verdict written by whoever slept over its own fence is not that of the next holder, who ends the task (P4)."""
    pid = asleep(tree, verb, "fence.after_rename", tmp_path / "said")
    tree.life("n2", 3).sweep()
    (waiting,) = visible(tree.spool.tasks)
    claim = tree.spool.claim(waiting.name, "n2", "i2")
    assert claim is not None
    os.kill(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, 0)

    ENDS[end](tree.spool, claim)

    assert status == 0, (tmp_path / "said").read_text()
    assert tree.spool.room_of(waiting.name) == room
    assert list(tree.spool.processing.glob(".*-*")) == []


# -- two at once -------------------------------------------------------------------------------------------------------


def claim_slowly(root: Path, ids: list[str], node: int) -> list[str]:
    """Claim what there is, resting between the two renames, where errors of the disk are not believed; tell what."""
    points.arm({"VIDEOGEN_FAILPOINTS": "claim.after_first=sleep:0.003"})
    durable.DISK.kernel = Liar({})
    won = []
    for task_id in ids:
        try:
            if Spool(root).claim(task_id, f"n{node}", "i1") is not None:
                won.append(task_id)
        except OSError as error:
            won.append(f"{task_id}: {error}")
    return won


def test_half_a_claim_is_of_one_node(tmp_path: Path) -> None:
    """A node that finds a task moved by another, halfway through its claim, never takes the move for its own (P3)."""
    spool = Spool(tmp_path)
    spool.lay_out()
    ids = [published(spool).task_id for _ in range(60)]

    with ProcessPoolExecutor(4, mp_context=FORK) as pool:
        won = list(pool.map(partial(claim_slowly, tmp_path, ids), range(4)))

    assert sorted(word for mine in won for word in mine) == sorted(ids)


# -- the looker itself -------------------------------------------------------------------------------------------------


def looks(spool: Spool, at_s: Iterator[float]) -> Callable[[], list[str]]:
    """Give a look that is taken when the next of these times has come; it tells what was taken back."""
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=lambda: next(at_s))
    return lambda: [one.task_id for one in sweeper.look("now")]


def held_afar(spool: Spool) -> Claim:
    """Have a node on another machine hold a task."""
    claim = claimed(spool, published(spool), "afar", "i1")
    paper = NodePaper(node="afar", incarnation="i1", host="another", lease_s=LEASE_S)
    durable.write(spool.nodes / "afar.json", paper.to_json())
    return claim


def test_sleep_of_the_looker_is_no_silence_of_the_other(tmp_path: Path) -> None:
    """Who slept for an hour gives the others time to be heard before it takes what they hold (P14)."""
    spool = Spool(tmp_path)
    spool.lay_out()
    claim = held_afar(spool)
    look = looks(spool, iter((0.0, 3600.0, 3601.0, 7200.0, 10800.0, 14400.0)))

    assert [look() for _ in range(3)] == [[], [], []]
    assert claim.out.is_dir()


def test_silence_for_a_lease_is_the_end(tmp_path: Path) -> None:
    """A node that was looked at all the time and never beat has lost its task after the lease, and not before (P14)."""
    spool = Spool(tmp_path)
    spool.lay_out()
    claim = held_afar(spool)
    look = looks(spool, (tenth * LEASE_S / 10 for tenth in count()))

    taken = [look() for _ in range(12)]

    assert taken == [[]] * 10 + [[claim.task.task_id], []]


# -- what arrives ------------------------------------------------------------------------------------------------------


def test_what_did_not_arrive_whole_is_not_taken_for_the_video(tmp_path: Path) -> None:
    """An upload whose bytes are others than were rendered is told, and shows nothing; sent again it is whole (P20)."""
    spool, elsewhere = Spool(tmp_path), Path("/dev/shm")
    spool.lay_out()
    if not os.access(elsewhere, os.W_OK) or durable.is_one_filesystem(elsewhere, tmp_path):
        pytest.skip("NOT TESTED: an upload, since /dev/shm is missing or the same filesystem")
    task = papers.task()
    assert spool.publish(task, fill)
    claim, video = claimed(spool, task), durable.temporary_in(elsewhere)
    video.write_bytes(b"video")
    try:
        with pytest.raises(TemporaryError):
            spool.upload(claim, video, papers.digest("other bytes"))
        assert not (claim.out / "final.mp4").exists()

        spool.upload(claim, video, papers.digest("video"))
    finally:
        video.unlink()

    assert (claim.out / "final.mp4").read_bytes() == b"video"
    assert [path.name for path in claim.out.iterdir()] == ["final.mp4"]
    spool.discard(claim, BROKEN, stage="upload", at="now")
