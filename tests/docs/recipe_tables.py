"""Fill docs/recipes.md with the keys of each recipe, from their forms: `python -m tests.docs.recipe_tables`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from videogen.cutting.forms import schema_of

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
TABLE = re.compile(r"(<!-- keys (\w+) -->\n).*?(<!-- /keys -->)", re.DOTALL)
VALUES_NAMED = 10
Form = dict[str, Any]


def filled(text: str) -> str:
    """Give a page with each table of keys as the recipes have them."""
    return TABLE.sub(lambda found: found[1] + "".join(_rows(schema_of(found[2]))) + found[3], text)


def _rows(form: Form) -> Iterator[str]:
    yield from _table("", form, form)
    for name in sorted(form["$defs"]):
        one = form["$defs"][name]
        if "properties" in one:
            yield from _table(name, one, form)


def _table(name: str, one: Form, form: Form) -> Iterator[str]:
    about = " ".join(one.get("description", "").split())
    yield f"**{name}**: {about}\n\n" if name else f"{about}\n\n"
    yield "| key | what | default |\n|---|---|---|\n"
    for key, value in one["properties"].items():
        is_needed = key in one.get("required", ())
        default = "" if is_needed else f"`{json.dumps(value.get('default'), ensure_ascii=False)}`"
        said = ". ".join(filter(None, (_kind(value, form), value.get("description", "").rstrip("."))))
        yield f"| `{key}` | {said.replace('|', '/')} | {'**needed**' if is_needed else _short(default)} |\n"
    yield "\n"


def _short(default: str) -> str:
    return "" if default in {"`null`", "`[]`"} or len(default) > 30 else default


def _kind(value: Form, form: Form) -> str:
    """Say in words what may stand at a place."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        target = form["$defs"][name]
        return name if "properties" in target else _kind(target, form)
    if several := value.get("anyOf") or value.get("oneOf"):
        return " or ".join(dict.fromkeys(_kind(one, form) for one in several if one.get("type") != "null"))
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        named = ", ".join(f"`{word}`" for word in value["enum"][:VALUES_NAMED])
        return named + (", ..." if len(value["enum"]) > VALUES_NAMED else "")
    if value.get("type") == "array":
        return f"list of {_kind(value['items'], form)}" if isinstance(value.get("items"), dict) else "list"
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(
        str(value.get("type")), str(value.get("type", "anything"))
    )


def main() -> None:
    """Fill the page."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
