"""Write docs/verdicts.md from the table of codes and from Reason itself: `python -m tests.docs.verdict_table`."""

import ast
import inspect
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from videogen.model.task import Reason
from videogen.verdicts import RULINGS, Ruling

PAGE = Path(__file__).parents[2] / "docs" / "verdicts.md"
HEAD = """\
# Verdicts

Nothing is refused without a word that stays the same from version to version, a sentence, and what to do. A refused
file lies in `trash/invalid/` with `<name>.reason.json` beside it, a failed task in `trash/failed/<id>/` with
`reason.json` in it. `videogen why PATH` reads it to you, and tells how to try again.

This page is made from the code: `python -m tests.docs.verdict_table`.
"""


def page() -> str:
    """Give the whole page."""
    refusing = [one for one in RULINGS.values() if not one.passes]
    passing = [one for one in RULINGS.values() if one.passes]
    return "\n".join(
        [
            HEAD,
            "## What refuses",
            "",
            *_table(refusing),
            "",
            "## What passes",
            "",
            "A file that meets one of these stays in `raw/`, a link is tried again. A task goes back to `tasks/`, and",
            "is refused with that code at the third time; a full disk and a stop count as no try.",
            "",
            *_table(passing),
            "",
            "## A reason file",
            "",
            "| key | what stands there |",
            "|---|---|",
            *(f"| `{name}` | {said} |" for name, said in keys().items()),
            "",
        ]
    )


def _table(rulings: Iterable[Ruling]) -> Iterator[str]:
    yield from ("| code | of | what it means | what to do |", "|---|---|---|---|")
    for one in rulings:
        yield f"| `{one.code}` | {', '.join(one.families)} | {one.meaning} | {one.remedy} |"


def keys() -> dict[str, str]:
    """Give each key of a reason with the words below it in the source."""
    source = ast.parse(inspect.getsource(Reason)).body[0]
    assert isinstance(source, ast.ClassDef)
    found = {}
    for field, words in pairwise(source.body):
        match field, words:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = " ".join(said.split())
    return found


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
