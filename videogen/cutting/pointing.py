"""Places in what a person wrote: JSON pointers (RFC 6901), and what is wrong at one, as one sentence."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from videogen.errors import RecipeError

Steps = tuple[int | str, ...]
SHOWN_LETTERS = 60
NAMED_KEYS = 12
"""So many of the keys that may stand at a place are named; a person reads no more."""

# What pydantic calls an error, and what was expected there. Source: pydantic's usage errors, by their types.
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "fraction_type": 'a number, or a fraction such as "30000/1001"',
    "fraction_parsing": 'a number, or a fraction such as "30000/1001"',
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "null",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "multiple_of": "a multiple of {multiple_of}",
    "string_too_short": "text of {min_length} letters or more",
    "string_too_long": "text of {max_length} letters or less",
    "too_short": "{min_length} entries or more",
    "too_long": "{max_length} entries or less",
    "string_pattern_mismatch": "text of the form {pattern}",
    "union_tag_not_found": "the key {discriminator}",
    "union_tag_type": "the key {discriminator}",
}


_WORD = re.compile("'([^']*)'")


class Trouble(NamedTuple):
    """What is wrong at one place. `said` goes after a colon; `code` is that of the error."""

    pointer: str
    said: str
    remedy: str
    code: str


def pointer_of(steps: Iterable[int | str]) -> str:
    """Write a place as a JSON pointer, on one line; the whole is an empty one. Source: RFC 6901, 3."""
    return "".join("/" + _plain(str(step)).replace("~", "~0").replace("/", "~1") for step in steps)


def placed(pointer: str) -> str:
    """Give a pointer for people: the whole has none."""
    return f"at {pointer}" if pointer else "at its top"


def shown(value: object) -> str:
    """Give what stands at a place, short and printable."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "an object" if value else "an empty object"
    if isinstance(value, Sequence):
        return f"a list of {len(value)}" if value else "an empty list"
    words = str(value)
    return words if len(words) <= SHOWN_LETTERS else f"{words[:SHOWN_LETTERS]}..."


