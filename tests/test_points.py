"""Fail points do what a harness asks, when it asks, and nothing otherwise (A3, A10: what dies is taken up again)."""

import ast
import errno
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from videogen import durable, points
from videogen.errors import ConfigError, NoSpace

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
PACKAGE = Path(points.__file__).parent
POINT = "durable.remove.before"
OTHER = "durable.remove.after_unlink"
OF_DURABLE = {
    "durable.alone.locked",
    "durable.append.after",
    "durable.append.before",
    "durable.copy.block",
    "durable.create.after_link",
    "durable.create.before_link",
    "durable.empty.after",
    "durable.empty.before_each",
    "durable.link.after",
    "durable.link.before",
    "durable.make_folder.after",
    "durable.make_folder.before",
    "durable.make_folder.made",
    "durable.make_inner.after",
    "durable.make_inner.before",
    "durable.move.after",
    "durable.move.after_rename",
    "durable.move.before",
    "durable.move_new.after_link",
    "durable.move_new.after_unlink",
    "durable.move_new.before_link",
    "durable.new_file.after",
    "durable.new_file.before",
    "durable.new_file.created",
    "durable.new_file.written",
    "durable.overwrite.after",
    "durable.overwrite.before",
    "durable.point_at.after",
    "durable.point_at.before",
    "durable.remove.after_unlink",
    "durable.remove.before",
    "durable.remove_empty.before",
    "durable.remove_tree.after",
    "durable.remove_tree.after_rename",
    "durable.remove_tree.before",
    "durable.sync_file.after",
    "durable.sync_file.before",
    "durable.sync_folder.after",
    "durable.sync_folder.before",
    "durable.write.after_rename",
    "durable.write.before_rename",
}
"""What a harness can reach below the protocol: a name that goes leaves a line that nothing kills any more."""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave no rule behind for another test."""
    yield
    points.arm({})


def armed(spec: str, **more: str) -> None:
    """Go by a rule from now on."""
    points.arm({"VIDEOGEN_FAILPOINTS": spec, **{f"VIDEOGEN_FAILPOINTS_{name}": value for name, value in more.items()}})


def end_of(life: Callable[[], object]) -> int:
    """Live in a child; give its status as the system tells it, also that of a stop."""
    pid = os.fork()
    if pid == 0:
        try:
            life()
        except SystemExit as leaving:
            os._exit(int(str(leaving.code)))
        except BaseException:  # the child must never run the parent's test session on
            os._exit(99)
        os._exit(0)
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return status


# -- the list --------------------------------------------------------------------------------------------------------


def calls_of_point() -> Iterator[ast.Call]:
    """Give every call of a function of that name in the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # The bare name alone: a picture has a `point` of its own.
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "point":
                yield node


def test_every_point_is_listed() -> None:
    """Each call in the source has one literal name, and the list is those names."""
    arguments = [call.args for call in calls_of_point()]

    assert all(len(words) == 1 and isinstance(words[0], ast.Constant) for words in arguments)
    assert points.names() == {words[0].value for words in arguments if isinstance(words[0], ast.Constant)}


def test_points_of_durable_are_the_table() -> None:
    """No point of durable.py is missing from the table a person reviews, and none stands there that is gone."""
    assert {name for name in points.names() if name.startswith("durable.")} == OF_DURABLE


# -- what happens ----------------------------------------------------------------------------------------------------


def test_without_a_rule_nothing_happens() -> None:
    """A point with no rule for it, or with none at all, is passed."""
    points.point(POINT)
    armed(f"{POINT}=eio")

    points.point(OTHER)


@pytest.mark.parametrize(
    ("action", "has_ended"),
    [
        ("kill", lambda status: os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL),
        ("stop", lambda status: os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGSTOP),
        ("exit", lambda status: os.WIFEXITED(status) and os.WEXITSTATUS(status) == points.EXIT),
    ],
)
def test_a_process_ends_as_asked(action: str, has_ended: Callable[[int], bool]) -> None:
    """A kill and a stop are the signals, an exit cleans up and has a status of its own."""
    armed(f"{POINT}={action}")

    assert has_ended(end_of(lambda: points.point(POINT)))


