"""Value: the frozen record every other value is made of."""

from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from videogen.model.readable import readable as readable  # noqa: PLC0414 -- its home is there, it is asked for here

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal: what names a content, wherever the file lies."""


def library_path(text: str) -> str:
    """Give a path from the root as it is. Raises: ValueError: it does not stay in the library, or no name is like it.

    Shape: parts between single slashes, the first `scanned`; none is empty or begins with a dot, as `..` does, and none
        has a control character.
    """
    parts = text.split("/")
    if parts[0] != "scanned" or len(parts) == 1 or any(not part or part.startswith(".") for part in parts):
        raise ValueError(f"{text[:200]!r} is not in the library")
    if any(category(letter) == "Cc" for letter in text):
        raise ValueError(f"{text[:200]!r} has control characters in it")
    return text


LibraryPath = Annotated[str, AfterValidator(library_path)]
"""Where an asset lies, from the root: never anywhere but in scanned/."""


class Value(BaseModel):
    """A record that never changes, and refuses fields it does not know and numbers that are none."""

    # JSON has no NaN and no Infinity, but who reads it takes them; what is written of them would not be read again.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def to_json(self) -> str:
        """Give the record as JSON, two spaces deep, UTF-8 as it is, a newline at the end."""
        return self.model_dump_json(indent=2) + "\n"
