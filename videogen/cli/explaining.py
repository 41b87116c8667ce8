"""The verb that explains: why."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen.cli.app import Given, Json, app, print_json
from videogen.model.value import readable
from videogen.why import Answer
from videogen.wiring import House

NOT_FOUND = 66
"""The exit where there is no such thing. Source: BSD's sysexits, EX_NOINPUT."""


@app.command()
def why(
    what: Annotated[
        str, typer.Argument(metavar="PATH|ID|KEY|NAME", help="A path of any room, an id, a segment's key, or a name.")
    ],
    as_json: Json = False,
) -> None:
    """Say why a thing is where it is, and what to do; 66 where there is no such thing. Starts and changes nothing."""
    house = House(Given.root)
    house.spool.expect_rooms()
    found = house.explainer.explain(what)
    if as_json:
        print_json({"asked": readable(what), "root": str(house.root), "found": [one.to_dict() for one in found]})
    else:
        for answer in found:
            _print(answer)
    if not found:
        typer.echo(f"videogen: nothing in {house.root} is called {readable(what)!r}. See `videogen status`.", err=True)
        raise typer.Exit(NOT_FOUND)


def _print(answer: Answer) -> None:
    console = Console()

    def say(words: str) -> None:
        console.print(words, markup=False, highlight=False, soft_wrap=True)

    console.print(f"[bold]{escape(answer.path)}[/]  {escape(answer.state)}", highlight=False, soft_wrap=True)
    code = f" [{answer.code}]" if answer.code else ""
    say(f"  {_sentence(answer.because)}{code}")
    for line in filter(None, (answer.remedy, *answer.notes)):
        say(f"  {_sentence(line)}")
    if answer.facts:
        console.print(_facts(answer.facts))
    if answer.rows:
        console.print(_rows(answer.rows))


def _sentence(words: str) -> str:
    is_path_last = ": mv " in words or ": videogen " in words
    end = "" if is_path_last or words.endswith((".", ")", "!", "?")) else "."
    return words + end


def _facts(facts: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, escape(str(value)))
    return table


def _rows(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2))
    for heading in rows[0]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(value or "")) for value in row.values()))
    return table
