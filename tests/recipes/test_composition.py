"""composition: what a person writes becomes a timeline exact to the frame, or one sentence with its place (C2)."""

import json
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from tests import papers
from videogen.edit.composition import composition_timeline
from videogen.errors import RecipeError
from videogen.model.composition import Composition
from videogen.model.stock import Edited, Stock
from videogen.model.timeline import Canvas, Clip, TextOverlay, Transition

SIZES = {"a.mp4": Fraction(10), "b.mp4": Fraction(10), "c.mp4": Fraction(10), "8.mp4": Fraction("8.3466")}
A, B, MUSIC, VOICE = (papers.digest(name) for name in ("a.mp4", "b.mp4", "m.mp3", "v.mp3"))


def stock(**more: Any) -> Stock:
    """Give films of ten seconds, a music of four and a voice of two, two images."""
    media = {papers.digest(name): papers.picture(lasts, size=(640, 360)) for name, lasts in SIZES.items()}
    heard = papers.sound(441_000).sound
    media[A] = media[A].model_copy(update={"sound": heard})
    media[B] = media[B].model_copy(update={"sound": heard})
    media |= {MUSIC: papers.sound(4 * 44_100), VOICE: papers.sound(2 * 44_100)}
    names = (*SIZES, "m.mp3", "v.mp3", "i.png", "wide.png", "warm.cube", "Arial")
    pictures = {papers.digest("i.png"): (100, 50), papers.digest("wide.png"): (4000, 500)}
    return Stock(contents={name: papers.digest(name) for name in names}, media=media, pictures=pictures, **more)


def made(*clips: dict[str, Any], **more: Any) -> Edited:
    """Compile a composition of clips; one that names no file shows a.mp4."""
    entries = [clip if "url" in clip else {"file": "a.mp4", **clip} for clip in clips]
    words = json.dumps({"clips": entries, **more})
    return composition_timeline(Composition.model_validate_json(words), stock(longest_s=Fraction(180)))


def track(*clips: dict[str, Any]) -> list[str]:
    """Give the base track in short: where each part is seen, what of its file, and what joins them."""
    timeline = made(*clips).timeline
    places = iter(timeline.placed())
    words = []
    for item in timeline.picture:
        if isinstance(item, Transition):
            words.append(f"{item.kind} {item.family} {item.length}")
            continue
        at, part = next(places)
        words.append(f"{at} {part.source}" if isinstance(part, Clip) else f"{at} black")
    return words


SEED = {
    "clips": [
        {
            "url": "s3://bucket/clip1.mp4",
            "start_time": 0,
            "end_time": 3.5,
            "trim_start": 0,
            "trim_end": 3.5,
            "transition_in": "fade",
            "transition_duration": 0.5,
        }
    ],
    "audio": {
        "music_url": "s3://bucket/music.mp3",
        "voiceover_url": "s3://bucket/vo.mp3",
        "music_volume": 0.8,
        "voiceover_volume": 1.0,
    },
    "overlays": [
        {
            "type": "text",
            "content": "Summer Sale!",
            "position": {"x": "center", "y": 100},
            "start_time": 0,
            "duration": 5,
            "style": {"font": "Arial", "size": 48, "color": "#FFFFFF", "shadow": True},
        }
    ],
    "output": {"resolution": "720p", "fps": 30, "crf": 21, "format": "mp4"},
}


def test_the_body_of_the_service_is_taken_as_it_is() -> None:
    """The request of seed 003 §5.1 compiles: 105 frames of 720p, faded in, both sounds, words at 100 pixels (C2)."""
    composition = Composition.model_validate_json(json.dumps(SEED))
    files = {"s3://bucket/clip1.mp4": A, "s3://bucket/music.mp3": MUSIC, "s3://bucket/vo.mp3": VOICE}

    edited = composition_timeline(composition, Stock(contents=files, media=stock().media))

    timeline, words = edited.timeline, edited.timeline.overlays[0]
    assert [(one.pointer, one.use) for one in composition.mentions()] == [
        ("/clips/0/url", "clip"),
        ("/audio/music_url", "sound"),
        ("/audio/voiceover_url", "sound"),
        ("/overlays/0/style/font", "font"),
    ]
    assert timeline.canvas == Canvas(width=1280, height=720, fps=Fraction(30))
    assert timeline.length == 105
    assert timeline.picture[0] == Transition(kind="fade", length=15)
    assert isinstance(words, TextOverlay)
    assert (words.anchor, words.x, words.y, words.size, words.at.end) == ("top", 640, 100, 48, 105)
    assert [float(sound.gain) for sound in timeline.sounds] == [1.0, 0.8]
    assert [warning.split(":")[0] for warning in edited.warnings] == ["overlay-cut"], "5 s of words on 3.5 s of film"


