"""The verbs that make a published video anew: rebuild, swap."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from videogen import durable
from videogen.catalog import read_asset
from videogen.cli.app import Given, Json, app, by_hand, print_json
from videogen.cli.tracing import Output, loaded
from videogen.desk import expect_free, scratch_beside
from videogen.errors import InputError, MissingInput, RecipeError
from videogen.plan import Plan, annotated
from videogen.progress import Tell
from videogen.provenance import (
    Again,
    Rebuilt,
    clip_in,
    contents_of,
    differences,
    folder_of,
    keep,
    manifest_in,
    publish,
    swapped,
    workplace,
)
from videogen.render import compile_task, known_of
from videogen.wiring import House


@app.command()
def rebuild(
    output: Output,
    out: Annotated[Path | None, typer.Option("--output", "-o", help="Keep the video there, an MP4.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Read the published video too, and say where the two differ.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Encode all of it, as if the store were empty.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Make a video again from its manifest and the library's files, and say whether every byte is the same.

    Without -o nothing is kept, and another video is 65, as with --compare. Into output/ goes only what was published.
    """
    house = House(Given.root)
    house.spool.expect_rooms()
    folder = folder_of(house.spool, output)
    manifest = manifest_in(folder)
    if out is not None:
        expect_free(out, (".mp4", ".m4v"), is_forced=force)
    again = Again(house.spool, manifest, house.bench, logo=house.root / house.settings.render.logo, stop=house.stop)
    order = again.order()
    expected = again.differences(order.plan)
    for line in [*again.missing(), *expected, *(["the same bytes cannot be promised"] if expected else [])]:
        typer.echo(f"videogen: {line}", err=True)
    with by_hand(house) as tell, _scratch(house, out) as scratch:
        made = again.make(order, scratch, None if fresh else house.segments, _bar(tell, folder.name))
        found = _compared(made, folder) if compare else []
        if out is not None:
            keep(made, out, house.spool)
    told = {
        "output": f"output/{folder.name}",
        "is_byte_equal": made.is_equal,
        "sha256": made.done.sha256,
        "published_sha256": manifest.sha256,
        "expected_differences": expected,
        "differences": found,
        "frames": made.done.proof.frames,
        "frames_encoded": made.done.frames_encoded,
        "kept": str(out) if out else None,
    }
    _print_rebuilt(told, as_json=as_json)
    if found or (not made.is_equal and (compare or out is None)):
        raise typer.Exit(InputError.exit_code)


@contextmanager
def _scratch(house: House, out: Path | None) -> Iterator[Path]:
    """Give a folder to work in; a published video's own folder never is one, whatever becomes of us."""
    is_outside = out is not None and not out.absolute().resolve().is_relative_to(house.root.resolve())
    with scratch_beside(out) if out is not None and is_outside else workplace(house.spool) as scratch:
        yield scratch


def _bar(tell: Tell, name: str) -> Any:
    return lambda progress: tell(name, progress)


def _compared(made: Rebuilt, folder: Path) -> list[str]:
    """Say where the video that was made differs from the one that lies in output/ now."""
    published = folder / "final.mp4"
    try:
        if durable.digest(published) == made.done.sha256:
            return []
        found = differences(made.done.video, published)
    except OSError as error:
        return [f"output/{folder.name}/final.mp4 cannot be read ({error.strerror})"]
    if made.is_equal:
        found = [f"output/{folder.name}/final.mp4 is not what was published any more", *found]
    return found or ["picture and sound are the same, packet by packet; the file round them is another"]


def _print_rebuilt(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    verdict = "byte-equal" if told["is_byte_equal"] else "NOT the same bytes"
    typer.echo(f"{told['output']}: {verdict}; {told['frames']} frames, {told['frames_encoded']} were encoded for it")
    for line in told["differences"]:
        typer.echo(f"  {line}")
    if told["kept"]:
        typer.echo(f"  kept as {told['kept']}")


# -- another clip ------------------------------------------------------------------------------------------------------


@app.command()
def swap(
    output: Output,
    clip: Annotated[str, typer.Option("--clip", help="Which of its clips: a path, a name, or a hash.")],
    by: Annotated[str, typer.Option("--with", help="The clip to show instead: a path, a name, or a hash.")],
    at: Annotated[
        int | None, typer.Option("--at", min=1, help="Only at this place, as `provenance` counts the clips.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made; make no task.")] = False,
    as_json: Json = False,
) -> None:
    """Make a new task of a video with one clip changed for another; the voice, the music and every cut stay.

    The video that is there stays too. What both show is not encoded again.
    """
    house = House(Given.root)
    house.spool.expect_rooms()
    task = manifest_in(folder_of(house.spool, output)).task
    was = clip_in(task, contents_of(house.root, clip, lambda: loaded(house)), clip)
    asset = read_asset(house.root, _one_clip(house, by))
    change = swapped(house.root, task, clip=was, by=asset, place=at, library=lambda: loaded(house))
    order = compile_task(house.root, change.task, house.bench)
    plan = annotated(order.plan, known_of(order, house.segments), order.media)
    if not dry_run:
        publish(house.spool, change, house.root / house.settings.render.logo)
    told = {
        "task": change.task.task_id,
        "made_from": task.task_id,
        "places": list(change.places),
        "was": change.was,
        "now": change.now,
        "notes": change.notes,
        "frames": plan.frames,
        "frames_to_encode": plan.frames_to_encode,
        "dry_run": dry_run,
    }
    if as_json:
        print_json(told)
    else:
        _print_swap(told, plan)


def _one_clip(house: House, asked: str) -> str:
    """Find the one clip of the library that was meant. Raises: MissingInput; RecipeError: several are called so."""
    found = [one.path for one in contents_of(house.root, asked, lambda: loaded(house)) if one.kind == "video"]
    if not found:
        raise MissingInput(f"no clip of the library is called {asked!r}", remedy="Give its path in scanned/video/.")
    if len(found) > 1:
        raise RecipeError(f"{len(found)} clips are called {asked!r}", remedy=f"Give a path: {', '.join(found[:3])}.")
    return found[0]


def _print_swap(told: dict[str, Any], plan: Plan) -> None:
    places = ", ".join(map(str, told["places"]))
    would = "would make" if told["dry_run"] else "made"
    typer.echo(f"{would} tasks/{told['task'] if not told['dry_run'] else '<a new id>'} of output/{told['made_from']}")
    typer.echo(f"  clip {places}: {told['was']} → {told['now']}")
    typer.echo(f"  {plan.frames_to_encode} of {plan.frames} frames are to be encoded; the others are there")
    for note in told["notes"]:
        typer.echo(f"  note: {note}")
