"""The verb that takes away what is too old or too much: tidy."""

from dataclasses import asdict
from typing import Annotated

import typer

from videogen import durable
from videogen.bounds import Thing, Tidied
from videogen.cli.app import Given, Json, age, app, print_json
from videogen.daemon.tidying import remedy, too_full
from videogen.errors import TemporaryError
from videogen.wiring import House

PATIENCE_S = 10.0
BECAUSE = {"age": "too old", "size": "the oldest of too much"}


@app.command()
def tidy(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; touch nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Take away what is too old or too much in trash/ and logs/, and what died halfway; main does so every hour."""
    house = House(Given.root)
    house.spool.expect_rooms()
    if dry_run:
        told = house.bounds.plan()
    else:
        with durable.alone(house.bounds.lock, patience_s=PATIENCE_S) as is_ours:
            if not is_ours:
                raise TemporaryError("another tidies up just now", remedy="Try again in a minute.")
            told = house.bounds.tidy(most=1_000_000, within_s=3600.0)
    if as_json:
        things = [_row(house, thing) for thing in told.things]
        over = [asdict(one) for one in told.over]
        print_json({"dry_run": dry_run, "things": things, "bytes": told.size_bytes, "over": over})
    else:
        _print(house, told, would="would go" if dry_run else "went")


def _row(house: House, thing: Thing) -> dict[str, object]:
    inside = thing.path.is_relative_to(house.root)
    path = thing.path.relative_to(house.root).as_posix() if inside else str(thing.path)
    words = {"room": thing.room, "bytes": thing.size_bytes, "age_s": round(thing.age_s), "because": thing.because}
    return {"path": path, **words}


def _print(house: House, told: Tidied, *, would: str) -> None:
    for thing in told.things:
        typer.echo(f"{would}  {_row(house, thing)['path']}: {age(thing.age_s)} old, {BECAUSE[thing.because]}")
    typer.echo(f"{len(told.things)} things, {told.size_bytes / 1e9:.3g} GB" if told.things else "nothing is to go")
    for over in told.over:
        typer.echo(f"{too_full(over)}. {remedy(over)}")
