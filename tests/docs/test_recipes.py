"""docs/recipes.md: its examples are valid by the published forms and by the reader, its tables are the models' (C2)."""

import json
import re
import tomllib
from typing import Any

import jsonschema
import pytest

from tests.docs import recipe_tables
from videogen.cutting.forms import schema_of
from videogen.cutting.recipes import RECIPES, recipe_of
from videogen.cutting.timelines import mentions_of, with_contents

TEXT = recipe_tables.PAGE.read_text(encoding="utf-8")
EXAMPLES = [
    json.loads(words) if kind == "json" else tomllib.loads(words)
    for kind, words in re.findall(r"```(json|toml)\n(.*?)```", TEXT, re.DOTALL)
]


@pytest.mark.parametrize("words", EXAMPLES, ids=lambda words: ",".join(words)[:30])
def test_examples_hold(words: dict[str, Any]) -> None:
    """Each example is told for what it is, has its form, and is read; with a key more it has it not."""
    recipe = recipe_of(words, "any.json", RECIPES, "any.json")
    form = jsonschema.Draft202012Validator(schema_of(recipe.name))

    assert list(form.iter_errors(words)) == []
    assert [error.validator for error in form.iter_errors(words | {"more": 1})] == ["additionalProperties"]
    read = with_contents(words, {one.name: "0" * 64 for one in mentions_of(words)}) if not recipe.compile else words
    recipe.described(read, "any.json")


def test_all_recipes_have_an_example_and_a_form() -> None:
    """Every recipe is on the page, and what is published for it is a schema."""
    assert {recipe_of(words, "x", RECIPES, "x").name for words in EXAMPLES} == set(RECIPES)
    for name in RECIPES:
        jsonschema.Draft202012Validator.check_schema(schema_of(name))


def test_tables_are_the_models() -> None:
    """The tables of keys are those of the code."""
    assert recipe_tables.filled(TEXT) == TEXT, "run `python -m tests.docs.recipe_tables`"
