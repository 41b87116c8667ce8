"""Checked: a value whose builder hears RecipeError, whatever it was that did not fit."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ModelWrapValidatorHandler, ValidationError, model_validator

from videogen.errors import RecipeError
from videogen.model.value import Value, readable


def _named(path: Path) -> Path:
    if not path.name or "\0" in str(path):
        raise ValueError("a path names a file")
    return path


FilePath = Annotated[Path, AfterValidator(_named)]
"""Any name a disk can hold; whether something lies there is asked when it is needed."""


class Checked(Value):
    """A frozen record; one that cannot be right is not made."""

    @model_validator(mode="wrap")
    @classmethod
    def _explained(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise RecipeError(
                f"{cls.__name__} cannot be made{f' ({where})' if where else ''}: {readable(first['msg'])}",
                remedy="Change what stands there.",
            ) from error
