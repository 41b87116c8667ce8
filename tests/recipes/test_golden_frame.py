"""golden_frame: five layers, cuts on beats, and nothing that is not there makes it fail (D1, D2, D3)."""

import json
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from tests import papers
from videogen.edit.golden_frame import golden_frame_timeline
from videogen.errors import RecipeError
from videogen.model.golden_frame import BORDER, FRAME, GoldenFrame
from videogen.model.stock import Beats, Edited, Stock
from videogen.model.style import Zoom
from videogen.model.timeline import Gap, ImageOverlay, TextOverlay, Timeline, VideoOverlay

TALL, WIDE, MUSIC, GLITTER = (papers.digest(name) for name in ("tall.jpg", "wide.jpg", "m.mp3", "glitter"))
SIZES = {"tall.jpg": (900, 1700), "wide.jpg": (1600, 900), "f.png": (1080, 1900), "square.png": (500, 500)}


def stock(*missing: str, beats: Beats | None = None, **more: Any) -> Stock:
    """Give two images, twenty seconds of music, frames and glitter, but for what is missing."""
    names = {name: papers.digest(name) for name in (*SIZES, "m.mp3", "glass.mp4")}
    names |= {"shipped:glitter.mp4": GLITTER, FRAME: papers.digest("frame"), BORDER: papers.digest("border")}
    pictures = {papers.digest(name): size for name, size in SIZES.items()}
    pictures |= {papers.digest("frame"): (1080, 1920), papers.digest("border"): (1080, 1920)}
    return Stock(
        contents={name: content for name, content in names.items() if name not in missing},
        media={MUSIC: papers.sound(20 * 44_100), GLITTER: papers.picture(4, size=(540, 960))},
        pictures=pictures,
        beats={MUSIC: beats} if beats else {},
        **more,
    )


def made(of: Stock | None = None, **written: Any) -> Edited:
    """Compile a golden frame of two images."""
    words = json.dumps({"images": ["tall.jpg", "wide.jpg"], **written})
    return golden_frame_timeline(GoldenFrame.model_validate_json(words), of or stock())


def content(timeline: Timeline) -> list[ImageOverlay]:
    """Give the images that are shown, in order: those that grow."""
    return [one for one in timeline.overlays if isinstance(one, ImageOverlay) and one.zoom]


def starts(edited: Edited) -> list[float]:
    """Give the seconds at which each image begins."""
    return [float(one.at.start / edited.timeline.canvas.fps) for one in content(edited.timeline)]


def words_of(edited: Edited) -> list[str]:
    """Give the words of its warnings."""
    return [warning.split(":")[0] for warning in edited.warnings]


def test_the_layers_are_those_of_the_seed() -> None:
    """Near black; glitter at 0.7 over all; images of 900x1600 that grow by a twentieth; a frame; words (D1)."""
    timeline = made(text_overlay="Gold ✨").timeline
    glitter, first, second, frame, words = timeline.overlays

    assert (timeline.canvas.width, timeline.canvas.height) == (1080, 1920)
    assert timeline.picture == (Gap(length=180, colour="#050505"),)
    assert isinstance(glitter, VideoOverlay)
    assert (glitter.opacity, glitter.is_looped, glitter.is_covering) == (Fraction(7, 10), True, True)
    assert (glitter.blend, glitter.width, glitter.height) == ("normal", 1080, 1920)
    assert isinstance(first, ImageOverlay)
    assert isinstance(second, ImageOverlay)
    assert [(one.x, one.y, one.width, one.height) for one in (first, second)] == [(90, 160, 900, 1600)] * 2
    assert first.zoom == Zoom(start=Fraction(1), end=Fraction(21, 20))
    assert (first.fit, second.fit) == ("cover", "blur"), "of the wide one two thirds would be lost"
    assert isinstance(frame, ImageOverlay)
    assert (frame.x, frame.y, frame.width, frame.height, frame.fit) == (0, 0, 1080, 1920, "stretch")
    assert isinstance(words, TextOverlay)
    assert (words.anchor, words.y, words.width, words.align) == ("top", 192, 864, "center")
    assert all(one.at.length == 180 for one in (glitter, frame, words))


