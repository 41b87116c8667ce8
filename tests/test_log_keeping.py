"""Logs over days, in floods, and with secrets in their mouths. Each is written by a real process (A11)."""

import re
from pathlib import Path

import pytest

from tests.test_logs import logged, parsed
from videogen.redaction import hidden

CLOCK = "import time\nreal, shift = time.time, [0.0]\ntime.time = lambda: real() + shift[0]  # moved by hand\n"


def test_midnight_turns_the_file_and_keeps_the_days(tmp_path: Path) -> None:
    """A process that lives for six days writes one file a day, and keeps as many as it was told (A11, E5)."""
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
