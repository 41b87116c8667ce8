"""The code keeps the rules that its documents state: sizes, floors, docstrings, and who may touch what."""

import ast
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from videogen.config import Settings, rows

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "videogen").rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef
Public = Function | ast.ClassDef


def name_of(path: Path) -> str:
    """Name a module as a person would."""
    return path.relative_to(ROOT / "videogen").as_posix()


def tree_of(path: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def code_lines(function: Function) -> int:
    """Count a function's lines without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= (function.body[0].end_lineno or 0) - function.body[0].lineno + 1
    return lines


each_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


@each_module
def test_a_module_is_read_at_one_sitting(path: Path) -> None:
    """No module is longer than 400 lines, and none is without a card that says what it is."""
    assert path.read_text(encoding="utf-8").count("\n") <= 400
    assert ast.get_docstring(tree_of(path))


@each_module
def test_a_function_is_seen_on_one_screen(path: Path) -> None:
    """No function is longer than 50 lines without its docstring."""
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, Function)]

    assert [(one.name, code_lines(one)) for one in functions if code_lines(one) > 50] == []


def public(body: list[ast.stmt]) -> Iterator[Public]:
    """Give what others may use of a module: functions, classes, and the methods of those."""
    for node in body:
        if isinstance(node, Public) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


@each_module
def test_everything_public_says_what_it_does(path: Path) -> None:
    """Every public function, class and method has a docstring whose first line is a sentence."""
    for one in public(tree_of(path).body):
        first = (ast.get_docstring(one) or "").partition("\n")[0]
        assert first.endswith("."), f"{name_of(path)}: {one.name}"


# -- who may do what -----------------------------------------------------------------------------------------------

# Calls by method name; lint bans the functions of os and shutil by theirs. A row without a reason is not a row.
HANDS = {"rename", "replace", "symlink_to", "hardlink_to", "unlink", "rmdir", "touch", "write_text", "write_bytes"} | {
    "mkdir"
}
MAY_TOUCH = {
    "durable.py": HANDS,  # the one place that knows the order of the syncs
    "content.py": {"unlink"},  # its bytes: a new file that could not be finished goes again
    "disk.py": HANDS,  # its calls, judged
    "kernel.py": HANDS,  # its calls, bare
    "logs.py": {"mkdir"},  # the folder of the logs is no room: nothing is promised of it after a crash
    "raster/apart.py": {"write_text", "write_bytes"},  # a temporary folder, gone with the child that draws
}
MAY_OPEN = {
    "durable.py": {"r+b"},  # a heartbeat, written over the last one where the disk is full
    "content.py": {"r+b"},  # a line added to a record, synced; what is there stays as it is
    "kernel.py": {"xb"},  # every new file
    "ffmpeg.py": {"ab"},  # stderr.log: FFmpeg itself writes to it, line by line, for whoever reads along
    "render/encodes.py": {"ab"},  # the same stderr.log: the words of encodes that ran side by side, one after another
    # The muxer writes by itself, into the scratch folder, and one bit of it is switched there; durable.py names it.
    "render/stitch.py": {"w", "r+b"},
    "spool/rooms.py": {"a+"},  # a lock file: it has no content
}


def method_calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Give every call of a method with the method's name."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def changes_names(name: str, call: ast.Call) -> bool:
    """Whether a call is one of a path's that changes the disk; replace(old, new) is a string's, by keyword a date's."""
    return name in HANDS and not (name == "replace" and (len(call.args) != 1 or call.keywords))


@each_module
def test_only_durable_changes_names(path: Path) -> None:
    """No module but durable.py renames, links, unlinks or writes by a path's own methods."""
    used = {name for name, call in method_calls(path) if changes_names(name, call)}

    assert used <= MAY_TOUCH.get(name_of(path), set())


@each_module
def test_only_durable_opens_for_writing(path: Path) -> None:
    """No module but durable.py opens a file to write to it; who keeps a log or a lock is named with the reason."""
    calls = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    opens = [one for one in calls if getattr(one.func, "attr", getattr(one.func, "id", "")) in {"open", "fdopen"}]
    words = [word for one in opens for word in (*one.args, *(keyword.value for keyword in one.keywords))]
    modes = {word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)}

    assert {mode for mode in modes if set(mode) <= set("rwaxbt+") and set(mode) & set("wax+")} <= MAY_OPEN.get(
        name_of(path), set()
    )


STARTERS = {"subprocess", "multiprocessing", "pty"}
OS_STARTERS = ("system", "popen", "fork", "forkpty", "exec", "spawn", "posix_spawn")


def imported(path: Path) -> set[str]:
    """Give the top names of all modules that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


@each_module
def test_only_cage_starts_processes(path: Path) -> None:
    """No module but cage.py imports what starts a process, or asks os to."""
    if name_of(path) == "cage.py":
        assert "subprocess" in imported(path)
        return
    asked = {
        name
        for name, call in method_calls(path)
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in {"os", "asyncio"}
        and name.startswith((*OS_STARTERS, "create_subprocess"))
    }

    if name_of(path) == "cli/app.py":
        asked -= {"execv"}  # itself again, in UTF-8 mode: no child, the same process
    if name_of(path) == "jail.py":
        asked -= {"execv"}  # the program that cage.py asked for: no child, the same process

    assert imported(path) & STARTERS == set()
    assert asked == set()


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("path.rename(other)", True),
        ("path.replace(other)", True),
        ("text.replace('a', 'b')", False),
        ("now.replace(hour=0)", False),
        ("path.unlink(missing_ok=True)", True),
        ("(a / 'b').write_text('c')", True),
        ("path.read_text()", False),
    ],
)
def test_the_search_finds_what_it_is_for(tmp_path: Path, line: str, *, is_found: bool) -> None:
    """The search for a path's methods knows them from a string's and a date's."""
    module = tmp_path / "module.py"
    module.write_text(line)

    assert any(changes_names(name, call) for name, call in method_calls(module)) is is_found


# -- documents -----------------------------------------------------------------------------------------------------


def between(text: str, begin: str, end: str) -> list[str]:
    """Give the lines between two marks, each of which stands there once."""
    assert text.count(begin) == 1
    inside = text.partition(begin)[2].partition(end)[0]
    return inside.strip().splitlines()


def test_the_floors_are_the_contract() -> None:
    """ARCHITECTURE.md draws the floors that import-linter enforces, line for line."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (floors,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")

    assert between((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), "```floors\n", "```") == floors


def test_every_module_stands_on_a_floor() -> None:
    """No top module or package of videogen is missing from the floors, and none stands there that is not."""
    floors = between((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), "```floors\n", "```")
    standing = [name.strip() for floor in floors for name in floor.split("|")]
    there = {path.stem for path in (ROOT / "videogen").glob("*.py")} - {"__init__"}
    there |= {path.parent.name for path in (ROOT / "videogen").glob("*/__init__.py")}

    assert sorted(standing) == sorted(there)


def test_the_table_of_settings_is_the_settings() -> None:
    """README names every setting with its default as JSON and its reason, in order, and no other."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = [line for line in between(text, "<!-- settings -->", "<!-- /settings -->") if line.startswith("| `")]

    wanted = [
        f"| `{row['name']}` | `{json.dumps(row['default'], ensure_ascii=False)}` | {row['about']} |"
        for row in rows(Settings.model_construct())
    ]
    assert listed == wanted
