"""What a tool that knows nothing of us would find wrong in a paper, by its JSON Schema."""

from typing import Any

from jsonschema import Draft202012Validator

Form = dict[str, Any]


def wrong(value: Any, form: Form) -> list[str]:
    """Hold a value against a schema; give where it is wrong, and why."""
    found = Draft202012Validator(form).iter_errors(value)
    return [f"/{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