@pytest.mark.parametrize("word", ["enospc", "eio", "estale"])
def test_a_call_fails_as_asked(word: str) -> None:
    """A failure has the number of the real one, and says that it was asked for."""
    armed(f"{POINT}={word}")

    with pytest.raises(OSError, match=f"fail point {POINT}") as caught:
        points.point(POINT)

    assert errno.errorcode[caught.value.errno or 0] == word.upper()


def test_a_process_is_slowed_as_asked() -> None:
    """A sleep lasts as long as it says."""
    armed(f"{POINT}=sleep:0.05")
    began = time.monotonic()

    points.point(POINT)

    assert time.monotonic() - began >= 0.05


def fired(times: int = 200) -> list[int]:
    """Reach the point that often; give the turns at which it failed."""
    turns = []
    for turn in range(1, times + 1):
        try:
            points.point(POINT)
        except OSError:
            turns.append(turn)
    return turns


def test_a_turn_is_that_turn_only() -> None:
    """`@3` acts the third time, not before and not again; armed anew, the count begins anew."""
    for _ in range(2):
        armed(f"{POINT}=eio@3")

        assert fired() == [3]


def test_a_chance_is_repeatable() -> None:
    """One seed gives the same turns, two give others, the rule's own counts first, and 0 and 1 are never and always."""
    shown = {}
    for name, spec, seed in (
        ("seven", f"{POINT}=eio%0.1@seed7", "1"),
        ("again", f"{POINT}=eio%0.1@seed7", "2"),
        ("by default", f"{POINT}=eio%0.1", "7"),
        ("eight", f"{POINT}=eio%.1@seed8", "7"),
        ("never", f"{POINT}=eio%0", "7"),
        ("always", f"{POINT}=eio%1", "7"),
    ):
        armed(spec, SEED=seed)
        shown[name] = fired()

    assert shown["seven"] == shown["again"] == shown["by default"] != shown["eight"]
    assert 5 < len(shown["seven"]) < 50
    assert (shown["never"], len(shown["always"])) == ([], 200)


def test_ledger_outlives_killed_processes(tmp_path: Path) -> None:
    """Every point reached is a line, with the action where there was one, over all processes that wrote to it."""
    ledger = tmp_path / "ledger"

    def live() -> None:
        armed(f"{POINT}=eio@1,{OTHER}=kill@2", LEDGER=str(ledger))
        fired(1)
        for _ in range(3):
            points.point(OTHER)

    for _ in range(2):
        assert os.WIFSIGNALED(end_of(live))

    assert ledger.read_text().splitlines() == [f"{POINT} eio", OTHER, f"{OTHER} kill"] * 2


def test_a_disk_that_is_full_at_a_point_is_a_full_disk(tmp_path: Path) -> None:
    """What a fail point answers in the middle of a write is judged like the real thing, and leaves nothing."""
    armed("durable.new_file.written=enospc")

    with pytest.raises(NoSpace):
        durable.write(tmp_path / "paper", b"content")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "spec",
    [
        "durable.remove.before",  # no action
        "durable.remove.before=explode",  # no such action
        "durable.remove.before=sleep",  # for how long?
        "durable.remove.before=kill:3",  # a kill takes no time
        "durable.remove.before=kill@0",  # turns begin at one
        "durable.remove.before=kill%2",  # more than certain
        "durable.remove.befor=kill",  # a name that no source has would never fire, and all would look well
    ],
)
def test_a_rule_that_would_do_nothing_is_refused(spec: str) -> None:
    """A rule that cannot be read, or names no point, is an error and not a harness that kills nobody."""
    with pytest.raises(ConfigError):
        armed(spec)
