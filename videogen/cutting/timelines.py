"""A timeline that a person wrote: in the file every `asset`, `font` and `lut` is a name; here names become contents."""

from collections.abc import Iterator
from typing import Any

from videogen.cutting.pointing import Steps, pointer_of
from videogen.model.stock import Mention, Use

_KEYS: dict[str, Use] = {"asset": "clip", "font": "font", "lut": "lut"}


def mentions_of(words: Any) -> Iterator[Mention]:
    """Give every place of a timeline that names a file; what the file is for follows from where it stands."""
    for holder, key, steps in _named(words, ()):
        use = _KEYS[key]
        if use == "clip":
            use = "sound" if steps[0] == "sounds" else "image" if holder.get("type") == "image" else "clip"
        yield Mention(pointer_of(steps), holder[key], use)


def with_contents(words: Any, contents: dict[str, str]) -> Any:
    """Put contents in the places of their names; the words are changed."""
    for holder, key, _ in list(_named(words, ())):
        if holder[key] in contents:
            holder[key] = contents[holder[key]]
        elif key == "font":  # no such font here, and none in its place
            holder[key] = None
    return words


def _named(words: Any, steps: Steps) -> Iterator[tuple[dict[str, Any], str, Steps]]:
    if isinstance(words, dict):
        for key, value in words.items():
            if key in _KEYS and isinstance(value, str):
                yield words, key, (*steps, key)
            else:
                yield from _named(value, (*steps, key))
    elif isinstance(words, list):
        for nth, one in enumerate(words):
            yield from _named(one, (*steps, nth))
