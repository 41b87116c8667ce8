"""story: clips for as long as the voice lasts, music under it, the logo above."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import zip_longest

from videogen.errors import MissingInput, RecipeError
from videogen.model.media import Media
from videogen.model.recipe import Story
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import Canvas, Clip, ImageOverlay, SoundTrack, Timeline

LOGO_XY = (20, 20)
FADE_S = Fraction(2)
"""Music goes out this long before the end: the voice has no last bar to end on."""


def story_timeline(story: Story, media: Mapping[str, Media], canvas: Canvas) -> Timeline:
    """Lay the clips end to end until the voice ends; the last one is cut there, to the frame.

    Of each clip that is shown which the story says, as far as the clip goes; where it says nothing, all of it.

    Shape: the length is the voice's decoded duration at the canvas rate, rounded to the nearest frame, at least one.
    Raises: MissingInput: an asset's media is unknown. RecipeError: the clips are shorter than the voice.
    """
    length = story_frames(media_of(story.voice, media), canvas)
    picture: list[Clip] = []
    left = length
    for digest, shown in zip_longest(story.clips, story.shown):
        if left == 0:
            break
        there = clip_frames(media_of(digest, media), canvas)
        start, end = (shown.start, min(shown.end, there)) if shown else (0, there)
        taken = min(left, end - start)
        if taken > 0:
            picture.append(Clip(asset=digest, source=Range(start=start, end=start + taken)))
            left -= taken
    if left:
        raise RecipeError(
            f"the clips end {left} frames before the voice does",
            remedy="Add clips to the recipe; one may appear more than once.",
        )
    whole = Range(start=0, end=length)
    logo = (ImageOverlay(asset=story.logo, x=LOGO_XY[0], y=LOGO_XY[1], at=whole),) if story.logo else ()
    return Timeline(
        canvas=canvas,
        picture=tuple(picture),
        overlays=logo,
        sounds=(
            SoundTrack(
                asset=story.music,
                gain=story.music_gain,
                is_looped=True,
                fade_out=min(length, frames_of(FADE_S, canvas.fps)),
            ),
            SoundTrack(asset=story.voice, gain=story.voice_gain),
        ),
    )


def story_frames(voice: Media, canvas: Canvas) -> int:
    """Give the length in frames of a story told by this voice: rounded, at least one."""
    return max(1, frames_of(voice.duration_s, canvas.fps))


def clip_frames(clip: Media, canvas: Canvas) -> int:
    """Give how many canvas frames a clip fills: rounded, at least one; the last one is held if it comes a bit short."""
    return length_frames(clip.duration_s, canvas)


def length_frames(length_s: Fraction, canvas: Canvas) -> int:
    """Give how many canvas frames a clip of so many seconds fills: rounded, at least one."""
    return max(1, frames_of(length_s, canvas.fps))


def media_of(digest: str, media: Mapping[str, Media]) -> Media:
    """Look an asset's media up. Raises: MissingInput: nothing is known of it."""
    if digest not in media:
        raise MissingInput(
            f"no media is known for the content {digest[:12]}", remedy="Drop the file into raw/ again and retry."
        )
    return media[digest]
