"""The verbs that make something by hand: render, encode, warm."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from videogen import daemon
from videogen.cli.app import DryRun, Given, Json, app, by_hand, print_json
from videogen.render import Done
from videogen.wiring import House


class Codec(StrEnum):
    """The encoders that `encode` knows."""

    libx264 = "libx264"
    libx265 = "libx265"


Out = Annotated[Path, typer.Option("--output", "-o", help="The file to make, an MP4.")]


Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


FILE_HELP = "A description (a mix, a composition, a golden frame or a timeline, as JSON or TOML), or the folder of one."


@app.command()
def render(
    file: Annotated[Path, typer.Argument(help=FILE_HELP)], output: Out, force: Force = False, as_json: Json = False
) -> None:
    """Make the video of a description, with the segments of --root where that is a spool.

    Names of files are relative to the description; hashes name what lies in the library. Captions, chapters and a
    tracklist are laid beside the video where it has any.
    """
    house = House(Given.root)
    with by_hand(house) as tell:
        done = house.desk.render(file, output, lambda progress: tell(output.name, progress), is_forced=force)
    print_done(done, {"warnings": done.warnings, "texts": [str(path) for path in done.texts]}, as_json=as_json)


@app.command()
def encode(  # noqa: PLR0913, PLR0917 -- each is an option of the command line
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A video or a sound.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The file to make: .mp4, or .m4a for the sound alone.")],
    codec: Annotated[Codec, typer.Option(help="The picture's encoder.")] = Codec.libx264,
    crf: Annotated[int, typer.Option(min=0, max=51, help="Quality, lower is better.")] = 23,
    preset: Annotated[str, typer.Option(help="The encoder's, ultrafast to veryslow.")] = "medium",
    workers: Annotated[int, typer.Option(min=0, max=256, help="Chunks at once; 0 is one per processor.")] = 0,
    retries: Annotated[int, typer.Option(min=0, max=10, help="How often a chunk is tried again.")] = 2,
    chunk: Annotated[float, typer.Option(min=0, help="s of one chunk; 0 is 600, less where workers would idle.")] = 0.0,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of one encode.")] = 1,
    audio_kbps: Annotated[int, typer.Option(min=32, max=512, help="kbit/s of AAC.")] = 192,
    permissive: Annotated[bool, typer.Option(help="Leave black what cannot be encoded, and say so.")] = False,
    subtitles: Annotated[Path | None, typer.Option(help="An .srt, .vtt or .ass file to add as a stream.")] = None,
    language: Annotated[str, typer.Option(help="Of the subtitles, by ISO 639-2: eng, deu, ...")] = "und",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Encode a file anew, its chapters or chunks side by side: the same frames, the sound in one piece."""
    from videogen.desk import EncodeOptions  # noqa: PLC0415 -- a node that only renders starts sooner without it

    house = House(Given.root)
    options = EncodeOptions.of(
        codec=codec.value,
        crf=crf,
        preset=preset,
        workers=workers,
        retries=retries,
        chunk_s=chunk,
        threads=threads,
        audio_kbps=audio_kbps,
        is_permissive=permissive,
        subtitles=subtitles,
        language=language,
    )
    with by_hand(house) as tell:
        made = house.desk.encode(source, output, options, lambda progress: tell(output.name, progress), is_forced=force)
    print_done(made, {}, as_json=as_json)


@app.command()
def warm(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Encode the library's clips ahead, so that the videos to come are stitched by copying."""
    house = House(Given.root)
    house.spool.expect_rooms()
    with by_hand(house) as tell:
        done = daemon.run_warm(house, tell, is_dry=dry_run)
    if as_json:
        print_json(done.__dict__ | {"dry_run": dry_run})
    else:
        typer.echo(f"{'would encode' if dry_run else 'encoded'} {done.encoded} segments, {done.frames} frames")
        for refused in done.refused:
            typer.echo(f"refused {refused}")
    if done.refused:
        raise typer.Exit(65)


def print_done(done: Done, more: Mapping[str, Sequence[str]], *, as_json: bool) -> None:
    """Tell what was made, and what `more` there is to tell; gaps end the program with their own number."""
    told = {
        "output": str(done.video),
        "frames": done.proof.frames,
        "samples": done.proof.samples,
        "sha256": done.sha256,
        "frames_encoded": done.frames_encoded,
        "segments": done.segments,
        "fallback": done.fallback,
        "gaps": [[gap.start, gap.end] for gap in done.gaps],
        "seconds": done.seconds,
    }
    if as_json:
        print_json({**told, **more})
    else:
        for warning in more.get("warnings", ()):
            typer.echo(f"warning: {warning}", err=True)
        typer.echo(f"{done.video}: {done.proof.frames} frames; {done.frames_encoded} were encoded for it")
        for text in more.get("texts", ()):
            typer.echo(f"beside it: {text}")
        for gap in done.gaps:
            typer.echo(f"black: frames {gap}, which could not be encoded")
    if done.gaps:
        raise typer.Exit(65)
