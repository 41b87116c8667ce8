"""Clips one after the other, with what joins them, for exactly as many frames as are wanted."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, cycle
from typing import Literal, NamedTuple

from videogen.edit.contradiction import contradiction
from videogen.edit.story import clip_frames, media_of
from videogen.errors import MissingInput
from videogen.model.dealing import dealt
from videogen.model.mix import Mix
from videogen.model.stock import Stock
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import Canvas, Clip, Item, Transition
from videogen.model.value import Digest

MOST = 5000
"""Clips of one video: an hour of them would change more than once a second."""
LEAST_S = Fraction(2)
"""A last clip shown for less is a flash: the one before it leaves it so much."""


class _Shown(NamedTuple):
    content: Digest
    source: Range
    join: int
    """Frames of the transition from the clip before."""


def reel_of(mix: Mix, stock: Stock, seed: int, canvas: Canvas, length: int) -> tuple[Item, ...]:
    """Lay clips over so many frames.

    Shape: clips are dealt, or come in their order again and again; one that is shown in parts goes on, when it comes
        again, where it stopped. The last is cut; it is seen for LEAST_S at least where the one before can spare that.
    Raises: MissingInput: there is no clip. RecipeError: it would take more than MOST of them.
    """
    change = 0 if mix.transition.is_cut else frames_of(mix.transition.seconds, canvas.fps)
    rows: list[_Shown] = []
    covered = 0
    for content, source in _stretches(_order(mix, stock, seed), mix, stock, canvas):
        join = min(change, rows[-1].source.length // 2, source.length // 2) if rows else 0
        shared = 0 if mix.transition.is_black else join
        show = _fitted(source.length, join, shared, length - covered, frames_of(LEAST_S, canvas.fps))
        rows.append(_Shown(content, Range(start=source.start, end=source.start + show), min(join, show)))
        covered += show - shared
        if covered == length:
            return tuple(_items(mix, rows))
        if len(rows) == MOST:
            raise contradiction(
                "/clips",
                f"come to more than {MOST} of them",
                remedy="Give longer clips, a longer clip_s, or a shorter length.",
            )
    raise MissingInput(
        "there is no clip to show", remedy="Put films into the folder, or drop clips into raw/video/<category>/."
    )


def _fitted(there: int, join: int, shared: int, left: int, least: int) -> int:
    """Give how many frames of a clip are shown: all, what is left to cover, or so many that the next is no flash."""
    if there - shared >= left:
        return left + shared
    spared = left - least + shared
    return spared if spared < there and spared - shared > 0 and spared >= 2 * join else there


def _order(mix: Mix, stock: Stock, seed: int) -> Iterator[Digest]:
    """Give the clips without end. Raises: RecipeError: one that is named is not there, or has no picture."""
    named = tuple(stock.content(one) for one in mix.mentions() if one.use == "clip")
    if named and not mix.is_shuffled("clips"):
        return cycle(named)
    drawn = stock.pool if stock.is_drawn and not named else ()
    more = dealt(named or stock.pool, str, seed, "clips", last=drawn[-1] if drawn else "")
    return chain(drawn, more)


def _stretches(order: Iterator[Digest], mix: Mix, stock: Stock, canvas: Canvas) -> Iterator[tuple[Digest, Range]]:
    most = max(1, frames_of(mix.clip_s, canvas.fps)) if mix.clip_s else None
    shown: dict[Digest, int] = {}
    for content in order:
        there = clip_frames(media_of(content, stock.media), canvas)
        begin, part = shown.get(content, 0), min(most or there, there)
        if 2 * (there - begin) < part:
            begin = 0
        shown[content] = min(begin + part, there)
        yield content, Range(start=begin, end=shown[content])


def _items(mix: Mix, rows: list[_Shown]) -> Iterator[Item]:
    for row in rows:
        if row.join:
            kind: Literal["fade", "crossfade"] = "fade" if mix.transition.is_black else "crossfade"
            yield Transition(kind=kind, length=row.join, family=mix.transition.family)
        yield Clip(asset=row.content, source=row.source, fit=mix.fit)