def test_its_length_is_told_or_the_music_s_or_three_seconds_an_image() -> None:
    """What is told goes first, then the music, then the images (D2)."""
    lengths = [
        made(**written).timeline.length
        for written in ({"duration": 7.5, "music": "m.mp3"}, {"audio": "m.mp3"}, {}, {"seconds_per_image": 2})
    ]

    assert lengths == [225, 600, 180, 120]


def test_music_is_brought_to_one_loudness_and_goes_out() -> None:
    """The music loops under all of it, is normalised to -14 LUFS, and fades within two seconds of the end (D2)."""
    timeline = made(music="m.mp3", duration=30).timeline
    (music,) = timeline.sounds

    assert timeline.loudness_lufs == Fraction(-14)
    assert (music.is_looped, music.fade_out, music.at) == (True, 60, None)


def steady(beat: str, count: int, first: str = "0.2") -> Beats:
    """Give beats that are all alike far apart."""
    return Beats(tuple(Fraction(first) + nth * Fraction(beat) for nth in range(count)), 0.9)


def test_cuts_lie_on_beats() -> None:
    """Images change every so many beats as come nearest to the time wished, each cut on a beat to the frame (D2)."""
    edited = made(stock(beats=steady("0.47", 42)), music="m.mp3", seconds_per_image=3)
    frames = {round(beat * 30) for beat in steady("0.47", 42).at_s}
    cuts = [one.at.start for one in content(edited.timeline)][1:]

    assert edited.warnings == ()
    assert all(any(abs(cut - frame) <= 1 for frame in frames) for cut in cuts)
    assert {round(b - a, 1) for a, b in pairwise(starts(edited)[1:])} <= {2.8, 2.9}, "six beats of 0.47 s"
    assert [one.asset for one in content(edited.timeline)][:3] == [TALL, WIDE, TALL]


def test_each_image_once_where_the_time_is_right_for_it() -> None:
    """Few seconds are shared evenly, and every cut goes to the beat next to it (D2)."""
    edited = made(stock(beats=steady("0.5", 40)), music="m.mp3", duration=8)

    assert starts(edited) == [0.0, pytest.approx(4.2, abs=0.02)]


def test_no_image_is_seen_for_less_than_a_second() -> None:
    """However fast the beats and however many the images, an image stays a second; what is left over is told (D2)."""
    edited = made(stock(beats=steady("0.2", 100)), images=["tall.jpg"] * 30, music="m.mp3", duration=10)
    cuts = [*starts(edited), 10.0]

    assert min(b - a for a, b in pairwise(cuts)) > 0.98
    assert words_of(edited) == ["images-left"]


def test_beats_go_on_where_the_music_comes_again() -> None:
    """In the second round of a music the cuts still lie on its beats (D2)."""
    edited = made(stock(beats=steady("0.5", 40, "0.1")), music="m.mp3", duration=38, seconds_per_image=4)
    late = [at for at in starts(edited) if at > 20.5]

    assert late
    assert all(abs((at - 0.1) % 0.5) < 0.04 or abs((at - 0.1) % 0.5) > 0.46 for at in late)


@pytest.mark.parametrize(
    ("beats", "says"), [(Beats(because="its tempo is not sure"), "tempo"), (None, "nobody looked")]
)
def test_without_beats_the_length_is_fixed_and_that_is_said(beats: Beats | None, says: str) -> None:
    """Where there are no beats the images share the time evenly, with a warning; not where nobody wants them (D2)."""
    even = made(stock(beats=beats), music="m.mp3", seconds_per_image=5)

    assert starts(even) == [0, 5, 10, 15]
    assert words_of(even) == ["no-beats"]
    assert says in even.warnings[0]
    assert made(music="m.mp3", beats="off").warnings == ()


MISSING: list[tuple[tuple[str, ...], dict[str, Any], list[str]]] = [
    (("shipped:glitter.mp4",), {}, ["no-overlay"]),
    ((), {"overlay": "nowhere.mp4"}, ["no-overlay"]),
    ((), {"overlay": "none"}, []),
    ((), {"frame": "nowhere.png"}, ["no-frame"]),
    ((FRAME,), {}, ["no-frame"]),
    ((FRAME, BORDER), {}, ["no-frame"]),
    ((), {"frame": "none"}, []),
    (("m.mp3",), {"music": "m.mp3"}, []),
    (("wide.jpg",), {}, []),
]


