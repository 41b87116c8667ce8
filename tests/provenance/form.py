"""JSON Schema, as much of it as ours use: what a tool that knows nothing of us would find wrong in a paper."""

import re
from collections.abc import Iterator
from typing import Any

Form = dict[str, Any]

SAID_ELSEWHERE = {"$schema", "$defs", "title", "description", "default", "format"} | {
    "anyOf",
    "properties",
    "additionalProperties",
    "items",
    "prefixItems",
}
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}
HOLDS: dict[str, Any] = {
    "type": lambda value, said: isinstance(value, TYPES[said]) and (said == "boolean" or not isinstance(value, bool)),
    "required": lambda value, said: set(said) <= set(value),
    "const": lambda value, said: value == said,
    "enum": lambda value, said: value in said,
    "pattern": lambda value, said: bool(re.search(said, value)),
    "minimum": lambda value, said: value >= said,
    "maximum": lambda value, said: value <= said,
    "exclusiveMinimum": lambda value, said: value > said,
    "multipleOf": lambda value, said: value % said == 0,
    "minItems": lambda value, said: len(value) >= said,
    "maxItems": lambda value, said: len(value) <= said,
}


def wrong(value: Any, form: Form, defs: Form | None = None, where: str = "") -> list[str]:
    """Hold a value against a schema; give where it is wrong.

    Raises: KeyError: the schema has a keyword that is not known here.
    """
    defs = form.get("$defs", {}) if defs is None else defs
    if "$ref" in form:
        return wrong(value, defs[form["$ref"].rpartition("/")[2]], defs, where)
    if "type" in form and not HOLDS["type"](value, form["type"]):
        return [f"{where} is no {form['type']}"]
    words = form.keys() - SAID_ELSEWHERE
    found = [f"{where} {word}" for word in sorted(words) if not HOLDS[word](value, form[word])]
    if "anyOf" in form and all(wrong(value, one, defs) for one in form["anyOf"]):
        found.append(f"{where} is none of those")
    return found + list(_inside(value, form, defs, where))


def _inside(value: Any, form: Form, defs: Form, where: str) -> Iterator[str]:
    if isinstance(value, dict):
        rest = form.get("additionalProperties", True)
        for name, inner in value.items():
            known = form.get("properties", {}).get(name, rest)
            if isinstance(known, dict):
                yield from wrong(inner, known, defs, f"{where}/{name}")
            elif not known:
                yield f"{where}/{name} is not known"
    if isinstance(value, list):
        first = form.get("prefixItems", [])
        for nth, inner in enumerate(value):
            yield from wrong(inner, first[nth] if nth < len(first) else form.get("items", {}), defs, f"{where}/{nth}")
