"""What a person wrote: JSON or TOML as plain values, bounded in size and depth, and nothing in it that is no value.

Refused are keys that come twice, numbers that are none or too large to mean one, dates, halves of letters.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from videogen import durable
from videogen.cutting.pointing import Steps, placed, pointer_of, shown
from videogen.errors import MissingInput, RecipeError

TOML_BYTES_MOST = 1 << 20
"""A mix of a thousand tracks has a tenth of it. Python's reader takes time as the square of what hostile files hold."""
VALUES_MOST = 200_000
"""Twenty thousand captions are half of it."""
TOO_MANY = f"it holds more than {VALUES_MOST} values"
DEPTH_MOST = 40
NUMBER_MOST = 1 << 53
"""Above it not every whole number is one that other programs read. Source: RFC 8259, 6."""
DIGITS_MOST = 40

_TEXTS = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""Texts, the last of which may have no end: none is looked through twice."""
_CHAIN = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){32}""")
"""A key of so many parts; tomllib's time grows with the square of them."""


def words_of(path: Path) -> Any:
    """Read a description as plain values.

    Raises: MissingInput: it cannot be read. RecipeError: `bad-description`: it is neither JSON nor TOML, or holds what
        is no value: where.
    """
    raw = _bytes(path)
    text = _text(raw, path)
    try:
        words = _toml(text) if path.suffix.lower() == ".toml" else _json(text)
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix.lower() == ".toml" else "JSON"
        raise _bad(path, f"is not {kind} ({_because(error)})", "Correct it there.") from error
    for pointer, trouble in _troubles(words):
        raise _bad(path, f"is no description {placed(pointer)}: {trouble}", "Correct it there.", pointer)
    return words


def _bytes(path: Path) -> bytes:
    try:
        return durable.read(path)
    except ValueError as error:
        raise _bad(path, f"is no description: {error}", "Give a regular file under 16 MB.") from error
    except OSError as error:
        raise MissingInput(
            f"{path} cannot be read ({error.strerror})", remedy="Give the path of a description."
        ) from error


def _text(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _bad(path, f"is not UTF-8, in line {line}", "Save it as UTF-8.") from error


def _bad(path: Path, said: str, remedy: str, pointer: str = "") -> RecipeError:
    return RecipeError(f"{path} {said}", remedy=remedy, code="bad-description", pointer=pointer)


def _because(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"it is more than {DEPTH_MOST} levels deep"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} in line {error.lineno}, column {error.colno}"
    return " ".join(str(error).split())[:200]


# -- JSON and TOML -----------------------------------------------------------------------------------------------------


def _json(text: str) -> Any:
    # Counted before it is read: sixteen megabytes of brackets become 1.6 GB of lists. Without a comma they are a chain.
    bare = _TEXTS.sub("", text)
    if "," in bare and sum(map(bare.count, ",[{")) > 2 * VALUES_MOST:
        raise ValueError(TOO_MANY)
    return json.loads(
        text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float, parse_int=_integer
    )


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"an object has the key {shown(key)} twice")
            seen.add(key)
    return made


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _float(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits[:DIGITS_MOST]} is too large a number")
    return number


def _integer(digits: str) -> int:
    if len(digits) > DIGITS_MOST:
        raise ValueError(f"{digits[:DIGITS_MOST]}... is too large a number")
    return int(digits)


def _toml(text: str) -> Any:
    if len(text) > TOML_BYTES_MOST:
        raise ValueError(f"it has more than {TOML_BYTES_MOST >> 20} MB; JSON may be larger")
    if found := _CHAIN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(f"a key has too many parts in line {line}")
    return tomllib.loads(text)


# -- values ------------------------------------------------------------------------------------------------------------


def _troubles(words: Any) -> Iterator[tuple[str, str]]:
    """Give the places that hold what is no value, and why; it ends at the first that leaves no way further."""
    left: list[tuple[Any, Steps]] = [(words, ())]
    count = 0
    while left:
        value, steps = left.pop()
        count += 1
        if count > VALUES_MOST:
            yield "", TOO_MANY
            return
        if trouble := _trouble(value, steps):
            yield pointer_of(steps), trouble
            return
        if isinstance(value, dict):
            left += [(below, (*steps, key)) for key, below in reversed(value.items())]
        elif isinstance(value, list):
            left += [(below, (*steps, nth)) for nth, below in reversed(list(enumerate(value)))]


def _trouble(value: Any, steps: Steps) -> str:
    if len(steps) > DEPTH_MOST:
        return f"it is more than {DEPTH_MOST} levels deep"
    if not all(_is_whole(text) for text in (value, *steps[-1:]) if isinstance(text, str)):
        return "a letter is only half there"
    if isinstance(value, int | float):
        return "" if _is_exact(value) and isfinite(value) else f"{shown(value)} is no number, or too large a one"
    is_known = isinstance(value, str | dict | list) or value is None
    return "" if is_known else f"{value} is a date or a time; write it in quotes"


def _is_exact(value: int | float) -> bool:
    return isinstance(value, float) or abs(value) <= NUMBER_MOST


def _is_whole(text: str) -> bool:
    """Whether no letter of a text is half of one, as JSON's escapes can write it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
