"""The verb that looks at a finished video once more: verify."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from videogen import durable
from videogen.cli.app import Given, Json, app, by_hand, print_json
from videogen.errors import InputError, MissingInput
from videogen.ffmpeg import Progress
from videogen.model.manifest import Manifest
from videogen.model.quality import Figure, Quality
from videogen.render.apart import looked_at
from videogen.wiring import House

WRONG = 65
COLOURS = {"good": "green", "warn": "yellow", "bad": "red", "off": "dim"}


@app.command()
def verify(
    what: Annotated[str, typer.Argument(metavar="OUTPUT_ID|FILE", help="A published video's id, or any video file.")],
    as_json: Json = False,
    into: Annotated[Path | None, typer.Option("--pictures", help="Write frames of the trouble here, as PNG.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as wrong.")] = False,
) -> None:
    """Decode all of a video and hold it to the limits of the gate, and to its manifest; 65 where something is wrong.

    Examples: videogen verify 3f2a; videogen verify holiday.mp4 --pictures /tmp/look.
    """
    house = House(Given.root)
    file, manifest = _found(house.root, what)
    with by_hand(house, doing="Looking") as tell:

        def heard(done: int, total: int) -> None:
            tell("verify", Progress(done, total, 0.0))

        quality, written = looked_at(file, house.limits, manifest, into, heard, house.stop)
    wrong = [*quality.of("bad"), *(quality.of("warn") if strict else ())]
    names = [str(into / name) for name in written] if into else []
    if as_json:
        print_json(
            {
                "file": str(file),
                "has_manifest": manifest is not None,
                "is_good": not wrong,
                "figures": [figure.model_dump(mode="json") for figure in quality.figures],
                "pictures": names,
            }
        )
    else:
        _print(file, quality, names)
    if wrong:
        raise typer.Exit(WRONG)


def _found(root: Path, what: str) -> tuple[Path, Manifest | None]:
    """Give the file, and its manifest where it is a published one. Raises: MissingInput: there is no such thing."""
    file = Path(what)
    if not file.is_file():
        found = sorted(path for path in (root / "output").glob("*/final.mp4") if path.parent.name.startswith(what))
        if len(found) != 1 or not what:
            count = "nothing" if not found else f"{len(found)} videos"
            raise MissingInput(
                f"{count} in output/ begin with {what!r}, and no file is called so",
                remedy="`ls output` shows the ids; or give the path of a file.",
            )
        file = found[0]
    paper = file.parent / "manifest.json"
    if file.name != "final.mp4" or not paper.is_file():
        return file, None
    try:
        return file, Manifest.model_validate_json(durable.read(paper))
    except ValueError as error:
        raise InputError(
            f"{paper} is no manifest ({error})", remedy="Give a copy of the video under another name."
        ) from error


def _print(file: Path, quality: Quality, names: list[str]) -> None:
    console = Console()
    table = Table(title=escape(str(file)), title_justify="left")
    for heading in ("check", "is", "measured", "limit", "what is wrong"):
        table.add_column(heading, overflow="fold")
    for figure in quality.figures:
        colour = COLOURS[figure.verdict]
        table.add_row(
            figure.check, f"[{colour}]{figure.verdict}[/]", _number(figure), _limit(figure), escape(figure.said)
        )
    console.print(table)
    for name in names:
        console.print(name, markup=False, highlight=False, soft_wrap=True)


def _number(figure: Figure) -> str:
    return "" if figure.value is None else escape(f"{figure.value} {figure.unit}".strip())


def _limit(figure: Figure) -> str:
    return "" if figure.limit is None else escape(f"{figure.limit} {figure.unit}".strip())
