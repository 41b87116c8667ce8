"""Log lines: one event, one line, whatever is in it and wherever it is written. Each is written by a real process."""

import json
import os
import re
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

LINE = re.compile(
    r"(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<level>DEBUG|INFO|WARN|ERROR|CRITICAL) (?P<component>\w+)"
    r' "(?P<message>(?:[^"\\]|\\.)*)"(?P<fields>(?: \w+=(?:[^\s"=\\]+|"(?:[^"\\]|\\.)*"))*)'
)
HEAD = "import logging, sys, structlog\nfrom pathlib import Path\nfrom videogen import logs\n"


def logged(file: Path, script: str, *, options: str = "", env: dict[str, str] | None = None) -> tuple[list[str], bytes]:
    """Run a script that logs to `file`; give the file's lines and what was on stderr."""
    start = f"logs.start('main_worker', Path(sys.argv[1]){options})\nlog = structlog.get_logger()\n"
    done = subprocess.run(
        [sys.executable, "-", str(file)],
        input=(HEAD + start + textwrap.dedent(script)).encode(),
        capture_output=True,
        timeout=60,
        check=True,
        env=os.environ | (env or {}),
    )
    text = file.read_bytes().decode("utf-8") if file.exists() else ""
    assert text.endswith("\n")
    return text[:-1].split("\n"), done.stderr


def parsed(line: str) -> re.Match[str]:
    """Take a line apart; one that has another form is a failure."""
    found = LINE.fullmatch(line)
    assert found, line
    return found


def test_a_line_is_stamp_level_component_and_message(tmp_path: Path) -> None:
    """A line has the form the hierarchy's users know: UTC stamp, level, component, quoted message, fields (A11)."""
    before = datetime.now(UTC).replace(microsecond=0)

    lines, stderr = logged(
        tmp_path / "logs" / "main.log",
        """
        log.info("Moved file raw/video/action/abc.mp4 → scanned/video/mp4_w3840_h2160/12.4_abc.mp4")
        log.warning("Low disk space: 2.3GB remaining", free_gb=2.30, path="/a b", n=7, ok=True, none=None, empty="")
        """,
    )

    first, second = lines
    stamp = parsed(first)["stamp"]
    assert first == (
        f'{stamp} INFO main_worker "Moved file raw/video/action/abc.mp4 → scanned/video/mp4_w3840_h2160/12.4_abc.mp4"'
    )
    assert second[len(stamp) :] == (
        ' WARN main_worker "Low disk space: 2.3GB remaining" free_gb=2.3 path="/a b" n=7 ok=True none=None empty=""'
    )
    assert before <= datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) <= datetime.now(UTC)
    assert stderr.decode().splitlines() == lines


FORGERIES = {
    "newline": 'a\n2025-11-10T18:03:44Z ERROR main_worker "forged"',
    "carriage return": "good\rbad",
    "quote": 'a" ERROR main_worker "b',
    "backslash and quote": 'a\\" code=0 "b',
    "backslash at the end": "a\\",
    "escape": "\x1b[2J\x1b]0;title\x07",
    "nul and delete": "\x00\x7f",
    "next line": "a\x85b\x9bc",
    "line separators": "a\u2028b\u2029c",
    "right to left": "a\u202egpj.exe\u202c \u2066b\u2069 \u2067c",
    "odd byte": "caf\udce9",
    "field": "x level=ERROR",
    "equals": "a=b",
    "tab": "a\tb",
}


def test_nothing_in_an_event_can_forge_a_line(tmp_path: Path) -> None:
    """Line ends, quotes, terminal codes and direction marks are escaped, in message and fields: one event, one line."""
    script = f"for text in {list(FORGERIES.values())!a}:\n    log.info(text, field=text)\n"

    lines, stderr = logged(tmp_path / "main.log", script)

    assert len(lines) == len(FORGERIES)
    assert b"Logging error" not in stderr
    for line, text in zip(lines, FORGERIES.values(), strict=True):
        assert line.isprintable()
        assert parsed(line)["level"] == "INFO"
        assert re.findall(r" (\w+)=", re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)) == ["field"], text


def test_no_text_is_too_odd_to_log(tmp_path: Path) -> None:
    """Half a character, which cannot be UTF-8, is logged as an escape: the program that logs it goes on."""
    lines, _ = logged(tmp_path / "main.log", r"""log.info("a\ud800b", field="\udfff")""")

    assert [parsed(line)["level"] for line in lines] == ["INFO"]


def test_different_texts_stay_different(tmp_path: Path) -> None:
    """An escape cannot be mistaken for the text of one: a newline and a backslash with an n are two lines apart."""
    lines, _ = logged(tmp_path / "main.log", r"""for text in ("\n", "\\n", "\\u000a", "\""): log.info(text)""")

    assert [parsed(line)["message"] for line in lines] == [r"\u000a", r"\\n", r"\\u000a", r"\""]


