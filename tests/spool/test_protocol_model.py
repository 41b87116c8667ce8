"""The protocol under any order of lives, deaths and sleeps: one token per task, one publish, no loss (A3, P1-P5, P13).

Each step is the real code on a real folder. A step with a fault is lived by a child that a fail point kills, or puts to
sleep until it is woken, long after others took over. VIDEOGEN_LONG=1 makes it a run of an hour.
"""

import os
import shutil
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests import papers
from videogen import durable, fsck, points
from videogen.catalog import side_path
from videogen.errors import LeaseLost, MediaError, MissingInput
from videogen.model.node import NodePaper
from videogen.model.task import ATTEMPTS
from videogen.spool import Claim, Identity, Spool, Sweeper, paper_of, read_task, visible
from videogen.spool.papers import token

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
IS_LONG = os.environ.get("VIDEOGEN_LONG") == "1"
LEASE_S = 60.0
LOOK_S = LEASE_S / 4
NODES = ("n1", "n2", "n3")
VIDEO = b"final"
VOICE = "scanned/story/a/s/voice/v.mp3"
BROKEN = MediaError("the clip is broken", remedy="Replace it.")
FAST = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
NOTHING = ""


# -- one step in a process of its own --------------------------------------------------------------------------------


class Child:
    """A process that lives one step of the protocol, and meets its fault where that says."""

    def __init__(self, step: Callable[[], str], fault: str) -> None:
        reading, writing = os.pipe()
        self._reading = reading
        self.pid = os.fork()
        if self.pid == 0:
            _live(step, fault, writing)
        os.close(writing)
        self.is_asleep = False
        self.is_dead = False
        self.told = self._wait()

    def _wait(self) -> str:
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        self.is_asleep, self.is_dead = os.WIFSTOPPED(status), os.WIFSIGNALED(status)
        if self.is_asleep:
            return NOTHING
        with open(self._reading, encoding="utf-8") as pipe:
            told = pipe.read()
        assert not told.startswith("Traceback"), told
        return told

    def wake(self) -> str:
        """Let it go on to its end; give what it told."""
        os.kill(self.pid, signal.SIGCONT)
        self.told = self._wait()
        return self.told

    def end(self) -> None:
        """Kill it in its sleep."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait()


def _live(step: Callable[[], str], fault: str, writing: int) -> None:
    told = NOTHING
    try:
        points.arm({"VIDEOGEN_FAILPOINTS": fault})
        told = step()
    except BaseException:  # the child must never run the parent's test session on
        told = traceback.format_exc()
    finally:
        os.write(writing, told.encode())
        os._exit(0)


def end_of(step: Callable[[], object]) -> str:
    """Say how one end of a claim came out."""
    try:
        step()
    except LeaseLost:
        return "lost"
    return "done"


# -- a house ---------------------------------------------------------------------------------------------------------


def fill(folder: Path) -> None:
    """Put what a task holds beside its paper into its folder."""
    durable.point_at(folder / "voice.mp3", f"../../{VOICE}")


@contextmanager
def house() -> Iterator[Spool]:
    """A spool with the library that its tasks point to, in memory where that is possible; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="videogen-model-", dir=FAST))
    try:
        spool = Spool(folder / "spool")
        spool.lay_out()
        voice = spool.root / VOICE
        durable.make_folder(voice.parent)
        voice.write_bytes(b"voice")
        asset = papers.asset("voice", VOICE, papers.sound(44100), content="voice")
        side_path(voice).write_text(asset.to_json())
        yield spool
    finally:
        shutil.rmtree(folder)


def publish(spool: Spool) -> str:
    """Publish a task; give its id."""
    task = papers.task()
    assert spool.publish(task, fill)
    return task.task_id


def errors_in(spool: Spool) -> list[str]:
    """Tell what the operator's check calls an error."""
    return [f"{one.code}: {one.message}" for one in fsck.examine(spool, quick=True) if one.severity == "error"]