@pytest.mark.parametrize(("missing", "written", "words"), MISSING)
def test_what_is_missing_is_done_without(missing: tuple[str, ...], written: dict[str, Any], words: list[str]) -> None:
    """No glitter, no frame, no music, no second image: it is made nevertheless, and says without what (D3)."""
    edited = made(stock(*missing), **written)

    assert words_of(edited) == words
    assert content(edited.timeline)


def test_without_any_image_there_is_nothing_to_make() -> None:
    """No image at all is an error that names the place."""
    with pytest.raises(RecipeError, match="/images names no image") as caught:
        made(stock("tall.jpg", "wide.jpg"))

    assert (caught.value.word, caught.value.facts["pointer"]) == ("missing-file", "/images")


FRAMES = [
    ("default", "frame", "stretch"),
    ("procedural", "border", "stretch"),
    ("f.png", "f.png", "stretch"),
    ("square.png", "square.png", "contain"),
    ("nowhere.png", "border", "stretch"),
]


@pytest.mark.parametrize(("written", "content_of", "fit"), FRAMES)
def test_a_frame_is_never_distorted(written: str, content_of: str, fit: str) -> None:
    """A frame of nearly the right shape fills the picture, another one stays whole; a missing one is drawn (D1, D3)."""
    frame = made(frame=written).timeline.overlays[-1]

    assert isinstance(frame, ImageOverlay)
    assert (frame.asset, frame.fit) == (papers.digest(content_of), fit)


def test_little_memory_makes_a_small_video_and_that_is_said() -> None:
    """Below two gigabytes of free memory the canvas is 720x1280, all layers with it; above it nothing changes (D3)."""
    small = made(stock(memory_mb=900))
    image = content(small.timeline)[0]

    assert words_of(small) == ["low-memory"]
    assert (small.timeline.canvas.width, small.timeline.canvas.height) == (720, 1280)
    assert (image.x, image.y, image.width, image.height) == (60, 106, 600, 1068)
    assert made(stock(memory_mb=4000)) == made()
    assert made(stock(memory_mb=900), resolution="540x960").warnings == (), "it is smaller than that already"


def test_no_longer_than_the_house_allows() -> None:
    """Told to be longer it is refused with the place; a longer music ends there, with a warning."""
    allowed = stock(longest_s=Fraction(10))

    with pytest.raises(RecipeError, match="/duration is 12 s, a golden frame may last 10 s") as caught:
        made(allowed, duration=12)
    cut = made(allowed, music="m.mp3", beats="off")

    assert caught.value.word == "invalid-timeline"
    assert (cut.timeline.length, words_of(cut)) == (300, ["cut"])


def test_every_file_of_it_is_named_and_may_be_missing() -> None:
    """All its names are optional, and what is shipped is named as such (D3)."""
    golden = GoldenFrame.model_validate_json(
        json.dumps({"images": ["a.jpg"], "music": "m.mp3", "overlay": "rain", "text_style": {"font": "Arial"}})
    )

    assert [(one.pointer, one.name, one.use) for one in golden.mentions()] == [
        ("/images/0", "a.jpg", "image"),
        ("/music", "m.mp3", "sound"),
        ("/overlay", "shipped:rain.mp4", "overlay"),
        ("/frame", "shipped:golden_frame.png", "image"),
        ("/frame", "shipped:golden_border.png", "image"),
        ("/text_style/font", "Arial", "font"),
    ]
    assert all(one.is_optional for one in golden.mentions())


REFUSED: list[dict[str, Any]] = [
    {"images": []},
    {"text_overlay": "x" * 501},
    {"music": "a.mp3", "audio": "b.mp3"},
    {"duration": 0.5},
    {"resolution": "1080p"},
    {"seconds_per_image": 0.5},
    {"beats": "maybe"},
    {"glitter": True},
]


@pytest.mark.parametrize("written", REFUSED, ids=[next(iter(one)) for one in REFUSED])
def test_what_is_no_description_is_refused(written: dict[str, Any]) -> None:
    """A hook of more than 500 letters, an image for half a second, a key nobody knows (D1, D2)."""
    with pytest.raises(ValidationError):
        GoldenFrame.model_validate_json(json.dumps({"images": ["a.jpg"], **written}))
