"""composition: what lies above the picture and what is heard, as it is written (C2)."""

from fractions import Fraction
from typing import Any

import pytest

from tests import papers
from tests.recipes.test_composition import CROSSED, WORDS, made
from videogen.model.style import ChromaKey, Shift
from videogen.model.timebase import Range
from videogen.model.timeline import Clip, Gap, ImageOverlay, TextOverlay, Timeline, VideoOverlay


def overlay(**written: Any) -> TextOverlay | ImageOverlay | VideoOverlay:
    """Give the overlay that a composition of ten seconds in 720p makes of an entry."""
    return made({}, overlays=[written]).timeline.overlays[0]


def test_words_keep_the_safe_area() -> None:
    """Words placed by a word hang on the title-safe area and fit into it; from a pixel they fit up to its end (C2)."""
    corner = overlay(**WORDS, position="bottom-right")
    middle = overlay(**WORDS)
    pixel = overlay(**WORDS, position={"x": 200, "y": 600})

    assert isinstance(corner, TextOverlay)
    assert isinstance(middle, TextOverlay)
    assert isinstance(pixel, TextOverlay)
    assert (corner.anchor, corner.x, corner.y, corner.align) == ("bottom-right", 1152, 648, "right")
    assert (corner.width, corner.height) == (1024, 576)
    assert (middle.anchor, middle.x, middle.y, middle.size) == ("center", 640, 360, 48)
    assert (pixel.anchor, pixel.x, pixel.y, pixel.width, pixel.height) == ("top-left", 200, 600, 952, 48)


def test_dark_words_have_a_bright_line_round_them() -> None:
    """Whatever colour they have, words can be read on bright and on dark without anybody asking for it."""
    white, black = (overlay(**WORDS, style={"color": colour}) for colour in ("white", "#101010"))

    assert isinstance(white, TextOverlay)
    assert isinstance(black, TextOverlay)
    assert (white.outline.colour, black.outline.colour) == ("#000000", "#ffffff")


def test_words_slide_and_fade() -> None:
    """What slides to the left comes from the right and goes to the left, within its fades."""
    moved = overlay(**WORDS, animation_in="slide_left", animation_out={"type": "slide_left", "duration": 0.2})

    assert (moved.enter, moved.leave) == (Shift(dx=320), Shift(dx=-320))
    assert (moved.fade_in, moved.fade_out) == (15, 6)


def test_a_style_is_drawn_as_written() -> None:
    """Font, weight, shadow and plate reach the words; a plate and a shadow of true follow the letters' size."""
    style = {"font": "Arial", "size": 48, "shadow": True, "box": "#f80", "outline": False, "max_width": 300}
    words = overlay(**WORDS, style=style)

    assert isinstance(words, TextOverlay)
    assert words.font == papers.digest("Arial")
    assert (words.shadow and words.shadow.dx, words.backing and words.backing.colour) == (2, "#ff8800")
    assert (words.outline.width, words.width) == (0, 300)


PLACED: list[tuple[str, dict[str, Any], tuple[int, int, int | None, int | None]]] = [
    ("its own size, in the middle", {}, (590, 335, 100, 50)),
    ("a corner keeps the action-safe area", {"position": "top-left"}, (64, 36, 100, 50)),
    ("one side gives the other", {"width": 300, "position": {"x": 0, "y": 0}}, (0, 0, 300, 150)),
    ("scaled", {"scale": 0.5, "position": "bottom-right"}, (1166, 659, 50, 25)),
    ("contained in a box", {"width": 100, "height": 100, "position": {"x": 0, "y": 0}}, (0, 25, 100, 50)),
    ("covering a box", {"width": 80, "height": 80, "fit": "cover", "position": {"x": 0, "y": 0}}, (0, 0, 80, 80)),
    ("no larger than the picture", {"file": "wide.png"}, (0, 280, 1280, 160)),
]


