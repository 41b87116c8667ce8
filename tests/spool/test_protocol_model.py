"""The protocol under any order of lives, deaths and sleeps: one token per task, one publish, no loss (A3, P1-P5, P13).

Each step is the real code on a real folder. A step with a fault is lived by a child that a fail point kills, or puts to
sleep until it is woken, long after others took over. VIDEOGEN_LONG=1 makes it a run of about an hour.
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
from videogen.errors import LeaseLost, MediaError, MissingInput, TemporaryError
from videogen.model.node import NodePaper
from videogen.model.task import ATTEMPTS
from videogen.spool import Claim, Identity, Spool, Sweeper, cancelling, paper_of, read_task, returning, visible
from videogen.spool.papers import read_lease, token

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
IS_LONG = os.environ.get("VIDEOGEN_LONG") == "1"
LEASE_S = 60.0
LOOK_S = LEASE_S / 4
PATIENCE_S = 0.03
"""Of an operator's hand, for what another holds in his sleep."""
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


CLAIMING = ("claim.after_first", "claim.after_lease", "claim.after_second")
PUBLISHING = (
    "upload.after_rename",
    "publish.before_rename",
    "publish.after_rename",
    "durable.remove_tree.after_rename",
)
REAPED = ("aside.after_rename", "reaped.after_verdict")
ANEW = ("back.before_token", "back.after_token", "back.after_rename")
BACK = ("fence.after_rename", "back.after_verdict", *REAPED, *ANEW)
BURIED = ("fence.after_rename", "bury.after_verdict", *REAPED, "bury.after_rename")
ENDING = (*PUBLISHING, *BACK, *BURIED)
SWEEPING = ("sweep.before_take", *BACK, *BURIED)
HANDED = ("cancel.before_end", *CLAIMING)
RETRYING = ("durable.write.after_rename", "retry.after_rename", *REAPED[1:], *ANEW)


@dataclass(frozen=True)
class Part:
    """Someone in the middle of what they do."""

    who: str
    how: str
    point: str

    def __str__(self) -> str:
        return f"{self.who}: {self.how} at {self.point}"


PARTS = (
    *(Part("node", "finish", point) for point in PUBLISHING[:3]),
    *(Part("node", "give back", point) for point in ("durable.move.before", *BACK)),
    *(Part("node", "give up", point) for point in BURIED),
)
LATE = (
    *PARTS,
    *(Part("sweeper", "take back", point) for point in ("sweep.before_take", *BACK)),
    *(Part("operator", "retry", point) for point in RETRYING),
    *(Part("hand", "cancel", point) for point in ("cancel.before_end", *BURIED[:3])),
    *(Part("hand", "requeue", point) for point in BACK[:2]),
)


def faults(*names: str) -> st.SearchStrategy[str]:
    """Give nothing, or a death or a sleep at one of these points, or before one of the first renames."""
    return st.one_of(st.just(NOTHING), sleeps(*names), sleeps(*names).map(lambda fault: fault.replace("stop", "kill")))


def sleeps(*names: str) -> st.SearchStrategy[str]:
    """Give a sleep at one of these points, or before one of the first renames."""
    renames = st.builds("durable.move.before=stop@{}".format, st.integers(1, 7))
    return st.one_of(st.builds("{}=stop@1".format, st.sampled_from(names)), renames)


