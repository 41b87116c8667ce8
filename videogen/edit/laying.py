"""Clips laid on a timeline by the times a person wrote, each rounded to a frame once, with what joins them.

Where no time is written, the frames of a clip follow those of the clip before it, all that its trims give. Times that
differ by less than a frame are meant to be one: no flash of black comes of rounding.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, NamedTuple

from videogen.edit.contradiction import contradiction, seconds
from videogen.edit.story import length_frames
from videogen.errors import RecipeError
from videogen.model.composition import ClipEntry
from videogen.model.media import Media
from videogen.model.style import Family
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import Canvas, Clip, Gap, Item, Transition

TRANSITION_S = Fraction(1, 2)
"""Source: the transition_duration of seed 003's own example."""
SLACK_S = Fraction(1, 10)
"""A container's duration is that much longer than its picture, at most: what is written down from it is meant so."""


class Join(NamedTuple):
    """How a clip comes or goes: `frames` of a family, over its neighbour or else over black; 0 frames is a cut."""

    kind: Literal["cut", "black", "over"] = "cut"
    family: Family = "fade"
    frames: int = 0


CUT = Join()


@dataclass(frozen=True)
class Laid:
    """A clip in its place. Units: frames of the canvas; `first` is its first frame in the file, `there` the file's."""

    nth: int
    entry: ClipEntry
    asset: str
    first: int
    there: int
    start_s: Fraction
    end_s: Fraction
    place: Range
    come: Join = CUT
    go: Join = CUT

    @property
    def pointer(self) -> str:
        """Where in the description the clip is."""
        return f"/clips/{self.nth}"


class Found(NamedTuple):
    """The file of a clip: its content and its picture."""

    asset: str
    media: Media


def laid(entries: Sequence[ClipEntry], found: Sequence[Found], canvas: Canvas) -> tuple[Laid, ...]:
    """Give every clip its place and its transitions.

    A time that is not written follows: from the trims, from the clip before. Clips that crossfade lie over each other
    for as long; where they were written to touch, the picture of both goes on beyond their trims for it.

    Shape: in order; starts rise, only neighbours that crossfade overlap. Units: frames of the canvas.
    Raises: RecipeError: times that contradict each other or the files.
    """
    rows: list[Laid] = []
    for nth, (entry, file) in enumerate(zip(entries, found, strict=True)):
        first_s, length_s = _trimmed(nth, entry, file.media)
        before = rows[-1] if rows else None
        join = _join(before, nth, entry, canvas)
        is_next = entry.start_time is None and (entry.end_time is None or entry.trim_end is None)
        if before and is_next and join.frames > before.place.length:
            raise _too_long(f"/clips/{nth}", before.place.length, join, canvas)
        start_s, end_s = _place(nth, entry, before, length_s, join, canvas)
        there = length_frames(_picture_s(file.media), canvas)
        first = min(frames_of(first_s, canvas.fps), there - 1)
        shown = max(1, min(frames_of(first_s + length_s, canvas.fps), there) - first)
        start = frames_of(start_s, canvas.fps)
        if before and is_next:
            start = before.place.end - join.frames
        end = start + shown if entry.end_time is None else frames_of(entry.end_time, canvas.fps)
        if end <= start:
            raise _frameless(nth, start_s, end_s, canvas)
        row = Laid(nth, entry, file.asset, first, there, start_s, end_s, Range(start=start, end=end))
        rows.append(_moved(row, start))
        if before:
            rows[-2:] = _joined(before, rows[-1], join, canvas)
        else:
            rows[-1] = replace(rows[-1], come=_edge(entry.transition_in, entry, canvas))
    rows[-1] = replace(rows[-1], go=_edge(rows[-1].entry.transition_out, rows[-1].entry, canvas))
    for row in rows:
        _expect_room(row, canvas)
    return tuple(rows)


def base_track(rows: Sequence[Laid], clip_of: "dict[int, Clip]") -> tuple[Item, ...]:
    """Give the items of the base track: the clips, what joins them, and black where nothing is.

    A clip that comes out of black alone, or with another look than a fade, crossfades with a stretch of black below it.
    """
    items: list[Item] = []
    at, gone = 0, CUT
    for row in rows:
        items += _between(row.place.start - at, gone, row.come, is_edge=not items)
        items.append(clip_of[row.nth])
        at, gone = row.place.end, row.go
    items += _between(0, gone, CUT, is_edge=True)
    return tuple(items)


# -- one clip ----------------------------------------------------------------------------------------------------------


def _picture_s(media: Media) -> Fraction:
    return media.picture.duration_s if media.picture else Fraction(0)


