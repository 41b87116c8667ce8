"""Descriptions by chance: compositions and golden frames as people and machines might write them.

A seed gives the same description every time. It can be compiled and rendered from the files of its shelf. Its words are
hostile: a filter graph, a shell, a terminal and a layout engine would each trip over some of them.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

HOSTILE = (
    "Summer Sale!",
    "it's 50% off: 'now' or \"never\"",
    "%{pts\\:hms} %{eif\\:n\\:d} %%{metadata}",
    "',drawtext=text=pwned;[out]nullsink",
    ";drawtext=textfile=/etc/passwd",
    "$(touch /tmp/pwned) `id` ${HOME} && rm -rf /",
    "back\\slash \\' \\\\ [in][out];,=:@#",
    "line\nline\r\nline\u2028line",
    "tab\there\x07bell\x1b[31mred\x1b[0m",
    "\u202egnp.exe\u202c evil",
    "مرحبا بالعالم — שלום עולם",
    "emoji 🎬🔥👩‍👩‍👧‍👦🏳️‍🌈 ✨",
    "日本語の字幕 한국어 ภาษาไทย",
    "Zalgo t̷̛͖̬̪͌̎e̸̲͠x̶̱͝t",
    "<script>alert(1)</script> {{7*7}} %s %n {0}",
    "W" * 300,
    "many words " * 150,
    "\u200b\u200c\u200d\ufeff.",
    " ",
)
"""Nothing here may reach FFmpeg. Source: its own escaping rules, and what texts on the web are attacked with."""
NAMES = ("Arial", "DejaVu Sans Mono", "Nowhere Grotesk", "'; DROP FONT")


@dataclass(frozen=True)
class Shelf:
    """The files a description may name. Units: seconds of each film; `least` and `most` of what is seen of one."""

    films: dict[str, float]
    sounds: dict[str, float]
    images: tuple[str, ...]
    tables: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ("720p", "vertical", "square", "640x360")
    upright: str = "vertical"
    rates: tuple[Any, ...] = (30, 25, 24, 29.97, "30000/1001", 12.5, 60)
    least: float = 0.8
    most: float = 4.0
    clips: int = 6

    def scaled(self, *, sizes: tuple[str, ...] = ("160x90", "90x160", "96x96"), most: float = 0.3) -> "Shelf":
        """Give the same files for videos so small and short that one is encoded in a moment."""
        small = replace(self, sizes=sizes, upright="108x192", rates=(10, 12.5, "15"))
        return replace(small, least=min(0.2, most), most=most, clips=3)


REAL = Shelf(
    films={
        "v01_bbb_1080p24_30s.mp4": 30.0,
        "v02_phone_1080p_vfr_short.mp4": 1.6,
        "v03_timecode_card_720p30.mp4": 42.4,
        "v04_screencast_720p30.mp4": 8.3,
        "v05_cars_768x432_12.5fps.mp4": 30.2,
        "v06_bottles_640x360_29.83fps_silent.mp4": 39.8,
        "v07_chaplin_640x360_25fps_mp3audio.mp4": 9.6,
        "v08_rabbit_320x240_30fps.mp4": 7.8,
        "v10_earth_480x270_30fps.mp4": 30.5,
        "v11_fire_720p_vfr_rot180_mono.mp4": 2.3,
        "v12_people_768x432_10fps_silent.mp4": 139.4,
        "v13_launch_640x360_24fps.webm": 8.0,
    },
    sounds={
        "m01_outfoxing_97s.mp3": 97.4,
        "m02_vonsh_play_48s.mp3": 48.0,
        "m03_vonsh_idle_45s.mp3": 44.7,
        "s01_sonnet1_en_53s.mp3": 53.3,
        "s02_interview_en_33s.mp3": 32.8,
    },
    images=("i01_photo_vacation.jpg", "i02_photo_exif6.jpg", "i03_bear.jpg", "i04_poster_1080p.jpg"),
)
"""The folder of real media; a tenth of a second of each film is left alone, since decoders count a little otherwise."""
SMALL = Shelf(
    films={"a.mp4": 2.0, "b.mp4": 1.5, "c.mp4": 1.0},
    sounds={"m.mp3": 3.0, "v.mp3": 1.0},
    images=("i.png", "j.jpg"),
    tables=("warm.cube",),
).scaled(most=0.5)
"""Files that a test makes itself."""


class Described(NamedTuple):
    """A description as it is written; `pointer` is where it is wrong, None: it is right."""

    recipe: str
    words: dict[str, Any]
    pointer: str | None = None
    trouble: str = ""


def valid(seed: int, shelf: Shelf = REAL) -> Described:
    """Give a description that is right: three of four are compositions."""
    chance = Random(seed)  # noqa: S311  # the same every time is what is wanted
    if seed % 4 == 3:
        return Described("golden_frame", _golden_frame(chance, shelf))
    return Described("composition", _composition(chance, shelf))


# -- compositions ------------------------------------------------------------------------------------------------------


def _composition(chance: Random, shelf: Shelf) -> dict[str, Any]:
    clips, lasts = _clips(chance, shelf)
    words: dict[str, Any] = {"clips": clips, "output": _output(chance, shelf)}
    words["overlays"] = [_overlay(chance, shelf, lasts) for _ in range(chance.randrange(4))]
    if chance.random() < 0.7:
        words["audio"] = _audio(chance, shelf)
    if chance.random() < 0.3:
        words["fit"] = chance.choice(("contain", "cover"))
    if chance.random() < 0.3:
        words["color"] = _preset(chance)
    if chance.random() < 0.2:
        words["name"] = chance.choice(HOSTILE)[:200]
    return words


def _output(chance: Random, shelf: Shelf) -> dict[str, Any]:
    output = {"resolution": chance.choice(shelf.sizes), "fps": chance.choice(shelf.rates), "crf": 30, "format": "mp4"}
    return {key: value for key, value in output.items() if key in {"resolution", "fps"} or chance.random() < 0.5}


def _preset(chance: Random) -> str:
    return chance.choice(("none", "warm", "cool", "vivid", "mono", "film"))


def _clips(chance: Random, shelf: Shelf) -> tuple[list[dict[str, Any]], float]:
    """Give clips that follow each other, with what joins them, and the least seconds they last together."""
    clips, lasts = [], 0.0
    is_timed = chance.random() < 0.4
    for nth in range(chance.randint(1, shelf.clips)):
        clip, seen = _clip(chance, shelf)
        if is_timed:
            lasts += chance.choice((0, 0, 0.25)) if nth else 0
            clip["start_time"] = round(lasts, 3)
            if chance.random() < 0.5:
                clip["end_time"] = round(lasts + seen, 3)
            if chance.random() < 0.4:
                clip["transition_in"] = "fade"
                clip["transition_duration"] = round(seen / 3, 3)
        elif nth and chance.random() < 0.6:
            overlap = round(min(shelf.least, seen) / 3, 3)
            clip["transition_in"] = chance.choice(("crossfade", "fade", "cut", "wipeleft", "circleopen", "dissolve"))
            clip["transition_duration"] = overlap
            lasts -= 0 if clip["transition_in"] in {"fade", "cut"} else overlap
        lasts += seen
        clips.append(clip)
    return clips, lasts - 0.1


def _clip(chance: Random, shelf: Shelf) -> tuple[dict[str, Any], float]:
    name = chance.choice(tuple(shelf.films))
    there = shelf.films[name] - 0.1
    seen = round(min(there, chance.uniform(shelf.least, shelf.most)), 3)
    start = round(chance.uniform(0, there - seen), 3)
    clip: dict[str, Any] = {
        chance.choice(("url", "file")): name,
        "trim_start": start,
        "trim_end": round(start + seen, 3),
    }
    if chance.random() < 0.2:
        clip["color"] = _preset(chance)
    if shelf.tables and chance.random() < 0.15:
        clip["lut"] = chance.choice(shelf.tables)
    if chance.random() < 0.2:
        clip["fit"] = "cover"
    if chance.random() < 0.2:
        clip["volume"] = 0.5
    return clip, seen


def _audio(chance: Random, shelf: Shelf) -> dict[str, Any]:
    audio: dict[str, Any] = {"music_volume": 0.5, "clip_volume": chance.choice((0, 0, 0.3))}
    if chance.random() < 0.8:
        audio[chance.choice(("music_url", "music_file"))] = chance.choice(tuple(shelf.sounds))
        audio["music_fade_in"] = 0.2
    if chance.random() < 0.5:
        audio["voiceover_url"] = chance.choice(tuple(shelf.sounds))
        audio["ducking"] = chance.random() < 0.6
    if chance.random() < 0.3:
        audio["loudness"] = -16
    return audio


def _overlay(chance: Random, shelf: Shelf, lasts: float) -> dict[str, Any]:
    start = round(chance.uniform(0, lasts * 0.5), 3)
    seen = round(max(lasts * 0.4, 0.15), 3)
    timed: dict[str, Any] = {"start_time": start, chance.choice(("duration", "end_time")): seen}
    if "end_time" in timed:
        timed["end_time"] = round(start + seen, 3)
    move = ("none", "fade", "slide_left", "slide_right", "slide_up", "slide_down")
    timed["animation_in"] = {"type": chance.choice(move), "duration": round(seen / 3, 3)}
    if seen > 0.5 and chance.random() < 0.4:
        timed["animation_out"] = {"type": chance.choice(move), "duration": round(seen / 3, 3)}
    if chance.random() < 0.6:
        timed["position"] = chance.choice(("top", "bottom-right", {"x": 5, "y": "center"}, {"x": "center", "y": 10}))
    return {**timed, **_above(chance, shelf)}


def _above(chance: Random, shelf: Shelf) -> dict[str, Any]:
    kind = chance.choice(("text", "text", "image", "video"))
    if kind == "text":
        return {"type": "text", "content": chance.choice(HOSTILE), "style": _style(chance)}
    extra: dict[str, Any] = {"opacity": 0.7} if chance.random() < 0.5 else {}
    if chance.random() < 0.3:
        extra["chroma_key"] = chance.choice((True, "#00ff00", {"color": "blue", "similarity": 0.3}))
    if kind == "image":
        extra["blend"] = chance.choice(("normal", "normal", "multiply", "screen"))
        size = chance.choice(({"width": 40}, {"width": 40, "height": 40, "fit": "cover"}, {"height": 30}))
        return {"type": "image", "file": chance.choice(shelf.images), **size, **extra}
    film = {"type": "video", "url": chance.choice(tuple(shelf.films)), "width": 60, "loop": chance.random() < 0.7}
    return {**film, **extra}


def _style(chance: Random) -> dict[str, Any]:
    style = {
        "font": chance.choice(NAMES),
        "size": chance.choice((8, 12, 48, 400)),
        "color": chance.choice(("#FFFFFF", "#f80", "black", "Gold")),
        "shadow": chance.choice((True, False, {"dx": 3, "blur": 4})),
        "background": chance.choice((True, "#000000", {"opacity": 0.4, "radius": 6})),
        "outline": chance.choice((True, False, "#ff0000")),
        "bold": True,
        "align": chance.choice(("left", "center", "right")),
        "max_width": chance.choice((40, 500)),
    }
    return {key: value for key, value in style.items() if chance.random() < 0.4}


def _golden_frame(chance: Random, shelf: Shelf) -> dict[str, Any]:
    words: dict[str, Any] = {
        "images": [chance.choice((*shelf.images, *shelf.images, "gone.jpg")) for _ in range(chance.randint(1, 4))],
        "duration": round(max(1.0, chance.uniform(shelf.least, shelf.most)), 3),
        "text_overlay": chance.choice(HOSTILE)[:500],
        "overlay": chance.choice(("glitter", "rain", "none", "gone.mp4", chance.choice(tuple(shelf.films)))),
        "frame": chance.choice(("default", "procedural", "none", "gone.png", chance.choice(shelf.images))),
        "beats": chance.choice(("auto", "off")),
        "resolution": shelf.upright,
        "fps": shelf.rates[0],
    }
    words["images"].append(chance.choice(shelf.images))
    if chance.random() < 0.6:
        words[chance.choice(("music", "audio"))] = chance.choice((*shelf.sounds, "gone.mp3"))
    if chance.random() < 0.5:
        words["text_style"] = _style(chance)
    return words
