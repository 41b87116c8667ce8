"""The form of what a person may write, as JSON Schema: for editors that complete and check, and for other programs."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from videogen.cutting.recipes import RECIPES, TIMELINE

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = "A path from the file, the SHA-256 of something in the library, or library: and a path below scanned/."
_FRACTION = re.compile(r"-?\d+(/\d+)?")


class _Form(GenerateJsonSchema):
    """The form of a description with every name that a key goes by; pydantic alone tells the first."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Give the form of one object."""
        made = super().model_schema(schema)
        inner: Any = schema["schema"]
        while "fields" not in inner:
            inner = inner["schema"]
        for field in inner["fields"].values():
            names = field.get("validation_alias")
            if isinstance(names, list):
                (first,), *others = names
                for (other,) in others:
                    about = {"description": f"The same as `{first}`."}
                    made["properties"][other] = made["properties"][first] | about
        return made


def schema_of(recipe: str) -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a description as a person writes it. Raises: KeyError: there is no such recipe.

    What takes more than a schema can say (times that contradict each other, files that are not there) is told when it
    is read.
    """
    made = RECIPES[recipe].model.model_json_schema(mode="validation", schema_generator=_Form)
    if recipe == TIMELINE:
        made["properties"]["recipe"] = {"const": TIMELINE, "default": TIMELINE, "type": "string"}
        for holder, key in _names(made):
            old = holder[key]
            holder[key] = {"type": "string", "minLength": 1, "title": old.get("title", key), "description": _NAME}
    for one in _numbers(made):
        one["default"] = float(Fraction(one["default"]))
    return {"$schema": DIALECT} | made


def _names(schema: Any) -> Iterator[tuple[dict[str, Any], str]]:
    for one in _objects(schema):
        properties = one.get("properties", {})
        yield from ((properties, key) for key in ("asset", "font", "lut") if key in properties)


def _numbers(schema: Any) -> Iterator[dict[str, Any]]:
    """Give what is a number and has its default as text, as exact fractions are written."""
    for one in _objects(schema):
        default = one.get("default")
        kinds = [one.get("type"), *(branch.get("type") for branch in one.get("anyOf", ()))]
        if isinstance(default, str) and "number" in kinds and _FRACTION.fullmatch(default):
            yield one


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in list(schema.values()):
            yield from _objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _objects(value)