def finished(spool: Spool, claim: Claim) -> str:
    """Upload a video and publish it."""
    video = spool.root.parent / f"{claim.task.task_id}.{claim.epoch}.{os.getpid()}"
    video.write_bytes(VIDEO)

    def publish_it() -> None:
        spool.upload(claim, video, papers.digest("final"))
        spool.finish(claim, papers.manifest(claim.task, claim.epoch))

    return end_of(publish_it)


def given_up(spool: Spool, claim: Claim) -> str:
    """Move a task to trash/failed."""
    return end_of(lambda: spool.discard(claim, BROKEN, stage="render", at="now"))


def given_back(spool: Spool, claim: Claim) -> str:
    """Give a task back unharmed."""
    return end_of(lambda: spool.release(claim, counts=False))


def tried(spool: Spool, claim: Claim) -> str:
    """Give a task back after a failure that may pass; after the last attempt, give it up."""
    if claim.task.attempts + 1 >= ATTEMPTS:
        return given_up(spool, claim)
    return end_of(lambda: spool.release(claim, counts=True, avoid="n1"))


ENDS = {"finish": finished, "give back": given_back, "try later": tried, "give up": given_up}


# -- the model ---------------------------------------------------------------------------------------------------------


@dataclass
class Mind:
    """What a node knows: its life, and what it holds. A node that slept may have lost any of it."""

    name: str
    incarnation: str = ""
    beat: int = 0
    held: dict[str, Claim] = field(default_factory=dict)
    sure: set[str] = field(default_factory=set)
    """Claims got since it last slept: they must be its own still."""
    child: Child | None = None
    sweeper: Sweeper | None = None

    @property
    def is_awake(self) -> bool:
        """Whether it lives, and does not sleep."""
        return bool(self.incarnation) and self.child is None

    def die(self) -> None:
        """Forget everything."""
        self.incarnation, self.child, self.sweeper = "", None, None
        self.held.clear()
        self.sure.clear()


CLAIMING = ("claim.after_first", "claim.after_lease", "claim.after_second", "durable.move.before")
PUBLISHING = (
    "upload.after_rename",
    "publish.before_rename",
    "publish.after_rename",
    "durable.remove_tree.after_rename",
)
GOING_BACK = (
    "fence.after_rename",
    "back.after_verdict",
    "bury.after_verdict",
    "aside.after_rename",
    "reaped.after_verdict",
    "back.before_token",
    "back.after_token",
    "back.after_rename",
    "bury.after_rename",
)
RETRYING = ("retry.after_rename", "durable.write.after_rename", *GOING_BACK[4:])


def faults(*names: str) -> st.SearchStrategy[str]:
    """Give nothing, or a death or a sleep at one of these points, or before one of the first renames."""
    return st.one_of(st.just(NOTHING), sleeps(*names), sleeps(*names).map(lambda fault: fault.replace("stop", "kill")))


def sleeps(*names: str) -> st.SearchStrategy[str]:
    """Give a sleep at one of these points, or before one of the first renames."""
    renames = st.builds("durable.move.before=stop@{}".format, st.integers(1, 7))
    return st.one_of(st.builds("{}=stop@1".format, st.sampled_from(names)), renames)


ENDING = (*PUBLISHING, *GOING_BACK)
SWEEPING = ("sweep.before_take", *GOING_BACK)
HOW = st.sampled_from(sorted(ENDS))
WHO = st.sampled_from(NODES)
TWO = st.permutations(NODES).map(lambda names: (names[0], names[1]))
WHICH = st.integers(0, 7)


