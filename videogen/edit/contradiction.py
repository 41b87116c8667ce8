"""What contradicts itself in a description: one sentence with its place, its numbers and a remedy."""

from fractions import Fraction

from videogen.errors import RecipeError


def contradiction(pointer: str, found: str, *, remedy: str) -> RecipeError:
    """Give the error for something of a description that is valid in itself and cannot be done with the rest."""
    return RecipeError(f"{pointer} {found}", remedy=remedy, code="invalid-timeline", pointer=pointer)


def seconds(value: Fraction) -> str:
    """Give seconds as a person reads them: to the thousandth, without noughts at the end."""
    return f"{float(value):.3f}".rstrip("0").rstrip(".") + " s"