HOW = st.sampled_from(sorted(ENDS))
WHO = st.sampled_from(NODES)
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
        durable.write(paper_of(self.spool.nodes, mind.name), paper.model_dump_json())

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
            self._lose_lock()
        return child.told

    def _do_for_nobody(self, step: Callable[[], str], fault: str) -> None:
        """Have main or an operator live a step."""
        if not fault:
            step()
            return
        child = Child(step, fault)
        if child.is_asleep:
            self.sleepers.append(child)
            self._lose_lock()

    def _lose_lock(self) -> None:
        """Let others sweep while one sleeps in a sweep: over a network its lock ends, with the lease of its client."""
        with suppress(FileNotFoundError):
            (self.spool.nodes / "sweep.lock").unlink()

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

    @rule(late=st.sampled_from(LATE), other=st.sampled_from(PARTS), fate=st.sampled_from(("kill", "stop")))
    def tell(self, late: Part, other: Part, fate: str) -> None:
        """Someone falls asleep in a part, a node takes over and is stopped in one of its own, and the first wakes."""
        self.wake_all()
        first, second = self.nodes["n1"], self.nodes["n2"]
        task_id = publish(self.spool)
        self.known.append(task_id)
        self._claim(first, task_id, NOTHING)
        self._fall_asleep(first, task_id, late)
        self._overtake(second, 6, NOTHING)
        self._end(second, task_id, other.how, f"{other.point}={fate}@1")
        self.check()
        if first.child:
            self._wake_node(first)
        while self.sleepers:
            self.sleepers.pop().wake()
        self.check()

    def _fall_asleep(self, mind: Mind, task_id: str, part: Part) -> None:
        fault = f"{part.point}=stop@1"
        if part.who == "operator":
            self._end(mind, task_id, "give up", NOTHING)
            self._retry(task_id, fault)
            self._retry(task_id, NOTHING)
        elif part.who == "hand":
            self._take_by_hand(task_id, fault, is_back=part.how == "requeue")
        elif part.who == "sweeper":
            mind.die()
            self._be_born(mind)
            self._look(mind, fault)
        else:
            self._end(mind, task_id, part.how, fault)

    def wake_all(self) -> None:
        """Let everyone go on to the end of what they are in, and start every node that died."""
        while self.sleepers:
            self.sleepers.pop().wake()
        for mind in self.nodes.values():
            if mind.child:
                self._wake_node(mind)
            if not mind.incarnation:
                self._be_born(mind)

    def check(self) -> None:
        """Look at everything that must hold, now."""
        self.every_task_is_in_one_place()
        self.nothing_is_wrong()
        self.a_video_stays_as_it_is()
        self.attempts_are_counted()
        self.who_lives_is_not_robbed()

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
        self._pass_time()
        self._look(self.nodes[who], fault)

    def _look(self, mind: Mind, fault: str) -> None:
        if mind.is_awake and (sweeper := mind.sweeper):
            self._do(mind, lambda: str(sweeper.look("now")), fault)

    @rule(who=WHO, fault=faults(*SWEEPING))
    def restart(self, who: str, fault: str) -> None:
        """A node that died starts anew, and looks what it held."""
        mind = self.nodes[who]
        if not mind.incarnation:
            self._be_born(mind)
            self._look(mind, fault)

    @rule(which=WHICH, fault=faults(*RETRYING))
    def retry(self, which: int, fault: str) -> None:
        """An operator tries a failed task again."""
        failed = [path.name for path in visible(self.spool.failed)]
        if failed:
            self._retry(failed[which % len(failed)], fault)

    def _retry(self, task_id: str, fault: str) -> None:
        def step() -> str:
            with suppress(LeaseLost, MissingInput):
                self.spool.retry(task_id)
            return NOTHING

        self.retried.add(task_id)
        self._do_for_nobody(step, fault)

    @rule(which=WHICH, is_back=st.booleans(), fault=faults(*HANDED, *BACK, *BURIED))
    def take_by_hand(self, which: int, is_back: bool, fault: str) -> None:
        """An operator cancels a task that waits or is held, or queues it anew; whoever held it did nothing wrong."""
        there = [path.name for room in (self.spool.tasks, self.spool.processing) for path in visible(room)]
        if there:
            self._take_by_hand(there[which % len(there)], fault, is_back=is_back)

    def _take_by_hand(self, task_id: str, fault: str, *, is_back: bool) -> None:
        def step() -> str:
            with suppress(LeaseLost, MissingInput, TemporaryError):
                if is_back:
                    cancelling.requeue(self.spool, task_id, cancelling.Wish(priority=7), patience_s=PATIENCE_S)
                else:
                    cancelling.cancel(self.spool, task_id, at="now", patience_s=PATIENCE_S)
            return NOTHING

        self.unharmed[task_id] += 1
        for mind in self.nodes.values():
            mind.sure.discard(task_id)
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
        self.wake_all()
        for mind in self.nodes.values():
            for claim in mind.held.values():
                finished(self.spool, claim)
            mind.held.clear()
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


