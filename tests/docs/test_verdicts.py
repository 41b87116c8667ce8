"""Every refusal has a row in the table of codes, and every row is used; the page is made from both (P25, A19)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import verdict_table
from videogen import errors
from videogen.model.task import Reason
from videogen.verdicts import FAMILIES, RULINGS, ruling_of

PACKAGE = Path(__file__).parents[2] / "videogen"
REFUSING = (errors.InputError, errors.TemporaryError, errors.Defect)
"""The families whose errors end in trash/, at once or at the third time. Set-up errors and lost leases end nowhere."""
CLASSES = {name: one for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}
HANDED_ON = {
    "probe/prober.py": 1,  # what the inspector said
    "render/apart.py": 1,  # what the child said that looked at a file
    "raster/apart.py": 1,  # what the child said that draws
    "cutting/recipes.py": 1,  # what is wrong in a description, as `trouble_of` says it
    "crawl/report.py": 1,  # the code that the troubles of all addresses share
}
"""How many codes of a module come from an error that was raised elsewhere, where they are read."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Codes(ast.NodeVisitor):
    """The codes that one module gives to errors, and how many of them cannot be read from it."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._inside: list[Function] = []
        self.found: dict[str, int] = {}
        self.untold = 0
        self.visit(tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Know in which function an error is made."""
        self._inside.append(node)
        self.generic_visit(node)
        self._inside.pop()

    def visit_Call(self, node: ast.Call) -> None:
        """Read the code of an error that may refuse; one without has its class's own."""
        kind = CLASSES.get(getattr(node.func, "id", getattr(node.func, "attr", "")))
        if kind is not None and issubclass(kind, REFUSING):
            given = next((word.value for word in node.keywords if word.arg == "code"), None)
            for code in (kind.code,) if given is None else self._read(given):
                self.found.setdefault(code, node.lineno)
        self.generic_visit(node)

    def _read(self, given: ast.expr) -> Iterator[str]:
        match given:
            case ast.Constant(value=str(code)):
                yield code
            case ast.JoinedStr(values=parts):
                yield "".join(map(_part, parts))
            case ast.IfExp(body=body, orelse=orelse):
                yield from (*self._read(body), *self._read(orelse))
            case ast.Name(id=name):
                yield from self._named(name)
            case _:
                self.untold += 1

    def _named(self, name: str) -> Iterator[str]:
        """Read what a variable may hold: what its function assigns, or what the module's calls give for it."""
        function = self._inside[-1] if self._inside else None
        assigned = list(_assigned(function or self._tree, name))
        given = [argument.arg for argument in function.args.args] if function else []
        if not assigned and function and name in given:  # else a pattern caught it: another wrote it
            position = given.index(name)
            calls = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call)]
            ours = [call for call in calls if getattr(call.func, "id", "") == function.name]
            assigned = [call.args[position] for call in ours]
        self.untold += not assigned
        for value in assigned:
            yield from self._read(value)


def _part(part: ast.expr) -> str:
    """Give a part of an f-string as it stands in the table: words as they are, a value by its name."""
    match part:
        case ast.Constant(value=str(words)):
            return words
        case ast.FormattedValue(value=value):
            return f"<{ast.unparse(value)}>"
    raise AssertionError(ast.dump(part))


def _assigned(inside: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(inside):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                yield node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts, strict=True)
                yield from (value for one, value in pairs if isinstance(one, ast.Name) and one.id == name)


def codes() -> dict[str, str]:
    """Give every code that the source gives to an error that may refuse, with a place where it does."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        where, read = path.relative_to(PACKAGE).as_posix(), Codes(ast.parse(path.read_text(encoding="utf-8")))
        for code, line in read.found.items():
            found.setdefault(code, f"{where}:{line}")
    return found


def test_every_code_has_a_row() -> None:
    """No file and no task can be refused with a word that the table does not explain (P25)."""
    missing = {code: where for code, where in codes().items() if code not in RULINGS}

    rows = "\n".join(f"{code} | file | what it means | What to do." for code in sorted(missing))
    assert not missing, f"add these rows to videogen/verdicts.py, for {missing}:\n{rows}"


def test_every_row_is_used() -> None:
    """No row explains a word that nothing says; a class's own code counts, as FFmpeg's table names only classes."""
    own = {one.code for one in CLASSES.values() if issubclass(one, REFUSING)}

    assert set(RULINGS) - set(codes()) - own == set()


def test_codes_that_are_handed_on_are_named() -> None:
    """Where a code comes from another error its module is named here, so that no code escapes the look."""
    untold = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if count := Codes(ast.parse(path.read_text(encoding="utf-8"))).untold:
            untold[path.relative_to(PACKAGE).as_posix()] = count

    assert untold == HANDED_ON


def test_rows_are_whole_and_in_order() -> None:
    """Each row has a stable word, families that exist, a meaning and a sentence of what to do; codes rise."""
    for one in RULINGS.values():
        assert re.fullmatch(r"[a-z0-9-]+(<[a-z]+>)?", one.code)
        assert one.families
        assert set(one.families) <= set(FAMILIES), one.code
        assert one.meaning, one.code
        assert not one.meaning.endswith("."), one.code
        assert one.remedy.endswith("."), one.code
    refusing = [one.code for one in RULINGS.values() if not one.passes]
    passing = [one.code for one in RULINGS.values() if one.passes]
    assert refusing == sorted(refusing)
    assert passing == sorted(passing)


def test_what_passes_is_of_the_family_that_passes() -> None:
    """The classes of the world's faults pass, the others do not: the table and the families agree."""
    for one in CLASSES.values():
        if issubclass(one, REFUSING):
            ruling = ruling_of(one.code)
            assert ruling is not None
            assert ruling.passes is issubclass(one, errors.TemporaryError), one.code


@pytest.mark.parametrize(
    ("code", "row"), [("http-404", "http-<status>"), ("empty", "empty"), ("http", None), ("of-tomorrow", None)]
)
def test_a_code_finds_its_row(code: str, row: str | None) -> None:
    """Every status of a site is one row; a word of a later version has none."""
    found = ruling_of(code)

    assert (found and found.code) == row


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('MediaError("x", remedy="y", code="a")', {"a"}),
        ('raise Defect("x", remedy="y")', {"defect"}),
        ('MediaError("x", remedy="y", code="a" if z else "b")', {"a", "b"}),
        ('def f(p, c):\n    return InputError(p, remedy="y", code=c)\nf(1, "a")\nf(2, "b")', {"a", "b"}),
        ('def f():\n    m, c = "m", f"http-{s}"\n    raise InputError(m, remedy="y", code=c)', {"http-<s>"}),
        ('ConfigError("x", remedy="y", code="a")', set()),
        ('log.warning("x", code="a")', set()),
    ],
)
def test_the_look_reads_what_it_is_for(source: str, found: set[str]) -> None:
    """The look at the source follows a code to where it is written, and takes only errors that refuse."""
    read = Codes(ast.parse(source))

    assert set(read.found) == found
    assert read.untold == 0


def test_the_page_is_made_from_the_table() -> None:
    """docs/verdicts.md is what the table and the form of a reason say now, and every key is explained."""
    assert verdict_table.PAGE.read_text(encoding="utf-8") == verdict_table.page(), verdict_table.__doc__
    assert set(verdict_table.keys()) == set(Reason.model_fields)
