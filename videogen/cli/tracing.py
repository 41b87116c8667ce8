"""The verbs that trace: uses, provenance, schema."""

import shlex
import time
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from videogen.catalog import Catalog
from videogen.cli.app import Given, Json, app, by_hand, print_json
from videogen.cli.explaining import NOT_FOUND
from videogen.errors import InputError, Stopped
from videogen.ffmpeg import Progress
from videogen.model.manifest import Ingredient, Manifest, Shown
from videogen.model.media import Asset
from videogen.model.task import Reason, Task
from videogen.model.timebase import Range
from videogen.model.value import Value, readable
from videogen.progress import Tell
from videogen.provenance import Page, State, User, contents_of, folder_of, page_of, users_of
from videogen.wiring import House

Output = Annotated[
    str, typer.Argument(metavar="OUTPUT", help="The id of a video, the beginning of it, or its path in output/.")
]
COLOURS: dict[State, str] = {"there": "green", "same": "green", "changed": "red", "gone": "red"}
SAID: dict[State, str] = {"there": "there", "same": "there, every byte", "changed": "CHANGED", "gone": "GONE"}


@app.command()
def uses(
    asset: Annotated[
        str, typer.Argument(metavar="ASSET", help="A path in scanned/ or raw/, a hash or its beginning, or a name.")
    ],
    as_json: Json = False,
) -> None:
    """Tell which videos and tasks an asset is in, and at which frames; 66 where nothing is known of it.

    Examples: videogen uses sea.mp4; videogen uses raw/video/sea/sea.mp4; videogen uses 3fa9c1d2.
    """
    house = House(Given.root)
    house.spool.expect_rooms()
    contents = contents_of(house.root, asset, lambda: loaded(house))
    with by_hand(house, "papers", "Reading") as tell:
        heard = _counting(house, tell, readable(asset))
        found = {content: users_of(house.spool, content, heard) for content in contents}
    if as_json:
        rows = [content.__dict__ | {"used_in": [user.to_dict() for user in users]} for content, users in found.items()]
        print_json({"asked": readable(asset), "assets": rows})
    else:
        for content, users in found.items():
            name = content.path or content.sha256 or content.dropped_as
            came = f", dropped as {content.dropped_as}" if content.dropped_as and content.dropped_as != name else ""
            _say(f"{name}{came}: {_counted(users)}")
            for line in _users(users):
                _say(line)
    # A path, a name or a whole hash that nothing uses is known, where the library has it.
    if not any(content.kind or users for content, users in found.items()):
        typer.echo(f"videogen: nothing is known of {readable(asset)!r}. See `videogen why`.", err=True)
        raise typer.Exit(NOT_FOUND)


def _counting(house: House, tell: Tell, name: str) -> Callable[[int, int], None]:
    """Give what takes counts and has the bar show them. It raises Stopped: the operator has had enough."""
    began = time.monotonic()

    def heard(done: int, total: int) -> None:
        if house.stop.is_set():
            raise Stopped("the look was stopped", remedy="Nothing was changed.")
        tell(name, Progress(done, total, time.monotonic() - began))

    return heard


def loaded(house: House) -> Catalog:
    """Give the library's index, as it is now."""
    house.catalog.load()
    return house.catalog


def _counted(users: list[User]) -> str:
    videos = len({user.task_id for user in users if user.room == "output"})
    others = len({user.task_id for user in users}) - videos
    if not users:
        return "no video and no task uses it"
    told = f"{videos} video{'s' if videos != 1 else ''}"
    return f"{told} and {others} other task{'s' if others != 1 else ''}" if others else told


def _users(users: Iterable[User]) -> Iterator[str]:
    """Tell each in lines of its own: an id is copied whole, however narrow the terminal is."""
    for user in users:
        story = f"{user.category}/{user.story}" if user.story else user.category
        yield f"  {user.room}/{user.task_id}  {story}, as {user.role or 'it cannot be told what'}"
        for one in user.shown:
            source = f", its frames {one.source}" if one.source and user.role == "clip" else ""
            yield f"    {clock(one.at, user.rate)}{source}"


