"""The history of what was made: kept when it goes from its room, counted once, and told by days (A12, A16)."""

import json
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import papers
from tests.crash.stub_node import StubHouse, lay_out
from tests.test_spool import BROKEN, claimed, published
from tests.verbs import said_by
from videogen import durable
from videogen.daemon.reporting import Reporting
from videogen.history import DAY_S, History, Line, days, failures, prices, since
from videogen.metrics import Meter
from videogen.spool import Spool
from videogen.trash import Trash

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Empty rooms."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    return made


def video(spool: Spool, at: float = NOON, *, encoded: int = 30, steps: dict[str, float] | None = None) -> str:
    """Publish a video of 30 frames, as if at another time; give its id."""
    claim = claimed(spool, published(spool))
    durable.write(claim.out / "final.mp4", "video")
    found = papers.manifest(claim.task, claim.epoch).model_copy(
        update={
            "frames_encoded": encoded,
            "steps": steps or {"encode-1": 2.0, "bridge-1": 1.0, "sound": 5.0},
            "segments": {"a" * 64: "encoded" if encoded else "reused", "b" * 64: "reused"},
        }
    )
    spool.finish(claim, found)
    os.utime(spool.output / claim.task.task_id / "manifest.json", (at, at))
    return claim.task.task_id


def failed(spool: Spool, at: float = NOON) -> str:
    """Have a task fail, as if at another time; give its id."""
    claim = claimed(spool, published(spool))
    spool.discard(claim, BROKEN, stage="render", at="then")
    os.utime(spool.failed / claim.task.task_id / "reason.json", (at, at))
    return claim.task.task_id


def refused(spool: Spool, name: str = "bad.mp4", at: float = NOON) -> None:
    """Have a file refused, as if at another time."""
    path = spool.root / "raw" / "video" / name
    path.write_bytes(b"x")
    Trash(spool.root).refuse(path, BROKEN)
    os.utime(spool.root / "trash" / "invalid" / f"{name}.reason.json", (at, at))


def told(lines: list[Line]) -> list[tuple[str, str]]:
    """Say of each line what it is of, in order."""
    return sorted((line.what, line.name) for line in lines)


# -- the record --------------------------------------------------------------------------------------------------------


def test_what_was_made_is_told_with_its_figures(spool: Spool) -> None:
    """A line has the length, frames, encodes and segments of its manifest; sound is no encode of a picture."""
    name = video(spool, encoded=12)

    (line,) = History(spool).whole()

    assert (line.what, line.name, line.at) == ("video", name, int(NOON))
    assert (line.seconds, line.frames, line.frames_encoded, line.encode_s) == (1.0, 30, 12, 3.0)
    assert (line.segments, line.segments_reused, line.pool) == (2, 1, "libx264 64x64")


def test_failures_are_told_with_their_reasons(spool: Spool) -> None:
    """A failed task and a refused file are a line each, with the code and the sentence of the reason."""
    name = failed(spool)
    refused(spool)

    lines = History(spool).whole()

    assert told(lines) == [("failed", name), ("refused", "bad.mp4")]
    assert {(line.code, line.message) for line in lines} == {("decode-error", "the clip is broken")}


def test_what_goes_from_its_room_stays_in_the_history(spool: Spool) -> None:
    """A video taken out of output/ and a failure that was retried were made all the same."""
    gone, again = video(spool), failed(spool)
    History(spool).look()
    shutil.rmtree(spool.output / gone)
    spool.retry(again)

    assert told(History(spool).whole()) == [("failed", again), ("video", gone)]


def test_the_record_may_be_thrown_away(spool: Spool) -> None:
    """Without its file the history is made anew of what lies in the rooms, and is what it was."""
    video(spool)
    failed(spool)
    before = told(History(spool).whole())
    (spool.root / "scanned" / ".history.jsonl").unlink()

    assert told(History(spool).whole()) == before