def _trimmed(nth: int, entry: ClipEntry, media: Media) -> tuple[Fraction, Fraction]:
    """Give where in its file a clip begins and how long it may be seen, in seconds."""
    pointer, lasts = f"/clips/{nth}", _picture_s(media)
    if not lasts:
        raise contradiction(
            pointer, f"names {entry.mention('', 'clip').name!r}, which has no picture", remedy="Name a film."
        )
    if entry.trim_start >= lasts:
        raise contradiction(
            f"{pointer}/trim_start",
            f"is {seconds(entry.trim_start)}, the file lasts {seconds(lasts)}",
            remedy="Begin before its end.",
        )
    end = lasts if entry.trim_end is None else entry.trim_end
    if end > lasts + max(SLACK_S, 1 / media.picture.rate if media.picture else SLACK_S):
        raise contradiction(
            f"{pointer}/trim_end",
            f"is {seconds(end)}, the file lasts {seconds(lasts)}",
            remedy=f"Write {seconds(lasts)} at most, or leave it out.",
        )
    if end <= entry.trim_start:
        raise contradiction(
            f"{pointer}/trim_end",
            f"is {seconds(end)}, trim_start {seconds(entry.trim_start)}",
            remedy="Let it end after it begins.",
        )
    return entry.trim_start, min(end, lasts) - entry.trim_start


def _place(
    nth: int, entry: ClipEntry, before: Laid | None, length_s: Fraction, join: Join, canvas: Canvas
) -> tuple[Fraction, Fraction]:
    """Give where a clip is seen, in seconds of the timeline."""
    start, end, pointer = entry.start_time, entry.end_time, f"/clips/{nth}"
    if start is None and end is not None and entry.trim_end is not None:
        start = end - length_s
    if start is None:
        start = before.end_s - join.frames / canvas.fps if before else Fraction(0)
    if start < 0:
        raise contradiction(
            f"{pointer}/end_time",
            f"is {seconds(entry.end_time or start)}, and its {seconds(length_s)} do not fit before it",
            remedy="Let it end later, or trim it.",
        )
    if end is None:
        return start, start + length_s
    if end <= start:
        raise contradiction(
            f"{pointer}/end_time",
            f"is {seconds(end)}, start_time {seconds(start)}",
            remedy="Let it end after it begins.",
        )
    _expect_length(pointer, entry, (start, end), length_s, canvas)
    return start, end


def _expect_length(
    pointer: str, entry: ClipEntry, place: tuple[Fraction, Fraction], length_s: Fraction, canvas: Canvas
) -> None:
    """Prove that a place has the length of what is seen in it: nothing is slowed down, and nothing held."""
    lasts = place[1] - place[0]
    spare = max(SLACK_S, 1 / canvas.fps)
    if lasts > length_s + spare:
        raise contradiction(
            f"{pointer}/end_time",
            f"leaves {seconds(lasts)} to a clip of {seconds(length_s)}",
            remedy=f"Let it end at {seconds(place[0] + length_s)}, or show more of its file.",
        )
    if entry.trim_end is not None and lasts < length_s - spare:
        raise contradiction(
            f"{pointer}/end_time",
            f"leaves {seconds(lasts)} to a clip that is trimmed to {seconds(length_s)}",
            remedy=f"Let it end at {seconds(place[0] + length_s)}, or leave trim_end out to show what fits.",
        )


def _frameless(nth: int, start_s: Fraction, end_s: Fraction, canvas: Canvas) -> RecipeError:
    return contradiction(
        f"/clips/{nth}",
        f"lasts {seconds(end_s - start_s)}, which is no frame at {float(canvas.fps):g} a second",
        remedy="Show more of it, or leave it out.",
    )


def _moved(row: Laid, start: int) -> Laid:
    """Give a clip that begins at another frame and ends where it did, as far as its file has the frames."""
    length = min(row.place.end - start, row.there)
    return replace(row, place=Range(start=start, end=start + length), first=min(row.first, row.there - length))


# -- two clips ---------------------------------------------------------------------------------------------------------


def _is_over(word: str | None) -> bool:
    return word not in {None, "cut", "fade"}


def _frames(entry: ClipEntry, canvas: Canvas) -> int:
    return max(1, frames_of(entry.transition_duration or TRANSITION_S, canvas.fps))


def _family(word: str | None) -> Family:
    return "fade" if word in {None, "cut", "fade", "crossfade"} else word  # type: ignore[return-value]  # the rest are families


def _edge(word: str | None, entry: ClipEntry, canvas: Canvas) -> Join:
    """Give what a clip does where it has no neighbour: it comes out of black, or goes into it."""
    return CUT if word in {None, "cut"} else Join("black", _family(word), _frames(entry, canvas))


def _join(before: Laid | None, nth: int, entry: ClipEntry, canvas: Canvas) -> Join:
    """Give the crossfade that two clips ask for, if they do. Raises: RecipeError: they ask for different ones."""
    if before is None:
        return CUT
    asked = [(word, one) for word, one in ((before.entry.transition_out, before.entry), (entry.transition_in, entry))]
    over = [(word, one) for word, one in asked if _is_over(word)]
    if not over:
        return CUT
    words = {word for word, _ in asked if word is not None}
    lengths = {_frames(one, canvas) for _, one in over}
    if len(words) > 1 or len(lengths) > 1:
        raise contradiction(
            f"/clips/{nth}/transition_in",
            f"and the transition_out of the clip before are not the same ({', '.join(sorted(words))})",
            remedy="Write the transition between two clips once, or twice alike.",
        )
    word, one = over[-1]
    return Join("over", _family(word), _frames(one, canvas))


