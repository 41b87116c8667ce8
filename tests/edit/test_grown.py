"""A dressed story: the voice is where it was to the frame, whatever is laid before, after, between and above it."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests import papers
from videogen.edit.grown import grown_timeline
from videogen.model.dressing import Dressing, title_of
from videogen.model.media import Media
from videogen.model.recipe import Story
from videogen.model.safe import title_safe
from videogen.model.timebase import Range
from videogen.model.timeline import (
    Canvas,
    Caption,
    Clip,
    SoundTrack,
    TextOverlay,
    Timeline,
    Transition,
    VideoOverlay,
)

CANVAS = Canvas(width=640, height=360, fps=Fraction(30))
INTRO, OUTRO, LAYER, LOGO = (papers.digest(word) for word in ("intro", "outro", "layer", "logo"))


def laid_out(voice_frames: int, clips: list[int], dressing: Dressing, logo: str | None = None) -> Timeline:
    """Lay out a story of a voice and clips of so many frames."""
    media = {papers.digest("voice"): papers.sound(voice_frames * 1470), papers.digest("music"): papers.sound(44100)}
    media |= {papers.digest(f"clip{nth}"): papers.picture(Fraction(frames, 30)) for nth, frames in enumerate(clips)}
    media |= {
        INTRO: papers.picture(Fraction(2)),
        OUTRO: papers.picture(Fraction(1)),
        LAYER: papers.picture(Fraction(1)),
    }
    names = tuple(papers.digest(f"clip{nth}") for nth in range(len(clips)))
    story = Story(voice=papers.digest("voice"), music=papers.digest("music"), clips=names, logo=logo)
    known: dict[str, Media] = media
    return grown_timeline(story, dressing, known, CANVAS)


@given(
    some.integers(1, 900), some.lists(some.integers(1, 200), min_size=1, max_size=12), some.integers(0, 40),
    some.booleans(), some.booleans(),
)  # fmt: skip
def test_the_voice_keeps_its_place_and_its_length(
    voice: int, clips: list[int], crossfade: int, has_intro: bool, has_outro: bool
) -> None:
    """A7: intro, voice and outro follow one another to the frame; a crossfade takes no more than half a clip."""
    reach = sum(clips) - crossfade * (len(clips) - 1)
    clips = clips if reach >= voice else [*clips, voice + crossfade]
    dressing = Dressing(crossfade=crossfade, intro=INTRO if has_intro else None, outro=OUTRO if has_outro else None)

    timeline = laid_out(voice, clips, dressing)

    begin, after = 60 * has_intro, 30 * has_outro
    assert timeline.length == begin + voice + after
    spoken = timeline.sounds[1]
    assert spoken.at == Range(start=begin, end=begin + voice)
    assert isinstance(timeline.sounds[0], SoundTrack)
    assert timeline.sounds[0].at is None
    shown = [item for item in timeline.picture if isinstance(item, Clip)]
    for before, now in pairwise(timeline.picture):
        if isinstance(now, Transition) and isinstance(before, Clip):
            assert now.length <= before.length // 2
            assert now.length <= crossfade
    assert (shown[0].asset == INTRO) is has_intro
    assert (shown[-1].asset == OUTRO) is has_outro


def test_clips_cross_and_the_edges_go_through_black() -> None:
    """Between clips is a crossfade; where the story meets its intro and its outro, a fade that takes no frame."""
    timeline = laid_out(200, [120, 120], Dressing(crossfade=15, intro=INTRO, outro=OUTRO))

    assert [(one.kind, one.length) if isinstance(one, Transition) else one.length for one in timeline.picture] == [
        60, ("fade", 15), 120, ("crossfade", 15), 95, ("fade", 15), 30,
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["screen", "chroma", "alpha"])
def test_a_layer_lies_over_the_clips_alone(mode: str) -> None:
    """The layer is as large as the canvas, looped, and neither over the intro nor over the outro; the logo is."""
    dressing = Dressing.model_validate({"intro": INTRO, "outro": OUTRO, "frame": LAYER, "frame_mode": mode})

    layer, logo = laid_out(90, [200], dressing, LOGO).overlays

    assert isinstance(layer, VideoOverlay)
    assert (layer.at, layer.is_looped, layer.is_covering) == (Range(start=60, end=150), True, True)
    seen = (layer.blend == "screen", layer.key is not None, layer.has_alpha)
    assert seen == (mode == "screen", mode == "chroma", mode == "alpha")
    assert logo.at == Range(start=0, end=180)


def test_a_title_stands_in_the_safe_area_while_the_story_begins() -> None:
    """The title is over the first seconds of the voice, in a box no screen cuts, and ends with a short one."""
    dressing = Dressing(intro=INTRO, title="The Raven", title_length=90)

    (title,) = laid_out(200, [300], dressing).overlays
    (short,) = laid_out(30, [300], dressing).overlays

    assert isinstance(title, TextOverlay)
    safe = title_safe(CANVAS)
    assert title.at == Range(start=60, end=150)
    assert (title.width, title.height) == (safe.width, safe.height // 2)
    assert (title.x, title.y) == (320, 180)
    assert short.at == Range(start=60, end=90)


def test_captions_move_with_the_voice_and_are_burnt_in_only_when_asked() -> None:
    """Soft captions are a stream and no overlay; burnt ones are words in the picture and no stream."""
    captions = (Caption(at=Range(start=10, end=40), text="From fairest creatures"),)
    soft = laid_out(90, [200], Dressing(intro=INTRO, captions=captions))
    burnt = laid_out(90, [200], Dressing(intro=INTRO, captions=captions, is_burnt=True))

    assert [one.at for one in soft.captions] == [Range(start=70, end=100)]
    assert soft.overlays == ()
    assert burnt.captions == ()
    assert [(one.at, one.type) for one in burnt.overlays] == [(Range(start=70, end=100), "text")]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("the_raven", "The Raven"),
        ("sonnet-18", "Sonnet 18"),
        ("Ode to a NIGHTINGALE", "Ode to a NIGHTINGALE"),
        ("über_alles", "Über Alles"),
        ("jack-o-lantern and_me", "Jack-o-lantern And Me"),
        ("___", ""),
    ],
)
def test_a_title_is_read_off_a_folder_s_name(name: str, title: str) -> None:
    """Underscores and dashes are spaces, small words begin large; a name that has large letters is left alone."""
    assert title_of(name) == title
