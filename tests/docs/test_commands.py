"""Every verb has its group, its line and examples that can be typed; help, pages and completion are made of them."""

import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.docs import command_pages
from tests.verbs import said_by
from videogen.cli import program
from videogen.cli.completing import Shell, script
from videogen.cli.verbs import EXITS, GROUPS, OF
from videogen.errors import VideogenError
from videogen.spool import Spool

BASH = shutil.which("bash") or "bash"
IDS = ("3f2a0000-0000-4000-8000-000000000001", "3f2b0000-0000-4000-8000-000000000002")
LINES = {verb: line for group in GROUPS for verb, line in group.verbs}
TOLD = {one.name: one for one in command_pages.verbs()}


def commands() -> dict[str, Any]:
    """Give the verbs that the program has."""
    return dict(program().commands)


def test_every_verb_is_in_a_group() -> None:
    """A new verb gets a line in the table of verbs, which fits beside it on a terminal of 80 columns."""
    missing = set(commands()) - set(LINES)

    assert not missing, f"give these a line in TABLE of videogen/cli/verbs.py: {sorted(missing)}"
    assert [verb for verb, line in LINES.items() if len(line) > 65 or line.endswith(".")] == []
    assert len(LINES) == sum(len(group.verbs) for group in GROUPS)


def test_every_verb_has_examples() -> None:
    """A verb without an example is one that a person has to guess."""
    bare = [name for name, one in TOLD.items() if not getattr(one.command, "commands", None) and name not in OF]

    assert not bare, f"give these examples in EXAMPLES of videogen/cli/verbs.py: {bare}"


@pytest.mark.parametrize("name", TOLD)
def test_examples_can_be_typed(name: str) -> None:
    """Each example is parsed by the very verb it stands with: no option in it is unknown."""
    for example in OF.get(name, ()):
        words = shlex.split(re.split(r" [|>]", example.line)[0])[1:]
        if words[0] == "--root":
            words = words[2:]
        verb = name.split()

        assert words[: len(verb)] == verb
        TOLD[name].command.make_context(name, words[len(verb) :], parent=TOLD[name].context.parent)


@pytest.mark.parametrize("name", TOLD)
def test_help_is_plain_and_begins_with_examples(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A verb's help is plain text of at most 80 columns, and its examples stand before its options (field notes D)."""
    said = said_by(tmp_path, capsys, *name.split(), "--help")

    assert said.status == 0
    assert said.out.index("Examples:" if name in OF else "Verbs:") < said.out.index("Options:")
    assert not re.search(r"[^\x20-\x7e\n]", said.out)
    assert max(map(len, said.out.splitlines())) <= 80


def test_help_groups_the_verbs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The program's help tells every verb once, by group, and every number that it ends with."""
    told = said_by(tmp_path, capsys, "--help").out

    for verb in commands():
        assert len(re.findall(rf"(?m)^  {verb} ", told)) == 1
    for group in GROUPS:
        assert f"{group.name}: {group.title}:\n" in told
    assert all(re.search(rf"(?m)^  {number}  ", told) for number, _ in EXITS)


def test_every_exit_of_an_error_is_told() -> None:
    """No family of errors ends with a number that help does not explain."""
    families = [
        *VideogenError.__subclasses__(),
        *(one for kind in VideogenError.__subclasses__() for one in kind.__subclasses__()),
    ]

    assert {one.exit_code for one in families} - {1} <= {number for number, _ in EXITS}


def test_the_pages_are_made_of_the_verbs() -> None:
    """docs/commands.md, the manual and the installed script are what the program says now."""
    assert command_pages.PAGE.read_text(encoding="utf-8") == command_pages.page(), command_pages.__doc__
    assert command_pages.MAN.read_text(encoding="utf-8") == command_pages.man(), command_pages.__doc__
    assert command_pages.BASH.read_text(encoding="utf-8") == script(), command_pages.__doc__


def test_the_manual_is_one(tmp_path: Path) -> None:
    """groff reads the manual without a complaint, and every verb stands in it."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed (apt: groff-base)")
    argv = ["groff", "-man", "-ww", "-Tascii", "-P-cbou", str(command_pages.MAN)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path)

    assert done.stderr == ""
    assert all(f"   {name} " in done.stdout for name in TOLD)


# -- completion --------------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A spool with a task in two rooms and two nodes, in a folder with a space in its name."""
    spool = Spool(tmp_path / "my spool")
    spool.lay_out()
    for room, name in (("tasks", IDS[0]), ("output", IDS[1])):
        (spool.root / room / name).mkdir()
    spool.nodes.mkdir(exist_ok=True)
    for name in ("attic", "cellar"):
        (spool.nodes / f"{name}.json").write_text("{}")
    (spool.nodes / "attic.tune.json").write_text("{}")
    return spool.root


def completed(root: Path, line: str, variables: str = "") -> list[str]:
    """Press the key at the end of a line, in a real bash; the last word may be empty."""
    words = line.split(" ")
    asked = f"""
        {variables}
        source /dev/stdin <<'SCRIPT'
{script()}SCRIPT
        COMP_WORDS=({" ".join(word if word else "''" for word in words)}); COMP_CWORD={len(words) - 1}
        _videogen; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        [BASH, "--norc", "-c", asked], capture_output=True, text=True, check=True, cwd=root, env={"PATH": "/none"}
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("videogen st", ["status"]),
        ("videogen --log-json dra", ["drain"]),
        ("videogen cache v", ["verify"]),
        ("videogen fsck --re", ["--repair"]),
        ("videogen plan 3f2a", [IDS[0]]),
        ("videogen replay 3f2", [*IDS]),
        ("videogen plan ", []),
        ("videogen drain ", ["attic", "cellar"]),
        ("videogen resume at", ["attic"]),
        ("videogen completion z", ["zsh"]),
        ("videogen encode --crf 1", []),
    ],
)
def test_bash_completes(root: Path, line: str, wanted: list[str]) -> None:
    """A bash with nothing but the script completes verbs, options, ids by their beginnings and nodes."""
    assert sorted(completed(root, line)) == sorted(wanted)


def test_completion_goes_by_the_root(root: Path, tmp_path: Path) -> None:
    """Ids are those of the root that is typed, else of VIDEOGEN_ROOT."""
    (tmp_path / "other" / "tasks" / "3f2c").mkdir(parents=True)

    assert completed(root, "videogen --root ../other plan 3f2") == ["3f2c"]
    assert completed(root, "videogen --root = ../other plan 3f2") == ["3f2c"]
    assert completed(tmp_path, "videogen plan 3f2", f"VIDEOGEN_ROOT='{root}'") == sorted(IDS)


def test_completion_is_quick_among_many(root: Path) -> None:
    """Among 5,000 tasks a key press with four letters typed costs little more than bash itself."""
    for number in range(5_000):
        (root / "tasks" / f"{number:08x}").mkdir()

    began = time.monotonic()
    found = completed(root, "videogen plan 3f2a")

    assert found == [IDS[0]]
    assert time.monotonic() - began < 3


def test_zsh_gets_the_same_script() -> None:
    """For zsh the same function is taught through its own way of reading bash's."""
    assert script(Shell.zsh).startswith("autoload -U +X bashcompinit")
    assert script(Shell.zsh).endswith("complete -F _videogen videogen\n")
