"""What a person wrote becomes plain values or one sentence: bounded, unambiguous, and no pipe is waited for (C11)."""

import os
import time
from pathlib import Path

import pytest

from videogen.cutting.reading import words_of
from videogen.errors import MissingInput, RecipeError


def written(folder: Path, raw: bytes | str, name: str = "composition.json") -> Path:
    """Write a description."""
    path = folder / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return path


@pytest.mark.parametrize(
    ("raw", "name", "words"),
    [
        ('{"a": [1, 2.5, "x", true, null]}', "m.json", {"a": [1, 2.5, "x", True, None]}),
        (b"\xef\xbb\xbf{}", "m.json", {}),
        ('{"a": "\\ud83d\\ude00"}', "m.json", {"a": "😀"}),
        ('{"v": 1.0e2, "n": -7}', "m.json", {"v": 100.0, "n": -7}),
        ('n = 7\n[t]\non = false\nf = "a.b.c.ttf"', "m.toml", {"n": 7, "t": {"on": False, "f": "a.b.c.ttf"}}),
        (b"\xef\xbb\xbfseed = 7", "m.TOML", {"seed": 7}),
    ],
)  # fmt: skip
def test_values_are_as_written(tmp_path: Path, raw: bytes | str, name: str, words: object) -> None:
    """JSON and TOML are read alike, with or without a mark of their byte order."""
    assert words_of(written(tmp_path, raw, name)) == words


BAD: list[tuple[bytes | str, str, str]] = [
    ("{", "m.json", "is not JSON (expecting property name enclosed in double quotes in line 1, column 2)"),
    ('{"a": 1,\n "a": 2}', "m.json", 'is not JSON (an object has the key "a" twice)'),
    ("{" + "".join(f'"{nth:x}":0,' for nth in range(190_000)) + '"2e62f":0}', "m.json", 'has the key "2e62f" twice'),
    ("[" + "[]," * 5_000_000 + "0]", "m.json", "it holds more than 200000 values"),
    ('["' + '\\"' * 7_000_000, "m.json", "is not JSON (unterminated string starting at in line 1, column 2)"),
    ('{"a": NaN}', "m.json", "is not JSON (NaN is no number)"),
    ('{"a": -Infinity}', "m.json", "is not JSON (-Infinity is no number)"),
    ('{"a": 1e999}', "m.json", "is not JSON (1e999 is too large a number)"),
    ('{"a": ' + "9" * 5000 + "}", "m.json", "is too large a number"),
    ('{"a": 9007199254740993}', "m.json", "at /a: 9007199254740993 is no number, or too large a one"),
    ('{"a": {"~/": ["\\ud800"]}}', "m.json", "at /a/~0~1/0: a letter is only half there"),
    ('{"\\udc00": 1}', "m.json", "at /\\udc00: a letter is only half there"),
    (b'{"a": "\xff"}', "m.json", "is not UTF-8, in line 1"),
    ('{"a": 1}'.encode("utf-16"), "m.json", "is not UTF-8, in line 1"),
    ("[" * 50 + "]" * 50, "m.json", "it is more than 40 levels deep"),
    ("[" * (15 << 20), "m.json", "is not JSON (it is more than 40 levels deep)"),
    ('{"a":' * 100_000, "m.json", "is not JSON (it is more than 40 levels deep)"),
    ("[" + "0," * 200_001 + "0]", "m.json", "at its top: it holds more than 200000 values"),
    (b" " * ((16 << 20) + 1), "m.json", "has more than 16 MiB"),
    ("", "m.json", "is not JSON (expecting value in line 1, column 1)"),
    ("a = 1\na = 2", "m.toml", "is not TOML (Cannot overwrite a value (at end of document))"),
    ("a = nan", "m.toml", "at /a: nan is no number"),
    ("a = inf", "m.toml", "at /a: inf is no number"),
    ("a = 2026-01-01", "m.toml", "at /a: 2026-01-01 is a date or a time; write it in quotes"),
    ("a = " + "9" * 400, "m.toml", "is no number, or too large a one"),
    ("a = 1" + " " * (1 << 20), "m.toml", "it has more than 1 MB"),
    ("a." * 400_000 + "b = 1", "m.toml", "is not TOML (a key has too many parts in line 1)"),
    ("a=" + "[" * 500_000, "m.toml", "is not TOML (it is more than 40 levels deep)"),
    ("a" * 1_000_000, "m.toml", "is not TOML"),
]


@pytest.mark.parametrize(("raw", "name", "said"), BAD, ids=[row[2][:40] for row in BAD])
def test_what_is_no_value_is_one_sentence(tmp_path: Path, raw: bytes | str, name: str, said: str) -> None:
    """The sentence has the file and what is wrong; no text, however made, takes more than a moment."""
    began = time.process_time()

    with pytest.raises(RecipeError) as caught:
        words_of(written(tmp_path, raw, name))

    assert said in caught.value.message
    assert name in caught.value.message
    assert caught.value.word == "bad-description"
    assert len(caught.value.message) < 400 + len(str(tmp_path))
    assert "\n" not in caught.value.message
    assert time.process_time() - began < 4


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    """What is no regular file is refused at once, and so is a link: a folder that was dropped holds neither."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to(written(tmp_path, "{}"))

    for name in ("pipe.json", "folder.json", "link.json"):
        with pytest.raises(RecipeError, match="not a file"):
            words_of(tmp_path / name)
    with pytest.raises(MissingInput, match="cannot be read"):
        words_of(tmp_path / "gone.json")