TRACKS: list[tuple[str, tuple[dict[str, Any], ...], list[str]]] = [
    ("nothing written", ({}, {}), ["[0, 300) [0, 300)", "[300, 600) [0, 300)"]),
    ("trims", ({"trim_start": 1, "trim_end": 2.5}, {"trim_end": 1}), ["[0, 45) [30, 75)", "[45, 75) [0, 30)"]),
    ("half a frame goes up", ({"trim_end": 0.35},), ["[0, 11) [0, 11)"]),
    (
        "a gap is black, also before the first clip",
        ({"start_time": 1, "trim_end": 1}, {"start_time": 3, "end_time": 4}),
        ["[0, 30) black", "[30, 60) [0, 30)", "[60, 90) black", "[90, 120) [0, 30)"],
    ),
    ("an end alone: from the clip before", ({"trim_end": 1}, {"end_time": 3}), ["[0, 30) [0, 30)", "[30, 90) [0, 60)"]),
    ("an end alone, with its trims", ({"trim_end": 1, "end_time": 2},), ["[0, 30) black", "[30, 60) [0, 30)"]),
    (
        "a crossfade takes up its own length",
        ({"trim_end": 2}, {"trim_end": 2, "transition_in": "crossfade"}),
        ["[0, 60) [0, 60)", "crossfade fade 15", "[45, 105) [0, 60)"],
    ),
    (
        "an overlap that is written is the length of the crossfade",
        ({"end_time": 2}, {"start_time": 1, "trim_end": 2, "transition_in": "wipeleft"}),
        ["[0, 60) [0, 60)", "crossfade wipeleft 30", "[30, 90) [0, 60)"],
    ),
    (
        "clips that touch go on beyond their trims for a crossfade",
        (
            {"start_time": 0, "end_time": 2, "trim_end": 2, "transition_out": "crossfade"},
            {"start_time": 2, "end_time": 4, "trim_start": 3, "trim_end": 5},
        ),
        ["[0, 67) [0, 67)", "crossfade fade 15", "[52, 120) [82, 150)"],
    ),
    (
        "only one of them can",
        ({"end_time": 2}, {"start_time": 2, "end_time": 4, "transition_in": "crossfade"}),
        ["[0, 75) [0, 75)", "crossfade fade 15", "[60, 120) [0, 60)"],
    ),
    (
        "a fade on both sides goes through black",
        ({"trim_end": 2, "transition_out": "fade"}, {"trim_end": 2, "transition_in": "fade"}),
        ["[0, 60) [0, 60)", "fade fade 15", "[60, 120) [0, 60)"],
    ),
    (
        "a fade on one side is one of that clip alone",
        ({"trim_end": 2}, {"trim_end": 2, "transition_in": "fade", "transition_duration": 1}),
        ["[0, 60) [0, 60)", "[60, 90) black", "crossfade fade 30", "[60, 120) [0, 60)"],
    ),
    (
        "fades of two lengths",
        (
            {"trim_end": 2, "transition_out": "fade", "transition_duration": 0.2},
            {"trim_end": 2, "transition_in": "fade"},
        ),
        ["[0, 60) [0, 60)", "crossfade fade 6", "[54, 75) black", "crossfade fade 15", "[60, 120) [0, 60)"],
    ),
    (
        "a look into a gap and out of nothing",
        (
            {"trim_end": 2, "transition_in": "circleopen", "transition_out": "wipeup"},
            {"trim_end": 1, "start_time": 2.1, "transition_out": "fade"},
        ),
        [
            "[0, 15) black",
            "crossfade circleopen 15",
            "[0, 60) [0, 60)",
            "crossfade wipeup 15",
            "[45, 63) black",
            "[63, 93) [0, 30)",
            "fade fade 15",
        ],
    ),
    (
        "rounding leaves no black frame",
        ({"start_time": 1.0166, "trim_end": 3.33}, {"start_time": 4.3466, "trim_end": 1}),
        ["[0, 30) black", "[30, 130) [0, 100)", "[130, 160) [0, 30)"],
    ),
    (
        "whole films of odd lengths follow each other with all their frames",
        ({"url": "8.mp4"}, {"url": "8.mp4"}, {"url": "8.mp4"}),
        ["[0, 250) [0, 250)", "[250, 500) [0, 250)", "[500, 750) [0, 250)"],
    ),
]


