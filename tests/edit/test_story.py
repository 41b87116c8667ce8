"""story: the recipe's arithmetic, to the frame."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests import papers
from videogen.edit import story_timeline
from videogen.errors import MissingInput, RecipeError
from videogen.model.media import Media
from videogen.model.recipe import Story
from videogen.model.timeline import Canvas, Clip

CANVAS = Canvas(width=1920, height=1080, fps=Fraction(30))


def library(samples: int, *clip_seconds: Fraction) -> tuple[Story, dict[str, Media]]:
    """Make a story of a voice and clips."""
    media = {papers.digest("voice"): papers.sound(samples), papers.digest("music"): papers.sound(44100)}
    clips = [papers.digest(f"clip{index}") for index in range(len(clip_seconds))]
    media |= {clip: papers.picture(seconds) for clip, seconds in zip(clips, clip_seconds, strict=True)}
    return Story(voice=papers.digest("voice"), music=papers.digest("music"), clips=tuple(clips)), media


@settings(deadline=None)
@given(some.integers(1, 44100 * 40), some.lists(some.fractions(Fraction(1, 30), 9), min_size=1, max_size=30))
def test_length_is_the_voice_s_to_the_frame(samples: int, seconds: list[Fraction]) -> None:
    """The length is the voice's decoded length rounded to a frame, or the clips do not reach and that is said (A7)."""
    story, media = library(samples, *seconds)
    wanted = max(1, int(Fraction(samples * 30, 44100) + Fraction(1, 2)))
    reach = sum(max(1, int(length * 30 + Fraction(1, 2))) for length in seconds)

    if reach < wanted:
        with pytest.raises(RecipeError, match="before the voice does"):
            story_timeline(story, media, CANVAS)
        return
    timeline = story_timeline(story, media, CANVAS)

    assert timeline.length == wanted
    shown = [part for part in timeline.picture if isinstance(part, Clip)]
    assert [part.asset for part in shown] == list(story.clips[: len(shown)])
    assert all(part.source.start == 0 for part in shown)


def test_last_clip_is_cut_and_the_rest_left_out() -> None:
    """A clip that is longer than what is left ends with the voice; later ones do not appear."""
    story, media = library(44100 * 3, Fraction(2), Fraction(2), Fraction(2))

    timeline = story_timeline(story, media, CANVAS)

    assert [part.length for part in timeline.picture] == [60, 30]


def test_voice_without_a_clip_s_media_is_named() -> None:
    """An asset of which nothing is known is a missing input."""
    story, media = library(44100, Fraction(2))
    del media[papers.digest("clip0")]

    with pytest.raises(MissingInput, match=papers.digest("clip0")[:12]):
        story_timeline(story, media, CANVAS)


def test_music_lies_under_the_voice_and_the_logo_over_all() -> None:
    """Music loops at a quarter and goes out, the voice plays as it is, the logo is at 20:20 from end to end (A7)."""
    story, media = library(44100 * 3, Fraction(4))
    logo, music, voice = (papers.digest(word) for word in ("logo", "music", "voice"))

    timeline = story_timeline(story.model_copy(update={"logo": logo}), media, CANVAS)

    assert timeline.listing().splitlines()[2:] == [
        f"image  [0, 90) {logo[:12]} at 20:20",
        f"sound  [0, 90) {music[:12]} gain 0.25 looped out 60",
        f"sound  [0, 90) {voice[:12]} gain 1",
    ]


@pytest.mark.parametrize(
    ("samples", "fps", "faded"),
    [
        (44100 * 3, Fraction(30), 60),
        (44100 * 2, Fraction(30), 60),
        (44100, Fraction(30), 30),  # shorter than the fade: all of it goes out
        (1, Fraction(30), 1),
        (44100 * 3, Fraction(30000, 1001), 60),  # 59.94
        (44100 * 3, Fraction(25, 2), 25),
    ],
    ids=str,
)
def test_the_last_two_seconds_of_music_go_out(samples: int, fps: Fraction, faded: int) -> None:
    """Music is gone with the last frame, after two seconds to the frame or all there is; the voice does not fade."""
    story, media = library(samples, Fraction(4))

    music, voice = story_timeline(story, media, CANVAS.model_copy(update={"fps": fps})).sounds

    assert (music.fade_in, music.fade_out) == (0, faded)
    assert (voice.fade_in, voice.fade_out) == (0, 0)


@pytest.mark.parametrize(
    ("samples", "frames"),
    [
        (1, 1),  # a click still is a video
        (2204, 1),  # 1.4993 frames
        (2205, 2),  # 1.5 frames
        (44100, 30),
    ],
)
def test_a_short_voice_is_rounded_and_never_nothing(samples: int, frames: int) -> None:
    """Half a frame of voice is a frame of video, and no voice is too short for one."""
    assert story_timeline(*library(samples, Fraction(2)), CANVAS).length == frames
