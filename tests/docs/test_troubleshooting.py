"""The page of symptoms quotes what the program really says, and leads to every code there is (A19)."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs import trouble_codes
from tests.docs.trouble_codes import LIST, PAGE
from videogen.verdicts import RULINGS

PACKAGE = Path(__file__).parents[2] / "videogen"
TEXT = PAGE.read_text(encoding="utf-8")
QUOTES = re.findall(r"(?m)^> (.+)$", TEXT)


@cache
def templates() -> frozenset[str]:
    """Give every string of the source, with a sign where a value stands in it."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Constant(value=str(words)):
                    found.add(words)
                case ast.JoinedStr(values=parts):
                    found.add("".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in parts))
    return frozenset(found)


def is_said(quote: str) -> bool:
    """Whether one string of the source has all words of a quote, in their order."""
    pattern = re.compile(".*".join(re.escape(words) for words in quote.split("…") if words.strip()), re.DOTALL)
    return any(pattern.search(template) for template in templates())


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quoted_line_is_really_said(quote: str) -> None:
    """No message on the page is one that the program does not have."""
    assert is_said(quote)


def test_the_look_knows_what_nobody_says() -> None:
    """The look at the source finds a message with a value in it, and not one that is nowhere."""
    assert is_said("the node … holds it, and has been silent for … s")
    assert not is_said("the node … has gone fishing")
    assert len(QUOTES) > 25


def test_every_code_is_reached_from_the_page() -> None:
    """The lists of codes are those of the table now, and none is missing on the page."""
    assert trouble_codes.filled(TEXT) == TEXT, trouble_codes.__doc__
    listed = {code for found in LIST.finditer(TEXT) for code in re.findall(r"`([^`]+)`", found[0])}
    assert listed == set(RULINGS)


def test_every_verb_on_the_page_is_one() -> None:
    """No remedy names a verb that the program does not have."""
    from tests.docs.command_pages import verbs  # noqa: PLC0415 -- it imports the whole program

    named = set(re.findall(r"`videogen (?:--root ROOT )?([a-z]+)", TEXT))

    assert named <= {one.name.partition(" ")[0] for one in verbs()}