def clock(span: Range, rate: Fraction) -> str:
    """Give a range of a video as a player's clock shows it."""
    return f"{_at(span.start, rate)}-{_at(span.end, rate)}"


def _at(frame: int, rate: Fraction) -> str:
    hundredths = round(Fraction(frame) / rate * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes}:{rest // 100:02}.{rest % 100:02}"


# -- one video ---------------------------------------------------------------------------------------------------------


@app.command()
def provenance(
    output: Output,
    verify: Annotated[bool, typer.Option("--verify", help="Read every byte of it and of what it was made of.")] = False,
    as_json: Json = False,
) -> None:
    """Tell all of a video: when and where it was made, of which files, who chose them, what was copied and encoded.

    65 where the video or a file it was made of is gone or changed.
    """
    house = House(Given.root)
    house.spool.expect_rooms()
    folder = folder_of(house.spool, output)
    with by_hand(house, "files", "Reading") as tell:
        page = page_of(house.spool, folder, verify=verify, tell=_counting(house, tell, folder.name))
    if as_json:
        print_json(page.to_dict())
    else:
        _print(page, house.root)
    if not page.is_whole:
        raise typer.Exit(InputError.exit_code)


def _print(page: Page, root: Path) -> None:
    manifest = page.manifest
    rate = manifest.profile.canvas.fps if manifest.profile else Fraction(str(manifest.task.render.frame_rate))
    console = Console()
    console.print(f"[bold]{escape(page.output)}/final.mp4[/]  {_state(page.video)}", highlight=False, soft_wrap=True)
    for name, told in _facts(manifest, rate):
        _say(f"  {name:<9} {told}")
    _print_made_of(console, page, rate)
    for warning in manifest.warnings:
        _say(f"  note      {warning}")
    if page.video == "there" and page.is_whole:
        _say("  The sizes are as they were; `--verify` reads every byte too.")
    final = shlex.quote(f"{root}/{page.output}/final.mp4")
    mend = f" -o {final} --force" if page.video in {"changed", "gone"} else ""
    _say(f"  {'To mend it' if mend else 'To make it again'}: videogen rebuild {page.output}{mend}")


def _facts(manifest: Manifest, rate: Fraction) -> Iterable[tuple[str, str]]:
    task, profile, times = manifest.task, manifest.profile, manifest.times
    yield "story", f"{task.category} / {task.story_name}"
    yield "shows", f"{manifest.frames} frames, {_at(manifest.frames, rate)}, {task.render.resolution} at {rate} fps"
    if task.made_from:
        places = ", ".join(f"{swap.place} (was {swap.was.path})" for swap in task.swaps)
        yield "made from", f"the video {task.made_from}; other clips at {places}"
    when = f"{times.published_at}, " if times else ""
    host = f" on {manifest.host}" if manifest.host else ""
    yield "made", f"{when}by the node {manifest.node}{host}, videogen {manifest.videogen or '(not recorded)'}"
    if manifest.attempt:
        yield "as", f"attempt {manifest.attempt}, given out for the {_nth(manifest.epoch)} time"
    if times:
        waited = f"fetched in {times.fetch_s:.1f} s, waited {times.wait_s:.1f} s, "
        yield "took", f"{waited}rendered in {times.render_s:.1f} s, published in {times.upload_s:.1f} s"
    if profile:
        one = profile.encoder
        words = f"{one.name} {one.preset}, quality {one.quality}, GOP {one.gop}, {one.threads} thread(s) an encode"
        yield "encoded", f"{words}; AAC {profile.audio_kbps} kbit/s; FFmpeg {manifest.toolchain}"
    else:
        yield "encoded", f"{manifest.encoder}; FFmpeg {manifest.toolchain}"
    yield "copied", _copied(manifest)
    yield "bytes", f"{manifest.size_bytes}, sha256 {manifest.sha256}"
    choice = task.choice
    if choice:
        rested = f"what the last {choice.cooldown} videos showed held back"
        yield "chosen", f"from {choice.clips.pool} clips and {choice.music.pool} tracks by seed {choice.seed}, {rested}"
    if manifest.quality:
        figures = manifest.quality.figures
        told = [f"{one.check} {one.value} {one.unit}".rstrip() for one in figures if one.value is not None]
        troubles = [f"{one.check}: {one.said}" for one in figures if one.verdict in {"warn", "bad"}]
        yield "quality", "; ".join([*troubles, ", ".join(told)])


def _copied(manifest: Manifest) -> str:
    made = list(manifest.segments.values())
    bridged = sum(one.at.length for one in manifest.pieces if one.is_bridge)
    told = f"{made.count('reused')} segments reused, {made.count('encoded')} encoded ({manifest.frames_encoded} frames)"
    whole = f"; all in one piece, for {manifest.fallback}" if manifest.fallback else ""
    return f"{told}{f'; {bridged} frames for cuts alone' if bridged else ''}{whole}"


def _nth(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _print_made_of(console: Console, page: Page, rate: Fraction) -> None:
    """Print three lines a content: paths are long, and a table would break them."""
    why = {row.path: row.why for row in page.chosen}
    rows = [(shown, one, state) for one, state in page.made_of for shown in one.shown]
    for shown, one, state in sorted(rows, key=lambda row: row[0].place):
        name = f"clip {shown.place}" if one.role == "clip" else one.role
        frames = f"frames {shown.source}" if shown.source and one.role == "clip" else ""
        words = filter(None, (clock(shown.at, rate), frames, _gain(one), _why(page, shown, why.get(one.path, ""))))
        console.print(f"  {name:<9} {escape(', '.join(words))}, {_state(state)}", highlight=False, soft_wrap=True)
        _say(f"            {one.path}")
        if one.dropped_as:
            _say(f"            from {one.dropped_as}")


def _why(page: Page, shown: Shown, why: str) -> str:
    return "by hand" if shown.place in {swap.place for swap in page.manifest.task.swaps} else why


def _gain(one: Ingredient) -> str:
    told = [f"gain {float(one.gain):g}"] if one.gain is not None else []
    told += [f"{one.intake_gain_db:+.1f} dB at intake"] if one.intake_gain_db else []
    return ", ".join(told)


def _state(state: State) -> str:
    return f"[{COLOURS[state]}]{SAID[state]}[/]"


def _say(words: str) -> None:
    Console().print(words, markup=False, highlight=False, soft_wrap=True)


# -- the forms of papers -----------------------------------------------------------------------------------------------


class Paper(StrEnum):
    """Papers that others may read, and descriptions that a person may write."""

    manifest = "manifest"
    task = "task"
    reason = "reason"
    side = "side"
    mix = "mix"
    composition = "composition"
    golden_frame = "golden_frame"
    timeline = "timeline"


MODELS: dict[Paper, type[Value]] = {Paper.manifest: Manifest, Paper.task: Task, Paper.reason: Reason, Paper.side: Asset}


@app.command()
def schema(
    paper: Annotated[
        Paper, typer.Argument(help="manifest.json, metadata.json, reason.json, a side file; or what a person writes.")
    ],
) -> None:
    """Print the JSON Schema of a paper or of a description, for editors and whoever reads it with other tools."""
    print_json(schema_of(paper))


def schema_of(paper: Paper) -> dict[str, Any]:
    """Give the JSON Schema of a paper as this version writes it, of a description as it reads it."""
    if paper not in MODELS:
        from videogen.cutting.forms import schema_of as form_of  # noqa: PLC0415 -- the other verbs need no recipes

        return form_of(paper.value)
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | MODELS[paper].model_json_schema(mode="serialization")
