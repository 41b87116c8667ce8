"""The way back, step by step: whoever goes it, and however often, a task is made once (A3, A10; P1, P2, P13, P18)."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Thread

import pytest

from tests import papers
from tests.test_spool import BROKEN, claimed, everything, published, rooms_of, torn
from videogen import durable, points
from videogen.errors import LeaseLost, MissingInput
from videogen.model.task import ATTEMPTS, reason_for
from videogen.spool import Claim, Spool, read_task
from videogen.spool.papers import REAPED, token
from videogen.spool.returning import Changed, bury, fence, finish, give_back, recover_claim, retry

FORK = get_context("fork")
REASON = reason_for(BROKEN, stage="render", path="tasks/x", at="now")


@pytest.fixture
def claim(spool: Spool) -> Claim:
    """A task in a node's hands."""
    return claimed(spool, published(spool))


def until(point: str, do: Callable[[], object]) -> None:
    """Go the way as far as a fail point."""
    points.arm({"VIDEOGEN_FAILPOINTS": f"{point}=exit"})
    with pytest.raises(SystemExit):
        do()
    points.arm({})


def aside(spool: Spool) -> Path:
    """Give the one folder that was taken out of the way."""
    (found,) = [path for path in spool.processing.iterdir() if REAPED.fullmatch(path.name)]
    return found


def left(spool: Spool) -> list[str]:
    """Name what is left in processing/."""
    return [path.name for path in spool.processing.iterdir() if path.name != ".nodes"]


def back(spool: Spool, claim: Claim, attempts: int = 1) -> None:
    """Put a fenced claim back."""
    give_back(spool.root, claim.folder, claim.epoch, Changed(attempts))


# -- the token ---------------------------------------------------------------------------------------------------------


def test_the_token_is_taken_once(claim: Claim) -> None:
    """Of two that fence a claim the second learns that it lost, and so does whoever publishes (P2, P4)."""
    fenced = fence(claim.folder, claim.epoch)

    with pytest.raises(LeaseLost):
        fence(claim.folder, claim.epoch)

    assert fenced.is_dir()
    assert not claim.out.exists()


def test_a_token_of_another_epoch_is_not_taken(claim: Claim) -> None:
    """A late sweeper that knows an older epoch finds nothing to fence, and the holder keeps its token (P4)."""
    with pytest.raises(LeaseLost):
        fence(claim.folder, claim.epoch + 1)

    assert claim.out.is_dir()


def test_a_spool_that_is_not_there_is_not_a_lost_task(spool: Spool, claim: Claim) -> None:
    """Where processing/ itself is gone, as with a mount, the error is not that another has the task."""
    spool.processing.rename(spool.root / "elsewhere")

    with pytest.raises(FileNotFoundError):
        fence(claim.folder, claim.epoch)


def test_many_fences_have_one_winner(spool: Spool) -> None:
    """Four processes that fence the same 60 claims win each of them exactly once between them (P4)."""
    claims = [claimed(spool, published(spool)) for _ in range(60)]

    with ProcessPoolExecutor(4, mp_context=FORK) as pool:
        won = list(pool.map(fence_all, [claims] * 4))

    assert sorted(task for mine in won for task in mine) == sorted(one.task.task_id for one in claims)


def fence_all(claims: list[Claim]) -> list[str]:
    """Fence what can be fenced; give the ids."""
    won = []
    for claim in claims:
        with suppress(LeaseLost):
            fence(claim.folder, claim.epoch)
            won.append(claim.task.task_id)
    return won


# -- back --------------------------------------------------------------------------------------------------------------


def test_what_goes_back_has_its_papers_and_the_next_epoch(spool: Spool, claim: Claim) -> None:
    """A task that goes back has its links, its list, what changed, and an empty token of the next epoch."""
    (claim.out / "final.mp4").write_text("half")
    fence(claim.folder, claim.epoch)

    give_back(spool.root, claim.folder, claim.epoch, Changed(2, 7.5, ("n1", "n2")))

    folder = spool.tasks / claim.task.task_id
    assert sorted(path.name for path in folder.iterdir()) == ["metadata.json", "out.2", "video_list.txt", "voice.mp3"]
    assert list((folder / "out.2").iterdir()) == []
    wanted = claim.task.model_copy(update={"attempts": 2, "not_before_s": 7.5, "avoid": ("n1", "n2")})
    assert read_task(folder) == wanted
    assert left(spool) == []