@pytest.mark.timeout(0 if IS_LONG else 240)
def test_every_order_of_events_keeps_the_promises() -> None:
    """Whatever nodes, main and operators do, die of and sleep over: one token, one publish, nothing lost or left."""
    bounds = settings(
        max_examples=8000 if IS_LONG else 12,
        stateful_step_count=60 if IS_LONG else 30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    points.names()  # reads the whole package once, here and not in every child
    run_state_machine_as_test(Protocol, settings=bounds)


@pytest.mark.parametrize("late", LATE, ids=str)
def test_whoever_wakes_late_changes_nothing(late: Part) -> None:
    """A node, a sweeper or an operator that slept at any point wakes beside a new holder at any point: none is hurt."""
    points.names()
    model = Protocol()
    model.begin()
    try:
        for number, other in enumerate(PARTS):
            for fate in ("kill", "stop") if IS_LONG else (("kill", "stop")[number % 2],):
                model.tell(late, other, fate)
    finally:
        model.teardown()


# -- by hand -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def spool() -> Iterator[Spool]:
    """A house of its own."""
    points.names()
    with house() as made:
        yield made


@pytest.fixture
def asleep() -> Iterator[Callable[[Callable[[], str], str], Child]]:
    """Start processes that fall asleep; whoever still sleeps at the end is killed."""
    started: list[Child] = []

    def start(step: Callable[[], str], fault: str) -> Child:
        child = Child(step, fault)
        started.append(child)
        assert child.is_asleep
        return child

    yield start
    for child in started:
        if child.is_asleep:
            child.end()


Asleep = Callable[[Callable[[], str], str], Child]


def held_by(spool: Spool, task_id: str, node: str) -> Claim:
    """Claim a task that waits."""
    claim = spool.claim(task_id, node, f"life of {node}")
    assert claim is not None
    return claim


def taken_back(spool: Spool, task_id: str) -> str:
    """Go on with a claim of epoch 1 as whoever sees that its holder died."""
    return end_of(lambda: returning.recover_claim(spool.root, spool.processing / task_id, 1, "now", "n1"))


def swept(spool: Spool) -> None:
    """Have the tasks of all that are silent taken back."""
    clock = [0.0]
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=lambda: clock[0])
    for _ in range(7):
        sweeper.look("now")
        clock[0] += LOOK_S


@pytest.mark.parametrize("is_killed", [False, True], ids=["it looks", "it is killed"])
def test_displaced_claim_is_put_back(spool: Spool, asleep: Asleep, is_killed: bool) -> None:
    """A claim that a late holder took aside is put back, by it or by the next look, and is published (P1, P4)."""
    task_id = publish(spool)
    claim = held_by(spool, task_id, "n1")
    late = asleep(
        lambda: given_back(spool, claim),
        f"back.after_verdict=stop@1,aside.after_rename={'kill' if is_killed else 'stop'}@1",
    )
    taken_back(spool, task_id)
    mine = held_by(spool, task_id, "n2")

    late.wake()

    assert not mine.folder.exists()
    (beside,) = fsck.tokens(spool)[task_id]
    assert Path(beside).match("processing/.*.reaped.1.*/out.2")
    if is_killed:
        Sweeper(spool).look("now")
    else:
        assert late.wake() == "lost"
    assert finished(spool, mine) == "done"
    assert fsck.examine(spool, quick=True) == []


def test_displaced_token_on_its_way_back_is_kept(spool: Spool, asleep: Asleep) -> None:
    """A claim that was fenced, and taken aside by a late holder before its verdict, is not put away (P1)."""
    task_id = publish(spool)
    claim = held_by(spool, task_id, "n1")
    late = asleep(lambda: given_back(spool, claim), "back.after_verdict=stop@1")
    taken_back(spool, task_id)
    mine = held_by(spool, task_id, "n2")
    assert Child(lambda: given_back(spool, mine), "fence.after_rename=kill@1").is_dead

    assert late.wake() == "lost"

    assert fsck.tokens(spool) == {task_id: [f"processing/{task_id}/.fenced.2"]}


def test_who_clears_up_late_takes_nothing_else(spool: Spool, asleep: Asleep) -> None:
    """One that slept before it put an old claim away does not put away what another displaced meanwhile (P1)."""
    task_id = publish(spool)
    claim = held_by(spool, task_id, "n1")
    late = asleep(lambda: given_back(spool, claim), "back.after_verdict=stop@1,aside.after_rename=stop@1")
    clearing = asleep(lambda: taken_back(spool, task_id), "back.after_rename=stop@1")
    mine = held_by(spool, task_id, "n2")
    before = fsck.tokens(spool)
    late.wake()

    clearing.wake()

    assert late.wake() == "lost"
    assert fsck.tokens(spool) == before == {task_id: [f"processing/{task_id}/out.2"]}
    assert finished(spool, mine) == "done"


def test_late_sweeper_takes_only_what_it_saw(spool: Spool, asleep: Asleep) -> None:
    """A sweeper that slept since it saw a dead claim leaves alone who holds the task by then (P4)."""
    task_id = publish(spool)
    claim = held_by(spool, task_id, "n1")
    sweeper = Sweeper(spool, Identity("n1", "next life"))
    late = asleep(lambda: str(sweeper.look("now")), "sweep.before_take=stop@1")
    assert given_back(spool, claim) == "done"
    mine = held_by(spool, task_id, "n2")

    assert late.wake() == "[]"

    assert finished(spool, mine) == "done"


