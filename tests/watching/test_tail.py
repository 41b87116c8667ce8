"""The last lines of all logs: each once, in order of time, across rotation, and harmless to a terminal (A11)."""

import json
from pathlib import Path

import pytest
import structlog

from videogen import logs
from videogen.watching.tail import FIRST_BYTES, KEPT, MOST_BYTES, Event, Tail, event_of


def stamped(second: int, message: str, level: str = "INFO") -> str:
    """Give a line of a log."""
    return f'2026-01-02T03:{second // 60:02}:{second % 60:02}Z {level} part "{message}" key=value\n'


def add(path: Path, *lines: str) -> None:
    """Write lines to the end of a log."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(lines)


def messages(events: tuple[Event, ...]) -> list[str]:
    """Say what was told."""
    return [event.message for event in events]


def test_logs_are_merged_by_time(tmp_path: Path) -> None:
    """Lines of several logs come in order of their stamps, each once, also when they come between two looks."""
    tail = Tail(tmp_path)
    add(tmp_path / "main.log", stamped(1, "a"), stamped(3, "c"))
    add(tmp_path / "node-n.log", stamped(2, "b"))
    first = messages(tail.look())
    add(tmp_path / "node-n.log", stamped(4, "d"))

    assert (first, messages(tail.look()), messages(tail.look())) == (list("abc"), list("abcd"), list("abcd"))


def test_half_a_line_waits_for_its_rest(tmp_path: Path) -> None:
    """A line that is being written is told once it is whole."""
    tail, line = Tail(tmp_path), stamped(1, "whole")
    add(tmp_path / "main.log", line[:30])
    half = tail.look()
    add(tmp_path / "main.log", line[30:])

    assert (half, messages(tail.look())) == ((), ["whole"])


def test_a_rotated_log_is_read_from_its_beginning(tmp_path: Path) -> None:
    """After midnight the new file is read whole, however long it is by then."""
    tail = Tail(tmp_path)
    add(tmp_path / "main.log", stamped(1, "before"))
    tail.look()
    (tmp_path / "main.log").rename(tmp_path / "main.log.2026-01-02")
    add(tmp_path / "main.log", stamped(2, "after"), stamped(3, "and on"))

    assert messages(tail.look()) == ["before", "after", "and on"]


def test_long_logs_are_read_from_their_ends(tmp_path: Path) -> None:
    """Of a log of megabytes, a few kilobytes are read at first, of a burst a part; a cut line is none."""
    tail = Tail(tmp_path)
    many = [stamped(0, f"old {nth}") for nth in range(20_000)]
    add(tmp_path / "main.log", *many)
    first = tail.look()
    add(tmp_path / "main.log", *(stamped(1, f"burst {nth}") for nth in range(20_000)))
    then = tail.look()

    assert (first[-1].message, then[-1].message) == ("old 19999", "burst 19999")
    assert len(first) <= min(KEPT, FIRST_BYTES // 40)
    assert len(then) == KEPT < MOST_BYTES // 40


@pytest.mark.parametrize("as_json", [False, True])
def test_what_the_log_writes_is_read(tmp_path: Path, *, as_json: bool) -> None:
    """Text and JSON lines alike give their stamp, level, message and fields, quotes and all."""
    try:
        logs.start("part", tmp_path / "main.log", as_json=as_json, console=False)
        structlog.get_logger().warning('Say "hi" \\ now', name="a b", n=3)
    finally:
        logs.start("part", None)
    (event,) = Tail(tmp_path).look()

    assert (event.level, event.log, event.message) == ("WARN", "main", 'Say "hi" \\ now')
    assert event.fields == ("name=a b n=3" if as_json else 'name="a b" n=3')


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("    at a place", "what goes on from the line before"),
        ("{not json", "half a line"),
        (json.dumps({"time": 1}), "no line of ours"),
        (json.dumps([1]), "no line of ours"),
        ("[" * 10_000, "a line made to break readers"),
        ("", "an empty one"),
    ],
)
def test_what_is_no_line_is_passed_over(line: str, why: str) -> None:
    """A log may hold anything."""
    assert event_of(line.encode(), "main") is None, why


def test_no_line_reaches_the_terminal_itself() -> None:
    """What would clear a screen or turn a line round is shown as a mark."""
    text = event_of(stamped(1, "\x1b[2J\u202egnp.exe").rstrip().encode(), "main")
    as_json = event_of(
        json.dumps({"time": "t", "level": "INFO", "message": "\x1b]0;x\x07", "k": "\x9b"}).encode(), "main"
    )

    assert text is not None
    assert as_json is not None
    assert not {"\x1b", "\u202e", "\x07", "\x9b"} & set(text.message + as_json.message + as_json.fields)
