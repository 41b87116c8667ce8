"""README is for an operator: short, and what it has one type can be typed."""

import re
import shlex
from pathlib import Path

import pytest

from tests.docs import command_pages, readme_verbs
from tests.systemd.unit import make

README = readme_verbs.README
TEXT = README.read_text(encoding="utf-8")
BLOCKS = [line for block in re.findall(r"(?s)```sh\n(.*?)```", TEXT) for line in block.splitlines()]
VERBS = {one.name: one for one in command_pages.verbs()}


def test_it_is_read_in_one_sitting() -> None:
    """Beside the table of settings README has no more than 240 lines; what is longer is a page of docs/."""
    before, settings = TEXT.split("<!-- settings -->")

    assert (before + settings.partition("<!-- /settings -->")[2]).count("\n") <= 240


def test_the_table_of_verbs_is_the_programs() -> None:
    """README names every verb in its group, and no other."""
    assert readme_verbs.filled(TEXT) == TEXT, readme_verbs.__doc__


@pytest.mark.parametrize("line", [line for line in BLOCKS if line.startswith("videogen ")])
def test_a_line_to_type_is_understood(line: str) -> None:
    """The verb of a line parses what stands behind it."""
    verb, *words = shlex.split(line, comments=True)[1:]

    VERBS[verb].command.make_context(verb, words, parent=VERBS[verb].context.parent)


def test_every_verb_in_the_text_is_one() -> None:
    """What README says of `videogen VERB` is of a verb that is there, and its options are that verb's."""
    for words in re.findall(r"`videogen ((?:--root \S+ )?[a-z][^`]*)`", TEXT):
        verb, *rest = shlex.split(words.removeprefix("--root /srv/videogen "))
        known = {name for one in VERBS[verb].command.params for name in one.opts}

        assert {word for word in rest if word.startswith("--")} <= known, words


def test_five_commands_are_those_that_the_installing_names(tmp_path: Path) -> None:
    """The commands of the set-up are what `make install-systemd` says comes next, word for word."""
    told = make("install-systemd", DESTDIR=str(tmp_path)).stdout
    (block,) = (block for block in re.findall(r"(?s)```sh\n(.*?)```", TEXT) if "install-systemd" in block)
    first, *others = block.strip().splitlines()

    assert first == "make setup && make install-systemd"
    assert len(others) == 4
    assert others == [line.strip() for line in told.splitlines() if line.startswith("  ")]