@pytest.mark.parametrize(("clips", "wanted"), [row[1:] for row in TRACKS], ids=[row[0] for row in TRACKS])
def test_clips_lie_where_they_are_written(clips: tuple[dict[str, Any], ...], wanted: list[str]) -> None:
    """Trims, times, gaps and transitions are frames of the base track, half-open, each rounded once (C2)."""
    assert track(*clips) == wanted


CROSSED = {"transition_in": "crossfade"}
WORDS = {"type": "text", "content": "x"}
CONTRADICTIONS: list[tuple[str, dict[str, Any], str, str]] = [
    ("trimmed past its end", {"clips": [{}, {}, {"url": "8.mp4", "trim_end": 9}]}, "/clips/2/trim_end", "8.347 s"),
    ("begun past its end", {"clips": [{"trim_start": 10}]}, "/clips/0/trim_start", "lasts 10 s"),
    ("trimmed backwards", {"clips": [{"trim_start": 3, "trim_end": 2}]}, "/clips/0/trim_end", "trim_start 3 s"),
    ("ends before it begins", {"clips": [{"start_time": 3, "end_time": 2}]}, "/clips/0/end_time", "start_time 3 s"),
    ("longer than its film", {"clips": [{"end_time": 12}]}, "/clips/0/end_time", "leaves 12 s to a clip of 10 s"),
    (
        "shorter than its trims",
        {"clips": [{"start_time": 0, "end_time": 2, "trim_end": 3.5}]},
        "/clips/0/end_time",
        "trimmed to 3.5 s",
    ),
    ("no room before its end", {"clips": [{"end_time": 1, "trim_end": 2}]}, "/clips/0/end_time", "do not fit"),
    ("no frame", {"clips": [{"trim_end": 0.01}, {"start_time": 0, "end_time": 0.01}]}, "/clips/1", "no frame"),
    ("an overlap without a crossfade", {"clips": [{}, {"start_time": 9}]}, "/clips/1/start_time", "until 10 s"),
    ("two at once", {"clips": [{}, {"start_time": 0, "trim_end": 3}]}, "/clips/1/start_time", "until 10 s"),
    (
        "overlaps other than they say",
        {"clips": [{"end_time": 2}, {"start_time": 1, "trim_end": 2, **CROSSED, "transition_duration": 0.5}]},
        "/clips/1/transition_duration",
        "overlap for 1 s",
    ),
    (
        "two transitions in one place",
        {"clips": [{"transition_out": "wipeup"}, CROSSED]},
        "/clips/1/transition_in",
        "crossfade, wipeup",
    ),
    ("nothing left to cross", {"clips": [{}, {"start_time": 10, **CROSSED}]}, "/clips/1/transition_in", "only touch"),
    (
        "a crossfade longer than the clip before",
        {"clips": [{"trim_end": 1}, {**CROSSED, "transition_duration": 4}]},
        "/clips/1/transition_in",
        "takes 4 s, the clip before it is seen for 1 s",
    ),
    (
        "a crossfade from before the beginning",
        {
            "clips": [
                {"trim_start": 9},
                {"start_time": 1, "trim_start": 5, "trim_end": 8, **CROSSED, "transition_duration": 4},
            ]
        },
        "/clips/1/transition_in",
        "takes 4 s, the clip before it is seen for 1 s",
    ),
    ("a clip all transition", {"clips": [{}, {"trim_end": 0.8, **CROSSED}, CROSSED]}, "/clips/1", "take 1 s"),
    ("too long", {"clips": [{}] * 19}, "/clips", "may last 180 s"),
    ("words after the end", {"overlays": [{**WORDS, "start_time": 10}]}, "/overlays/0/start_time", "ends at 10 s"),
    ("words for no time", {"overlays": [{**WORDS, "duration": 0}]}, "/overlays/0/duration", "no frame"),
    (
        "words that only move",
        {"overlays": [{**WORDS, "duration": 1, "animation_in": "fade", "animation_out": {"duration": 1}}]},
        "/overlays/0/animation_in",
        "1.5 s",
    ),
    ("words outside", {"overlays": [{**WORDS, "position": {"x": 1280}}]}, "/overlays/0/position/x", "outside"),
    (
        "a picture outside",
        {"overlays": [{"type": "image", "file": "i.png", "position": {"y": -50}}]},
        "/overlays/0/position/y",
        "outside",
    ),
    (
        "a blend with a place",
        {"overlays": [{"type": "video", "file": "b.mp4", "blend": "screen", "scale": 0.5}]},
        "/overlays/0/scale",
        "screen",
    ),
    ("no film", {"clips": [{"url": "m.mp3"}]}, "/clips/0", "has no picture"),
    ("no sound", {"audio": {"music_url": "c.mp4"}}, "/audio/music_url", "has no sound"),
    ("no image", {"overlays": [{"type": "image", "file": "b.mp4"}]}, "/overlays/0/file", "no image"),
    ("music after the end", {"audio": {"music_url": "m.mp3", "music_start_time": 10}}, "/audio/music_start_time", "10"),
    ("music past its end", {"audio": {"music_url": "m.mp3", "music_trim_start": 4}}, "/audio/music_trim_start", "4 s"),
]


