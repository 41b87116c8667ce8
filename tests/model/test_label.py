"""Words of strangers as one line: what was meant is kept, what hides or climbs is not (E2, D7)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videogen.model.label import LONGEST, label_of
from videogen.model.media import Media, Tags

HALF = "\ud83d"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("  Song \r\n\t of  songs\x00", "Song of songs"),
        ("Bj\u00f6rk", "Bj\u00f6rk"),
        ("Bjo\u0308rk", "Bj\u00f6rk"),
        ("Bj\u00c3\u00b6rk", "Bj\u00f6rk"),
        ("Bj\u00c3\u0192\u00c2\u00b6rk", "Bj\u00f6rk"),
        ("Bj\udcf6rk", "Bj\u00f6rk"),
        ("\u00e2\u20ac\u0153hi\u00e2\u20ac\u009d", "\u201chi\u201d"),
        ("\u00c3\u00a9t\u00c3\u00a9 2", "\u00e9t\u00e9 2"),
        ("na\u00efve \u00c3", "na\u00efve \u00c3"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("a\u202eb\u202cc\u2066d\u2069", "abcd"),
        ("\U0001f469\u200d\U0001f467 \u2764\ufe0f", "\U0001f469\u200d\U0001f467 \u2764\ufe0f"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e007f"),
        ("x\u0301" + "\u0301" * 90, "x" + "\u0301" * 8),
        ("\x1b[2J\x9b", "[2J"),
        (f"a{HALF}b", "ab"),
        ("x" * 201, "x" * 199 + "\u2026"),
        ("", ""),
    ],
)
def test_what_was_meant_is_kept(words: str, said: str) -> None:
    """Scripts, joined emoji and flags stay; controls, turned lines and towers of marks go; wrong letters are mended."""
    assert label_of(words) == said


@given(st.text(st.characters(exclude_categories=()), max_size=500))
def test_whatever_comes_is_one_short_line_that_papers_can_hold(words: str) -> None:
    """Side files are UTF-8: what no file can hold never reaches one, and cleaning twice changes nothing more."""
    said = label_of(words)

    assert len(said) <= LONGEST
    assert len(said.splitlines()) <= 1
    assert Media.model_validate_json(Media(tags=Tags(title=said)).to_json()).tags.title == said
    assert json.loads(json.dumps(said).encode()) == said


def test_a_side_file_from_before_has_no_tags() -> None:
    """What older ones lack is an empty word (A20)."""
    assert Media.model_validate_json("{}").tags == Tags()
