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

from videogen.redaction import hidden

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


# -- midnight, repeats, secrets, libraries ----------------------------------------------------------------------------

CLOCK = "import time\nreal, shift = time.time, [0.0]\ntime.time = lambda: real() + shift[0]  # moved by hand\n"


def test_midnight_turns_the_file_and_keeps_the_days(tmp_path: Path) -> None:
    """A process that lives for six days writes one file a day, and keeps as many as it was told (A11)."""
    script = f"{CLOCK}for day in range(6):\n    log.info(f'day {{day}}')\n    shift[0] += 86400\n"

    lines, _ = logged(tmp_path / "main.log", script, options=", keep_days=3")

    kept = sorted(tmp_path.glob("main.log.*"))
    assert [parsed(line)["message"] for line in lines] == ["day 5"]
    assert [parsed(path.read_text().rstrip())["message"] for path in kept] == ["day 2", "day 3", "day 4"]


REPEATS = [
    ("an error of a loop: the first, then the sum", "for _ in range(40): log.error('a', n=1)", ["a", "a*39"]),
    ("two errors that take turns", "for _ in range(40): log.error('a'); log.error('b')", ["a", "b", "a*39", "b*39"]),
    ("something new tells the sum before it", "for _ in range(5): log.error('a')\nlog.info('b')", ["a", "a*4", "b"]),
    ("other fields are another line", "for n in range(3): log.error('a', n=n)", ["a", "a", "a"]),
    ("another level is another line", "log.error('a'); log.warning('a')", ["a", "a"]),
    (
        "an INFO again after another has a meaning",
        "for _ in range(2): log.info('a'); log.info('b')",
        ["a", "b", "a", "b"],
    ),
    ("an INFO right after itself has none", "for _ in range(9): log.info('a')", ["a", "a*8"]),
    (
        "the sum is told after a while",
        "for _ in range(3): log.error('a')\ntime.sleep(0.6)\nlog.error('a')",
        ["a", "a*2", "a"],
    ),
    ("over a while there is one sum a while", "for _ in range(9): log.error('a'); time.sleep(0.09)", ["a", "a*?"]),
]


@pytest.mark.parametrize(("script", "wanted"), [row[1:] for row in REPEATS], ids=[row[0] for row in REPEATS])
def test_what_repeats_is_counted(tmp_path: Path, script: str, wanted: list[str]) -> None:
    """A line that only repeats is counted and told as a sum: when it changes, after a while, and at the end."""
    lines, stderr = logged(
        tmp_path / "main.log",
        f"import time\nlogs.start('main_worker', Path(sys.argv[1]), told_s=0.3)\n{script}",
        options="",
    )

    found = [parsed(line) for line in lines]
    told = [re.sub(r" \(the same (\d+) times more in \d+ s\)", r"*\1", row["message"]) for row in found]
    if "*?" in wanted[-1]:
        assert 3 <= len(told) <= 5
        assert sum(int(one.partition("*")[2] or 1) for one in told) == 9
        return
    assert told == wanted
    assert all((" again=" in row["fields"]) == ("*" in one) for row, one in zip(found, told, strict=True))
    assert stderr.decode().splitlines() == lines


def test_a_flood_costs_no_disk(tmp_path: Path) -> None:
    """Ten threads that fail ten thousand times leave a few lines, and none of the failures is lost from the sums."""
    script = """
    import threading
    def fail():
        for _ in range(1000): log.error("Cannot do it", because="disk")
    threads = [threading.Thread(target=fail) for _ in range(10)]
    for one in threads: one.start()
    for one in threads: one.join()
    """
    lines, _ = logged(tmp_path / "main.log", script)

    again = sum(int(found[1]) for line in lines if (found := re.search(r" again=(\d+)", line)))
    assert len(lines) < 10
    assert again + sum(" again=" not in line for line in lines) == 10_000


