"""The verb that makes a mix by hand: mix."""

from pathlib import Path
from typing import Annotated, Any

import typer

from videogen.cli.app import Given, Json, app, by_hand
from videogen.cli.making import Force, print_done
from videogen.cutting.listing import media_in
from videogen.errors import MissingInput
from videogen.wiring import House

FOLDER_HELP = "A folder of tracks, with clips and a mix.toml if there are any; else --music and --clips."
OUT_HELP = "The file to make, an MP4; default <name>.mp4 in --output-dir."
CLIPS_HELP = "The folder of clips; where there are none, the library's are shown."


@app.command()
def mix(  # noqa: PLR0913, PLR0917 -- each is an option of the command line
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help=FOLDER_HELP)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=OUT_HELP)] = None,
    music: Annotated[Path | None, typer.Option(envvar="MUSIC_DIR", help="The folder of tracks.")] = None,
    clips: Annotated[Path | None, typer.Option(envvar="CLIP_DIR", help=CLIPS_HELP)] = None,
    output_dir: Annotated[Path, typer.Option(envvar="OUTPUT_DIR", help="Where videos go without -o.")] = Path(),
    temp: Annotated[Path | None, typer.Option(envvar="TEMP_DIR", help="The folder for unfinished work.")] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, envvar="TEST_DURATION", help="s of the video; none: all tracks once.")
    ] = None,
    transition: Annotated[
        float | None, typer.Option(min=0, max=60, envvar="TRANSITION_LENGTH", help="s of a change of clip; 0 is a cut.")
    ] = None,
    font_size: Annotated[
        int | None, typer.Option(min=8, max=400, envvar="FONT_SIZE", help="Pixels of the titles.")
    ] = None,
    resolution: Annotated[str | None, typer.Option(help="720p, 1080p, 4k, or as 1280x720.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same number gives the same order.")] = 0,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Make a long video of music: tracks joined without a gap, clips over them, their titles on the picture.

    What stands in the environment holds where no option says otherwise; what FOLDER holds goes before MUSIC_DIR and
    CLIP_DIR. LOG_LEVEL says from which level on lines are logged: DEBUG, INFO, WARNING or ERROR.
    """
    from videogen.desk import Changes  # noqa: PLC0415 -- a process pays at its start for what it does

    sources = {name: ctx.get_parameter_source(name) for name in ("music", "clips")}
    is_typed = {name: source is not None and source.name == "COMMANDLINE" for name, source in sources.items()}
    words: dict[str, Any] = {}
    if music and (folder is None or is_typed["music"]):
        words["tracks"] = _all_of(music, "tracks")
    if clips and (folder is None or is_typed["clips"]):
        words["clips"] = _all_of(clips, "clips")
    if seconds is not None:
        words |= {"duration_s": seconds, "minutes": None}
    if transition is not None:
        words["transition"] = {"seconds": transition}
    if font_size is not None:
        words["titles"] = {"size": font_size}
    if resolution is not None:
        words["canvas"] = {"resolution": resolution}
    home = folder or music
    if home is None:
        raise MissingInput("no folder of tracks is named", remedy="Name FOLDER, or set MUSIC_DIR or --music.")
    house = House(Given.root)
    out = output or output_dir / f"{home.absolute().name}.mp4"
    with by_hand(house) as tell:
        changes = Changes(_shuffled(words), "mix", seed, temp)
        done = house.desk.render(home, out, lambda made: tell(out.name, made), is_forced=force, changes=changes)
    print_done(done, {"warnings": done.warnings, "texts": [str(path) for path in done.texts]}, as_json=as_json)


def _all_of(folder: Path, what: str) -> list[str]:
    """Name all that can be heard or seen in a folder. Raises: MissingInput: there is nothing, or no folder."""
    try:
        found = media_in(folder)
    except OSError as error:
        raise MissingInput(f"{folder} cannot be listed ({error.strerror})", remedy="Correct its path.") from error
    if not found:
        raise MissingInput(f"{folder} holds no {what}", remedy="Put some there, or name another folder.")
    return found


def _shuffled(words: dict[str, Any]) -> dict[str, Any]:
    """Have what a folder holds be shuffled, as if it lay beside the description."""
    return {"shuffle": True, **words} if "tracks" in words or "clips" in words else words