@pytest.mark.parametrize(("attempts", "is_kept"), [(0, False), (1, True)])
def test_an_attempt_is_kept_and_none_is_not(spool: Spool, claim: Claim, attempts: int, is_kept: bool) -> None:
    """What an attempt left goes to trash/attempts, without scratch and pins; without one nothing is kept (P26)."""
    claim.log.write_text("FFmpeg's words")
    for folder in (claim.scratch, claim.pins):
        folder.mkdir(exist_ok=True)
        (folder / "big").touch()
    fence(claim.folder, claim.epoch)

    back(spool, claim, attempts)

    kept = spool.attempts / f"{claim.task.task_id}.1"
    assert kept.exists() is is_kept
    assert list(spool.root.rglob("big")) == []
    if is_kept:
        assert (kept / "stderr.log").read_text() == "FFmpeg's words"


BACK = ("back.after_verdict", "aside.after_rename", "reaped.after_verdict", "back.before_token", "back.after_token")


@pytest.mark.parametrize("point", [*BACK[1:], "back.after_rename"])
def test_whoever_goes_on_makes_the_task_once(spool: Spool, claim: Claim, point: str) -> None:
    """From any step of the way back, going on three times gives one task, one token, and nothing beside it (P1)."""
    fence(claim.folder, claim.epoch)
    until(point, lambda: back(spool, claim))
    folder = aside(spool)

    for _ in range(3):
        with suppress(FileNotFoundError):
            finish(spool.root, folder, claim.task.task_id, claim.epoch)

    assert rooms_of(spool, claim.task.task_id) == ["tasks"]
    assert token(spool.tasks / claim.task.task_id) == 2
    assert left(spool) == []


@pytest.mark.parametrize("point", BACK[1:])
def test_two_that_go_on_at_once_make_it_once(spool: Spool, point: str) -> None:
    """From any step of the way back, two processes going on with 30 claims make each task once (P1, P3)."""
    claims = [claimed(spool, published(spool)) for _ in range(30)]
    rows = []
    for claim in claims:
        fence(claim.folder, claim.epoch)
        until(point, lambda claim=claim: back(spool, claim))  # type: ignore[misc]
        (folder,) = spool.processing.glob(f".{claim.task.task_id}.reaped.*")
        rows.append((folder, claim.task.task_id, claim.epoch))

    with ProcessPoolExecutor(2, mp_context=FORK) as pool:
        list(pool.map(partial(finish_all, spool.root), [rows, rows]))
    finish_all(spool.root, rows)

    for claim in claims:
        assert rooms_of(spool, claim.task.task_id) == ["tasks"]
        assert token(spool.tasks / claim.task.task_id) == 2
    assert left(spool) == []


def finish_all(root: Path, rows: list[tuple[Path, str, int]]) -> None:
    """Go on with every folder, as far as another was not quicker."""
    for row in rows:
        with suppress(FileNotFoundError, MissingInput):
            finish(root, *row)


def test_what_was_taken_aside_by_mistake_gets_its_name_again(spool: Spool) -> None:
    """Who slept on the way, while others brought the task back and one claimed it, gives that claim back whole (P4)."""
    task, lost = published(spool), list[str]()
    sleeper = claimed(spool, task)
    fence(sleeper.folder, 1)
    points.arm({"VIDEOGEN_FAILPOINTS": "back.after_verdict=sleep:0.4@1"})

    def sleep_on_the_way() -> None:
        try:
            back(spool, sleeper)
        except LeaseLost as error:
            lost.append(error.message)

    asleep = Thread(target=sleep_on_the_way)
    asleep.start()
    while not (sleeper.folder / ".fenced.1" / ".changed.json").exists():
        time.sleep(0.001)
    assert recover_claim(spool.root, sleeper.folder, 1, "now", "n1") == "tasks"
    other = claimed(spool, task, "n2", "i2")
    asleep.join()

    assert lost == [f"the task {task.task_id} was taken away"]
    assert left(spool) == [task.task_id]
    assert other.out.is_dir()
    spool.finish(other, papers.manifest(task))


# -- to the trash ------------------------------------------------------------------------------------------------------


def test_what_failed_has_reason_log_and_token(spool: Spool, claim: Claim) -> None:
    """A buried task has its reason, a log though FFmpeg said nothing, its papers, and its token for a retry (A10)."""
    fence(claim.folder, claim.epoch)

    target = bury(spool.root, claim.folder, claim.epoch, REASON)

    assert target == spool.failed / claim.task.task_id
    assert {"metadata.json", "reason.json", "stderr.log", "voice.mp3"} <= {path.name for path in target.iterdir()}
    assert token(target, prefix=".fenced.") == 1
    assert list((target / ".fenced.1").iterdir()) == []
    assert left(spool) == []