SECRETS = {
    "a password in a URL": "cannot fetch https://user:hunter2-S3CRET@example.com/a?b=1",
    "one with an @ in it": "https://user:hunter2@S3CRET@example.com/",
    "a user that is a token": "https://S3CRET@example.com/x",
    "a token in a query": "https://example.com/x?a=1&access_token=S3CRET&b=2",
    "a signed URL": "https://b.example.com/x?X-Amz-Signature=S3CRET&X-Amz-Expires=60",
    "a key in a query": "GET /v1?key=S3CRET HTTP/1.1",
    "a header": "Authorization: Bearer S3CRET.abc",
    "a header as a mapping": "{'Authorization': 'Basic S3CRET=='}",
    "a cookie": "Cookie: id=S3CRET; theme=dark",
    "an API key's header": "x-api-key: S3CRET",
    "JSON": '{"password": "S3CRET word", "n": 1}',
    "an assignment": "AWS_SECRET_ACCESS_KEY=S3CRET",
    "of the environment": "the environment's own-S3CRET-value was sent",
    "a well-known form": "ghp_S3CRETs3crets3crets3crets3",
    "a private key": "-----BEGIN PRIVATE KEY-----\nS3CRET\n-----END PRIVATE KEY-----",
}


@pytest.mark.parametrize("as_json", [False, True])
def test_secrets_are_never_written(tmp_path: Path, as_json: bool) -> None:
    """Whatever looks like a secret stays out of message, fields and tracebacks, at every level, in both forms."""
    script = f"""
    logging.getLogger().setLevel(logging.DEBUG)
    for number, text in enumerate({list(SECRETS.values())!a}):
        for tell in (log.debug, log.info, log.warning, log.error, log.critical):
            tell(text, number=number, path=Path("/x"), because=text, listed=[text], mapped={{"token": text}})
        logging.getLogger("library").error(text)
        try:
            raise ValueError(text)
        except ValueError:
            log.exception("Failed", number=number)
    log.info("fields", password="S3CRET", api_key="S3CRET", Authorization="S3CRET", auth_token="S3CRET")
    """
    env = {"BACKUP_PASSWORD": "own-S3CRET-value"}

    lines, stderr = logged(tmp_path / "main.log", script, options=f", as_json={as_json}", env=env)

    assert "S3CRET" not in "\n".join(lines)
    assert b"S3CRET" not in stderr
    assert len(lines) >= len(SECRETS) * 6


NO_SECRETS = [
    "Moved raw/video/a@b/clip.mp4 → scanned/video/a@b/mp4/12.4_clip.mp4",
    "tasks/0a1b2c3d-0000-4000-8000-000000000001 holds out.3",
    "key=3f786850e387550fdab836ed7e6dc881de23001b look=89e6c98d92887913cadf06b2adb97f26cde4849b",
    "https://example.com/story?page=2&chapter=one#top",
    "mail a@b.example to the site's owner",
    "raw/story/the secret garden/voice/token of love.mp3",
    "the passage is too long: 12 s",
]


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_is_no_secret_stays(text: str) -> None:
    """Paths, ids, hashes and addresses are what a log is read for: they are written as they are."""
    assert hidden(text, "because") == text


def test_a_library_s_words_are_a_line(tmp_path: Path) -> None:
    """What a library says through Python's own logging has a stamp, a level and its name, and forges nothing."""
    lines, _ = logged(tmp_path / "main.log", r"""logging.getLogger("some.lib").warning("odd\n%s", "x")""")

    (line,) = lines
    assert (parsed(line)["level"], parsed(line)["fields"]) == ("WARN", " by=some.lib")


def test_every_line_of_a_story_says_whose(tmp_path: Path) -> None:
    """Within a task's story each line has its id, also of threads that work for it, and none after it."""
    script = """
    import threading, contextvars
    from videogen import spans
    with spans.story("t-1"), spans.span("fetch"):
        log.info("inside")
        one = threading.Thread(target=contextvars.copy_context().run, args=(lambda: log.warning("beside"),))
        one.start(); one.join()
    log.info("outside")
    """
    lines, _ = logged(tmp_path / "main.log", script)

    assert [(parsed(line)["message"], parsed(line)["fields"]) for line in lines] == [
        ("inside", " task=t-1"),
        ("beside", " task=t-1"),
        ("outside", ""),
    ]
