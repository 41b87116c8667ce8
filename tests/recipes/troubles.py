"""Descriptions by chance with one thing wrong; each knows the JSON pointer at which that is said."""

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from tests.recipes.descriptions import HOSTILE, REAL, Described, Shelf, valid

Trouble = Callable[[Random, dict[str, Any]], str]


def _clip_of(chance: Random, words: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    nth = chance.randrange(len(words["clips"]))
    return f"/clips/{nth}", words["clips"][nth]


def _added(words: dict[str, Any], overlay: dict[str, Any]) -> str:
    words["overlays"].insert(0, overlay)
    return "/overlays/0"


def _unknown_key(chance: Random, words: dict[str, Any]) -> str:
    pointer, clip = _clip_of(chance, words)
    clip["spede"] = 2
    return f"{pointer}/spede"


def _trimmed_past_the_end(chance: Random, words: dict[str, Any]) -> str:
    pointer, clip = _clip_of(chance, words)
    clip["trim_end"] = 1000
    return f"{pointer}/trim_end"


def _trimmed_backwards(chance: Random, words: dict[str, Any]) -> str:
    pointer, clip = _clip_of(chance, words)
    clip["trim_start"], clip["trim_end"] = 0.5, 0.25
    return f"{pointer}/trim_end"


def _negative_time(chance: Random, words: dict[str, Any]) -> str:
    pointer, clip = _clip_of(chance, words)
    clip["trim_start"] = -0.5
    return f"{pointer}/trim_start"


def _no_number(chance: Random, words: dict[str, Any]) -> str:
    pointer, clip = _clip_of(chance, words)
    clip["trim_start"] = chance.choice(("1", True, [], "$(id)"))
    return f"{pointer}/trim_start"


def _no_transition(chance: Random, words: dict[str, Any]) -> str:
    pointer, clip = _clip_of(chance, words)
    clip["transition_in"] = chance.choice(("fade:duration=9", "fadeblack", "", "custom"))
    return f"{pointer}/transition_in"


def _gone(chance: Random, words: dict[str, Any]) -> str:
    pointer, clip = _clip_of(chance, words)
    key = "url" if "url" in clip else "file"
    clip[key] = "gone.mp4"
    return f"{pointer}/{key}"


def _past_the_video(_: Random, words: dict[str, Any]) -> str:
    return _added(words, {"type": "text", "content": HOSTILE[3], "start_time": 900}) + "/start_time"


def _ends_before_it_begins(_: Random, words: dict[str, Any]) -> str:
    return _added(words, {"type": "text", "content": "x", "start_time": 0.1, "end_time": 0.05}) + "/end_time"


def _out_of_the_picture(_: Random, words: dict[str, Any]) -> str:
    return _added(words, {"type": "text", "content": "x", "position": {"x": 9000, "y": 0}}) + "/position/x"


def _too_many_letters(_: Random, words: dict[str, Any]) -> str:
    return _added(words, {"type": "text", "content": "x" * 2001}) + "/content"


def _no_overlay(_: Random, words: dict[str, Any]) -> str:
    return _added(words, {"type": "shader", "content": "x"})


def _no_colour(_: Random, words: dict[str, Any]) -> str:
    return _added(words, {"type": "text", "content": "x", "style": {"color": "red@0.5:x=0"}}) + "/style/color"


def _odd_size(_: Random, words: dict[str, Any]) -> str:
    words["output"]["resolution"] = "161x90"
    return "/output/resolution"


def _no_rate(chance: Random, words: dict[str, Any]) -> str:
    words["output"]["fps"] = chance.choice((0, 1000, "30/0", "ntsc", [30]))
    return "/output/fps"


def _ducked_by_nothing(_: Random, words: dict[str, Any]) -> str:
    words["audio"] = {"ducking": True}
    return "/audio"


def _overlapping(_: Random, words: dict[str, Any]) -> str:
    first = {**words["clips"][0], "start_time": 0}
    for key in ("end_time", "transition_in", "transition_out"):
        first.pop(key, None)
    words["clips"] = [first, dict(first)]
    return "/clips/1/start_time"


TROUBLES: tuple[Trouble, ...] = (
    _unknown_key,
    _trimmed_past_the_end,
    _trimmed_backwards,
    _negative_time,
    _no_number,
    _no_transition,
    _gone,
    _past_the_video,
    _ends_before_it_begins,
    _out_of_the_picture,
    _too_many_letters,
    _no_overlay,
    _no_colour,
    _odd_size,
    _no_rate,
    _ducked_by_nothing,
    _overlapping,
)


def _no_image(_: Random, words: dict[str, Any]) -> str:
    words["images"] = ["gone.jpg", "gone.png"]
    return "/images"


def _long_hook(_: Random, words: dict[str, Any]) -> str:
    words["text_overlay"] = "x" * 501
    return "/text_overlay"


def _no_time(_: Random, words: dict[str, Any]) -> str:
    words["duration"] = 0
    return "/duration"


def _hasty_images(_: Random, words: dict[str, Any]) -> str:
    words["seconds_per_image"] = 0.2
    return "/seconds_per_image"


def _no_beats(_: Random, words: dict[str, Any]) -> str:
    words["beats"] = "maybe"
    return "/beats"


def _on_its_side(_: Random, words: dict[str, Any]) -> str:
    words["resolution"] = "1080p"
    return "/resolution"


GOLDEN_TROUBLES: tuple[Trouble, ...] = (_no_image, _long_hook, _no_time, _hasty_images, _no_beats, _on_its_side)


def invalid(seed: int, shelf: Shelf = REAL) -> Described:
    """Give a description with one thing wrong, which is named."""
    chance = Random(seed)  # noqa: S311  # as above
    right = valid(seed, shelf)
    troubles = GOLDEN_TROUBLES if right.recipe == "golden_frame" else TROUBLES
    trouble = troubles[(seed // 4) % len(troubles)]
    words = copy.deepcopy(right.words)
    return Described(right.recipe, words, trouble(chance, words), trouble.__name__.strip("_"))