@pytest.mark.parametrize(("written", "wanted"), [row[1:] for row in PLACED], ids=[row[0] for row in PLACED])
def test_images_lie_where_they_are_written(written: dict[str, Any], wanted: tuple[int, ...]) -> None:
    """An image has its own shape whatever is written, and its corner at the pixel or in the area a word names (C2)."""
    image = overlay(**{"type": "image", "file": "i.png", **written})

    assert isinstance(image, ImageOverlay)
    assert (image.x, image.y, image.width, image.height) == wanted
    assert image.fit == ("cover" if written.get("fit") else "stretch")


def test_films_lie_above_as_long_as_they_last() -> None:
    """A film above is even, seen to its end or again and again, keyed, or blended over the whole picture (C2)."""
    film = overlay(type="video", file="8.mp4", width=301, start_time=1, trim_start=7, chroma_key="#00f")
    looped = overlay(type="video", file="8.mp4", blend="screen", loop=True, opacity=0.5)

    assert isinstance(film, VideoOverlay)
    assert isinstance(looped, VideoOverlay)
    assert film.at == Range(start=30, end=70)
    assert (film.start, film.width, film.height) == (210, 300, 168)
    assert film.key == ChromaKey(colour="#0000ff")
    assert (looped.at.length, looped.is_looped, looped.width, looped.opacity) == (300, True, None, Fraction(1, 2))


def test_sounds_are_heard_as_written() -> None:
    """Music loops under the voice and ducks; clips sound as long as they are seen and cross as they do (C2)."""
    audio = {
        "music_url": "m.mp3",
        "voiceover_file": "v.mp3",
        "voiceover_start_time": 1,
        "ducking": True,
        "loudness": -14,
    }
    edited = made(
        {"trim_end": 3},
        {"url": "b.mp4", "trim_start": 1, "trim_end": 4, **CROSSED},
        audio={**audio, "clip_volume": 0.25, "music_fade_in": 1},
    )
    voice, music, first, second = edited.timeline.sounds

    assert edited.timeline.loudness_lufs == -14
    assert (voice.at, voice.ducked_by) == (Range(start=30, end=90), None)
    assert (music.ducked_by, music.is_looped, music.fade_in, music.fade_out) == (0, True, 30, 60)
    assert (first.at, first.start, first.fade_out, first.curve) == (Range(start=0, end=90), 0, 15, "power")
    assert (second.at, second.start, second.fade_in, second.gain) == (Range(start=75, end=165), 30, 15, Fraction(1, 4))


def test_a_voice_longer_than_the_picture_is_cut_and_that_is_said() -> None:
    """A voice goes no longer than the picture, with a warning; a music that does not loop ends where it ends."""
    cut = made({"trim_end": 1}, audio={"voiceover_url": "v.mp3"})
    once = made({}, audio={"music_url": "m.mp3", "music_loop": False, "music_trim_start": 1})

    assert cut.warnings[0].startswith("voice-cut: the voice would end at 2 s, the video ends at 1 s")
    assert (once.timeline.sounds[0].at, once.timeline.sounds[0].start) == (Range(start=0, end=90), 30)


def test_a_look_is_of_all_clips_or_of_one() -> None:
    """Fit, colours and table are the composition's, where a clip does not have its own (C2)."""
    plain, own = (
        item
        for item in made(
            {}, {"colour": "mono", "fit": "contain"}, fit="cover", color="warm", lut="warm.cube"
        ).timeline.picture
        if isinstance(item, Clip)
    )

    assert (plain.fit, plain.colour, plain.lut) == ("cover", "warm", papers.digest("warm.cube"))
    assert (own.fit, own.colour, own.lut) == ("contain", "mono", papers.digest("warm.cube"))


def test_a_gap_is_black() -> None:
    """What nobody filled is black."""
    timeline: Timeline = made({"start_time": 1}).timeline

    assert timeline.picture[0] == Gap(length=30)
