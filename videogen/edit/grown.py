"""A story that is dressed: intro and outro, crossfades, a layer above the clips, a title, captions.

The voice begins with the first frame after the intro and ends with the last before the outro, to the frame: no
crossfade moves it. Clips go over into each other; where the story meets its intro and its outro the picture goes
through black, which takes no frame from either. Music goes under all of it. The layer lies over the clips alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from videogen.edit.story import FADE_S, LOGO_XY, clip_frames, media_of, story_frames
from videogen.errors import RecipeError
from videogen.model.dressing import Dressing
from videogen.model.media import Media
from videogen.model.recipe import Story
from videogen.model.safe import title_safe
from videogen.model.style import Backing, ChromaKey, Shadow
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import (
    Canvas,
    Caption,
    Clip,
    ImageOverlay,
    Item,
    Overlay,
    SoundTrack,
    TextOverlay,
    Timeline,
    Transition,
    VideoOverlay,
)

TITLE_FADE_S = Fraction(1, 2)
TITLE_SHARE, CAPTION_SHARE = 9, 18
"""Letters of a title are a ninth of the canvas high, those of captions an eighteenth. Source: EBU-TT-D, Annex C."""


class _Part(NamedTuple):
    """A clip as it is shown, and over how many frames the one before goes over into it."""

    asset: str
    shown: int
    join: int


def grown_timeline(story: Story, dressing: Dressing, media: Mapping[str, Media], canvas: Canvas) -> Timeline:
    """Lay a dressed story out.

    Shape: as long as intro, voice and outro together; the voice's part is its decoded duration rounded to frames.
    Raises: MissingInput: an asset's media is unknown. RecipeError: the clips are shorter than the voice.
    """
    spoken = story_frames(media_of(story.voice, media), canvas)
    parts = _parts(story.clips, spoken, dressing.crossfade, media, canvas)
    intro, outro = (_whole(one, media, canvas) for one in (dressing.intro, dressing.outro))
    begin = intro.length if intro else 0
    end = begin + spoken + (outro.length if outro else 0)
    told = Range(start=begin, end=begin + spoken)
    captions = tuple(_moved(one, begin) for one in dressing.captions)
    over = [*_layer(dressing, canvas, told), *_logo(story, end), *_title(dressing, canvas, told)]
    return Timeline(
        canvas=canvas,
        picture=tuple(_picture(intro, parts, outro, dressing.crossfade)),
        overlays=(*over, *(_burnt(one, canvas) for one in captions if dressing.is_burnt)),
        sounds=(
            SoundTrack(
                asset=story.music,
                gain=story.music_gain,
                is_looped=True,
                fade_out=min(end, frames_of(FADE_S, canvas.fps)),
            ),
            # A voice may be cut off in a word; where more follows, or came before, that is no click.
            SoundTrack(
                asset=story.voice,
                gain=story.voice_gain,
                at=told,
                fade_in=int(begin > 0 and spoken > 1),
                fade_out=int(end > told.end and spoken > 1),
            ),
        ),
        captions=() if dressing.is_burnt else captions,
    )


def _parts(
    clips: Sequence[str], need: int, crossfade: int, media: Mapping[str, Media], canvas: Canvas
) -> tuple[_Part, ...]:
    """Give the clips that cover `need` frames; a crossfade takes no more than half of a clip at either end."""
    parts: list[_Part] = []
    left = need
    for asset in clips:
        if not left:
            break
        there = clip_frames(media_of(asset, media), canvas)
        join = min(crossfade, parts[-1].shown // 2, there // 2) if parts else 0
        if there - join >= left:
            # The last: as long as what is left and its join, which is no longer than what is left.
            join = min(join, left)
            there = left + join
        parts.append(_Part(asset, there, join))
        left -= there - join
    if left:
        raise RecipeError(
            f"the clips end {left} frames before the voice does",
            remedy="Add clips to the recipe; one may appear more than once.",
        )
    return tuple(parts)


def _whole(asset: str | None, media: Mapping[str, Media], canvas: Canvas) -> Clip | None:
    if asset is None:
        return None
    return Clip(asset=asset, source=Range(start=0, end=clip_frames(media_of(asset, media), canvas)))


def _picture(intro: Clip | None, parts: Sequence[_Part], outro: Clip | None, crossfade: int) -> Iterator[Item]:
    if intro:
        yield intro
        yield from _dip(crossfade, intro.length, parts[0].shown)
    for part in parts:
        if part.join:
            yield Transition(kind="crossfade", length=part.join)
        yield Clip(asset=part.asset, source=Range(start=0, end=part.shown))
    if outro:
        yield from _dip(crossfade, parts[-1].shown, outro.length)
        yield outro


def _dip(wanted: int, before: int, after: int) -> Iterator[Transition]:
    length = min(wanted, before // 2, after // 2)
    if length:
        yield Transition(kind="fade", length=length)


def _layer(dressing: Dressing, canvas: Canvas, told: Range) -> Iterator[VideoOverlay]:
    if dressing.frame is None:
        return
    if dressing.frame_mode == "screen":
        yield VideoOverlay(asset=dressing.frame, x=0, y=0, at=told, blend="screen", is_looped=True, is_covering=True)
        return
    yield VideoOverlay(
        asset=dressing.frame,
        x=0,
        y=0,
        at=told,
        width=canvas.width,
        height=canvas.height,
        is_looped=True,
        is_covering=True,
        has_alpha=dressing.frame_mode == "alpha",
        key=ChromaKey() if dressing.frame_mode == "chroma" else None,
    )


def _logo(story: Story, end: int) -> Iterator[ImageOverlay]:
    if story.logo:
        yield ImageOverlay(asset=story.logo, x=LOGO_XY[0], y=LOGO_XY[1], at=Range(start=0, end=end))


def _title(dressing: Dressing, canvas: Canvas, told: Range) -> Iterator[TextOverlay]:
    """Give the title, over the first clip, in the middle of what every screen shows."""
    length = min(dressing.title_length, told.length)
    if not length or not dressing.title:
        return
    safe, fade = title_safe(canvas), min(length // 3, frames_of(TITLE_FADE_S, canvas.fps))
    size = max(8, canvas.height // TITLE_SHARE)
    yield TextOverlay(
        text=dressing.title,
        size=size,
        least=min(size, 8),
        x=safe.x + safe.width // 2,
        y=safe.y + safe.height // 2,
        at=Range(start=told.start, end=told.start + length),
        fade_in=fade,
        fade_out=fade,
        anchor="center",
        align="center",
        width=safe.width,
        height=safe.height // 2,
        shadow=Shadow(dx=max(1, size // 20), dy=max(1, size // 20), blur=size // 12),
    )


def _moved(caption: Caption, by: int) -> Caption:
    return Caption(at=Range(start=caption.at.start + by, end=caption.at.end + by), text=caption.text)


def _burnt(caption: Caption, canvas: Canvas) -> Overlay:
    safe, size = title_safe(canvas), max(8, canvas.height // CAPTION_SHARE)
    return TextOverlay(
        text=caption.text,
        size=size,
        least=min(size, 8),
        x=safe.x + safe.width // 2,
        y=safe.y + safe.height,
        at=caption.at,
        anchor="bottom",
        align="center",
        width=safe.width,
        height=safe.height // 2,
        backing=Backing(padding=max(2, size // 4), radius=size // 6),
    )
