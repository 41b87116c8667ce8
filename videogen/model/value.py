"""Value: the frozen record every other value is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal: what names a content, wherever the file lies."""


def readable(text: str) -> str:
    """Give a name from the disk as text that UTF-8 can hold: bytes that are not UTF-8 as \\xNN."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Value(BaseModel):
    """A record that never changes and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> str:
        """Give the record as JSON, two spaces deep, UTF-8 as it is, a newline at the end."""
        return self.model_dump_json(indent=2) + "\n"