@pytest.mark.parametrize("point", ["bury.after_verdict", "aside.after_rename", "reaped.after_verdict"])
def test_a_verdict_is_carried_out_by_whoever_finds_it(spool: Spool, claim: Claim, point: str) -> None:
    """A task that was given up stays given up, whoever goes on after a death: its reason is not lost (P25)."""
    fence(claim.folder, claim.epoch)
    until(point, lambda: bury(spool.root, claim.folder, claim.epoch, REASON))

    if point == "bury.after_verdict":
        assert recover_claim(spool.root, claim.folder, claim.epoch, "later", "n1") == "trash"
    else:
        assert finish(spool.root, aside(spool), claim.task.task_id, claim.epoch) is False

    assert rooms_of(spool, claim.task.task_id) == ["failed"]
    assert '"decode-error"' in (spool.failed / claim.task.task_id / "reason.json").read_text()


# -- recovery ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attempts", range(ATTEMPTS))
def test_a_death_is_an_attempt(spool: Spool, attempts: int) -> None:
    """A task whose holder died goes back with one attempt more and that node to avoid, after the last one to trash."""
    task = published(spool)
    for _ in range(attempts):
        spool.release(claimed(spool, task), counts=True)
    claim = claimed(spool, task, "n3")

    room = recover_claim(spool.root, claim.folder, claim.epoch, "now", "n3")

    if attempts + 1 < ATTEMPTS:
        again = read_task(spool.tasks / task.task_id)
        assert (room, again.attempts, again.avoid) == ("tasks", attempts + 1, ("n3",))
    else:
        assert (room, rooms_of(spool, task.task_id)) == ("trash", ["failed"])
        assert '"poison"' in (spool.failed / task.task_id / "reason.json").read_text()


def test_recovery_of_another_epoch_touches_nothing(spool: Spool) -> None:
    """A sweeper that saw a claim die, and comes when another holds the task, leaves that one alone (P4)."""
    task = published(spool)
    first = claimed(spool, task)
    spool.release(first, counts=True)
    claimed(spool, task, "n2", "i2")
    before = everything(spool)

    assert recover_claim(spool.root, first.folder, first.epoch, "now", "n1") is None

    assert everything(spool) == before


def test_a_claim_without_a_token_is_put_away(spool: Spool, claim: Claim) -> None:
    """Papers of a claim whose video went elsewhere are kept for people, and come back as no task (P2)."""
    claim.out.rename(spool.root / "taken out by hand")

    assert recover_claim(spool.root, claim.folder, claim.epoch, "now", "n1") is None

    assert rooms_of(spool, claim.task.task_id) == []
    assert (spool.attempts / f"{claim.task.task_id}.published" / "metadata.json").is_file()


# -- retry -------------------------------------------------------------------------------------------------------------


def failed(spool: Spool) -> Claim:
    """Have a task fail at its second attempt."""
    task = published(spool)
    spool.release(claimed(spool, task), counts=True, not_before_s=9, avoid="n1")
    claim = claimed(spool, task)
    spool.discard(claim, BROKEN, stage="render", at="now")
    return claim


def test_a_retried_task_has_a_clean_sheet(spool: Spool) -> None:
    """A retried task has no attempts, no delay and no node to avoid, keeps its links, and can be published."""
    claim = failed(spool)

    retry(spool.root, claim.task.task_id)

    again = claimed(spool, claim.task, "n1", "i2")
    assert (again.task.attempts, again.task.not_before_s, again.task.avoid, again.epoch) == (0, 0, (), 3)
    assert (again.folder / "voice.mp3").is_symlink()
    assert not (spool.failed / claim.task.task_id).exists()


def test_what_never_was_a_task_is_not_retried(spool: Spool) -> None:
    """What is not in trash/failed, has no readable paper or no token there, is not retried and stays as it is."""
    spoilt = torn(spool)
    spool.clear_broken("now")
    tokenless = failed(spool).task.task_id
    (spool.failed / tokenless / ".fenced.2").rmdir()
    before = everything(spool)

    for name in ("6f1c1ab0-3b52-4c0e-9d1f-5a0c5d3e7b21", spoilt, tokenless):
        with pytest.raises((FileNotFoundError, MissingInput)):
            retry(spool.root, name)

    assert everything(spool) == before


def test_a_copy_is_not_retried(spool: Spool) -> None:
    """A folder in trash/failed whose paper is another task's would be that task twice: it is refused."""
    claim = failed(spool)
    copy = "6f1c1ab0-3b52-4c0e-9d1f-5a0c5d3e7b21"
    durable.move(spool.failed / claim.task.task_id, spool.failed / copy)

    with pytest.raises(MissingInput, match="copy"):
        retry(spool.root, copy)

    assert (spool.failed / copy / ".fenced.2").is_dir()