def _joined(before: Laid, row: Laid, join: Join, canvas: Canvas) -> tuple[Laid, Laid]:
    """Give two neighbours with what joins them."""
    overlap = before.place.end - row.place.start
    is_near = abs(overlap) <= 1 or abs(before.end_s - row.start_s) * canvas.fps < 1
    if is_near and overlap != join.frames and row.place.end > before.place.end:
        row, overlap = _moved(row, before.place.end), 0
    if row.place.start < before.place.start or (overlap > 0 and not join.frames):
        raise contradiction(
            f"{row.pointer}/start_time",
            f"is {seconds(row.start_s)}, and the clip before it is seen until {seconds(before.end_s)}",
            remedy=f"Begin at {seconds(before.end_s)}, or give a crossfade as transition_in.",
        )
    if overlap > 0:
        _expect_overlap(row, overlap, join, canvas)
        over = Join("over", join.family, overlap)
        return replace(before, go=over), replace(row, come=over)
    if overlap == 0 and join.frames:
        return _stretched(before, row, join, canvas)
    come, go = row.entry.transition_in, before.entry.transition_out
    return replace(before, go=_edge(go, before.entry, canvas)), replace(row, come=_edge(come, row.entry, canvas))


def _expect_overlap(row: Laid, overlap: int, join: Join, canvas: Canvas) -> None:
    """A crossfade is as long as its clips overlap; a duration that was written must say the same, but for rounding."""
    is_written = row.entry.start_time is not None or row.entry.end_time is not None
    says = row.entry.transition_duration is not None
    if is_written and says and abs(overlap - join.frames) > 1:
        raise contradiction(
            f"{row.pointer}/transition_duration",
            f"is {seconds(join.frames / canvas.fps)}, and the clips overlap for {seconds(overlap / canvas.fps)}",
            remedy="Make them alike, or leave the duration out.",
        )


def _stretched(before: Laid, row: Laid, join: Join, canvas: Canvas) -> tuple[Laid, Laid]:
    """Let two clips that touch go on beyond their trims, half of the crossfade each, or as their files have it."""
    more = before.there - before.first - before.place.length
    early = min(join.frames - join.frames // 2, row.first)
    late = min(join.frames - early, max(0, more))
    early = min(join.frames - late, row.first)
    if early + late < join.frames:
        begin = row.start_s - join.frames / canvas.fps
        raise contradiction(
            f"{row.pointer}/transition_in",
            f"takes {seconds(join.frames / canvas.fps)} of both clips, which only touch at {seconds(row.start_s)}, "
            f"and their files have {seconds((early + late) / canvas.fps)} beyond their trims",
            remedy=f"Let it begin at {seconds(max(begin, Fraction(0)))}, or trim the clips so that some is left over.",
        )
    if before.place.length + late < join.frames:
        raise _too_long(row.pointer, before.place.length + late, join, canvas)
    over = Join("over", join.family, join.frames)
    longer = Range(start=before.place.start, end=before.place.end + late)
    sooner = Range(start=row.place.start - early, end=row.place.end)
    return replace(before, place=longer, go=over), replace(row, place=sooner, first=row.first - early, come=over)


def _too_long(pointer: str, there: int, join: Join, canvas: Canvas) -> RecipeError:
    return contradiction(
        f"{pointer}/transition_in",
        f"takes {seconds(join.frames / canvas.fps)}, the clip before it is seen for {seconds(there / canvas.fps)}",
        remedy="Make the transition shorter, or the clip before it longer.",
    )


def _expect_room(row: Laid, canvas: Canvas) -> None:
    taken = row.come.frames + row.go.frames
    if taken > row.place.length:
        raise contradiction(
            row.pointer,
            f"is seen for {seconds(row.place.length / canvas.fps)}, and its transitions take "
            f"{seconds(taken / canvas.fps)}",
            remedy="Make the transitions shorter, or the clip longer.",
        )


def _between(gap: int, go: Join, come: Join, *, is_edge: bool) -> Iterator[Item]:
    """Give what stands between two clips: nothing, a transition, or black with transitions into it and out of it."""
    if come.kind == "over":
        yield Transition(kind="crossfade", length=come.frames, family=come.family)
        return
    alike = go.frames == come.frames or (is_edge and not (go.frames and come.frames))
    if not gap and alike and go.family == come.family == "fade":
        if go.frames or come.frames:
            yield Transition(kind="fade", length=go.frames or come.frames)
        return
    if go.frames:
        yield Transition(kind="crossfade", length=go.frames, family=go.family)
    if black := gap + go.frames + come.frames:
        yield Gap(length=black)
    if come.frames:
        yield Transition(kind="crossfade", length=come.frames, family=come.family)