class Protocol(RuleBasedStateMachine):
    """Nodes, main and an operator on one spool; whatever they do, every task stays in one place."""

    @initialize()
    def begin(self) -> None:
        """Lay out a spool with a task and three nodes."""
        self._house = house()
        self.spool = self._house.__enter__()
        self.clock = 0.0
        self.main = Sweeper(self.spool, lease_s=LEASE_S, clock=lambda: self.clock)
        self.nodes = {name: Mind(name) for name in NODES}
        self.sleepers: list[Child] = []
        """Whoever sleeps and is no node: operators, and main in a sweep."""
        self.known: list[str] = []
        self.epochs: dict[str, int] = {}
        self.videos: dict[str, tuple[int, bytes]] = {}
        self.unharmed: Counter[str] = Counter()
        self.retried: set[str] = set()
        for name in NODES:
            self._be_born(self.nodes[name])
        self.known.append(publish(self.spool))

    # -- who lives -----------------------------------------------------------------------------------------------------

    def _be_born(self, mind: Mind) -> None:
        mind.incarnation, mind.beat = uuid4().hex, 0
        me = Identity(mind.name, mind.incarnation, lambda: frozenset(mind.held))
        mind.sweeper = Sweeper(self.spool, me, lease_s=LEASE_S, clock=lambda: self.clock)
        self._beat(mind)

    def _beat(self, mind: Mind) -> None:
        mind.beat += 1
        paper = NodePaper(
            node=mind.name, incarnation=mind.incarnation, beat=mind.beat, host="elsewhere", lease_s=LEASE_S
        )
        durable.write(paper_of(self.spool.processing / ".nodes", mind.name), paper.model_dump_json())

    def _pass_time(self) -> None:
        self.clock += LOOK_S
        for mind in self.nodes.values():
            if mind.is_awake:
                self._beat(mind)

    def _do(self, mind: Mind, step: Callable[[], str], fault: str) -> str:
        """Have a node live a step; give what came of it, nothing where it died or fell asleep."""
        if not fault:
            return step()
        child = Child(step, fault)
        if child.is_dead:
            mind.die()
        elif child.is_asleep:
            mind.child = child
            mind.sure.clear()
        return child.told

    def _do_for_nobody(self, step: Callable[[], str], fault: str) -> None:
        """Have main or an operator live a step."""
        if not fault:
            step()
            return
        child = Child(step, fault)
        if child.is_asleep:
            self.sleepers.append(child)
            # Over a network a lock ends with the lease of a client that sleeps: others go on meanwhile.
            with suppress(FileNotFoundError):
                (self.spool.processing / ".nodes" / "sweep.lock").unlink()

    # -- what they do --------------------------------------------------------------------------------------------------

    @rule()
    @precondition(lambda self: len(self.known) < 3)
    def publish(self) -> None:
        """Main makes a task."""
        self.known.append(publish(self.spool))

    @rule(who=WHO, which=WHICH, fault=faults(*CLAIMING))
    def claim(self, who: str, which: int, fault: str) -> None:
        """A node wants a task."""
        mind, waiting = self.nodes[who], [path.name for path in visible(self.spool.tasks)]
        if not waiting:
            return
        self._claim(mind, waiting[which % len(waiting)], fault)

    def _claim(self, mind: Mind, task_id: str, fault: str) -> None:
        if not mind.is_awake:
            return

        def step() -> str:
            claim = self.spool.claim(task_id, mind.name, mind.incarnation)
            return f"claimed {task_id} {claim.epoch}" if claim else NOTHING

        self._take(mind, self._do(mind, step, fault))

    def _take(self, mind: Mind, told: str) -> None:
        if told.startswith("claimed "):
            _, task_id, epoch = told.split()
            folder = self.spool.processing / task_id
            with suppress(FileNotFoundError):  # it slept right after its claim, and that was taken away
                mind.held[task_id] = Claim(read_task(folder), int(epoch), folder)
                mind.sure.add(task_id)

    @rule(who=WHO, which=WHICH, how=HOW, fault=faults(*ENDING))
    def end(self, who: str, which: int, how: str, fault: str) -> None:
        """A node ends a claim, in one of four ways."""
        held = self.nodes[who].held
        if held:
            self._end(self.nodes[who], sorted(held)[which % len(held)], how, fault)

    def _end(self, mind: Mind, task_id: str, how: str, fault: str) -> None:
        if not mind.is_awake or task_id not in mind.held:
            return
        claim = mind.held[task_id]
        self.unharmed[task_id] += how == "give back"
        told = self._do(mind, lambda: ENDS[how](self.spool, claim), fault)
        if told == "lost":
            assert task_id not in mind.sure, f"{mind.name} never slept, and was robbed of {task_id}"
        mind.held.pop(task_id, None)
        mind.sure.discard(task_id)

    @rule(fault=faults(*SWEEPING))
    def sweep(self, fault: str) -> None:
        """Main looks once for dead nodes, while those that live say so."""
        self._pass_time()
        self._do_for_nobody(lambda: str(self.main.look("now")), fault)

    @rule(two=TWO, hows=st.tuples(HOW, HOW), sleep=sleeps(*ENDING), fault=faults(*ENDING))
    def duel(self, two: tuple[str, str], hows: tuple[str, str], sleep: str, fault: str) -> None:
        """A node sleeps while it ends a claim, another takes over, and the first wakes in the middle of its end."""
        first, second = (self.nodes[name] for name in two)
        task_id = self._some_task_of(first)
        self._end(first, task_id, hows[0], sleep)
        self._overtake(second, 4, NOTHING)
        self._end(second, task_id, hows[1], fault)
        if first.child:
            self._wake_node(first)

    @rule(two=TWO, how=HOW, sleep=sleeps(*ENDING), fault=sleeps(*SWEEPING))
    def late_sweep(self, two: tuple[str, str], how: str, sleep: str, fault: str) -> None:
        """Main falls asleep as it takes a claim back; its holder wakes, another claims the task, then main wakes."""
        first, second = (self.nodes[name] for name in two)
        task_id = self._some_task_of(first)
        self._end(first, task_id, how, sleep)
        self._overtake(second, 3, fault)
        if first.child:
            self._wake_node(first)
        self._end(second, task_id, "give back", NOTHING)
        self._claim(first, task_id, NOTHING)
        while self.sleepers:
            self.sleepers.pop().wake()

    def _some_task_of(self, mind: Mind) -> str:
        for path in visible(self.spool.tasks):
            self._claim(mind, path.name, NOTHING)
        return next(iter(mind.held), NOTHING)

    @rule(who=WHO, looks=st.integers(3, 4), fault=faults(*SWEEPING))
    def overtake(self, who: str, looks: int, fault: str) -> None:
        """A whole lease passes, main takes what is held by those that sleep, and a node that lives claims it all."""
        self._overtake(self.nodes[who], looks, fault)

    def _overtake(self, mind: Mind, looks: int, fault: str) -> None:
        for _ in range(looks):
            self._pass_time()
            self.main.look("now")
        self._pass_time()
        self._do_for_nobody(lambda: str(self.main.look("now")), fault)
        for task_id in [path.name for path in visible(self.spool.tasks)]:
            self._claim(mind, task_id, NOTHING)

    @rule(who=WHO, fault=faults(*SWEEPING))
    def look(self, who: str, fault: str) -> None:
        """A node looks for what nobody works on, among its own and others'."""
        mind = self.nodes[who]
        self._pass_time()
        if mind.is_awake and (sweeper := mind.sweeper):
            self._do(mind, lambda: str(sweeper.look("now")), fault)

    @rule(who=WHO, fault=faults(*SWEEPING))
    def restart(self, who: str, fault: str) -> None:
        """A node that died starts anew, and looks what it held."""
        mind = self.nodes[who]
        if mind.incarnation:
            return
        self._be_born(mind)
        sweeper = mind.sweeper
        assert sweeper is not None
        self._do(mind, lambda: str(sweeper.look("now")), fault)

    @rule(which=WHICH, fault=faults(*RETRYING))
    def retry(self, which: int, fault: str) -> None:
        """An operator tries a failed task again."""
        failed = [path.name for path in visible(self.spool.failed)]
        if not failed:
            return

        def step() -> str:
            with suppress(LeaseLost, MissingInput):
                self.spool.retry(failed[which % len(failed)])
            return NOTHING

        self.retried |= set(failed)
        self._do_for_nobody(step, fault)

    @rule(which=WHICH)
    def wake(self, which: int) -> None:
        """Whoever sleeps goes on, whatever happened since."""
        sleeping = [mind for mind in self.nodes.values() if mind.child]
        everyone = len(sleeping) + len(self.sleepers)
        if not everyone:
            return
        if which % everyone < len(sleeping):
            self._wake_node(sleeping[which % everyone])
        else:
            self.sleepers.pop(which % everyone - len(sleeping)).wake()

    def _wake_node(self, mind: Mind) -> None:
        child, mind.child = mind.child, None
        assert child is not None
        self._take(mind, child.wake())
        mind.sure.clear()

    @rule(who=WHO)
    def kill(self, who: str) -> None:
        """A node dies with all that it holds, awake or asleep."""
        mind = self.nodes[who]
        if mind.child:
            mind.child.end()
        mind.die()

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def every_task_is_in_one_place(self) -> None:
        """Every task that was made has exactly one token, whose epoch never falls."""
        found = fsck.tokens(self.spool)
        assert sorted(found) == sorted(self.known)
        for task_id, paths in found.items():
            assert len(paths) == 1, paths
            name = Path(paths[0]).name
            if not paths[0].startswith("output/"):
                epoch = int(name.rpartition(".")[2])
                assert epoch >= self.epochs.get(task_id, 0), paths
                self.epochs[task_id] = epoch

    @invariant()
    def nothing_is_wrong(self) -> None:
        """The operator's check finds no error, however many sleep in the middle of a step."""
        assert errors_in(self.spool) == []

    @invariant()
    def a_video_stays_as_it_is(self) -> None:
        """What was seen in output/ once is the same file with the same bytes for ever."""
        now = {}
        for path in visible(self.spool.output):
            video = path / "final.mp4"
            now[path.name] = video.stat().st_ino, video.read_bytes()
            assert now[path.name][1] == VIDEO
        assert {task_id: now.get(task_id) for task_id in self.videos} == self.videos
        self.videos = now

    @invariant()
    def attempts_are_counted(self) -> None:
        """Every way back to tasks/ costs an attempt, but for a task given back unharmed; none has used up all."""
        for path in visible(self.spool.tasks):
            attempts = read_task(path).attempts
            assert attempts < ATTEMPTS
            if path.name not in self.retried:
                assert attempts + self.unharmed[path.name] >= (token(path) or 0) - 1

    @invariant()
    def who_lives_is_not_robbed(self) -> None:
        """A node that beats and did not sleep has what it claimed, in its place or, while someone sleeps, beside it."""
        for mind in self.nodes.values():
            for task_id in mind.sure:
                claim = mind.held[task_id]
                beside = self.spool.processing.glob(f".{task_id}.reaped.*/out.{claim.epoch}")
                assert claim.out.is_dir() or any(beside), f"{mind.name} lost {task_id}"

    # -- the end -------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Wake and revive everyone: within a few looks every task is in tasks/, output/ or trash/failed."""
        if not hasattr(self, "spool"):
            return
        try:
            self._come_to_rest()
        finally:
            for child in [*self.sleepers, *(mind.child for mind in self.nodes.values() if mind.child)]:
                if child.is_asleep:
                    child.end()
            self._house.__exit__(None, None, None)

    def _come_to_rest(self) -> None:
        while self.sleepers:
            self.sleepers.pop().wake()
        for mind in self.nodes.values():
            if mind.child:
                self._wake_node(mind)
            for claim in mind.held.values():
                finished(self.spool, claim)
            mind.held.clear()
            if not mind.incarnation:
                self._be_born(mind)
        for _ in range(8):
            self._pass_time()
            for mind in self.nodes.values():
                assert mind.sweeper is not None
                mind.sweeper.look("now")
            self.main.look("now")
        left = [path.name for path in self.spool.processing.iterdir() if path.name != ".nodes"]
        rooms = [
            path.name for room in (self.spool.tasks, self.spool.output, self.spool.failed) for path in visible(room)
        ]
        assert left == []
        assert sorted(rooms) == sorted(self.known)
        assert fsck.examine(self.spool, quick=True) == []


def test_every_order_of_events_keeps_the_promises() -> None:
    """Whatever nodes, main and operators do, die of and sleep over: one token, one publish, nothing lost or left."""
    bounds = settings(
        max_examples=20000 if IS_LONG else 100,
        stateful_step_count=60 if IS_LONG else 30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    points.names()  # reads the whole package once, here and not in every child
    run_state_machine_as_test(Protocol, settings=bounds)  # type: ignore[no-untyped-call]