def _quoted(text: str) -> str:
    cut = text if len(text) <= SHOWN_LETTERS else text[: SHOWN_LETTERS - 3] + "..."
    return '"' + _plain(cut.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _plain(text: str) -> str:
    """Give text that can be printed: what cannot be, as its escape."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word that was most likely meant; empty where none is like it."""
    by_low = {one.casefold(): one for one in known}
    found = get_close_matches(word.casefold()[:200], by_low, n=1, cutoff=0.6)
    return by_low[found[0]] if found else ""


def trouble_of(error: ValidationError, words: Any, model: type[BaseModel], *, value_code: str) -> Trouble:
    """Say what is wrong first, of all that pydantic found; `value_code` is the code of what a model says itself."""
    details = error.errors(include_url=False)
    lead = _leading(details, words)
    steps = tuple(_steps(words, lead))
    pointer = pointer_of(steps)
    kind = lead["type"]
    if kind == "extra_forbidden":
        return _unknown_key(steps, words, model)
    if kind == "missing":
        return Trouble(pointer, "it is missing", f"Give {shown(steps[-1])} there.", "bad-description")
    found = _found(words, steps)
    if kind == "value_error":
        said = lead["msg"].removeprefix("Value error, ").rstrip(".")
        is_short = said.startswith("expected ") and not isinstance(found, dict | list)
        return Trouble(pointer, f"{said}, found {shown(found)}" if is_short else said, "Correct it there.", value_code)
    if kind == "union_tag_invalid":
        key = lead["ctx"]["discriminator"].strip("'")
        words_there = _WORD.findall(lead["ctx"]["expected_tags"])
        said = f"expected {_listed(words_there)}, found {shown(found[key])}"
        return Trouble(f"{pointer}/{key}", said, _meant(found[key], words_there), "bad-description")
    if "-" in kind:  # a code of ours, by which a model says more than that it is wrong
        return Trouble(pointer, lead["msg"].rstrip("."), "Correct it there.", kind)
    same = [one for one in details if tuple(_steps(words, one)) == steps]
    wanted = " or ".join(dict.fromkeys(map(_expected, same)))
    known = [word for one in same if one["type"] == "literal_error" for word in _WORD.findall(one["ctx"]["expected"])]
    return Trouble(pointer, f"expected {wanted}, found {shown(found)}", _meant(found, known), "bad-description")


def expect_object(words: Any, what: str) -> None:
    """Prove that something is an object at all. Raises: RecipeError."""
    if not isinstance(words, dict):
        raise RecipeError(
            f"{what} at its top: expected an object, found {shown(words)}",
            remedy="Write a description: see docs/recipes.md.",
            code="bad-description",
            pointer="",
        )


# -- which error -------------------------------------------------------------------------------------------------------


def _leading(details: Sequence[ErrorDetails], words: Any) -> ErrorDetails:
    """Give the error to tell: the first one; of those below it, the deepest; a misspelt key before the one it lacks."""
    first = details[0]
    at = tuple(_steps(words, first))
    if first["type"] == "missing":
        beside = (one for one in details if one["type"] == "extra_forbidden" and one["loc"][:-1] == first["loc"][:-1])
        extra = next((one for one in beside if nearest(str(one["loc"][-1]), [str(at[-1])])), None)
        return extra or first
    deeper = [one for one in details if len(way := tuple(_steps(words, one))) > len(at) and way[: len(at)] == at]
    return deeper[0] if deeper else first


def _steps(words: Any, error: ErrorDetails) -> Iterator[int | str]:
    """Give the steps to a place in the file; where a thing may be of several kinds, pydantic names its kind as one."""
    last = len(error["loc"]) - 1
    before: int | str | None = None
    for nth, step in enumerate(error["loc"]):
        is_tag = isinstance(words, dict) and step == words.get("type") and isinstance(before, int)
        before = step
        if is_tag:
            continue
        is_there = step in words if isinstance(words, dict) else isinstance(words, list) and step in range(len(words))
        if is_there:
            yield step
            words = words[step]
        elif isinstance(words, dict) and nth == last and error["type"] == "missing":
            yield step


def _found(words: Any, steps: Steps) -> Any:
    for step in steps:
        words = words[step]
    return words


def _expected(error: ErrorDetails) -> str:
    form = _EXPECTED.get(error["type"])
    if form is None:
        return error["msg"][:1].lower() + error["msg"][1:].rstrip(".")
    if error["type"] == "literal_error":
        return _listed(_WORD.findall(error["ctx"]["expected"])) or _quotes(error["ctx"]["expected"])
    return _quotes(form.format(**error.get("ctx", {})))


def _quotes(words: str) -> str:
    """Give words in the quotes that JSON has."""
    return _WORD.sub(r'"\1"', words)


def _listed(words: Sequence[str]) -> str:
    """Name words that may stand at a place, the first of many."""
    named = ", ".join(f'"{word}"' for word in words[:NAMED_KEYS])
    return f"{named}, ..." if len(words) > NAMED_KEYS else " or ".join(named.rsplit(", ", 1))


def _meant(found: object, known: Sequence[str]) -> str:
    word = nearest(found, known) if isinstance(found, str) else ""
    return f"Did you mean {shown(word)}?" if word else "Correct it there."


# -- keys --------------------------------------------------------------------------------------------------------------


def _unknown_key(steps: Steps, words: Any, model: type[BaseModel]) -> Trouble:
    parent = _found(words, steps[:-1])
    known = sorted(_keys(model.model_json_schema(mode="validation"), words, steps[:-1]))
    meant = nearest(str(steps[-1]), [one for one in known if one not in parent] or known)
    if meant:
        remedy = f"Did you mean {shown(meant)}?"
    else:
        some = ", ".join(known[:NAMED_KEYS]) + (", ..." if len(known) > NAMED_KEYS else "")
        remedy = f"Known there: {some}." if known else "Leave it out."
    return Trouble(pointer_of(steps), f"there is no such key as {shown(steps[-1])}", remedy, "bad-description")


def _keys(schema: Mapping[str, Any], words: Any, steps: Steps) -> set[str]:
    """Give the keys that a schema knows at a place."""
    at: list[Mapping[str, Any]] = list(_branches(schema, schema, words))
    for step in steps:
        words = words[step]
        below = [_below(one, step) for one in at]
        at = [branch for one in below if one is not None for branch in _branches(schema, one, words)]
    return {key for one in at for key in one.get("properties", {})}


def _below(schema: Mapping[str, Any], step: int | str) -> Mapping[str, Any] | None:
    if isinstance(step, str):
        found: Mapping[str, Any] | None = schema.get("properties", {}).get(step)
        return found
    items = schema.get("items")
    return items if isinstance(items, Mapping) else None


def _branches(root: Mapping[str, Any], schema: Mapping[str, Any], words: Any) -> Iterator[Mapping[str, Any]]:
    """Give the schemas that may hold for a value: references followed, of several kinds the one that its type names."""
    if "$ref" in schema:
        yield from _branches(root, root["$defs"][schema["$ref"].rpartition("/")[2]], words)
        return
    kind = words.get("type") if isinstance(words, Mapping) else None
    mapping = schema.get("discriminator", {}).get("mapping", {})
    if isinstance(kind, str) and kind in mapping:
        yield from _branches(root, {"$ref": mapping[kind]}, words)
        return
    for several in ("anyOf", "oneOf"):
        for one in schema.get(several, ()):
            yield from _branches(root, one, words)
    if "properties" in schema or "items" in schema:
        yield schema
