"""Print the shape of the code: sizes of modules, functions and tests, docstrings, comments: `python -m bench.shape`."""

import ast
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(files: Iterable[Path]) -> Iterator[Function]:
    """Give every function of the files."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield node


def lines_of(function: Function) -> int:
    """Count a function's lines without its docstring."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        length -= (function.body[0].end_lineno or 0) - function.body[0].lineno + 1
    return length


def row(name: str, values: list[int]) -> str:
    """Write one line: how many, median, 90th percentile, longest."""
    ordered = sorted(values)
    p90 = ordered[min(len(ordered) - 1, len(ordered) * 9 // 10)]
    return f"{name:10} n {len(values):4}  median {statistics.median(values):4.0f}  p90 {p90:4}  max {ordered[-1]:4}"


def main() -> None:
    """Print the figures."""
    source, tests = sorted((ROOT / "videogen").rglob("*.py")), sorted((ROOT / "tests").rglob("*.py"))
    inside, cases = list(functions(source)), [f for f in functions(tests) if f.name.startswith("test_")]
    public = [f for f in inside if not f.name.startswith("_")]
    sizes = [len(file.read_text(encoding="utf-8").splitlines()) for file in source]
    print(row("modules", sizes))
    print(row("functions", [lines_of(function) for function in inside]))
    print(row("tests", [lines_of(case) for case in cases]))
    documented = sum(ast.get_docstring(function) is not None for function in public)
    print(f"documented {documented}/{len(public)} public functions")
    test_lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in tests)
    print(f"tests to source {test_lines / sum(sizes):.2f}")


if __name__ == "__main__":
    main()
