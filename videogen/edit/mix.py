"""mix: tracks joined to the sample, clips shown for exactly as long, and the name of each track in the safe area."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from videogen.edit.contradiction import contradiction, seconds
from videogen.edit.reel import reel_of
from videogen.edit.titles import titles_of
from videogen.edit.tracks import Heard, frame_at, heard_of, last_frame, sounds_of, tracks_of
from videogen.model.label import LONGEST
from videogen.model.mix import Mix
from videogen.model.stock import Edited, Stock
from videogen.model.timebase import frames_of
from videogen.model.timeline import Canvas, Chapter, Timeline

NAMED_MOST = 3
"""Names that a warning tells before it counts the others."""


class Wanted(NamedTuple):
    """What a mix asks of a library that has clips for it. Units: frames at the mix's rate.

    `frames` is how long the video is, `most` how much is shown of one clip, `shared` what two clips crossfade over.
    """

    frames: int
    most: int | None
    shared: int


def mix_timeline(mix: Mix, stock: Stock) -> Edited:
    """Lay tracks end to end, until the wished length or once each, and clips over them.

    Shape: with no crossfade a track begins at the sample after the last of the one before. A track that is cut at the
        end fades out. Of what is shuffled nothing comes again before all has come, or twice in a row.
    Raises: RecipeError: it names no track, is longer than the house allows, or takes too many tracks or clips.
        MissingInput: there is no clip to show.
    """
    canvas, seed = mix.canvas.canvas, _seed(mix, stock)
    heard = heard_of(mix, tracks_of(mix, stock), seed, canvas)
    length = _length(mix, heard, stock, canvas)
    named = _named(mix, heard, canvas)
    font = stock.contents.get(mix.titles.font) if mix.titles.font else None
    timeline = Timeline(
        canvas=canvas,
        picture=reel_of(mix, stock, seed, canvas, length),
        overlays=tuple(titles_of(mix.titles, named, canvas, length, font)) if mix.titles.show else (),
        sounds=tuple(sounds_of(mix, heard, canvas, length)),
        chapters=tuple(_chapters(named)) if mix.tracklist else (),
    )
    return Edited(timeline, tuple(_warnings(mix, heard)))


def wanted_of(mix: Mix, stock: Stock) -> Wanted:
    """Give what clips a library has to give for a mix that brings none. Raises: as `mix_timeline`, of its tracks."""
    canvas = mix.canvas.canvas
    length = _length(mix, heard_of(mix, tracks_of(mix, stock), _seed(mix, stock), canvas), stock, canvas)
    most = max(1, frames_of(mix.clip_s, canvas.fps)) if mix.clip_s else None
    is_over = not (mix.transition.is_cut or mix.transition.is_black)
    return Wanted(length, most, frames_of(mix.transition.seconds, canvas.fps) if is_over else 0)


def _seed(mix: Mix, stock: Stock) -> int:
    return stock.seed if mix.seed is None else mix.seed


def _length(mix: Mix, heard: Sequence[Heard], stock: Stock, canvas: Canvas) -> int:
    length = max(1, frames_of(mix.length_s, canvas.fps)) if mix.length_s else last_frame(heard[-1].end, canvas)
    if stock.longest_s is not None and length > frames_of(stock.longest_s, canvas.fps):
        pointer = "/minutes" if mix.minutes else "/duration_s"
        raise contradiction(
            pointer,
            f"makes the mix last {seconds(length / canvas.fps)}, and {seconds(stock.longest_s)} are allowed",
            remedy="Make it shorter, or raise mix.max_s.",
        )
    return length


def _named(mix: Mix, heard: Sequence[Heard], canvas: Canvas) -> list[tuple[int, str]]:
    """Give the frame at which each track begins, and what it is called; of two on one frame only the first."""
    named: dict[int, str] = {}
    for number, one in enumerate(heard, 1):
        named.setdefault(frame_at(one.begin, canvas), one.track.title(mix.titles.template, number))
    return list(named.items())


def _chapters(named: Sequence[tuple[int, str]]) -> Iterator[Chapter]:
    for begin, text in named:
        yield Chapter(start=begin, title=text[:LONGEST])


def _warnings(mix: Mix, heard: Sequence[Heard]) -> Iterator[str]:
    tracks = {one.track.content: one.track for one in heard}.values()
    if untagged := [one.name for one in tracks if not one.is_tagged]:
        yield f"untagged: called by the names of their files, for they have no title: {_few(untagged)}"
    unmeasured = [one.name for one in tracks if one.media.sound is None or one.media.sound.loudness is None]
    if unmeasured and mix.loudness_lufs is not None:
        yield f"unmeasured: silent, or of unknown loudness, and taken as they are: {_few(unmeasured)}"


def _few(names: Sequence[str]) -> str:
    more = len(names) - NAMED_MOST
    return ", ".join(names[:NAMED_MOST]) + (f" and {more} more" if more > 0 else "")
