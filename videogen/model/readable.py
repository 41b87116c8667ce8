"""Names from the disk as text. A module of its own: a child that draws needs it, and no pydantic."""


def readable(text: str) -> str:
    """Give a name from the disk as text that UTF-8 can hold: bytes that are not UTF-8 as \\xNN."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