def test_two_who_look_at_once_count_once(spool: Spool) -> None:
    """Lines that two added for the same thing count once; a task that failed twice counts twice."""
    video(spool)
    name = failed(spool)
    one, other = History(spool), History(spool)
    list(other.lines())
    one.look()
    record = spool.root / "scanned" / ".history.jsonl"
    record.write_bytes(record.read_bytes() * 2)
    spool.retry(name)
    spool.discard(claimed(spool, spool.waiting()[0]), BROKEN, stage="render", at="then")
    os.utime(spool.failed / name / "reason.json", (NOON + 60, NOON + 60))

    assert len(History(spool).whole()) == 3


def test_a_line_cut_short_is_passed_over(spool: Spool) -> None:
    """What a write left half done, or what is no line of ours, costs nothing but itself."""
    video(spool)
    History(spool).look()
    record = spool.root / "scanned" / ".history.jsonl"
    record.write_bytes(b'{"what":"vid\n[1]\n{"what":"video","name":"x","at":"soon"}\n' + record.read_bytes() + b'{"wh')
    video(spool)

    assert [line.what for line in History(spool).whole()] == ["video", "video"]
    assert [line.what for line in History(spool).whole()] == ["video", "video"]


def test_papers_that_cannot_be_read_are_no_videos(spool: Spool) -> None:
    """A folder without a manifest, or with one that is none, is left to those who judge it."""
    for nth, content in enumerate(["", "[]", "{}", '{"task": 5}', "[" * 5000]):
        (spool.output / str(nth)).mkdir()
        (spool.output / str(nth) / "manifest.json").write_text(content)
    (spool.output / "empty").mkdir()

    assert History(spool).whole() == []


def test_a_person_without_rights_learns_it_all(spool: Spool) -> None:
    """Who cannot write the record, nor read it, is told the same."""
    name = video(spool)
    (spool.root / "scanned" / ".history.jsonl").mkdir()  # what even root cannot write to

    assert told(History(spool).whole()) == [("video", name)]


def test_main_notes_a_failure_before_it_goes(tmp_path: Path) -> None:
    """Main's chore notes what came since its last look, with nobody asking (A19)."""
    lay_out(tmp_path / "spool")
    house = StubHouse(tmp_path / "spool")
    reporting = Reporting(house, "main", Meter())
    (chore,) = (one for one in reporting.chores() if one.what == "note what was made")
    chore.look()
    name = failed(house.spool)
    chore._again = 0.0
    chore.look()
    house.spool.retry(name)

    assert told(list(History(house.spool).lines())) == [("failed", name)]


def test_a_look_takes_no_more_than_it_was_told(spool: Spool) -> None:
    """A look adds so many lines at most; the next ones add the rest, and then nothing."""
    for _ in range(3):
        video(spool)
    history = History(spool)

    assert [history.look(most=2) for _ in range(4)] == [2, 1, 0, 0]
    video(spool)
    assert history.look(most=2) == 1


# -- the days ----------------------------------------------------------------------------------------------------------


def line(at: float, **more: object) -> Line:
    """Give the line of a video of 100 frames that were all encoded, in 50 s."""
    words = {"seconds": 4.0, "frames": 100, "frames_encoded": 100, "encode_s": 50.0, "pool": "x", **more}
    return Line("video", str(at), int(at), **words)  # type: ignore[arg-type]  # what a test says is what a line has


def test_a_day_is_one_of_utc() -> None:
    """Midnight begins the next day; a day without videos is there, one before the first is not."""
    midnight = NOON + DAY_S / 2
    found = days([line(midnight - 1), line(midnight), line(NOON - 3 * DAY_S)], 3, midnight + 60)

    assert [(day.name, day.videos) for day in found] == [("2026-03-03", 0), ("2026-03-04", 1), ("2026-03-05", 1)]


def test_saved_seconds_go_by_videos_that_really_encoded() -> None:
    """A frame costs what it costs in videos that encoded; one that made a bridge of one frame in 3 s tells nothing."""
    whole, bridge = line(NOON), line(NOON + 1, frames_encoded=1, encode_s=3.0)

    assert prices([whole, bridge]) == {"x": 0.5}
    assert since([whole, bridge], 0, "all").saved_s == pytest.approx(99 * 0.5)