@pytest.mark.parametrize(
    ("written", "pointer", "says"), [row[1:] for row in CONTRADICTIONS], ids=[row[0] for row in CONTRADICTIONS]
)
def test_what_contradicts_itself_is_said_with_its_place(written: dict[str, Any], pointer: str, says: str) -> None:
    """Each contradiction is one sentence that begins with its JSON pointer and has the numbers, and a remedy (C6)."""
    with pytest.raises(RecipeError) as caught:
        made(*written.pop("clips", [{}]), **written)

    assert caught.value.word == "invalid-timeline"
    assert caught.value.facts["pointer"] == pointer
    assert caught.value.message.startswith(pointer + " ")
    assert says in caught.value.message
    assert caught.value.remedy


def test_a_name_without_a_file_is_missing() -> None:
    """A clip that is not there ends with the place that names it."""
    with pytest.raises(RecipeError, match=r"/clips/1/url names 'z\.mp4'") as caught:
        made({}, {"url": "z.mp4"})

    assert caught.value.word == "missing-file"


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("a key nobody knows", {"clips": [{"file": "a.mp4", "sped": 2}]}),
    ("no file", {"clips": [{}]}),
    ("two names", {"clips": [{"file": "a.mp4", "url": "a.mp4"}]}),
    ("no clips", {"clips": []}),
    ("true for a number", {"clips": [{"file": "a.mp4", "trim_start": True}]}),
    ("before the beginning", {"clips": [{"file": "a.mp4", "trim_start": -1}]}),
    ("a word of no transition", {"clips": [{"file": "a.mp4", "transition_in": "fadeblack"}]}),
    ("ducked by nothing", {"audio": {"music_url": "m.mp3", "ducking": True}}),
    ("an end and a duration", {"overlays": [{**WORDS, "duration": 1, "end_time": 2}]}),
    ("a place of no word", {"overlays": [{**WORDS, "position": "middle"}]}),
    ("a colour of no name", {"overlays": [{**WORDS, "style": {"color": "url(#x)"}}]}),
    ("an odd size", {"output": {"resolution": "1281x720"}}),
    ("another format", {"output": {"format": "avi"}}),
    ("a blend that is none", {"overlays": [{"type": "image", "file": "i.png", "blend": "xor"}]}),
]


@pytest.mark.parametrize("written", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_description_is_refused(written: dict[str, Any]) -> None:
    """Keys that nobody knows, values that are none, two words for one thing: refused before anything is looked for."""
    with pytest.raises(ValidationError):
        Composition.model_validate_json(json.dumps({"clips": [{"file": "a.mp4"}], **written}))
