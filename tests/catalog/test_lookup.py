"""The library is asked by hand: hashes, names, long clips; and a logo that was used is kept (A16)."""

import hashlib
from fractions import Fraction
from pathlib import Path

import pytest

from tests import papers
from tests.assemble.test_assembler import Library
from videogen import durable
from videogen.catalog import keep_logo, logo_of


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Three clips of two categories, one of them twice under one name, and a voice that came as a second one."""
    library = Library(tmp_path)
    library.add("video", "1.0_sea", seconds=Fraction(1))
    library.add("video", "2.0_sea", category="news", seconds=Fraction(2))
    library.add("video", "3.0_under_sea", seconds=Fraction(3))
    library.add("voice", "chapter~2")
    return library


def names(library: Library, word: str) -> list[str]:
    """Ask for a word; give the categories and names of what was found."""
    return ["/".join(path.split("/")[2::2]) for path in library.catalog.of_word(word)]


def test_names_are_whole_names(library: Library) -> None:
    """A name finds files that are called so, with or without ending, length or number; a part of a name finds none."""
    both = ["news/2.0_sea.mp4", "tales/1.0_sea.mp4"]

    assert names(library, "sea.mp4") == names(library, "sea") == both
    assert names(library, "1.0_sea.mp4") == both[1:]
    assert names(library, "under_sea.mp4") == ["tales/3.0_under_sea.mp4"]
    assert [path.rpartition("/")[2] for path in library.catalog.of_word("chapter.mp3")] == ["chapter~2.mp3"]
    assert names(library, "ea.mp4") == names(library, "") == names(library, "%") == names(library, "a/sea.mp4") == []


def test_hashes_are_known_by_their_beginning(library: Library) -> None:
    """Six digits or more of a hash find its file; fewer are a name."""
    sha256 = hashlib.sha256(b"video tales 1.0_sea").hexdigest()

    assert names(library, sha256) == names(library, sha256[:6]) == ["tales/1.0_sea.mp4"]
    assert names(library, sha256[:5]) == names(library, "f" * 64) == []


def test_long_clips_are_of_the_category(library: Library) -> None:
    """Clips are named that last so long, of one category, no more than asked for."""
    assert [path[-8:] for path in library.catalog.long_clips("tales", Fraction(1), 5)] == ["_sea.mp4", "_sea.mp4"]
    assert len(library.catalog.long_clips("tales", Fraction(1), 1)) == 1
    assert library.catalog.long_clips("tales", Fraction(4), 5) == []


def test_every_logo_that_was_used_is_kept(tmp_path: Path) -> None:
    """A logo that changes in place is kept in both its forms; one that changed while it was copied is not."""
    logo = tmp_path / "logo.png"
    for content in ("old", "new", "new"):
        logo.write_text(content)
        keep_logo(tmp_path, logo, papers.digest(content))
    keep_logo(tmp_path, logo, papers.digest("what it was a moment ago"))

    kept = sorted(path.name for path in logo_of(tmp_path, "x").parent.iterdir())
    assert kept == sorted(f"{papers.digest(content)}.png" for content in ("old", "new"))
    assert durable.digest(logo_of(tmp_path, papers.digest("old"))) == papers.digest("old")