def test_nothing_is_claimed_that_nobody_knows() -> None:
    """Where no video of a size encoded, what was saved is not known; neither is it counted from another size."""
    bridge = line(NOON, frames_encoded=1, encode_s=3.0)

    assert since([bridge], 0, "all").saved_s is None
    assert since([bridge, line(NOON, pool="y")], 0, "all").saved_s == 0


def test_more_frames_encoded_than_shown_save_nothing() -> None:
    """Whole clips are encoded, so a first video may encode more than it shows: that is no negative saving."""
    assert since([line(NOON, frames_encoded=250)], 0, "all").saved_s == 0


def test_the_last_failures_are_those_that_still_lie_there(spool: Spool) -> None:
    """The newest first, and none that was retried or tidied away."""
    first, gone, last = failed(spool, NOON), failed(spool, NOON + 1), failed(spool, NOON + 2)
    lines = History(spool).whole()
    spool.retry(gone)

    assert [line.name for line in failures(spool, lines, 5)] == [last, first]
    assert [line.name for line in failures(spool, lines, 1)] == [last]


# -- the verbs ---------------------------------------------------------------------------------------------------------


def test_the_verb_tells_the_days(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """`history --json` has a day for each asked for, today the last, with failures by reason, and how it reckons."""
    now = time.time()
    video(spool, now)
    video(spool, now, encoded=0)
    failed(spool, now)
    refused(spool, at=now - 3 * DAY_S)

    said = json.loads(said_by(spool.root, capsys, "history", "--days", "2", "--json").out)
    today = said["days"][-1]

    assert [day["videos"] for day in said["days"]] == [0, 2]
    assert (today["video_s"], today["frames"], today["failures"]) == (2.0, 60, {"decode-error": 1})
    assert (today["segments"], today["segments_reused"], today["reused"]) == (4, 3, 0.75)
    assert today["saved_s"] == pytest.approx(30 * 3.0 / 30)
    assert (said["total"]["videos"], said["total"]["failures"]) == (2, {"decode-error": 1})
    assert "at least 10%" in said["reckoned"]


def test_the_table_begins_with_the_first_day(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """Days before anything was ever made are left out of the table, and the busiest day has the longest bar."""
    now = time.time()
    video(spool, now - DAY_S)
    video(spool, now)
    video(spool, now)

    rows = [one for one in said_by(spool.root, capsys, "history").out.splitlines() if one.startswith(" 20")]

    assert [row.count("█") for row in rows] == [5, 10]


def test_status_tells_of_the_last_day(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """`status` says what a day brought, how large trash/ is, and what failed last and why (A12, A19)."""
    now = time.time()
    video(spool, now - 60)
    video(spool, now - 2 * DAY_S)
    name = failed(spool, now - 7200)

    text = said_by(spool.root, capsys, "status").out
    said = json.loads(said_by(spool.root, capsys, "status", "--json").out)

    assert "the last 24 hours: 1 video, 1 s long, the store had 50% of their segments, 1 failed" in text
    assert f"trash/failed/{name}, 2.0 h ago: the clip is broken (decode-error)" in text
    assert "trash/: " in text
    assert (said["last_day"]["videos"], said["last_failures"][0]["code"]) == (1, "decode-error")


def test_ten_thousand_videos_are_told_quickly(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """What is in the record is not read again: without their manifests, 10,000 videos are told as they were."""
    record = b"".join(Line("video", f"v{nth}", int(NOON), seconds=60.0).to_line() for nth in range(10_000))
    (spool.root / "scanned" / ".history.jsonl").write_bytes(record)
    for nth in range(0, 10_000, 10):
        (spool.output / f"v{nth}").mkdir()
    began = time.process_time()
    lines = History(spool).whole()

    assert (len(lines), time.process_time() - began < 2.0) == (10_000, True)