def test_claim_that_came_since_the_look_is_not_put_away(spool: Spool, asleep: Asleep) -> None:
    """A sweeper that found nothing in a claim, as it had gone back, does not put away the next one (P1)."""
    task_id = publish(spool)
    given_back(spool, held_by(spool, task_id, "n1"))
    late = asleep(lambda: taken_back(spool, task_id), "durable.move.before=stop@1")
    mine = held_by(spool, task_id, "n2")

    assert late.wake() == "lost"

    assert finished(spool, mine) == "done"


def test_folder_of_a_known_number_is_another_claim(spool: Spool) -> None:
    """A claim in a folder whose inode was an older claim's stays while its own holder lives, and no longer (P3)."""
    task_id = publish(spool)
    held_by(spool, task_id, "n1")
    clock = [0.0]
    sweeper = Sweeper(spool, lease_s=LEASE_S, clock=lambda: clock[0])
    sweeper.look("now")
    folder = spool.processing / task_id
    # As after a give back and a claim, where the filesystem gives the number of a folder that went to the next one.
    (folder / "out.1").rename(folder / "out.2")
    lease = read_lease(folder)
    assert lease is not None
    durable.write(folder / "lease.json", lease.model_copy(update={"node": "n2", "epoch": 2}).to_json())

    for beat in range(8):
        clock[0] += LOOK_S
        durable.write(
            paper_of(spool.nodes, "n2"),
            NodePaper(node="n2", incarnation=lease.incarnation, beat=beat, host="elsewhere").model_dump_json(),
        )
        assert sweeper.look("now") == []
    assert (folder / "out.2").is_dir()

    for _ in range(5):
        clock[0] += LOOK_S
        sweeper.look("now")
    assert fsck.tokens(spool) == {task_id: [f"tasks/{task_id}/out.3"]}


def test_retry_of_what_nobody_held_is_finished(spool: Spool) -> None:
    """A task set aside from tasks/ whose retry was killed half way is brought to tasks/ by the next sweep (P1, P13)."""
    task_id = publish(spool)
    paper = spool.tasks / task_id / "metadata.json"
    kept = paper.read_bytes()
    paper.write_text("torn")
    spool.clear_broken("now")
    (spool.failed / task_id / "metadata.json").write_bytes(kept)

    def retry() -> str:
        spool.retry(task_id)
        return NOTHING

    assert Child(retry, "retry.after_rename=kill@1").is_dead
    swept(spool)

    assert [path.name for path in visible(spool.tasks)] == [task_id]
    assert fsck.examine(spool, quick=True) == []


def test_late_retry_leaves_the_next_failure_in_its_room(spool: Spool, asleep: Asleep) -> None:
    """A retry that slept until the task was retried and failed again leaves it in trash/failed, with its token (P1)."""
    task_id = publish(spool)
    given_up(spool, held_by(spool, task_id, "n1"))
    late = asleep(lambda: end_of(lambda: spool.retry(task_id)), "durable.write.after_rename=stop@1")
    spool.retry(task_id)
    given_up(spool, held_by(spool, task_id, "n2"))

    assert late.wake() == "lost"

    assert fsck.tokens(spool) == {task_id: [f"trash/failed/{task_id}/.fenced.2"]}
    spool.retry(task_id)
    assert finished(spool, held_by(spool, task_id, "n3")) == "done"


@pytest.mark.parametrize("is_held", [False, True], ids=["back in tasks", "held by another"])
def test_late_give_up_writes_nothing(spool: Spool, asleep: Asleep, is_held: bool) -> None:
    """A node that slept after it fenced a claim learns that it lost it, and leaves no word in the next one (P4)."""
    task_id = publish(spool)
    claim = held_by(spool, task_id, "n1")
    late = asleep(lambda: given_up(spool, claim), "fence.after_rename=stop@1")
    taken_back(spool, task_id)
    if is_held:
        held_by(spool, task_id, "n2")
    before = sorted(spool.root.rglob("*"))

    assert late.wake() == "lost"

    assert sorted(spool.root.rglob("*")) == before


def test_copy_of_a_failed_task_is_not_retried(spool: Spool) -> None:
    """What lies in trash/failed under another name than its paper's is left there: it would be a second one (P2)."""
    task_id = publish(spool)
    given_up(spool, held_by(spool, task_id, "n1"))
    copy = spool.failed / f"{task_id}~2"
    shutil.copytree(spool.failed / task_id, copy, symlinks=True)

    with pytest.raises(MissingInput, match="copy of the task"):
        spool.retry(copy.name)

    assert (copy / ".fenced.1").is_dir()