def test_the_trouble_of_an_exception_forges_nothing(tmp_path: Path) -> None:
    """A traceback follows its line, and whatever the error's words are no line of it looks like an event's (A11)."""
    forged = '2025-11-10T18:03:44Z INFO main_worker "all is well"'
    script = f"""
    try:
        raise ValueError({"name" + chr(10) + forged + chr(0xDCE9)!a})
    except ValueError:
        log.exception("Failed", file="a")
    log.info("after")
    """

    lines, stderr = logged(tmp_path / "main.log", script)

    assert b"Logging error" not in stderr
    assert any("ValueError: name" in line for line in lines)
    assert [found["message"] for line in lines if (found := LINE.fullmatch(line))] == ["Failed", "after"]


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
    ],
)
def test_the_file_is_utf8_whatever_the_locale(tmp_path: Path, env: dict[str, str]) -> None:
    """In a locale of ASCII an arrow, an emoji and a name of odd bytes still reach the file, as UTF-8 (D7)."""
    script = """
    import os
    log.info("raw/été → scanned/🦊", name=os.fsdecode("été".encode()), odd=os.fsdecode(b"caf\\xe9"))
    """

    lines, _ = logged(tmp_path / "main.log", script, env=env)

    (line,) = lines
    assert parsed(line)["message"] == "raw/été → scanned/🦊"
    assert parsed(line)["fields"].replace('"été"', "été") == r' name=été odd="caf\xe9"'


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1:strict"])
def test_a_console_that_cannot_show_a_line_loses_none(tmp_path: Path, encoding: str) -> None:
    """On a console of another encoding the line appears with escapes: no event is lost and no error printed."""
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}

    _, stderr = logged(tmp_path / "main.log", 'log.info("été → 🦊", n=1)', env=env)

    assert b"Logging error" not in stderr
    assert stderr.count(b"\n") == 1
    assert stderr.rstrip().endswith(b" n=1")


def test_json_lines_parse(tmp_path: Path) -> None:
    """On request each line is one JSON object of ASCII with the same four things and the fields (A11)."""
    script = f"""
    log.info("a → b", n=7, share=0.25, path="x y", ok=True)
    for text in {list(FORGERIES.values())!a}:
        log.warning(text, field=text)
    try:
        raise ValueError("two\\nlines")
    except ValueError:
        log.exception("Failed")
    """

    lines, _ = logged(tmp_path / "main.log", script, options=", as_json=True")

    events = [json.loads(line) for line in lines]
    assert all(line.isascii() for line in lines)
    assert len(events) == len(FORGERIES) + 2
    stamp = events[0].pop("time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)
    assert events[0] == {
        "level": "INFO",
        "component": "main_worker",
        "message": "a → b",
        "n": 7,
        "share": 0.25,
        "path": "x y",
        "ok": True,
    }
    assert [event["field"] for event in events[1:-1]] == list(FORGERIES.values())
    assert {event["level"] for event in events[1:-1]} == {"WARN"}
    assert events[-1]["level"] == "ERROR"
    assert "two\nlines" in events[-1]["trouble"]


def test_numbers_that_are_none_are_json_too(tmp_path: Path) -> None:
    """A field that is infinite or no number leaves the line one that every JSON reader takes."""
    lines, _ = logged(tmp_path / "main.log", 'log.info("a", x=float("inf"), y=float("nan"))', options=", as_json=True")

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    assert json.loads(lines[0], parse_constant=refuse)["message"] == "a"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1/3", "0.333"),
        ("2.0", "2"),
        ("100.0", "100"),
        ("0.0", "0"),
        ("12.340", "12.34"),
        ("10**9 + 0.5", "1000000000.5"),
        ("10**6", "1000000"),
        ("Path('a/b')", "a/b"),
        ("['a', 1]", "\"['a', 1]\""),
    ],
)
def test_a_field_reads_well(tmp_path: Path, value: str, text: str) -> None:
    """A fraction has three digits at most, no zero is cut from a whole number, and what is not plain is quoted."""
    lines, _ = logged(tmp_path / "main.log", f'log.info("a", field={value})')

    assert parsed(lines[0])["fields"] == f" field={text}"


def test_a_library_is_silent_and_a_component_can_be_named(tmp_path: Path) -> None:
    """Debug words and libraries' chatter stay out; an event may name another component."""
    script = """
    log.debug("secret")
    logging.getLogger("urllib3").warning("chatter")
    log.info("fetched", component="crawler", n=1)
    """

    lines, _ = logged(tmp_path / "main.log", script)

    assert [(parsed(line)["component"], parsed(line)["fields"]) for line in lines] == [("crawler", " n=1")]


def test_rotation_keeps_the_files_of_the_last_days(tmp_path: Path) -> None:
    """At the first line of a new day the old file gets its date, and of the dated ones only the newest are kept."""
    file = tmp_path / "main.log"
    file.write_text("yesterday\n")
    two_days_ago = time.time() - 2 * 86400
    os.utime(file, (two_days_ago, two_days_ago))
    for day in range(1, 6):
        (tmp_path / f"main.log.2020-01-0{day}").write_text(f"{day}\n")
    (tmp_path / "node-a.log.2020-01-01").write_text("another's\n")

    lines, _ = logged(file, 'log.info("today")', options=", keep_days=3")

    dated = datetime.fromtimestamp(two_days_ago, UTC).strftime("%Y-%m-%d")
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert [parsed(line)["message"] for line in lines] == ["today"]
    assert kept == [
        "main.log",
        "main.log.2020-01-04",
        "main.log.2020-01-05",
        f"main.log.{dated}",
        "node-a.log.2020-01-01",
    ]
    assert (tmp_path / f"main.log.{dated}").read_text() == "yesterday\n"


def test_a_restart_goes_on_in_the_same_file(tmp_path: Path) -> None:
    """A second life of a process adds to the file of the day, below the first one's lines."""
    logged(tmp_path / "main.log", 'log.info("one")')

    lines, _ = logged(tmp_path / "main.log", 'log.info("two")')

    assert [parsed(line)["message"] for line in lines] == ["one", "two"]
