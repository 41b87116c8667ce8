"""The first hour is lived again, and the page tells what was said (A14, A15, A19)."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.docs import first_hour
from tests.docs.first_hour import PAGE, SCREENS, STEPS, Lived, steady

pytestmark = pytest.mark.timeout(600)  # a dozen processes of ours, one after the other, on a machine that may be busy


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> list[Lived]:
    """Live the hour once."""
    return list(first_hour.live(tmp_path_factory.mktemp("home")))


def blocks() -> dict[str, str]:
    """Read the page: each command with what stands below it as its answer."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"```sh\n(.*?)\n```\n(?:\n```text\n(.*?)\n```)?", text, flags=re.DOTALL)
    return dict(found)


def test_the_page_has_every_step_in_order() -> None:
    """The page shows the commands of the program, all of them and no other, in their order."""
    assert list(blocks()) == [step.command for step in STEPS], first_hour.__doc__


def test_what_the_page_says_is_said(lived: list[Lived]) -> None:
    """What is the same on every run stands in the page as it was said; of the rest, what matters stands in both."""
    told = blocks()
    for one in lived:
        if one.step.same:
            assert steady(told[one.step.command]) == steady(one.plain), first_hour.__doc__
        else:
            assert one.step.shows in told[one.step.command]


def test_the_second_video_encodes_no_clip_twice(lived: list[Lived]) -> None:
    """The plan of the second video copies what the first one encoded, as the page promises (A13)."""
    (plan,) = (one.plain for one in lived if one.step.screen == "plan")

    assert re.search(r"copy [1-9]\d*, encode 0", plan)


@pytest.mark.parametrize("step", [step for step in STEPS if step.screen], ids=lambda step: step.screen)
def test_a_picture_shows_what_was_said(step: first_hour.Step) -> None:
    """Each picture is whole SVG, asks no other machine for anything, and shows what its command is for."""
    picture = SCREENS / f"{step.screen}.svg"
    text = picture.read_text(encoding="utf-8")
    whole = ElementTree.fromstring(text)  # noqa: S314 -- our own file
    words = "".join(whole.itertext()).replace("\xa0", " ")

    assert re.findall(r"https?://(?!www\.w3\.org|www\.textualize\.io|github\.com/Textualize)[^\s\"]*", text) == []
    assert "@font-face" not in text
    assert step.shows in words


def test_pages_that_are_linked_are_there() -> None:
    """Every link of README and the pages of docs/ that leads to a file leads to one that is there."""
    root = PAGE.parents[1]
    for page in (root / "README.md", *PAGE.parent.glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / Path(target)).exists(), f"{page.name} links {target}"
