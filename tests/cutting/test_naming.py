"""No name of a dropped description leads out of its folder, whatever it is; no pipe is opened (C11)."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from videogen.catalog import Catalog
from videogen.cutting.naming import Names
from videogen.errors import InputError, MissingInput
from videogen.model.stock import Mention

SECRET = b"not for a description"
PARTS = (
    "..",
    ".",
    "",
    "clips",
    "a.mp4",
    "out",
    "secret.txt",
    "pipe",
    ".hidden",
    "link.txt",
    "~",
    "\0",
    "\ud800",
    "x" * 300,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file, links that lead out, a pipe; a secret beside it."""
    root = tmp_path_factory.mktemp("names")
    made = root / "mine"
    (made / "clips").mkdir(parents=True)
    (made / "clips" / "a.mp4").write_bytes(b"a clip")
    (root / "secret.txt").write_bytes(SECRET)
    (made / "out").symlink_to(root)
    (made / "link.txt").symlink_to(root / "secret.txt")
    os.mkfifo(made / "pipe")
    return made


def names_in(folder: Path, *, is_free: bool = False) -> Names:
    """Give the names of a description in a folder."""
    return Names(folder, lambda: (folder, Catalog(folder)), is_free=is_free, hashed={})


@settings(max_examples=80, deadline=None)
@given(parts=some.lists(some.sampled_from(PARTS) | some.text(max_size=4), min_size=1, max_size=6), lead=some.booleans())
def test_no_name_leads_out(folder: Path, parts: list[str], *, lead: bool) -> None:
    """A name gives a file of the folder, or an error of ours with its pointer; never another file, never a wait."""
    name = ("/" if lead else "") + "/".join(parts)

    refused, held = None, None
    try:
        held = names_in(folder).held(Mention("/clips/0", name, "clip"))
    except InputError as error:
        refused = error

    if held is not None:
        assert held.path == folder / "clips" / "a.mp4"
    if refused is not None:
        assert refused.facts["pointer"] == "/clips/0"
        assert "\n" not in refused.message
        refused.message.encode()


@pytest.mark.parametrize("name", ["out/secret.txt", "link.txt", "pipe", "clips"])
def test_links_and_pipes_are_refused(folder: Path, name: str) -> None:
    """A link is not followed, a folder and a pipe are no files."""
    with pytest.raises(MissingInput):
        names_in(folder).held(Mention("/clips/0", name, "clip"))


def test_by_hand_a_person_reads_what_they_may(folder: Path) -> None:
    """By hand a name may lead out, and still no pipe is waited for."""
    names = names_in(folder, is_free=True)

    assert names.held(Mention("", "../secret.txt", "captions")).content == hashlib.sha256(SECRET).hexdigest()
    with pytest.raises(MissingInput):
        names.held(Mention("", "pipe", "clip"))
